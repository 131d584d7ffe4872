"""The one sanitiser. Text from outside passes here once before anything shows it.

A commit title is written by whoever can push a branch; a log by whatever ran. Raw, both can move the
cursor, retitle the terminal, write its clipboard or reverse the reading order of a line.
"""

from __future__ import annotations

import re

# Escape sequences, with both the seven-bit and the eight-bit (C1) introducers:
# strings (DCS, SOS, OSC, PM, APC) up to their terminator on the same line, then CSI, then two-byte ones.
# A string also ends where another begins: otherwise a line of nothing but introducers, none of them ended,
# is searched to its end once for each.
_STRINGS = r"(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_SHORT = r"\x1b[ -/]*[0-~]"
# What is left of a broken sequence, other controls (newline and tab stay), bidi controls and marks,
# characters without a shape that only hide text or stand for a blank nobody sees (soft hyphen, grapheme joiner,
# fillers), tag characters, and lone surrogates. What shapes its neighbours (a joiner, a variation selector) is
# text and stays here; where a text is laid out in cells, relman.model.cells takes that out too.
_CONTROLS = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"
    r"\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0"
    r"\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f\ud800-\udfff]"
)
# Marks over and under a letter; no language stacks more than a few, a pile of them runs over other lines.
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE = f"(?<={_MARKS}{{8}}){_MARKS}+"
_UNSAFE = f"{_STRINGS}|{_CSI}|{_SHORT}|{_CONTROLS}"
_SUSPECT = f"{_CONTROLS}|{_MARKS}{{9}}"  # every unsafe sequence holds at least one of these
_SGR = r"\x1b\[[0-9;:]*m"
_BREAKS = r"\r\n|[\r\u0085\u2028\u2029\x0b\x0c]"
_BLANKS = r"[\n\t]+"


def _plain(text: str) -> bool:
    """Letters, digits, signs and blanks of ASCII: nearly every text, and no pattern need be compiled to know it."""
    return text.isascii() and text.isprintable()


def clean(text: str) -> str:
    """``text`` without terminal escapes, controls, bidi controls and piled marks. Newline and tab stay."""
    if _plain(text) or not (re.search(_SUSPECT, text) or "\u2028" in text or "\u2029" in text):
        return text
    return re.sub(_PILE, "", re.sub(_UNSAFE, "", re.sub(_BREAKS, "\n", text)))


def clean_line(text: str, limit: int | None = None) -> str:
    """One line: as :func:`clean`, line breaks and tabs become a space, cut to ``limit`` characters."""
    line = (text if _plain(text) else re.sub(_BLANKS, " ", clean(text))).strip()
    if limit is not None and len(line) > limit:
        return line[: max(0, limit - 1)] + "…"
    return line


def clean_log(line: str) -> str:
    """A log line: as :func:`clean`, but colour (SGR, ``ESC [ … m``) stays."""
    if _plain(line) or not re.search(_SUSPECT, line):
        return line
    parts: list[str] = []
    at = 0
    for match in re.finditer(_UNSAFE, line):
        parts.append(line[at : match.start()])
        if re.fullmatch(_SGR, match.group()):
            parts.append(match.group())
        at = match.end()
    parts.append(line[at:])
    return re.sub(_PILE, "", "".join(parts))


def is_clean(identifier: str) -> bool:
    """Whether an identifier (ref, path, environment, service) reads exactly as it is."""
    return clean_line(identifier) == identifier
