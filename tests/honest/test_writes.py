"""Every writing request and its answer against GitHub's own description of its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from relman.demo import embed
from relman.demo.routes import EVERY
from tests.honest.conftest import NOW
from tests.honest.judging import Judge
from tests.honest.openapi import Description

Hand = Callable[..., Any]


@pytest.fixture(scope="module")
def changing() -> Iterator[embed.Embedded]:
    """A world of this module's own."""
    with embed.start(seed=1, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture(scope="module")
def agent(changing: embed.Embedded) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {changing.token}"}
    with httpx.Client(base_url=changing.api_url, headers=headers) as opened:
        yield opened


@pytest.fixture(scope="module")
def write(description: Description, agent: httpx.Client) -> Judge:
    return Judge(description, agent)


@pytest.fixture
def hand(agent: httpx.Client) -> Iterator[Hand]:
    def move(name: str, /, **wish: object) -> Any:
        answer = agent.post(f"/_world/{name}", json=wish)
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield move
    move("clear")


@pytest.fixture(scope="module")
def repo(changing: embed.Embedded) -> str:
    return f"/repos/{changing.repo}"


@pytest.fixture
def head(write: Judge, repo: str) -> str:
    return str(write.get(f"{repo}/branches/main")["commit"]["sha"])


def _a_tag_a_release_and_a_review(write: Judge, repo: str, head: str, hand: Hand) -> None:
    tag = write.send(
        "POST",
        f"{repo}/git/tags",
        {"tag": "v7.0.0", "message": "Release v7.0.0", "object": head, "type": "commit"},
        status=201,
    )
    assert write.get(f"{repo}/git/tags/{tag['sha']}") == tag
    write.get(f"{repo}/git/ref/tags/v7.0.0", status=404)
    ref = write.send("POST", f"{repo}/git/refs", {"ref": "refs/tags/v7.0.0", "sha": tag["sha"]}, status=201)
    assert write.get(f"{repo}/git/ref/tags/v7.0.0") == ref
    again = write.send("POST", f"{repo}/git/refs", {"ref": "refs/tags/v7.0.0", "sha": head}, status=422)
    assert again["message"] == "Reference already exists"

    notes = write.send(
        "POST",
        f"{repo}/releases/generate-notes",
        {"tag_name": "v7.0.0", "previous_tag_name": "v1.4.0"},
        status=200,
    )
    assert notes["body"].startswith("## What's Changed\n* ")
    assert notes["body"].endswith("/compare/v1.4.0...v7.0.0")
    wish = {"tag_name": "v7.0.0", "name": "v7.0.0", "body": notes["body"], "make_latest": "true"}
    release = write.send("POST", f"{repo}/releases", wish, status=201)
    assert write.get(f"{repo}/releases/tags/v7.0.0") == release
    assert write.get(f"{repo}/releases/latest") == release
    twice = write.send("POST", f"{repo}/releases", wish, status=422)
    assert twice["errors"] == [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
    edited = write.send("PATCH", f"{repo}/releases/{release['id']}", {"prerelease": True}, status=200)
    assert edited["prerelease"] is True
    assert edited["body"] == notes["body"]

    hand("advance", seconds=600)
    (run,) = write.get(f"{repo}/actions/runs?branch=v7.0.0")["workflow_runs"]
    assert (run["status"], run["head_sha"], run["name"]) == ("waiting", head, "CD")
    (pending,) = write.get(f"{repo}/actions/runs/{run['id']}/pending_deployments")
    assert pending["current_user_can_approve"] is False, "whoever tagged reviews it not"
    review = {"environment_ids": [pending["environment"]["id"]], "state": "approved", "comment": "go"}
    write.send("POST", f"{repo}/actions/runs/{run['id']}/pending_deployments", review, status=403)
    hand("token", user="linnea-b")
    (deployment,) = write.send(
        "POST", f"{repo}/actions/runs/{run['id']}/pending_deployments", review, status=200
    )
    assert (deployment["ref"], deployment["environment"]) == ("v7.0.0", "production")
    (approval,) = write.get(f"{repo}/actions/runs/{run['id']}/approvals")
    assert (approval["state"], approval["comment"], approval["user"]["login"]) == ("approved", "go", "linnea-b")
    assert write.get(f"{repo}/actions/runs/{run['id']}/pending_deployments") == []
    write.send("POST", f"{repo}/actions/runs/{run['id']}/pending_deployments", review, status=422)
    hand("advance", seconds=1500)
    assert write.get(f"{repo}/actions/runs/{run['id']}")["conclusion"] == "success"
    assert write.get(f"{repo}/deployments?environment=production")[0]["ref"] == "v7.0.0"


def _a_release_makes_a_lightweight_tag(write: Judge, repo: str, head: str) -> None:
    draft = write.send("POST", f"{repo}/releases", {"tag_name": "v7.1.0", "draft": True}, status=201)
    write.get(f"{repo}/git/ref/tags/v7.1.0", status=404)
    write.get(f"{repo}/releases/tags/v7.1.0", status=404)
    assert draft["published_at"] is None
    assert write.get(f"{repo}/releases")[0] == draft
    wish = {"draft": False, "target_commitish": head}
    published = write.send("PATCH", f"{repo}/releases/{draft['id']}", wish, status=200)
    assert published["published_at"]
    assert write.get(f"{repo}/git/ref/tags/v7.1.0")["object"]["type"] == "commit"
    assert write.get(f"{repo}/actions/runs?branch=v7.1.0")["total_count"] == 1
    write.send("DELETE", f"{repo}/releases/{draft['id']}", status=204)
    write.get(f"{repo}/releases/tags/v7.1.0", status=404)
    nowhere = {"tag_name": "v7.1.1", "target_commitish": "no-such-branch"}
    assert (
        write.send("POST", f"{repo}/releases", nowhere, status=422)["errors"][0]["field"] == "target_commitish"
    )


def _refs_move_and_go_where_the_rules_allow(write: Judge, repo: str, head: str, hand: Hand) -> None:
    parent = write.get(f"{repo}/commits/{head}")["parents"][0]["sha"]
    write.send("POST", f"{repo}/git/refs", {"ref": "refs/heads/hotfix/1", "sha": parent}, status=201)
    here = f"{repo}/git/refs/heads/hotfix/1"
    write.send("PATCH", here, {"sha": head}, status=200)
    assert write.send("PATCH", here, {"sha": parent}, status=422)["message"] == "Update is not a fast forward"
    write.send("PATCH", here, {"sha": parent, "force": True}, status=200)
    assert write.get(f"{repo}/branches/hotfix/1")["commit"]["sha"] == parent
    write.send("DELETE", here, status=204)
    write.send("PATCH", here, {"sha": parent}, status=422)
    moved = write.send("PATCH", f"{repo}/git/refs/tags/v1.4.0", {"sha": head, "force": True}, status=422)
    assert moved["message"].startswith("Repository rule violations found")
    hand("rules", creation=True)
    wish = {"ref": "refs/tags/v7.2.0", "sha": head}
    assert "creations being restricted" in write.send("POST", f"{repo}/git/refs", wish, status=422)["message"]
    errors = write.send("POST", f"{repo}/releases", {"tag_name": "v7.2.0"}, status=422)["errors"]
    assert "creations being restricted" in errors[0]["message"]
    assert write.get(f"{repo}/git/matching-refs/tags/v7.2") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/git/refs", {"ref": "refs/tags/v7.9.9"}, 422),
        ("POST", "/git/refs", {"ref": "refs/tags/v7.9.9", "sha": "main"}, 422),
        ("POST", "/git/refs", {"ref": "refs/tags/v7.9.9", "sha": "0" * 40}, 422),
        ("POST", "/git/refs", {"ref": "v7.9.9", "sha": "HEAD"}, 422),
        ("POST", "/git/refs", {"ref": "refs/tags/v7..9", "sha": "HEAD"}, 422),
        ("POST", "/git/refs", {"ref": "refs/notes/x", "sha": "HEAD"}, 422),
        ("POST", "/git/refs", {"ref": "refs/heads/main/below", "sha": "HEAD"}, 422),
        ("POST", "/git/tags", {"tag": "v7.9.9", "message": "x", "object": "0" * 40, "type": "commit"}, 422),
        ("POST", "/git/tags", {"tag": "v7.9.9", "message": "x", "object": "HEAD", "type": "tag"}, 422),
        ("POST", "/git/tags", {"tag": "a b", "message": "x", "object": "HEAD", "type": "commit"}, 422),
        ("POST", "/releases", {"name": "no tag"}, 422),
        ("POST", "/releases", {"tag_name": 7}, 422),
        ("POST", "/releases", {"tag_name": "v7 9"}, 422),
        ("POST", "/releases", {"tag_name": "v7.9.9", "make_latest": "maybe"}, 422),
        ("POST", "/releases/generate-notes", {"tag_name": "v7.9.9", "previous_tag_name": "v0.0.0"}, 422),
        ("POST", "/releases/generate-notes", {"tag_name": "v7.9.9", "target_commitish": "nowhere"}, 422),
        ("PATCH", "/releases/1", {"name": "x"}, 404),
        ("DELETE", "/releases/1", None, 404),
        ("DELETE", "/git/refs/tags/v1.4.0", None, 422),
        ("DELETE", "/git/refs/heads/main", None, 422),
        ("DELETE", "/git/refs/heads/nowhere", None, 422),
        ("POST", "/actions/runs/1/pending_deployments", {}, 404),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    write: Judge, repo: str, head: str, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    before = [write.get(f"{repo}/git/matching-refs/{kind}") for kind in ("tags/", "heads/")]
    if body is not None:
        body = {key: head if value == "HEAD" else value for key, value in body.items()}
    write.send(method, repo + path, body, status=status, sound=False)
    assert [write.get(f"{repo}/git/matching-refs/{kind}") for kind in ("tags/", "heads/")] == before


def _run(write: Judge, repo: str, query: str) -> dict[str, Any]:
    return dict(write.get(f"{repo}/actions/runs?per_page=1&{query}")["workflow_runs"][0])


def _a_failed_run_runs_again_with_debug_logging(
    write: Judge, agent: httpx.Client, repo: str, hand: Hand
) -> None:
    run = _run(write, repo, "status=failure&event=pull_request")
    here = f"{repo}/actions/runs/{run['id']}"
    write.send("POST", f"{here}/rerun-failed-jobs", {"enable_debug_logging": True}, status=201)
    assert write.get(here)["run_attempt"] == 2
    assert write.send("POST", f"{here}/rerun", status=403)["message"] == "This workflow is already running"
    assert write.send("DELETE", here, status=403)["message"] == "Could not delete the workflow run"
    hand("advance", seconds=1800)
    jobs = write.get(f"{here}/jobs")["jobs"]
    fresh = next(job for job in jobs if job["run_attempt"] == 2 and job["conclusion"] == "failure")
    old = next(job for job in jobs if job["run_attempt"] == 1)
    logs = [agent.get(f"{repo}/actions/jobs/{job['id']}/logs").headers["location"] for job in (fresh, old)]
    shown, plain = (httpx.get(address).text for address in logs)
    assert "##[debug]Starting: Check out" in shown
    assert "##[debug]" not in plain
    write.send("POST", f"{repo}/actions/jobs/{fresh['id']}/rerun", status=201)
    write.send("POST", f"{repo}/actions/jobs/{old['id']}/rerun", {"enable_debugger": False}, status=403)
    hand("advance", seconds=1800)
    assert write.get(here)["run_attempt"] == 3
    write.send("POST", f"{repo}/actions/jobs/{old['id']}/rerun", status=201)
    hand("advance", seconds=1800)
    write.send("DELETE", here, status=204)
    for path in (here, f"{here}/jobs", f"{repo}/actions/jobs/{old['id']}", f"{repo}/check-runs/{old['id']}"):
        write.get(path, status=404)
    assert write.get(f"{repo}/actions/runs?head_sha={run['head_sha']}")["total_count"] in (0, 1)
    hand("advance", seconds=24 * 3600)


def _an_old_run_does_not_run_again(write: Judge, repo: str) -> None:
    old = _run(write, repo, "created=<2026-10-20")
    refused = write.send("POST", f"{repo}/actions/runs/{old['id']}/rerun", status=403)
    assert "over a month ago" in refused["message"]
    fine = _run(write, repo, "status=success&created=>2026-11-20")
    refused = write.send("POST", f"{repo}/actions/runs/{fine['id']}/rerun-failed-jobs", status=403)
    assert "no failed jobs" in refused["message"]


def _cancelling_takes_a_moment_and_forcing_does_not(write: Judge, repo: str, hand: Hand) -> None:
    hand("clear")
    ids = []
    for _ in range(2):
        details = {"ref": "main", "inputs": {"environment": "staging"}, "return_run_details": True}
        started = write.send("POST", f"{repo}/actions/workflows/cd.yml/dispatches", details, status=200)
        ids.append(started["workflow_run_id"])
        assert started["run_url"].endswith(f"/actions/runs/{ids[-1]}")
    hand("advance", seconds=60)
    asked, forced = (f"{repo}/actions/runs/{one}" for one in ids)
    for _ in range(2):
        write.send("POST", f"{asked}/cancel", status=202)
    assert write.get(asked)["status"] == "in_progress"
    write.send("POST", f"{forced}/force-cancel", status=202)
    assert write.get(forced)["conclusion"] == "cancelled"
    hand("advance", seconds=20)
    assert write.get(asked)["conclusion"] == "cancelled"
    for here in (asked, forced):
        for how in ("cancel", "force-cancel"):
            refused = write.send("POST", f"{here}/{how}", status=409)
            assert refused["message"] == "Cannot cancel a workflow run that is completed."
    write.send("POST", f"{asked}/rerun", {"enable_debug_logging": False}, status=201)
    assert write.get(asked)["run_attempt"] == 2
    write.send("POST", f"{asked}/force-cancel", status=202)


@pytest.mark.parametrize(
    ("workflow", "body", "status", "text"),
    [
        ("ci.yml", {"ref": "main"}, 422, "does not have 'workflow_dispatch' trigger"),
        ("cd.yml", {"inputs": {}}, 422, '"ref" wasn\'t supplied'),
        ("cd.yml", {"ref": "nowhere"}, 422, "No ref found for: nowhere"),
        ("cd.yml", {"ref": "main", "inputs": {"colour": "red"}}, 422, 'Unexpected inputs provided: ["colour"]'),
        (
            "cd.yml",
            {"ref": "main", "inputs": {"environment": "moon"}},
            422,
            "not in the list of allowed values",
        ),
        ("cd.yml", {"ref": "main", "inputs": {"version": ["x"]}}, 422, "is not a string"),
        ("cd.yml", {"ref": "main", "inputs": "x"}, 422, "is not an object"),
        ("cd.yml", {"ref": "main", "inputs": {str(n): "x" for n in range(26)}}, 422, "No more than 25"),
        ("cd.yml", {"ref": "main", "colour": "red"}, 422, "is not a permitted key"),
        ("other.yml", {"ref": "main"}, 404, "Not Found"),
    ],
)
def test_what_a_dispatch_refuses(
    write: Judge, repo: str, workflow: str, body: dict[str, Any], status: int, text: str
) -> None:
    runs = write.get(f"{repo}/actions/runs?per_page=1")["total_count"]
    path = f"{repo}/actions/workflows/{workflow}/dispatches"
    assert text in write.send("POST", path, body, status=status, sound=False)["message"]
    assert write.get(f"{repo}/actions/runs?per_page=1")["total_count"] == runs


def _a_disabled_workflow_starts_nothing(write: Judge, repo: str, head: str) -> None:
    here = f"{repo}/actions/workflows/cd.yml"
    write.send("PUT", f"{here}/enable", status=403)
    write.send("PUT", f"{here}/disable", status=204)
    write.send("PUT", f"{here}/disable", status=403)
    assert write.get(here)["state"] == "disabled_manually"
    refused = write.send("POST", f"{here}/dispatches", {"ref": "main"}, status=422)
    assert "disabled workflow" in refused["message"]
    write.send("POST", f"{repo}/git/refs", {"ref": "refs/tags/v7.3.0", "sha": head}, status=201)
    assert write.get(f"{repo}/actions/runs?branch=v7.3.0")["total_count"] == 0
    write.send("PUT", f"{here}/enable", status=204)
    write.send("POST", f"{here}/dispatches", {"ref": "v7.3.0"}, status=204)
    assert _run(write, repo, "branch=v7.3.0")["event"] == "workflow_dispatch"


def _a_hotfix_from_branch_to_pull_request(write: Judge, repo: str, hand: Hand) -> None:
    tag = write.get(f"{repo}/git/ref/tags/v1.4.0")
    commit = write.get(f"{repo}/git/tags/{tag['object']['sha']}")["object"]["sha"]
    branch = "hotfix/1.4.1"
    write.send("POST", f"{repo}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}, status=201)
    wish = {"head": branch, "base": "main", "title": "fix(api): close the stream", "body": "Urgent."}
    none = write.send("POST", f"{repo}/pulls", wish, status=422)
    assert none["errors"][0]["message"] == f"No commits between main and {branch}"
    pushed = hand("push", branch=branch, message="fix(api): close the stream", files={"app/main.py": "x = 1\n"})
    pull = write.send("POST", f"{repo}/pulls", wish, status=201)
    assert (pull["head"]["sha"], pull["commits"], pull["changed_files"]) == (pushed["sha"], 1, 1)
    exists = write.send("POST", f"{repo}/pulls", wish, status=422)
    assert "already exists" in exists["errors"][0]["message"]
    here = f"{repo}/pulls/{pull['number']}"
    (found,) = write.get(f"{repo}/pulls?head=acme:{branch}&state=open")
    assert found["number"] == pull["number"]
    asked = {"reviewers": ["linnea-b"], "team_reviewers": ["release-managers"]}
    write.send("POST", f"{here}/requested_reviewers", asked, status=201)
    labels = f"{repo}/issues/{pull['number']}/labels"
    write.send("POST", labels, {"labels": ["hotfix", "expedite"]}, status=200)
    assert [one["name"] for one in write.get(labels)] == ["hotfix", "expedite"]
    runs = write.get(f"{repo}/actions/runs?branch={branch}&event=pull_request")
    assert runs["total_count"] == 1
    assert write.send("PATCH", here, {"title": "fix: x", "state": "closed"}, status=200)["state"] == "closed"
    assert write.get(f"{repo}/pulls?head=acme:{branch}") == []
    assert write.get(here)["title"] == "fix: x"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"head": "nowhere", "base": "main", "title": "x"}),
        ("", {"head": "main", "base": "nowhere", "title": "x"}),
        ("", {"head": "main", "base": "main", "title": "x"}),
        ("", {"head": "main", "base": "main"}),
        ("/{0}/requested_reviewers", {"reviewers": ["nobody"]}),
        ("/{0}/requested_reviewers", {"team_reviewers": ["nobody"]}),
        ("/{0}/requested_reviewers", {"reviewers": [7]}),
    ],
)
def test_what_is_wrong_with_a_pull_request(write: Judge, repo: str, path: str, body: dict[str, Any]) -> None:
    number = write.get(f"{repo}/pulls")[0]["number"]
    refused = write.send("POST", f"{repo}/pulls{path.format(number)}", body, status=422, sound=False)
    assert refused["message"]


def test_every_writing_endpoint_answers_as_github_describes(
    write: Judge, agent: httpx.Client, repo: str, head: str, hand: Hand
) -> None:
    _a_tag_a_release_and_a_review(write, repo, head, hand)
    hand("clear")
    _a_release_makes_a_lightweight_tag(write, repo, head)
    hand("clear")
    _refs_move_and_go_where_the_rules_allow(write, repo, head, hand)
    hand("clear")
    _a_failed_run_runs_again_with_debug_logging(write, agent, repo, hand)
    hand("clear")
    _an_old_run_does_not_run_again(write, repo)
    hand("clear")
    _cancelling_takes_a_moment_and_forcing_does_not(write, repo, hand)
    hand("clear")
    _a_disabled_workflow_starts_nothing(write, repo, head)
    hand("clear")
    _a_hotfix_from_branch_to_pull_request(write, repo, hand)
    hand("clear")
    writing = {(route.method, route.template) for route in EVERY if route.writes}
    assert writing - write.seen == set()
