"""A line of the screen as data: pieces of plain text, each with a tone.

Widths are terminal cells, not characters: a wide character counts two, a combining one none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich import cells
from rich.cells import set_cell_size

from relman.model.cells import steady
from relman.model.state import Tone
from relman.text import clean, clean_line


class Piece(NamedTuple):
    """Some text on one line. ``strong`` and ``accent`` are emphasis, independent of the tone.

    ``target`` names the command that a click on it runs ("" for none). It is never made from data.
    """

    text: str
    tone: Tone = Tone.PLAIN
    strong: bool = False
    accent: bool = False
    target: str = ""


Line = tuple[Piece, ...]

ELLIPSIS = "…"
_LEAST_ENDS = 10  # cells for a beginning, an ellipsis and an end
SEPARATOR = " · "
BLANK: Line = ()


def cell_len(text: str) -> int:
    """The cells that clean text takes."""
    return len(text) if text.isascii() else cells.cell_len(text)


def plain(text: str, tone: Tone = Tone.PLAIN, *, strong: bool = False, accent: bool = False) -> Line:
    """A line of one piece."""
    return (Piece(text, tone, strong, accent),)


def quiet(text: str) -> Piece:
    return Piece(text, Tone.QUIET)


def safe(text: str, limit: int = 500) -> str:
    """``text`` fit for one line, of a width on which terminals agree. Free text is clean already;
    identifiers come exactly as they are."""
    line = clean_line(text, limit)
    return line if line.isascii() else steady(line)


def width_of(line: Iterable[Piece]) -> int:
    """Cells the line takes."""
    return sum(cell_len(piece.text) for piece in line)


def text_of(line: Iterable[Piece]) -> str:
    """The line without tones."""
    return "".join(piece.text for piece in line)


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells; what is cut off is marked with an ellipsis."""
    if width <= 0:
        return ""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    return set_cell_size(text[: width + 1], width - 1).rstrip() + ELLIPSIS


def pad(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells, cut or filled with spaces (``right``: on its left)."""
    shown = cut(text, width)
    gap = " " * max(0, width - cell_len(shown))
    return gap + shown if right else shown + gap


def fit(line: Sequence[Piece], width: int) -> Line:
    """The line in at most ``width`` cells."""
    shown: list[Piece] = []
    left = width
    for piece in line:
        length = cell_len(piece.text)
        if length > left:
            if left > 0:
                shown.append(piece._replace(text=cut(piece.text, left)))
            break
        shown.append(piece)
        left -= length
    return tuple(shown)


def narrowed(line: Sequence[Piece], width: int) -> Line:
    """The line in at most ``width`` cells, its longest piece shortened in the middle: how a sentence begins and
    how it ends, and what stands beside it, say more than its middle."""
    over = width_of(line) - width
    if over <= 0:
        return tuple(line)
    at = max(range(len(line)), key=lambda index: cell_len(line[index].text))
    room = cell_len(line[at].text) - over
    if room < _LEAST_ENDS:
        return fit(line, width)
    return (*line[:at], line[at]._replace(text=_without_middle(line[at].text, room)), *line[at + 1 :])


def _without_middle(text: str, width: int) -> str:
    """The beginning and the end of ``text``, which is longer, in at most ``width`` cells; in whole words, where they
    are short enough."""
    tail = ""
    for word in reversed(text.split(" ")):
        longer = f" {word}{tail}"
        if cell_len(longer) > max(width // 3, _LEAST_ENDS - 2):
            break
        tail = longer
    head = cut(text, width - cell_len(tail))
    words = head.rpartition(" ")[0]
    return (words + ELLIPSIS if 2 * len(words) > len(head) else head) + tail


def spread(left: Sequence[Piece], right: Sequence[Piece], width: int) -> Line:
    """``left`` at the left edge, ``right`` at the right edge of ``width`` cells; the left gives way."""
    tail = fit(right, width)
    room = width - width_of(tail)
    head = fit(left, max(0, room - 2) if tail else room)
    gap = room - width_of(head)
    return (*head, Piece(" " * gap), *tail) if gap > 0 else (*head, *tail)


def joined(lines: Iterable[Line], separator: str = SEPARATOR) -> Line:
    """Lines one after another with a quiet separator; empty ones are left out."""
    parts: list[Piece] = []
    for line in lines:
        if not any(piece.text for piece in line):
            continue
        if parts:
            parts.append(quiet(separator))
        parts.extend(line)
    return tuple(parts)


def wrap(text: str, width: int, limit: int = 8) -> list[str]:
    """``text`` (newlines kept) in lines of at most ``width`` cells, at most ``limit`` of them."""
    width = max(8, width)
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        current = ""
        for word in paragraph.expandtabs(4).split(" "):
            rest = word
            candidate = f"{current} {rest}" if current else rest
            if cell_len(candidate) <= width:
                current = candidate
                continue
            if current:
                begun = _begun(current, rest, width)
                lines.append(f"{current} {begun}" if begun else current)
                rest = rest[len(begun) :]
            while cell_len(rest) > width:
                head = _head(rest, width)
                lines.append(head)
                rest = rest[len(head) :]
                if len(lines) > limit:
                    break
            current = rest
            if len(lines) > limit:
                break
        lines.append(current)
        if len(lines) > limit:
            break
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > limit:
        lines = [*lines[: limit - 1], cut(lines[limit - 1] + " " + ELLIPSIS, width)]
    return lines


def _begun(current: str, word: str, width: int) -> str:
    """How much of a path begins on the line that it does not fit on: whole parts of it, where that line would
    else stay nearly empty."""
    used = cell_len(current)
    if 4 * used > width:
        return ""
    return word[: _head(word, width - used - 1).rfind("/") + 1]


def _head(text: str, width: int) -> str:
    """The longest beginning of ``text`` within ``width`` cells, at least one character."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[: max(1, index)]
    return text
