"""The Pipeline screen in words: titles of its panes, what stands in an empty one, and the run's picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from relman.model.board import Board, Section
from relman.model.run import Job, Run
from relman.model.state import State, Tone
from relman.tui.present import job as job_view
from relman.tui.present.filter import Filter
from relman.tui.present.graph import Picture, Spot, free_picture
from relman.tui.present.notice import Notice, instead
from relman.tui.present.piece import BLANK, Line, Piece, fit, joined, plain, quiet, safe, spread
from relman.tui.present.runs import counts
from relman.tui.present.times import ago, between, duration

NO_RUN = Notice("○", "No run is highlighted", hint="The graph of a run shows here.")
NO_JOB = Notice("○", "No job is selected", hint="Its steps, annotations and what to try show here.")


def no_runs(repo: str, chosen: Filter, count: int) -> Notice:
    """The list is empty: because of the filter, or because there is nothing yet."""
    if chosen:
        return Notice(
            "○",
            "No run fits the filter",
            (f"{count} runs are hidden by: {safe(chosen.text, 200)}",),
            "esc clears the filter, / changes it.",
        )
    return Notice(
        "○",
        "No workflow has run yet",
        (f"{safe(repo)} has no runs that GitHub still keeps.",),
        "`relman init` writes a pipeline; a push starts it. It shows up here by itself.",
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
        return Notice(
            "○", "This run has no jobs", ("It ended before GitHub created any.",), "o opens its page."
        )
    return Notice("○", "No jobs yet", ("GitHub creates them in a moment.",))


def runs_title(runs: Sequence[Run], shown: int, chosen: Filter, width: int) -> Line:
    if chosen:
        left: Line = (
            Piece("Runs", strong=True),
            quiet(f" {shown} of {len(runs)}  "),
            Piece(safe(chosen.text, 80)),
        )
        return fit(left, width)
    return spread((Piece("Runs", strong=True), quiet(f" {len(runs)}" if runs else "")), counts(runs), width)


def graph_title(run: Run | None, picture: Picture, now: datetime, width: int) -> Line:
    """The run, and at the right how long its paths take."""
    if run is None:
        return plain("Graph", strong=True)
    state = run.state
    took = between(run.started_at or run.created_at, run.updated_at if state.finished else None, now)
    name: Line = (
        Piece(f"{state.glyph} ", state.tone),
        Piece(f"{safe(run.name, 60) or 'run'} #{run.number}", strong=True),
    )
    words: list[Line] = [
        (*name, Piece(f"  {run.word}", state.tone)),
        (quiet(duration(took)),) if took is not None else BLANK,
        (quiet(f"attempt {run.attempt}"),) if run.attempt > 1 else BLANK,
        (quiet(safe(run.branch or "", 60)),),
        (quiet(run.short_sha),),
        (quiet(safe(run.event, 30)),),
        (quiet(ago(run.created_at, now)),),
    ]
    right: Line = paths_line(picture)
    if not right and picture.remark:
        right = plain("▲ no edges", Tone.QUIET)
    return spread(joined(words), right, width)


def paths_line(picture: Picture) -> Line:
    """How long the fast and the full path take along the critical path, and all jobs summed."""
    parts: list[Line] = []
    if picture.fast is not None:
        parts.append((quiet("fast path "), Piece(duration(picture.fast))))
    if picture.full is not None and picture.full != picture.fast:
        parts.append((quiet("full path "), Piece(duration(picture.full))))
    if picture.summed is not None:
        parts.append((quiet(f"{duration(picture.summed)} of job time"),))
    return joined(parts)


def job_title(spot: Spot | None, now: datetime, width: int) -> Line:
    if spot is None:
        return plain("Job", strong=True)
    job = spot.job
    if job is None:
        expected = f"usually {duration(spot.expected)}" if spot.expected is not None else ""
        mark = (Piece(f"{State.EXPECTED.glyph} ", Tone.QUIET), Piece(safe(spot.name, 200), strong=True))
        return fit(
            joined([(*mark, quiet("  not created yet")), (quiet(expected),) if expected else BLANK]), width
        )
    return fit(job_view.title(job, spot.expected, now), width)


class Pictures:
    """Pictures of runs; made anew only when what they are made of changed."""

    def __init__(self) -> None:
        self._made: tuple[tuple[object, ...], Picture] | None = None

    def of(self, run: Run, board: Board, opened: frozenset[str]) -> Picture:
        jobs = board.jobs.get(run.id, Section())
        source = board.sources.get(run.id, Section())
        expected = board.expected.get(run.path, MappingProxyType({}))
        made_of = (run.id, jobs.value, source.value, source.error, expected, opened)
        if self._made is not None and all(a is b for a, b in zip(self._made[0], made_of, strict=True)):
            return self._made[1]
        picture = free_picture(jobs.value or (), expected, "The workflow file could not be read")
        self._made = (made_of, picture)
        return picture
