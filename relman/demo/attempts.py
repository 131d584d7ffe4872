"""Which jobs an attempt of a run has. A job that was not run again stands in later attempts too."""

from __future__ import annotations

from relman.demo.records import AttemptRecord, JobRecord, RunRecord
from relman.demo.stage import Stage


def attempt_of(run: RunRecord, number: int) -> AttemptRecord | None:
    return next((attempt for attempt in run.attempts if attempt.number == number), None)


def jobs_of_attempt(world: Stage, run: RunRecord, number: int) -> list[JobRecord]:
    """In the order in which they came to be; empty for an attempt that does not exist."""
    attempts = world.attempts.get(run.id, [])
    if not 1 <= number <= len(attempts):
        return []
    return sorted(attempts[number - 1].values(), key=lambda job: (job.created_at, job.id))


def latest_jobs(world: Stage, run: RunRecord) -> list[JobRecord]:
    return jobs_of_attempt(world, run, len(run.attempts))
