"""Which groups of a log are folded: all that end properly and hold no error, until a person says otherwise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from relman.model.log_index import Group
from relman.model.log_rows import Interval, hidden_by


class Folds:
    """The state of the folds. ``hidden`` are the lines not shown, in order."""

    def __init__(self) -> None:
        self.groups: tuple[Group, ...] = ()
        self.hidden: list[Interval] = []
        self._chosen: dict[int, bool] = {}  # folded or not, by the group's first line

    def update(self, groups: Sequence[Group]) -> None:
        """The groups as known now; what was chosen stays."""
        self.groups = tuple(groups)
        self._apply()

    def folded(self, group: Group) -> bool:
        return self._chosen.get(group.first, group.closed and not group.failed)

    def title(self, line: int) -> Group | None:
        """The group whose title this line is."""
        at = bisect_right(self.groups, line, key=_first) - 1
        return self.groups[at] if at >= 0 and self.groups[at].first == line else None

    def around(self, line: int) -> Group | None:
        """The innermost group that a line is in (its title counts)."""
        at = bisect_right(self.groups, line, key=_first) - 1
        while at >= 0:
            group = self.groups[at]
            if line <= group.last:
                return group
            if group.depth == 0:
                return None  # groups nest: nothing before this one reaches further
            at -= 1
        return None

    def holder(self, line: int) -> int:
        """The title of the fold that hides a line; the line itself when it is shown."""
        at = bisect_right(self.hidden, line, key=_start) - 1
        return self.hidden[at][0] - 1 if at >= 0 and line <= self.hidden[at][1] else line

    def toggle(self, line: int) -> int | None:
        """Folds or unfolds the group around a line. Gives back its title's line; None outside of groups."""
        group = self.around(line)
        if group is None:
            return None
        self._chosen[group.first] = not self.folded(group)
        self._apply()
        return group.first

    def toggle_all(self) -> None:
        """Unfolds every group when any is folded, else folds all."""
        fold = not any(self.folded(group) for group in self.groups)
        self._chosen = {group.first: fold for group in self.groups}
        self._apply()

    def reveal(self, line: int) -> bool:
        """Unfolds what hides a line. Gives back whether anything changed."""
        changed = False
        for group in self.groups[: bisect_right(self.groups, line - 1, key=_first)]:
            if group.last >= line and self.folded(group):
                self._chosen[group.first] = False
                changed = True
        if changed:
            self._apply()
        return changed

    def _apply(self) -> None:
        self.hidden = hidden_by(self.groups, (group.first for group in self.groups if self.folded(group)))


def _first(group: Group) -> int:
    return group.first


def _start(interval: Interval) -> int:
    return interval[0]
