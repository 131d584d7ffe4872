"""Whatever breaks: a change is sent once at the most, and what is said of it is true."""

import asyncio
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from github_bodies import SHA, ref
from loopback import Say, in_turn, loopback
from writes import CHANGING, EVERY, ROOT

from relman.errors import Kind, OutcomeUnknownError, RelmanError
from relman.github.budget import Meter
from relman.github.clock import SystemClock
from relman.github.reader import Reader
from relman.github.writer import Writer
from relman.secret import Secret

LOST = {
    "502": Say("<html><h1>Unicorn!</h1></html>", 502, {"Content-Type": "text/html"}),
    "500": Say({"message": "Server Error"}, 500),
    "503 with a wish": Say({"message": "Later"}, 503, {"Retry-After": "1"}),
    "504": Say(b"", 504),
    "reset": Say(reset=True),
    "closed": Say(raw=b"", cut=True),
    "cut in the head": Say(raw=b"HTTP/1.1 201 Cre", cut=True),
    "cut in the body": Say(raw=b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"re', cut=True),
    "nonsense": Say(raw=b"hello\r\n\r\n", cut=True),
    "damaged": Say(raw=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", cut=True),
    "broken list": Say("[1, 2", 201),
}


@pytest.mark.parametrize("do", CHANGING)
@pytest.mark.parametrize("fault", sorted(LOST))
async def test_what_was_sent_and_not_answered_is_unknown_and_never_sent_again(writing, unknown, do, fault):
    async with writing(lambda asked: LOST[fault]) as (server, writer):
        problem = await unknown(EVERY[do](writer))
        assert "Look before doing it again" in problem.hint
        assert problem.detail
        await asyncio.sleep(0.02)
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", sorted(LOST))
async def test_notes_store_nothing_and_may_be_asked_for_again(writing, refused, fault):
    async with writing(lambda asked: LOST[fault]) as (server, writer):
        problem = await refused(EVERY["notes"](writer))
        assert "Try again" in problem.hint
    assert len(server.asked) == 1


@pytest.mark.parametrize("do", CHANGING)
async def test_no_answer_in_time_is_unknown_and_the_next_change_goes_out(writing, refused, unknown, do):
    no = Say({"message": "Resource not accessible by personal access token"}, 403)
    async with writing(lambda asked: no, answer_time=0.5) as (server, writer):
        await refused(EVERY[do](writer))  # everything is loaded by now
        server.answer = lambda asked: Say(hang=True)
        assert "too long" in (await unknown(EVERY[do](writer))).detail
        server.answer = lambda asked: no
        assert (await refused(EVERY[do](writer))).kind is Kind.PERMISSION
    assert len(server.asked) == 3


@pytest.mark.parametrize("do", sorted(EVERY))
async def test_where_nothing_listens_nothing_happened(refused, do):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        writer = Writer("a/b", api_url=f"http://127.0.0.1:{taken.getsockname()[1]}", token=Secret("x"))
        problem = await refused(EVERY[do](writer))
        await writer.aclose()
    assert problem.kind is Kind.NETWORK
    assert "nothing listens there" in problem.detail
    assert "Nothing was changed" in problem.hint


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_a_name_that_no_one_knows(refused, do):
    writer = Writer("a/b", api_url="https://no-such-host.invalid", token=Secret("x"))
    problem = await refused(EVERY[do](writer))
    await writer.aclose()
    assert problem.kind is Kind.NETWORK


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_an_untrusted_certificate_stops_before_anything_is_sent(own_certificate, refused, do):
    async with loopback(lambda asked: Say({}), tls=own_certificate) as server:
        writer = Writer("a/b", api_url=server.url, token=Secret("x"))
        problem = await refused(EVERY[do](writer))
        await writer.aclose()
    assert not server.asked
    assert "certificate" in problem.detail


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_the_certificate_the_reader_trusts_is_trusted(
    own_certificate, certificate_file, monkeypatch, unknown, do
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))
    async with loopback(lambda asked: Say("[1", 201), tls=own_certificate) as server:
        writer = Writer("a/b", api_url=server.url, token=Secret("x"))
        await unknown(EVERY[do](writer))
        await writer.aclose()
    assert len(server.asked) == 1


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_certificates_that_cannot_be_read_stop_before_anything_is_sent(
    tmp_path, monkeypatch, refused, do
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    writer = Writer("a/b", api_url="https://127.0.0.1:1", token=Secret("x"))
    assert "SSL_CERT_FILE" in (await refused(EVERY[do](writer))).sentence()
    await writer.aclose()


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_a_handshake_that_breaks_comes_before_the_change(refused, do):
    async def hang_up(reader, writer):
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        writer = Writer("a/b", api_url=f"https://127.0.0.1:{port}", token=Secret("x"))
        problem = await refused(EVERY[do](writer))
        await writer.aclose()
    assert problem.kind is Kind.NETWORK


@pytest.mark.parametrize("do", ["ref", "cancel"])
@pytest.mark.parametrize("said", [b"HTTP/1.1 407 Login\r\n\r\n", b"HTTP/1.1 503 No\r\n\r\n", b""])
async def test_a_proxy_that_does_not_let_through(monkeypatch, refused, do, said):
    async with loopback(lambda asked: Say(raw=said, cut=True)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        writer = Writer("a/b", api_url="https://api.github.invalid", token=Secret("SENTINEL"))
        problem = await refused(EVERY[do](writer))
        await writer.aclose()
    assert problem.kind is Kind.NETWORK
    assert {asked.method for asked in proxy.asked} == {"CONNECT"}
    assert "SENTINEL" not in str(proxy.asked)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("do", sorted(EVERY))
async def test_a_change_is_never_sent_on_to_where_a_repository_moved(writing, refused, do, status):
    moved = Say({"message": "Moved Permanently"}, status, {"Location": "/repos/acme/renamed/actions"})
    async with writing(lambda asked: moved) as (server, writer):
        problem = await refused(EVERY[do](writer))
    assert len(server.asked) == 1
    assert problem.kind is Kind.CONFIG
    assert "acme/renamed" in problem.sentence()
    assert "Nothing was changed" in problem.hint


@pytest.mark.parametrize(
    "location", ["https://evil.invalid/x", "/repositories/7/git/refs", "", "http://[", "/repos/a"]
)
async def test_a_redirect_that_names_nothing(writing, refused, location):
    async with writing(lambda asked: Say(status=307, headers={"Location": location})) as (server, writer):
        for do in ("ref", "cancel"):
            assert (await refused(EVERY[do](writer))).kind is Kind.CONFIG
    assert len(server.asked) == 2


@pytest.mark.parametrize("do", sorted(EVERY))
async def test_a_limit_stops_all_changes_at_once_and_says_until_when(writing, refused, do):
    said = Say({"message": "You have exceeded a secondary rate limit."}, 403, {"Retry-After": "120"})
    async with writing(lambda asked: said) as (server, writer):
        first = await refused(EVERY[do](writer))
        again = [await refused(EVERY[other](writer)) for other in ("ref", "cancel")]
    assert len(server.asked) == 1
    assert {problem.kind for problem in (first, *again)} == {Kind.RATE_LIMIT}
    now = datetime.now(UTC)
    assert all(now < problem.retry_at <= now + timedelta(seconds=121) for problem in (first, *again))


async def test_what_waits_behind_a_limit_is_not_sent(writing):
    said = Say({"message": "You have exceeded a secondary rate limit."}, 403, {"Retry-After": "120"})

    async def answer(asked):
        await asyncio.sleep(0.05)  # the others are in the queue by then
        return said

    async with writing(answer) as (server, writer):
        changes = [writer.create_ref(f"refs/tags/v{one}", SHA) for one in range(3)]
        errors = await asyncio.gather(*changes, return_exceptions=True)
    assert [error.problem.kind for error in errors] == [Kind.RATE_LIMIT] * 3
    assert len(server.asked) == 1


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_each_change_has_a_fresh_connection(writing, do):
    """A kept one may be closed by the server just then, and the change would be neither made nor refused."""
    async with writing(lambda asked: Say(ref("refs/tags/v1.2.3"), 201)) as (server, writer):
        for _ in range(3):
            await EVERY[do](writer)
    assert server.connections == 3


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_an_answer_that_drips_is_given_up(writing, unknown, do):
    async def drip(reader, stream):
        try:
            await reader.readuntil(b"\r\n\r\n")
            stream.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
            while True:
                stream.write(b" ")
                await stream.drain()
                await asyncio.sleep(0.02)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            stream.transport.abort()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with writing(lambda asked: Say(), api_url=f"http://127.0.0.1:{port}", answer_time=0.3) as (
            _,
            writer,
        ):
            assert "too long" in (await unknown(EVERY[do](writer))).detail
            server.close()


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_reader_and_writer_share_one_meter(do):
    limit = Say({"message": "API rate limit exceeded"}, 429, {"Retry-After": "30"})
    async with loopback(in_turn(limit, Say({}))) as server:
        reader = Reader("acme/agentic-backend", api_url=server.url, token=Secret("x"))
        writer = Writer("acme/agentic-backend", api_url=server.url, token=Secret("x"), meter=reader.meter)
        with pytest.raises(RelmanError):
            await EVERY[do](writer)
        with pytest.raises(RelmanError) as caught:
            await reader.run(7)
        assert caught.value.problem.kind is Kind.RATE_LIMIT
        assert reader.budget.requests == 1
        await writer.aclose()
        await reader.aclose()
    assert len(server.asked) == 1


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_closing_gives_up_a_hanging_change_at_once(writing, do):
    before = threading.active_count()
    async with writing(lambda asked: Say(hang=True)) as (server, writer):
        task = asyncio.create_task(EVERY[do](writer))
        while not server.asked:
            await asyncio.sleep(0.005)
        behind = asyncio.create_task(EVERY["tag object" if do == "ref" else "rerun"](writer))
        await asyncio.sleep(0.02)
        async with asyncio.timeout(1):
            await writer.aclose()
            with pytest.raises(OutcomeUnknownError) as caught:
                await task
            with pytest.raises(RelmanError) as waiting:
                await behind
        assert "closed" in caught.value.problem.detail
        assert do == "cancel" or waiting.value.problem.kind is Kind.LOCAL  # it was behind, and never sent
        with pytest.raises(RelmanError) as later:
            await EVERY[do](writer)
        assert later.value.problem.kind is Kind.LOCAL
        others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
        assert all(thread.daemon for thread in others if thread.name.startswith("relman"))
    assert len(server.asked) == (1 if do == "ref" else 2)
    assert threading.active_count() <= before + 2


async def test_changes_through_pygithub_go_out_one_after_the_other(writing):
    running = most = 0

    async def answer(asked):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return Say(ref(asked.json["ref"]), 201)

    async with writing(answer) as (server, writer):
        await asyncio.gather(*(writer.create_ref(f"refs/tags/v{one}", SHA) for one in range(5)))
    assert len(server.asked) == 5
    assert most == 1


async def test_a_change_cancelled_while_it_waits_is_never_sent(writing):
    async with writing(lambda asked: Say(hang=True)) as (server, writer):
        first = asyncio.create_task(EVERY["ref"](writer))
        while not server.asked:
            await asyncio.sleep(0.005)
        second = asyncio.create_task(EVERY["tag object"](writer))
        await asyncio.sleep(0.02)
        for task in (second, first):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        server.answer = lambda asked: Say(ref("refs/tags/v1"), 201)
        await writer.create_ref("refs/tags/v1", SHA)  # a fresh thread, while the other still hangs
        await asyncio.sleep(0.05)
    assert [asked.json.get("ref") for asked in server.asked] == ["refs/tags/v1.2.3", "refs/tags/v1"]


HANGING = """
import asyncio, socket, threading
from relman.github.writer import Writer
from relman.secret import Secret

def serve(listening, arrived):
    connection, _ = listening.accept()
    connection.recv(65536)
    arrived.set()
    threading.Event().wait()

async def main():
    listening = socket.create_server(("127.0.0.1", 0))
    arrived = threading.Event()
    threading.Thread(target=serve, args=(listening, arrived), daemon=True).start()
    writer = Writer("a/b", api_url=f"http://127.0.0.1:{listening.getsockname()[1]}", token=Secret("x"))
    task = asyncio.create_task(WRITE)
    while not arrived.is_set():
        await asyncio.sleep(0.01)
    CLOSE
    print("leaving", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("write", ["writer.create_ref('refs/tags/v1', 'a' * 40)", "writer.cancel(7)"])
@pytest.mark.parametrize("close", ["await writer.aclose()", "pass"])
def test_the_program_ends_while_a_change_hangs(write, close):
    code = HANGING.replace("WRITE", write).replace("CLOSE", close)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "leaving\n"
        _, complaints = process.communicate(timeout=5)  # a request's own time-out would be three times that
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in complaints


def test_building_a_writer_loads_nothing_and_the_first_change_loads_pygithub_in_its_thread():
    code = (
        "import asyncio, sys\n"
        "from relman.github.writer import Writer\n"
        "from relman.secret import Secret\n"
        "writer = Writer('a/b', token=Secret('x'), api_url='http://127.0.0.1:9')\n"
        "heavy = {'github', 'requests', 'urllib3', 'httpx', 'cryptography'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "async def main():\n"
        "    try: await writer.cancel(7)\n"
        "    except Exception: pass\n"
        "    assert not {'github', 'requests', 'urllib3'} & set(sys.modules)\n"
        "    try: await writer.create_ref('refs/tags/v1', 'a' * 40)\n"
        "    except Exception: pass\n"
        "    assert 'github' in sys.modules\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_pygithub_elsewhere_is_left_as_it_is():
    code = (
        "import asyncio, github\n"
        "from github.Requester import Requester\n"
        "before = {n: v for n, v in vars(Requester).items() if 'onnectionClass' in n or 'persist' in n}\n"
        "assert before\n"
        "from relman.github.pygithub import Desk\n"
        "Desk('a/b', 'https://api.github.com', None, None)\n"
        "assert before == {n: v for n, v in vars(Requester).items() if 'onnectionClass' in n or 'persist' in n}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_an_old_meter_without_a_pause_lets_changes_through(writing):
    meter = Meter(SystemClock())
    async with writing(lambda asked: Say(status=204), meter=meter) as (server, writer):
        await writer.delete_run(7)
    assert meter.budget.requests == 1
    assert server.asked[0].path == f"{ROOT}/actions/runs/7"
