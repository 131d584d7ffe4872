"""How many terminal cells a text takes, and cutting it to a width."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from relman.text import clean_line

# Joiners and variation selectors change widths in some terminals and not in others: without them the parts
# of a sequence stand side by side everywhere.
_UNSTEADY = "[\u200c\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]+"


@lru_cache(maxsize=4096)
def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def steady(text: str) -> str:
    """``text`` as one clean line whose width every terminal agrees on."""
    line = clean_line(text)
    return line if line.isascii() else apart(unicodedata.normalize("NFC", line))


def apart(text: str) -> str:
    """``text`` without what makes one sign of several, or another of one."""
    return text if text.isascii() else re.sub(_UNSTEADY, "", text)


def width(text: str) -> int:
    """The cells ``text`` takes; it should be :func:`steady`."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` cells, with ``…`` where something was cut off."""
    if width(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for character in text:
        room -= _cell(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if limit > 0 else ""


def pad(text: str, cells: int) -> str:
    """``text`` in exactly ``cells`` cells."""
    text = cut(text, cells)
    return text + " " * (cells - width(text))
