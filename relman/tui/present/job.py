"""The selected job: its steps with durations, its annotations, and what to try when it failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from relman.model.board import Section
from relman.model.run import Annotation, Job, Step
from relman.model.state import State, Tone
from relman.model.times import ago, between, clock, duration, until
from relman.model.waiting import Answer, Waiting
from relman.tui.present.notice import staleness
from relman.tui.present.piece import (
    BLANK,
    Line,
    Piece,
    cell_len,
    fit,
    joined,
    narrowed,
    pad,
    plain,
    quiet,
    safe,
    spread,
    wrap,
)

if TYPE_CHECKING:
    from relman.model.remedy import Remedy

_BAR = 16  # cells
_NAMES = 30  # cells for the names of steps, at least
_STEPS = 84  # cells: further apart a name and its time are not read together
_LEVELS = {"failure": ("×", Tone.BAD), "warning": ("▲", Tone.WAITING), "notice": ("●", Tone.ACTIVE)}
_SHOWN = 30  # annotations
_HELD = (State.WAITING, State.ACTION_REQUIRED)


def bar(share: float, width: int = _BAR) -> str:
    """A thin bar: ``share`` (0 to 1) of ``width`` cells, in halves of a cell. Never empty above 0."""
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    if share > 0:
        halves = max(1, halves)
    return "━" * (halves // 2) + ("╸" if halves % 2 else "")


def title(job: Job, expected: float | None, now: datetime) -> Line:
    """State, name, and how long against what is usual. ``now`` is the server's."""
    state = job.state
    took = between(job.started_at, job.completed_at, now) if state is not State.SKIPPED else None
    name = Piece(safe(job.name, 200), strong=True)
    facts: list[Line] = [plain(job.word, state.tone)]
    if took is not None and state in _HELD:  # nothing runs: what is usual comes on top of the wait
        facts.append((quiet(f"for {duration(took)}"),))
        if expected is not None:
            facts.append((quiet(f"usually takes {duration(expected)}"),))
    elif took is not None:
        facts.append((quiet(_against(took, expected)),))
    elif expected is not None and state.active:
        facts.append((quiet(f"usually {duration(expected)}"),))
    return (Piece(f"{state.glyph} ", state.tone), name, quiet("  "), *joined(facts))


def _against(took: float, expected: float | None) -> str:
    return duration(took) if expected is None else f"{duration(took)} of usually {duration(expected)}"


def facts(job: Job, now: datetime) -> Line:
    """Where and when it ran, quiet."""
    parts: list[str] = []
    if job.state is State.SKIPPED:  # GitHub gives a start and a runner although nothing ran
        return BLANK
    if job.started_at is not None and job.state is not State.WAITING:
        parts.append(f"started {ago(job.started_at, now)}")
    # GitHub may not tell when a job started that has long begun, or ended.
    waits = not job.state.finished and job.state is not State.RUNNING
    queue = between(job.created_at, job.started_at, now) if job.started_at is not None or waits else None
    if queue is not None and queue >= 1:
        parts.append(f"{'queued' if job.started_at else 'waiting'} {duration(queue)}")
    if job.runner or job.labels:
        parts.append(safe(job.runner or ", ".join(job.labels), 60))
    if job.attempt > 1:
        parts.append(f"attempt {job.attempt}")
    return joined([(quiet(part),) for part in parts])


def step_lines(job: Job, room: int, now: datetime) -> list[Line]:
    """One line a step: state, name, duration and a bar against the longest."""
    took = [between(step.started_at, step.completed_at, now) for step in job.steps]
    room = min(room, _STEPS)
    longest = max((seconds for seconds in took if seconds), default=0.0)
    bars = _BAR if room >= 64 else (8 if room >= 44 else 0)
    tail = 8 + (2 + bars if bars else 0)
    # Where names are short the times stand near them: the eye loses the line over a wide gap.
    names = max([_NAMES, *(cell_len(safe(step.name, 300)) + 2 for step in job.steps)])
    return [
        _step(step, seconds, longest, min(names, room - tail), bars)
        for step, seconds in zip(job.steps, took, strict=True)
    ]


def _step(step: Step, seconds: float | None, longest: float, room: int, bars: int) -> Line:
    state = step.state
    idle = state in (State.SKIPPED, State.QUEUED, State.PENDING, State.EXPECTED)
    name = pad(safe(step.name, 300), max(4, room - 2))
    known = seconds is not None and not idle
    pieces = [
        Piece(f"{state.glyph} ", Tone.QUIET if idle else state.tone),
        Piece(name, Tone.QUIET if idle else Tone.PLAIN, strong=state.failed),
        Piece(pad(duration(seconds) if known and seconds is not None else "", 8, right=True), Tone.QUIET),
    ]
    if bars:
        share = seconds / longest if known and seconds and longest else 0.0
        tone = state.tone if state.failed or state is State.RUNNING else Tone.QUIET
        pieces.append(Piece("  " + bar(share, bars), tone))
    return tuple(pieces)


def annotation_lines(section: Section[tuple[Annotation, ...]], room: int, now: datetime) -> list[Line]:
    """What the job complained about, each with its place; in words where they could not be read."""
    if section.value is None:
        if section.error is None:
            return []
        problem = section.error
        return [
            heading("Annotations"),
            *(plain(line, Tone.QUIET) for line in wrap(safe(problem.sentence(), 400), room, 4)),
        ]
    if not section.value:
        return []
    lines: list[Line] = [heading("Annotations", len(section.value))]
    stale = staleness(section, now)
    if stale:
        lines.append(narrowed(stale, room))
    for note in section.value[:_SHOWN]:
        glyph, tone = _LEVELS.get(note.level, ("●", Tone.PLAIN))
        place = safe(note.path, 300)
        if place and note.start_line is not None:
            place += f":{note.start_line}"
        head = safe(note.title, 300) or place or safe(note.level, 40)
        right: Line = (quiet(place),) if place and head != place else BLANK
        lines.append(spread((Piece(f"{glyph} ", tone), Piece(head)), right, room))
        lines.extend(plain("  " + text, Tone.QUIET) for text in wrap(note.message[:4000], room - 2, 6))
    more = len(section.value) - _SHOWN
    if more > 0:
        lines.append(plain(f"and {more} more, in the browser (o)", Tone.QUIET))
    return lines


def remedy_lines(remedy: Remedy, room: int) -> list[Line]:
    """The commands to try, each group under its purpose."""
    lines: list[Line] = [heading(f"What to try: {remedy.kind.value}")]
    for purpose, commands in remedy.steps:
        lines.append(plain(fit_text(purpose, room), Tone.QUIET))
        lines.extend(plain("  " + fit_text(command, room - 2)) for command in commands)
    return lines


def fit_text(text: str, room: int) -> str:
    return pad(text, max(1, room)).rstrip()


def heading(text: str, count: int | None = None) -> Line:
    """A small heading inside a pane."""
    line = (Piece(text, strong=True),)
    return line if count is None else (*line, quiet(f" {count}"))


def job_lines(
    job: Job,
    notes: Section[tuple[Annotation, ...]],
    room: int,
    now: datetime,
    paths: Sequence[Line] = (),
    held: Sequence[Line] = (),
) -> list[Line]:
    """Everything below the job's title, blocks apart by a blank line; ``paths`` of its run come last.

    ``held`` says what a job without steps waits for, where that is known. ``now`` is the server's.
    """
    failed = job.state.failed
    blocks: list[list[Line]] = []
    where = facts(job, now)
    if where:
        blocks.append([fit(where, room)])
    said = annotation_lines(notes, room, now)
    if failed and said:  # a person comes for the reason: it stands before the steps
        blocks.append(said)
        said = []
    if job.steps:
        blocks.append(step_lines(job, room, now))
    elif held:
        blocks.append([fit(line, room) for line in held])
    else:
        blocks.append([plain(line, Tone.QUIET) for line in wrap(_without_steps(job), room)])
    if said:
        blocks.append(said)
    if failed:
        from relman.model.remedy import remedy_for

        remedy = remedy_for(job, notes.value or ())
        if remedy is not None:
            blocks.append(remedy_lines(remedy, room))
    if paths:
        blocks.append([fit(line, room) for line in paths])
    lines: list[Line] = []
    for block in blocks:
        if lines:
            lines.append(BLANK)
        lines.extend(block)
    return lines


def _without_steps(job: Job) -> str:
    state = job.state
    if state is State.SKIPPED:
        return "Skipped: its condition did not hold, or a job it needs did not succeed."
    if state in (State.QUEUED, State.PENDING):
        return "No steps yet: it waits for a runner."
    if state is State.WAITING:
        return "No steps yet: it waits for a deployment review or a wait timer."
    return "GitHub lists no steps for this job."


def held_lines(gates: Sequence[Waiting], deploys_key: str, room: int, now: datetime) -> list[Line]:
    """What a run waits for, an environment each, and where it is answered. ``now`` is the server's."""
    lines: list[Line] = []
    for gate in gates:
        tone = Tone.WAITING if gate.may.yes else Tone.PLAIN
        name = safe(gate.pending.environment, 60)
        said = wrap(f"{State.WAITING.glyph} {name}: {gate.may.why}.", room - 2)
        lines += [plain(line if not at else f"  {line}", tone) for at, line in enumerate(said)]
        opens = gate.opens_at
        if opens is not None and opens > now and gate.may.answer not in (Answer.TIMER, Answer.REVIEWED):
            lines.append((quiet(f"  wait timer until {clock(opens, now)}, {until(opens, now)}"),))
    if deploys_key and any(gate.may.yes for gate in gates):
        lines.append(
            (quiet("  "), Piece(deploys_key, accent=True), quiet(" opens Deploys, where it is answered"))
        )
    return lines


def missing_job_lines(needs: Sequence[str], room: int, *, finished: bool) -> list[Line]:
    """A job of the workflow file that GitHub has not created: yet, or never in a run that is over."""
    text = (
        "Not in this run: it ended, and GitHub lists no such job."
        if finished
        else "Not created yet: GitHub creates a job when the jobs it needs are through."
    )
    lines = [plain(line, Tone.QUIET) for line in wrap(text, room)]
    if needs:
        names = ", ".join(safe(need, 60) for need in needs)
        lines.extend(plain(line, Tone.QUIET) for line in wrap(f"Needs {names}.", room))
    return lines
