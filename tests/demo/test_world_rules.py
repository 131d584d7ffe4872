"""What must hold in the world at every moment, however its clock moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relman.demo.job_tables import BY_ID
from relman.demo.records import JobRecord
from relman.demo.world import World

START = datetime(2026, 11, 26, 15, 20, tzinfo=UTC)


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def new_world(seed: int = 1, start: datetime = START) -> tuple[World, Clock]:
    clock = Clock(start)
    return World(seed=seed, start=start, clock=clock), clock


def facts(world: World) -> list[object]:
    """Everything younger than a day before the start, finished or not."""
    young = START - timedelta(days=1)
    fresh = [run for run in world.runs.values() if run.created_at > young]
    return [
        fresh,
        [world.jobs[run.id] for run in fresh],
        [one for one in world.deployments if one.created_at > young],
        world.releases,
        world.branches,
        list(world.commits),
        world.tags,
        world.health("staging"),
    ]


def check(world: World) -> None:
    """Every rule at once, over the whole world."""
    now = world.now()
    ids = [job.id for jobs in world.jobs.values() for job in jobs]
    assert len(set(ids)) == len(ids)
    assert len({run.check_suite_id for run in world.runs.values()}) == len(world.runs)
    for run in world.runs.values():
        table = BY_ID[run.workflow_id]
        assert run.sha in world.commits
        assert [attempt.number for attempt in run.attempts] == list(range(1, len(run.attempts) + 1))
        assert all(attempt.status == "completed" for attempt in run.attempts[:-1])
        for number, attempt in enumerate(run.attempts, 1):
            jobs = {job.key: job for job in world.attempt_jobs(run.id, number)}
            open_jobs = {job.status for job in jobs.values()} - {"completed"}
            done = not open_jobs and len(jobs) == len(table.jobs)
            assert (attempt.status == "completed") == done == (attempt.conclusion is not None)
            assert attempt.started_at <= attempt.updated_at <= now
            if "in_progress" in open_jobs:
                assert attempt.status == "in_progress"
            elif open_jobs == {"waiting"}:
                assert attempt.status == "waiting"
            words = {job.conclusion for job in jobs.values()}
            if done:
                expected = next((w for w in ("cancelled", "failure", "success") if w in words), "skipped")
                assert attempt.conclusion == expected
            for job in jobs.values():
                needed = table.job(job.key).needs
                assert all(jobs[key].status == "completed" for key in needed)
                for key in needed:
                    ended = jobs[key].completed_at
                    assert ended is not None
                    assert ended <= job.created_at
        assert bool(run.pending) == any(job.status == "waiting" for job in world.attempt_jobs(run.id))
        for job in world.jobs[run.id]:
            check_job(job, now)
    check_references(world)


def check_job(job: JobRecord, now: datetime) -> None:
    assert job.created_at <= job.started_at <= now
    assert (job.status == "completed") == (job.conclusion is not None) == (job.completed_at is not None)
    assert job.completed_at is None or job.started_at <= job.completed_at <= now
    assert (job.runner is not None) == bool(job.steps)
    assert job.conclusion != "skipped" or not job.steps
    numbers = [step.number for step in job.steps]
    assert numbers == sorted(set(numbers))
    for step in job.steps:
        assert (step.status == "completed") == (step.conclusion is not None) == (step.completed_at is not None)
        assert step.status != "queued" or step.started_at is None
        assert job.status != "completed" or step.status == "completed"
    begun = [step.started_at for step in job.steps if step.started_at is not None]
    assert all(one <= two for one, two in pairwise(begun))
    assert all(job.started_at <= at for at in begun)
    ended = [step.completed_at for step in job.steps if step.completed_at is not None]
    assert all(one <= two for one, two in pairwise(ended))
    if job.conclusion in {"success", "failure"} and job.steps:
        assert ended[-1] == job.completed_at
        assert (job.conclusion == "failure") == any(step.conclusion == "failure" for step in job.steps)


def check_references(world: World) -> None:
    jobs = {job.id: job for found in world.jobs.values() for job in found}
    for commit in world.commits.values():
        assert all(parent in world.commits for parent in commit.parents)
        assert all(world.commits[parent].at <= commit.at for parent in commit.parents)
    assert all(sha in world.commits for sha in world.branches.values())
    assert all(tag.commit in world.commits for tag in world.tags.values())
    assert all(release.tag in world.tags for release in world.releases)
    assert [one.id for one in world.deployments] == sorted((d.id for d in world.deployments), reverse=True)
    active: dict[str, int] = {}
    for deployment in world.deployments:
        assert deployment.sha in world.commits
        times = [entry.at for entry in deployment.statuses]
        assert times == sorted(times)
        states = [entry.state for entry in deployment.statuses]
        order = ["waiting", "queued", "in_progress", "success", "failure", "inactive"]
        assert states == sorted(set(states), key=order.index)
        for entry in deployment.statuses:
            assert jobs[entry.job_id].run_id == entry.run_id
            assert jobs[entry.job_id].environment == deployment.environment
            assert world.runs[entry.run_id].sha == deployment.sha
        if states[-1] == "success":
            active[deployment.environment] = active.get(deployment.environment, 0) + 1
    assert set(active.values()) <= {1}, "only the last success of an environment stays active"


@pytest.mark.parametrize("seed", [1, 6])
def test_rules_hold_at_the_start(seed: int) -> None:
    world, _ = new_world(seed)
    check(world)


def moves(seed: int) -> Iterator[int]:
    """Seconds between looks: from the next second to most of a day."""
    step = 1 + seed
    for _ in range(12):
        yield step
        step = step * 3 % 40_000 + 1


@pytest.mark.parametrize("seed", [2, 3])
def test_rules_hold_while_time_passes(seed: int) -> None:
    world, clock = new_world(seed)
    for seconds in moves(seed):
        clock.now += timedelta(seconds=seconds)
        world.advance()
        check(world)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(1, 7200), min_size=1, max_size=30))
def test_small_steps_lead_where_one_large_step_leads(steps: list[int]) -> None:
    once, one_clock = new_world()
    often, many_clock = new_world()
    for seconds in steps:
        many_clock.now += timedelta(seconds=seconds)
        often.advance()
        often.advance()  # looking twice changes nothing
    one_clock.now += timedelta(seconds=sum(steps))
    once.advance()
    assert facts(once) == facts(often)


def test_a_clock_before_the_start_counts_as_the_start() -> None:
    world, clock = new_world()
    clock.now -= timedelta(hours=1)
    world.advance()
    assert world.now() == START


def test_the_world_is_lively() -> None:
    world, clock = new_world()
    before = len(world.runs)
    beats = []
    for _ in range(24):
        clock.now += timedelta(minutes=30)
        world.advance()
        beats.append(len(world.runs) - before)
        before = len(world.runs)
    assert sum(beats) >= 24
    assert beats.count(0) <= 12
    nightly = [r for r in world.runs.values() if r.event == "schedule" and r.created_at > START]
    assert [run.created_at.hour for run in nightly] == [2]


def test_what_waits_for_the_viewer_waits_until_the_deadline() -> None:
    world, clock = new_world()
    (run,) = [run for run in world.runs.values() if run.pending]
    clock.now += timedelta(days=29)
    world.advance()
    assert run.attempts[-1].status == "waiting"
    assert run.reviews == []
    assert max(world.tags, key=lambda tag: tuple(map(int, tag[1:].split(".")))) == run.branch
    clock.now += timedelta(days=2)
    world.advance()
    assert run.attempts[-1].conclusion == "failure"
    assert run.pending == []
    check(world)
    clock.now += timedelta(days=1)
    world.advance()
    assert len(world.tags) > len([tag for tag in world.tags.values() if tag.at and tag.at <= START])
