"""How a job will go: each step with its beginning, end and conclusion, settled when the job starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from relman.demo.job_tables import JobTable
from relman.demo.records import StepRecord

_SET_UP = 2


@dataclass(slots=True)  # not frozen: a world begins with forty thousand of them
class PlannedStep:
    record: StepRecord
    begins: datetime
    ends: datetime
    conclusion: str


@dataclass(frozen=True, slots=True)
class Plan:
    steps: tuple[PlannedStep, ...]
    conclusion: str

    @property
    def ends(self) -> datetime:
        return self.steps[-1].ends

    def end_of(self, name: str) -> datetime | None:
        """When a step has succeeded; None when it does not."""
        for step in self.steps:
            if step.record.name == name and step.conclusion == "success":
                return step.ends
        return None

    def show(self, now: datetime) -> None:
        """Brings the records to what is visible at ``now``."""
        for step in self.steps:
            record = step.record
            if record.status == "completed":
                continue
            if step.begins > now:
                break
            record.started_at = step.begins
            if step.ends <= now:
                record.status, record.conclusion, record.completed_at = "completed", step.conclusion, step.ends
            else:
                record.status = "in_progress"

    def stop(self, now: datetime) -> None:
        """The job was cancelled: the step under way is, and what did not begin is skipped."""
        self.show(now)
        for step in self.steps:
            record = step.record
            if record.status == "completed":
                continue
            under_way = record.status == "in_progress"
            record.conclusion = "cancelled" if under_way else "skipped"
            record.started_at = record.started_at or now
            record.status, record.completed_at = "completed", now


def plan_job(
    table: JobTable, begins: datetime, rng: Random, *, failing_step: str | None = None, steady: bool = False
) -> Plan:
    """Draws the durations. ``steady`` keeps them close to the table's; a failing step may end early."""
    pace = rng.uniform(0.97, 1.03) if steady else min(1.6, max(0.78, rng.gauss(1.0, 0.11)))
    planned: list[PlannedStep] = []
    at = begins
    broken = False

    def add(number: int, name: str, seconds: float, conclusion: str) -> None:
        nonlocal at
        ends = at + timedelta(seconds=int(seconds)) if conclusion != "skipped" else at
        planned.append(PlannedStep(StepRecord(number, name), at, ends, conclusion))
        at = ends

    before = ["Set up job"] + (["Initialize containers"] if table.containers else [])
    add(1, "Set up job", _SET_UP + rng.randint(-1, 2), "success")
    if table.containers:
        add(2, "Initialize containers", 23 * pace * rng.uniform(0.8, 1.3), "success")
    for number, step in enumerate(table.steps, len(before) + 1):
        runs = step.when == "always" or (step.when == "failure") == broken
        if not runs:
            add(number, step.name, 0, "skipped")
        elif step.name == failing_step:
            broken = True
            add(number, step.name, step.seconds * pace * rng.uniform(0.45, 1.0) + 1, "failure")
        else:
            add(number, step.name, step.seconds * pace * rng.uniform(0.88, 1.13) + rng.random(), "success")

    # GitHub numbers the steps that clean up from twice the number of steps downwards.
    count = len(before) + len(table.steps)
    ran = {step.record.number for step in planned if step.conclusion != "skipped"}
    for number in range(count, len(before), -1):
        step = table.steps[number - len(before) - 1]
        if step.post is not None and number in ran:
            add(2 * count - number + 2, f"Post {step.name}", step.post + rng.random(), "success")
    if table.containers:
        add(2 * count, "Stop containers", 2, "success")
    add(2 * count + 1, "Complete job", 0, "success")
    return Plan(tuple(planned), "failure" if broken else "success")
