"""From a refusal to a problem that says what to do. The cases, and what tells them apart, are GitHub's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from relman.errors import Kind, Problem
from relman.github.fields import exact
from relman.github.reply import Reply, decoded, origin
from relman.github.requests import Request
from relman.text import clean_line

_LONGEST = 600  # characters of the server's own words
_STATUS_PAGE = "https://www.githubstatus.com"
_SSO_URL = re.compile(r"url=([^;\s]+)")
_SECONDARY = ("secondary rate limit", "abuse detection mechanism")


def message_of(reply: Reply) -> str:
    """The server's own words on one clean line: ``message``, then ``errors`` in each of its shapes."""
    try:
        value = decoded(reply.body)
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    errors = value.get("errors")
    details = [
        words for item in (errors if isinstance(errors, list) else [errors]) if (words := _error_words(item))
    ]
    parts = [exact(value, "message").rstrip("."), "; ".join(details)]
    return clean_line(": ".join(part for part in parts if part), _LONGEST)


def _error_words(item: object) -> str:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return ""
    message, field, code = exact(item, "message"), exact(item, "field"), exact(item, "code").replace("_", " ")
    if message:
        return message
    return " ".join(part for part in (field or exact(item, "resource"), code) if part)


def is_limit(reply: Reply) -> bool:
    """Whether a refusal is a rate limit, primary or secondary, and not a missing permission."""
    if reply.status == 429:
        return True
    if reply.status != 403:
        return False
    message = message_of(reply).lower()
    return (
        reply.header("x-ratelimit-remaining") == "0"
        or bool(reply.header("retry-after"))
        or "api rate limit exceeded" in message
        or any(words in message for words in _SECONDARY)
    )


def needed_rights(reply: Reply) -> str:
    """What would have sufficed, by the answer's own headers: "Contents: write and Workflows: write".

    "" where they say nothing, and where a classic token holds a scope that suffices: then it is something
    else that is missing.
    """
    accepted = _listed(reply.header("x-accepted-oauth-scopes"))
    permissions = permissions_of(reply.header("x-accepted-github-permissions"))
    classic = f"the scope {_either(accepted)}" if accepted else ""
    if "x-oauth-scopes" not in reply.headers:
        return clean_line(permissions or classic, 200)
    held = set(_listed(reply.header("x-oauth-scopes")))
    if any(_holds(held, scope) for scope in accepted):
        return ""
    return clean_line(classic or permissions, 200)


def _listed(header: str) -> list[str]:
    return [scope for part in header.split(",") if (scope := part.strip())]


def _holds(held: set[str], scope: str) -> bool:
    """Whether a classic token has a scope, by itself or within ``repo``, the largest one used here."""
    return scope in held or ("repo" in held and scope.startswith(("repo", "public_repo")))


def permissions_of(header: str) -> str:
    """``contents=write; contents=write,workflows=write`` in words."""
    choices = []
    for choice in header.split(";"):
        pairs = [pair.partition("=") for part in choice.split(",") if (pair := part.strip())]
        rights = [f"{name.strip().replace('_', ' ').capitalize()}: {level.strip()}" for name, _, level in pairs]
        if rights:
            choices.append(" and ".join(rights))
    return _either(choices)


def _either(choices: Iterable[str]) -> str:
    return ", or ".join(dict.fromkeys(choices))


def problem_of(
    reply: Reply, request: Request, *, authenticated: bool, retry_at: datetime | None = None
) -> Problem:
    """The problem that an answer other than 2xx and 304 stands for.

    ``authenticated`` says whether a token was sent; ``retry_at`` when a rate limit ends.
    """
    status, what, words = reply.status, request.what, message_of(reply)
    if status == 401:
        return _unauthenticated(words, authenticated)
    if is_limit(reply):
        return limited(
            retry_at, primary=reply.header("x-ratelimit-remaining") == "0", detail=words, status=status
        )
    if status == 403:
        return _forbidden(reply, what, words, authenticated)
    if status == 404 or (status == 422 and words.lower().startswith("no commit found")):
        return Problem(
            Kind.NOT_FOUND,
            f"GitHub does not show {what}",
            words,
            _not_shown(reply, authenticated),
            status=status,
        )
    if status == 409:
        if "empty" in words.lower():
            return Problem(
                Kind.CONFLICT,
                f"No {what.removeprefix('the ')} yet",
                words,
                "Push a first commit.",
                status=status,
            )
        return Problem(Kind.CONFLICT, f"The state changed under {what}", words, "Look again.", status=status)
    if status == 410:
        return gone(what, words)
    if status == 422:
        return Problem(Kind.INVALID, f"GitHub refused the request for {what}", words, _ASK_AGAIN, status=status)
    if status == 451:
        return Problem(
            Kind.PERMISSION, f"GitHub blocks {what} for legal reasons", words, "Ask the owner.", status=status
        )
    if status == 407:
        return proxy_login()
    if status >= 500:
        return _outage(reply, what, words)
    if 300 <= status < 400:
        return Problem(
            Kind.SERVER,
            f"{what[:1].upper()}{what[1:]} moved to where relman does not follow",
            words,
            "Check the repository's name and the API address.",
            status=status,
        )
    return Problem(
        Kind.INVALID, f"GitHub refused the request for {what} ({status})", words, _ASK_AGAIN, status=status
    )


_ASK_AGAIN = "If what was asked looks right, relman is wrong: report it with `relman bug-report`."


def _unauthenticated(words: str, authenticated: bool) -> Problem:
    if authenticated:
        title, hint = (
            "GitHub does not accept the token",
            "Make a new one, or `gh auth login`; it may have expired.",
        )
    else:
        title, hint = "GitHub asks for a token", "Set RELMAN_TOKEN or GH_TOKEN, or run `gh auth login`."
    return Problem(Kind.AUTH, title, words, hint, status=401)


def limited(
    retry_at: datetime | None, *, primary: bool, detail: str = "", status: int | None = None
) -> Problem:
    """The problem of a rate limit, hit now or still in force."""
    title = "GitHub's rate limit is used up" if primary else "GitHub asks to slow down"
    hint = "Wait before asking again."
    if retry_at is not None:
        hint = f"Nothing is asked before {retry_at:%H:%M:%S} UTC."
    return Problem(Kind.RATE_LIMIT, title, detail, hint, retry_at=retry_at, status=status)


def proxy_login() -> Problem:
    hint = "Put name and password into HTTPS_PROXY, or list the API host in NO_PROXY."
    return Problem(Kind.NETWORK, "The proxy asks for a login", hint=hint, status=407)


def gone(what: str, words: str = "", status: int | None = 410) -> Problem:
    return Problem(
        Kind.GONE,
        f"GitHub no longer keeps {what}",
        words,
        "Its retention ended (90 days for logs, unless the repository says otherwise), or somebody deleted it.",
        status=status,
    )


def barred(reply: Reply, what: str, words: str) -> Problem | None:
    """The 403 that no right of the token would change; None where it is about the token's rights."""
    lower = words.lower()
    sso = reply.header("x-github-sso")
    if sso.lower().startswith("required") or "saml enforcement" in lower:
        url = _sso_url(sso)
        return Problem(
            Kind.SSO,
            "The token is not authorised for this organisation's single sign-on",
            words,
            f"Authorise it at {url}." if url else "Authorise it in GitHub's settings: tokens, Configure SSO.",
            url=url,
            status=403,
        )
    if "upgrade to github" in lower or "upgrade your plan" in lower:
        return Problem(
            Kind.PLAN, f"This repository's plan does not offer {what}", words, "Not available here.", status=403
        )
    if "ip allow list" in lower:
        hint = "The organisation lets only listed addresses in: use its network or VPN."
        return Problem(Kind.PERMISSION, f"GitHub refuses {what} from this address", words, hint, status=403)
    if not words and reply.is_html and not reply.header("x-github-request-id"):
        hint = "Check HTTPS_PROXY and NO_PROXY, and the API address."
        return Problem(
            Kind.NETWORK,
            "Something on the way refused, not GitHub (a proxy or firewall)",
            hint=hint,
            status=403,
        )
    return None


def _forbidden(reply: Reply, what: str, words: str, authenticated: bool) -> Problem:
    problem = barred(reply, what, words)
    if problem is not None:
        return problem
    rights = needed_rights(reply)
    if not authenticated:
        hint = "Set a token: RELMAN_TOKEN, GH_TOKEN, or `gh auth login`."
    elif rights:
        hint = f"Give the token {rights}."
    else:
        hint = "Give the token more rights, or use the token of somebody who has them."
    return Problem(Kind.PERMISSION, f"The token may not read {what}", words, hint, status=403)


def _sso_url(header: str) -> str:
    found = _SSO_URL.search(header)
    url = clean_line(found[1]) if found else ""
    return url if (origin(url) or ("",))[0] == "https" else ""


def _not_shown(reply: Reply, authenticated: bool) -> str:
    if not authenticated:
        return (
            "It may be absent, or private: then a token is needed (RELMAN_TOKEN, GH_TOKEN, or `gh auth login`)."
        )
    rights = needed_rights(reply)
    if rights:
        return f"It may be absent, or the token may not see it: that takes {rights}."
    return "It may be absent, or the token may not see it. Check the name and the token's repositories."


def _outage(reply: Reply, what: str, words: str) -> Problem:
    return Problem(
        Kind.SERVER,
        f"GitHub could not answer with {what} ({reply.status})",
        words,
        f"Try again; if it stays, see {_STATUS_PAGE}.",
        url=_STATUS_PAGE,
        status=reply.status,
    )
