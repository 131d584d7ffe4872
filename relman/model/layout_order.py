"""The order of the items within each layer of a layered drawing: as few crossings as can be.

Items are numbers; ``layers`` lists them from left to right and top to bottom; ``before`` and ``after`` give an
item's neighbours in the layers beside its own. Everything here is deterministic, and among orders with
equally few crossings the given one is kept.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise, permutations

Layers = list[list[int]]
Neighbours = Sequence[Sequence[int]]

WORK = 8_000  # items visited at most by all sweeps of one start; large graphs get fewer sweeps
EXACT_WORK = 6_000  # pairs of permutations tried at most, over all layers


def order(layers: Layers, before: Neighbours, after: Neighbours) -> Layers:
    """The layers, reordered."""
    best = [list(layer) for layer in layers]
    fewest = crossings(best, after)
    items = len(after)
    starts = [best] if items > WORK // 10 else [best, _by_connection(layers, before, after)]
    for start in starts:
        if not fewest:
            break
        found, count = _sweep(start, before, after, min(10, max(4, WORK // items)))
        if count < fewest:
            best, fewest = found, count
    if fewest:
        exact = _exact(best, after)
        if exact is not None and crossings(exact, after) < fewest:
            best = exact
    return best


def crossings(layers: Layers, after: Neighbours) -> int:
    return sum(_between(left, right, after) for left, right in pairwise(layers))


def _between(left: Sequence[int], right: Sequence[int], after: Neighbours) -> int:
    place = {item: i for i, item in enumerate(right)}
    seen: list[int] = []
    count = 0
    for item in left:
        neighbours = after[item]
        if len(neighbours) == 1:
            end = place[neighbours[0]]
            count += len(seen) - bisect_right(seen, end)
            insort(seen, end)
            continue
        ends = [place[end] for end in neighbours]
        for end in ends:
            count += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return count


def _sweep(start: Layers, before: Neighbours, after: Neighbours, sweeps: int) -> tuple[Layers, int]:
    """Barycentre sweeps to the right and to the left, then swaps of neighbours."""
    layers = [list(layer) for layer in start]
    best, fewest = [list(layer) for layer in layers], crossings(layers, after)
    stale = 0
    for sweep in range(sweeps):
        if not fewest or stale == 4:
            break
        if sweep % 2 == 0:
            for left, right in pairwise(layers):
                _arrange(right, left, before)
        else:
            for i in range(len(layers) - 1, 0, -1):
                _arrange(layers[i - 1], layers[i], after)
        count = crossings(layers, after)
        stale += 1
        if count < fewest:
            best, fewest, stale = [list(layer) for layer in layers], count, 0
    if fewest:
        _swap(best, before, after)
        fewest = crossings(best, after)
    return best, fewest


def _arrange(layer: list[int], fixed: Sequence[int], neighbours: Neighbours) -> None:
    """Sorts ``layer`` by the mean place of each item's neighbours; an item without any stays where it is."""
    place = {item: i for i, item in enumerate(fixed)}
    mean: dict[int, float] = {}
    for item in layer:
        near = neighbours[item]
        if near:
            mean[item] = sum(place[other] for other in near) / len(near)
    moved = iter(sorted((item for item in layer if item in mean), key=lambda item: mean[item]))
    layer[:] = [next(moved) if item in mean else item for item in layer]


def _swap(layers: Layers, before: Neighbours, after: Neighbours) -> None:
    """Swaps neighbours within a layer while that removes crossings."""
    crossed = [0, *(_between(left, right, after) for left, right in pairwise(layers)), 0]
    places = [{item: i for i, item in enumerate(layer)} for layer in layers]
    for n, layer in enumerate(layers):
        if not crossed[n] and not crossed[n + 1]:
            continue
        left = places[n - 1] if n else {}
        right = places[n + 1] if n + 1 < len(layers) else {}
        ends = {
            item: (
                sorted(left[other] for other in before[item]),
                sorted(right[other] for other in after[item]),
            )
            for item in layer
        }
        for _ in range(len(layer)):
            swapped = False
            for i in range(len(layer) - 1):
                upper, lower = ends[layer[i]], ends[layer[i + 1]]
                gain = sum(_inversions(upper[side], lower[side]) for side in (0, 1))
                gain -= sum(_inversions(lower[side], upper[side]) for side in (0, 1))
                if gain > 0:
                    layer[i], layer[i + 1] = layer[i + 1], layer[i]
                    swapped = True
            if not swapped:
                break
        places[n] = {item: i for i, item in enumerate(layer)}


def _inversions(upper: list[int], lower: list[int]) -> int:
    """The crossings of two neighbours' edges when ``upper`` stands above ``lower``; both sorted."""
    if not upper or not lower or upper[-1] <= lower[0]:
        return 0
    return sum(len(upper) - bisect_right(upper, end) for end in lower)


def _by_connection(layers: Layers, before: Neighbours, after: Neighbours) -> Layers:
    """The layers in the order of a walk along the edges: what belongs together stands together."""
    layer_of = {item: n for n, layer in enumerate(layers) for item in layer}
    ordered: Layers = [[] for _ in layers]
    seen: set[int] = set()
    for first in (item for layer in layers for item in layer):
        todo = [first]
        while todo:
            item = todo.pop()
            if item in seen:
                continue
            seen.add(item)
            ordered[layer_of[item]].append(item)
            todo.extend(reversed([other for other in (*before[item], *after[item]) if other not in seen]))
    return ordered


def _exact(layers: Layers, after: Neighbours) -> Layers | None:
    """The best order there is, by trying all of them layer after layer; None where that is too much work."""
    counts = [_factorial(len(layer)) for layer in layers]
    if sum(a * b for a, b in pairwise(counts)) > EXACT_WORK:
        return None
    # For each order of a layer: the fewest crossings up to it, and the order of the layer before.
    rows: list[list[tuple[int, ...]]] = [list(permutations(layer)) for layer in layers]
    costs = [0] * len(rows[0])
    choices: list[list[int]] = []
    for left, right in pairwise(rows):
        new_costs: list[int] = []
        choice: list[int] = []
        for option in right:
            totals = [cost + _between(other, option, after) for cost, other in zip(costs, left, strict=True)]
            least = min(totals)
            new_costs.append(least)
            choice.append(totals.index(least))
        costs = new_costs
        choices.append(choice)
    at = costs.index(min(costs))
    result = [list(rows[-1][at])]
    for n in range(len(choices) - 1, -1, -1):
        at = choices[n][at]
        result.append(list(rows[n][at]))
    return result[::-1]


def _factorial(n: int) -> int:
    product = 1
    for factor in range(2, min(n, 12) + 1):
        product *= factor
    return product
