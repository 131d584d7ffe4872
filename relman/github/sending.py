"""Changes over httpx, for what PyGithub lacks or whose refusals it hides. Importing this loads httpx.

Each is sent once: nothing is tried again, and no redirect is followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from relman import __version__
from relman.errors import RelmanError, reason_of
from relman.github.conditional import API_VERSION
from relman.github.deeds import Deed, NotAllowedError, Permit
from relman.github.judge import Judge
from relman.github.refusals import not_sent, unknown
from relman.github.reply import Reply
from relman.github.requests import JSON
from relman.secret import Secret

_LARGEST = 16_000_000  # bytes of one answer
# These come before the request is on its way; all others may come after it arrived.
_BEFORE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    UnicodeError,  # of host names
)
_AFTER = (httpx.HTTPError, httpx.StreamError, OSError)


class Sender:
    """``api_url`` has no slash at its end. ``client`` follows no redirects; it belongs to this from now on."""

    def __init__(self, client: httpx.AsyncClient, api_url: str, token: Secret | None, judge: Judge) -> None:
        self._client = client
        self._api_url = api_url
        self._token = token
        self._judge = judge

    async def send(
        self, deed: Deed, permit: Permit, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Reply:
        """The answer of status 2xx. Raises what every other one, or none, means."""
        failure: RelmanError
        way = _Way()
        try:
            request = self._client.build_request(
                method,
                self._api_url + path,
                headers=self._headers(body is not None),
                content=None if body is None else json.dumps(body).encode(),
                extensions={"trace": way.note},
            )
            permit.use()
            response = await self._client.send(request, stream=True)
        except NotAllowedError:
            failure = not_sent(deed, "relman is closing")
        except _BEFORE as error:
            failure = not_sent(deed, _reason(error))
        except _AFTER as error:
            if way.ends_at_proxy:
                failure = not_sent(deed, "the proxy closed the connection")
            else:
                failure = unknown(deed, _reason(error))
        else:
            reply, broken = await _whole(response)
            if not broken:
                return self._judge.accept(reply, deed)
            failure = unknown(deed, broken, reply.status)
        raise self._judge.masked(failure)  # here, so that it carries no exception that holds the request

    async def aclose(self) -> None:
        await self._client.aclose()

    def _headers(self, has_body: bool) -> dict[str, str]:
        headers = {
            "User-Agent": f"relman/{__version__}",
            "Accept": JSON,
            "X-GitHub-Api-Version": API_VERSION,
        }
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers


async def _whole(response: httpx.Response) -> tuple[Reply, str]:
    """The answer, and why it is not whole. A refusal is one by its status already, even without its words."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    body, broken = bytearray(), ""
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST:
                broken = "the answer is too large"
                break
    except _AFTER as error:
        broken = _reason(error)
    finally:
        await response.aclose()
    reply = Reply(response.status_code, headers, b"" if broken else bytes(body))
    return reply, broken if 200 <= reply.status < 300 else ""


class _Way:
    """How far a request came. A proxy is asked for a tunnel first, and may break off like the API itself."""

    def __init__(self) -> None:
        self.ends_at_proxy = False

    async def note(self, event: str, about: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self.ends_at_proxy = about["request"].method == b"CONNECT"


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "the answer takes too long"
    if isinstance(error, httpx.ProxyError):
        return "the proxy asks for a login" if "407" in str(error) else "the proxy did not let relman through"
    return reason_of(error) or "the connection broke before the answer was complete"
