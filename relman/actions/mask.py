"""Secrets out of whatever a change shows: plans, events and problems, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

T = TypeVar("T")


def masked(value: T, redact: Callable[[str], str]) -> T:
    """``value`` with every text in it passed through ``redact``; the same object where nothing changes."""
    made: Any = _masked(value, redact)
    return made  # type: ignore[no-any-return]


def _masked(value: Any, redact: Callable[[str], str]) -> Any:
    if type(value) is str:  # an enum's word is no text
        return redact(value)
    if isinstance(value, Struct):
        changed = {
            name: new
            for name in value.__struct_fields__
            if (new := _masked(old := getattr(value, name), redact)) is not old
        }
        return replace(value, **changed) if changed else value
    if type(value) in (tuple, list):
        new_items = [_masked(item, redact) for item in value]
        same = all(new is old for new, old in zip(new_items, value, strict=True))
        return value if same else type(value)(new_items)
    if isinstance(value, Mapping):
        pairs = {_masked(key, redact): _masked(item, redact) for key, item in value.items()}
        return value if pairs == value else pairs
    return value
