"""Changes over httpx, for what PyGithub lacks or whose refusals it hides. Importing this loads httpx.

Each is sent once: nothing is tried again, and no redirect is followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx

from relman import __version__
from relman.errors import RelmanError, reason_of
from relman.github.conditional import API_VERSION
from relman.github.deeds import Deed, Permit, WithdrawnError
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
        try:
            request = self._client.build_request(
                method,
                self._api_url + path,
                headers=self._headers(body is not None),
                content=None if body is None else json.dumps(body).encode(),
            )
            permit.use()
            response = await self._client.send(request, stream=True)
        except WithdrawnError:
            failure = not_sent(deed, "relman is closing")
        except _BEFORE as error:
            failure = not_sent(deed, _reason(error))
        except _AFTER as error:
            failure = unknown(deed, _reason(error))
        else:
            return self._judge.accept(await self._read(response, deed), deed)
        raise self._judge.masked(failure)  # here, so that it carries no exception that holds the request

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _read(self, response: httpx.Response, deed: Deed) -> Reply:
        """The whole answer. A refusal is one by its status already, even where its words do not arrive."""
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
        if broken and 200 <= response.status_code < 300:
            raise unknown(deed, broken, response.status_code)
        return Reply(response.status_code, headers, b"" if broken else bytes(body))

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


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "the answer takes too long"
    if isinstance(error, httpx.ProxyError):
        return "the proxy asks for a login" if "407" in str(error) else "the proxy did not let relman through"
    return reason_of(error) or "the connection broke before the answer was complete"
