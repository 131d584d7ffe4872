"""How many terminal cells a text takes, and cutting it to a width."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from relman.text import clean_line

# Joiners and variation selectors change widths in some terminals and not in others: without them the parts
# of a sequence stand side by side everywhere.
_UNSTEADY = dict.fromkeys([0x200C, 0x200D, 0x20E3, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)])


@lru_cache(maxsize=4096)
def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def steady(text: str) -> str:
    """``text`` as one clean line whose width every terminal agrees on."""
    line = clean_line(text)
    return line if line.isascii() else unicodedata.normalize("NFC", line).translate(_UNSTEADY)


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
