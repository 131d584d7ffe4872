"""relman's own reader against the world: two parts of the project that share no code must agree."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from relman.config import load
from relman.demo import embed
from relman.errors import Kind, RelmanError
from relman.github.reader import Reader
from relman.model.state import State
from relman.secret import Secret


@pytest.fixture
async def reader(world: embed.Embedded) -> AsyncIterator[Reader]:
    opened = Reader(world.repo, api_url=world.api_url, token=Secret(world.token))
    yield opened
    await opened.aclose()


async def test_every_read_has_an_answer_it_understands(reader: Reader, tmp_path: Path) -> None:
    assert (await reader.repository()).value.default_branch == "main"
    assert (await reader.viewer()).value.login
    assert (await reader.rate_limit()).value.limit == 5000
    assert {one.file for one in (await reader.workflows()).value} == {"ci.yml", "cd.yml", "scheduled.yml"}
    assert "jobs:" in (await reader.workflow_file(".github/workflows/ci.yml", "main")).value
    runs = (await reader.runs()).value
    states = {run.state for run in runs.items}
    assert {State.RUNNING, State.WAITING, State.SUCCESS, State.FAILURE} <= states
    waiting = next(run for run in runs.items if run.state is State.WAITING)
    pending = (await reader.pending_deployments(waiting.id)).value
    assert [(one.environment, one.wait_minutes) for one in pending] == [("production", 5)]
    failed = next(run for run in runs.items if run.state is State.FAILURE)
    jobs = (await reader.jobs(failed.id)).value
    broken = next(job for job in jobs if job.state is State.FAILURE)
    assert broken.check_run_id is not None
    assert (await reader.annotations(broken.check_run_id)).value
    assert (await reader.job(broken.id)).value.name == broken.name
    assert (await reader.attempt(failed.id, 1)).value.attempt == 1
    await reader.save_job_log(broken.id, tmp_path / "job.log")
    assert b"##[error]" in (tmp_path / "job.log").read_bytes()
    await reader.save_run_log(failed.id, tmp_path / "run.zip")
    assert (tmp_path / "run.zip").read_bytes().startswith(b"PK")
    environments = {one.name: one for one in (await reader.environments()).value}
    assert environments["production"].custom_policies
    assert [(one.pattern, one.kind) for one in (await reader.branch_policies("production")).value] == [
        ("v*", "tag")
    ]
    deployments = (await reader.deployments(environment="production")).value.items
    done = next(one for one in deployments if one.id)
    assert (await reader.deployment_statuses(done.id)).value
    assert (await reader.approvals(next(run.id for run in runs.items))).value == ()
    tags = (await reader.tags()).value.items
    releases = (await reader.releases()).value.items
    assert {release.tag for release in releases} <= {tag.name for tag in tags}
    assert (await reader.compare(releases[0].tag, "main")).value.ahead_by > 0


async def test_what_a_change_is_planned_from(reader: Reader) -> None:
    main = (await reader.branch("main")).value
    assert main is not None
    assert (await reader.branch("no-such-branch")).value is None
    commits = (await reader.commits("main", per_page=5)).value
    assert commits.items[0].sha == main.sha
    assert commits.more
    assert (await reader.commit(main.sha[:12])).value.sha == main.sha
    newest = (await reader.releases()).value.items[0]
    tag = (await reader.tag_ref(newest.tag)).value
    assert tag is not None
    assert tag.annotated
    assert tag.sha == (await reader.commit(newest.tag)).value.sha
    assert {tag.name: tag.sha}.items() <= {
        one.name: one.sha for one in (await reader.tags()).value.items
    }.items()
    assert (await reader.tag_ref(newest.tag[:-1])).value is None
    assert (await reader.release_of_tag(newest.tag)).value == newest
    assert (await reader.release_of_tag("v0.0.0-none")).value is None
    checks = (await reader.check_runs(tag.sha)).value
    assert checks
    assert {one.app for one in checks} == {"github-actions"}
    assert (await reader.commit_statuses(tag.sha)).value == ()


async def test_asking_again_costs_nothing(reader: Reader) -> None:
    first = await reader.runs()
    charged = reader.budget.charged
    again = await reader.runs()
    assert again.value is first.value
    assert reader.budget.charged == charged


async def test_faults_become_problems_with_a_kind(reader: Reader, client: httpx.Client) -> None:
    hand = httpx.AsyncClient(base_url=client.base_url, headers=client.headers)
    for wish, kind in (
        ({"kind": "sso"}, Kind.SSO),
        ({"kind": "permission"}, Kind.PERMISSION),
        ({"kind": "status", "status": 401, "message": "Bad credentials"}, Kind.AUTH),
        ({"kind": "status", "status": 410}, Kind.GONE),
        ({"kind": "body", "body": "{"}, Kind.SERVER),
    ):
        await hand.post("/_world/clear")
        switched = await hand.post("/_world/faults", json={"match": "/environments", "times": None, **wish})
        switched.raise_for_status()
        with pytest.raises(RelmanError) as raised:
            await reader.environments()
        assert raised.value.problem.kind is kind, wish
    await hand.post("/_world/clear")
    await hand.aclose()


def test_the_configuration_it_writes_is_one_that_relman_reads(world: embed.Embedded) -> None:
    settings = load(world.config, None)
    assert settings.repository == world.repo
    written = tomllib.loads(world.config.read_text())["environments"]
    assert {name: one.url for name, one in settings.environments.items()} == {
        name: one["url"] for name, one in written.items()
    }
