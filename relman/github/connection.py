"""One conversation with the API: sends a request value, gives back the answer as a value.

The token is added here, per request, and only for the API's own scheme, host and port. Importing this
loads httpx.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urljoin

import httpx
from msgspec.structs import replace

from relman import __version__
from relman.errors import Kind, Problem, RelmanError, reason_of
from relman.github.address import is_loopback
from relman.github.budget import Meter
from relman.github.clock import Clock
from relman.github.conditional import API_VERSION
from relman.github.errors import problem_of, proxy_login
from relman.github.reply import Reply, origin, whole_number
from relman.github.requests import Request
from relman.secret import Secret
from relman.text import clean_line

T = TypeVar("T")

CONCURRENT = 8  # answers at a time
DOWNLOADS = 2  # logs at a time, beside them
_TRIES = 3
_RETRIED = frozenset({502, 503, 504})
_MOVED = frozenset({301, 302, 307, 308})
_HOPS = 3
_LARGEST = 64_000_000  # bytes of one answer; a page of 100 runs has 1.5 million
_ANSWER_TIME = 60.0  # seconds for one whole answer, however slowly it drips
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 5.0  # seconds before trying again
_BROKEN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    UnicodeError,
)  # the last: of host names

Sleep = Callable[[float], Awaitable[None]]


class PassingError(Exception):
    """A failure that another try may heal. ``wait`` is how many seconds the server asked for."""

    def __init__(self, problem: Problem, wait: float | None = None) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.wait = wait


class Download:
    """An answer's body on its way, to be read once."""

    def __init__(self, response: httpx.Response, request: Request) -> None:
        self._response = response
        self._request = request
        self.size = whole_number(response.headers.get("content-length", ""))  # on the wire; None: not said

    @property
    def received(self) -> int:
        """Bytes so far, as they came over the wire."""
        return self._response.num_bytes_downloaded

    async def chunks(self) -> AsyncIterator[bytes]:
        stream = self._response.aiter_bytes(1 << 18)
        while True:
            try:
                chunk = await anext(stream, None)
            except _BROKEN as error:
                failure = failure_of(error, self._request)
            else:
                if chunk is None:
                    return
                yield chunk
                continue
            raise failure  # here, so that it carries no exception that holds the request


class Connection:
    """Raises :class:`RelmanError` from every method, and nothing else.

    ``api_url`` has no slash at its end. ``client`` belongs to this connection from now on.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        api_url: str,
        token: Secret | None,
        meter: Meter,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._origin = origin(api_url)
        self._token = token
        self._meter = meter
        self._clock = clock
        self._sleep = sleep
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._download_slots = asyncio.Semaphore(DOWNLOADS)
        self._renamed: dict[str, str] = {}

    async def fetch(self, request: Request, headers: Mapping[str, str], accept: Callable[[Reply], T]) -> T:
        """What ``accept`` makes of the answer (status 2xx or 304); other answers are raised as problems.

        An answer that ``accept`` refuses as broken was cut off on its way: it is asked for once more.
        """

        async def once() -> T:
            async with self._slots:
                reply = await self._answer(request, headers)
            try:
                return accept(reply)
            except RelmanError as error:
                problem = error.problem
            if problem.kind is Kind.SERVER:
                raise PassingError(problem)
            raise RelmanError(problem)

        return await self._tried(once)

    async def download(self, request: Request, consume: Callable[[Download], Awaitable[T]]) -> T:
        """What ``consume`` makes of the body, which may come from another host: without the token then.

        ``consume`` is called anew when the stream broke; it starts from nothing each time.
        """

        async def once() -> T:
            async with self._download_slots:
                return await self._downloaded(request, consume)

        return await self._tried(once)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _tried(self, once: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                return await once()
            except PassingError as error:
                fault = error
            wait = fault.wait
            if wait is None:
                # Not for secrecy but to keep many clients from coming back at the same moment.
                wait = _FIRST_DELAY * 2 ** (attempt - 1) * (0.5 + random.random())  # noqa: S311
            if attempt == _TRIES or wait > _LONGEST_DELAY:
                break
            await self._sleep(wait)
        problem = fault.problem
        if fault.wait is not None:
            problem = replace(problem, retry_at=self._clock.now() + timedelta(seconds=min(fault.wait, 3600)))
        raise RelmanError(problem)

    async def _answer(self, request: Request, headers: Mapping[str, str]) -> Reply:
        """One try, following a renamed repository on the API's own host."""
        url = self._current(request.url(self._api_url))
        for _ in range(_HOPS + 1):
            self._meter.check()
            response = await self._send(url, request, headers)
            reply = await self._read(response, request)
            retry_at = self._meter.feed(reply.status, reply.headers, reply.body)
            target = _target(url, reply)
            if target is None or origin(target) != self._origin:
                break
            self._note_rename(url, target, reply.status)
            url = target
        if 200 <= reply.status < 300 or reply.status == 304:
            return reply
        problem = self._masked(problem_of(reply, request, authenticated=bool(self._token), retry_at=retry_at))
        if reply.status not in _RETRIED:
            raise RelmanError(problem)
        seconds = whole_number(reply.header("retry-after"))
        raise PassingError(problem, None if seconds is None else float(seconds))

    async def _downloaded(self, request: Request, consume: Callable[[Download], Awaitable[T]]) -> T:
        url = self._current(request.url(self._api_url))
        for _ in range(_HOPS + 1):
            own = origin(url) == self._origin
            if own:
                self._meter.check()
            response = await self._send(url, request, {})
            if 200 <= response.status_code < 300:
                if own:
                    self._meter.feed(response.status_code, dict(response.headers))
                try:
                    return await consume(Download(response, request))
                finally:
                    await response.aclose()
            reply = await self._read(response, request)
            retry_at = self._meter.feed(reply.status, reply.headers, reply.body) if own else None
            target = _target(url, reply)
            if target is None:
                break
            if not self._may_download(target):
                raise RelmanError(
                    Problem(
                        Kind.SERVER,
                        f"GitHub sends for {request.what} to an address that is not encrypted",
                        hint="It was not asked. Check the API address, and whether a proxy rewrites answers.",
                    )
                )
            url = target
        if own:
            problem = problem_of(reply, request, authenticated=bool(self._token), retry_at=retry_at)
            if reply.status in _RETRIED:
                raise PassingError(self._masked(problem))
            raise RelmanError(self._masked(problem))
        raise _storage_failure(reply.status, request)

    def _may_download(self, target: str) -> bool:
        """Any encrypted host; unencrypted only this machine, and only for an API that is so itself."""
        there = origin(target)
        if there is None or self._origin is None:
            return False
        scheme, host, _ = there
        return scheme == "https" or (self._origin[0] == "http" and is_loopback(host))

    def _current(self, url: str) -> str:
        for old, new in self._renamed.items():
            if url == old or url.startswith((f"{old}/", f"{old}?")):
                return new + url[len(old) :]
        return url

    def _note_rename(self, url: str, target: str, status: int) -> None:
        """Remembers where a renamed repository lives, so that each read does not cost two."""
        root = "/".join(url[len(self._api_url) :].partition("?")[0].split("/")[:4])
        rest = url[len(self._api_url) + len(root) :]
        if status in {301, 308} and root.startswith("/repos/") and target.endswith(rest):
            self._renamed[self._api_url + root] = target[: len(target) - len(rest)]

    async def _send(self, url: str, request: Request, headers: Mapping[str, str]) -> httpx.Response:
        """The answer's head; the body is still to be read, and the response to be closed."""
        try:
            prepared = self._client.build_request(
                request.method, url, headers=self._headers(url, request, headers)
            )
            return await self._client.send(prepared, stream=True)
        except _BROKEN as error:
            failure = failure_of(error, request)
        except RuntimeError:
            if not self._client.is_closed:
                raise
            failure = RelmanError(Problem(Kind.LOCAL, "relman is closing", hint="Nothing more is asked."))
        raise failure

    async def _read(self, response: httpx.Response, request: Request) -> Reply:
        """The whole answer, and the response closed."""
        body = bytearray()
        failure: Exception | None = None
        try:
            async with asyncio.timeout(_ANSWER_TIME):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        failure = _too_large(request)
                        break
        except _BROKEN as error:
            failure = failure_of(error, request)
        finally:
            await response.aclose()
        if failure is not None:
            raise failure
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, bytes(body))

    def _headers(self, url: str, request: Request, more: Mapping[str, str]) -> dict[str, str]:
        headers = {"User-Agent": f"relman/{__version__}"}
        if origin(url) != self._origin:
            return headers
        headers |= {"Accept": request.accept, "X-GitHub-Api-Version": API_VERSION, **more}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers

    def _masked(self, problem: Problem) -> Problem:
        """The problem without the token, should a server or proxy send it back in its words."""
        if not self._token:
            return problem
        hide = self._token.mask_in
        return replace(problem, detail=hide(problem.detail), hint=hide(problem.hint), url=hide(problem.url))


def _target(url: str, reply: Reply) -> str | None:
    """Where a redirect leads; None for any other answer."""
    location = reply.header("location")
    if reply.status not in _MOVED or not location:
        return None
    try:
        return urljoin(url, location)
    except ValueError:
        return None


def failure_of(error: Exception, request: Request) -> Exception:
    """What a broken exchange means: a fault worth another try, or a problem that stays."""
    what, reason = request.what, reason_of(error)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        when = (
            "no connection in time" if isinstance(error, httpx.ConnectTimeout) else "the answer takes too long"
        )
        return PassingError(Problem(Kind.NETWORK, f"No answer for {what}", when, _CHECK_NETWORK))
    if isinstance(error, httpx.DecodingError):
        return PassingError(
            Problem(Kind.SERVER, f"Could not read {what}", "the answer is damaged", "Try again.")
        )
    if isinstance(error, httpx.ProxyError):
        if "407" in str(error):
            return RelmanError(proxy_login())
        return PassingError(
            Problem(Kind.NETWORK, f"The proxy did not let relman ask for {what}", reason, _CHECK_PROXY)
        )
    if "certificate" in reason:
        hint = "Behind a company proxy set SSL_CERT_FILE to its certificate; also check this machine's clock."
        return RelmanError(Problem(Kind.NETWORK, "No trusted connection to GitHub", reason, hint))
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL):
        return RelmanError(
            Problem(
                Kind.INVALID,
                f"The request for {what} cannot be sent",
                hint="Check the API address and the token.",
            )
        )
    if isinstance(error, httpx.ConnectError):
        return PassingError(Problem(Kind.NETWORK, "No connection to GitHub", reason, _CHECK_NETWORK))
    broke = reason or "the connection broke before the answer was complete"
    return PassingError(Problem(Kind.NETWORK, f"No whole answer for {what}", clean_line(broke), _CHECK_NETWORK))


_CHECK_NETWORK = "Check the network, HTTPS_PROXY and the API address."
_CHECK_PROXY = "Check HTTPS_PROXY and NO_PROXY."


def _too_large(request: Request) -> RelmanError:
    return RelmanError(
        Problem(Kind.SERVER, f"The answer for {request.what} is too large", hint="Check the API address.")
    )


def _storage_failure(status: int, request: Request) -> Exception:
    """What the store that GitHub redirects to means by an answer without a body to keep."""
    if status in {404, 410}:
        return RelmanError(
            Problem(Kind.NOT_FOUND, f"GitHub's store does not hold {request.what}", status=status)
        )
    problem = Problem(
        Kind.SERVER, f"GitHub's store did not give {request.what} ({status})", hint="Try again.", status=status
    )
    # 403: the signed address had run out; the next try asks for a new one.
    return PassingError(problem) if status in _RETRIED | {403, 500} else RelmanError(problem)
