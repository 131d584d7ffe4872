"""Where the token comes from, and where it may go.

A repository on disk names a host; nothing in it may decide that a token goes there. ``GH_TOKEN`` and
``GITHUB_TOKEN`` go to github.com and *.ghe.com; another host gets only what was given for that host.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from relman.errors import Kind, Problem, RelmanError
from relman.remote import GITHUB
from relman.secret import Secret

_GH_SECONDS = 10.0

LEAST_READ = "read access to Actions, Contents, Deployments, Environments and Metadata"
VARIABLES = ("RELMAN_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


class Token(Struct, frozen=True):
    secret: Secret
    source: str  # where it was found, in words: "GH_TOKEN", "gh (hosts.yml)", "keyring"


def belongs_to_github(host: str) -> bool:
    """Whether GitHub itself runs this web host."""
    return host == GITHUB or host.endswith(".ghe.com")


def discover(host: str, environ: Mapping[str, str], *, chosen: bool = False) -> Token:
    """The token for a web host. ``chosen``: the user named the API address, so RELMAN_TOKEN is for it.

    Order: RELMAN_TOKEN, GH_TOKEN, GITHUB_TOKEN (for another host gh's own variables with ``GH_HOST``), gh's
    login, the system's keyring. Raises with kind AUTH where there is none.
    """
    for name in _variables_for(host, environ, chosen):
        if value := environ.get(name, "").strip():
            return Token(_checked(value, name), name)
    return _from_gh(host, environ) or _from_keyring(host) or _none(host, environ, chosen)


def _variables_for(host: str, environ: Mapping[str, str], chosen: bool) -> list[str]:
    if belongs_to_github(host):
        return ["RELMAN_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"]
    names = ["RELMAN_TOKEN"] if chosen else []
    if environ.get("GH_HOST", "").lower() == host:
        names += ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    return names


def _checked(value: str, source: str) -> Secret:
    # A control character or a blank would end the header it is sent in.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise RelmanError(
            Problem(
                Kind.AUTH,
                f"The token from {source} is not one",
                hint="It must be one word of plain characters.",
            )
        )
    return Secret(value)


def _none(host: str, environ: Mapping[str, str], chosen: bool) -> Token:
    if belongs_to_github(host):
        login = "gh auth login" if host == GITHUB else f"gh auth login --hostname {host}"
        hint = f"Run `{login}`, or set RELMAN_TOKEN to a fine-grained token with {LEAST_READ}."
        raise RelmanError(Problem(Kind.AUTH, f"There is no token for {host}", hint=hint))
    detail = ""
    if not chosen and environ.get("RELMAN_TOKEN"):
        detail = "RELMAN_TOKEN goes to another host than GitHub's only with --api-url or RELMAN_API_URL"
    elif any(environ.get(name) for name in ("GH_TOKEN", "GITHUB_TOKEN")):
        detail = "GH_TOKEN and GITHUB_TOKEN go to github.com and *.ghe.com only"
    hint = f"Run `gh auth login --hostname {host}`, or set RELMAN_TOKEN and name the server with --api-url."
    raise RelmanError(Problem(Kind.AUTH, f"There is no token for {host}", detail, hint))


def _gh_directory(environ: Mapping[str, str]) -> Path | None:
    if directory := environ.get("GH_CONFIG_DIR"):
        return Path(directory)
    if directory := environ.get("XDG_CONFIG_HOME"):
        return Path(directory) / "gh"
    if os.name == "nt" and (directory := environ.get("APPDATA")):
        return Path(directory) / "GitHub CLI"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) / ".config" / "gh" if home else None


def _from_gh(host: str, environ: Mapping[str, str]) -> Token | None:
    """The token of gh's own login: from its file, or from gh where the system's keyring holds it."""
    directory = _gh_directory(environ)
    login = _gh_login(directory / "hosts.yml", host) if directory else None
    if login is None:
        return None
    user = login.get("user")
    users = login.get("users")
    account = users.get(user) if isinstance(users, dict) else None
    for place in (account, login):
        token = place.get("oauth_token") if isinstance(place, dict) else None
        if isinstance(token, str) and token.strip():
            return Token(_checked(token.strip(), "gh's login"), "gh (hosts.yml)")
    token = _ask_gh(host, environ)
    return Token(_checked(token, "gh's login"), "gh (keyring)") if token else None


def _gh_login(file: Path, host: str) -> dict[str, Any] | None:
    import yaml

    try:
        hosts = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    login = hosts.get(host) if isinstance(hosts, dict) else None
    return login if isinstance(login, dict) else None


def _ask_gh(host: str, environ: Mapping[str, str]) -> str:
    """``gh auth token``, without the variables that gh would answer from instead of its login."""
    gh = shutil.which("gh", path=environ.get("PATH"))
    if gh is None:
        return ""
    kept = {name: value for name, value in environ.items() if name not in VARIABLES}
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command; the host is checked before)
            [gh, "auth", "token", "--hostname", host],
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _from_keyring(host: str) -> Token | None:
    """The entry of service ``relman``, account HOST, where the extra ``keyring`` is installed."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        value = keyring.get_password("relman", host)
    except KeyringError:
        return None
    return Token(_checked(value.strip(), "the keyring"), "keyring") if value and value.strip() else None
