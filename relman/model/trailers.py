"""Trailers of a tag's message: ``Key: value`` lines in its last paragraph, as git reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from relman.text import clean, clean_line

PLAN = "Relman-Plan"
BASE = "Relman-Base"
BY = "Relman-By"
OVERRIDE = "Relman-Override"
ROLLBACK_OF = "Relman-Rollback-Of"
ROLLBACK_TO = "Relman-Rollback-To"

_TRAILER = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9-]*): +(?P<value>\S.*)")
_LONGEST = 100_000  # characters of notes in a tag: the release has them in full


def tag_message(title: str, notes: str, trailers: Iterable[tuple[str, str]]) -> str:
    """Title, notes and trailers as one message. The notes cannot pass for trailers: those are last."""
    body = clean(notes).strip()
    if len(body) > _LONGEST:
        body = body[:_LONGEST].rstrip() + "\n\n(shortened; the release has the full notes)"
    lines = [f"{key}: {clean_line(value)}" for key, value in trailers if clean_line(value)]
    parts = [clean_line(title), body, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def read_trailers(message: str) -> tuple[tuple[str, str], ...]:
    """The trailers of ``message``; none where the last paragraph is not made of them alone, or is the title."""
    paragraphs = [part for part in re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip()) if part]
    if len(paragraphs) < 2:
        return ()
    found = [_TRAILER.fullmatch(line.rstrip()) for line in paragraphs[-1].split("\n")]
    return tuple((match["key"], match["value"]) for match in found if match) if all(found) else ()


def values(trailers: Sequence[tuple[str, str]], key: str) -> tuple[str, ...]:
    """What the trailers say under ``key`` (letter case does not count), in their order."""
    return tuple(value for name, value in trailers if name.lower() == key.lower())
