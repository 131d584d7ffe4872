"""Lists, filters, pages, validators, redirects: what a client that only reads meets."""

from __future__ import annotations

import io
import re
import socket
import zipfile
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.demo.records import RunRecord
from relman.demo.storage import steps_of
from tests.demo.world_server import NOW, R, Served, new_site, served


def _runs(server: Served, query: str = "") -> dict[str, Any]:
    answer = server.get(f"{R}/actions/runs?per_page=100{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _all_runs(server: Served, query: str = "") -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    while page := _runs(server, f"&page={len(runs) // 100 + 1}{query}")["workflow_runs"]:
        runs += page
        if len(page) < 100:
            break
    return runs


@pytest.fixture(scope="module")
def every_run(shared_server: Served) -> list[dict[str, Any]]:
    return _all_runs(shared_server)


def _finished(server: Served) -> RunRecord:
    return next(
        run
        for run in server.site.world.runs.values()
        if run.attempts[-1].conclusion == "failure" and run.created_at > NOW - timedelta(days=7)
    )


def test_an_unchanged_answer_is_a_304_that_costs_nothing(server: Served) -> None:
    first = server.get(f"{R}/environments")
    assert first.headers["etag"].startswith('W/"')
    second = server.get(f"{R}/environments", if_none_match=first.headers["etag"])
    assert second.status_code == 304
    assert second.content == b""
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    other = server.get(f"{R}/environments", if_none_match='"something else"')
    assert other.status_code == 200
    assert int(other.headers["x-ratelimit-used"]) == int(first.headers["x-ratelimit-used"]) + 1


def test_last_modified_revalidates_too(server: Served) -> None:
    run = _finished(server)
    first = server.get(f"{R}/actions/runs/{run.id}")
    again = server.get(f"{R}/actions/runs/{run.id}", if_modified_since=first.headers["last-modified"])
    assert again.status_code == 304
    early = server.get(f"{R}/actions/runs/{run.id}", if_modified_since="Mon, 01 Jan 2024 00:00:00 GMT")
    assert early.status_code == 200


def test_the_same_moment_gives_the_same_bytes(own_server: Served) -> None:
    server = own_server
    with served(new_site()) as twin:
        for path in ("", "/actions/runs?per_page=50", "/deployments", "/releases", "/commits", "/environments"):
            ours, theirs = server.get(R + path), twin.get(R + path)
            assert ours.text.replace(server.api_url[7:], "") == theirs.text.replace(twin.api_url[7:], ""), path


def test_pages_follow_each_other_on_the_host_that_was_asked(server: Served) -> None:
    url: str | None = f"{server.api_url}{R}/tags?per_page=7"
    names: list[str] = []
    while url:
        assert url.startswith(f"{server.api_url}/")
        answer = server.client.get(url)
        names += [tag["name"] for tag in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert len(names) == len(set(names)) == len(server.site.world.tags)
    assert "next" not in answer.links
    assert "last" not in answer.links
    assert answer.links["first"]["url"].endswith("page=1")


def test_a_page_that_is_no_number_is_the_first_and_no_page_has_more_than_a_hundred(server: Served) -> None:
    assert server.get(f"{R}/commits?page=zero&per_page=x").json() == server.get(f"{R}/commits").json()
    assert len(_runs(server, "&per_page=100000")["workflow_runs"]) == 100
    assert len(server.get(f"{R}/actions/runs?per_page=100000").json()["workflow_runs"]) == 100
    assert server.get(f"{R}/tags?page=4000").json() == []


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("event=schedule", lambda run: run["event"] == "schedule"),
        ("status=failure", lambda run: run["conclusion"] == "failure"),
        ("status=in_progress", lambda run: run["status"] == "in_progress"),
        ("status=waiting", lambda run: run["status"] == "waiting"),
        ("branch=main", lambda run: run["head_branch"] == "main"),
        ("created=>=2026-11-20", lambda run: run["created_at"] >= "2026-11-20T00:00:00Z"),
        ("created=2026-11-18", lambda run: run["created_at"].startswith("2026-11-18")),
        (
            "created=2026-11-16T00:00:00Z..2026-11-17T12:00:00Z",
            lambda run: "2026-11-16T00:00:00Z" <= run["created_at"] <= "2026-11-17T12:00:00Z",
        ),
        ("created=*..2026-10-01", lambda run: run["created_at"] <= "2026-10-01T23:59:59Z"),
        ("created=%3E2026-11-20T01:00:00%2B01:00", lambda run: run["created_at"] > "2026-11-20T00:00:00Z"),
    ],
)
def test_filters_give_exactly_the_runs_that_fit(
    server: Served, every_run: list[dict[str, Any]], query: str, fits: Any
) -> None:
    found = _all_runs(server, f"&{query}")
    assert found
    assert [run["id"] for run in found] == [run["id"] for run in every_run if fits(run)][:1000]


def test_a_filter_that_cannot_be_read_is_refused(server: Served) -> None:
    assert server.get(f"{R}/actions/runs?created=yesterday").status_code == 422


def test_filtered_lists_end_at_the_cap_and_others_do_not(server: Served) -> None:
    assert len(server.site.world.runs) > 1000
    assert _runs(server, "&page=11")["workflow_runs"]
    assert _runs(server, "&page=11&created=>=2020-01-01")["workflow_runs"] == []
    assert _runs(server, "&page=10&created=>=2020-01-01")["workflow_runs"]
    assert _runs(server, "&created=>=2020-01-01")["total_count"] == len(server.site.world.runs)
    server.move("cap", results=40, total="capped")
    few = _runs(server, "&created=>=2020-01-01")
    assert (len(few["workflow_runs"]), few["total_count"]) == (40, 40)


def test_runs_of_one_workflow_by_number_and_by_file(server: Served) -> None:
    workflow = next(one for one in server.site.world.workflows if one.path.endswith("/cd.yml"))
    by_file = server.get(f"{R}/actions/workflows/cd.yml/runs").json()
    assert by_file == server.get(f"{R}/actions/workflows/{workflow.id}/runs").json()
    assert {run["workflow_id"] for run in by_file["workflow_runs"]} == {workflow.id}
    assert server.get(f"{R}/actions/workflows/none.yml/runs").status_code == 404


def test_attempts_keep_their_own_jobs(server: Served) -> None:
    run = next(run for run in server.site.world.runs.values() if len(run.attempts) > 1)
    here = f"{R}/actions/runs/{run.id}"
    first = server.get(f"{here}/attempts/1/jobs").json()["jobs"]
    latest = server.get(f"{here}/jobs").json()["jobs"]
    every = server.get(f"{here}/jobs?filter=all").json()["jobs"]
    assert {job["run_attempt"] for job in first} == {1}
    assert max(job["run_attempt"] for job in latest) == len(run.attempts)
    assert {job["id"] for job in first} | {job["id"] for job in latest} <= {job["id"] for job in every}
    assert len({job["name"] for job in latest}) == len(latest)
    assert server.get(f"{here}/attempts/{len(run.attempts) + 1}/jobs").status_code == 404


def test_a_log_is_elsewhere_and_the_token_may_not_go_there(own_server: Served) -> None:
    server = own_server
    run = _finished(server)
    job = server.site.world.attempt_jobs(run.id)[0]
    answer = server.get(f"{R}/actions/jobs/{job.id}/logs")
    location = answer.headers["location"]
    assert answer.status_code == 302
    assert location.startswith(server.storage_url)
    assert httpx.get(location).content == server.site.world.log(job)
    assert httpx.get(location, headers={"authorization": f"Bearer {server.token}"}).status_code == 400
    assert httpx.get(location.replace("sig=", "sig=0")).status_code == 403
    server.move("advance", seconds=61)
    assert httpx.get(location).status_code == 403


def test_the_log_of_a_running_job_is_not_there_yet(server: Served) -> None:
    world = server.site.world
    job = next(job for jobs in world.jobs.values() for job in jobs if job.status == "in_progress")
    location = server.get(f"{R}/actions/jobs/{job.id}/logs").headers["location"]
    answer = httpx.get(location)
    assert answer.status_code == 404
    assert "BlobNotFound" in answer.text
    assert server.get(f"{R}/actions/runs/{job.run_id}/logs").status_code == 404


def test_a_run_s_archive_has_a_log_for_every_job_that_ran(server: Served) -> None:
    run = _finished(server)
    location = server.get(f"{R}/actions/runs/{run.id}/logs").headers["location"]
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(location).content))
    ran = [job for job in server.site.world.attempt_jobs(run.id) if job.conclusion != "skipped"]
    whole = [name for name in archive.namelist() if "/" not in name]
    assert sorted(re.sub(r"^\d+_|\.txt$", "", name) for name in whole) == sorted(job.name for job in ran)


def test_the_archive_cuts_a_log_into_its_steps_and_loses_nothing(server: Served) -> None:
    world = server.site.world
    for job in world.attempt_jobs(_finished(server).id):
        log = world.log(job)
        steps = steps_of(job, log)
        assert b"".join(text for _, _, text in steps) == log
        for (_, name, text), step in zip(
            steps, (s for s in job.steps if s.conclusion != "skipped"), strict=True
        ):
            assert text, (job.name, name)
            assert (b"##[error]" in text) is (step.conclusion == "failure"), (job.name, name)


def test_files_come_as_json_as_bytes_and_as_a_listing(server: Served) -> None:
    path = ".github/workflows/ci.yml"
    content = server.site.world.tree(server.site.world.branches["main"])[path]
    assert server.get(f"{R}/contents/{path}", accept="application/vnd.github.raw+json").content == content
    listing = server.get(f"{R}/contents/.github/workflows").json()
    assert [one["name"] for one in listing] == ["cd.yml", "ci.yml", "scheduled.yml"]
    assert server.get(f"{R}/contents/{path}").json()["sha"] == listing[1]["sha"]
    assert server.get(f"{R}/contents/{path}?ref=no-such").status_code == 404


def test_commits_that_touched_a_file(server: Served) -> None:
    found = server.get(f"{R}/commits?path=.github/workflows/ci.yml").json()
    assert found
    for commit in found:
        if commit["parents"]:
            files = server.get(f"{R}/commits/{commit['sha']}").json()["files"]
            assert ".github/workflows/ci.yml" in [file["filename"] for file in files]


def test_a_comparison_counts_and_pages_its_commits(server: Served) -> None:
    tags = sorted(server.site.world.tags.values(), key=lambda tag: server.site.world.commits[tag.commit].at)
    names = f"{tags[0].name}...{tags[5].name}"
    whole = server.get(f"{R}/compare/{names}").json()
    assert whole["status"] == "ahead"
    assert whole["total_commits"] == len(whole["commits"]) > 3
    assert whole["commits"][-1]["sha"] == tags[5].commit
    second = server.get(f"{R}/compare/{names}?per_page=2&page=2")
    assert [c["sha"] for c in second.json()["commits"]] == [c["sha"] for c in whole["commits"][2:4]]
    assert "next" in second.links
    backwards = server.get(f"{R}/compare/{tags[5].name}...{tags[0].name}").json()
    assert backwards["status"] == "behind"


@pytest.mark.parametrize(
    "line",
    [
        "GET {url}" + R + "/tags HTTP/1.1\r\nHost: elsewhere",
        "GET " + R + "/tags HTTP/1.1\r\nHost: {host}",
        "GET /api/v3" + R + "/tags HTTP/1.1\r\nHost: {host}",
        "GET /repositories/710405882/tags HTTP/1.1\r\nHost: {host}",
    ],
)
def test_every_form_of_a_request_line_is_understood(server: Served, line: str) -> None:
    host = server.api_url.removeprefix("http://")
    head = line.format(url=server.api_url, host=host)
    port = int(host.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(f"{head}\r\nUser-Agent: t\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    prefix = "/api/v3" if "/api/v3" in line else ""
    assert f'"url":"{server.api_url}{prefix}{R}/commits/'.encode() in answer


def test_addresses_in_an_answer_can_be_asked(server: Served) -> None:
    run = server.get(f"{R}/actions/runs?per_page=1").json()["workflow_runs"][0]
    for name in ("url", "jobs_url", "workflow_url", "check_suite_url", "artifacts_url"):
        assert server.client.get(run[name]).status_code == 200, name


def test_environment_names_are_one_segment_however_they_are_written(server: Served) -> None:
    assert server.get(f"{R}/environments/pro%64uction").json()["name"] == "production"
    assert server.get(f"{R}/environments/a%2Fb").status_code == 404


def test_large_answers_are_packed_when_the_client_can(server: Served) -> None:
    assert server.get(f"{R}/tags").headers["content-encoding"] == "gzip"
    plain = server.get(f"{R}/tags", accept_encoding="identity")
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_head_has_the_headers_and_no_body(server: Served) -> None:
    answer = server.client.head(f"{R}/tags")
    assert answer.content == b""
    assert answer.headers["etag"] == server.get(f"{R}/tags").headers["etag"]


def test_the_service_says_its_version(server: Served) -> None:
    for name in ("staging", "production"):
        status, body = server.site.world.health(name)
        answer = httpx.get(f"{server.service_url}/{name}/api/v1/health")
        assert (answer.status_code, answer.json()) == (status, body)
    assert httpx.get(f"{server.service_url}/moon/api/v1/health").status_code == 404


@given(st.datetimes(min_value=datetime(2026, 9, 1), max_value=datetime(2026, 12, 1)), st.integers(0, 10**6))
def test_a_created_range_is_closed_on_both_ends(start: datetime, seconds: int) -> None:
    from datetime import UTC

    from relman.demo.filters import created_within

    first = start.replace(microsecond=0, tzinfo=UTC)
    last = first + timedelta(seconds=seconds)
    test = created_within(f"{first.isoformat()}..{last.isoformat()}")
    run = next(iter(_SOME.world.runs.values()))
    for at, inside in ((first, True), (last, True), (first - timedelta(seconds=1), False)):
        run.created_at = at
        assert test(run) is inside


_SOME = new_site()
