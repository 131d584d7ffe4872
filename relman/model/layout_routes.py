"""The lines in the gap between two layers: who shares a vertical, and in which column it stands.

Items of the right layer that have the same predecessors share one *trunk*: a vertical that every predecessor's
line runs into and every target's line leaves. A row must never carry two unrelated lines at once; where two
trunks wait for each other in a circle, one is broken in two with a piece of its own row between.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Trunk(Struct):
    """``sources`` are rows by item of the left layer, ``targets`` of the right.

    ``first`` is the column (from 0) of the vertical; a broken trunk leaves it on row ``middle`` and reaches
    its targets from a second vertical in column ``last``.
    """

    sources: Mapping[int, int]
    targets: Mapping[int, int]
    first: int = 0
    last: int = 0
    middle: int | None = None

    @property
    def straight(self) -> bool:
        """One row from one source to one target: no vertical."""
        rows = {*self.sources.values(), *self.targets.values()}
        return len(rows) == 1


class _Vertical(Struct):
    """One vertical: its rows, and those of its lines to the left and to the right."""

    trunk: int
    left: frozenset[int]
    right: frozenset[int]
    before: set[int] = field(default_factory=set)  # the verticals that must stand further left

    @property
    def low(self) -> int:
        return min(self.left | self.right)

    @property
    def high(self) -> int:
        return max(self.left | self.right)


def route(trunks: list[Trunk]) -> int:
    """Gives every trunk its columns; returns how many columns are used."""
    bent = [i for i, trunk in enumerate(trunks) if not trunk.straight]
    waits = _waits(trunks, bent)
    broken = _break_circles(waits)
    used = {row for trunk in trunks for row in (*trunk.sources.values(), *trunk.targets.values())}
    for i in broken:
        trunks[i].middle = _free_row(trunks[i], used)
        used.add(trunks[i].middle or 0)
    verticals: list[_Vertical] = []
    starts: dict[int, int] = {}  # the vertical that takes a trunk's sources
    ends: dict[int, int] = {}  # the vertical that gives to its targets
    for i in bent:
        trunk = trunks[i]
        sources, targets = frozenset(trunk.sources.values()), frozenset(trunk.targets.values())
        starts[i] = len(verticals)
        if trunk.middle is None:
            ends[i] = starts[i]
            verticals.append(_Vertical(i, sources, targets))
        else:
            ends[i] = starts[i] + 1
            verticals.append(_Vertical(i, sources, frozenset({trunk.middle})))
            verticals.append(_Vertical(i, frozenset({trunk.middle}), targets, {starts[i]}))
    for later, earlier in waits.items():
        for other in earlier:
            verticals[ends[later]].before.add(starts[other])
    for later, other in _wishes(trunks, bent):
        if ends[later] != starts[other] and not _leads(verticals, ends[later], starts[other]):
            verticals[ends[later]].before.add(starts[other])
    columns = _columns(verticals)
    for i in bent:
        trunks[i].first, trunks[i].last = columns[starts[i]], columns[ends[i]]
    return max(columns, default=-1) + 1


def _waits(trunks: list[Trunk], bent: list[int]) -> dict[int, set[int]]:
    """For each trunk those that must stand left of it: a source's row that is another trunk's target row."""
    by_target = {row: i for i in bent for row in trunks[i].targets.values()}
    waits: dict[int, set[int]] = {i: set() for i in bent}
    for i in bent:
        for row in trunks[i].sources.values():
            later = by_target.get(row)
            if later is not None and later != i:
                waits[later].add(i)
    return waits


def _wishes(trunks: list[Trunk], bent: list[int]) -> list[tuple[int, int]]:
    """(later, earlier) where one source feeds two trunks from one row.

    A trunk that it alone feeds goes first: then nothing else can seem to flow into it.
    """
    wishes: list[tuple[int, int]] = []
    for i in bent:
        for j in bent:
            alone = len(trunks[j].sources) == 1 < len(trunks[i].sources)
            if alone and trunks[i].sources.items() & trunks[j].sources.items():
                wishes.append((i, j))
    return wishes


def _break_circles(waits: Mapping[int, set[int]]) -> list[int]:
    """The trunks to break so that no circle is left. A broken one takes early and gives late."""
    broken: list[int] = []
    while True:
        circle = _circle(waits, broken)
        if circle is None:
            return broken
        broken.append(circle)


def _circle(waits: Mapping[int, set[int]], broken: list[int]) -> int | None:
    """A trunk on a circle of waiting trunks, or None. Through a broken trunk no circle leads."""
    left = {
        i: {other for other in earlier if other not in broken}
        for i, earlier in waits.items()
        if i not in broken
    }
    while True:
        ready = [i for i, earlier in left.items() if not earlier & left.keys()]
        if not ready:
            break
        for i in ready:
            del left[i]
    if not left:
        return None
    # Follow what waits until something comes again.
    at = next(iter(left))
    seen: list[int] = []
    while at not in seen:
        seen.append(at)
        at = min(left[at] & left.keys())
    return min(seen[seen.index(at) :])


def _free_row(trunk: Trunk, used: set[int]) -> int:
    """The row nearest to the trunk's middle that no line of this gap uses."""
    rows = sorted((*trunk.sources.values(), *trunk.targets.values()))
    middle = rows[len(rows) // 2]
    distance = 0
    while True:
        for row in (middle + distance, middle - distance):
            if row >= 0 and row not in used:
                return row
        distance += 1


def _leads(verticals: list[_Vertical], start: int, end: int) -> bool:
    """Whether ``start`` must stand left of ``end``, directly or through others."""
    todo, seen = [end], set[int]()
    while todo:
        at = todo.pop()
        if at == start:
            return True
        if at not in seen:
            seen.add(at)
            todo.extend(verticals[at].before)
    return False


def _columns(verticals: list[_Vertical]) -> list[int]:
    """A column for each vertical: the demanded order kept, few crossings, verticals that meet kept apart."""
    count = len(verticals)
    spans = [(vertical.low, vertical.high) for vertical in verticals]
    cost = [[0] * count for _ in range(count)]  # crossings when the first stands left of the second
    for i, one in enumerate(verticals):
        low, high = spans[i]
        for j, other in enumerate(verticals):
            if i != j and spans[j][0] <= high and low <= spans[j][1]:
                passing = sum(low <= row <= high for row in other.left - one.left)
                leaving = sum(spans[j][0] <= row <= spans[j][1] for row in one.right - other.right)
                cost[i][j] = passing + leaving
    columns = [0] * count
    placed: list[int] = []
    left = set(range(count))
    regret = [sum(cost[i][j] - cost[j][i] for j in range(count)) for i in range(count)]
    while left:
        free = [i for i in left if not verticals[i].before & left]
        pick = min(free, key=lambda i: (regret[i], spans[i], i))
        left.discard(pick)
        for j in left:
            regret[j] -= cost[j][pick] - cost[pick][j]
        low, high = spans[pick]
        columns[pick] = max(
            (
                columns[j] + 1
                for j in placed
                if j in verticals[pick].before or (spans[j][0] <= high and low <= spans[j][1])
            ),
            default=0,
        )
        placed.append(pick)
    return columns
