"""Cancelling a run, and forcing it where the plain cancel did not end it.

GitHub says nowhere that a cancel was asked for: the run stays in progress until it ends. So the request is one
step and the end another, and whether a plain cancel came before a forced one is looked up in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.one_run import OneRun, newer_attempt, read_run
from relman.actions.tools import Tools
from relman.errors import Kind, Problem
from relman.model.cancel import Deploying, deploying
from relman.model.journal import Entry
from relman.model.operation import Outcome
from relman.model.plan import Change, Check, Plan, Step, Verdict
from relman.model.reach import reached
from relman.model.rights import may_write
from relman.model.run import Job, Run
from relman.model.state import State
from relman.model.times import brief, clock
from relman.text import clean_line

PATIENCE = timedelta(seconds=60)
"""How long a plain cancel is given before a forced one is offered."""


class Cancel(Struct, frozen=True):
    """``attempt`` is the one a person saw."""

    run_id: int
    force: bool = False
    attempt: int | None = None


class Facts(Struct, frozen=True):
    """``asked`` is when this user's relman cancelled this attempt plainly; None where it did not."""

    one: OneRun
    deploying: tuple[Deploying, ...]
    asked: datetime | None


class CancelAction:
    """Done when the run has ended. A freeze does not hold it back: it stops a change, it makes none."""

    name = "cancel"

    def __init__(self, tools: Tools, *, patience: timedelta = PATIENCE) -> None:
        self._tools = tools
        self._patience = patience

    async def gather(self, intent: Cancel) -> Facts:
        one = await read_run(self._tools, intent.run_id)
        entries = await self._tools.operator.journal.read()
        asked = plainly_asked(entries, self._tools.repo, _target(one.run))
        return Facts(one, self._deploying(one, one.jobs), asked)

    def _deploying(self, one: OneRun, jobs: Sequence[Job]) -> tuple[Deploying, ...]:
        may_run = {job.key: job for job in reached(one.file, one.known)} if one.file is not None else {}
        return deploying(jobs, file=one.file, may_run=may_run, patterns=self._tools.deploy_jobs)

    def plan(self, facts: Facts, intent: Cancel) -> Plan:
        one, run = facts.one, facts.one.run
        environment = next((job.environment for job in facts.deploying if job.environment), "")
        word = (environment or "deploy") if facts.deploying else ""
        return Plan(
            action=self.name,
            title=f"{'Force the end of' if intent.force else 'Cancel'} {clean_line(run.name)} #{run.number}",
            repo=self._tools.repo,
            target=_target(run),
            steps=() if run.state is State.CANCELLED else _steps(self._tools.repo, run, intent, self._patience),
            facts_at=one.at,
            environment=environment,
            changes=() if run.state is State.CANCELLED else (Change("run", run.word, State.CANCELLED.word),),
            checks=self._checks(facts, intent),
            warnings=_warnings(facts, intent),
            irreversible=_irreversible(facts, intent),
            word=word,
            permission=may_write(one.repository, "Cancelling"),
            stale=newer_attempt(intent.attempt, run) or self._obstacle(facts, intent),
            who=one.who,
            details={
                "run_id": run.id,
                "attempt": run.attempt,
                "force": intent.force,
                "jobs": [
                    {"name": job.name, "status": job.status} for job in one.jobs if not job.state.finished
                ],
                "deploying": [
                    {
                        "job": each.job.name,
                        "environment": each.environment or None,
                        "step": each.step.name if each.step else None,
                    }
                    for each in facts.deploying
                ],
            },
        )

    def _checks(self, facts: Facts, intent: Cancel) -> tuple[Check, ...]:
        one, run = facts.one, facts.one.run
        going = not run.state.finished
        cancelled = run.state is State.CANCELLED
        when = f" at {clock(run.updated_at, one.server_now)}" if run.updated_at else ""
        ended = f"it ended{when}: {clean_line(run.word)}"
        words = f"it is {clean_line(run.word)}" if going else ended
        found = [
            Check(
                "going",
                "The run has not ended" if not cancelled else "The run is cancelled already",
                Verdict.PASSED if going or cancelled else Verdict.FAILED,
                (words,),
            )
        ]
        if intent.force and going:
            since = None if facts.asked is None else one.at - facts.asked
            enough = since is not None and since >= self._patience
            wait = brief(self._patience.total_seconds())
            found.append(
                Check(
                    "plain",
                    f"A plain cancel did not end it in {wait}",
                    Verdict.PASSED if enough else Verdict.FAILED,
                    (
                        "relman did not cancel this attempt yet"
                        if facts.asked is None or since is None
                        else f"it was cancelled at {clock(facts.asked, one.at)}",
                    ),
                )
            )
        return tuple(found)

    def _obstacle(self, facts: Facts, intent: Cancel) -> Problem | None:
        """What the checks say, in words."""
        failed = {check.key: check.evidence[0] for check in self._checks(facts, intent) if check.blocks}
        if "going" in failed:
            return Problem(
                Kind.REFUSED, "The run has already ended", failed["going"], "There is nothing to cancel."
            )
        if "plain" in failed:
            wait = brief(self._patience.total_seconds())
            return Problem(
                Kind.REFUSED,
                f"A run is forced to end only {wait} after a plain cancel",
                failed["plain"],
                f"relman cancel {facts.one.run.id}, and see whether that ends it.",
            )
        return None

    async def stale(self, facts: Facts, intent: Cancel) -> Problem | None:
        """A new attempt, or a deploy job that began since: then another word is needed."""
        run = (await self._tools.reader.run(facts.one.run.id)).value
        newer = newer_attempt(facts.one.run.attempt, run)
        if newer is not None or run.state.finished:
            return newer
        now = self._deploying(facts.one, (await self._tools.reader.jobs(run.id)).value)
        known = {one.job.id for one in facts.deploying}
        fresh = [one for one in now if one.job.id not in known]
        if not fresh:
            return None
        return Problem(
            Kind.REFUSED,
            f"{clean_line(fresh[0].job.name)} has begun to deploy meanwhile",
            fresh[0].words()[0],
            "Ask again to see the plan as it is now.",
        )

    def deeds(self, facts: Facts, intent: Cancel) -> Sequence[Deed]:
        run, tools = facts.one.run, self._tools
        if run.state is State.CANCELLED:
            return ()
        asked: list[bool] = []  # filled when GitHub has taken the request

        async def look() -> Sight:
            now = (await tools.reader.run(run.id)).value
            if now.attempt != run.attempt:
                return Sight(Seen.OTHER, problem=newer_attempt(run.attempt, now), run_id=run.id, url=now.url)
            if now.state.finished:
                if asked or now.state is State.CANCELLED:
                    word = clean_line(now.word)
                    # It may have been over before the request took effect.
                    other = "" if now.state is State.CANCELLED else f"asked to stop, but it ended as {word}"
                    return Sight(Seen.THERE, f"ended: {word}", run_id=run.id, url=now.url, ended=other)
                problem = Problem(
                    Kind.REFUSED,
                    "The run had already ended",
                    f"{clean_line(now.word)}, before it was cancelled",
                    "There is nothing to cancel.",
                )
                return Sight(Seen.OTHER, problem=problem, run_id=run.id, url=now.url)
            return Sight(Seen.ABSENT, f"it is still {clean_line(now.word)}", run_id=run.id, url=now.url)

        async def look_asked() -> Sight:
            sight = await look()
            if sight.seen is Seen.ABSENT and asked:
                return Sight(Seen.THERE, "GitHub has taken the request", run_id=run.id, url=sight.url)
            return sight

        async def do() -> None:
            await tools.writer.cancel(run.id, force=intent.force)
            asked.append(True)

        ask, wait = _steps(tools.repo, run, intent, self._patience)
        seconds = self._patience.total_seconds()
        return (
            Deed(ask, look_asked, do, settle=20.0),
            Deed(wait, look, None, settle=seconds, every=2.0, late=_late(run, intent, seconds)),
        )


def plainly_asked(entries: Iterable[Entry], repo: str, target: str) -> datetime | None:
    """When this attempt was first cancelled plainly, by the journal: the request was taken, or nobody knows."""
    sent = {
        entry.operation: entry.at
        for entry in entries
        if entry.action == CancelAction.name
        and entry.repo == repo
        and entry.target == target
        and entry.phase == "before"
        and entry.step == "ask"
        and entry.request.endswith("/cancel")
    }
    refused = {
        entry.operation
        for entry in entries
        if entry.phase == "after" and entry.step == "ask" and entry.result in (Outcome.REFUSED, Outcome.FAILED)
    }
    return min((at for operation, at in sent.items() if operation not in refused), default=None)


def _target(run: Run) -> str:
    return f"run {run.id}, attempt {run.attempt}"


def _steps(repo: str, run: Run, intent: Cancel, patience: timedelta) -> tuple[Step, Step]:
    tail = "force-cancel" if intent.force else "cancel"
    return (
        Step(
            "ask",
            "Force the run to end" if intent.force else "Ask the run to stop",
            f"POST /repos/{repo}/actions/runs/{run.id}/{tail}",
        ),
        Step("wait", f"Wait until it has ended, {brief(patience.total_seconds())} at most"),
    )


def _warnings(facts: Facts, intent: Cancel) -> tuple[str, ...]:
    told = [words for one in facts.deploying for words in one.words()]
    waiting = [job for job in facts.one.jobs if job.state is State.WAITING]
    if waiting:
        names = ", ".join(clean_line(job.name) for job in waiting[:6])
        told.append(f"{names} waits for a review: the request is withdrawn.")
    if intent.force:
        told.append("Forced, jobs that clean up (always()) do not run, and a runner may still be at work.")
    return tuple(told)


def _irreversible(facts: Facts, intent: Cancel) -> tuple[str, ...]:
    going = [job for job in facts.one.jobs if job.status == "in_progress"]
    if not going:
        return ()
    names = ", ".join(clean_line(job.name) for job in going[:6])
    more = f" and {len(going) - 6} more" if len(going) > 6 else ""
    return (f"What {names}{more} has done so far stays done; it is not taken back.",)


def _late(run: Run, intent: Cancel, seconds: float) -> Problem:
    if intent.force:
        return Problem(
            Kind.NOT_YET,
            f"The run has not ended {brief(seconds)} after it was forced",
            hint="GitHub took the request. Look at the runner, or ask GitHub's support.",
            url=run.url,
        )
    return Problem(
        Kind.NOT_YET,
        f"The run has not ended {brief(seconds)} after it was cancelled",
        "GitHub took the request; jobs may be cleaning up (GitHub gives them five minutes)",
        f"Wait, or force it: relman cancel {run.id} --force.",
        url=run.url,
    )
