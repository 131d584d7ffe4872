"""The real ``gh`` at work on the world, over plain HTTP through the proxy setting it honours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from relman.demo import embed
from tests.honest.conftest import NOW
from tests.honest.gh_program import Gh, runner


@pytest.fixture
def gh(world: embed.Embedded, tmp_path: Path) -> Gh:
    return runner(world, tmp_path)


def _runs(client: httpx.Client, world: embed.Embedded, query: str) -> list[dict[str, object]]:
    answer = client.get(f"/repos/{world.repo}/actions/runs?{query}").json()
    return list(answer["workflow_runs"])


def test_run_list(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    rows = [line.split("\t") for line in gh("run", "list", "-L", "120").splitlines()]
    runs = _runs(client, world, "per_page=100") + _runs(client, world, "per_page=100&page=2")[:20]
    assert [row[6] for row in rows] == [str(run["id"]) for run in runs]
    failed = gh("run", "list", "--status", "failure", "-w", "CI", "-L", "4", "--json", "databaseId,conclusion")
    assert {run["conclusion"] for run in json.loads(failed)} == {"failure"}


def test_run_view_of_every_kind_of_run(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    for status in ("in_progress", "waiting", "failure", "success", "cancelled"):
        run = _runs(client, world, f"status={status}&per_page=1")[0]
        shown = gh("run", "view", str(run["id"]), "-v")
        assert str(run["id"]) in shown
        assert "JOBS" in shown
        fields = gh("run", "view", str(run["id"]), "--json", "status,headSha,jobs,attempt")
        assert json.loads(fields)["headSha"] == run["head_sha"]


def test_run_view_of_an_earlier_attempt(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    run = next(
        run
        for page in range(1, 12)
        for run in _runs(client, world, f"per_page=100&page={page}")
        if run["run_attempt"] != 1
    )
    shown = gh("run", "view", str(run["id"]), "--attempt", "1", "--json", "attempt,jobs")
    assert json.loads(shown)["attempt"] == 1
    assert gh("run", "view", str(run["id"]), "--attempt", "1")


def test_logs_of_a_failed_run(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    run = _runs(client, world, "status=failure&event=pull_request&per_page=1")[0]
    jobs = client.get(f"/repos/{world.repo}/actions/runs/{run['id']}/jobs").json()["jobs"]
    whole = gh("run", "view", str(run["id"]), "--log")
    failed = gh("run", "view", str(run["id"]), "--log-failed")
    ran = {job["name"] for job in jobs if job["conclusion"] not in ("skipped", "cancelled")}
    assert ran <= {line.split("\t")[0] for line in whole.splitlines()}
    assert {line.split("\t")[0] for line in failed.splitlines()} == {
        job["name"] for job in jobs if job["conclusion"] == "failure"
    }
    assert "##[error]" in failed


def test_the_token_stays_on_its_host(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    run = _runs(client, world, "status=success&per_page=1")[0]
    gh("run", "view", str(run["id"]), "--log")
    seen = client.get("/_world/requests").json()["requests"]
    stored = [one for one in seen if one["origin"] == "storage"]
    assert stored
    assert not any(one["authorization"] for one in stored)


def test_workflows(gh: Gh) -> None:
    assert [line.split("\t")[0] for line in gh("workflow", "list").splitlines()] == ["CI", "CD", "Scheduled"]
    assert "jobs:" in gh("workflow", "view", "ci.yml", "--yaml")


def test_releases(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    releases = client.get(f"/repos/{world.repo}/releases?per_page=100").json()
    latest = client.get(f"/repos/{world.repo}/releases/latest").json()
    listed = json.loads(gh("release", "list", "-L", "100", "--json", "tagName,isLatest,publishedAt"))
    assert [one["tagName"] for one in listed] == [one["tag_name"] for one in releases]
    assert [one["tagName"] for one in listed if one["isLatest"]] == [latest["tag_name"]]
    assert f"tag:\t{latest['tag_name']}" in gh("release", "view")
    assert releases[-1]["name"] in gh("release", "view", releases[-1]["tag_name"])


def test_api_paginate(gh: Gh, client: httpx.Client, world: embed.Embedded) -> None:
    found = gh("api", "--paginate", f"repos/{world.repo}/tags?per_page=7", "--jq", ".[].name", repository=False)
    assert found.split() == [tag["name"] for tag in client.get(f"/repos/{world.repo}/tags?per_page=100").json()]


@pytest.fixture
def fast_world() -> Iterator[embed.Embedded]:
    with embed.start(seed=1, now=NOW, speed=80) as running:
        yield running


def test_run_watch_until_the_run_ends(fast_world: embed.Embedded, tmp_path: Path) -> None:
    gh = runner(fast_world, tmp_path)
    with httpx.Client(
        base_url=fast_world.api_url, headers={"authorization": f"Bearer {fast_world.token}"}
    ) as client:
        # Begun only now, so that it still runs when a slow machine has started gh.
        wish = {"ref": "main", "inputs": {"environment": "staging"}, "return_run_details": True}
        started = client.post(f"/repos/{fast_world.repo}/actions/workflows/cd.yml/dispatches", json=wish)
        run = {"id": started.json()["workflow_run_id"]}
        shown = gh("run", "watch", str(run["id"]), "-i", "1")
        after = client.get(f"/repos/{fast_world.repo}/actions/runs/{run['id']}").json()
    assert "JOBS" in shown
    assert after["status"] == "completed"
