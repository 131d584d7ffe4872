"""Writes that go wrong on the way, and other people who are faster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.demo.world_server import R, Served, new_site, served


@pytest.fixture(scope="module")
def one_server() -> Iterator[Served]:
    with served(new_site()) as running:
        yield running


@pytest.fixture
def server(one_server: Served) -> Iterator[Served]:
    yield one_server
    one_server.move("clear")


def _head(server: Served) -> str:
    return str(server.get(f"{R}/branches/main").json()["commit"]["sha"])


def _tag(server: Served, name: str) -> httpx.Response:
    return server.client.post(f"{R}/git/refs", json={"ref": f"refs/tags/{name}", "sha": _head(server)})


def _exists(server: Served, name: str) -> bool:
    return server.get(f"{R}/git/ref/tags/{name}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "wish", "status"),
    [
        ("html", {}, 502),
        ("status", {"status": 504}, 504),
        ("server-error", {}, 500),
        ("secondary", {"retry_after": 7}, 403),
        ("rate-limit", {}, 403),
        ("permission", {}, 403),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_fault_strikes_before_or_after_the_write(
    server: Served, kind: str, wish: dict[str, Any], status: int, after: bool
) -> None:
    name = f"{kind}-{after}"
    server.fault(kind, "/git/refs$", method="POST", after=after, **wish)
    answer = _tag(server, name)
    assert answer.status_code == status
    assert _exists(server, name) is after
    assert ("retry-after" in answer.headers) is (kind == "secondary")


def test_a_connection_cut_after_the_write_leaves_the_tag(server: Served) -> None:
    server.fault("reset", "/git/refs$", method="POST", after=True)
    with pytest.raises(httpx.ReadError):
        _tag(server, "cut-after")
    server.fault("reset", "/git/refs$", method="POST")
    with pytest.raises(httpx.ReadError):
        _tag(server, "cut-before")
    assert (_exists(server, "cut-after"), _exists(server, "cut-before")) == (True, False)


def test_a_timeout_after_the_write_leaves_the_tag(server: Served) -> None:
    server.fault("delay", "/git/refs$", method="POST", seconds=20.0, after=True)
    wish = {"ref": "refs/tags/late", "sha": _head(server)}
    with pytest.raises(httpx.ReadTimeout):
        server.client.post(f"{R}/git/refs", json=wish, timeout=0.3)
    assert _exists(server, "late")


def test_every_write_can_be_met_by_method_and_path(server: Served) -> None:
    server.fault("secondary", method="POST", times=None, retry_after=3)
    for path in ("/git/tags", "/releases", "/actions/workflows/cd.yml/dispatches", "/pulls"):
        answer = server.client.post(R + path, json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (403, "3")
    assert server.client.put(f"{R}/actions/workflows/cd.yml/enable").json()["message"].startswith("Unable to")


def test_somebody_else_is_faster(server: Served) -> None:
    made = server.move("act", **{"do": "tag", "as": "tomasnovak", "tag": "v8.0.0", "message": "Mine"}).json()
    assert _tag(server, "v8.0.0").status_code == 422
    tag = server.get(f"{R}/git/tags/{made['object']}").json()
    assert (tag["tagger"]["name"], tag["message"], tag["object"]["sha"]) == (
        "Tomáš Novák",
        "Mine",
        made["commit"],
    )
    run = server.get(f"{R}/actions/runs?branch=v8.0.0").json()["workflow_runs"][0]
    server.move("advance", seconds=400)
    server.move("act", **{"do": "approve", "as": "linnea-b", "run": run["id"], "comment": "me first"})
    here = f"{R}/actions/runs/{run['id']}"
    (approval,) = server.get(f"{here}/approvals").json()
    assert (approval["user"]["login"], approval["comment"]) == ("linnea-b", "me first")
    environment = approval["environments"][0]["id"]
    wish = {"environment_ids": [environment], "state": "rejected", "comment": ""}
    late = server.client.post(f"{here}/pending_deployments", json=wish)
    assert late.status_code == 422
    assert "no pending deployment requests" in late.json()["message"]
    (pending,) = server.get(f"{here}/pending_deployments").json()
    assert pending["current_user_can_approve"] is False
    server.move("act", do="cancel", run=run["id"], force=True)
    assert server.get(here).json()["conclusion"] == "cancelled"
    server.move("act", **{"do": "rerun", "as": "amara-okafor", "run": run["id"]})
    assert server.get(here).json()["triggering_actor"]["login"] == "amara-okafor"
    server.move("act", do="cancel", run=run["id"], force=True)
    server.move("act", do="delete", run=run["id"])
    assert server.get(here).status_code == 404


def test_an_environment_s_protection_can_be_changed(server: Served) -> None:
    wish = {"name": "production", "wait_minutes": 0, "prevent_self_review": False, "reviewers": ["jonas-weber"]}
    server.move("environment", **wish)
    rules = {one["type"]: one for one in server.get(f"{R}/environments/production").json()["protection_rules"]}
    assert "wait_timer" not in rules
    assert rules["required_reviewers"]["reviewers"][0]["reviewer"]["login"] == "jonas-weber"
    assert _tag(server, "v8.2.0").status_code == 201
    server.move("advance", seconds=400)
    run = server.get(f"{R}/actions/runs?branch=v8.2.0").json()["workflow_runs"][0]
    here = f"{R}/actions/runs/{run['id']}"
    (pending,) = server.get(f"{here}/pending_deployments").json()
    assert pending["current_user_can_approve"] is True
    wish = {"environment_ids": [pending["environment"]["id"]], "state": "approved", "comment": ""}
    assert server.client.post(f"{here}/pending_deployments", json=wish).status_code == 200
    assert server.get(here).json()["status"] == "in_progress"
    server.move("act", do="cancel", run=run["id"], force=True)
    for wrong in ({"name": "moon"}, {"name": "production", "reviewers": ["nobody"]}):
        assert server.client.post("/_world/environment", json=wrong).status_code == 422
    protection = {
        "wait_minutes": 5,
        "prevent_self_review": True,
        "reviewers": ["jonas-weber", "release-managers"],
    }
    server.move("environment", name="production", **protection)


def test_a_wish_of_somebody_else_can_be_refused(server: Served) -> None:
    for wish in (
        {"do": "fly"},
        {"do": "tag", "tag": "v1.4.0"},
        {"do": "cancel", "run": 1},
        {"do": "merge", "pull": 1},
    ):
        assert server.client.post("/_world/act", json=wish).status_code == 422
    assert server.client.post("/_world/fate", json={"failure": "boredom"}).status_code == 422
    assert server.client.post("/_world/push", json={"branch": "x"}).status_code == 422


def test_a_fate_meets_what_is_started_next_and_nothing_after(server: Served) -> None:
    server.move("fate", failure="unit")
    sha = server.move("push", branch="develop", message="feat: x", files={"app/x.py": "x = 1\n"}).json()["sha"]
    server.move("act", do="dispatch", workflow="cd.yml", inputs={"environment": "staging"})
    server.move("advance", seconds=1800)
    (run,) = server.get(f"{R}/actions/runs?head_sha={sha}").json()["workflow_runs"]
    assert run["conclusion"] == "failure"
    dispatched = server.get(f"{R}/actions/runs?event=workflow_dispatch").json()["workflow_runs"][0]
    assert dispatched["conclusion"] == "success"


def test_a_merge_by_somebody_else_moves_main(server: Served) -> None:
    pull = server.get(f"{R}/pulls").json()[0]
    merged = server.move("act", **{"do": "merge", "as": "tomasnovak", "pull": pull["number"]}).json()
    assert _head(server) == merged["sha"]
    after = server.get(f"{R}/pulls/{pull['number']}").json()
    assert (after["merged"], after["merged_by"]["login"]) == (True, "tomasnovak")
    assert server.client.post("/_world/act", json={"do": "merge", "pull": pull["number"]}).status_code == 422
    server.move("advance", seconds=6 * 3600)
