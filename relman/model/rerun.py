"""What runs again when a run is re-run, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.condition import Known
from relman.model.graph import Graph, build, reconcile
from relman.model.job_names import slots
from relman.model.plan import Check, Verdict, is_production
from relman.model.reach import Reached, reached
from relman.model.run import Job, Run, WorkflowSource
from relman.model.state import State
from relman.model.times import ago, clock
from relman.model.workflow import WorkflowFile
from relman.text import clean_line

AGE_LIMIT = timedelta(days=30)
"""GitHub re-runs no run that was created before this."""
_WENT_WELL = frozenset({State.SUCCESS, State.SKIPPED, State.NEUTRAL})


class Which(StrEnum):
    ALL = "all"
    FAILED = "failed"
    JOB = "job"


class Again(Struct, frozen=True):
    """``names`` run again; ``perhaps`` were skipped or never created and run if their conditions hold now.

    ``environments`` are the jobs among them that have one. ``reason`` says why this may not be all.
    """

    names: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    environments: tuple[Reached, ...] = ()
    reason: str = ""


def run_again(
    which: Which,
    jobs: Sequence[Job],
    *,
    job_id: int | None = None,
    file: WorkflowFile | None = None,
    source: WorkflowSource | None = None,
    known: Known | None = None,
) -> Again:
    """``jobs`` are the latest of each. ``job_id`` is the one for :attr:`Which.JOB`; without ``file`` only the
    jobs themselves are known, and not what needs them."""
    if file is None:
        return _by_name(which, jobs, job_id)
    graph = build(file, open=frozenset(slot.key for slot in slots(file) if slot.job.callee is not None))
    run = reconcile(graph, jobs, run_finished=True, source=source)
    chosen = {key: _chosen(which, node.jobs, job_id) for key, node in run.runs.items()}
    first = {key for key in chosen if chosen[key] or (which is Which.ALL and key in graph.by_key)}
    after = _descendants(run.graph, first) - first if which is not Which.ALL else set()
    may_run = {one.key: one for one in reached(file, known or {})}
    names: list[str] = []
    perhaps: list[str] = []
    touched: list[Reached] = []
    for node in run.graph.nodes:
        if node.key not in first | after:
            continue
        reach = may_run.get(node.key)
        free = node.job is None  # the file does not know it
        if reach is None and not free:
            continue
        mine = chosen[node.key] if node.key in first and which is not Which.ALL else run.runs[node.key].jobs
        ran = [job for job in mine if job.state is not State.SKIPPED]
        names += [job.name for job in ran]
        if not ran:
            perhaps.append(node.name)
        if reach is not None and reach.environment is not None:
            touched.append(reach)
        elif any(is_production(job.name) for job in (mine if free else ran)):
            # A way back has no environment where it must not wait for a review; its name tells what it changes.
            touched.append(Reached(node.key, node.name, node.name))
    return Again(tuple(names), tuple(perhaps), tuple(touched), "; ".join(run.reasons))


def _chosen(which: Which, jobs: Sequence[Job], job_id: int | None) -> tuple[Job, ...]:
    if which is Which.JOB:
        return tuple(job for job in jobs if job.id == job_id)
    if which is Which.FAILED:
        return tuple(job for job in jobs if job.state not in _WENT_WELL)
    return tuple(jobs)


def _descendants(graph: Graph, keys: set[str]) -> set[str]:
    found = set(keys)
    todo = list(keys)
    while todo:
        for child in graph.children.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def _by_name(which: Which, jobs: Sequence[Job], job_id: int | None) -> Again:
    mine = [job for job in _chosen(which, jobs, job_id) if job.state is not State.SKIPPED]
    touched = tuple(Reached(f"job:{job.id}", job.name, job.name) for job in mine if is_production(job.name))
    what = "the jobs that need them" if which is not Which.ALL else "what they touch"
    return Again(
        tuple(job.name for job in mine),
        (),
        touched,
        f"the workflow file cannot be read, so {what} is not known",
    )


def failed_jobs(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """What GitHub runs again with ``rerun-failed-jobs``, without the jobs that need them."""
    return tuple(job for job in jobs if job.state.finished and job.state not in _WENT_WELL)


def checks(run: Run, jobs: Sequence[Job], which: Which, now: datetime) -> tuple[Check, ...]:
    """What GitHub asks of a re-run. ``now`` is the server's time."""
    found = [
        Check(
            "ended",
            "The run has ended",
            Verdict.PASSED if run.state.finished else Verdict.FAILED,
            (f"attempt {run.attempt}: {clean_line(run.word)}{_when(run, now)}",),
        )
    ]
    if run.created_at is None:
        found.append(Check("age", "It is at most 30 days old", Verdict.PASSED, ("GitHub does not say",)))
    else:
        young = now - run.created_at <= AGE_LIMIT
        found.append(
            Check(
                "age",
                "It is at most 30 days old",
                Verdict.PASSED if young else Verdict.FAILED,
                (
                    f"created {clock(run.created_at, now)}"
                    + ("" if young else "; GitHub re-runs no older ones"),
                ),
            )
        )
    if which is Which.FAILED and run.state.finished:
        failed = failed_jobs(jobs)
        found.append(
            Check(
                "failed",
                "A job failed",
                Verdict.PASSED if failed else Verdict.FAILED,
                tuple(f"{clean_line(job.name)}: {job.word}" for job in failed) or ("every job went well",),
            )
        )
    return tuple(found)


def obstacle(run: Run, jobs: Sequence[Job], which: Which, now: datetime) -> Problem | None:
    """Why GitHub would refuse the re-run, in words; None where nothing says so."""
    failed = {check.key for check in checks(run, jobs, which, now) if check.blocks}
    if "ended" in failed:
        return Problem(
            Kind.REFUSED,
            "The run has not ended",
            f"attempt {run.attempt} is {clean_line(run.word)}{_when(run, now)}",
            "Wait for its end, or cancel it first.",
        )
    if "age" in failed:
        return Problem(
            Kind.REFUSED,
            "GitHub re-runs no run older than 30 days",
            f"this one was created {ago(run.created_at, now)}",
            "Start the workflow anew instead.",
        )
    if "failed" in failed:
        return Problem(
            Kind.REFUSED, "Nothing failed", "every job went well", "Re-run all jobs, or one by its name."
        )
    return None


def _when(run: Run, now: datetime) -> str:
    """By the clock and not by age: a plan that is read once more a minute later says the same."""
    if run.state.finished:
        return f" at {clock(run.updated_at, now)}" if run.updated_at else ""
    return f", since {clock(run.started_at, now)}" if run.started_at else ""
