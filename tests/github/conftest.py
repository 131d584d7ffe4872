from contextlib import asynccontextmanager
from functools import partial

import certificates
import pytest
from loopback import loopback

from relman.github.connection import Connection
from relman.github.reader import Reader
from relman.github.transport import open_reader
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
