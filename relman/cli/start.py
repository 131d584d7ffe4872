"""What a start knows of its command line before it loads the parser of the commands.

The dashboard is started by ``relman`` and at most the global options. To load argparse and build the parsers of all
commands for that takes longer than anything else such a start does first.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from argparse import Namespace

_VALUES = {"-C": "directory", "--config": "config", "--repo": "repo", "--api-url": "api_url"}
_PATHS = {"directory", "config"}
_FLAGS = {"--read-only": "read_only"}
_ENCODING_FROM = ("PYTHONIOENCODING", "LC_ALL", "LC_CTYPE", "LANG")  # the first that is set


def dashboard(argv: Sequence[str]) -> Namespace | None:
    """The arguments of a command line without a command, as the parser would give them.

    None for every other command line, and for what only the parser can judge (a value that is missing, or looks
    like an option, an option in its short form with the value behind it).
    """
    found = SimpleNamespace(
        command=None, directory=Path(), config=None, repo=None, api_url=None, read_only=False
    )
    words = iter(argv)
    for word in words:
        option, joined, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in _FLAGS and not joined:
            setattr(found, _FLAGS[option], True)
            continue
        if option not in _VALUES:
            return None
        if not joined:
            value = next(words, "-")
            if value.startswith("-"):
                return None
        name = _VALUES[option]
        setattr(found, name, Path(value) if name in _PATHS else value)
    return cast("Namespace", found)


def wants_json(argv: Sequence[str]) -> bool:
    """Whether an error should also be said as JSON; known before the arguments are understood."""
    return "--json" in argv


def no_screen(environ: Mapping[str, str]) -> tuple[str, str]:
    """Why no screen can be shown, and what to do; empty where one can.

    Textual draws to stderr or stdout and reads stdin. ASCII says nothing about a terminal, it is what remains where
    no locale is set: there UTF-8 is written.
    """
    instead = "Without one, use `relman status`, with --json for a program."
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return "The dashboard needs a terminal for input and output", instead
    if (name := environ.get("TERM", "").lower()) in ("dumb", "unknown"):
        return f"The dashboard needs a terminal that it can draw on, and this one is {name!r} (TERM)", instead
    encoding = (sys.stderr.encoding or "ascii").lower()
    if encoding in ("utf-8", "ascii", "us-ascii", "ansi_x3.4-1968") or _has_the_signs(encoding):
        return "", ""
    said = next((word for word in _ENCODING_FROM if environ.get(word)), "LC_ALL")
    how = "Unset it" if said == "PYTHONIOENCODING" else f"Set {said} to a locale with UTF-8, such as C.UTF-8"
    return (
        f"The dashboard is drawn in UTF-8, and {said} says that this terminal reads {encoding}",
        f"{how}, or use `relman status`.",
    )


def _has_the_signs(encoding: str) -> bool:
    try:
        return "a┌─✓○".encode(encoding).startswith(b"a") and "a".encode(encoding) == b"a"
    except UnicodeEncodeError:
        return False
