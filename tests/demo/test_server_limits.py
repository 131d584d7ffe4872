"""Who may ask and how much: tokens, budgets, permissions, versions."""

from __future__ import annotations

import httpx
import pytest

from tests.demo.world_server import R, Served


def test_a_wrong_token_is_bad_credentials_and_costs_nothing_of_the_right_one(server: Served) -> None:
    before = server.get("/rate_limit").json()["resources"]["core"]["used"]
    answer = server.get("/user", authorization="Bearer wrong")
    assert answer.status_code == 401
    assert answer.json()["message"] == "Bad credentials"
    assert server.get("/rate_limit").json()["resources"]["core"]["used"] == before


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
def test_both_schemes_are_taken(server: Served, scheme: str) -> None:
    assert server.get("/user", authorization=f"{scheme} {server.token}").json()["login"]


def test_without_a_token_there_are_sixty_requests_and_a_304_is_not_free(server: Served) -> None:
    anonymous = httpx.Client(base_url=server.api_url)
    first = anonymous.get(f"{R}/tags")
    assert first.headers["x-ratelimit-limit"] == "60"
    again = anonymous.get(f"{R}/tags", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["x-ratelimit-remaining"] == "58"
    assert anonymous.get("/user").status_code == 401
    job = next(job for jobs in server.site.world.jobs.values() for job in jobs)
    assert anonymous.get(f"{R}/actions/jobs/{job.id}/logs").status_code == 403
    while int(anonymous.get(f"{R}/tags").headers["x-ratelimit-remaining"]):
        pass
    refused = anonymous.get(f"{R}/tags")
    assert refused.status_code == 403
    assert "API rate limit exceeded" in refused.json()["message"]
    anonymous.close()


def test_the_budget_ends_and_comes_back_after_an_hour_of_world_time(own_server: Served) -> None:
    server = own_server
    server.move("limit", remaining=1)
    last = server.get(f"{R}/tags")
    assert last.headers["x-ratelimit-remaining"] == "0"
    refused = server.get(f"{R}/tags")
    assert refused.status_code == 403
    assert refused.headers["x-ratelimit-reset"] == last.headers["x-ratelimit-reset"]
    assert server.get("/rate_limit").json()["rate"]["remaining"] == 0
    server.move("advance", seconds=3600)
    assert server.get(f"{R}/tags").headers["x-ratelimit-remaining"] == "4999"


def test_a_fine_grained_token_says_no_scopes_and_never_sees_checks(server: Served) -> None:
    job = next(job for jobs in server.site.world.jobs.values() for job in jobs)
    path = f"{R}/check-runs/{job.id}/annotations"
    assert "repo" in server.get(path).headers["x-oauth-scopes"]
    server.move("token", kind="fine-grained")
    refused = server.get(path)
    assert refused.status_code == 403
    assert refused.headers["x-accepted-github-permissions"] == "checks=read"
    assert "x-oauth-scopes" not in refused.headers
    assert server.get(f"{R}/actions/runs").headers["x-accepted-github-permissions"] == "actions=read"


def test_a_token_can_be_revoked(server: Served) -> None:
    server.move("token", revoked=True)
    assert server.get("/user").status_code == 401


def test_the_api_version_is_one_of_two_and_the_newer_has_no_rate(server: Served) -> None:
    assert server.get("/user", x_github_api_version="2019-01-01").status_code == 400
    newer = server.get("/rate_limit", x_github_api_version="2026-03-10")
    assert newer.headers["x-github-api-version-selected"] == "2026-03-10"
    assert "rate" not in newer.json()


def test_a_request_names_its_sender(server: Served) -> None:
    assert server.get("/user", user_agent="").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/repos/someone/else"),
        ("GET", f"{R}/actions/runs/x"),
        ("DELETE", f"{R}/tags"),
        ("PUT", "/user"),
    ],
)
def test_what_github_has_not_is_not_found(server: Served, method: str, path: str) -> None:
    answer = server.client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["status"] == "404"


def test_the_headers_github_always_sends(server: Served) -> None:
    answer = server.get(f"{R}/environments")
    assert answer.headers["date"] == "Mon, 23 Nov 2026 10:00:00 GMT"
    assert answer.headers["cache-control"].startswith("private, max-age=60")
    assert answer.headers["x-github-media-type"] == "github.v3; format=json"
    assert answer.headers["x-github-request-id"]
    assert answer.headers["x-ratelimit-resource"] == "core"
