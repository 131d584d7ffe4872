"""The choices before a release and before a rollback, in words."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from relman.model.board import Section
from relman.model.release_outlook import NAMED, PROPOSED, Choice, Outlook, WaysBack
from relman.model.rollback import Target
from relman.model.times import ago, duration
from relman.tui.present.columns import Column, row
from relman.tui.present.piece import Line, Piece, quiet, safe

_CHOICE = (Column("", 12), Column("", 18, least=10), Column("", 20, least=8, grow=True))
_TARGET = (Column("", 18, least=12), Column("", 9), Column("", 22, least=12, grow=True))
_NAMES = {PROPOSED: "as proposed", NAMED: "another"}


class ChoicePresenter:
    """A version that may be chosen, in a line."""

    def key(self, item: Choice) -> Hashable:
        return item.key

    def header(self, room: int) -> Line:
        del room
        return ()

    def line(self, item: Choice, room: int, now: datetime) -> Line:
        del now
        told = safe(item.tag, 80)
        if item.key == NAMED:
            told = "a version you type"
        cells: tuple[Line, ...] = (
            (Piece(_NAMES.get(item.key, item.key)),),
            (Piece(told, strong=bool(item.tag)) if item.tag else quiet(told or "…"),),
            (quiet("cannot be" if item.problem is not None else safe(item.why, 200)),),
        )
        return row(cells, _CHOICE, room)


def where_words(section: Section[Outlook] | None, *, reading: bool, now: datetime) -> str:
    """What the versions were made from: "main at 1a2b3c4, read 3s ago"."""
    if reading:
        return "reading…"
    if section is None:
        return "the newest commit of the default branch"
    if section.value is None:
        return "not read; the plan tells the version" if section.error is not None else ""
    head, branch = section.value.history.head, safe(section.value.history.branch, 40)
    read = f", read {ago(section.fetched_at, now)}" if section.fetched_at is not None else ""
    return f"{branch} at {head.sha[:7]}{read}"


class TargetPresenter:
    """A version to return to, in a line."""

    def key(self, item: Target) -> Hashable:
        return identity(item)

    def header(self, room: int) -> Line:
        del room
        return ()

    def line(self, item: Target, room: int, now: datetime) -> Line:
        stay = item.stay
        ran = stay.ran(now)
        words = [f"deployed {ago(stay.began, now)}"] if stay.began is not None else []
        words += [f"ran {duration(ran)}"] if ran is not None else []
        words += [] if item.back else ["newer, and was rolled back"]
        cells: tuple[Line, ...] = (
            (Piece(safe(item.name, 80), strong=True),),
            (quiet(stay.sha[:7] if stay.tag else ""),),
            (quiet(", ".join(words)),),
        )
        return row(cells, _TARGET, room)


def identity(target: Target) -> str:
    """What an intent calls the target: its tag, else its whole commit."""
    return target.stay.tag or target.stay.sha


def running_words(ways: WaysBack | None) -> str:
    """What runs there now."""
    if ways is None:
        return ""
    return f"runs {safe(ways.running.name, 60)}" if ways.running is not None else "runs nothing that is known"
