"""Every reading answer of the world against GitHub's own description of its API."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from relman.demo import embed
from relman.demo.routes import EVERY
from tests.honest.judging import Judge

# Endpoints whose answer the description has under another address, or as something other than JSON.
_BEYOND = {
    "/repos/{owner}/{repo}/contents",
    "/repos/{owner}/{repo}/contents/",
    "/repos/{owner}/{repo}/git/matching-refs/",
}


@pytest.fixture(scope="session")
def walked(judge: Judge, world: embed.Embedded) -> Judge:
    """Every endpoint, for every kind of thing the world holds; the addresses come from the answers."""
    repo = f"/repos/{world.repo}"
    for path in ("/user", "/rate_limit", "/", repo, f"{repo}/branches", f"{repo}/branches/main"):
        judge.get(path)
    judge.get("/users/" + judge.get("/user")["login"])
    _walk_actions(judge, repo)
    _walk_environments(judge, repo)
    _walk_git(judge, repo)
    return judge


def _walk_actions(judge: Judge, repo: str) -> None:
    actions = f"{repo}/actions"
    for workflow in judge.get(f"{actions}/workflows")["workflows"]:
        judge.get(f"{actions}/workflows/{workflow['id']}")
        judge.get(f"{actions}/workflows/{workflow['id']}/runs?per_page=3")
    judge.get(f"{actions}/artifacts")
    waiting: deque[dict[str, Any]] = deque()
    for page in range(1, 12):
        waiting += judge.get(f"{actions}/runs?per_page=100&page={page}")["workflow_runs"]
    kinds = {
        (run["name"], run["event"], run["status"], run["conclusion"], run["run_attempt"]): run
        for run in waiting
    }
    assert {"in_progress", "waiting", "completed"} <= {run["status"] for run in kinds.values()}
    assert any(run["run_attempt"] > 1 for run in kinds.values())
    for run in kinds.values():
        here = f"{actions}/runs/{run['id']}"
        judge.get(here)
        jobs = judge.get(f"{here}/jobs?filter=all")["jobs"]
        judge.get(f"{here}/jobs")
        for part in ("pending_deployments", "approvals", "artifacts"):
            judge.get(f"{here}/{part}")
        for attempt in range(1, run["run_attempt"] + 1):
            judge.get(f"{here}/attempts/{attempt}")
            judge.get(f"{here}/attempts/{attempt}/jobs")
            if run["status"] == "completed":
                judge.get(f"{here}/attempts/{attempt}/logs", status=302)
        judge.get(f"{here}/logs", status=302 if run["status"] == "completed" else 404)
        for job in jobs:
            judge.get(f"{actions}/jobs/{job['id']}")
            judge.get(f"{actions}/jobs/{job['id']}/logs", status=302)
            judge.get(f"{repo}/check-runs/{job['id']}")
            judge.get(f"{repo}/check-runs/{job['id']}/annotations")
        judge.get(f"{repo}/check-suites/{run['check_suite_id']}")
        judge.get(f"{repo}/check-suites/{run['check_suite_id']}/check-runs")
    for part in ("check-runs", "check-suites", "status", "statuses"):
        judge.get(f"{repo}/commits/main/{part}")


def _walk_environments(judge: Judge, repo: str) -> None:
    for one in judge.get(f"{repo}/environments")["environments"]:
        here = f"{repo}/environments/{one['name']}"
        for part in ("", "/deployment-branch-policies", "/deployment_protection_rules"):
            judge.get(here + part)
        judge.get(f"{repo}/deployments?environment={one['name']}")
    for one in judge.get(f"{repo}/deployments?per_page=100"):
        judge.get(f"{repo}/deployments/{one['id']}")
        for status in judge.get(f"{repo}/deployments/{one['id']}/statuses"):
            judge.get(f"{repo}/deployments/{one['id']}/statuses/{status['id']}")


def _walk_git(judge: Judge, repo: str) -> None:
    for one in judge.get(f"{repo}/releases?per_page=100"):
        judge.get(f"{repo}/releases/{one['id']}")
        judge.get(f"{repo}/releases/{one['id']}/assets")
        judge.get(f"{repo}/releases/tags/{one['tag_name']}")
    judge.get(f"{repo}/releases/latest")
    judge.get(f"{repo}/tags")
    refs = judge.get(f"{repo}/git/matching-refs/tags/v")
    assert refs
    for ref in refs:
        judge.get(f"{repo}/git/{ref['ref'].replace('refs/', 'ref/', 1)}")
        judge.get(f"{repo}/git/tags/{ref['object']['sha']}")
    for commit in judge.get(f"{repo}/commits?per_page=10"):
        judge.get(f"{repo}/commits/{commit['sha']}")
        judge.get(f"{repo}/git/commits/{commit['sha']}")
    judge.get(f"{repo}/compare/{refs[0]['ref'][10:]}...main")
    for one in judge.get(f"{repo}/rulesets?targets=tag"):
        judge.get(f"{repo}/rulesets/{one['id']}")
    judge.get(f"{repo}/rules/branches/main")
    for state in ("open", "closed"):
        for one in judge.get(f"{repo}/pulls?state={state}&per_page=6"):
            judge.get(f"{repo}/pulls/{one['number']}")
            judge.get(f"{repo}/issues/{one['number']}/labels")
    judge.get(f"{repo}/contents/.github/workflows")
    judge.get(f"{repo}/contents/.github/workflows/ci.yml")


def test_every_answer_is_what_github_describes_and_no_endpoint_is_left_out(walked: Judge) -> None:
    templates = {route.template for route in EVERY if route.method == "GET"}
    assert templates - {template for _, template in walked.seen} - _BEYOND == set()


@pytest.mark.parametrize(
    "path",
    [
        "/actions/runs/1",
        "/actions/runs/1/jobs",
        "/actions/jobs/1",
        "/environments/nowhere",
        "/deployments/1/statuses",
        "/releases/tags/v0.0.0",
        "/git/ref/tags/v0.0.0",
        "/contents/no/such/file",
        "/compare/main...no-such-branch",
    ],
)
def test_what_is_absent_is_refused_as_github_does(judge: Judge, world: embed.Embedded, path: str) -> None:
    body = judge.get(f"/repos/{world.repo}{path}", status=404)
    assert body["message"] == "Not Found"
    assert body["documentation_url"].startswith("https://docs.github.com/rest")
    assert body["status"] == "404"
