"""Health checks on real servers on this machine."""

import asyncio
import time

import pytest
from hostile import HOSTILE, UNSAFE
from loopback import Say, in_turn, loopback

from relman import __version__
from relman.model.health import HealthCheck
from relman.probes import Probes


async def one(probes, url, version="", within=5.0):
    (health,) = await probes.check((HealthCheck("api", url, version, within),))
    return health


async def test_a_healthy_answer(probes):
    async with loopback(lambda asked: Say({"status": "ok", "version": "1.2.3"})) as server:
        health = await one(probes, server.url + "/health?full=1", "version")
    assert health.ok
    assert (health.name, health.url, health.status) == ("api", server.url + "/health?full=1", 200)
    assert health.version == "1.2.3"
    assert health.error == ""
    assert 0 < health.latency < 5
    assert health.checked_at.tzinfo is not None
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("GET", "/health?full=1")
    assert asked.headers["user-agent"] == f"relman/{__version__}"
    assert not {"authorization", "cookie"} & set(asked.headers)


async def test_a_version_in_a_header(probes):
    async with loopback(lambda asked: Say(status=204, headers={"X-App-Version": "7"})) as server:
        health = await one(probes, server.url, "header:x-app-version")
    assert (health.ok, health.status, health.version) == (True, 204, "7")


@pytest.mark.parametrize(
    ("status", "words"), [(503, "503 Service Unavailable"), (404, "404 Not Found"), (599, "599")]
)
async def test_a_bad_status_is_not_ok_and_still_tells_its_version(probes, status, words):
    async with loopback(lambda asked: Say({"version": "1"}, status=status)) as server:
        health = await one(probes, server.url, "version")
    assert not health.ok
    assert (health.status, health.version) == (status, "1")
    assert health.error == f"answered {words}"
    assert health.latency is not None


async def test_a_version_that_is_not_there_is_said_and_the_answer_still_ok(probes):
    async with loopback(lambda asked: Say({"status": "ok"})) as server:
        health = await one(probes, server.url, "build.version")
    assert health.ok
    assert health.version is None
    assert health.error == "no version at build.version"


async def test_a_long_answer_is_not_read_to_its_end(probes):
    endless = Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 200_000)
    async with loopback(lambda asked: endless) as server:
        health = await one(probes, server.url, "version", within=20)
    assert health.ok
    assert health.version is None
    assert "64 KB" in health.error


async def test_checks_run_together_and_come_back_in_their_order(probes):
    together, seen = asyncio.Event(), 0

    async def answer(asked):
        nonlocal seen
        seen += 1
        if seen == 5:
            together.set()
        await together.wait()
        return Say({"version": asked.path})

    async with loopback(answer) as server:
        checks = tuple(HealthCheck(str(number), f"{server.url}/{number}", "version") for number in range(5))
        found = await probes.check(checks)
    assert [health.name for health in found] == ["0", "1", "2", "3", "4"]
    assert [health.version for health in found] == ["/0", "/1", "/2", "/3", "/4"]


async def test_no_checks_load_nothing():
    probes = Probes()
    assert await probes.check(()) == ()
    assert probes._opening is None
    await probes.aclose()


@pytest.mark.parametrize(
    "slow",
    [Say(hang=True), Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")],
    ids=["silent", "half an answer"],
)
async def test_each_check_has_its_own_time(probes, slow):
    async with loopback(lambda asked: slow if asked.path == "/slow" else Say({"version": "1"})) as server:
        checks = (
            HealthCheck("slow", f"{server.url}/slow", timeout=0.1),
            HealthCheck("fast", f"{server.url}/fast"),
        )
        slow_health, fast = await probes.check(checks)
    assert (slow_health.ok, slow_health.status) == (False, None)
    assert slow_health.error == "no answer within 0.1 s"
    assert fast.ok


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Say(reset=True), "closed the connection"),
        (Say(raw=b"", cut=True), "closed the connection"),
        (Say(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n", cut=True), "does not speak HTTP"),
        (Say(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", cut=True), "closed the connection"),
        (Say(b"no gzip", headers={"Content-Encoding": "gzip"}), "damaged"),
    ],
)
async def test_what_is_broken_is_said_in_words(probes, fault, words):
    async with loopback(lambda asked: fault) as server:
        health = await one(probes, server.url)
    assert (health.ok, health.status) == (False, None)
    assert words in health.error


async def test_nothing_listens(probes):
    async with loopback(lambda asked: Say()) as server:
        url = server.url
    assert (await one(probes, url)).error == "nothing listens there"


async def test_an_unknown_name(probes):
    assert "not known here" in (await one(probes, "http://nowhere.invalid/health")).error


async def test_a_bad_certificate_is_said_in_words(probes, bad_certificate):
    async with loopback(lambda asked: Say(b"ok"), tls=bad_certificate[0]) as server:
        health = await one(probes, server.url)
    assert not health.ok
    assert "certificate is not trusted" in health.error
    assert not server.asked


async def test_plain_http_where_encryption_is_expected(probes):
    async def refuse(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "no encrypted connection" in (await one(probes, f"https://127.0.0.1:{port}")).error
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000/health",
        "ftp://x/",
        "http://",
        "http://x:99999",
        "http://x/\x1b[2J",
        "http://a b/",
        "http://[",
    ],
)
async def test_what_is_no_address_is_said(probes, url):
    assert (await one(probes, url)).error == "this is no http or https address"


async def test_a_host_that_no_name_can_be_made_of(probes):
    health = await one(probes, "http://" + "a" * 70 + ".example/")
    assert not health.ok
    assert health.error


async def test_a_redirect_on_the_same_host_is_followed(probes):
    answer = in_turn(Say(status=302, headers={"Location": "/ready"}), Say({"version": "1"}))
    async with loopback(answer) as server:
        health = await one(probes, server.url + "/health", "version")
    assert (health.ok, health.version) == (True, "1")
    assert [asked.path for asked in server.asked] == ["/health", "/ready"]


async def test_a_redirect_to_another_host_is_told_and_not_followed(probes):
    async with loopback(lambda asked: Say({"version": "evil"})) as other:
        to = Say(status=301, headers={"Location": other.url + "/login?secret=1"})
        async with loopback(lambda asked: to) as server:
            health = await one(probes, server.url, "version")
    assert not health.ok
    assert health.status == 301
    assert other.url in health.error
    assert "secret" not in health.error
    assert not other.asked


async def test_a_redirect_in_circles_ends(probes):
    async with loopback(lambda asked: Say(status=302, headers={"Location": "/"})) as server:
        health = await one(probes, server.url)
    assert not health.ok
    assert "circles" in health.error
    assert len(server.asked) == 4


async def test_an_answers_cookies_are_not_kept(probes):
    async with loopback(lambda asked: Say(b"", headers={"Set-Cookie": "session=1"})) as server:
        await one(probes, server.url)
        await one(probes, server.url)
    assert all("cookie" not in asked.headers for asked in server.asked)


async def test_hostile_answers_reach_nobody(probes):
    location = "http://evil.invalid/" + "x" * 5000
    answers = in_turn(
        Say({"version": HOSTILE}),
        Say(status=302, headers={"Location": location}),
        Say(raw=b"\x1b[2J\x9b\r\n\r\n", cut=True),
    )
    async with loopback(answers) as server:
        for _ in range(3):
            health = await one(probes, server.url, "version")
            assert not UNSAFE.search(health.error + (health.version or ""))
            assert len(health.error) <= 300


async def test_a_proxy_is_never_asked_for_this_machine(monkeypatch):
    async with (
        loopback(lambda asked: Say(b"by proxy")) as proxy,
        loopback(lambda asked: Say(b"direct")) as server,
    ):
        monkeypatch.setenv("http_proxy", proxy.url)
        probes = Probes()
        assert (await one(probes, server.url)).ok
        assert (await one(probes, "http://service.invalid/health")).ok
        await probes.aclose()
    assert len(server.asked) == 1
    assert [asked.target for asked in proxy.asked] == ["http://service.invalid/health"]


@pytest.mark.parametrize("proxy", ["gopher://user:PASSWORD@x", "socks5://user:PASSWORD@x"])
async def test_a_proxy_that_cannot_be_used_is_said_without_its_password(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    probes = Probes()
    health = await one(probes, "http://service.invalid/health")
    assert "proxy" in health.error
    assert "PASSWORD" not in health.error
    monkeypatch.delenv("http_proxy")
    assert "not known here" in (await one(probes, "http://service.invalid/health")).error
    await probes.aclose()


async def test_it_can_be_given_up_and_closed(probes):
    async with loopback(lambda asked: Say(hang=True)) as server:
        task = asyncio.create_task(one(probes, server.url, within=60))
        while not server.asked:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        under_way = asyncio.create_task(one(probes, server.url, within=60))
        while len(server.asked) < 2:
            await asyncio.sleep(0.001)
        await asyncio.wait_for(probes.aclose(), 5)
        assert not (await asyncio.wait_for(under_way, 5)).ok
        assert (await one(probes, server.url)).error == "relman is closing"


async def test_the_clock_can_be_given():
    class Clock:
        def now(self):
            from datetime import UTC, datetime

            return datetime(2026, 11, 23, tzinfo=UTC)

        def monotonic(self):
            return time.monotonic()

    probes = Probes(Clock())
    assert (await one(probes, "no address")).checked_at == Clock().now()
    await probes.aclose()
