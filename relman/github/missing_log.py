"""Why there is no log: its address answers alike for four reasons, the job or run tells them apart."""

from __future__ import annotations

from datetime import datetime, timedelta

from relman.errors import Kind, Problem
from relman.github.errors import gone
from relman.github.requests import Request
from relman.model.run import Job, Run
from relman.model.state import State
from relman.text import clean_line

_SETTLING = timedelta(minutes=3)  # between a job's end and its log in the store


def is_about_the_log(problem: Problem) -> bool:
    """Whether a refusal may mean "no log" rather than "no access", "no network" and the like."""
    return problem.kind in {Kind.NOT_FOUND, Kind.GONE} or problem.status == 500


def job_log_problem(problem: Problem, job: Job, request: Request, now: datetime) -> Problem:
    """What the refusal of a job's log means, given the job."""
    name = f"Job “{clean_line(job.name)}”" if job.name else f"Job {job.id}"
    if _unfinished(job.status, job.conclusion):
        return Problem(
            Kind.NOT_YET,
            f"{name} has no log yet",
            f"it is {job.word}",
            "GitHub publishes the log when the job ends; its steps are shown live.",
            status=problem.status,
        )
    if job.state is State.SKIPPED or (job.state is State.CANCELLED and not _ran(job)):
        return _never(f"{name} has no log: it was {job.word} before it ran", problem)
    return _gone_or_coming(problem, request, job.completed_at, now)


def run_log_problem(problem: Problem, run: Run, request: Request, now: datetime) -> Problem:
    """What the refusal of a run's archive means, given the run."""
    if _unfinished(run.status, run.conclusion):
        return Problem(
            Kind.NOT_YET,
            f"Run {run.id} has no archive of logs yet",
            f"it is {run.word}",
            "GitHub packs it when the run ends; finished jobs have their own logs already.",
            status=problem.status,
        )
    if run.state is State.STARTUP_FAILURE:
        return _never(
            f"Run {run.id} has no logs: its workflow file could not start it, no job ever ran", problem
        )
    if run.state is State.SKIPPED:
        return _never(f"Run {run.id} has no logs: it was skipped, no job ever ran", problem)
    return _gone_or_coming(problem, request, run.updated_at, now)


def _unfinished(status: str, conclusion: str | None) -> bool:
    return conclusion is None and status != "completed"


def _ran(job: Job) -> bool:
    return bool(job.runner) or any(step.state is not State.SKIPPED for step in job.steps)


def _never(title: str, problem: Problem) -> Problem:
    return Problem(Kind.NOT_FOUND, title, hint="There will be none.", status=problem.status)


def _gone_or_coming(problem: Problem, request: Request, ended: datetime | None, now: datetime) -> Problem:
    if problem.kind is Kind.GONE:
        return problem
    if ended is not None and now - ended < _SETTLING:
        title = f"GitHub is still storing {request.what}"
        return Problem(Kind.NOT_YET, title, hint="Ask again in a moment.", status=problem.status)
    return problem if problem.status == 500 else gone(request.what, problem.detail, problem.status)
