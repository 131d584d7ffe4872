"""Columns of a list: widths that follow the space there is, and cells cut to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from relman.tui.present.piece import Line, Piece, fit, quiet, width_of

GAP = 2  # cells between two columns


class Column(Struct, frozen=True, cache_hash=True):
    """One column.

    ``width`` is what it takes when there is room; ``least`` what it needs to be worth showing (the same
    when 0). ``grow`` columns share what is left over. The column with the lowest ``rank`` goes first
    when the room is too small; one with rank 9 never goes.
    """

    title: str
    width: int
    least: int = 0
    grow: bool = False
    right: bool = False
    rank: int = 9

    @property
    def floor(self) -> int:
        return self.least or self.width


@lru_cache(maxsize=64)  # every line of a list has the same
def widths(columns: tuple[Column, ...], room: int) -> tuple[int, ...]:
    """The width of every column in ``room`` cells; 0 for one that is not shown."""
    shown = list(range(len(columns)))

    def needed(indexes: list[int]) -> int:
        return sum(columns[index].floor for index in indexes) + GAP * max(0, len(indexes) - 1)

    while needed(shown) > room:
        droppable = [index for index in shown if columns[index].rank < 9]
        if not droppable:
            break
        shown.remove(min(droppable, key=lambda index: (columns[index].rank, -index)))
    result = [0] * len(columns)
    left = room - needed(shown)
    for index in shown:
        result[index] = columns[index].floor
    for index in shown:  # first everybody up to its wish, then the growing ones take the rest
        more = max(0, min(left, columns[index].width - result[index]))
        result[index] += more
        left -= more
    growing = [index for index in shown if columns[index].grow]
    for position, index in enumerate(growing):
        share = max(0, left) // (len(growing) - position)
        result[index] += share
        left -= share
    return tuple(result)


def row(cells: Sequence[Line], columns: tuple[Column, ...], room: int) -> Line:
    """One line of cells in their columns, at most ``room`` cells wide."""
    sizes = widths(columns, room)
    pieces: list[Piece] = []
    taken = 0
    for cell, column, size in zip(cells, columns, sizes, strict=True):
        if not size:
            continue
        if pieces:
            pieces.append(Piece(" " * GAP))
            taken += GAP
        shown = fit(cell, size)
        gap = Piece(" " * (size - width_of(shown)))
        pieces.extend((gap, *shown) if column.right else (*shown, gap))
        taken += size
    return tuple(pieces) if taken <= room else fit(pieces, room)


def header(columns: tuple[Column, ...], room: int) -> Line:
    """The titles of the columns, quiet."""
    return row([(quiet(column.title),) for column in columns], columns, room)
