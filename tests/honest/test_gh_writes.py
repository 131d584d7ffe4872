"""The real ``gh`` changes the world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from relman.demo import embed
from tests.honest.conftest import NOW
from tests.honest.gh_program import Gh, runner


@pytest.fixture(scope="module")
def changing() -> Iterator[embed.Embedded]:
    with embed.start(seed=1, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture(scope="module")
def agent(changing: embed.Embedded) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {changing.token}"}
    base = f"{changing.api_url}/repos/{changing.repo}"
    with httpx.Client(base_url=base, headers=headers) as opened:
        yield opened


@pytest.fixture
def gh(changing: embed.Embedded, tmp_path: Path) -> Gh:
    return runner(changing, tmp_path)


def _advance(changing: embed.Embedded, agent: httpx.Client, seconds: int) -> None:
    agent.post(f"{changing.api_url}/_world/advance", json={"seconds": seconds}).raise_for_status()


def _run(agent: httpx.Client, query: str) -> dict[str, object]:
    return dict(agent.get(f"/actions/runs?per_page=1&{query}").json()["workflow_runs"][0])


def test_release_create_view_edit_and_delete(gh: Gh, agent: httpx.Client) -> None:
    address = gh("release", "create", "v7.0.0", "--generate-notes", "--title", "Seven", "--target", "main")
    assert address.strip().endswith("/releases/tag/v7.0.0")
    shown = json.loads(gh("release", "view", "v7.0.0", "--json", "name,body,tagName,isDraft,targetCommitish"))
    assert (shown["name"], shown["isDraft"], shown["targetCommitish"]) == ("Seven", False, "main")
    assert "**Full Changelog**" in shown["body"]
    assert agent.get("/git/ref/tags/v7.0.0").json()["object"]["type"] == "commit"
    gh("release", "create", "v7.1.0", "--draft", "--notes", "soon")
    draft = json.loads(gh("release", "view", "v7.1.0", "--json", "isDraft,body"))
    assert draft == {"isDraft": True, "body": "soon"}
    gh("release", "edit", "v7.1.0", "--draft=false", "--prerelease")
    assert agent.get("/releases/tags/v7.1.0").json()["prerelease"] is True
    gh("release", "delete", "v7.1.0", "--yes")
    assert agent.get("/releases/tags/v7.1.0").status_code == 404
    gh("release", "create", "v7.0.0", "--notes", "again", fails="already")


def test_run_rerun_and_delete(gh: Gh, agent: httpx.Client, changing: embed.Embedded) -> None:
    run = _run(agent, "status=failure&event=pull_request")
    number = str(run["id"])
    gh("run", "rerun", number, "--failed", "--debug")
    gh("run", "rerun", number, fails="already running")
    _advance(changing, agent, 1800)
    assert _run(agent, f"check_suite_id={run['check_suite_id']}")["run_attempt"] == 2
    assert "##[debug]" in gh("run", "view", number, "--log")
    gh("run", "rerun", number)
    _advance(changing, agent, 1800)
    job = agent.get(f"/actions/runs/{number}/jobs").json()["jobs"][0]
    gh("run", "rerun", "--job", str(job["id"]))
    _advance(changing, agent, 1800)
    assert agent.get(f"/actions/runs/{number}").json()["run_attempt"] == 4
    gh("run", "delete", number)
    assert agent.get(f"/actions/runs/{number}").status_code == 404


def test_workflow_run_and_run_cancel(gh: Gh, agent: httpx.Client, changing: embed.Embedded) -> None:
    gh("workflow", "run", "cd.yml", "--ref", "main", "-f", "environment=staging")
    _advance(changing, agent, 60)
    run = _run(agent, "event=workflow_dispatch")
    assert run["status"] == "in_progress"
    gh("run", "cancel", str(run["id"]))
    _advance(changing, agent, 20)
    assert _run(agent, "event=workflow_dispatch")["conclusion"] == "cancelled"
    gh("run", "cancel", str(run["id"]), fails="Cannot cancel")
    gh("workflow", "run", "cd.yml", "--ref", "nowhere", fails="No ref found")


def test_workflows_are_switched(gh: Gh, agent: httpx.Client) -> None:
    gh("workflow", "disable", "cd.yml")
    assert agent.get("/actions/workflows/cd.yml").json()["state"] == "disabled_manually"
    gh("workflow", "enable", "cd.yml")
    assert agent.get("/actions/workflows/cd.yml").json()["state"] == "active"
