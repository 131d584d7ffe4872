"""The Deploys screen in words: what waits on top, then what runs where; and everything about the selected one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from relman.model.board import Board, Section
from relman.model.deploys import Place, branch_of, state_of_deployment, version_named
from relman.model.environment import Approval, Deployment
from relman.model.protection import Protection, review_rule, reviewers_in_words
from relman.model.run import Job, Run
from relman.model.state import State, Tone
from relman.model.times import ago, between, brief, clock, duration, until
from relman.model.waiting import Answer, Waiting
from relman.tui.present.columns import Column, header, row
from relman.tui.present.notice import Notice, instead, loading, look_of, refusal, staleness
from relman.tui.present.piece import (
    BLANK,
    Line,
    Piece,
    fit,
    joined,
    plain,
    quiet,
    safe,
    spread,
    wrap,
)

_COLUMNS = (
    Column("", 1),
    Column("environment", 13, least=11, rank=9),
    Column("version", 10, least=8, rank=9),
    Column("", 22, least=15, grow=True, rank=8),
    Column("", 6, right=True, rank=7),
)
_HISTORY = (
    Column("", 1),
    Column("version", 12, least=8),
    Column("from", 12, least=8, rank=2),
    Column("", 14, least=8, rank=8),
    Column("by", 16, least=12, rank=3, grow=True),
    Column("", 5, right=True),
)
_LABEL = 13
_NOT_YET = (Answer.YES, Answer.READ_ONLY, Answer.TOKEN)


class Entry(Struct, frozen=True):
    """A row of the list: a gate, or a place."""

    gate: Waiting | None = None
    place: Place | None = None

    @property
    def key(self) -> Hashable:
        if self.gate is not None:
            return ("gate", *self.gate.key)
        return ("place", self.environment)

    @property
    def environment(self) -> str:
        if self.gate is not None:
            return self.gate.pending.environment
        return self.place.name if self.place is not None else ""


def entries(gates: Sequence[Waiting], places: Sequence[Place]) -> list[Entry]:
    """What waits, in its order, then every environment."""
    return [*(Entry(gate=gate) for gate in gates), *(Entry(place=place) for place in places)]


class DeploysPresenter:
    """Lines of the list. ``offset`` is the server's clock minus this machine's."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def key(self, item: Entry) -> Hashable:
        return item.key

    def header(self, room: int) -> Line:
        return header(_COLUMNS, room)

    def line(self, item: Entry, room: int, now: datetime) -> Line:
        there = now + self.offset
        cells = _gate_cells(item.gate, there) if item.gate is not None else _place_cells(item.place, there)
        return row(cells, _COLUMNS, room)


def _gate_cells(gate: Waiting, now: datetime) -> tuple[Line, ...]:
    mine = gate.may.answer in _NOT_YET
    tone = Tone.WAITING if mine else Tone.QUIET
    run = gate.run
    opens = gate.opens_at
    if opens is not None and opens > now:
        time = quiet(duration((opens - now).total_seconds()))
    else:
        waited = between(gate.since, None, now)
        time = quiet(brief(waited) if waited is not None else "")
    return (
        (Piece(State.WAITING.glyph, tone),),
        (Piece(safe(gate.pending.environment, 60), strong=mine),),
        (Piece(safe(run.branch or "", 60) or safe(run.short_sha)),),
        (Piece(_short_answer(gate), tone), quiet(f" {safe(run.name, 40)} #{run.number}")),
        (time,),
    )


def _short_answer(gate: Waiting) -> str:
    if gate.may.answer is Answer.REVIEWED:
        return gate.may.why.split(";", 1)[0].lower()
    return gate.may.answer.value


def _place_cells(place: Place | None, now: datetime) -> tuple[Line, ...]:
    if place is None:
        return (BLANK,) * len(_COLUMNS)
    glyph, tone, words = _condition(place)
    age = between(place.since, None, now)
    version = place.version or _without_version(place)
    return (
        (Piece(glyph, tone),),
        (Piece(safe(place.name, 60)),),
        (Piece(safe(version, 60), Tone.PLAIN if place.version else Tone.QUIET),),
        (Piece(words, Tone.QUIET if tone in (Tone.GOOD, Tone.QUIET) else tone),),
        (quiet(brief(age) if age is not None else ""),),
    )


def _without_version(place: Place) -> str:
    if place.known:
        return "nothing"
    return "…" if place.unread and place.refused is None else "unknown"


def _condition(place: Place) -> tuple[str, Tone, str]:
    """Sign, tone and words of a place: what is worst first."""
    ill = [answer for answer in place.health if not answer.ok]
    moving, failed = place.on_the_way, place.failed
    if ill:
        some = f"{len(ill)} of {len(place.health)} down" if len(ill) < len(place.health) else "unhealthy"
        return ("×", Tone.BAD, some)
    if place.drift:
        return ("▲", Tone.WAITING, f"says {safe(place.drift, 40)}")
    if moving is not None:
        state = state_of_deployment(moving)
        waits = bool(place.gates) or state in (State.WAITING, State.PENDING)
        shown = State.WAITING if waits else state
        verb = "waits" if waits else "on its way"
        return (shown.glyph, shown.tone, f"{safe(version_named(moving, place.tags), 40)} {verb}")
    if failed is not None:
        return ("×", Tone.BAD, f"{safe(version_named(failed, place.tags), 40)} failed")
    if place.elsewhere:
        return ("○", Tone.WAITING, "not on GitHub")
    if place.refused is not None:
        return (*look_of(place.refused), "not readable")
    if place.live is None:
        words = "never deployed" if place.known else "not read yet" if place.unread else "not known"
        return ("○", Tone.QUIET, words)
    if place.health:
        return ("✓", Tone.GOOD, "healthy")
    return ("●", Tone.QUIET, "no health check")


# ── titles and empty states ──────────────────────────────────────────────────────────────────


def list_title(gates: Sequence[Waiting], places: Sequence[Place], width: int) -> Line:
    mine = sum(1 for gate in gates if gate.may.answer in _NOT_YET)
    right: Line = BLANK
    if gates:
        words = f"{mine} for you" if mine else "none for you"
        tone = Tone.WAITING if mine else Tone.QUIET
        right = (Piece(f"{State.WAITING.glyph} {len(gates)} waiting, {words}", tone),)
    return spread(
        (Piece("Environments", strong=True), quiet(f" {len(places)}" if places else "")), right, width
    )


def detail_title(entry: Entry | None, width: int) -> Line:
    if entry is None:
        return plain("Environment", strong=True)
    if entry.gate is not None:
        run = entry.gate.run
        words: list[Line] = [
            (
                Piece(f"{State.WAITING.glyph} ", Tone.WAITING),
                Piece(f"{safe(entry.environment, 60)} waits", strong=True),
            ),
            (quiet(f"{safe(run.name, 60)} #{run.number}"),),
            (quiet(safe(run.branch or run.short_sha, 60)),),
        ]
        return fit(joined(words), width)
    place = entry.place
    if place is None:
        return BLANK
    glyph, tone, words_ = _condition(place)
    name: Line = (Piece(f"{glyph} ", tone), Piece(safe(place.name, 60), strong=True))
    return fit(joined([name, plain(safe(place.version, 60)), plain(words_, tone)]), width)


def nothing_here(board: Board, count: int, now: datetime) -> Notice | None:
    """What stands in the list's place; None where it has something to show."""
    if count:
        return None
    waiting = instead(board.environments, "the environments", now, board.dead_token)
    if waiting is not None:
        return waiting
    return Notice(
        "○",
        "This repository has no environments",
        ("GitHub makes one as soon as a job names it: `environment: production`.",),
        "`relman init` writes a pipeline with staging and production.",
    )


NOTHING = Notice("○", "No environment is selected", hint="What runs there shows here.")


def stale_line(board: Board, entry: Entry | None, now: datetime) -> Line:
    """Over old data: how old, and why. The deployments of the selected environment count, then the list."""
    if entry is not None:
        line = staleness(board.deployments.get(entry.environment, Section()), now)
        if line:
            return line
    return staleness(board.environments, now)


# ── the selected one ─────────────────────────────────────────────────────────────────────────


class Followed(Struct, frozen=True):
    """The run that moves the environment, with its jobs and reviews as far as they are read."""

    run: Run
    jobs: tuple[Job, ...]
    approvals: tuple[Approval, ...]


def gate_lines(gate: Waiting, place: Place | None, keys: Sequence[str], room: int, now: datetime) -> list[Line]:
    """Everything a person needs to decide. ``keys`` are the keys that approve and reject; ``now`` the server's."""
    run, pending = gate.run, gate.pending
    runs = place.version or ("nothing" if place.known else "") if place is not None else ""
    brings = run.branch or run.short_sha
    of_commit = f" ({safe(run.short_sha)})" if run.branch else ""
    asked = f"{safe(run.event, 40)} {ago(run.created_at, now)}".strip()
    lines = [
        _fact("You", gate.may.why, room, Tone.WAITING if gate.may.yes else Tone.PLAIN),
        _fact("Change", f"{safe(runs) or 'unknown'} → {safe(brings, 80)}{of_commit}", room),
        _fact("Commit", safe(run.title) or f"{safe(run.short_sha)}, of which GitHub tells no title", room),
        _fact("Asked by", f"{safe(gate.asked_by, 60) or 'somebody'}, {asked}", room),
    ]
    if gate.may.yes and keys:
        lines.insert(1, _fact("", f"{keys[0]} approves, {keys[1]} rejects", room, Tone.QUIET))
    opens = gate.opens_at
    if opens is not None:
        ran_out = opens <= now
        words = (
            f"over since {clock(opens, now)}" if ran_out else f"until {clock(opens, now)}, {until(opens, now)}"
        )
        lines.append(_fact("Wait timer", words, room, Tone.QUIET if ran_out else Tone.WAITING))
    rule = review_rule(place.environment if place is not None else None)
    names = reviewers_in_words(pending.reviewers or (rule.reviewers if rule else ()))
    if names:
        lines.append(_fact("Reviewers", f"{names}; one review is enough", room))
    if gate.jobs:
        lines.append(_fact("Jobs", ", ".join(safe(name, 80) for name in gate.jobs), room))
    drawn = [line for fact in lines for line in fact]
    drawn += _block(_review_lines(gate.approvals, room))
    if place is not None:
        drawn += _block(_protection_lines(place.rules, room))
        drawn += _block(_history_lines(place, room, now))
        if place.refused is not None:
            drawn += _block(refusal(place.refused, now).draw(room))
    return drawn


def place_lines(place: Place, followed: Followed | None, room: int, now: datetime) -> list[Line]:
    """What runs there, what is on its way, what protects it, what came before. ``now`` is the server's."""
    drawn: list[Line] = []
    live = place.live
    if live is not None:
        branch = branch_of(live)
        words = f"{safe(place.version, 80)} ({safe(live.sha[:7])}{f' of {safe(branch, 60)}' if branch else ''})"
        since = place.since
        when = f", since {clock(since, now)}, {ago(since, now)}" if since is not None else ""
        drawn += _fact("Runs", words + when, room)
        run = place.run
        by = safe(place.by, 60) or "somebody"
        drawn += _fact("Brought by", f"{by}{f', {safe(run.name, 60)} #{run.number}' if run else ''}", room)
    elif place.elsewhere:
        drawn += [*_elsewhere(place.name).draw(room), BLANK]
    elif place.unread:
        refused = place.refused
        notice = loading("the deployments") if refused is None else refusal(refused, now)
        drawn += [*notice.draw(room), BLANK]
    else:
        words = "nothing that relman can see was deployed there"
        if not place.known:
            words = "not known: of no deployment there is known that it succeeded"
        drawn += _fact("Runs", words, room, Tone.QUIET)
    if place.url:
        drawn += _fact("Address", safe(place.url, 300), room)
    drawn += _health_lines(place, room)
    if followed is not None:
        drawn += _block(_followed_lines(followed, room, now))
    drawn += _block(_protection_lines(place.rules, room))
    drawn += _block(_history_lines(place, room, now))
    return drawn


def _elsewhere(name: str) -> Notice:
    shown = safe(name, 60)
    return Notice(
        "○",
        "Not on GitHub, never deployed",
        (
            f"{shown} has a health check in your configuration, but this repository has no environment of that name.",
        ),
        f"GitHub makes it with the first job that names it (`environment: {shown}`). If it is another one that you"
        " mean, correct the name in relman.toml.",
        Tone.WAITING,
    )


def _health_lines(place: Place, room: int) -> list[Line]:
    drawn: list[Line] = []
    for answer in place.health:
        took = f"{answer.latency * 1000:.0f} ms" if answer.latency is not None else ""
        said = f"says {safe(answer.version, 60)}" if answer.version else ""
        status = f"{answer.status}" if answer.status is not None else ""
        words = " · ".join(
            part for part in (safe(answer.name, 60), status, took, said, safe(answer.error)) if part
        )
        glyph = Piece("✓ ", Tone.GOOD) if answer.ok else Piece("× ", Tone.BAD)
        label = _label("Health" if not drawn else "")
        drawn.append(fit((label, glyph, Piece(words, Tone.PLAIN if answer.ok else Tone.BAD)), room))
    if place.drift:
        words = f"The service says {safe(place.drift, 60)}, deployed was {safe(place.version, 60)}"
        drawn.append(fit((_label(""), Piece(f"▲ {words}", Tone.WAITING)), room))
    return drawn


def _followed_lines(followed: Followed, room: int, now: datetime) -> list[Line]:
    run = followed.run
    state = run.state
    took = between(run.started_at, run.updated_at if state.finished else None, now)
    title: Line = (
        Piece("Run ", strong=True),
        Piece(f"{state.glyph} ", state.tone),
        Piece(f"{safe(run.name, 60)} #{run.number} "),
        Piece(run.word, state.tone),
        quiet(f"  {duration(took)}" if took is not None else ""),
    )
    lines = [fit(title, room)]
    for job in followed.jobs:
        each = job.state
        spent = between(job.started_at, job.completed_at, now) if each is not State.SKIPPED else None
        lines.append(
            spread(
                (Piece(f"  {each.glyph} ", each.tone), Piece(safe(job.name, 200)), quiet(f"  {job.word}")),
                (quiet(duration(spent) if spent is not None else ""),),
                min(room, 84),
            )
        )
    reviews = _review_lines(followed.approvals, room)
    return [*lines, *([BLANK, *reviews] if reviews else [])]


def _review_lines(approvals: Sequence[Approval], room: int) -> list[Line]:
    if not approvals:
        return []
    lines: list[Line] = [plain("Reviews", strong=True)]
    for one in approvals:
        good = one.state == "approved"
        glyph, tone = (
            ("✓", Tone.GOOD) if good else ("×", Tone.BAD) if one.state == "rejected" else ("○", Tone.QUIET)
        )
        names = ", ".join(safe(name, 60) for name in one.environments)
        lines.append(
            fit(
                (
                    Piece(f"  {glyph} ", tone),
                    Piece(safe(one.user, 60) or "somebody"),
                    quiet(f" {one.state} {names}"),
                ),
                room,
            )
        )
        lines += [plain(f"    {text}", Tone.QUIET) for text in wrap(one.comment[:2000], room - 4, 4) if text]
    return lines


def _protection_lines(rules: Sequence[Protection], room: int) -> list[Line]:
    if not rules:
        return []
    lines: list[Line] = [plain("Protection", strong=True)]
    for rule in rules:
        glyph = Piece("▲ " if rule.finding else "· ", Tone.WAITING if rule.finding else Tone.QUIET)
        for number, text in enumerate(wrap(rule.text, room - 4)):
            lines.append((Piece("  "), glyph if not number else Piece("  "), Piece(text)))
    return lines


def _history_lines(place: Place, room: int, now: datetime) -> list[Line]:
    if not place.deployments:
        return []
    lines: list[Line] = [(Piece("Deployments", strong=True), quiet(f" {len(place.deployments)}"))]
    for one in place.deployments:
        state = state_of_deployment(one)
        word = _word(one, place)
        age = between(one.succeeded_at or one.created_at, None, now)
        cells: tuple[Line, ...] = (
            (Piece(state.glyph if one.statuses else " ", state.tone),),
            (Piece(safe(version_named(one, place.tags), 60), strong=one is place.live),),
            (quiet(safe(branch_of(one), 60) or safe(one.sha[:7])),),
            (Piece(word, Tone.QUIET if state in (State.NEUTRAL, State.UNKNOWN) else state.tone),),
            (quiet(safe(one.creator, 60)),),
            (quiet(brief(age) if age is not None else ""),),
        )
        lines.append((Piece("  "), *row(cells, _HISTORY, max(10, min(room, 96) - 2))))
    return lines


def _word(one: Deployment, place: Place) -> str:
    if one is place.live:
        return "live"
    if not one.statuses:
        return ""
    return {"success": "succeeded", "inactive": "replaced"}.get(
        one.state, safe(one.state, 40).replace("_", " ")
    )


def _label(text: str) -> Piece:
    return quiet(f"{text:<{_LABEL}}")


def _fact(label: str, text: str, room: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    """A fact over as many lines as it needs."""
    parts = wrap(text, max(10, room - _LABEL), 6) or [""]
    return [(_label(label if not number else ""), Piece(part, tone)) for number, part in enumerate(parts)]


def _block(lines: list[Line]) -> list[Line]:
    return [BLANK, *lines] if lines else []
