"""The API's origin: who asks, may they, what is the answer, has it changed, what did it cost."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, replace
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers, QueryParams

from relman.demo import state
from relman.demo.exchange import DOCS, Ask, Refusal, Reply, not_found
from relman.demo.fault_replies import altered, permission_refused, rate_limited, stand_in
from relman.demo.faults import Fault
from relman.demo.limits import Allowance
from relman.demo.rights import Denied
from relman.demo.routing import Route, Router
from relman.demo.site import Site
from relman.demo.target import Target
from relman.demo.view import REPOSITORY_ID

VERSIONS = ("2022-11-28", "2026-03-10")
_SIGN_IN = {401: "Requires authentication", 403: "Must have admin rights to Repository."}
_EXPOSED = (
    "ETag, Link, Location, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Used, "
    "X-RateLimit-Resource, X-RateLimit-Reset, X-OAuth-Scopes, X-Accepted-OAuth-Scopes, X-GitHub-Media-Type, "
    "X-GitHub-SSO, X-GitHub-Request-Id, Deprecation, Sunset"
)
_WORTH_PACKING = 500  # bytes


@dataclass(frozen=True, slots=True)
class Answered:
    reply: Reply
    charged: bool


class Api:
    def __init__(self, site: Site, router: Router) -> None:
        self._site = site
        self._router = router

    def answer(
        self, method: str, target: Target, headers: Headers, body: bytes, fault: Fault | None
    ) -> Answered:
        site = self._site
        now = site.world.now()
        found = self._router.find(method, self._by_name(target.path))
        route = found[0] if found else None
        authenticated, reply = self._caller(headers)
        allowance = self._allowance(route, authenticated=authenticated)
        needs = route.needs if route else "metadata=read"
        free = route is not None and route.free

        if reply is None and fault is not None and not fault.after:
            reply = stand_in(fault, allowance, needs)
        if reply is None and allowance.exhausted and not free:
            reply = rate_limited(allowance, authenticated=authenticated)
            free = True
        if reply is None:
            reply = self._carry_out(method, target, headers, body, found, authenticated=authenticated)
            if fault is not None:
                reply = (fault.after and stand_in(fault, allowance, needs)) or altered(fault, reply)
        assert reply is not None

        if method in ("GET", "HEAD") and reply.status == 200:
            reply = _validated(reply, headers)
        charged = not free and not (reply.status == 304 and authenticated)
        if charged:
            allowance.charge()

        dressed = {
            "date": format_datetime(now, usegmt=True),
            **self._courtesies(headers, route, authenticated=authenticated),
            **allowance.headers(),
            **reply.headers,
        }
        if reply.status == 200 and method in ("GET", "HEAD"):
            dressed["cache-control"] = ("private" if authenticated else "public") + ", max-age=60, s-maxage=60"
            dressed["vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept"
        reply = replace(reply, headers=dressed)
        return Answered(_packed(reply, headers) if reply.status != 304 else reply, charged)

    def _by_name(self, path: str) -> str:
        """GitHub also knows a repository by its number."""
        numbered = f"/repositories/{REPOSITORY_ID}"
        if path == numbered or path.startswith(f"{numbered}/"):
            world = self._site.world
            return f"/repos/{world.owner}/{world.name}{path.removeprefix(numbered)}"
        return path

    def _caller(self, headers: Headers) -> tuple[bool, Reply | None]:
        """Whether the token was shown, and the refusal of a wrong one."""
        site = self._site
        if not headers.get("user-agent"):
            text = (
                b"Request forbidden by administrative rules. Please make sure your request has a User-Agent "
                b"header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required)."
            )
            return False, Reply(text, 403, media="text/html; charset=utf-8")
        version = headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            message = f"The version {version!r} is not supported. Supported versions: {', '.join(VERSIONS)}."
            return False, Refusal(400, message, docs=f"{DOCS}/about-the-rest-api/api-versions").reply()
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if not scheme:
            return False, None
        if (
            scheme.lower() in ("bearer", "token")
            and credentials.strip() == site.token
            and not site.rights.revoked
        ):
            return True, None
        return False, Refusal(401, "Bad credentials").reply()

    def _allowance(self, route: Route | None, *, authenticated: bool) -> Allowance:
        now = self._site.world.now()
        if route is not None and route.template == "/graphql":
            return self._site.limits.graphql(now)
        return self._site.limits.core(now, authenticated=authenticated)

    def _carry_out(
        self,
        method: str,
        target: Target,
        headers: Headers,
        body: bytes,
        found: tuple[Route, dict[str, str]] | None,
        *,
        authenticated: bool,
    ) -> Reply:
        site = self._site
        if found is None:
            return not_found().reply()
        route, params = found
        if not self._here(params):
            return not_found().reply(route.documentation)
        if route.signed_in and not authenticated:
            return Refusal(route.signed_in, _SIGN_IN[route.signed_in]).reply(route.documentation)
        if authenticated and (denied := site.rights.denies(route.needs, writes=route.writes)) is not None:
            return self._denied(denied, route)
        ask = Ask(
            method,
            target.path,
            QueryParams(target.query),
            headers,
            body,
            site,
            site.view(target.api, target.web),
            params,
        )
        try:
            return route.handler(ask)
        except Refusal as refusal:
            return refusal.reply(route.documentation)
        except state.Refusal as refusal:
            return Refusal(refusal.status, str(refusal), errors=refusal.errors).reply(route.documentation)

    def _denied(self, denied: Denied, route: Route) -> Reply:
        if denied is Denied.PERMISSION:
            return permission_refused(route.needs, integration=self._site.rights.kind == "workflow")
        if denied is Denied.ROLE:
            return Refusal(403, _SIGN_IN[403]).reply(route.documentation)
        return not_found().reply(route.documentation)

    def _here(self, params: dict[str, str]) -> bool:
        world = self._site.world
        return (
            params.get("owner", world.owner).lower() == world.owner.lower()
            and params.get("repo", world.name).lower() == world.name.lower()
        )

    def _courtesies(self, headers: Headers, route: Route | None, *, authenticated: bool) -> dict[str, str]:
        """The headers GitHub puts on everything."""
        site = self._site
        media = "param=raw" if "raw" in headers.get("accept", "") else "format=json"
        dressed = {
            "server": "relman-world",
            "x-github-media-type": f"github.v3; {media}",
            "x-github-api-version-selected": headers.get("x-github-api-version", VERSIONS[0]),
            "x-github-request-id": f"{site.requests + 1:04X}:0B5E:{0x1F2E3D + site.requests * 7:X}",
            "access-control-expose-headers": _EXPOSED,
            "x-content-type-options": "nosniff",
        }
        if route is not None and route.needs:
            dressed["x-accepted-github-permissions"] = route.needs
        if authenticated and site.rights.classic:
            dressed["x-oauth-scopes"] = ", ".join(site.rights.scopes)
            dressed["x-accepted-oauth-scopes"] = (
                "repo" if route is not None and "{repo}" in route.template else ""
            )
        return dressed


def _validated(reply: Reply, headers: Headers) -> Reply:
    """With its validators; without a body where the client has it already."""
    content = reply.content()
    etag = f'W/"{hashlib.sha256(content).hexdigest()}"'
    validators = {"etag": etag}
    if reply.modified is not None:
        validators["last-modified"] = format_datetime(reply.modified, usegmt=True)
    dressed = reply.headers | validators
    if _unchanged(headers, etag, reply):
        return Reply(None, 304, dressed)
    return replace(reply, body=content, headers=dressed)


def _unchanged(headers: Headers, etag: str, reply: Reply) -> bool:
    known = headers.get("if-none-match")
    if known is not None:
        weak = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in weak or etag.removeprefix("W/") in weak
    since = headers.get("if-modified-since")
    if since is None or reply.modified is None:
        return False
    try:
        return reply.modified <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _packed(reply: Reply, headers: Headers) -> Reply:
    content = reply.content()
    if len(content) < _WORTH_PACKING or "gzip" not in headers.get("accept-encoding", ""):
        return replace(reply, body=content)
    packed = gzip.compress(content, compresslevel=1, mtime=0)
    return replace(reply, body=packed, headers=reply.headers | {"content-encoding": "gzip"})
