"""Asks health URLs, all at once, each within its own time. No token ever comes near here."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from relman import __version__
from relman.errors import reason_of
from relman.model.health import Health, HealthCheck
from relman.probes.version import read_version
from relman.text import clean_line

if TYPE_CHECKING:
    import httpx

_BODY = 64 * 1024  # bytes that are read of an answer
_TOGETHER = 16
_HOPS = 3
_ERROR = 300  # characters
_LOOPBACK = ("all://localhost", "all://*.localhost", "all://127.0.0.1", "all://[::1]")


class Clock(Protocol):
    """Reads the time. ``now`` is aware (UTC), ``monotonic`` seconds that never run backwards."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class _Seen(Struct, frozen=True):
    """An answer: its status, its headers with names in lower case, and the start of its body."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool


class Probes:
    """Fits the board's ``HealthReader``. Building it loads nothing; the first check loads httpx."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or _SystemClock()
        self._opening: asyncio.Task[httpx.AsyncClient] | None = None
        self._slots = asyncio.Semaphore(_TOGETHER)
        self._closed = False

    async def check(self, checks: tuple[HealthCheck, ...]) -> tuple[Health, ...]:
        """One answer for each check, in their order. What fails is a :class:`Health` that is not ok."""
        if not checks:
            return ()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._check(check)) for check in checks]
        return tuple(task.result() for task in tasks)

    async def aclose(self) -> None:
        self._closed = True
        opening, self._opening = self._opening, None
        if opening is None:
            return
        if not opening.done():
            opening.cancel()
        elif not opening.cancelled() and opening.exception() is None:
            await opening.result().aclose()

    async def _check(self, check: HealthCheck) -> Health:
        async with self._slots:
            health = await self._asked(check)
        error = clean_line(health.error, _ERROR)
        return replace(health, error=error, checked_at=self._clock.now())

    async def _asked(self, check: HealthCheck) -> Health:
        if _origin(check.url) is None:
            return _failed(check, "this is no http or https address")
        if self._closed:
            return _failed(check, "relman is closing")
        try:
            client = await self._client()
        except (OSError, ValueError, ImportError) as error:
            return _failed(check, f"cannot ask: proxy or certificate settings are wrong ({reason_of(error)})")
        return await self._answered(client, check)

    async def _answered(self, client: httpx.AsyncClient, check: HealthCheck) -> Health:
        import httpx

        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(check.timeout):
                seen, problem = await _get(client, check.url)
        except TimeoutError:
            return _failed(check, f"no answer within {check.timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RuntimeError) as error:
            # ValueError: a host that no name can be made of; RuntimeError: closed meanwhile.
            return _failed(check, reason_of(error) or _words(error))
        latency = self._clock.monotonic() - began
        return _health(check, seen, problem, latency)

    async def _client(self) -> httpx.AsyncClient:
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(_open), name="open the health checks' client")
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except (OSError, ValueError, ImportError):
            if self._opening is opening:
                self._opening = None  # the next check tries anew
            raise


def _open() -> httpx.AsyncClient:
    """Loads httpx and the certificates: 100 to 200 ms. The environment's proxies apply, not to this machine."""
    import httpx

    return httpx.AsyncClient(
        headers={"User-Agent": f"relman/{__version__}", "Accept": "application/json, */*;q=0.5"},
        follow_redirects=False,
        timeout=None,  # each check has its own, over all of it  # noqa: S113
        mounts=dict.fromkeys(_LOOPBACK),
        limits=httpx.Limits(max_connections=_TOGETHER, keepalive_expiry=30),
    )


async def _get(client: httpx.AsyncClient, url: str) -> tuple[_Seen, str]:
    """The answer, and what is wrong with where it leads ("" for nothing)."""
    asked = url
    for _ in range(_HOPS + 1):
        async with client.stream("GET", asked) as response:
            client.cookies.clear()  # a check is the first visit each time
            location = response.headers.get("location", "")
            if not (response.has_redirect_location and location):
                return await _seen(response), ""
            target = urljoin(asked, location)
            if not _same_place(asked, target):
                return await _seen(response), f"it leads to {_place(target)}, which was not asked"
        asked = target
    return _Seen(response.status_code, {}, b"", whole=True), "it leads in circles"


async def _seen(response: httpx.Response) -> _Seen:
    body = bytearray()
    whole = True
    async for chunk in response.aiter_bytes(8192):
        body += chunk
        if len(body) > _BODY:
            whole = False
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return _Seen(response.status_code, headers, bytes(body[:_BODY]), whole)


def _health(check: HealthCheck, seen: _Seen, problem: str, latency: float) -> Health:
    ok = 200 <= seen.status < 300 and not problem
    error = problem
    if not ok and not problem:
        error = f"answered {seen.status} {_phrase(seen.status)}".rstrip()
    version = read_version(check.version, seen.headers, seen.body) if check.version else None
    if ok and check.version and version is None:
        where = clean_line(check.version, 80)
        error = f"no version at {where}" + ("" if seen.whole else ": the answer is longer than 64 KB")
    return Health(check.name, check.url, ok, seen.status, latency, version, error)


def _failed(check: HealthCheck, error: str) -> Health:
    return Health(check.name, check.url, ok=False, error=error)


def _words(error: Exception) -> str:
    """A connection's failure by its kind, where the system said nothing."""
    name = type(error).__name__
    return {
        "RemoteProtocolError": "it closed the connection, or does not speak HTTP",
        "ReadError": "the connection broke",
        "ConnectError": "no connection",
        "ProxyError": "the proxy refused",
        "DecodingError": "the answer is damaged",
    }.get(name, "it could not be asked")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if scheme not in {"http", "https"} or not host or clean_line(url) != url or " " in url:
        return None
    return scheme, host, port or (443 if scheme == "https" else 80)


def _same_place(asked: str, target: str) -> bool:
    """Whether a redirect stays: the same scheme, host and port, or the same host made encrypted."""
    here, there = _origin(asked), _origin(target)
    if here is None or there is None:
        return False
    return here == there or (here[1] == there[1] and (here[0], there[0]) == ("http", "https"))


def _place(url: str) -> str:
    found = _origin(url)
    return "an address that is none" if found is None else f"{found[0]}://{found[1]}:{found[2]}"
