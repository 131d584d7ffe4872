"""The hand behind the world: every kind of fault, the memory, the clock."""

from __future__ import annotations

import time

import httpx
import pytest

from relman.demo.faults import KINDS
from tests.demo.world_server import R, Served

PATH = f"{R}/tags"


def test_only_the_holder_of_the_token_reaches_the_hand(server: Served) -> None:
    assert httpx.get(f"{server.api_url}/_world").status_code == 404
    assert server.get("/_world").json()["frozen"] is True
    assert server.get("/_world/elsewhere").status_code == 404


@pytest.mark.parametrize(
    ("kind", "wish", "status"),
    [
        ("status", {"status": 503}, 503),
        ("status", {"status": 422, "body": {"message": "Validation Failed", "errors": ["a string"]}}, 422),
        ("html", {}, 502),
        ("rate-limit", {}, 403),
        ("rate-limit", {"status": 429}, 429),
        ("secondary", {}, 403),
        ("sso", {}, 403),
        ("permission", {}, 403),
        ("server-error", {}, 500),
    ],
)
def test_a_fault_answers_once_and_is_gone(
    server: Served, kind: str, wish: dict[str, object], status: int
) -> None:
    server.fault(kind, "/tags", **wish)
    assert server.get(f"{R}/branches").status_code == 200
    assert server.get(PATH).status_code == status
    assert server.get(PATH).status_code == 200


def test_the_marks_of_each_refusal(server: Served) -> None:
    server.fault("rate-limit")
    limited = server.get(PATH)
    assert limited.headers["x-ratelimit-remaining"] == "0"
    server.fault("secondary", retry_after=7)
    assert server.get(PATH).headers["retry-after"] == "7"
    server.fault("secondary", retry_after=None)
    bare = server.get(PATH)
    assert "retry-after" not in bare.headers
    assert "secondary rate limit" in bare.json()["message"]
    server.fault("sso")
    assert server.get(PATH).headers["x-github-sso"].startswith("required; url=")
    server.fault("permission")
    assert server.get(PATH).headers["x-accepted-github-permissions"] == "metadata=read"
    server.fault("html")
    assert server.get(PATH).headers["content-type"].startswith("text/html")


def test_a_connection_can_be_cut_before_and_after_and_in_the_middle(server: Served) -> None:
    server.fault("reset")
    with pytest.raises(httpx.ReadError):
        server.get(PATH)
    server.fault("reset", after=True)
    with pytest.raises(httpx.ReadError):
        server.get(PATH)
    server.fault("truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        server.get(PATH)
    assert server.get(PATH).status_code == 200


def test_a_delay_waits_and_then_answers(server: Served) -> None:
    server.fault("delay", seconds=0.15)
    began = time.monotonic()
    assert server.get(PATH).status_code == 200
    assert time.monotonic() - began >= 0.15


def test_bodies_and_texts_can_be_replaced(server: Served) -> None:
    server.fault("body", body="{not json")
    assert server.get(PATH).text == "{not json"
    server.fault("body", body=[1])
    assert server.get(PATH).json() == [1]
    server.fault("text", fields=["display_title", "message"], value="\x1b]0;x\x07[/red]")
    for run in server.get(f"{R}/actions/runs").json()["workflow_runs"]:
        assert run["display_title"] == run["head_commit"]["message"] == "\x1b]0;x\x07[/red]"
    assert "[/red]" not in server.get(f"{R}/actions/runs").text


def test_faults_reach_the_other_origins_and_only_the_method_named(server: Served) -> None:
    server.fault("status", status=503, origin="service", times=2)
    assert server.get(PATH).status_code == 200
    assert httpx.get(f"{server.service_url}/staging/api/v1/health").status_code == 503
    server.fault("status", status=418, method="POST", origin="api")
    assert server.get(PATH).status_code == 200
    assert server.client.post("/graphql", json={}).status_code == 418


@pytest.mark.parametrize(
    "wish", [{"kind": "none"}, {"kind": "html", "colour": 1}, {"kind": "html", "match": "("}, {}]
)
def test_a_wrong_wish_is_refused(server: Served, wish: dict[str, object]) -> None:
    assert server.client.post("/_world/faults", json=wish).status_code == 422
    assert server.get("/_world/faults").json() == {"faults": []}


def test_every_kind_is_documented() -> None:
    import relman.demo.faults as module

    assert all(f"``{kind}``" in (module.__doc__ or "") for kind in KINDS)


def test_the_memory_tells_what_was_asked(server: Served) -> None:
    server.move("clear")
    etag = server.get(PATH).headers["etag"]
    server.get(PATH + "?per_page=30", if_none_match=etag)
    httpx.get(f"{server.service_url}/staging/api/v1/health")
    seen = server.get("/_world/requests").json()["requests"]
    assert [(one["origin"], one["status"], one["conditional"], one["charged"]) for one in seen] == [
        ("api", 200, False, True),
        ("api", 304, True, False),
        ("service", 200, False, False),
    ]
    assert seen[1]["path"] == PATH + "?per_page=30"
    assert server.get(f"/_world/requests?since={seen[0]['number']}").json()["requests"] == seen[1:]


def test_moving_the_clock_moves_the_world(own_server: Served) -> None:
    server = own_server
    before = server.get("/_world").json()["now"]
    active = server.get(f"{R}/actions/runs?status=in_progress").json()["workflow_runs"]
    after = server.move("advance", seconds=3 * 3600).json()["now"]
    assert after > before
    for run in active:
        assert server.get(f"{R}/actions/runs/{run['id']}").json()["status"] == "completed"
    assert server.client.post("/_world/advance", json={"seconds": -1}).status_code == 422


def test_a_mistake_of_the_world_is_a_server_s_error_and_is_told(
    own_server: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(own_server.site.world, "advance", fails)
    answer = own_server.get(PATH)
    assert answer.status_code == 500
    assert answer.json() == {"message": "Server Error"}
    assert "a mistake" in capfd.readouterr().err
