"""Logs: fetched from another host without the token, whole or not at all, and why there is none."""

import asyncio
import errno
import gzip
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from github_bodies import job, run
from loopback import Say, in_turn, loopback

from relman.errors import Kind, RelmanError
from relman.github import save as saving

ROOT = "/repos/acme/agentic-backend"
TEXT = b"".join(b"2026-11-23T10:00:00.0000000Z line %d\n" % number for number in range(40_000))
BLOB_NOT_FOUND = Say(
    '<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>absent</Message></Error>',
    status=404,
    headers={"Content-Type": "application/xml"},
)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "logs" / "9.txt"


@pytest.fixture
def logging(reading):
    """A store on another address, an API that redirects there, and a reader."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def start(stored, arbiter=None, api=None):
        async with loopback(stored) as store:

            def answer(asked):
                if asked.path.endswith("/logs"):
                    return (
                        api(asked)
                        if api
                        else Say(status=302, headers={"Location": f"{store.url}/blob?sig=SIGNED"})
                    )
                return Say(arbiter) if isinstance(arbiter, dict) else arbiter or Say(status=404, body={})

            async with reading(answer) as (server, reader):
                yield server, store, reader

    return start


async def refusal(awaitable):
    with pytest.raises(RelmanError) as caught:
        await awaitable
    return caught.value.problem


def left_in(target):
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


async def test_a_log_comes_from_the_other_host_without_the_token(logging, target, token):
    async with logging(lambda asked: Say(TEXT)) as (server, store, reader):
        steps = []
        await reader.save_job_log(9, target, lambda done, size: steps.append((done, size)))
    assert target.read_bytes() == TEXT
    assert left_in(target) == ["9.txt"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert server.asked[0].path == f"{ROOT}/actions/jobs/9/logs"
    assert server.asked[0].headers["authorization"] == f"Bearer {token}"
    (fetched,) = store.asked
    assert not {"authorization", "cookie", "x-github-api-version"} & set(fetched.headers)
    assert token not in str(fetched)
    assert steps[-1] == (len(TEXT), len(TEXT))
    assert steps == sorted(steps)
    assert len(server.asked) == 1


async def test_the_store_is_not_charged(logging, target):
    async with logging(lambda asked: Say(TEXT)) as (_, _, reader):
        await reader.save_job_log(9, target)
        assert reader.budget.requests == 1


@pytest.mark.parametrize("attempt", [None, 2])
async def test_the_archive_of_a_run(logging, target, attempt):
    async with logging(lambda asked: Say(b"PK\x03\x04")) as (server, _, reader):
        await reader.save_run_log(7, target, attempt=attempt)
    assert target.read_bytes() == b"PK\x03\x04"
    assert server.asked[0].path == ROOT + (
        "/actions/runs/7/attempts/2/logs" if attempt else "/actions/runs/7/logs"
    )


async def test_a_server_that_sends_the_log_itself(reading, target):
    async with reading(lambda asked: Say(TEXT)) as (server, reader):
        await reader.save_job_log(9, target)
    assert target.read_bytes() == TEXT
    assert len(server.asked) == 1


async def test_a_compressed_log_is_unpacked_and_counted_as_it_comes(logging, target):
    packed = gzip.compress(TEXT)
    steps = []
    async with logging(lambda asked: Say(packed, headers={"Content-Encoding": "gzip"})) as (_, _, reader):
        await reader.save_job_log(9, target, lambda done, size: steps.append((done, size)))
    assert target.read_bytes() == TEXT
    assert steps[-1] == (len(packed), len(packed))


async def test_a_log_of_unknown_length(logging, target):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    steps = []
    async with logging(lambda asked: Say(raw=raw)) as (_, _, reader):
        await reader.save_job_log(9, target, lambda done, size: steps.append((done, size)))
    assert target.read_bytes() == b"hello"
    assert steps[-1][1] is None


async def test_an_empty_log_is_an_empty_file(logging, target):
    async with logging(lambda asked: Say(b"")) as (_, _, reader):
        await reader.save_job_log(9, target)
    assert target.read_bytes() == b""


async def test_a_log_that_is_there_already_is_replaced_at_the_end_only(logging, target):
    target.parent.mkdir()
    target.write_text("before")
    async with logging(lambda asked: Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", cut=True)) as (
        _,
        _,
        reader,
    ):
        assert (await refusal(reader.save_job_log(9, target))).kind is Kind.NETWORK
    assert target.read_text() == "before"
    assert left_in(target) == ["9.txt"]


async def test_a_broken_stream_is_fetched_anew(logging, target):
    broken = Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + TEXT[:50_000], cut=True)
    async with logging(in_turn(broken, Say(TEXT))) as (server, store, reader):
        await reader.save_job_log(9, target)
    assert target.read_bytes() == TEXT
    assert (len(server.asked), len(store.asked)) == (2, 2)
    assert left_in(target) == ["9.txt"]


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_an_address_that_ran_out_is_asked_for_anew(logging, target, status):
    async with logging(in_turn(Say(status=status), Say(TEXT))) as (server, _, reader):
        await reader.save_job_log(9, target)
    assert target.read_bytes() == TEXT
    assert len(server.asked) == 2


async def test_a_cancelled_download_leaves_nothing(logging, target):
    begun = asyncio.Event()
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + TEXT

    async def stored(asked):
        return Say(raw=raw)

    async with logging(stored) as (_, _, reader):
        fetching = asyncio.create_task(reader.save_job_log(9, target, lambda done, size: begun.set()))
        await begun.wait()
        assert any(name.endswith(".part") for name in left_in(target))
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert left_in(target) == []
        for _ in range(3):  # the slots came back
            again = asyncio.create_task(reader.save_job_log(9, target, lambda done, size: begun.set()))
            begun.clear()
            await begun.wait()
            again.cancel()
            with pytest.raises(asyncio.CancelledError):
                await again
    assert left_in(target) == []


async def test_a_download_that_hangs_is_given_up_by_its_reader(logging, target):
    async with logging(lambda asked: Say(hang=True)) as (_, store, reader):
        fetching = asyncio.create_task(reader.save_job_log(9, target))
        while not store.asked:
            await asyncio.sleep(0.001)
        await reader.aclose()
        assert (await refusal(asyncio.wait_for(fetching, 5))).kind in {Kind.NETWORK, Kind.LOCAL}
    assert left_in(target) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_told_as_that(logging, target, monkeypatch, number):
    def full(self, data):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(saving._Part, "write", full)
    async with logging(lambda asked: Say(TEXT)) as (_, store, reader):
        problem = await refusal(reader.save_job_log(9, target))
    assert problem.kind is Kind.LOCAL
    assert "disk is full" in problem.title
    assert left_in(target) == []
    assert len(store.asked) == 1


async def test_a_really_full_disk_is_told_as_that(logging, target, monkeypatch):
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this system has no /dev/full")
    open_ = os.open
    monkeypatch.setattr(
        saving.os,
        "open",
        lambda path, flags, mode: open_("/dev/full" if str(path).endswith(".part") else path, os.O_WRONLY),
    )
    async with logging(lambda asked: Say(TEXT)) as (_, _, reader):
        problem = await refusal(reader.save_job_log(9, target))
    assert problem.kind is Kind.LOCAL
    assert left_in(target) == []


async def test_a_directory_that_cannot_be_written_is_told_as_that(logging, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    async with logging(lambda asked: Say(TEXT)) as (_, _, reader):
        problem = await refusal(reader.save_job_log(9, tmp_path / "file" / "9.txt"))
    assert problem.kind is Kind.LOCAL
    assert str(tmp_path / "file") in problem.hint


LONG_AGO = (datetime.now(UTC) - timedelta(days=200)).isoformat()
JUST_NOW = "just now"  # see dated(): tests may run long after they were collected


def dated(answer):
    """The answer with the present moment where it says "just now"."""
    if not isinstance(answer, dict):
        return answer
    now = datetime.now(UTC).isoformat()
    return {key: now if value == JUST_NOW else value for key, value in answer.items()}


NEVER_RAN = {"steps": [], "runner_name": None, "completed_at": JUST_NOW}


@pytest.mark.parametrize(
    ("arbiter", "kind", "words"),
    [
        (job(9, status="in_progress", conclusion=None), Kind.NOT_YET, "it is running"),
        (job(9, status="queued", conclusion=None), Kind.NOT_YET, "it is queued"),
        (job(9, status="waiting", conclusion=None), Kind.NOT_YET, "it is waiting"),
        (job(9, conclusion="skipped", **NEVER_RAN), Kind.NOT_FOUND, "was skipped before it ran"),
        (job(9, conclusion="cancelled", **NEVER_RAN), Kind.NOT_FOUND, "was cancelled before it ran"),
        (job(9, conclusion="cancelled", completed_at=LONG_AGO), Kind.GONE, "retention"),
        (job(9, completed_at=LONG_AGO), Kind.GONE, "retention"),
        (job(9, completed_at=JUST_NOW), Kind.NOT_YET, "still storing"),
        (job(9, completed_at=None), Kind.GONE, "retention"),
        (Say({"message": "Not Found"}, status=404), Kind.NOT_FOUND, "GitHub does not show job 9"),
    ],
)
@pytest.mark.parametrize("hop", ["api", "store"])
async def test_why_a_job_has_no_log(logging, target, arbiter, kind, words, hop):
    api = (lambda asked: Say({"message": "Not Found"}, status=404)) if hop == "api" else None
    async with logging(lambda asked: BLOB_NOT_FOUND, dated(arbiter), api) as (_, _, reader):
        problem = await refusal(reader.save_job_log(9, target))
    assert problem.kind is kind
    assert words in problem.sentence()
    assert left_in(target) == []


@pytest.mark.parametrize(
    ("arbiter", "kind", "words"),
    [
        (run(7, status="in_progress", conclusion=None), Kind.NOT_YET, "no archive of logs yet"),
        (run(7, conclusion="startup_failure"), Kind.NOT_FOUND, "no job ever ran"),
        (run(7, conclusion="skipped"), Kind.NOT_FOUND, "no job ever ran"),
        (run(7, updated_at=LONG_AGO), Kind.GONE, "retention"),
        (run(7, updated_at=JUST_NOW), Kind.NOT_YET, "still storing"),
        (Say({"message": "Not Found"}, status=404), Kind.NOT_FOUND, "GitHub does not show run 7"),
    ],
)
async def test_why_a_run_has_no_archive(logging, target, arbiter, kind, words):
    async with logging(lambda asked: BLOB_NOT_FOUND, dated(arbiter)) as (_, _, reader):
        problem = await refusal(reader.save_run_log(7, target))
    assert problem.kind is kind
    assert words in problem.sentence()


async def test_an_expired_log_needs_no_second_question_to_be_gone(logging, target):
    expired = Say({"message": "Server Error"}, status=410)
    async with logging(None, dated(job(9, completed_at=JUST_NOW)), lambda asked: expired) as (_, _, reader):
        assert (await refusal(reader.save_job_log(9, target))).kind is Kind.GONE


async def test_an_address_that_cannot_be_made_for_a_finished_job_is_the_servers_fault(logging, target):
    failed = Say({"message": "Failed to generate URL to download logs"}, status=500)
    async with logging(None, job(9, completed_at=LONG_AGO), lambda asked: failed) as (_, _, reader):
        problem = await refusal(reader.save_job_log(9, target))
    assert problem.kind is Kind.SERVER
    assert "Failed to generate URL" in problem.detail


@pytest.mark.parametrize(("status", "kind"), [(401, Kind.AUTH), (403, Kind.PERMISSION)])
async def test_a_missing_right_is_not_a_missing_log(logging, target, status, kind):
    refused = Say({"message": "No"}, status=status)
    async with logging(None, job(9), lambda asked: refused) as (server, _, reader):
        assert (await refusal(reader.save_job_log(9, target))).kind is kind
    assert len(server.asked) == 1


@pytest.mark.parametrize("where", ["http://logs.example.com/x", "ftp://x/y", "file:///etc/passwd", "http://["])
async def test_an_address_that_is_not_encrypted_is_not_asked(logging, target, where):
    to = Say(status=302, headers={"Location": where})
    async with logging(None, job(9), lambda asked: to) as (_, _, reader):
        problem = await refusal(reader.save_job_log(9, target))
    assert problem.kind is Kind.SERVER
    assert left_in(target) == []


async def test_the_store_may_redirect_again_but_not_for_ever(logging, target):
    circle = Say(status=302, headers={"Location": "/again"})
    async with logging(lambda asked: circle, job(9)) as (_, store, reader):
        assert (await refusal(reader.save_job_log(9, target))).kind is Kind.SERVER
    assert all("authorization" not in asked.headers for asked in store.asked)
    async with logging(in_turn(circle, Say(TEXT)), job(9)) as (_, _, reader):
        await reader.save_job_log(9, target)
    assert target.read_bytes() == TEXT


async def test_two_downloads_to_one_place_do_not_mix(logging, target):
    async with logging(lambda asked: Say(TEXT)) as (_, _, reader):
        await asyncio.gather(*(reader.save_job_log(9, target) for _ in range(4)))
    assert target.read_bytes() == TEXT
    assert left_in(target) == ["9.txt"]
