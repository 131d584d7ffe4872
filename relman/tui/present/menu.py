"""Rows of the help and of the palette, from the commands as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from relman.model.state import Tone
from relman.tui.present.columns import Column, row
from relman.tui.present.piece import Line, Piece, cell_len, quiet


class MenuRow(Struct, frozen=True):
    """A command in a menu, or, with an empty ``name``, the heading of a group."""

    name: str
    group: str
    keys: str = ""
    title: str = ""
    help: str = ""
    available: bool = True


_WIDEST_KEYS = 16
_WORDS = (Column("command", 22, least=12, rank=2), Column("", 30, least=12, grow=True))
_PLAIN_COLUMNS = (Column("choice", 24, least=12), Column("", 30, least=12, grow=True))


class MenuPresenter:
    """A line of a menu: keys, what the command is called, and what it does.

    ``keys`` are those of all its rows, which their column has room for; choices have none.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        width = min(_WIDEST_KEYS, max(map(cell_len, keys), default=0))
        self._columns = (Column("keys", width), *_WORDS) if width else _PLAIN_COLUMNS

    def key(self, item: MenuRow) -> tuple[str, str]:
        return (item.group, item.name)

    def header(self, room: int) -> Line:
        del room
        return ()

    def line(self, item: MenuRow, room: int, now: datetime) -> Line:
        del now
        if not item.name:
            return (Piece(item.group, strong=True),)
        tone = Tone.PLAIN if item.available else Tone.QUIET
        words: tuple[Line, ...] = ((Piece(item.title or item.name, tone),), (quiet(item.help),))
        if self._columns is _PLAIN_COLUMNS:
            return row(words, self._columns, room)
        return row(((Piece(item.keys, accent=item.available, tone=tone),), *words), self._columns, room)


def matching(rows: Sequence[MenuRow], text: str) -> list[MenuRow]:
    """The rows that hold every word of ``text``; headings stay over those that are left."""
    words = text.casefold().split()
    kept = [
        item
        for item in rows
        if item.name
        and all(
            word in f"{item.keys} {item.name} {item.title} {item.help} {item.group}".casefold()
            for word in words
        )
    ]
    shown: list[MenuRow] = []
    for item in kept:
        if not shown or shown[-1].group != item.group:
            shown.append(MenuRow("", item.group))
        shown.append(item)
    return shown
