"""The board and its facts as JSON, for the next start.

Frozen dataclasses become objects without the fields that hold their default; times become seconds since
1970. The types say how to read them back, so a new field needs nothing here: an older file simply lacks it,
and a field that is gone is passed over.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from relman.model.board import Board, Fill, Section
from relman.model.repository import Budget

T = TypeVar("T")
Turn = Callable[[Any], Any] | None
"""Turns one value; None where JSON has the value as it is."""

_VERSION: Final = 1
_KEYED_KEPT: Final = 8
"""Of what was looked at one by one (jobs, workflow files…), the last ones; the rest is in the history."""


def encode_board(board: Board) -> bytes:
    """The last board. Errors, the budget and the clock belong to the session and are left out."""
    return json.dumps(
        {"version": _VERSION, "board": _coder(Board)[0](_for_next_start(board))},  # type: ignore[misc]
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode("utf-8", "surrogatepass")


def decode_board(data: bytes, repo: str) -> Board | None:
    """The board that was kept; None for another version, another repository or anything unreadable."""
    try:
        kept = json.loads(data.decode("utf-8", "surrogatepass"))
        if kept["version"] != _VERSION or kept["board"]["repo"] != repo:
            return None
        board: Board = _coder(Board)[1](kept["board"])  # type: ignore[misc]
    except Exception:  # whatever is wrong with a kept board, the answer is to start with an empty one
        return None
    return board


def encode(value: object) -> str:
    """A fact (a dataclass instance) as JSON text."""
    kind: Any = type(value)
    turn = _coder(kind)[0]
    return json.dumps(turn(value) if turn else value, separators=(",", ":"), ensure_ascii=False)


def decode(kind: type[T], text: str) -> T:
    """The fact back. Raises ``ValueError``, ``TypeError`` or ``KeyError`` for what is not one."""
    key: Any = kind
    turn = _coder(key)[1]
    value = json.loads(text)
    fact: T = turn(value) if turn else value
    return fact


def _for_next_start(board: Board) -> Board:
    changes: dict[str, Any] = {"budget": Budget(), "fill": Fill(), "clock_offset": timedelta(0), "notices": ()}
    for field in dataclasses.fields(board):
        held = getattr(board, field.name)
        if isinstance(held, Section):
            changes[field.name] = _calm(held)
        elif isinstance(held, Mapping) and field.name != "expected":
            kept = list(held.items())
            if field.name not in {"deployments", "health"}:
                kept = kept[-_KEYED_KEPT:]
            changes[field.name] = {key: _calm(section) for key, section in kept if section.value is not None}
    return dataclasses.replace(board, **changes)


def _calm(section: Section[Any]) -> Section[Any]:
    return section if section.error is None else dataclasses.replace(section, error=None)


@cache
def _coder(kind: Any) -> tuple[Turn, Turn]:
    """How values of a type are written and read."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return _optional(args)
    if origin is tuple:
        return _sequence(args[0], tuple) if args[-1] is Ellipsis else _row(args)
    if origin is frozenset:
        return _sequence(args[0], frozenset)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(*args)
    if dataclasses.is_dataclass(origin or kind):
        return _record(kind)
    if kind is datetime:
        return _seconds, _moment
    if kind is timedelta:
        return timedelta.total_seconds, lambda value: timedelta(seconds=value)
    if issubclass(kind, Enum):
        return (lambda value: value.value), kind
    if kind in {str, int, float, bool}:
        return None, None
    raise TypeError(f"no way to keep a {kind}")


def _seconds(value: datetime) -> float:
    at = value.timestamp()
    return int(at) if at.is_integer() else at


def _moment(value: float) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def _optional(args: tuple[Any, ...]) -> tuple[Turn, Turn]:
    (kind,) = (arg for arg in args if arg is not type(None))
    write, read = _coder(kind)

    def maybe(turn: Turn) -> Turn:
        return turn and (lambda value: None if value is None else turn(value))

    return maybe(write), maybe(read)


def _sequence(item: Any, made: type) -> tuple[Turn, Turn]:
    write, read = _coder(item)

    def written(values: Any) -> list[Any]:
        ordered = sorted(values) if made is frozenset else values
        return [write(value) for value in ordered] if write else list(ordered)

    def back(values: Any) -> Any:
        return made([read(value) for value in values]) if read else made(values)

    return written, back


def _row(kinds: tuple[Any, ...]) -> tuple[Turn, Turn]:
    coders = [_coder(kind) for kind in kinds]

    def written(values: Any) -> list[Any]:
        return [write(value) if write else value for (write, _), value in zip(coders, values, strict=True)]

    def back(values: Any) -> tuple[Any, ...]:
        return tuple(read(value) if read else value for (_, read), value in zip(coders, values, strict=True))

    return written, back


def _mapping(key: Any, item: Any) -> tuple[Turn, Turn]:
    write, read = _coder(item)

    def written(entries: Any) -> list[Any]:
        return [[name, write(value) if write else value] for name, value in entries.items()]

    def back(entries: Any) -> Any:
        return types.MappingProxyType({name: read(value) if read else value for name, value in entries})

    return written, back


def _record(kind: Any) -> tuple[Turn, Turn]:
    made = get_origin(kind) or kind
    types_of = dict(zip(getattr(made, "__parameters__", ()), get_args(kind), strict=False))
    hints = get_type_hints(made)
    fields: list[tuple[str, Any, Turn]] = []
    reads: list[tuple[str, Callable[[Any], Any]]] = []
    for field in dataclasses.fields(made):
        write, read = _coder(_resolved(hints[field.name], types_of))
        fields.append((field.name, field.default, write))
        if read is not None:
            reads.append((field.name, read))
    names = frozenset(name for name, _, _ in fields)

    def written(value: Any) -> dict[str, Any]:
        entries = {}
        for name, default, write in fields:
            held = getattr(value, name)
            if held is default or held == default:
                continue
            entries[name] = write(held) if write else held
        return entries

    def back(entries: dict[str, Any]) -> Any:
        if not names.issuperset(entries):
            entries = {name: value for name, value in entries.items() if name in names}
        for name, read in reads:
            if name in entries:
                entries[name] = read(entries[name])
        return made(**entries)

    return written, back


def _resolved(kind: Any, types_of: Mapping[Any, Any]) -> Any:
    """``kind`` with type variables replaced: ``T | None`` of a ``Section[Run]`` is ``Run | None``."""
    if isinstance(kind, TypeVar):
        return types_of[kind]
    if types_of and get_origin(kind) in {Union, types.UnionType}:
        return Union[tuple(_resolved(arg, types_of) for arg in get_args(kind))]  # noqa: UP007 - made at run time
    return kind
