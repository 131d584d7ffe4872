"""The world as a visitor finds it, for several seeds and moments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from statistics import median

import pytest

from relman.demo.job_tables import BY_ID, CD, CI, SCHEDULED
from relman.demo.records import JobRecord, RunRecord, TeamRecord
from relman.demo.world import World

AT_NOON = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
MOMENTS = [
    (1, AT_NOON),
    (2, datetime(2026, 11, 22, 3, 0, 7, tzinfo=UTC)),  # a Sunday night
    (3, datetime(2026, 12, 1, 2, 5, tzinfo=UTC)),  # just after the nightly began, first of a month
    (4, datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)),
    (5, datetime(2028, 2, 29, 0, 0, tzinfo=UTC)),
]


@cache
def world_at(seed: int, start: datetime) -> World:
    """A world that stands still at its start. Shared: look only."""
    return World(seed=seed, start=start, clock=lambda: start)


@pytest.fixture(params=MOMENTS, ids=lambda param: f"{param[0]}-{param[1]:%Y%m%dT%H%M}")
def world(request: pytest.FixtureRequest) -> World:
    return world_at(*request.param)


def runs(world: World, keep: Callable[[RunRecord], bool]) -> list[RunRecord]:
    return [run for run in world.runs.values() if keep(run)]


def status(run: RunRecord) -> str:
    return run.attempts[-1].status


def conclusion(run: RunRecord) -> str | None:
    return run.attempts[-1].conclusion


def latest(world: World, run: RunRecord) -> dict[str, JobRecord]:
    return {job.key: job for job in world.attempt_jobs(run.id)}


def version(tag: str) -> tuple[int, ...]:
    return tuple(map(int, tag.removeprefix("v").split(".")))


# Now


def test_one_ci_run_is_in_progress(world: World) -> None:
    (run,) = runs(world, lambda run: run.workflow_id == CI.id and status(run) != "completed")
    jobs = latest(world, run)
    assert status(run) == "in_progress"
    assert run.event == "pull_request"
    assert jobs["lint"].conclusion == jobs["security"].conclusion == "success"
    assert jobs["test"].status == "in_progress"
    assert set(jobs) == {"lint", "test", "security"}, "what needs a running job does not exist yet"
    words = [step.status for step in jobs["test"].steps]
    assert words.count("in_progress") == 1
    assert words == sorted(words, key=["completed", "in_progress", "queued"].index)


def test_one_production_deploy_waits_behind_its_timer(world: World) -> None:
    (run,) = runs(world, lambda run: run.workflow_id == CD.id and status(run) != "completed")
    jobs = latest(world, run)
    assert status(run) == "waiting"
    assert run.branch == max(world.tags, key=version)
    assert run.ref == f"refs/tags/{run.branch}"
    assert jobs["build"].conclusion == "success"
    assert jobs["deploy-staging"].conclusion == "skipped"
    assert jobs["deploy-production"].status == "waiting"
    assert set(jobs) == {"build", "deploy-staging", "deploy-production"}
    production = next(one for one in world.environments if one.name == "production")
    (pending,) = run.pending
    assert pending.environment_id == production.id
    waited = world.now() - pending.started_at
    assert timedelta(seconds=20) < waited < timedelta(minutes=production.wait_minutes - 1)
    assert world.may_review(run, production, world.viewer)
    assert not world.may_review(run, production, run.actor)
    assert [entry.state for entry in world.deployments[0].statuses] == ["waiting"]
    assert world.deployments[0].sha == run.sha


def test_one_failed_ci_run_tells_why(world: World) -> None:
    recent = world.now() - timedelta(hours=1)
    (run,) = runs(world, lambda run: conclusion(run) == "failure" and run.created_at > recent)
    jobs = latest(world, run)
    assert jobs["test"].conclusion == "failure"
    assert jobs["build"].conclusion == jobs["performance"].conclusion == "skipped"
    levels = Counter(one.level for one in jobs["test"].annotations)
    assert levels["failure"] >= 2
    assert levels["warning"] >= 1
    log = world.log(jobs["test"]).decode()
    assert "FAILED\x1b[0m tests/unit/test_rbac.py::test_admin_permissions" in log
    assert "##[error]Process completed with exit code 1." in log


def test_last_night_warned_of_a_regression(world: World) -> None:
    done = runs(world, lambda run: run.workflow_id == SCHEDULED.id and status(run) == "completed")
    jobs = latest(world, done[-1])
    assert world.now() - done[-1].created_at < timedelta(hours=25)
    assert conclusion(done[-1]) == "success"
    assert [one.level for one in jobs["performance-regression"].annotations] == ["warning"]
    assert len(done) >= 55
    assert all(run.created_at.hour == 2 and run.created_at.minute < 4 for run in done)


def test_main_is_ahead_of_what_waits(world: World) -> None:
    newest = world.tags[max(world.tags, key=version)]
    ahead = world.compare(newest.commit, world.branches["main"])
    assert ahead.status == "ahead"
    assert ahead.ahead_by >= 2
    assert any(commit.message.startswith("feat") for commit in ahead.commits)
    code, answer = world.health("staging")
    assert (code, answer["commit"]) == (200, world.branches["main"])
    assert answer["version"] == f"main-{world.branches['main'][:7]}"


def test_production_runs_the_last_released_version(world: World) -> None:
    code, answer = world.health("production")
    assert code == 200
    assert answer["status"] == "ok"
    assert world.releases[0].tag == f"v{answer['version']}"
    assert answer["commit"] == world.tags[world.releases[0].tag].commit
    uptime = answer["uptime"]
    assert isinstance(uptime, int)
    assert uptime > 3600
    assert world.health("nowhere") == (503, {"status": "unavailable"})


# Eight weeks


def test_eight_weeks_hold_what_eight_weeks_hold(world: World) -> None:
    done = runs(world, lambda run: status(run) == "completed")
    found = Counter(conclusion(run) for run in done)
    assert 700 < len(done) < 1500
    assert 0.005 < found["failure"] / (found["failure"] + found["success"]) < 0.05
    assert found["cancelled"] >= 5
    assert sum(len(run.attempts) > 1 for run in done) >= 4
    assert len({run.actor.login for run in done}) >= 8
    assert min(run.created_at for run in done) >= world.now() - timedelta(days=56)
    weekend = [run for run in done if run.created_at.weekday() >= 5 and run.event == "pull_request"]
    assert len(weekend) < len(done) / 10
    dependabot = [c for c in world.commits.values() if c.author.login == "dependabot[bot]"]
    assert dependabot


def test_durations_are_the_references(world: World) -> None:
    def minutes(workflow: int, key: str) -> float:
        return median(
            (job.completed_at - job.started_at).total_seconds() / 60
            for run in runs(world, lambda run: run.workflow_id == workflow)
            for job in world.jobs[run.id]
            if job.key == key and job.conclusion == "success" and job.completed_at
        )

    assert 2 <= minutes(CI.id, "lint") <= 3
    assert 6 <= minutes(CI.id, "test") <= 8
    assert 2 <= minutes(CI.id, "security") <= 3
    assert 2.5 <= minutes(CI.id, "build") <= 3.5
    assert 5 <= minutes(CI.id, "performance") <= 7
    assert 4 <= minutes(CD.id, "deploy-staging") <= 6
    assert 10 <= minutes(CD.id, "deploy-production") <= 13


def test_performance_runs_on_pull_requests_only(world: World) -> None:
    for run in runs(world, lambda run: run.workflow_id == CI.id and conclusion(run) == "success"):
        expected = "success" if run.event == "pull_request" else "skipped"
        assert latest(world, run)["performance"].conclusion == expected
        assert (run.pull_request is not None) == (run.event == "pull_request")


def test_one_deploy_rolled_itself_back(world: World) -> None:
    (run,) = runs(
        world,
        lambda run: any(
            job.key == "rollback-production" and job.conclusion == "success" for job in world.jobs[run.id]
        ),
    )
    jobs = latest(world, run)
    assert conclusion(run) == "failure"
    assert jobs["deploy-production"].conclusion == "failure"
    assert jobs["release"].conclusion == "skipped"
    assert all(release.tag != run.branch for release in world.releases)
    (deployment,) = [one for one in world.deployments if one.ref == run.branch]
    assert [one.state for one in deployment.statuses] == ["waiting", "queued", "in_progress", "failure"]


def test_one_version_was_withdrawn_by_a_higher_tag(world: World) -> None:
    (tag,) = [tag for tag in world.tags.values() if "Relman-Rollback-Of:" in tag.message]
    bad = re.findall(r"Relman-Rollback-Of: (\S+)", tag.message)[0]
    good = re.findall(r"Relman-Rollback-To: (\S+)", tag.message)[0]
    assert version(tag.name) == (*version(bad)[:2], version(bad)[2] + 1)
    assert tag.commit == world.tags[good].commit
    assert world.tags[bad].commit not in world.ancestors(tag.commit)
    by_tag = {release.tag: release for release in world.releases}
    assert by_tag[bad].prerelease
    assert not by_tag[tag.name].prerelease
    states = {one.ref: one.statuses[-1].state for one in world.deployments if one.environment == "production"}
    assert states[bad] == states[tag.name] == "inactive"


def test_one_hotfix_left_from_the_tag_in_production(world: World) -> None:
    (tag,) = [tag for tag in world.tags.values() if tag.message.startswith("Hotfix")]
    commit = world.commits[tag.commit]
    (source,) = [one for one in world.tags.values() if one.commit == commit.parents[0]]
    assert version(tag.name) == (*version(source.name)[:2], version(source.name)[2] + 1)
    assert tag.at is not None
    before = [
        one
        for one in world.deployments
        if one.environment == "production"
        and any(entry.state == "success" and entry.at < tag.at for entry in one.statuses)
    ]
    assert before[0].ref == source.name
    merged = world.ancestors(world.branches["main"])
    assert tag.commit in merged
    merges = [world.commits[sha].parents for sha in merged if len(world.commits[sha].parents) == 2]
    assert [parents[1] for parents in merges] == [tag.commit]


def test_versions_rise_by_what_was_committed(world: World) -> None:
    """The newest tag reachable from a tag's commit, and the kinds of commits since, give its version."""
    checked = 0
    for tag in world.tags.values():
        if not tag.message.startswith("Release") or tag.name == "v1.4.0":
            continue
        assert tag.at is not None
        earlier = [one for one in world.tags.values() if one.at and one.at < tag.at]
        highest = max(earlier, key=lambda one: version(one.name))
        mine = world.ancestors(tag.commit)
        base = max((one for one in earlier if one.commit in mine), key=lambda one: version(one.name))
        commits = [world.commits[sha] for sha in mine - world.ancestors(base.commit)]
        major, minor, patch = version(highest.name)
        feature = any(commit.message.startswith("feat") for commit in commits)
        assert version(tag.name) == ((major, minor + 1, 0) if feature else (major, minor, patch + 1))
        checked += 1
    assert checked >= 12


def test_releases_have_notes(world: World) -> None:
    assert len(world.releases) >= 12
    assert world.releases == sorted(world.releases, key=lambda one: one.id, reverse=True)
    for release in world.releases[:-1]:
        assert "Full Changelog" in release.body
        assert release.published_at is not None
        assert release.published_at >= release.created_at
        assert release.tag in world.tags
    assert sum("in https://github.com/acme/agentic-backend/pull/" in one.body for one in world.releases) >= 12


def test_tags_are_annotated(world: World) -> None:
    assert all(tag.object_sha and tag.message and tag.tagger and tag.at for tag in world.tags.values())
    assert len({tag.object_sha for tag in world.tags.values()}) == len(world.tags)


def test_environments(world: World) -> None:
    staging, production = world.environments
    assert (staging.name, staging.wait_minutes, staging.reviewers) == ("staging", 0, [])
    assert (production.name, production.wait_minutes, production.tags_only) == ("production", 5, ["v*"])
    assert production.prevent_self_review
    assert len(production.reviewers) == 2
    assert world.viewer in production.reviewers
    assert all(world.viewer in one.members for one in production.reviewers if isinstance(one, TeamRecord))


def test_production_was_reviewed_by_others(world: World) -> None:
    deployed = runs(
        world,
        lambda run: run.ref.startswith("refs/tags/") and status(run) == "completed",
    )
    assert deployed
    for run in deployed:
        (review,) = run.reviews
        assert review.state == "approved"
        assert review.user is not run.actor
        assert review.at >= run.created_at
        started = latest(world, run)["deploy-production"].started_at
        assert started - run.created_at >= timedelta(minutes=5)


# One seed, one world


def test_the_same_seed_gives_the_same_world() -> None:
    one, two = (World(seed=9, start=AT_NOON, clock=lambda: AT_NOON) for _ in range(2))
    assert (one.runs, one.jobs, one.deployments) == (two.runs, two.jobs, two.deployments)
    assert (one.commits, one.branches, one.tags) == (two.commits, two.branches, two.tags)
    assert (one.releases, one.pulls, one.environments) == (two.releases, two.pulls, two.environments)
    assert (one.workflows, one.health("staging")) == (two.workflows, two.health("staging"))
    job = next(job for jobs in one.jobs.values() for job in jobs if job.conclusion == "failure")
    assert one.log(job) == two.log(job)


def test_another_seed_gives_another_world() -> None:
    one, two = world_at(1, AT_NOON), world_at(2, AT_NOON)
    assert list(one.runs) != list(two.runs)
    assert one.branches["main"] != two.branches["main"]
    assert [job.started_at for jobs in one.jobs.values() for job in jobs] != [
        job.started_at for jobs in two.jobs.values() for job in jobs
    ]


def test_a_start_in_another_zone_is_the_same_moment() -> None:
    elsewhere = AT_NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    world = World(seed=1, start=elsewhere, clock=lambda: elsewhere)
    assert world.now() == AT_NOON
    assert world.runs == world_at(1, AT_NOON).runs


def test_every_table_is_known_to_the_workflows(world: World) -> None:
    assert [(one.id, one.name, one.path) for one in world.workflows] == [
        (table.id, table.name, table.path) for table in BY_ID.values()
    ]
    assert all(run.workflow_id in BY_ID for run in world.runs.values())
