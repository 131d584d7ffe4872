"""The Pipeline screen in words: titles of its panes, what stands in an empty one, and the run's picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from msgspec.structs import replace

from relman.errors import RelmanError
from relman.model.board import Board, Section
from relman.model.graph import Node
from relman.model.run import Job, Run, WorkflowSource
from relman.model.state import State, Tone
from relman.model.times import ago, between, duration
from relman.model.timing import PathTime, RunTime
from relman.tui.present import job as job_view
from relman.tui.present.filter import Filter
from relman.tui.present.graph import Picture, file_picture, free_picture
from relman.tui.present.notice import Notice, instead, refusal
from relman.tui.present.piece import (
    BLANK,
    SEPARATOR,
    Line,
    Piece,
    cut,
    fit,
    joined,
    plain,
    quiet,
    safe,
    spread,
    width_of,
    wrap,
)
from relman.tui.present.runs import counts

_LEAST_BRANCH = 8  # cells
_UNKNOWN: Mapping[str, float] = MappingProxyType({})

NO_RUN = Notice("○", "No run is highlighted", hint="The graph of a run shows here.")
NO_JOB = Notice("○", "No job is selected", hint="Its steps, annotations and what to try show here.")


def no_runs(repo: str, chosen: Filter, count: int) -> Notice:
    """The list is empty: because of the filter, or because there is nothing yet."""
    if chosen:
        return Notice(
            "○",
            "No run fits the filter",
            (f"{count:,} runs are hidden by: {safe(chosen.text, 200)}",),
            "esc clears the filter, / changes it.",
        )
    return Notice(
        "○",
        "No workflow has run yet",
        (f"{safe(repo)} has no runs that GitHub still keeps.",),
        "A workflow file in .github/workflows and a push start one. It shows up here by itself.",
    )


def no_jobs(run: Run, section: Section[tuple[Job, ...]], now: datetime) -> Notice:
    """A run without a single box to draw."""
    if run.state is State.STARTUP_FAILURE:
        return Notice(
            "×",
            "GitHub could not start this run",
            ("It has no jobs: the workflow file is not valid at this commit, or calls one that is not.",),
            f"`relman graph --workflow {safe(run.path, 80)}` names the line; o opens GitHub's own message.",
            Tone.BAD,
        )
    waiting = instead(section, "the jobs", now)
    if waiting is not None:
        return waiting
    if run.state.finished:
        if section.error is not None:
            return refusal(section.error, now)
        why = (
            "It succeeded, so GitHub has not listed them yet."
            if run.state is State.SUCCESS
            else "It ended before GitHub created any, so none will come."
        )
        return Notice(
            "○", "This run ended without jobs", (why,), "o opens its page on GitHub, r asks for its jobs again."
        )
    return Notice("○", "No jobs yet", ("GitHub creates them in a moment.",))


def runs_title(runs: Sequence[Run], shown: int, chosen: Filter, width: int) -> Line:
    if chosen:
        left: Line = (
            Piece("Runs", strong=True),
            quiet(f" {shown:,} of {len(runs):,}  "),
            Piece(safe(chosen.text, 80)),
        )
        return fit(left, width)
    return spread((Piece("Runs", strong=True), quiet(f" {len(runs):,}" if runs else "")), counts(runs), width)


def graph_title(
    run: Run | None, picture: Picture | None, times: RunTime | None, now: datetime, width: int
) -> Line:
    """The run, and at the right how long its paths take. ``now`` is the server's."""
    if run is None:
        return plain("Graph", strong=True)
    state = run.state
    took = between(run.started_at or run.created_at, run.updated_at if state.finished else None, now)
    name: Line = (
        Piece(f"{state.glyph} ", state.tone),
        Piece(f"{safe(run.name, 60) or 'run'} #{run.number}", strong=True),
        Piece(f"  {run.word}", state.tone),
    )
    right = BLANK
    if picture is not None and picture.edges and times is not None:
        for form in (2, 1, 0):
            right = paths_line(times, form)
            if width_of(right) + width_of(name) + 12 <= width:
                break
    branch = safe(run.branch or "", 60)
    words = (
        duration(took) if took is not None else "",
        f"attempt {run.attempt}" if run.attempt > 1 else "",
        branch,
        safe(run.short_sha),
        ago(run.created_at, now),
    )
    left = name
    room = width - (width_of(right) + 2 if right else 0)
    for word in filter(None, words):
        left_over = room - width_of(left) - len(SEPARATOR)
        if width_of(plain(word)) > left_over:  # of a branch its beginning says something, else nothing does
            if word is branch and left_over >= _LEAST_BRANCH:
                left = joined([left, (quiet(cut(word, left_over)),)])
            break
        left = joined([left, (quiet(word),)])
    return spread(left, right, width)


def paths_line(times: RunTime, form: int = 2) -> Line:
    """The paths as wall time along the critical path. ``form`` 2 adds job time and what is left."""
    parts: list[Line] = []
    for name, path in times.paths:
        if path.wall <= 0:
            continue
        label = name if form or len(times.paths) == 1 else name.removesuffix(" path")
        summed = f" ({duration(path.total)} summed)" if form == 2 else ""
        parts.append((quiet(f"{label} "), Piece(_mark(path) + duration(path.wall)), quiet(summed)))
    if times.remaining is not None and form == 2:
        parts.append((quiet("about "), Piece(duration(times.remaining)), quiet(" left")))
    return joined(parts)


def _mark(path: PathTime) -> str:
    """What a path's figure is: at least this, about this, or measured."""
    return "≥ " if not path.complete else "~" if path.estimated else ""


def paths_lines(times: RunTime) -> list[Line]:
    """The paths with all that is known of them, a line each: for where the title has no room."""
    lines: list[Line] = []
    for name, path in times.paths:
        if path.wall <= 0:
            continue
        mark = _mark(path)
        jobs = "1 job" if path.jobs == 1 else f"{path.jobs} jobs"
        if path.estimated:
            jobs += f", {path.measured} measured"
        elif path.absent:
            jobs = f"{path.jobs} of {path.jobs + path.absent} jobs"
        wall = Piece(f"{mark}{duration(path.wall)}")
        total = Piece(f"{mark}{duration(path.total)}")
        lines.append(
            (
                quiet(f"{name[:1].upper()}{name[1:]} "),
                wall,
                quiet(" wall · "),
                total,
                quiet(f" summed · {jobs}"),
            )
        )
    if times.remaining is not None:
        lines.append((quiet("About "), Piece(duration(times.remaining)), quiet(" left")))
    return lines


def remark(picture: Picture) -> Line:
    """One line over the graph when it is not surely the run's own."""
    if not picture.reason:
        return BLANK
    mark = "▲ without edges: " if not picture.edges else "▲ not exact: "
    return (Piece(mark, Tone.WAITING), quiet(safe(picture.reason, 300)))


def caveat_lines(picture: Picture, room: int) -> list[Line]:
    """A footnote on where the graph's edges come from."""
    if not picture.caveat:
        return []
    return [
        plain(line, Tone.QUIET)
        for line in wrap(f"Edges may differ: {safe(picture.caveat, 300)}.", max(8, room))
    ]


def job_title(
    node: Node | None,
    picture: Picture | None,
    now: datetime,
    width: int,
    words: str = "",
    found: tuple[int, int] | None = None,
    *,
    row: str = "",
) -> Line:
    """The selected box, or the job of its ``row``; ``found`` tells which of how many lines with ``words`` is
    shown. ``now`` is the server's."""
    if found is not None:
        place = Piece(
            f"{found[0]}/{found[1]}" if found[1] else "not found", Tone.PLAIN if found[1] else Tone.WAITING
        )
        right: Line = (quiet("find "), Piece(safe(words, 24)), quiet("  "), place)
        left = job_title(node, picture, now, max(0, width - width_of(right) - 2), row=row)
        return spread(left, right, width)
    if node is None or picture is None:
        return plain("Job", strong=True)
    job = picture.job(node.key, row)
    name = safe(node.name, 200)
    if job is None:
        state = picture.state(node.key)
        usual = picture.expected.get(node.name)
        mark = (Piece(f"{state.glyph} ", state.tone), Piece(name, strong=True), quiet(f"  {state.word}"))
        return fit(joined([mark, (quiet(f"usually {duration(usual)}"),) if usual else BLANK]), width)
    jobs = picture.jobs(node.key)
    line = job_view.title(job, picture.expected.get(job.name), now)
    if len(jobs) > 1:
        line = (*line, quiet(f"  of {len(jobs)} in {name}"))
    return fit(line, width)


class Pictures:
    """Pictures of runs; made anew only when what they are made of changed."""

    def __init__(self) -> None:
        self._made: tuple[tuple[object, ...], Picture | None] | None = None

    def of(self, run: Run, board: Board, opened: frozenset[str]) -> Picture | None:
        jobs = board.jobs.get(run.id, Section())
        source = board.sources.get(run.id, Section())
        expected = board.expected.get(run.path, _UNKNOWN)
        finished = run.state.finished
        made_of = (run.id, run.attempt, finished, jobs.value, source.value, source.error, expected, opened)
        if self._made is None or any(a is not b for a, b in zip(self._made[0], made_of, strict=True)):
            made = _picture(jobs, source, expected, finished=finished, opened=opened)
            self._made = (made_of, made and replace(made, run=(run.id, run.attempt)))
        return self._made[1]


class Seconds:
    """The times of a picture, the same object within a second: moving in the graph need not measure again."""

    def __init__(self) -> None:
        self._made: tuple[Picture, int, RunTime] | None = None

    def times(self, picture: Picture, now: datetime) -> RunTime:
        second = int(now.timestamp())
        if self._made is None or self._made[0] is not picture or self._made[1] != second:
            self._made = (picture, second, picture.times(now))
        return self._made[2]


def _picture(
    jobs: Section[tuple[Job, ...]],
    source: Section[WorkflowSource],
    expected: Mapping[str, float],
    *,
    finished: bool,
    opened: frozenset[str],
) -> Picture | None:
    """The picture, or None while there is nothing to draw."""
    reason = "the workflow file is not read yet"
    if source.value is not None:
        try:
            return file_picture(source.value, jobs.value or (), expected, finished=finished, opened=opened)
        except RelmanError as error:
            reason = error.problem.sentence()
    elif source.error is not None:
        reason = source.error.sentence()
    return free_picture(jobs.value, expected, reason, finished=finished) if jobs.value else None
