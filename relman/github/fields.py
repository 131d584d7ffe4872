"""Reading JSON that may lack what its description requires, or hold something else there.

Each function gives the field in the wanted type or its empty value, and never raises.
Text comes out clean; identifiers come out exactly as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from relman.text import clean, clean_line, is_clean

T = TypeVar("T")

Fields = dict[str, object]

LARGEST = 2**63 - 1  # what a database's integer holds


def exact(fields: Fields, name: str) -> str:
    """An identifier: unchanged."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def line(fields: Fields, name: str) -> str:
    """Free text on one line."""
    return clean_line(exact(fields, name))


def text(fields: Fields, name: str) -> str:
    """Free text of several lines."""
    return clean(exact(fields, name))


def link(fields: Fields, name: str) -> str:
    """A web address that may be opened in a browser; "" for any other."""
    value = exact(fields, name)
    return value if value.startswith(("https://", "http://")) and is_clean(value) and " " not in value else ""


def number(fields: Fields, name: str) -> int | None:
    """A whole number that is not negative."""
    value = fields.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= LARGEST else None


def flag(fields: Fields, name: str) -> bool:
    return fields.get(name) is True


def flag_or_none(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    return value if isinstance(value, bool) else None


def when(fields: Fields, name: str) -> datetime | None:
    """An ISO time, aware and in UTC. The zero times of other languages (year 1) are no time."""
    value = fields.get(name)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 1970 else None


def child(fields: Fields, name: str) -> Fields:
    """A nested object; empty where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def children(fields: Fields, name: str) -> list[Fields]:
    """A nested list's objects; whatever else is in the list is left out."""
    return objects(fields.get(name))


def objects(value: object) -> list[Fields]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def each(items: Iterable[Fields], read: Callable[[Fields], T | None]) -> tuple[T, ...]:
    """The items that could be read: one without an identity is left out, the others stay."""
    return tuple(value for item in items if (value := read(item)) is not None)


def login(fields: Fields, name: str) -> str:
    """The login of a nested user."""
    return exact(child(fields, name), "login")
