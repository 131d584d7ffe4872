"""The places a search has found so far."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from relman.model.log_search import Wanted
from relman.tui.widgets.log_file import Hits


class FoundLines:
    """Lines in order. ``finished`` once the whole log has been looked at, ``more`` when there may be others,
    ``in_part`` when a line is so long that only its beginning is looked at."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.finished = False
        self.capped = False
        self.in_part = False
        self._lines = array("Q")

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def more(self) -> bool:
        return self.capped or not self.finished

    def add(self, part: Hits) -> None:
        self._lines.extend(part.lines)
        self.finished, self.capped, self.in_part = part.finished, part.capped, part.in_part

    def position(self, line: int) -> int:
        """The number of a line among them, from 1; 0 when it is none of them."""
        at = bisect_left(self._lines, line)
        return at + 1 if at < len(self._lines) and self._lines[at] == line else 0

    def from_line(self, line: int) -> int | None:
        """The first at ``line`` or after it."""
        at = bisect_left(self._lines, line)
        return self._lines[at] if at < len(self._lines) else None

    def after(self, line: int) -> int | None:
        """The next one, from the end on to the first."""
        if not self._lines:
            return None
        return self._lines[bisect_right(self._lines, line) % len(self._lines)]

    def before(self, line: int) -> int | None:
        """The one before, from the beginning on to the last."""
        if not self._lines:
            return None
        return self._lines[bisect_left(self._lines, line) - 1]
