"""Where the boxes of a graph stand and how the lines between them run, in whole character cells.

Layers go from left to right by level. Lines are orthogonal, leave a box on its right side, enter one on its
left side, and pass other boxes only through the gaps between them; lines that come from the same boxes share
a vertical. The same graph and sizes always give the same layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Protocol

from msgspec import Struct

from relman.model.layout_order import order
from relman.model.layout_routes import Trunk, route

GAP = 3  # free columns between two layers, at least


class Placeable(Protocol):
    """A node of a graph: ``level`` is greater than that of everything in ``needs``."""

    @property
    def key(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


class Size(Struct, frozen=True):
    """Cells a box needs at least, its border included: with one 3 × 3 or more, without it a single row will do.
    Boxes grow to their layer's width."""

    width: int
    height: int


class Box(Struct, frozen=True):
    """``x`` and ``y`` are the cell of the top left corner; y grows downwards."""

    key: str
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The column of the right border."""
        return self.x + self.width - 1

    @property
    def bottom(self) -> int:
        """The row of the lower border."""
        return self.y + self.height - 1

    def holds(self, x: int, y: int) -> bool:
        return self.x <= x <= self.right and self.y <= y <= self.bottom


class Line(Struct, frozen=True):
    """An edge, by its corners: from a cell of the source's right border to one of the target's left border."""

    source: str
    target: str
    points: tuple[tuple[int, int], ...]


class Stroke(NamedTuple):
    """What a line leaves in one row: the cells from ``x0`` to ``x1`` (one cell, where it goes up or down)."""

    source: str
    target: str
    x0: int
    x1: int
    up: bool = False
    down: bool = False
    turn: bool = False


class Layout(Struct, frozen=True, dict=True):
    """``boxes`` and ``lines`` in the order of the nodes and of their needs."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int

    @cached_property
    def by_key(self) -> Mapping[str, Box]:
        return {box.key: box for box in self.boxes}

    @cached_property
    def boxes_in(self) -> Sequence[Sequence[Box]]:
        """By row, the boxes that have a part in it."""
        rows: list[list[Box]] = [[] for _ in range(self.height)]
        for box in self.boxes:
            for y in range(box.y, box.bottom + 1):
                rows[y].append(box)
        return rows

    @cached_property
    def strokes_in(self) -> Sequence[Sequence[Stroke]]:
        """By row, what the lines leave in it."""
        rows: list[list[Stroke]] = [[] for _ in range(self.height)]
        for line in self.lines:
            ends = line.source, line.target
            for (x0, y0), (x1, y1) in pairwise(line.points):
                if y0 == y1:
                    rows[y0].append(Stroke(*ends, x0, x1))
                    continue
                low, high = min(y0, y1), max(y0, y1)
                for y in range(low, high + 1):
                    rows[y].append(Stroke(*ends, x0, x0, up=y > low, down=y < high))
            for x, y in line.points[1:-1]:
                rows[y].append(Stroke(*ends, x, x, turn=True))
        return rows


def arrange(nodes: Sequence[Placeable], sizes: Mapping[str, Size], *, gap: int = 1) -> Layout:
    """The layout of ``nodes``; ``gap`` is the number of free rows between two boxes of a layer."""
    return _Arranger(nodes, sizes, gap).layout()


class _Arranger:
    """Items are numbers: first the nodes, then the places where a long line passes a layer."""

    def __init__(self, nodes: Sequence[Placeable], sizes: Mapping[str, Size], gap: int) -> None:
        self._nodes = nodes
        self._gap = gap
        self._index = {node.key: i for i, node in enumerate(nodes)}
        self._layers: list[list[int]] = [[] for _ in range(max((node.level for node in nodes), default=-1) + 1)]
        self._height: list[int] = []
        self._before: list[list[int]] = []
        self._after: list[list[int]] = []
        for node in nodes:
            self._item(node.level, sizes[node.key].height)
        self._way: dict[tuple[int, int], list[int]] = {}  # the passages of a long edge
        self._connect()
        self._widths = [
            max(sizes[nodes[item].key].width for item in layer if item < len(nodes)) for layer in self._layers
        ]

    def _item(self, layer: int, height: int) -> int:
        item = len(self._height)
        self._layers[layer].append(item)
        self._height.append(height)
        self._before.append([])
        self._after.append([])
        return item

    def _join(self, left: int, right: int) -> None:
        if right not in self._after[left]:
            self._after[left].append(right)
            self._before[right].append(left)

    def _connect(self) -> None:
        """Direct edges, and for long ones passages: one chain for all targets of the same set of sources."""
        chains: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for target, node in enumerate(self._nodes):
            far: dict[int, list[int]] = {}
            for need in node.needs:
                source = self._index[need]
                level = self._nodes[source].level
                if level == node.level - 1:
                    self._join(source, target)
                else:
                    far.setdefault(level, []).append(source)
            for level, sources in sorted(far.items()):
                chain = chains.setdefault((level, tuple(sorted(sources))), [])
                while len(chain) < node.level - level - 1:
                    passage = self._item(level + 1 + len(chain), 1)
                    for left in [chain[-1]] if chain else sources:
                        self._join(left, passage)
                    chain.append(passage)
                way = chain[: node.level - level - 1]
                self._join(way[-1], target)
                for source in sources:
                    self._way[source, target] = way

    def layout(self) -> Layout:
        if not self._nodes:
            return Layout((), (), 0, 0)
        self._layers = order(self._layers, self._before, self._after)
        rows = self._rows()
        gaps = [self._trunks(layer, rows) for layer in range(len(self._layers) - 1)]
        x = 0
        lefts: list[int] = []
        for layer, width in enumerate(self._widths):
            lefts.append(x)
            x += width
            if layer < len(gaps):
                x += max(GAP, gaps[layer][1] + 2)
        boxes = tuple(
            Box(
                node.key,
                lefts[node.level],
                rows[item] - self._middle(item),
                self._widths[node.level],
                self._height[item],
            )
            for item, node in enumerate(self._nodes)
        )
        lines = tuple(
            Line(need, node.key, self._points(self._index[need], item, boxes, lefts, gaps))
            for item, node in enumerate(self._nodes)
            for need in node.needs
        )
        bottom = max(box.bottom for box in boxes)
        bottom = max(bottom, max((y for line in lines for _, y in line.points), default=0))
        return Layout(boxes, lines, x, bottom + 1)

    def _middle(self, item: int) -> int:
        return (self._height[item] - 1) // 2

    def _apart(self, upper: int, lower: int) -> int:
        """The least distance of the middle rows of two items, one directly above the other."""
        return self._height[upper] - self._middle(upper) + self._gap + self._middle(lower)

    def _rows(self) -> list[int]:
        """The middle row of every item: near its neighbours' rows, in order, apart."""
        rows = [0] * len(self._height)
        for layer in self._layers:
            for upper, lower in pairwise(layer):
                rows[lower] = rows[upper] + self._apart(upper, lower)
        last = len(self._layers) - 1
        for turn in range(6 if len(rows) < 800 else 4):
            rightwards = turn % 2 == 0
            for n in range(1, last + 1) if rightwards else range(last - 1, -1, -1):
                self._settle(self._layers[n], rows, self._before if rightwards else self._after)
        self._straighten(rows)
        top = min((rows[item] - self._middle(item) for layer in self._layers for item in layer), default=0)
        return [row - top for row in rows]

    def _settle(self, layer: list[int], rows: list[int], near: list[list[int]]) -> None:
        """Moves the items of a layer to the middle of their neighbours as far as order and distance allow.

        Isotonic regression: items that press on each other form a block, which stands at its members' mean.
        """
        offset = 0
        blocks: list[tuple[float, float, int]] = []  # weighted sum of wishes, weight, members
        for i, item in enumerate(layer):
            if i:
                offset += self._apart(layer[i - 1], item)
            ends = sorted(rows[other] for other in near[item])
            if ends:
                wish, weight = (ends[(len(ends) - 1) // 2] + ends[len(ends) // 2]) // 2, 1.0
                if item >= len(self._nodes):
                    weight = 4.0  # a long line that bends reads badly
            else:
                wish, weight = rows[item], 0.25
            blocks.append(((wish - offset) * weight, weight, 1))
            while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
                total, heavy, members = blocks.pop()
                total_above, heavy_above, members_above = blocks.pop()
                blocks.append((total_above + total, heavy_above + heavy, members_above + members))
        offset = 0
        at = 0
        for total, heavy, members in blocks:
            base = round(total / heavy)
            for _ in range(members):
                if at:
                    offset += self._apart(layer[at - 1], layer[at])
                rows[layer[at]] = base + offset
                at += 1

    def _straighten(self, rows: list[int]) -> None:
        """Takes out small bends: an item with one neighbour on a side moves to its row where there is room."""
        for near in (self._before, self._after, self._before):
            for layer in self._layers if near is self._before else self._layers[::-1]:
                for i, item in enumerate(layer):
                    if len(near[item]) != 1:
                        continue
                    wish = rows[near[item][0]]
                    low = rows[layer[i - 1]] + self._apart(layer[i - 1], item) if i else wish
                    high = rows[layer[i + 1]] - self._apart(item, layer[i + 1]) if i + 1 < len(layer) else wish
                    other = self._after if near is self._before else self._before
                    bends = sum(rows[end] == rows[item] for end in other[item])
                    if low <= wish <= high and (not bends or rows[item] == wish):
                        rows[item] = wish

    def _trunks(self, layer: int, rows: list[int]) -> tuple[list[Trunk], int]:
        """The trunks between a layer and the next, routed, and the number of columns they use."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for target in self._layers[layer + 1]:
            if self._before[target]:
                groups.setdefault(tuple(sorted(self._before[target])), []).append(target)
        ports = self._ports(layer, rows, groups)
        trunks = [
            Trunk({item: ports[item, sources] for item in sources}, {item: rows[item] for item in targets})
            for sources, targets in groups.items()
        ]
        return trunks, route(trunks)

    def _ports(
        self, layer: int, rows: list[int], groups: dict[tuple[int, ...], list[int]]
    ) -> dict[tuple[int, tuple[int, ...]], int]:
        """The row on which each item's line into each trunk leaves it.

        One row serves them all unless several trunks have other sources too: then each gets a row of its
        own, if the box is high enough, so that no line seems to flow into another's trunk.
        """
        ports: dict[tuple[int, tuple[int, ...]], int] = {}
        for item in self._layers[layer]:
            mine = [sources for sources in groups if item in sources]
            shared = [sources for sources in mine if len(sources) > 1]
            middle = rows[item]
            ports.update({(item, sources): middle for sources in mine})
            inside = self._height[item] - 2
            if len(shared) < 2 or inside < len(shared):
                continue
            shared.sort(
                key=lambda sources: sum(rows[target] for target in groups[sources]) / len(groups[sources])
            )
            first = middle - min(self._middle(item) - 1, (len(shared) - 1) // 2)
            for i, sources in enumerate(shared):
                ports[item, sources] = first + i
        return ports

    def _points(
        self,
        source: int,
        target: int,
        boxes: tuple[Box, ...],
        lefts: list[int],
        gaps: list[tuple[list[Trunk], int]],
    ) -> tuple[tuple[int, int], ...]:
        points: list[tuple[int, int]] = []
        x, layer = boxes[source].right, self._nodes[source].level
        left = source
        for right in (*self._way.get((source, target), ()), target):
            trunk = next(t for t in gaps[layer][0] if left in t.sources and right in t.targets)
            leave, arrive = trunk.sources[left], trunk.targets[right]
            base = lefts[layer] + self._widths[layer] + 1
            points.append((x, leave))
            if trunk.middle is not None:
                points += [
                    (base + trunk.first, leave),
                    (base + trunk.first, trunk.middle),
                    (base + trunk.last, trunk.middle),
                    (base + trunk.last, arrive),
                ]
            elif leave != arrive:
                points += [(base + trunk.first, leave), (base + trunk.first, arrive)]
            layer += 1
            x = lefts[layer]
            left = right
        points.append((x, arrive))
        return _corners(points)


def _corners(points: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Without the points at which the line does not turn."""
    kept = [points[0]]
    for i in range(1, len(points) - 1):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], points[i], points[i + 1]
        if not (x0 == x1 == x2 or y0 == y1 == y2):
            kept.append(points[i])
    kept.append(points[-1])
    return tuple(kept)
