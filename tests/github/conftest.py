from contextlib import asynccontextmanager
from functools import partial

import certificates
import pytest
from loopback import loopback

from relman.errors import Exit, Kind, OutcomeUnknownError, RelmanError
from relman.github.connection import Connection
from relman.github.reader import Reader
from relman.github.transport import open_reader
from relman.github.writer import Writer
from relman.secret import Secret

TOKEN = "ghp_SENTINEL7d1f0aToKeN"


@pytest.fixture
def token():
    return TOKEN


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def short_waits():
    """How long the readers of this test would have waited between tries."""
    return []


@pytest.fixture
def build(short_waits):
    """Makes a reader that does not really wait between tries."""

    async def sleep(seconds):
        short_waits.append(seconds)

    def connect(api_url, token, meter, clock):
        return Connection(open_reader(api_url, 10), api_url, token, meter, clock, sleep)

    return partial(Reader, "acme/agentic-backend", connect=connect)


@pytest.fixture
def reading(build):
    """A server that answers as told, and a reader of it: ``async with reading(answer) as (server, reader)``."""

    @asynccontextmanager
    async def start(answer, **more):
        async with loopback(answer) as server:
            reader = build(api_url=server.url, **({"token": Secret(TOKEN)} | more))
            try:
                yield server, reader
            finally:
                await reader.aclose()

    return start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def own_certificate(certificate):
    return certificate[0]


@pytest.fixture
def certificate_file(certificate):
    return certificate[1]


@pytest.fixture
def writing():
    """A server that answers as told, and a writer to it: ``async with writing(answer) as (server, writer)``."""

    @asynccontextmanager
    async def start(answer, prefix="", **more):
        async with loopback(answer) as server:
            made = {"api_url": server.url + prefix, "token": Secret(TOKEN)} | more
            writer = Writer("acme/agentic-backend", **made)
            try:
                yield server, writer
            finally:
                await writer.aclose()

    return start


@pytest.fixture
def unknown():
    """Awaits a change whose outcome nobody can know, and gives its problem."""

    async def wait_for(awaitable):
        with pytest.raises(OutcomeUnknownError) as caught:
            await awaitable
        assert caught.value.problem.kind is Kind.UNKNOWN
        assert caught.value.problem.exit_code is Exit.UNKNOWN
        return caught.value.problem

    return wait_for


@pytest.fixture
def refused():
    """Awaits a change that did not happen, and gives the problem."""

    async def wait_for(awaitable):
        with pytest.raises(RelmanError) as caught:
            await awaitable
        assert not isinstance(caught.value, OutcomeUnknownError)
        assert caught.value.problem.kind is not Kind.UNKNOWN
        return caught.value.problem

    return wait_for
