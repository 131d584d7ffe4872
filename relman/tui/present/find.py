"""Finding text: the next hit in an order, and the hits of a line set off from the rest."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from relman.tui.present.piece import Line, Piece, text_of

K = TypeVar("K")


def next_hit(order: Sequence[K], here: K | None, hits: Container[K], by: int) -> K | None:
    """The next (1), previous (-1) or first from ``here`` on (0) of ``order`` that is a hit, round the ends."""
    if not order:
        return None
    at = order.index(here) if here in order else 0
    if by < 0:
        turn = [*order[at:], *order[:at]][::-1]
    elif by > 0:
        turn = [*order[at + 1 :], *order[: at + 1]]
    else:
        turn = [*order[at:], *order[:at]]
    return next((key for key in turn if key in hits), None)


def pattern(text: str) -> re.Pattern[str] | None:
    """Finds ``text`` as it stands, capital or not; None for nothing to find."""
    return re.compile(re.escape(text.strip()), re.IGNORECASE) if text.strip() else None


def hits_in(lines: Iterable[Line], wanted: re.Pattern[str]) -> list[int]:
    """The numbers of the lines that hold it."""
    return [number for number, line in enumerate(lines) if wanted.search(text_of(line))]


def marked(line: Line, wanted: re.Pattern[str]) -> Line:
    """The line with what was found in the accent; its text and width stay."""
    spans = [match.span() for match in wanted.finditer(text_of(line))]
    pieces: list[Piece] = []
    start = 0
    for piece in line:
        end = start + len(piece.text)
        edges = {start, end}
        for low, high in spans:
            edges.update(edge for edge in (low, high) if start < edge < end)
        ordered = sorted(edges)
        for low, high in pairwise(ordered):
            cut = piece._replace(text=piece.text[low - start : high - start])
            found = any(first <= low and high <= last for first, last in spans)
            pieces.append(cut._replace(accent=True, strong=True) if found else cut)
        start = end
    return tuple(pieces)
