"""A change that was begun before and of which the journal does not know the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from relman.model.journal import Entry, operations
from relman.model.operation import Outcome

_RUN = re.compile(r"\brun (\d+)\b")


class Earlier(Struct, frozen=True):
    """``at`` is when its request went out, by this machine's clock."""

    operation: str
    at: datetime


def unfinished(
    entries: Iterable[Entry], *, action: str, repo: str, step: str, same: Callable[[str], bool]
) -> Earlier | None:
    """The newest operation of that kind, if its request may have been taken and nobody saw what became of it.

    ``same`` says whether a target is the one that is meant; ``step`` is the step that sends. A later operation
    on the same target that came to an end settles it: it has looked.
    """
    mine = [
        one
        for one in operations(list(entries))
        if one.first.action == action and one.first.repo == repo and same(one.first.target)
    ]
    for one in mine:  # newest first
        sent = next((e for e in one.entries if e.phase == "before" and e.step == step), None)
        if one.result in (Outcome.DONE, Outcome.REFUSED, Outcome.FAILED):
            return None
        if sent is not None:
            return Earlier(one.first.operation, sent.at)
    return None


def runs_found(entries: Iterable[Entry], *, action: str, repo: str) -> frozenset[int]:
    """The runs that operations of that kind have taken for theirs: ``run 4711`` in what a step ended with."""
    return frozenset(
        int(match[1])
        for entry in entries
        if entry.action == action
        and entry.repo == repo
        and entry.phase == "after"
        and entry.result == Outcome.DONE
        for match in _RUN.finditer(entry.detail)
    )
