"""The wire: HTTP/1.1 through httpx, with the environment's proxies. Importing this loads httpx.

:class:`ReadOnly` is the guard: it lets only GET and HEAD through, whatever a caller tries.
"""

from __future__ import annotations

import asyncio
import logging
from threading import Lock

import httpx

from relman.errors import Kind, Problem, RelmanError
from relman.github.proxies import Proxies

# Their lines show addresses, and the address of a log is signed: whoever has it may read the log.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

TIMEOUT = httpx.Timeout(connect=10, read=30, write=15, pool=60)
_READS = frozenset({"GET", "HEAD"})


class ReadOnly(httpx.AsyncBaseTransport):
    """Passes GET and HEAD on; refuses everything else before a byte is sent."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method not in _READS:
            raise RelmanError(
                Problem(
                    Kind.REFUSED,
                    f"Nothing is changed from here: {request.method} was not sent",
                    hint="This is the read-only way to GitHub.",
                )
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Wire(httpx.AsyncBaseTransport):
    """Connections, made on first use and kept; each address directly or through its proxy.

    httpx leaves the environment's proxies out as soon as it is given a transport, so the choice is made
    here. ``kept`` is how many connections stay open between requests (default: all).
    """

    def __init__(self, connections: int, *, kept: int | None = None) -> None:
        self._limits = httpx.Limits(
            max_connections=connections,
            max_keepalive_connections=connections if kept is None else kept,
            keepalive_expiry=120,
        )
        self._proxies = Proxies()
        self._ways: dict[tuple[bool, str | None], httpx.AsyncHTTPTransport] = {}
        self._lock = Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        way = self._ways.get((request.url.scheme == "https", self._proxy_for(request.url)))
        if way is None:
            way = await asyncio.to_thread(self.prepare, request.url)  # reads the certificate store
        return await way.handle_async_request(request)

    def prepare(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        """The way to an address, made where there is none yet. Blocks for up to 70 ms."""
        encrypted, proxy = url.scheme == "https", self._proxy_for(url)
        with self._lock:
            way = self._ways.get((encrypted, proxy))
            if way is None:
                way = self._ways[encrypted, proxy] = self._open(encrypted, proxy)
            return way

    def _open(self, encrypted: bool, proxy: str | None) -> httpx.AsyncHTTPTransport:
        # Without encryption there is nothing to verify, and no store of certificates to load.
        verify = encrypted or (proxy or "").startswith("https:")
        try:
            return httpx.AsyncHTTPTransport(
                verify=verify, http1=True, http2=False, limits=self._limits, proxy=proxy
            )
        except OSError as error:
            problem = Problem(
                Kind.LOCAL,
                "The certificates to trust cannot be loaded",
                error.strerror or "",
                "Check the file that SSL_CERT_FILE or the directory that SSL_CERT_DIR names.",
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            problem = Problem(
                Kind.NETWORK,
                "The proxy named in the environment cannot be used",
                hint="Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY: http://host:port is what works.",
            )
        raise RelmanError(problem)  # outside of the handler: the address of a proxy can hold a password

    def _proxy_for(self, url: httpx.URL) -> str | None:
        return self._proxies.between(url.scheme, url.host)

    async def aclose(self) -> None:
        for way in list(self._ways.values()):
            await way.aclose()


def open_client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """A client that follows nothing, keeps no cookies of its own accord and adds no credentials."""
    return httpx.AsyncClient(transport=transport, timeout=TIMEOUT, follow_redirects=False, trust_env=False)


def open_reader(api_url: str, connections: int) -> httpx.AsyncClient:
    """The reader's client, ready for its first request to ``api_url``. Blocks; call it in a thread."""
    wire = Wire(connections)
    wire.prepare(httpx.URL(api_url))
    return open_client(ReadOnly(wire))


def open_writer(api_url: str) -> httpx.AsyncClient:
    """The writer's client, without the guard. Blocks; call it in a thread.

    Each change has a connection of its own. One kept open may have been closed by the server in the very
    moment it is used again, and then nobody could say whether the change was made.
    """
    wire = Wire(4, kept=0)
    wire.prepare(httpx.URL(api_url))
    return open_client(wire)
