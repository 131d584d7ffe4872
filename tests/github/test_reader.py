"""The reader on a real server on this machine: what it sends, and what it makes of every kind of answer."""

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from github_bodies import (
    annotation,
    approval,
    commit,
    comparison,
    deployment,
    deployment_status,
    environment,
    job,
    pending,
    policy,
    release,
    repository,
    run,
    tag,
    user,
    workflow,
)
from loopback import Say, in_turn, loopback

from relman import __version__
from relman.errors import Exit, Kind, RelmanError
from relman.github.etag import MemoryValidators
from relman.github.reader import Reader
from relman.model.answer import pack
from relman.secret import Secret

ROOT = "/repos/acme/agentic-backend"


async def refusal(awaitable):
    with pytest.raises(RelmanError) as caught:
        await awaitable
    return caught.value.problem


def tagged(answer):
    """A server whose answer has an ETag and is unchanged when asked with it."""

    def answered(asked):
        said = answer(asked)
        said.headers["ETag"] = 'W/"one"'
        return (
            Say(status=304, headers=said.headers) if asked.headers.get("if-none-match") == 'W/"one"' else said
        )

    return answered


async def test_every_read_goes_to_its_address_and_comes_back_as_its_record(reading):
    bodies = {
        ROOT: repository(),
        "/user": user(),
        "/rate_limit": {"resources": {"core": {"limit": 5, "remaining": 4, "reset": 1769112000}}},
        f"{ROOT}/actions/workflows": {"total_count": 1, "workflows": [workflow()]},
        f"{ROOT}/contents/.github/workflows/ci.yml": b"on: push\n",
        f"{ROOT}/actions/runs": {"total_count": 1, "workflow_runs": [run()]},
        f"{ROOT}/actions/runs/7": run(7),
        f"{ROOT}/actions/runs/7/attempts/2": run(7),
        f"{ROOT}/actions/runs/7/jobs": {"total_count": 1, "jobs": [job()]},
        f"{ROOT}/actions/jobs/9": job(9),
        f"{ROOT}/check-runs/9/annotations": [annotation()],
        f"{ROOT}/actions/runs/7/pending_deployments": [pending()],
        f"{ROOT}/actions/runs/7/approvals": [approval()],
        f"{ROOT}/environments": {"total_count": 1, "environments": [environment()]},
        f"{ROOT}/environments/eu%2Fprod/deployment-branch-policies": {"branch_policies": [policy()]},
        f"{ROOT}/deployments": [deployment()],
        f"{ROOT}/deployments/4/statuses": [deployment_status()],
        f"{ROOT}/tags": [tag()],
        f"{ROOT}/releases": [release()],
        f"{ROOT}/compare/v1...main": comparison([commit()]),
    }
    async with reading(lambda asked: Say(bodies[asked.path])) as (server, reader):
        values = [
            (await answer).value
            for answer in (
                reader.repository(),
                reader.viewer(),
                reader.rate_limit(),
                reader.workflows(),
                reader.workflow_file(".github/workflows/ci.yml", "main"),
                reader.runs(),
                reader.run(7),
                reader.attempt(7, 2),
                reader.jobs(7),
                reader.job(9),
                reader.annotations(9),
                reader.pending_deployments(7),
                reader.approvals(7),
                reader.environments(),
                reader.branch_policies("eu/prod"),
                reader.deployments(),
                reader.deployment_statuses(4),
                reader.tags(),
                reader.releases(),
                reader.compare("v1", "main"),
            )
        ]
    assert len(values) == len(bodies) == len(server.asked)
    assert all(values)
    assert values[4] == "on: push\n"
    assert {asked.path for asked in server.asked} == set(bodies)
    assert server.connections == 1  # kept alive


async def test_a_request_says_who_asks_and_in_which_version(reading, token):
    async with reading(lambda asked: Say(repository())) as (server, reader):
        await reader.repository()
    (asked,) = server.asked
    assert asked.headers["authorization"] == f"Bearer {token}"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["user-agent"] == f"relman/{__version__}"


async def test_without_a_token_none_is_sent(reading):
    async with reading(lambda asked: Say(repository()), token=None) as (server, reader):
        await reader.repository()
    assert "authorization" not in server.asked[0].headers


async def test_what_did_not_change_is_the_same_object(reading):
    async with reading(tagged(lambda asked: Say({"workflow_runs": [run()]}))) as (server, reader):
        first = await reader.runs()
        second = await reader.runs()
        assert not first.unchanged
        assert second.unchanged
        assert second.value is first.value
        assert second.raw == first.raw
        assert (reader.budget.requests, reader.budget.charged) == (2, 1)
    assert "if-none-match" not in server.asked[0].headers


async def test_the_same_body_without_a_tag_is_the_same_object_too(reading):
    async with reading(lambda asked: Say([pending()])) as (_, reader):
        first = await reader.pending_deployments(7)
        second = await reader.pending_deployments(7)
        assert second.value is first.value
        assert second.unchanged
        assert reader.budget.charged == 2


async def test_what_changed_is_a_new_object(reading):
    answer = in_turn(Say(run(7, status="queued")), Say(run(7, status="in_progress")))
    async with reading(answer) as (_, reader):
        first, second = await reader.run(7), await reader.run(7)
    assert (first.value.status, second.value.status, second.unchanged) == ("queued", "in_progress", False)


async def test_nothing_is_served_by_age(reading):
    said = tagged(lambda asked: Say(run(7), headers={"Cache-Control": "private, max-age=60, s-maxage=60"}))
    async with reading(said) as (server, reader):
        for _ in range(3):
            await reader.run(7)
    assert len(server.asked) == 3


async def test_answers_outlive_the_reader(reading, token):
    kept = MemoryValidators()
    async with reading(tagged(lambda asked: Say(run(7))), validators=kept) as (server, reader):
        first = await reader.run(7)
        again = Reader("acme/agentic-backend", api_url=server.url, token=Secret(token), validators=kept)
        second = await again.run(7)
        assert second.value == first.value
        assert second.raw == first.raw
        assert not second.unchanged  # this reader gives it out for the first time
        assert again.budget.charged == 0
        assert (await again.run(7)).unchanged
        await again.aclose()

        other = Reader("acme/agentic-backend", api_url=server.url, token=Secret("other"), validators=kept)
        await other.run(7)
        assert other.budget.charged == 1
        await other.aclose()


@pytest.mark.parametrize("cut", [lambda found: pack(found.body[:20]), lambda found: found.packed[:20]])
async def test_a_kept_answer_that_cannot_be_read_is_asked_for_anew(reading, cut):
    class Torn(MemoryValidators):
        def get(self, key):
            found = super().get(key)
            return found and type(found)(found.etag, None, cut(found), found.headers, found.stored_at)

    kept = Torn()
    async with reading(tagged(lambda asked: Say(run(7))), validators=kept) as (server, reader):
        await reader.run(7)
        again = Reader("acme/agentic-backend", api_url=server.url, token=Secret("x"), validators=kept)
        assert (await again.run(7)).value.id == 7
        await again.aclose()
    assert "if-none-match" not in server.asked[-1].headers


async def test_of_what_is_asked_once_nothing_stays_in_memory(reading):
    async with reading(tagged(lambda asked: Say(run(7)))) as (server, reader):
        first, second = await reader.passing.run(7), await reader.passing.run(7)
        assert (second.value, second.raw) == (first.value, first.raw)
        assert second.value is not first.value
        assert not second.unchanged
        assert "if-none-match" in server.asked[-1].headers  # the store still spares the quota
        assert reader.budget.charged == 1
        kept = await reader.run(7)
        assert (await reader.run(7)).value is kept.value


async def test_a_broken_store_costs_nothing_but_quota(reading, caplog):
    class Broken:
        def get(self, key):
            raise OSError("disk on fire")

        def put(self, key, validator):
            raise ValueError("no room")

    async with reading(tagged(lambda asked: Say(run(7))), validators=Broken()) as (_, reader):
        assert (await reader.run(7)).value.id == 7
        assert (await reader.run(7)).unchanged
    assert "cannot be kept" in caplog.text


async def test_the_store_is_asked_in_a_thread(reading):
    threads = set()

    class Watched(MemoryValidators):
        def get(self, key):
            threads.add(threading.current_thread())
            return super().get(key)

    async with reading(lambda asked: Say(run(7)), validators=Watched()) as (_, reader):
        await reader.run(7)
    assert threads
    assert threading.main_thread() not in threads


async def test_the_servers_time(reading):
    dated = Say(run(7), headers={"Date": "Mon, 23 Nov 2026 10:00:00 GMT"})
    async with reading(in_turn(dated, Say(run(7)))) as (_, reader):
        assert (await reader.run(7)).server_time == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
        assert (await reader.run(7)).server_time is None


def paged_jobs(sizes, link=True):
    total = sum(sizes)

    def answer(asked):
        page = int(dict(pair.split("=") for pair in asked.target.partition("?")[2].split("&")).get("page", 1))
        start = sum(sizes[: page - 1])
        jobs = [job(start + number + 1) for number in range(sizes[page - 1])]
        headers = {}
        if link and page < len(sizes):
            headers["Link"] = f'<http://evil.invalid:1/steal?page={page + 1}>; rel="next"'
        return Say({"total_count": total, "jobs": jobs}, headers=headers)

    return answer


@pytest.mark.parametrize("link", [True, False])
async def test_all_jobs_come_in_pages_and_no_link_leads_elsewhere(reading, link):
    async with reading(tagged(paged_jobs([100, 100, 56], link=link))) as (server, reader):
        first = await reader.jobs(7)
        assert [one.id for one in first.value] == list(range(1, 257))
        assert [len(page["jobs"]) for page in json.loads(first.raw)] == [100, 100, 56]
        second = await reader.jobs(7)
        assert second.value is first.value
        assert second.unchanged
        assert reader.budget.charged == 3
    assert len(server.asked) == 6


async def test_a_job_that_moved_between_two_pages_is_given_once(reading):
    pages = in_turn(
        Say({"jobs": [job(1), job(2)]}, headers={"Link": '<x>; rel="next"'}),
        Say({"jobs": [job(2, status="late"), job(3)]}),
    )
    async with reading(pages) as (_, reader):
        jobs = (await reader.jobs(7)).value
    assert [one.id for one in jobs] == [1, 2, 3]


@pytest.mark.parametrize(("total", "missing"), [(3, 1), (2, 0), (None, 0), (1, 0)])
async def test_a_list_that_is_cut_off_says_how_much_is_missing(reading, total, missing):
    async with reading(lambda asked: Say({"total_count": total, "jobs": [job(1), job(2)]})) as (_, reader):
        assert (await reader.jobs(7)).missing == missing


async def test_a_list_that_never_ends_ends(reading):
    async with reading(lambda asked: Say([], headers={"Link": '<x>; rel="next"'})) as (server, reader):
        assert (await reader.annotations(7)).value == ()
    assert len(server.asked) == 1


async def test_a_comparison_is_read_to_its_end(reading):
    def answer(asked):
        page = 2 if "page=2" in asked.target.replace("per_page", "") else 1
        commits = [commit(f"{number:040x}") for number in range((page - 1) * 100, page * 100 - (page - 1) * 70)]
        return Say(comparison(commits, total=130))

    async with reading(answer) as (server, reader):
        compared = (await reader.compare("v1", "main")).value
    assert (compared.total, len(compared.commits), len(server.asked)) == (130, 130, 2)


async def test_a_server_without_limits_is_no_error(reading):
    async with reading(lambda asked: Say({"message": "Rate limiting is not enabled."}, status=404)) as (
        _,
        reader,
    ):
        assert (await reader.rate_limit()).value.limit is None


@pytest.mark.parametrize(
    "fault",
    [
        Say(status=502, body="<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
        Say(status=503),
        Say(status=504, body={"message": "Timeout"}),
        Say(reset=True),
        Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{", cut=True),
        Say(raw=b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + json.dumps(run(7)).encode()[:300], cut=True),
        Say(raw=b"\x00\x01 nonsense\r\n\r\n", cut=True),
        Say(body="<html>maintenance</html>", headers={"Content-Type": "text/html"}),
        Say(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
        Say(body=b""),
    ],
    ids=["502", "503", "504", "reset", "cut", "half", "nonsense", "html", "gzip", "empty"],
)
async def test_what_a_second_try_heals_is_healed_and_else_told(reading, short_waits, fault):
    async with reading(in_turn(fault, Say(run(7)))) as (_, reader):
        assert (await reader.run(7)).value.id == 7
    assert len(short_waits) == 1
    assert 0 < short_waits[0] < 1
    async with reading(lambda asked: fault) as (server, reader):
        problem = await refusal(reader.run(7))
        assert problem.kind in {Kind.SERVER, Kind.NETWORK}
        assert "run 7" in problem.title
    assert len(server.asked) == 3
    assert short_waits[2] > short_waits[1] / 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 500, 501])
async def test_a_refusal_is_not_repeated(reading, status):
    async with reading(lambda asked: Say({"message": "No."}, status=status)) as (server, reader):
        await refusal(reader.run(7))
    assert len(server.asked) == 1


async def test_a_server_that_asks_for_a_long_pause_is_left_alone(reading, short_waits):
    async with reading(lambda asked: Say(status=503, headers={"Retry-After": "120"})) as (server, reader):
        problem = await refusal(reader.run(7))
        assert problem.retry_at > datetime.now(UTC) + timedelta(seconds=100)
    assert len(server.asked) == 1
    assert not short_waits


async def test_a_short_pause_that_the_server_asks_for_is_kept(reading, short_waits):
    async with reading(in_turn(Say(status=503, headers={"Retry-After": "2"}), Say(run(7)))) as (_, reader):
        await reader.run(7)
    assert short_waits == [2.0]


async def test_a_bad_answer_never_replaces_a_kept_one(reading):
    def answer(asked):
        if "if-none-match" in asked.headers:
            return Say(status=304) if broken.is_set() else Say(b"{")
        return Say(run(7), headers={"ETag": '"a"'})

    broken = asyncio.Event()
    async with reading(answer) as (_, reader):
        first = await reader.run(7)
        assert (await refusal(reader.run(7))).kind is Kind.SERVER
        broken.set()
        assert (await reader.run(7)).value is first.value


async def test_a_304_that_nobody_asked_for_is_a_problem(reading):
    async with reading(lambda asked: Say(status=304)) as (_, reader):
        assert (await refusal(reader.run(7))).kind is Kind.SERVER


async def test_while_a_limit_lasts_nothing_is_sent(reading):
    reset = int(datetime.now(UTC).timestamp()) + 600
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset), "X-RateLimit-Limit": "60"}
    said = Say({"message": "API rate limit exceeded for 127.0.0.1."}, status=403, headers=headers)
    async with reading(lambda asked: said) as (server, reader):
        problem = await refusal(reader.run(7))
        assert problem.kind is Kind.RATE_LIMIT
        assert timedelta(0) < problem.retry_at - datetime.now(UTC) < timedelta(minutes=11)
        again = await refusal(reader.runs())
        assert again.retry_at == problem.retry_at == reader.budget.paused_until
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_a_renamed_repository_is_followed_and_remembered(reading, status, token):
    def answer(asked):
        if asked.path.startswith("/repos/"):
            new = asked.target.replace(ROOT, "/repositories/1296269")
            return Say({"message": "Moved"}, status=status, headers={"Location": f"{server.url}{new}"})
        return Say(run(7)) if asked.path.endswith("/7") else Say({"workflow_runs": []})

    async with reading(answer) as (server, reader):
        assert (await reader.run(7)).value.id == 7
        await reader.runs(branch="main")
    assert all(asked.headers["authorization"] == f"Bearer {token}" for asked in server.asked)
    assert server.asked[-1].path == "/repositories/1296269/actions/runs"
    assert "branch=main" in server.asked[-1].target
    assert len(server.asked) == (4 if status == 307 else 3)


@pytest.mark.parametrize(
    "where", ["other host", "https://evil.invalid/x", "//evil.invalid/x", "ftp://x", "http://[", ""]
)
async def test_a_redirect_to_another_host_is_not_followed(reading, where):
    async with loopback(lambda asked: Say(run(7))) as other:
        location = other.url + "/x" if where == "other host" else where
        async with reading(lambda asked: Say(status=301, headers={"Location": location})) as (server, reader):
            problem = await refusal(reader.run(7))
            assert problem.kind is Kind.SERVER
            assert "moved" in problem.title
        assert not other.asked
    assert len(server.asked) == 1


async def test_a_redirect_in_circles_ends(reading):
    async with reading(lambda asked: Say(status=302, headers={"Location": asked.target})) as (server, reader):
        assert (await refusal(reader.run(7))).kind is Kind.SERVER
    assert len(server.asked) == 4


async def test_no_server_is_told_as_that(build, token):
    async with loopback(lambda asked: Say()) as server:
        url = server.url
    reader = build(api_url=url, token=Secret(token))
    problem = await refusal(reader.run(7))
    assert problem.kind is Kind.NETWORK
    assert "nothing listens there" in problem.detail
    await reader.aclose()


async def test_an_unknown_name_is_told_as_that(build, token):
    reader = build(api_url="https://api.nowhere.invalid", token=Secret(token))
    problem = await refusal(reader.run(7))
    assert problem.kind is Kind.NETWORK
    assert problem.detail
    await reader.aclose()


async def test_a_certificate_that_nobody_vouches_for_is_told_as_that(build, own_certificate, token):
    async with loopback(lambda asked: Say(run(7)), tls=own_certificate) as server:
        reader = build(api_url=server.url, token=Secret(token))
        problem = await refusal(reader.run(7))
        await reader.aclose()
    assert problem.kind is Kind.NETWORK
    assert "certificate" in problem.detail
    assert "SSL_CERT_FILE" in problem.hint
    assert not server.asked


async def test_a_certificate_can_be_vouched_for(build, own_certificate, certificate_file, monkeypatch, token):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))
    async with loopback(lambda asked: Say(run(7)), tls=own_certificate) as server:
        reader = build(api_url=server.url, token=Secret(token))
        assert (await reader.run(7)).value.id == 7
        await reader.aclose()
    assert server.asked[0].headers["authorization"] == f"Bearer {token}"


async def test_certificates_that_cannot_be_loaded_are_told_and_tried_again(build, monkeypatch, tmp_path, token):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    reader = build(api_url="https://localhost:1", token=Secret(token))
    problem = await refusal(reader.run(7))
    assert problem.kind is Kind.LOCAL
    assert "SSL_CERT_FILE" in problem.hint
    monkeypatch.delenv("SSL_CERT_FILE")
    assert (await refusal(reader.run(7))).kind is Kind.NETWORK
    await reader.aclose()


async def test_a_slow_answer_does_not_hold_up_the_others_and_can_be_given_up(reading):
    slow = asyncio.Event()

    async def answer(asked):
        if asked.path.endswith("/1"):
            slow.set()
            return Say(hang=True)
        return Say(run(7))

    async with reading(answer) as (_, reader):
        waiting = asyncio.create_task(reader.run(1))
        await slow.wait()
        assert (await reader.run(7)).value.id == 7
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for _ in range(12):  # more than there are slots: none was lost
            await reader.run(7)


async def test_at_most_eight_requests_are_under_way(reading):
    now, most = 0, 0
    gate = asyncio.Event()

    async def answer(asked):
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 8:
            gate.set()
        await gate.wait()
        await asyncio.sleep(0.01)
        now -= 1
        return Say(run(7))

    async with reading(answer) as (server, reader):
        await asyncio.gather(*(reader.run(number) for number in range(20)))
    assert most == 8
    assert server.connections <= 8


async def test_a_cancelled_first_read_leaves_the_others_alone(reading):
    async with reading(lambda asked: Say(run(7))) as (_, reader):
        first = asyncio.create_task(reader.run(1))
        second = asyncio.create_task(reader.run(7))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).value.id == 7
        with suppress(asyncio.CancelledError):
            await first


async def test_closing_ends_what_is_under_way(reading):
    begun = asyncio.Event()

    def answer(asked):
        begun.set()
        return Say(hang=True)

    async with reading(answer) as (_, reader):
        waiting = asyncio.create_task(reader.run(7))
        await begun.wait()
        await asyncio.wait_for(reader.aclose(), 5)
        assert (await refusal(asyncio.wait_for(waiting, 5))).kind in {Kind.LOCAL, Kind.NETWORK}
        assert "closing" in (await refusal(reader.run(7))).title
        await reader.aclose()


async def test_closing_before_anything_was_read():
    reader = Reader("acme/agentic-backend", token=None)
    await reader.aclose()
    reader = Reader("acme/agentic-backend", token=None)
    reading = asyncio.create_task(reader.run(7))
    await asyncio.sleep(0)
    await reader.aclose()
    assert "closing" in (await refusal(reading)).title


@pytest.mark.parametrize(
    "repo", ["", "acme", "acme/", "a/b/c", "a b/c", "../x", "a/b\n", "https://github.com/a/b"]
)
def test_what_is_no_repository_is_refused(repo):
    with pytest.raises(RelmanError) as caught:
        Reader(repo, token=None)
    assert caught.value.problem.exit_code is Exit.USAGE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.github.com",
        "ftp://x",
        "https://",
        "https://u:p@x",
        "https://x?y",
        "https://x:99999",
        "https://x\n",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(RelmanError) as caught:
        Reader("a/b", api_url=url, token=None)
    assert caught.value.problem.exit_code is Exit.USAGE


def test_a_token_never_travels_unencrypted(token):
    with pytest.raises(RelmanError) as caught:
        Reader("a/b", api_url="http://api.example.com", token=Secret(token))
    assert caught.value.problem.kind is Kind.CONFIG
    Reader("a/b", api_url="http://api.example.com", token=None)
    for host in ("localhost", "127.0.0.2", "[::1]", "api.localhost"):
        Reader("a/b", api_url=f"http://{host}:8000", token=Secret(token))


@pytest.mark.parametrize("token", ["ghp_x\n", "ghp x", "ghp_ä", "\x1b"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(token):
    with pytest.raises(RelmanError) as caught:
        Reader("a/b", token=Secret(token))
    assert caught.value.problem.kind is Kind.AUTH
    assert token not in str(caught.value)


def test_building_a_reader_loads_nothing():
    code = (
        "import sys\n"
        "from relman.github.reader import Reader\n"
        "from relman.probes import Probes\n"
        "from relman.secret import Secret\n"
        "Reader('a/b', token=Secret('x')); Probes()\n"
        "print(*{'httpx', 'httpcore', 'github', 'requests', 'sqlite3'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


async def test_an_address_with_a_path_in_front_keeps_it(token):
    async with loopback(lambda asked: Say(run(7))) as server:
        reader = Reader("acme/agentic-backend", api_url=f"{server.url}/api/v3/", token=Secret(token))
        await reader.run(7)
        await reader.aclose()
    assert server.asked[0].path == f"/api/v3{ROOT}/actions/runs/7"
