"""The logs: GitHub's form, complete, repeatable."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from relman.demo.failures import FAILURES
from relman.demo.job_logs import write_log
from relman.demo.job_output import COMMANDS
from relman.demo.job_tables import WORKFLOWS
from relman.demo.records import JobRecord
from relman.demo.world import World

START = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z .*")


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=1, start=START, clock=lambda: START)


def one_of_each(world: World) -> list[JobRecord]:
    """A finished job for every workflow, job and conclusion there is."""
    found: dict[tuple[int, str, str | None], JobRecord] = {}
    for run in world.runs.values():
        for job in world.jobs[run.id]:
            if job.steps and job.status == "completed":
                found[run.workflow_id, job.key, job.conclusion] = job
    return list(found.values())


def lines(log: bytes) -> list[str]:
    return log.decode("utf-8-sig").splitlines()


def test_form(world: World) -> None:
    jobs = one_of_each(world)
    assert len(jobs) >= 18
    for job in jobs:
        log = world.log(job)
        assert log.startswith(b"\xef\xbb\xbf")
        assert log.endswith(b"\n")
        text = lines(log)
        assert all(LINE.fullmatch(line) for line in text), job.key
        moments = [line[:28] for line in text]
        assert moments == sorted(moments)
        assert moments[0] >= f"{job.started_at:%Y-%m-%dT%H:%M:%S}"
        groups = [line[29:] for line in text if "##[group]" in line or "##[endgroup]" in line]
        assert [one.startswith("##[group]") for one in groups] == [True, False] * (len(groups) // 2)


def test_every_step_that_ran_left_something(world: World) -> None:
    for job in one_of_each(world):
        if job.conclusion != "success":
            continue
        text = world.log(job).decode()
        for step in job.steps:
            if step.conclusion == "success" and step.name in COMMANDS:
                assert f"##[group]Run {COMMANDS[step.name].splitlines()[0]}" in text, step.name


def test_a_failure_ends_in_its_error(world: World) -> None:
    for job in one_of_each(world):
        errors = [line[29:] for line in lines(world.log(job)) if "##[error]" in line]
        assert bool(errors) == (job.conclusion in {"failure", "cancelled"}), job.key


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_can_be_told(world: World, kind: str) -> None:
    """The log of a job that met it, made from a job that did not."""
    failure = FAILURES[kind]
    table = next(table for table in WORKFLOWS if table.file == failure.workflow)
    run, job = next(
        (run, job)
        for run in world.runs.values()
        if run.workflow_id == table.id
        for job in world.jobs[run.id]
        if job.key == failure.job and job.conclusion == "success"
    )
    broken = JobRecord(**{name: getattr(job, name) for name in JobRecord.__slots__})
    broken.steps = [type(step)(*(getattr(step, name) for name in step.__slots__)) for step in job.steps]
    next(step for step in broken.steps if step.name == failure.step).conclusion = "failure"
    text = write_log(broken, run, failure=kind, warnings=()).decode()
    annotated = [one.message for one in failure.annotations if one.path == ".github"]
    assert [line[38:] for line in lines(text.encode()) if "##[error]" in line] == annotated
    assert text != write_log(job, run, failure=None, warnings=()).decode()


def test_a_rollback_ends_with_the_version_before(world: World) -> None:
    job = next(job for job in one_of_each(world) if job.key == "rollback-production")
    bad = world.runs[job.run_id].branch
    health = [line for line in lines(world.log(job)) if '"status":"ok"' in line]
    assert len(health) == 1
    assert f'"version":"{bad[1:]}"' not in health[0]
    tag = world.tags["v" + health[0].split('"version":"')[1].split('"')[0]]
    assert tag.commit in health[0]


def test_errors_stand_at_the_end_of_their_step(world: World) -> None:
    run = next(run for run in world.runs.values() if run.attempts[-1].conclusion == "failure")
    job = next(job for job in world.jobs[run.id] if job.conclusion == "failure")
    step = next(step for step in job.steps if step.conclusion == "failure")
    (first, *_) = [line[:19] for line in lines(world.log(job)) if "##[error]" in line]
    assert first == f"{step.completed_at:%Y-%m-%dT%H:%M:%S}"


def test_colours_are_there(world: World) -> None:
    job = next(job for job in one_of_each(world) if job.key == "test" and job.conclusion == "failure")
    text = world.log(job).decode()
    assert "\x1b[31m\x1b[1m" in text
    assert "\x1b[32mPASSED\x1b[0m" in text
    assert "\x1b[36;1m" in text


def test_what_never_ran_left_nothing(world: World) -> None:
    skipped = next(job for jobs in world.jobs.values() for job in jobs if job.conclusion == "skipped")
    assert world.log(skipped) == b""


def test_repeatable_and_its_own(world: World) -> None:
    one, two = one_of_each(world)[:2]
    assert world.log(one) == world.log(one)
    assert world.log(one) != world.log(two)
