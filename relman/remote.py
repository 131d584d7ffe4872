"""Which repository a clone belongs to, read from git's own files: git need not be installed."""

from __future__ import annotations

import contextlib
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from relman.config import is_repository

GITHUB = "github.com"
# Hosts that certainly do not speak GitHub's API; a remote there is passed over.
_FOREIGN = frozenset({"gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht", "ssh.dev.azure.com"})

_HOST = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?"
_SCP = r"(?:[^@/\s]+@)?([^:/\s\[\]]+):(?!//)(.+)"
_SECTION = r'\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]\s*(.*)'
_SIZE_LIMIT = 1_000_000  # bytes; a configuration is never near it


class Remote(Struct, frozen=True):
    """A repository on a GitHub host. ``host`` is the web host, with a port where it is not the usual one."""

    host: str
    repo: str  # OWNER/NAME


def is_host(text: str) -> bool:
    """Whether ``text`` (lower case) can be a host name, with or without a port."""
    return len(text) <= 260 and bool(re.fullmatch(_HOST, text))


def api_url_of(host: str) -> str:
    """The address of a web host's API: github.com, SUB.ghe.com, or an Enterprise Server."""
    if host == GITHUB:
        return "https://api.github.com"
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"https://{host}/api/v3"


def host_of(api_url: str) -> str:
    """The web host an API address belongs to: the reverse of :func:`api_url_of`."""
    parts = urlsplit(api_url)
    host = (parts.hostname or "").lower()
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    if parts.port not in (None, usual):
        return f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}"
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        return host.removeprefix("api.")
    return host


def web_url_of(api_url: str) -> str:
    """Where an API address's pages are."""
    return f"{urlsplit(api_url).scheme}://{host_of(api_url)}"


def find(directory: Path, home: Path | None = None) -> Remote | None:
    """The repository of the clone that ``directory`` lies in; None where there is none.

    The order is: the remote chosen with ``gh repo set-default``, then origin, upstream, the others. ``home``
    gives the user's git and ssh configuration, for rewritten addresses and host aliases.
    """
    file = _config_file(directory)
    if file is None:
        return None
    entries = list(_entries(file))
    users = [home / ".config" / "git" / "config", home / ".gitconfig"] if home else []
    shortcuts = _shortcuts([entry for user in users for entry in _entries(user)] + entries)
    remotes: dict[str, str] = {}
    chosen: set[str] = set()
    for section, name, key, value in entries:
        if section == "remote" and key == "url":
            remotes.setdefault(name, value)
        if section == "remote" and key == "gh-resolved" and value == "base":
            chosen.add(name)
    first = {"origin": 1, "upstream": 2}
    for name in sorted(remotes, key=lambda name: 0 if name in chosen else first.get(name, 3)):
        found = parse(_expand(remotes[name], shortcuts), home)
        if found and found.host not in _FOREIGN:
            return found
    return None


def parse(url: str, home: Path | None = None) -> Remote | None:
    """A remote's address (https, ssh, git, or ``user@host:path``) as host and OWNER/NAME; None for others."""
    url = url.strip()
    ssh = True
    if "://" in url:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return None
        scheme, path = parts.scheme.lower().removeprefix("git+"), unquote(parts.path)
        if scheme not in {"https", "http", "ssh", "git"}:
            return None
        ssh = scheme == "ssh"
        if scheme == "https" and port not in (None, 443):
            host = f"{host}:{port}"
    elif match := re.fullmatch(_SCP, url):
        host, path = match[1].lower(), match[2]
    else:
        return None
    repo = path.strip("/").removesuffix(".git")
    if ssh:
        host = _ssh_host(host, home)
    if host in {"www.github.com", "ssh.github.com"}:
        host = GITHUB
    return Remote(host, repo) if is_host(host) and is_repository(repo) else None


def _config_file(directory: Path) -> Path | None:
    """The configuration of the repository around ``directory``: of the main one for a worktree."""
    with contextlib.suppress(OSError):  # a directory that may not be searched, or a disk that is gone
        for place in (directory, *directory.parents):
            dot = place / ".git"
            if dot.is_dir():
                return dot / "config"
            if dot.is_file():
                word, _, target = _read(dot).strip().partition(": ")
                if word != "gitdir":
                    return None
                gitdir = place / target
                common = gitdir / "commondir"
                return (gitdir / _read(common).strip() if common.is_file() else gitdir) / "config"
    return None


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _SIZE_LIMIT:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _entries(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Git's configuration as (section, subsection, key, value); keys and sections in lower case."""
    section = name = ""
    lines = iter(_read(path).splitlines())
    for line in lines:
        rest = line.strip()
        if match := re.fullmatch(_SECTION, rest):
            section, name = match[1].lower(), re.sub(r"\\(.)", r"\1", match[2] or "")
            rest = match[3]
        if not rest or rest[0] in "#;[":
            continue
        key, found, value = rest.partition("=")
        while found and _continues(value):
            value = value[:-1] + next(lines, "")
        yield section, name, key.strip().lower(), _value(value) if found else "true"


def _continues(value: str) -> bool:
    return (len(value) - len(value.rstrip("\\"))) % 2 == 1


def _value(raw: str) -> str:
    """A value without its quotes, escapes and trailing comment."""
    out: list[str] = []
    kept = 0  # blanks after this are trailing ones
    quoted = escaped = False
    for character in raw.strip():
        if escaped:
            out.append({"n": "\n", "t": "\t", "b": "\b"}.get(character, character))
            escaped = False
        elif character == "\\":
            escaped = True
            continue
        elif character == '"':
            quoted = not quoted
            kept = len(out)
            continue
        elif character in "#;" and not quoted:
            break
        else:
            out.append(character)
        if quoted or not character.isspace():
            kept = len(out)
    return "".join(out[:kept])


def _shortcuts(entries: list[tuple[str, str, str, str]]) -> dict[str, str]:
    """``url.BASE.insteadOf = PREFIX`` as prefix → base."""
    return {
        value: name
        for section, name, key, value in entries
        if section == "url" and key == "insteadof" and value
    }


def _expand(url: str, shortcuts: dict[str, str]) -> str:
    prefix = max((prefix for prefix in shortcuts if url.startswith(prefix)), key=len, default=None)
    return url if prefix is None else shortcuts[prefix] + url[len(prefix) :]


def _ssh_host(alias: str, home: Path | None) -> str:
    """The host behind an alias of the user's ssh configuration (``github.com-work``)."""
    name = _ssh_host_name(alias, home / ".ssh" / "config", home / ".ssh", 0) if home else None
    if name:
        return name.lower().replace("%h", alias)
    # The usual way to hold several keys for one host, where the configuration is not at hand.
    return GITHUB if alias.startswith(f"{GITHUB}-") else alias


def _ssh_host_name(alias: str, file: Path, base: Path, depth: int) -> str | None:
    """The first ``HostName`` that applies to ``alias``, as ssh would find it."""
    applies = True
    for line in _read(file).splitlines():
        word, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        word, values = word.lower(), [value.strip('"') for value in rest.split()]
        if word == "match":
            applies = values == ["all"]
        elif word == "host":
            applies = any(fnmatch.fnmatchcase(alias, value) for value in values if value[0] != "!") and not any(
                fnmatch.fnmatchcase(alias, value[1:]) for value in values if value[0] == "!"
            )
        elif applies and word == "hostname" and values:
            return values[0]
        elif applies and word == "include" and depth < 4:
            for pattern in values:
                if pattern.startswith("~/"):
                    pattern = str(base.parent / pattern[2:])
                for included in sorted(_glob(base, pattern)):
                    if name := _ssh_host_name(alias, included, base, depth + 1):
                        return name
    return None


def _glob(base: Path, pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    if path.is_absolute():
        return Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    return base.glob(pattern)
