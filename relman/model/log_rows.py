"""Which row of the screen shows which line, when some lines are folded away and some take several rows.

Both exceptions are sparse: intervals of hidden lines, and the lines that take more than one row. Going from
line to row and back is a binary search, whatever the log's length.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from relman.model.log_index import Group

Interval = tuple[int, int]
"""Lines, both included."""


def hidden_by(groups: Sequence[Group], collapsed: Iterable[int]) -> list[Interval]:
    """The lines that collapsed groups hide: all but their titles. ``collapsed`` holds groups' first lines."""
    wanted = set(collapsed)
    result: list[Interval] = []
    for group in groups:
        if group.first in wanted and group.last > group.first and not (result and group.first <= result[-1][1]):
            result.append((group.first + 1, group.last))
    return result


class Tall:
    """The lines that take more than one row, in order, and how many rows they take beyond the first."""

    def __init__(self) -> None:
        self._lines = array("Q")
        self._sums = array("Q", [0])

    def __len__(self) -> int:
        return len(self._lines)

    def extend(self, lines: Iterable[int], extras: Iterable[int]) -> None:
        """More of them, behind those there are."""
        total = self._sums[-1]
        for line, extra in zip(lines, extras, strict=True):
            total += extra
            self._lines.append(line)
            self._sums.append(total)

    def before(self, line: int) -> int:
        """The extra rows of all lines before ``line``."""
        return self._sums[bisect_left(self._lines, line)]

    def of(self, line: int) -> int:
        """The extra rows of ``line``."""
        at = bisect_left(self._lines, line)
        return self._sums[at + 1] - self._sums[at] if at < len(self._lines) and self._lines[at] == line else 0


class Rows:
    """Lines to rows and back. ``hidden`` is ordered and does not overlap."""

    def __init__(self, line_count: int, hidden: Sequence[Interval] = (), tall: Tall | None = None) -> None:
        self.line_count = line_count
        self._tall = Tall() if tall is None else tall
        self._starts = [start for start, _ in hidden]
        self._ends = [end for _, end in hidden]
        self._saved = [0]  # rows that the intervals before each one take away
        for start, end in hidden:
            lost = end - start + 1 + self._tall.before(end + 1) - self._tall.before(start)
            self._saved.append(self._saved[-1] + lost)
        self._gone = [0]  # hidden lines before each interval
        for start, end in hidden:
            self._gone.append(self._gone[-1] + end - start + 1)
        self._kept = [start - gone for start, gone in zip(self._starts, self._gone, strict=False)]
        self.visible = line_count - self._gone[-1]  # lines that are shown
        self.total = self.row_of(line_count)

    def is_hidden(self, line: int) -> bool:
        at = bisect_right(self._starts, line) - 1
        return at >= 0 and line <= self._ends[at]

    def height(self, line: int) -> int:
        """Rows a visible line takes."""
        return 1 + self._tall.of(line)

    def row_of(self, line: int) -> int:
        """The first row of a line; for a hidden one the row of the next visible line."""
        at = bisect_right(self._starts, line) - 1
        if at >= 0 and line <= self._ends[at]:
            line = self._starts[at]
        else:
            at += 1
        return line + self._tall.before(line) - self._saved[at]

    def at(self, row: int) -> tuple[int, int]:
        """The line that a row shows, and the how manieth row of that line it is (from 0).

        A row behind the last gives ``(line_count, 0)``.
        """
        if row >= self.total:
            return self.line_count, 0
        row = max(0, row)
        line = bisect_right(range(self.line_count), row, key=self.row_of) - 1
        return line, row - self.row_of(line)

    def step(self, line: int, by: int) -> int:
        """The visible line ``by`` visible lines further down (or up, when negative), as far as there is one."""
        if not self.visible:
            return 0
        at = bisect_right(self._starts, line) - 1
        gone = self._gone[at + 1] if at >= 0 and line > self._ends[at] else self._gone[max(at, 0)]
        wanted = min(
            max(0, min(line, self._starts[at] if self.is_hidden(line) else line) - gone + by), self.visible - 1
        )
        # The interval before which so many visible lines stand decides how many hidden ones come on top.
        return wanted + self._gone[bisect_right(self._kept, wanted)]
