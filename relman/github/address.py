"""What a reader is built with, checked before anything is sent."""

from __future__ import annotations

import re

from relman.errors import Kind, Problem, RelmanError, usage_error
from relman.github.reply import origin
from relman.secret import Secret
from relman.text import clean_line

_REPO = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def check(repo: str, api_url: str, token: Secret | None) -> None:
    """Raises what building a reader from these would raise, without loading one."""
    checked_repo(repo)
    checked_address(api_url, with_token=bool(checked_token(token)))


def checked_repo(repo: str) -> str:
    if not _REPO.fullmatch(repo) or {".", ".."} & set(repo.split("/")):
        raise usage_error(f"“{clean_line(repo, 80)}” is no repository", hint="Write it as OWNER/NAME.")
    return repo


def checked_token(token: Secret | None) -> Secret | None:
    """A token that can stand in a header. Anything else would be quoted in a library's error."""
    if token and not _TOKEN.fullmatch(token.reveal()):
        raise RelmanError(
            Problem(
                Kind.AUTH,
                "The token cannot be one: it holds blanks, line breaks or letters outside of ASCII",
                hint="Copy it again; nothing was sent.",
            )
        )
    return token or None


def checked_address(api_url: str, *, with_token: bool) -> str:
    """The address without a slash at its end. A token never travels unencrypted, but to this machine."""
    where = origin(api_url)
    rest = api_url.partition("://")[2]
    if (
        where is None
        or any(sign in rest for sign in "@?#\\")
        or clean_line(api_url) != api_url
        or " " in api_url
    ):
        raise usage_error("The API address is none", hint="It looks like https://api.github.com.")
    if with_token and where[0] == "http" and not is_loopback(where[1]):
        raise RelmanError(
            Problem(
                Kind.CONFIG,
                f"The token would travel unencrypted to {where[1]}",
                hint="Use https:// in the API address; nothing was sent.",
            )
        )
    return api_url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    import ipaddress  # costs a few milliseconds: only where an address is looked at

    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
