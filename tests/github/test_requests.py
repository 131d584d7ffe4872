"""Requests: what is asked, and that no name can lead anywhere else."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.github.requests import JSON, RAW, RepositoryRequests, rate_limit, segment, segments, viewer

API = "https://api.github.com"
ASK = RepositoryRequests("acme/agentic-backend")
ROOT = "/repos/acme/agentic-backend"


@pytest.mark.parametrize(
    ("request_", "path", "query"),
    [
        (ASK.repository(), ROOT, {}),
        (viewer(), "/user", {}),
        (rate_limit(), "/rate_limit", {}),
        (ASK.workflows(), f"{ROOT}/actions/workflows", {"per_page": "100"}),
        (ASK.run(7), f"{ROOT}/actions/runs/7", {}),
        (ASK.attempt(7, 2), f"{ROOT}/actions/runs/7/attempts/2", {}),
        (ASK.jobs(7), f"{ROOT}/actions/runs/7/jobs", {"filter": "latest", "per_page": "100"}),
        (ASK.jobs(7, every_attempt=True), f"{ROOT}/actions/runs/7/jobs", {"filter": "all", "per_page": "100"}),
        (ASK.jobs(7, attempt=3), f"{ROOT}/actions/runs/7/attempts/3/jobs", {"per_page": "100"}),
        (ASK.job(9), f"{ROOT}/actions/jobs/9", {}),
        (ASK.job_log(9), f"{ROOT}/actions/jobs/9/logs", {}),
        (ASK.run_log(7), f"{ROOT}/actions/runs/7/logs", {}),
        (ASK.run_log(7, 2), f"{ROOT}/actions/runs/7/attempts/2/logs", {}),
        (ASK.annotations(9), f"{ROOT}/check-runs/9/annotations", {"per_page": "100"}),
        (ASK.pending_deployments(7), f"{ROOT}/actions/runs/7/pending_deployments", {}),
        (ASK.approvals(7), f"{ROOT}/actions/runs/7/approvals", {}),
        (ASK.environments(), f"{ROOT}/environments", {"per_page": "100"}),
        (
            ASK.branch_policies("eu/prod 1"),
            f"{ROOT}/environments/eu%2Fprod%201/deployment-branch-policies",
            {"per_page": "100"},
        ),
        (
            ASK.deployments(environment="eu/prod"),
            f"{ROOT}/deployments",
            {"environment": "eu/prod", "per_page": "30", "page": "1"},
        ),
        (ASK.deployment_statuses(4), f"{ROOT}/deployments/4/statuses", {"per_page": "100"}),
        (ASK.tags(), f"{ROOT}/tags", {"per_page": "100", "page": "1"}),
        (ASK.releases(page=2), f"{ROOT}/releases", {"per_page": "30", "page": "2"}),
        (ASK.compare("release/1.0", "v1.0+x"), f"{ROOT}/compare/release%2F1.0...v1.0%2Bx", {"per_page": "100"}),
        (
            ASK.workflow_file(".github/workflows/a b.yml", "feature/ä"),
            f"{ROOT}/contents/.github/workflows/a%20b.yml",
            {"ref": "feature/ä"},
        ),
    ],
)
def test_each_read_asks_its_own_address(request_, path, query):
    parts = urlsplit(request_.url(API))
    assert parts.netloc == "api.github.com"
    assert parts.path == path
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == query
    assert request_.method == "GET"


def test_runs_leave_out_what_is_not_asked_and_the_pull_requests():
    query = dict(ASK.runs(branch="a&b=c", created="2026-10-01T00:00:00Z..2026-10-08T00:00:00Z").query)
    assert query == {
        "branch": "a&b=c",
        "created": "2026-10-01T00:00:00Z..2026-10-08T00:00:00Z",
        "exclude_pull_requests": "true",
        "per_page": "100",
        "page": "1",
    }
    url = ASK.runs(branch="a&b=c").url(API)
    assert parse_qs(urlsplit(url).query)["branch"] == ["a&b=c"]


@pytest.mark.parametrize(("workflow", "name"), [(12, "12"), ("ci.yml", "ci.yml"), ("../x", "..%2Fx")])
def test_runs_of_one_workflow(workflow, name):
    assert ASK.runs(workflow=workflow).path == f"{ROOT}/actions/workflows/{name}/runs"


def test_pages_stay_within_what_github_gives():
    assert dict(ASK.runs(per_page=1000).query)["per_page"] == "100"
    assert dict(ASK.tags(per_page=0).query)["per_page"] == "1"


def test_another_page_of_the_same_list():
    request = ASK.jobs(7)
    third = request.at_page(3)
    assert request.page == 1
    assert third.page == 3
    assert third.at_page(4).page == 4
    assert third.path == request.path
    assert dict(third.query)["filter"] == "latest"


def test_a_file_is_asked_for_raw_and_everything_else_as_json():
    assert ASK.workflow_file("a.yml", "main").accept == RAW
    assert ASK.runs().accept == JSON


def test_what_is_asked_is_named_without_control_characters():
    assert "\x1b" not in ASK.branch_policies("\x1b[2Jprod").what


@given(st.text())
def test_a_segment_stays_one_segment(name):
    encoded = segment(name)
    assert "/" not in encoded
    assert "?" not in encoded
    assert "#" not in encoded
    assert encoded not in {".", ".."}
    assert unquote(encoded, errors="surrogatepass") == name


@given(st.text())
def test_a_path_never_walks_up(path):
    assert not {".", ".."} & set(segments(path).split("/"))
