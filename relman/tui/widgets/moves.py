"""Movement within a pane: one vocabulary for lists, text and the graph."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, cast


class Move(Enum):
    UP = auto()
    DOWN = auto()
    LEFT = auto()
    RIGHT = auto()
    TOP = auto()
    BOTTOM = auto()
    HALF_UP = auto()
    HALF_DOWN = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()


if TYPE_CHECKING:

    class Movable(Protocol):
        """A widget that the movement keys move."""

        def move(self, to: Move) -> None: ...


def moving(widget: object) -> Movable | None:
    """The widget, if the movement keys move it."""
    # Asked for every movement key whenever the footer is checked; asking a protocol takes ten times as long.
    return cast("Movable", widget) if hasattr(widget, "move") else None


def moved(to: Move, at: int | None, count: int, page: int) -> int:
    """Where a cursor at ``at`` in ``count`` (at least 1) lines goes; it stops at the ends."""
    here = 0 if at is None else at
    step = {
        Move.UP: -1,
        Move.DOWN: 1,
        Move.TOP: -count,
        Move.BOTTOM: count,
        Move.HALF_UP: -max(1, page // 2),
        Move.HALF_DOWN: max(1, page // 2),
        Move.PAGE_UP: -page,
        Move.PAGE_DOWN: page,
    }.get(to, 0)
    if at is None and to in (Move.UP, Move.DOWN):
        step = 0
    return max(0, min(count - 1, here + step))
