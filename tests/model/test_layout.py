from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relman.model.layout import Layout, Size, arrange
from relman.model.layout_order import crossings, order


@dataclass(frozen=True)
class Spot:
    key: str
    level: int
    needs: tuple[str, ...]


def spots(needs: dict[str, list[str]]) -> list[Spot]:
    levels: dict[str, int] = {}

    def level(key: str) -> int:
        if key not in levels:
            levels[key] = 1 + max((level(need) for need in needs[key]), default=-1)
        return levels[key]

    return [Spot(key, level(key), tuple(wanted)) for key, wanted in needs.items()]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Spot], dict[str, Size], int]:
    count = draw(st.integers(0, 14))
    needs: dict[str, list[str]] = {}
    for i in range(count):
        earlier = list(needs)
        wanted = draw(st.lists(st.sampled_from(earlier), max_size=4, unique=True)) if earlier else []
        needs[f"n{i}"] = wanted
    shuffled = draw(st.permutations(list(needs)))
    placed = {spot.key: spot for spot in spots(needs)}
    sizes = {key: Size(draw(st.integers(3, 12)), draw(st.integers(1, 6))) for key in needs}
    return [placed[key] for key in shuffled], sizes, draw(st.integers(0, 2))


def cells(points: tuple[tuple[int, int], ...]) -> list[tuple[int, int, bool]]:
    """Every cell of a line with whether it is part of a horizontal piece; corners come twice."""
    out: list[tuple[int, int, bool]] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        if y0 == y1:
            out += [(x, y0, True) for x in range(min(x0, x1), max(x0, x1) + 1)]
        else:
            out += [(x0, y, False) for y in range(min(y0, y1), max(y0, y1) + 1)]
    return out


def check(nodes: list[Spot], sizes: dict[str, Size], layout: Layout) -> None:
    assert [box.key for box in layout.boxes] == [node.key for node in nodes]
    taken: dict[tuple[int, int], str] = {}
    for box in layout.boxes:
        assert box.width >= sizes[box.key].width and box.height == sizes[box.key].height
        assert 0 <= box.x <= box.right < layout.width and 0 <= box.y <= box.bottom < layout.height
        for x in range(box.x, box.right + 1):
            for y in range(box.y, box.bottom + 1):
                assert taken.setdefault((x, y), box.key) == box.key
    wanted = [(need, node.key) for node in nodes for need in node.needs]
    assert [(line.source, line.target) for line in layout.lines] == wanted
    owners: dict[tuple[int, int, bool], list[tuple[str, str]]] = {}
    for line in layout.lines:
        source, target = layout.by_key[line.source], layout.by_key[line.target]
        (x0, y0), (x1, y1) = line.points[0], line.points[-1]
        for box, x, y, side in ((source, x0, y0, source.right), (target, x1, y1, target.x)):
            assert x == side and box.y <= y <= box.bottom
            assert box.height < 3 or box.y < y < box.bottom  # not on a corner
        for (ax, ay), (bx, by) in pairwise(line.points):
            assert (ax == bx) != (ay == by)
            assert bx >= ax  # never backwards
        for (ax, ay), (bx, by), (cx, cy) in zip(line.points, line.points[1:], line.points[2:], strict=False):
            assert not (ax == bx == cx or ay == by == cy)
        trail = cells(line.points)
        for x, y, _ in trail[1:-1]:
            assert 0 <= x < layout.width and 0 <= y < layout.height
            assert (x, y) not in taken
        for cell in set(trail):
            owners.setdefault(cell, []).append((line.source, line.target))
    edges = set(wanted)
    for lines in owners.values():
        # Two edges run along the same cells only where that joins nothing that is not joined in the graph.
        for (a, b), (c, d) in combinations(lines, 2):
            assert a == c or b == d or {(a, d), (c, b)} <= edges, lines


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_boxes_and_lines(case: tuple[list[Spot], dict[str, Size], int]) -> None:
    nodes, sizes, gap = case
    layout = arrange(nodes, sizes, gap=gap)
    check(nodes, sizes, layout)
    assert arrange(nodes, sizes, gap=gap) == layout


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_boxes_of_a_layer_keep_their_gap(case: tuple[list[Spot], dict[str, Size], int]) -> None:
    nodes, sizes, gap = case
    layout = arrange(nodes, sizes, gap=gap)
    columns: dict[int, list[tuple[int, int]]] = {}
    for box in layout.boxes:
        columns.setdefault(box.x, []).append((box.y, box.bottom))
    for column in columns.values():
        for (_, bottom), (top, _) in pairwise(sorted(column)):
            assert top - bottom - 1 >= gap


def fixed(needs: dict[str, list[str]], height: int = 3) -> Layout:
    nodes = spots(needs)
    sizes = {node.key: Size(len(node.key) + 4, height) for node in nodes}
    layout = arrange(nodes, sizes)
    check(nodes, sizes, layout)
    return layout


def test_the_reference_pipeline() -> None:
    layout = fixed(
        {
            "lint": [],
            "test": [],
            "security": [],
            "build": ["lint", "test", "security"],
            "performance": ["build"],
        }
    )
    lint, test, security, build, performance = layout.boxes
    assert lint.y < test.y < security.y
    assert build.y == performance.y == test.y  # the fan-in meets in the middle, the chain is straight
    verticals = {x for line in layout.lines for (x, y), (x2, _) in pairwise(line.points) if x == x2}
    assert len(verticals) == 1  # one joined fan-in


def test_a_chain_is_one_straight_line() -> None:
    layout = fixed({"a": [], "b": ["a"], "c": ["b"], "d": ["c"]})
    assert {y for line in layout.lines for _, y in line.points} == {1}


def test_two_edges_that_would_cross_are_untangled() -> None:
    layout = fixed({"a": [], "b": [], "x": ["b"], "y": ["a"]})
    assert all(len(line.points) == 2 for line in layout.lines)


def test_a_long_edge_passes_beside_the_boxes() -> None:
    layout = fixed({"a": [], "b": ["a"], "c": ["b"], "d": ["c", "a"]})
    long = next(line for line in layout.lines if (line.source, line.target) == ("a", "d"))
    rows = {
        y for x, y, flat in cells(long.points) if flat and layout.by_key["b"].holds(x, layout.by_key["b"].y)
    }
    assert rows and not any(layout.by_key["b"].y <= row <= layout.by_key["b"].bottom for row in rows)


def test_rows_that_trade_places() -> None:
    # No order avoids every crossing here, and each source shares its row with a target it does not lead to.
    fixed({"a": [], "b": [], "c": [], "x": ["a", "b"], "y": ["b", "c"], "z": ["a", "c"]})
    fixed({"a": [], "b": [], "c": [], "x": ["a", "b"], "y": ["b", "c"], "z": ["a", "c"]}, height=5)


def test_an_empty_graph() -> None:
    assert arrange([], {}) == Layout((), (), 0, 0)


def brute(layers: list[list[int]], after: list[list[int]]) -> int:
    best = [([], 0)]
    for layer in layers:
        best = [
            ([*chosen, list(option)], crossings([*chosen, list(option)], after))
            for chosen, _ in best
            for option in permutations(layer)
        ]
    return min(count for _, count in best)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_small_graphs_get_the_fewest_crossings_there_are(widths: list[int], dice: random.Random) -> None:
    layers: list[list[int]] = []
    count = 0
    for width in widths:
        layers.append(list(range(count, count + width)))
        count += width
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for left, right in pairwise(layers):
        for a in left:
            for b in right:
                if dice.random() < 0.5:
                    after[a].append(b)
                    before[b].append(a)
    ordered = order(layers, before, after)
    assert [sorted(layer) for layer in ordered] == layers
    assert crossings(ordered, after) == brute(layers, after)


@pytest.mark.parametrize("count", [1, 300])
def test_many_nodes_stay_whole(count: int) -> None:
    dice = random.Random(7)
    needs: dict[str, list[str]] = {}
    for i in range(count):
        earlier = list(needs)[-12:]
        needs[f"job-{i}"] = dice.sample(earlier, k=min(len(earlier), dice.randint(0, 3)))
    fixed(needs)
