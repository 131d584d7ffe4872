"""Colour in a log line: SGR sequences (``ESC [ … m``) as spans over plain text.

Only lines that passed :func:`relman.text.clean_log` come here, so that SGR is the one escape left.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Colour = int | tuple[int, int, int]
"""A palette index (0 to 255) or red, green and blue (0 to 255 each)."""

TAB = 8  # columns


class Look(NamedTuple):
    """How a stretch of text looks. None is the default colour."""

    foreground: Colour | None = None
    background: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Look()


class Span(NamedTuple):
    """``text[start:end]`` looks so."""

    start: int
    end: int
    look: Look


class Styled(NamedTuple):
    """Plain text with tabs expanded, and its spans: ordered, not empty, not overlapping, none of them plain."""

    text: str
    spans: tuple[Span, ...] = ()


_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}


def plain(line: str) -> str:
    """``line`` without its SGR sequences."""
    return _SGR.sub("", line) if "\x1b" in line else line


def styled(line: str) -> Styled:
    """A cleaned line as text and spans. Tabs become spaces up to the next multiple of :data:`TAB`."""
    if "\x1b" not in line:
        return Styled(line.expandtabs(TAB) if "\t" in line else line)
    parts: list[str] = []
    spans: list[Span] = []
    look = PLAIN
    column = 0
    for index, part in enumerate(_SGR.split(line)):
        if index % 2:
            look = apply(look, part)
            continue
        if "\t" in part:
            # The text before the part decides where its tab stops are.
            part = (" " * (column % TAB) + part).expandtabs(TAB)[column % TAB :]
        if not part:
            continue
        end = column + len(part)
        if look != PLAIN:
            if spans and spans[-1].end == column and spans[-1].look == look:
                spans[-1] = spans[-1]._replace(end=end)
            else:
                spans.append(Span(column, end, look))
        parts.append(part)
        column = end
    return Styled("".join(parts), tuple(spans))


def apply(look: Look, parameters: str) -> Look:
    """``look`` after one SGR sequence with these parameters. What is not known changes nothing."""
    fields = parameters.split(";")
    at = 0
    while at < len(fields):
        field = fields[at]
        at += 1
        head, *rest = field.split(":")
        code = _number(head)
        if code is None:
            continue
        if code == 0:
            look = PLAIN
        elif code == 4 and rest:
            look = look._replace(underline=rest[0] != "0")
        elif code in _SWITCHES:
            look = look._replace(**_SWITCHES[code])
        elif code in (38, 48):
            if rest:
                colour = _extended([_number(part) for part in rest], colons=True)[0]
            else:
                colour, used = _extended([_number(part) for part in fields[at : at + 4]], colons=False)
                at += used
            if colour is not None:
                look = look._replace(foreground=colour) if code == 38 else look._replace(background=colour)
        elif code == 39:
            look = look._replace(foreground=None)
        elif code == 49:
            look = look._replace(background=None)
        elif 30 <= code <= 37:
            look = look._replace(foreground=code - 30)
        elif 40 <= code <= 47:
            look = look._replace(background=code - 40)
        elif 90 <= code <= 97:
            look = look._replace(foreground=code - 82)
        elif 100 <= code <= 107:
            look = look._replace(background=code - 92)
    return look


def _number(text: str) -> int | None:
    """An SGR parameter; empty is 0, absurdly long is none."""
    if not text:
        return 0
    return int(text) if len(text) <= 5 and text.isdecimal() else None


def _extended(values: list[int | None], *, colons: bool) -> tuple[Colour | None, int]:
    """The colour after 38 or 48 and how many values it took: ``5;N``, ``2;R;G;B``, ``2::R:G:B``."""
    kind = values[0] if values else None
    if kind == 5:
        index = values[1] if len(values) > 1 else None
        return (index if index is not None and index <= 255 else None), 2
    if kind == 2:
        channels = values[2:5] if colons and len(values) >= 5 else values[1:4]
        if len(channels) == 3:
            red, green, blue = channels
            if red is not None and green is not None and blue is not None and max(red, green, blue) <= 255:
                return (red, green, blue), 4
        return None, 4
    return None, 1
