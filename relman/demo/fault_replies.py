"""What a client gets instead of, or made out of, the real answer when a fault strikes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from relman.demo.exchange import Refusal, Reply
from relman.demo.faults import Fault
from relman.demo.limits import Allowance

_OUTAGE = b"""<!DOCTYPE html>
<html><head><title>Unicorn! &middot; GitHub</title></head>
<body><h1>This page is taking too long to load.</h1>
<p>Sorry about that. Please try refreshing.</p></body></html>
"""
_LIMITS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


def stand_in(fault: Fault, allowance: Allowance, needs: str) -> Reply | None:
    """The answer instead of the real one; None for kinds that need the real one."""
    make = _STAND_INS.get(fault.kind)
    if make is None:
        return None
    reply = make(fault, allowance, needs)
    reply.headers.update(fault.headers)
    return reply


def altered(fault: Fault, reply: Reply) -> Reply:
    """The real answer, changed where the kind is one that changes it."""
    if fault.kind == "body":
        body = fault.body.encode() if isinstance(fault.body, str) else json.dumps(fault.body).encode()
        return replace(
            reply, body=body, status=fault.status or reply.status, headers=reply.headers | fault.headers
        )
    if fault.kind == "text":
        # A copy: parts of a body are shared between answers.
        whole = json.loads(reply.content()) if not isinstance(reply.body, bytes) else reply.body
        return replace(reply, body=_with_text(whole, fault.fields, fault.value))
    return reply


def _with_text(node: Any, fields: tuple[str, ...], value: str) -> Any:
    if isinstance(node, dict):
        return {
            key: value if key in fields and isinstance(inner, str) else _with_text(inner, fields, value)
            for key, inner in node.items()
        }
    if isinstance(node, list):
        return [_with_text(inner, fields, value) for inner in node]
    return node


def rate_limited(allowance: Allowance, *, authenticated: bool, status: int = 403) -> Reply:
    """The primary limit's refusal."""
    whose = "user ID 1" if authenticated else "127.0.0.1"
    hint = (
        ""
        if authenticated
        else " (But here's the good news: Authenticated requests get a higher rate limit. "
        "Check out the documentation for more details.)"
    )
    return Refusal(status, f"API rate limit exceeded for {whose}.{hint}", docs=_LIMITS).reply()


def _status(fault: Fault, _allowance: Allowance, _needs: str) -> Reply:
    status = fault.status or 500
    if fault.body is None:
        return Refusal(status, fault.message or "Something went wrong").reply()
    if isinstance(fault.body, str):
        return Reply(fault.body.encode(), status)
    return Reply(fault.body, status)


def _html(fault: Fault, _allowance: Allowance, _needs: str) -> Reply:
    return Reply(_OUTAGE, fault.status or 502, media="text/html; charset=utf-8")


def _rate_limit(fault: Fault, allowance: Allowance, _needs: str) -> Reply:
    reply = rate_limited(allowance, authenticated=True, status=fault.status or 403)
    spent = replace(allowance, used=allowance.limit)
    reply.headers.update(spent.headers())
    return reply


def _secondary(fault: Fault, _allowance: Allowance, _needs: str) -> Reply:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return Refusal(
        fault.status or 403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        headers=headers,
        docs=f"{_LIMITS}#about-secondary-rate-limits",
    ).reply()


def _sso(_fault: Fault, _allowance: Allowance, _needs: str) -> Reply:
    return Refusal(
        403,
        "Resource protected by organization SAML enforcement. You must grant your Personal Access token "
        "access to this organization.",
        headers={"x-github-sso": "required; url=https://github.com/orgs/acme/sso?authorization_request=A1B2C3"},
        docs="https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/",
    ).reply()


def permission_refused(needs: str, *, integration: bool = False) -> Reply:
    """What a fine-grained token, or an integration's, meets where it lacks the permission ``needs``."""
    whom = "integration" if integration else "personal access token"
    reply = Refusal(403, f"Resource not accessible by {whom}").reply()
    reply.headers["x-accepted-github-permissions"] = needs
    return reply


def _permission(fault: Fault, _allowance: Allowance, needs: str) -> Reply:
    reply = permission_refused(needs)
    return replace(reply, status=fault.status or 403)


def _server_error(fault: Fault, _allowance: Allowance, _needs: str) -> Reply:
    return Reply({"message": fault.message or "Server Error"}, fault.status or 500)


_STAND_INS: dict[str, Callable[[Fault, Allowance, str], Reply]] = {
    "status": _status,
    "html": _html,
    "rate-limit": _rate_limit,
    "secondary": _secondary,
    "sso": _sso,
    "permission": _permission,
    "server-error": _server_error,
}
