"""What people can do to the world, and what GitHub would refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relman.demo.people import AMARA, LINNEA, TOMAS, VIEWER
from relman.demo.records import EnvironmentRecord, JobRecord, RunRecord
from relman.demo.state import Refusal
from relman.demo.world import World

START = datetime(2026, 11, 25, 9, 40, tzinfo=UTC)


class Stage:
    """A world with a hand on its clock."""

    def __init__(self) -> None:
        self.time = START
        self.world = World(seed=4, start=START, clock=lambda: self.time)

    def wait(self, **span: float) -> None:
        self.time += timedelta(**span)
        self.world.advance()

    def jobs(self, run: RunRecord) -> dict[str, JobRecord]:
        return {job.key: job for job in self.world.attempt_jobs(run.id)}

    @property
    def production(self) -> EnvironmentRecord:
        return self.world.environments[1]

    @property
    def waiting(self) -> RunRecord:
        (run,) = [run for run in self.world.runs.values() if run.pending]
        return run

    @property
    def failed(self) -> RunRecord:
        return [run for run in self.world.runs.values() if run.attempts[-1].conclusion == "failure"][-1]

    @property
    def newest(self) -> RunRecord:
        return next(reversed(self.world.runs.values()))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_approval_counts_only_when_the_timer_has_run_out(stage: Stage) -> None:
    run = stage.waiting
    stage.world.review(run.id, [stage.production.id], "approved", VIEWER, "go")
    assert [(r.state, r.user, r.comment) for r in run.reviews] == [("approved", VIEWER, "go")]
    assert run.pending[0].reviewed
    assert stage.jobs(run)["deploy-production"].status == "waiting"
    assert not stage.world.may_review(run, stage.production, LINNEA)
    stage.wait(minutes=5)
    assert run.pending == []
    assert stage.jobs(run)["deploy-production"].status in {"queued", "in_progress"}
    assert run.attempts[-1].status == "in_progress"


def test_the_timer_alone_opens_nothing(stage: Stage) -> None:
    stage.wait(hours=3)
    assert stage.jobs(stage.waiting)["deploy-production"].status == "waiting"


def test_an_approved_deploy_goes_live_and_is_released(stage: Stage) -> None:
    run = stage.waiting
    before = stage.world.releases[0].tag
    stage.wait(minutes=6)
    stage.world.review(run.id, [stage.production.id], "approved", VIEWER)
    stage.wait(minutes=5)
    assert stage.world.health("production")[1]["version"] == before[1:]
    stage.wait(minutes=15)
    assert run.attempts[-1].conclusion == "success"
    assert stage.world.health("production")[1]["version"] == run.branch[1:]
    assert stage.world.releases[0].tag == run.branch
    states = {one.ref: [entry.state for entry in one.statuses] for one in stage.world.deployments}
    assert states[run.branch] == ["waiting", "queued", "in_progress", "success"]
    assert states[before][-1] == "inactive"
    assert stage.jobs(run)["rollback-production"].conclusion == "skipped"


def test_a_rejection_fails_the_run_and_rolls_nothing_back(stage: Stage) -> None:
    run = stage.waiting
    stage.world.review(run.id, [stage.production.id], "rejected", VIEWER, "not today")
    found = {key: job.conclusion for key, job in stage.jobs(run).items()}
    assert found["deploy-production"] == "failure"
    assert found["release"] == found["rollback-production"] == "skipped"
    assert run.attempts[-1].conclusion == "failure"
    assert run.pending == []
    with pytest.raises(Refusal):
        stage.world.review(run.id, [stage.production.id], "approved", VIEWER)


def test_who_may_not_review(stage: Stage) -> None:
    run = stage.waiting
    outsider = next(user for user in stage.world.users if user.login == "hannah-cole")
    for user in (run.actor, outsider):
        with pytest.raises(Refusal, match="cannot review"):
            stage.world.review(run.id, [stage.production.id], "approved", user)
    for ids in ([], [stage.world.environments[0].id], [12345]):
        with pytest.raises(Refusal):
            stage.world.review(run.id, ids, "approved", VIEWER)
    assert run.reviews == []


def test_a_new_attempt_needs_a_new_review(stage: Stage) -> None:
    run = stage.waiting
    stage.world.review(run.id, [stage.production.id], "rejected", VIEWER)
    stage.world.rerun(run.id, VIEWER, failed_only=True)
    stage.wait(seconds=1)
    job = stage.jobs(run)["deploy-production"]
    assert (job.attempt, job.status) == (2, "waiting")
    assert stage.jobs(run)["build"].attempt == 1
    assert not stage.world.may_review(run, stage.production, VIEWER), "who ran it again reviews it no more"
    assert stage.world.may_review(run, stage.production, LINNEA)


def test_failed_jobs_run_again_and_the_others_stay(stage: Stage) -> None:
    run = stage.failed
    before = stage.jobs(run)
    stage.world.rerun(run.id, AMARA, failed_only=True)
    assert run.attempts[-1].number == 2
    assert run.attempts[-1].triggering_actor is AMARA
    assert set(stage.jobs(run)) == {"lint", "security", "test"}, "what needs the tests is gone until they end"
    stage.wait(minutes=30)
    after = stage.jobs(run)
    assert {key: job.attempt for key, job in after.items()} == {
        "lint": 1,
        "security": 1,
        "test": 2,
        "build": 2,
        "performance": 2,
    }
    assert after["lint"] is before["lint"]
    assert before["build"].conclusion == "skipped"
    assert [job.id for job in stage.world.attempt_jobs(run.id, 1)] == sorted(j.id for j in before.values())
    assert len(stage.world.jobs[run.id]) == 8


def test_everything_runs_again(stage: Stage) -> None:
    run = stage.failed
    stage.world.rerun(run.id, AMARA)
    stage.wait(minutes=30)
    assert {job.attempt for job in stage.jobs(run).values()} == {2}


def test_only_finished_runs_run_again_and_only_with_failures(stage: Stage) -> None:
    with pytest.raises(Refusal, match="already running"):
        stage.world.rerun(stage.waiting.id, VIEWER)
    fine = [run for run in stage.world.runs.values() if run.attempts[-1].conclusion == "success"][-1]
    with pytest.raises(Refusal, match="no failed jobs"):
        stage.world.rerun(fine.id, VIEWER, failed_only=True)
    stage.world.rerun(fine.id, VIEWER)
    assert len(fine.attempts) == 2


def test_cancelling_takes_a_moment(stage: Stage) -> None:
    run = stage.newest
    assert run.attempts[-1].status == "in_progress"
    stage.world.cancel(run.id)
    stage.world.cancel(run.id)
    assert stage.jobs(run)["test"].status == "in_progress"
    stage.wait(seconds=20)
    jobs = stage.jobs(run)
    assert run.attempts[-1].conclusion == jobs["test"].conclusion == "cancelled"
    assert jobs["lint"].conclusion == "success"
    assert jobs["build"].conclusion == jobs["performance"].conclusion == "skipped"
    assert "cancelled" in {step.conclusion for step in jobs["test"].steps}
    assert stage.world.log(jobs["test"]).decode().count("##[error]The operation was canceled.") == 1
    with pytest.raises(Refusal, match="Cannot cancel"):
        stage.world.cancel(run.id)


def test_cancelling_what_waits_takes_it_off_the_gate(stage: Stage) -> None:
    run = stage.waiting
    stage.world.cancel(run.id)
    assert run.attempts[-1].conclusion == "cancelled"
    assert run.pending == []
    assert stage.world.deployments[0].statuses[-1].state == "failure"


def test_a_tag_starts_a_deploy(stage: Stage) -> None:
    commit = stage.world.branches["main"]
    tag = stage.world.push_tag("v9.0.0", commit, "Release v9.0.0", TOMAS)
    run = stage.newest
    assert (run.branch, run.sha, run.event, run.actor) == ("v9.0.0", commit, "push", TOMAS)
    assert tag.object_sha not in {None, commit}
    with pytest.raises(Refusal, match="already exists"):
        stage.world.push_tag("v9.0.0", commit, "again", TOMAS)
    with pytest.raises(Refusal, match="does not exist"):
        stage.world.push_tag("v9.0.1", "0" * 40, "nothing", TOMAS)


def test_a_tag_that_is_no_version_disturbs_nobody(stage: Stage) -> None:
    before = len(stage.world.runs)
    stage.world.push_tag("nightly", stage.world.branches["main"], "x", TOMAS)
    assert len(stage.world.runs) == before
    stage.world.push_tag("v2.0.0-rc.1", stage.world.branches["main"], "x", TOMAS)
    stage.world.cancel(stage.newest.id)
    stage.world.review(stage.waiting.id, [stage.production.id], "approved", VIEWER)
    stage.wait(days=1)
    assert stage.world.releases[0].tag in stage.world.tags


def test_two_deploys_of_one_environment_take_turns(stage: Stage) -> None:
    files = stage.world.tree(stage.world.branches["main"])
    runs = []
    for number in range(3):
        changes = {"README.md": files["README.md"] + b"\n" * (number + 1)}
        stage.world.push("main", f"docs: step {number}", AMARA, changes)
        runs.append(stage.newest)
        stage.wait(seconds=40)
    stage.wait(minutes=4)
    jobs = sorted((stage.jobs(run)["deploy-staging"] for run in runs), key=lambda job: job.created_at)
    first, second, third = jobs
    assert first.status == "in_progress"
    assert second.conclusion == "cancelled", "a newer one that waits takes the place of an older one"
    assert third.status == "pending"
    assert stage.world.runs[third.run_id].attempts[-1].status == "pending"
    stage.wait(minutes=12)
    assert (first.conclusion, third.conclusion) == ("success", "success")
    assert first.completed_at is not None
    assert third.started_at >= first.completed_at


def test_a_second_push_stops_the_checks_of_the_first(stage: Stage) -> None:
    run = stage.newest
    assert run.pull_request is not None
    files = stage.world.tree(run.sha)
    stage.world.push(run.branch, "fix: again", run.actor, {"README.md": files["README.md"] + b"."})
    assert stage.newest.pull_request == run.pull_request
    assert stage.newest.sha == stage.world.branches[run.branch]
    stage.wait(seconds=20)
    assert run.attempts[-1].conclusion == "cancelled"
    assert stage.newest.attempts[-1].status == "in_progress"


def test_dispatch_deploys_a_version(stage: Stage) -> None:
    old = stage.world.releases[2].tag
    run = stage.world.dispatch("cd.yml", old, VIEWER, {"environment": "staging", "version": old})
    assert (run.event, run.branch, run.sha, run.title) == (
        "workflow_dispatch",
        old,
        stage.world.tags[old].commit,
        "CD",
    )
    stage.wait(minutes=11)
    assert stage.jobs(run)["deploy-staging"].conclusion == "success"
    assert stage.jobs(run)["deploy-production"].conclusion == "skipped"
    assert stage.jobs(run)["release"].conclusion == "skipped"


def test_production_takes_tags_only(stage: Stage) -> None:
    run = stage.world.dispatch("cd.yml", "main", VIEWER, {"environment": "production"})
    deployments = len(stage.world.deployments)
    stage.wait(minutes=4, seconds=30)
    job = stage.jobs(run)["deploy-production"]
    assert job.conclusion == "failure"
    assert "is not allowed to deploy to production" in job.annotations[0].message
    assert stage.jobs(run)["rollback-production"].conclusion == "skipped"
    assert next(one for one in stage.world.deployments if one.environment == "production").sha != run.sha
    assert len(stage.world.deployments) == deployments


def test_what_dispatch_refuses(stage: Stage) -> None:
    with pytest.raises(Refusal, match="No ref found"):
        stage.world.dispatch("cd.yml", "nowhere", VIEWER)
    with pytest.raises(Refusal, match="Unexpected inputs"):
        stage.world.dispatch("cd.yml", "main", VIEWER, {"colour": "red"})
    with pytest.raises(Refusal, match="allowed values"):
        stage.world.dispatch("cd.yml", "main", VIEWER, {"environment": "moon"})
    with pytest.raises(Refusal, match="does not exist"):
        stage.world.dispatch("other.yml", "main", VIEWER)
    with pytest.raises(Refusal, match="workflow_dispatch"):
        stage.world.dispatch("ci.yml", "main", VIEWER)


def test_a_nightly_by_hand(stage: Stage) -> None:
    run = stage.world.dispatch("scheduled.yml", "main", VIEWER)
    stage.wait(minutes=40)
    assert run.attempts[-1].status == "completed"
    assert len(stage.jobs(run)) == 5
