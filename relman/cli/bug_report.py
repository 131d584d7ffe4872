"""``relman bug-report``: what an issue needs, and nothing that tells who or where you are."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msgspec import Struct

from relman import __version__
from relman.cli.output import problem_json, write_json, write_text
from relman.errors import Exit, Problem

SCHEMA = "relman.bug-report/1"
_PACKAGES = ("textual", "rich", "httpx", "PyYAML", "semver", "starlette", "uvicorn", "platformdirs", "keyring")
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "NO_COLOR", "LANG", "LC_ALL")


class Circumstances(Struct, frozen=True):
    """What the entrance found out. ``settings`` are the keys that are written, without their values."""

    settings: tuple[str, ...] = ()
    host: str = ""  # "github.com", "*.ghe.com", "another host", or "" when it was not found out
    token_source: str = ""
    problem: Problem | None = None  # what kept relman from finding it out


def without_names(key: str, names: Iterable[str]) -> str:
    """A setting's key without positions and without an environment's name, which the team chose."""
    for name in names:
        if key == f"environments.{name}" or key.startswith(f"environments.{name}."):
            key = "environments" + key.removeprefix(f"environments.{name}")
    return re.sub(r"\[\d+\]", "", key)


def show(circumstances: Circumstances, environ: Mapping[str, str], *, as_json: bool) -> Exit:
    """Prints versions, the terminal, the keys that are set, and where the token comes from; no value."""
    answer = as_dict(circumstances, environ)
    if as_json:
        write_json(answer)
    else:
        write_text(_lines(answer))
    return Exit.OK


def as_dict(circumstances: Circumstances, environ: Mapping[str, str]) -> dict[str, Any]:
    """The answer as ``schemas/bug-report.json`` describes it."""
    return {
        "schema": SCHEMA,
        "relman": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "terminal": {
            **{name: _shape(name, environ[name]) for name in _TERMINAL if name in environ},
            "encoding": (sys.stdout.encoding or "").lower(),
        },
        "settings": list(circumstances.settings),
        "host": circumstances.host,
        "token": circumstances.token_source,
        "problem": _without_places(circumstances.problem),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _shape(name: str, value: str) -> str:
    return "set" if name == "TMUX" else value[:60]  # its value is a path in the home directory


def _without_places(problem: Problem | None) -> dict[str, Any] | None:
    """The kind of a problem; its words name files, hosts and repositories."""
    said = problem_json(problem)
    return said and {"kind": said["kind"]}


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    for name, value in answer.items():
        if name == "schema":
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {one}" for key, one in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        yield f"{name:<9} {value or '-'}"
