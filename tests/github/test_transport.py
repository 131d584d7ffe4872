"""The wire: what it lets through, and which way it goes."""

import httpx
import pytest
from loopback import Say, loopback

from relman.errors import Exit, Kind, RelmanError
from relman.github.address import is_loopback
from relman.github.transport import ReadOnly, Wire, open_client, open_reader


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW"])
async def test_only_reads_pass(method):
    async with loopback(lambda asked: Say(b"ok")) as server, open_client(ReadOnly(Wire(2))) as client:
        request = httpx.Request(method, server.url + "/x")
        request.method = method  # as it is, not in capitals
        with pytest.raises(RelmanError) as caught:
            await client.send(request)
        assert caught.value.problem.kind is Kind.REFUSED
        assert caught.value.problem.exit_code is Exit.REFUSED
        assert not server.asked
        for read in ("GET", "HEAD"):
            await client.request(read, server.url + "/x")
        assert [asked.method for asked in server.asked] == ["GET", "HEAD"]


async def test_the_readers_client_has_the_guard():
    client = open_reader("http://127.0.0.1:1", 2)
    with pytest.raises(RelmanError):
        await client.post("http://127.0.0.1:1/x")
    await client.aclose()


async def test_the_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch):
    async with (
        loopback(lambda asked: Say(b"by proxy")) as proxy,
        loopback(lambda asked: Say(b"direct")) as server,
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "inside.example.invalid")
        async with open_client(ReadOnly(Wire(2))) as client:
            assert (await client.get(server.url + "/x")).content == b"direct"
            assert (await client.get("http://api.example.invalid/x")).content == b"by proxy"
            with pytest.raises(httpx.ConnectError):
                await client.get("http://inside.example.invalid/x", timeout=5)
        assert [asked.target for asked in proxy.asked] == ["http://api.example.invalid/x"]


async def test_a_proxy_without_a_scheme_is_one_all_the_same(monkeypatch):
    async with loopback(lambda asked: Say(b"by proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
        async with open_client(Wire(2)) as client:
            assert (await client.get("http://api.example.invalid/x")).content == b"by proxy"


async def test_a_proxy_that_asks_for_a_login_is_told_as_that(monkeypatch, build):
    refused = Say(b"", status=407, headers={"Proxy-Authenticate": "Basic"})
    async with loopback(lambda asked: refused) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http://", "http://user:PASSWORD@"))
        reader = build(api_url="https://api.example.invalid", token=None)
        with pytest.raises(RelmanError) as caught:
            await reader.run(7)
        await reader.aclose()
    assert caught.value.problem.kind is Kind.NETWORK
    assert "login" in caught.value.problem.title
    assert "PASSWORD" not in str(caught.value)
    assert [asked.method for asked in proxy.asked] == ["CONNECT"]


@pytest.mark.parametrize("proxy", ["gopher://user:PASSWORD@x", "socks5h://user:PASSWORD@x:99999999"])
async def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(RelmanError) as caught:
        open_reader("https://api.example.invalid", 2)
    assert caught.value.problem.kind is Kind.NETWORK
    assert "HTTPS_PROXY" in caught.value.problem.hint
    assert "PASSWORD" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_this_machine(host, expected):
    assert is_loopback(host) is expected
