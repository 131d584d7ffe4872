"""What relman did, as the journal keeps it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Entry(Struct, frozen=True):
    """One line of the journal.

    ``phase`` is "begin" and "end" of an operation, "before" and "after" of a step. ``result`` is an
    :class:`relman.model.operation.Outcome` for "after" and "end", "" otherwise.
    """

    at: datetime
    operation: str  # the same for all lines of one operation
    phase: str
    action: str
    repo: str
    target: str
    environment: str = ""
    who: str = ""
    before: str = ""  # what was, what will be: "v1.8.2", "v1.9.0"
    after: str = ""
    step: str = ""
    request: str = ""
    result: str = ""
    detail: str = ""
    exempt: str = ""  # "freeze" where a rollback passed one


class Operation(Struct, frozen=True):
    """All lines of one operation, oldest first."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        return self.entries[0]

    @property
    def result(self) -> str:
        """The outcome; "" for one that still runs, or was broken off."""
        last = self.entries[-1]
        if last.phase == "end":
            return last.result
        return ""

    @property
    def open_step(self) -> Entry | None:
        """The step that was begun and of which no end is written: it may have happened."""
        last = self.entries[-1]
        return last if last.phase == "before" else None


def operations(entries: list[Entry] | tuple[Entry, ...]) -> tuple[Operation, ...]:
    """Entries grouped by operation, newest operation first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.operation, []).append(entry)
    return tuple(Operation(tuple(group)) for group in reversed(groups.values()))
