"""``relman status``: the header and every section in short."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from relman.cli.output import moment, problem_json, write_json, write_text
from relman.errors import Exit, Kind, RelmanError
from relman.model.board import Board
from relman.model.environment import Deployment
from relman.model.health import Health
from relman.model.roles import Roles
from relman.model.run import Run
from relman.model.state import State
from relman.model.summary import Gate, Live, Summary, summarise, version_of
from relman.model.times import ago, between, brief, clock, duration, until
from relman.text import clean_line

SCHEMA = "relman.status/1"
_RUNNING_SHOWN = 8


def show(board: Board, roles: Roles, now: datetime, *, read_only: bool, as_json: bool) -> Exit:
    """Prints ``board``. ``now`` is this machine's clock; the exit code says whether something needs attention.

    Raises the board's own error when there is nothing to show, or when the token is dead.
    """
    error = board.runs.error
    if error is not None and (board.runs.value is None or error.kind is Kind.AUTH):
        raise RelmanError(error)
    summary = summarise(board, roles)
    if as_json:
        write_json(as_dict(board, summary, now, read_only=read_only))
    else:
        write_text(as_text(board, summary, now, read_only=read_only))
    return Exit.FAILED if summary.needs else Exit.OK


def as_dict(board: Board, summary: Summary, now: datetime, *, read_only: bool) -> dict[str, Any]:
    """The answer as ``schemas/status.json`` describes it. Identifiers are exact, texts are clean."""
    repository = board.repository.value
    budget = board.budget
    return {
        "schema": SCHEMA,
        "repository": board.repo,
        "url": repository.url if repository else None,
        "default_branch": repository.default_branch if repository else None,
        "read_at": moment(now),
        "read_only": read_only,
        "attention": [{"what": need.what, "text": clean_line(need.text)} for need in summary.needs],
        "ci": _run(summary.ci),
        "ci_verdict": _run(summary.ci_verdict),
        "running": [_run(run) for run in summary.running],
        "waiting": [_gate(gate) for gate in summary.gates],
        "environments": [_environment(environment) for environment in summary.environments],
        "release": {
            "tag": summary.release.tag,
            "name": clean_line(summary.release.name),
            "prerelease": summary.release.prerelease,
            "published_at": moment(summary.release.published_at),
            "url": summary.release.url,
        }
        if summary.release
        else None,
        "nightly": _run(summary.nightly),
        "budget": {
            "limit": budget.limit,
            "remaining": budget.remaining,
            "reset_at": moment(budget.reset_at),
            "requests": budget.requests,
            "charged": budget.charged,
        },
        "problems": [
            {
                "section": trouble.section,
                **(problem_json(trouble.problem) or {}),
                "data_from": moment(trouble.data_from),
            }
            for trouble in summary.problems
        ],
    }


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run.id,
        "workflow": clean_line(run.name),
        "path": run.path,
        "number": run.number,
        "attempt": run.attempt,
        "title": clean_line(run.title),
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "branch": run.branch,
        "sha": run.sha,
        "actor": run.actor,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "updated_at": moment(run.updated_at),
        "url": run.url,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "environment": gate.pending.environment,
        "run": _run(gate.run),
        "wait_minutes": gate.pending.wait_minutes,
        "opens_at": moment(gate.opens_at),
        "may_approve": gate.pending.may_approve,
        "reviewers": [reviewer.name for reviewer in gate.pending.reviewers],
    }


def _deployment(deployment: Deployment | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return {
        "id": deployment.id,
        "version": version_of(deployment),
        "sha": deployment.sha,
        "ref": deployment.ref,
        "state": deployment.state,
        "by": deployment.creator,
        "created_at": moment(deployment.created_at),
        "run_id": deployment.run_id,
    }


def _environment(environment: Live) -> dict[str, Any]:
    return {
        "name": environment.name,
        "url": environment.url,
        "version": environment.version or None,
        "since": moment(environment.since),
        "live": _deployment(environment.live),
        "newest": _deployment(environment.newest),
        "health": [
            {
                "name": clean_line(answer.name),
                "url": answer.url,
                "ok": answer.ok,
                "status": answer.status,
                "latency": None if answer.latency is None else round(answer.latency, 4),
                "version": answer.version,
                "error": clean_line(answer.error),
            }
            for answer in environment.health
        ],
    }


# The same for a person


def as_text(board: Board, summary: Summary, now: datetime, *, read_only: bool) -> Iterator[str]:
    """Lines: the header, what needs attention, then one line for each fact."""
    there = now + board.clock_offset  # times come from the server's clock
    yield _header(board, now, read_only=read_only)
    yield ""
    for need in summary.needs:
        yield f"{State.ACTION_REQUIRED.glyph} {_line(need.text)}"
    if not summary.needs:
        yield f"{State.SUCCESS.glyph} nothing needs attention"
    yield ""
    yield from _row("CI", _ci(summary, there))
    for run in summary.running[:_RUNNING_SHOWN]:
        yield from _row("running", _run_line(run, there))
    if (more := len(summary.running) - _RUNNING_SHOWN) > 0:
        yield from _row("running", f"and {more} more")
    for gate in summary.gates:
        yield from _row("waiting", _gate_line(gate, there))
    for environment in summary.environments:
        yield from _row(_line(environment.name, 24), _environment_line(environment, there))
    yield from _row("release", _release_line(summary, there))
    yield from _row("nightly", _run_line(summary.nightly, there) if summary.nightly else "no run known")
    for trouble in summary.problems:
        age = f" (shown: {ago(trouble.data_from, now)})" if trouble.data_from else ""
        yield from _row("problem", f"{_line(trouble.section)}{age}: {_line(trouble.problem.sentence(), 300)}")


def _line(text: str, limit: int = 200) -> str:
    return clean_line(text, limit)


def _row(label: str, text: str) -> Iterator[str]:
    yield f"{label:<11} {text}"


def _header(board: Board, now: datetime, *, read_only: bool) -> str:
    repository, budget = board.repository.value, board.budget
    parts = [_line(board.repo)]
    if repository:
        parts.append(_line(repository.default_branch, 60))
    if budget.remaining is not None and budget.limit is not None:
        parts.append(f"API {budget.remaining} of {budget.limit}")
    parts.append(f"read {clock(now, now)}")
    if read_only:
        parts.append("read-only")
    return " · ".join(parts)


def _ci(summary: Summary, now: datetime) -> str:
    if summary.ci is None:
        return "no run on the default branch known"
    line = _run_line(summary.ci, now)
    before = summary.ci_verdict
    if before is None or before is summary.ci:
        return line
    return f"{line} · before: {before.state.glyph} {_line(before.word)} #{before.number}"


def _run_line(run: Run, now: datetime) -> str:
    end = run.updated_at if run.state.finished else None
    took = between(run.started_at or run.created_at, end, now)
    parts = [
        f"{run.state.glyph} {_line(run.word)} {_line(run.name, 40)} #{run.number}",
        _line(run.branch or "", 40),
        run.short_sha and _line(run.short_sha),
        _line(run.title, 60),
        duration(took) if took is not None else "",
        ago(run.created_at, now),
    ]
    return " · ".join(part for part in parts if part)


def _gate_line(gate: Gate, now: datetime) -> str:
    pending = gate.pending
    ref = _line(gate.run.branch or gate.run.short_sha, 40)
    parts = [
        f"{State.WAITING.glyph} {_line(pending.environment, 40)} {ref}",
        f"{_line(gate.run.name, 40)} #{gate.run.number}",
    ]
    if gate.opens_at is not None and gate.opens_at > now:
        parts.append(f"timer ends {until(gate.opens_at, now)}")
    if pending.may_approve:
        parts.append("you may approve")
    elif pending.reviewers:
        parts.append("for " + ", ".join(_line(reviewer.name, 40) for reviewer in pending.reviewers))
    return " · ".join(parts)


def _environment_line(environment: Live, now: datetime) -> str:
    live = environment.live
    if live is None:
        parts = [_line(environment.version, 40) or "nothing deployed yet"]
    else:
        parts = [_line(environment.version, 40)]
        if environment.since:
            parts.append(f"for {brief((now - environment.since).total_seconds())}")
        if live.creator:
            parts.append(f"by {_line(live.creator, 40)}")
    if environment.health:
        parts.append(_health_words(environment.health))
    if environment.deploying is not None:
        coming = environment.deploying
        state = _line(coming.state).replace("_", " ")
        parts.append(f"{State.RUNNING.glyph} {_line(version_of(coming), 40)} {state}")
    if environment.failed is not None:
        parts.append(f"{State.FAILURE.glyph} {_line(version_of(environment.failed), 40)} failed")
    return " · ".join(parts)


def _health_words(answers: tuple[Health, ...]) -> str:
    ill = [answer for answer in answers if not answer.ok]
    if not ill:
        slowest = max((answer.latency for answer in answers if answer.latency is not None), default=None)
        return f"{State.SUCCESS.glyph} healthy" + (f" ({slowest * 1000:.0f} ms)" if slowest is not None else "")
    why = ", ".join(
        f"{_line(answer.name, 40)} ({_line(answer.error, 80) or f'HTTP {answer.status}'})" for answer in ill
    )
    return f"{State.FAILURE.glyph} unhealthy: {why}"


def _release_line(summary: Summary, now: datetime) -> str:
    release = summary.release
    if release is None:
        return "none yet"
    return " · ".join(part for part in (_line(release.tag, 60), ago(release.published_at, now)) if part)
