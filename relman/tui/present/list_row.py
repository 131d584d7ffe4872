"""What a keyed list shows: one line per item, computed only for the lines that are in view."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Protocol, TypeVar

from relman.tui.present.piece import Line

T_contra = TypeVar("T_contra", contravariant=True)


class Presenter(Protocol[T_contra]):
    """Turns items into lines. All methods are pure."""

    def key(self, item: T_contra, /) -> Hashable:
        """What the item *is*; the same across refreshes."""
        ...

    def line(self, item: T_contra, room: int, now: datetime, /) -> Line:
        """The item in at most ``room`` cells."""
        ...

    def header(self, room: int, /) -> Line:
        """The titles of the columns; an empty line for none."""
        ...
