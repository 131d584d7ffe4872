"""Reads a job's matrix, by GitHub's rules for include and exclude."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product
from math import prod

from relman.model.expression import has_expression
from relman.model.matrix import DYNAMIC, MAX_COMBINATIONS, Combination, Matrix
from relman.model.yaml_reader import Mapping, Node, Scalar, Sequence, plain_text

_Data = str | bool | int | float | None | list["_Data"] | dict[str, "_Data"]


def read_matrix(node: Node) -> Matrix:
    """The matrix of ``strategy.matrix``."""
    if not isinstance(node, Mapping):
        return DYNAMIC
    axes: list[tuple[str, list[_Data]]] = []
    extra: dict[str, list[dict[str, _Data]]] = {"include": [], "exclude": []}
    for key, value in node.pairs:
        if isinstance(value, Sequence):
            items = [_data(item) for item in value.items]
            if key.text in extra:
                extra[key.text] = [item for item in items if isinstance(item, dict)]
            else:
                axes.append((key.text, items))
    keys = tuple(name for name, _ in axes)
    if _holds_expression(node):
        return Matrix(keys, dynamic=True)
    size = prod(len(values) for _, values in axes) if axes else 0
    if size > MAX_COMBINATIONS * 4:  # `exclude` may bring it down, but not from anywhere
        return Matrix(keys, problem=f"the matrix makes {size} jobs, more than {MAX_COMBINATIONS}")
    rows = tuple(_combine(axes, extra["include"], extra["exclude"]))
    problem = ""
    if not rows:
        problem = "the matrix has no combination"
    elif len(rows) > MAX_COMBINATIONS:
        problem = f"the matrix makes {len(rows)} jobs, more than {MAX_COMBINATIONS}"
    return Matrix(keys, rows, problem=problem)


def _combine(
    axes: list[tuple[str, list[_Data]]], include: list[dict[str, _Data]], exclude: list[dict[str, _Data]]
) -> Iterable[Combination]:
    names = [name for name, _ in axes]
    rows: list[dict[str, _Data]] = []
    for values in product(*(values for _, values in axes)) if axes else ():
        row = dict(zip(names, values, strict=True))
        if not any(_matches(row, partial) for partial in exclude):
            rows.append(row)
    bases = [dict(row) for row in rows]
    added: list[dict[str, _Data]] = []
    for entry in include:
        # An entry extends every combination whose axis values it does not contradict; else it is its own.
        shared = {name: value for name, value in entry.items() if name in names}
        fitting = [i for i, base in enumerate(bases) if _matches(base, shared)]
        if fitting and names:
            for i in fitting:
                rows[i].update(entry)
        else:
            added.append(entry)
    for row in rows:
        yield _combination(row, len(names))
    for row in added:
        yield _combination(row, len(row))


def _matches(row: dict[str, _Data], partial: dict[str, _Data]) -> bool:
    return all(name in row and _same(row[name], value) for name, value in partial.items())


def _same(one: _Data, other: _Data) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        # A mapping matches by the keys that are given.
        return all(name in one and _same(one[name], value) for name, value in other.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    return plain_text(one) == plain_text(other)


def _combination(row: dict[str, _Data], base: int) -> Combination:
    return Combination(
        tuple((name, _text(value)) for name, value in row.items()),
        tuple(tuple(_leaves(value)) for value in row.values()),
        base,
    )


def _text(value: _Data) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else plain_text(value)


def _leaves(value: _Data) -> Iterable[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield plain_text(value)


def _data(node: Node) -> _Data:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [_data(item) for item in node.items]
    assert isinstance(node, Mapping)
    return {key.text: _data(value) for key, value in node.pairs}


def _holds_expression(node: Node) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and has_expression(node.value)
    if isinstance(node, Sequence):
        return any(_holds_expression(item) for item in node.items)
    assert isinstance(node, Mapping)
    return any(has_expression(key.text) or _holds_expression(value) for key, value in node.pairs)
