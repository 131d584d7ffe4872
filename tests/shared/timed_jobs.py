"""API jobs with times, in seconds from a fixed moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from relman.model.run import Job

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
USUAL = {"lint": 120.0, "test": 480.0, "security": 150.0, "build": 240.0, "performance": 360.0}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def job(
    name: str,
    state: str = "success",
    created: float | None = 0,
    started: float | None = None,
    completed: float | None = None,
    runner: str = "r",
) -> Job:
    running = state in ("queued", "in_progress", "waiting")
    return Job(
        id=abs(hash((name, created, started))),
        run_id=1,
        attempt=1,
        name=name,
        status=state if running else "completed",
        conclusion=None if running else state,
        created_at=None if created is None else at(created),
        started_at=None if started is None else at(started),
        completed_at=None if completed is None else at(completed),
        runner=runner,
    )
