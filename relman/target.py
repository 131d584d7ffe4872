"""Which repository, at which API address, with which token: decided before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from relman import remote, tokens
from relman.config import Settings, is_repository, is_web_address
from relman.errors import Kind, Problem, RelmanError, usage_error
from relman.secret import without_credentials

API_VARIABLE = "RELMAN_API_URL"


class Target(Struct, frozen=True):
    repo: str  # OWNER/NAME
    api_url: str  # without a slash at the end
    token: tokens.Token


def resolve(
    settings: Settings,
    environ: Mapping[str, str],
    directory: Path,
    *,
    repo: str | None = None,
    api_url: str | None = None,
    home: Path | None = None,
) -> Target:
    """The target. ``repo`` and ``api_url`` are the command line's; they win over the files.

    Only the user decides where a token goes: the option, ``RELMAN_API_URL`` and the user's file name an API
    address; without them the clone's remote does, and then the token must have been given for that host.
    """
    chosen = api_url or environ.get(API_VARIABLE) or settings.api_url
    clone = remote.find(directory, home)
    name = repo or settings.repository or (clone.repo if clone else None)
    if name is None:
        raise usage_error(
            "No repository is known here",
            hint="Start relman in a clone with a GitHub remote, or name one with --repo OWNER/NAME.",
        )
    if not is_repository(name):
        raise usage_error(f"{without_credentials(name)!r} is not a repository", hint="Write it as OWNER/NAME.")
    if chosen:
        address = checked_api_url(chosen)
        return Target(name, address, tokens.discover(remote.host_of(address), environ, chosen=True))
    host = clone.host if clone else remote.GITHUB
    return Target(name, remote.api_url_of(host), tokens.discover(host, environ))


def checked_api_url(text: str) -> str:
    """``text`` as an API address a token may be sent to: https, or http on this machine only."""
    address = text.strip().rstrip("/")
    parts = urlsplit(address) if is_web_address(address) else None
    if parts is None or parts.username is not None or parts.query or parts.fragment:
        raise usage_error(
            f"{without_credentials(text)!r} is not an API address",
            hint="Write it as https://HOST/api/v3, without credentials.",
        )
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise RelmanError(
            Problem(
                Kind.USAGE,
                f"{address} is not encrypted",
                "the token would be readable on its way",
                "Use https; http is for addresses on this machine only.",
            )
        )
    return address


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
