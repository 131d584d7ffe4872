"""Changes through PyGithub: it knows the addresses and bodies of git's objects, releases and dispatches.

What it would do with the answers is looked at first, on the seam it has for its connections. It takes a
redirect (307) for success, sends a POST again after a 301, cannot read a refusal that is no object, and puts
others into words of its own. Importing this loads PyGithub and requests: 45 MB.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, ItemsView, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from github.Auth import Token
from github.GithubObject import NotSet
from github.InputGitAuthor import InputGitAuthor
from github.Repository import Repository
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

from relman import __version__
from relman.errors import RelmanError, reason_of
from relman.github.conditional import API_VERSION
from relman.github.deeds import Deed, NotAllowedError, Permit
from relman.github.judge import Judge
from relman.github.proxies import Proxies
from relman.github.refusals import not_sent, unknown
from relman.github.reply import Reply
from relman.github.requests import JSON
from relman.secret import Secret

TIMEOUT = 15  # seconds to connect, and between two parts of an answer
_LARGEST = 16_000_000  # bytes of one answer

# Their lines show bodies, and the addresses of proxies.
for _name in ("github", "urllib3", "requests"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Desk:
    """One repository, seen by PyGithub. For one thread: one change after the other."""

    def __init__(self, repo: str, api_url: str, token: Secret | None, judge: Judge) -> None:
        self._exchange = _Exchange(api_url, judge)
        requester = _requester_class(self._exchange)(
            auth=Token(token.reveal()) if token else None,
            base_url=api_url,
            timeout=TIMEOUT,
            user_agent=f"relman/{__version__}",
            per_page=100,
            verify=os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or True,  # as httpx
            # None is none at all. Of a Retry that leaves POST out, urllib3 still makes use after a TLS error,
            # though the first POST may have arrived. GithubRetry would also sleep through a rate limit.
            retry=None,
            pool_size=1,
            seconds_between_requests=None,  # it would sleep; the meter and who plans many changes keep the pace
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        )
        self._repository = Repository(requester, url=f"/repos/{repo}")

    def make_tag_object(
        self,
        deed: Deed,
        permit: Permit,
        tag: str,
        message: str,
        sha: str,
        tagger: tuple[str, str] | None,
        at: datetime | None,
    ) -> Reply:
        who = NotSet if tagger is None else InputGitAuthor(*tagger, NotSet if at is None else _iso(at))
        return self._do(deed, permit, lambda repo: repo.create_git_tag(tag, message, sha, "commit", who))

    def create_ref(self, deed: Deed, permit: Permit, ref: str, sha: str) -> Reply:
        return self._do(deed, permit, lambda repo: repo.create_git_ref(ref, sha))

    def generate_notes(self, deed: Deed, permit: Permit, tag: str, target: str, previous: str | None) -> Reply:
        since = NotSet if previous is None else previous
        return self._do(deed, permit, lambda repo: repo.generate_release_notes(tag, since, target))

    def create_release(
        self,
        deed: Deed,
        permit: Permit,
        tag: str,
        name: str,
        body: str,
        *,
        draft: bool,
        prerelease: bool,
        latest: bool,
    ) -> Reply:
        make_latest = (
            "true" if latest and not (draft or prerelease) else "false"
        )  # GitHub refuses others as latest
        return self._do(
            deed,
            permit,
            lambda repo: repo.create_git_release(
                tag, name, body, draft=draft, prerelease=prerelease, make_latest=make_latest
            ),
        )

    def dispatch(
        self, deed: Deed, permit: Permit, workflow: int | str, ref: str, inputs: Mapping[str, str]
    ) -> Reply:
        return self._do(
            deed,
            permit,
            lambda repo: repo.get_workflow(workflow).create_dispatch(
                ref, dict(inputs), throw=True, return_run_details=True
            ),
        )

    def create_pull_request(
        self, deed: Deed, permit: Permit, *, title: str, head: str, base: str, body: str, draft: bool
    ) -> Reply:
        return self._do(
            deed,
            permit,
            lambda repo: repo.create_pull(base, head, title=title, body=body, draft=draft),
        )

    def _do(self, deed: Deed, permit: Permit, call: Callable[[Repository], object]) -> Reply:
        """The answer of status 2xx. Raises what every other one, or none, means."""
        failure: RelmanError | None = None
        exchange = self._exchange
        exchange.begin(deed, permit)
        try:
            call(self._repository)
        except RelmanError as error:
            failure = type(error)(error.problem)  # without the frames, which hold the token
        except Exception as error:  # PyGithub could not read the answer it was given: we read it ourselves
            if exchange.reply is None:
                failure = exchange.failure_of(error)
        if failure is None and exchange.reply is not None:
            return exchange.reply
        raise failure or unknown(deed, "PyGithub gave no answer")


def _requester_class(exchange: _Exchange) -> type[Requester]:
    """PyGithub's requester with connections of ours, set on this class alone: others are as they were."""
    plain = type("Plain", (_Plain,), {"exchange": exchange})
    encrypted = type("Encrypted", (_Encrypted,), {"exchange": exchange})

    class Ours(Requester):
        pass

    Ours.injectConnectionClasses(plain, encrypted)
    return Ours


class _Exchange:
    """What is sent now, and what came back."""

    def __init__(self, api_url: str, judge: Judge) -> None:
        parts = urlsplit(api_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        proxy = Proxies().between(parts.scheme, parts.hostname or "")
        self.proxies = {parts.scheme: proxy} if proxy else {}
        self.judge = judge
        self.deed = Deed("", "")
        self.permit = Permit()
        self.reply: Reply | None = None

    def begin(self, deed: Deed, permit: Permit) -> None:
        self.deed, self.permit, self.reply = deed, permit, None

    def failure_of(self, error: Exception) -> RelmanError:
        """Nothing of a body ever left before :class:`_Body` was read: that tells before from after."""
        reason = _reason(error)
        if self.permit.used:
            return self.judge.masked(unknown(self.deed, reason))
        return self.judge.masked(not_sent(self.deed, reason))


class _Body(io.BytesIO):
    """A request's body, which is read when the connection stands and the headers are on their way."""

    def __init__(self, data: bytes, permit: Permit) -> None:
        super().__init__(data)
        self._permit = permit

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0:
            self._permit.use()
        return super().read(size)


class _Answer(RequestsResponse):
    """An answer as PyGithub wants to see it."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self._reply = reply

    def getheaders(self) -> ItemsView[str, str]:
        return dict(self._reply.headers).items()

    def read(self) -> str:
        return self._reply.body.decode(errors="replace")


class _Watched:
    """Sends once, reads all of the answer, and lets PyGithub see only one that is good."""

    exchange: _Exchange
    adapter: requests.adapters.HTTPAdapter
    timeout: int | None
    verify: bool | str
    verb: str
    url: str
    input: Any
    headers: dict[str, str]

    def getresponse(self) -> RequestsResponse:
        exchange = self.exchange
        exchange.judge.admit(exchange.deed)
        try:
            reply = self._sent()
        except (requests.RequestException, NotAllowedError, OSError, ValueError) as error:
            failure = exchange.failure_of(error)
        else:
            exchange.reply = exchange.judge.accept(reply, exchange.deed)
            return _Answer(exchange.reply)
        raise failure

    def _sent(self) -> Reply:
        exchange = self.exchange
        request = requests.Request(
            self.verb,
            exchange.origin + self.url,
            headers={**self.headers, "Accept": JSON},
            data=_Body((self.input or "").encode(), exchange.permit),
        )
        # Not through the session, which reads redirects also when it is not to follow them.
        try:
            response = self.adapter.send(
                request.prepare(),
                stream=True,
                timeout=self.timeout,
                verify=self.verify,
                proxies=exchange.proxies,
            )
            return Reply(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                _whole(response),
            )
        finally:
            self.adapter.close()  # a kept connection may be dead, and then nobody could say what happened


def _whole(response: requests.Response) -> bytes:
    """The body. A refusal is one by its status already, even where its words do not arrive."""
    done, body = 200 <= response.status_code < 300, bytearray()
    try:
        for chunk in response.iter_content(1 << 16):
            body += chunk
            if len(body) > _LARGEST:
                return b"too large" if done else b""  # which no one can read
    except (requests.RequestException, OSError, ValueError):
        if done:
            raise
        return b""
    return bytes(body)


class _Plain(_Watched, HTTPRequestsConnectionClass):
    """Without encryption: to this machine only."""


class _Encrypted(_Watched, HTTPSRequestsConnectionClass):
    pass


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.Timeout):
        return "the answer takes too long"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy asks for a login" if "407" in str(error) else "the proxy did not let relman through"
    if "CA certificate" in str(error):
        return "the file that SSL_CERT_FILE or the directory that SSL_CERT_DIR names cannot be read"
    if isinstance(error, NotAllowedError):
        return "it was given up before it was sent"
    return reason_of(error) or "the connection broke before the answer was complete"
