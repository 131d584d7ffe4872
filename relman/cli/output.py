"""How commands speak: data on stdout, as text or JSON; errors on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

from relman.errors import Problem
from relman.text import clean, clean_line

ERROR_SCHEMA = "relman.error/1"


def moment(value: datetime | None) -> str | None:
    """A time as JSON says it: UTC, whole seconds, ``Z``."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def problem_json(problem: Problem | None) -> dict[str, Any] | None:
    """A problem as every schema has it."""
    if problem is None:
        return None
    return {
        "kind": problem.kind.value,
        "title": clean_line(problem.title),
        "detail": clean_line(problem.detail),
        "hint": clean_line(problem.hint),
    }


def write_json(answer: Mapping[str, Any], stream: TextIO | None = None) -> None:
    """One JSON object and a newline, in ASCII: a JSON escape reaches no terminal raw."""
    import json

    stream = stream or sys.stdout
    json.dump(answer, stream, indent=2, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def write_text(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Lines for a person. Each is cleaned here once more, since identifiers come exact."""
    stream = stream or sys.stdout
    for line in lines:
        write(stream, clean(line).replace("\n", " ") + "\n")


def write_error(problem: Problem, *, as_json: bool) -> None:
    """One sentence on stderr; with ``--json`` the same as ``relman.error/1`` on stdout."""
    if as_json:
        write_json({"schema": ERROR_SCHEMA, "error": problem_json(problem)})
    narrate(problem.sentence())


def narrate(sentence: str) -> None:
    """A sentence for a person, beside the answer."""
    write(sys.stderr, f"relman: {clean_line(sentence)}\n")


def drop_stdout() -> None:
    """Nobody reads stdout any more: what is still said, or flushed at the end, goes nowhere and cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write(stream: TextIO, text: str) -> None:
    """``text`` with a question mark for each character that the stream's encoding does not have."""
    encoding = stream.encoding or "ascii"
    stream.write(text.encode(encoding, "replace").decode(encoding))
