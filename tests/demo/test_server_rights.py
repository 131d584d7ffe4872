"""What a token may do, and how what it may not is refused."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from relman.demo.rights import PERMISSIONS
from relman.demo.routes import EVERY
from relman.demo.routing import Route
from tests.demo.world_server import R, Served, new_site, served

WRITES = [route for route in EVERY if route.writes]


@pytest.fixture(scope="module")
def one_server() -> Iterator[Served]:
    with served(new_site()) as running:
        yield running


@pytest.fixture
def server(one_server: Served) -> Iterator[Served]:
    yield one_server
    one_server.move("clear")


def _write(server: Served, route: Route) -> httpx.Response:
    """Asks for something that is not there, so that whoever may ask changes nothing."""
    path = route.template.replace("{owner}", "acme").replace("{repo}", "agentic-backend")
    for name in ("run", "job", "release", "pull"):
        path = path.replace(f"{{{name}:int}}", "1")
    path = path.replace("{workflow}", "none.yml").replace("{ref:path}", "heads/none")
    return server.client.request(route.method, path, json={})


@pytest.mark.parametrize("route", WRITES, ids=lambda route: f"{route.method} {route.template[22:]}")
def test_every_write_needs_its_own_permission(server: Served, route: Route) -> None:
    allowed = _write(server, route)
    assert allowed.status_code in (404, 422), "with every right it is a matter of the request"
    assert allowed.headers["x-accepted-github-permissions"] == route.needs
    assert allowed.headers["x-accepted-oauth-scopes"] == "repo"

    needed = {one.strip().partition("=")[0] for part in route.needs.split(";") for one in part.split(",")}
    server.move("token", kind="fine-grained", permissions=dict.fromkeys(needed, "read"))
    refused = _write(server, route)
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by personal access token"
    assert refused.headers["x-accepted-github-permissions"] == route.needs
    assert "x-oauth-scopes" not in refused.headers

    others = {name: "read" for name in PERMISSIONS if name not in needed}
    server.move("token", permissions=others)
    assert _write(server, route).status_code == allowed.status_code
    server.move("token", kind="workflow", permissions=dict.fromkeys(needed, "none"))
    assert _write(server, route).json()["message"] == "Resource not accessible by integration"

    server.move("token", kind="classic", scopes=["read:org"])
    blind = _write(server, route)
    assert blind.status_code in (403, 404)
    assert blind.headers["x-oauth-scopes"] == "read:org"
    assert blind.headers["x-accepted-oauth-scopes"] == "repo"
    told = {"actions", "deployments"} & needed
    assert blind.json()["message"] == ("Must have admin rights to Repository." if told else "Not Found")


@pytest.mark.parametrize("route", WRITES, ids=lambda route: f"{route.method} {route.template[22:]}")
def test_a_stranger_writes_nothing(server: Served, route: Route) -> None:
    with httpx.Client(base_url=server.api_url) as stranger:
        path = route.template.replace("{owner}/{repo}", "acme/agentic-backend").replace("{ref:path}", "heads/x")
        for name in ("{run:int}", "{job:int}", "{release:int}", "{pull:int}"):
            path = path.replace(name, "1")
        answer = stranger.request(route.method, path.replace("{workflow}", "cd.yml"))
    assert answer.status_code == route.signed_in
    assert answer.json()["message"] in ("Requires authentication", "Must have admin rights to Repository.")


def test_a_right_can_be_lost_and_found_while_the_world_runs(server: Served) -> None:
    head = server.get(f"{R}/branches/main").json()["commit"]["sha"]

    def tag(name: str) -> int:
        wish = {"ref": f"refs/tags/{name}", "sha": head}
        return server.client.post(f"{R}/git/refs", json=wish).status_code

    assert tag("a") == 201
    server.move("token", kind="fine-grained", permissions={"contents": "read"})
    assert tag("b") == 403
    server.move("token", permissions={"contents": "write"})
    assert tag("b") == 201
    server.move("token", role="read")
    assert tag("c") == 403
    assert server.get(R).json()["permissions"]["push"] is False
    server.move("token", revoked=True)
    assert tag("c") == 401


@pytest.mark.parametrize(
    "token", [{"scopes": ["repo"]}, {"kind": "fine-grained", "permissions": {"workflows": "read"}}]
)
def test_without_the_workflow_right_other_workflow_files_are_not_found(
    server: Served, token: dict[str, object]
) -> None:
    head = server.get(f"{R}/branches/main").json()["commit"]["sha"]
    first = server.get(f"{R}/releases/tags/v1.4.0")
    assert first.status_code == 200
    old = server.site.world.tags["v1.4.0"].commit
    server.move("token", **token)
    name = f"w{len(server.site.world.tags)}"
    answers = [
        server.client.post(f"{R}/git/refs", json={"ref": f"refs/tags/{name}", "sha": old}),
        server.client.post(f"{R}/releases", json={"tag_name": name, "target_commitish": old}),
        server.client.post(f"{R}/releases", json={"tag_name": "v1.4.0"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (
        answers[0].headers["x-accepted-github-permissions"] == "contents=write; contents=write,workflows=write"
    )
    made = server.client.post(f"{R}/git/refs", json={"ref": f"refs/tags/{name}", "sha": head})
    assert made.status_code == 201


def test_what_a_workflow_s_own_token_makes_starts_nothing(server: Served) -> None:
    head = server.get(f"{R}/branches/main").json()["commit"]["sha"]
    server.move("token", kind="workflow")
    answer = server.client.post(f"{R}/git/refs", json={"ref": "refs/tags/v8.0.0", "sha": head})
    assert answer.status_code == 201
    assert server.get(f"{R}/actions/runs?branch=v8.0.0").json()["total_count"] == 0
    released = server.client.post(f"{R}/releases", json={"tag_name": "v8.0.1"})
    assert released.status_code == 201
    assert server.get(f"{R}/actions/runs?branch=v8.0.1").json()["total_count"] == 0


def test_drafts_are_for_those_who_push(server: Served) -> None:
    draft = server.client.post(f"{R}/releases", json={"tag_name": "v8.1.0", "draft": True}).json()
    assert draft["id"] in {one["id"] for one in server.get(f"{R}/releases").json()}
    server.move("token", role="read")
    assert draft["id"] not in {one["id"] for one in server.get(f"{R}/releases").json()}
    assert server.get(f"{R}/releases/{draft['id']}").status_code == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "golden"},
        {"role": "king"},
        {"permissions": {"everything": "write"}},
        {"permissions": {"contents": "own"}},
        {"colour": "red"},
        {"user": "nobody"},
    ],
)
def test_a_wrong_wish_leaves_the_token_as_it_was(server: Served, wish: dict[str, object]) -> None:
    before = server.move("token").json()
    assert server.client.post("/_world/token", json=wish).status_code == 422
    assert server.move("token").json() == before
