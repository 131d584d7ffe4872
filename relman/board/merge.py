"""How a newly read list joins what is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

from relman.model.run import Run

T = TypeVar("T")

_RUNS_KEPT = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def keep_identity(old: T | None, new: T) -> T:
    """``old`` where ``new`` says the same, so that ``is`` tells what changed.

    In a tuple of things with an ``id``, each unchanged thing keeps its identity too.
    """
    if old is new or old is None:
        return new
    if old == new:
        return old
    if isinstance(old, tuple) and isinstance(new, tuple):
        known = {item.id: item for item in old if hasattr(item, "id")}
        if known:
            return tuple(_same(known.get(getattr(item, "id", None)), item) for item in new)  # type: ignore[return-value]
    return new


def _same(old: T | None, new: T) -> T:
    return old if old is not None and old == new else new


def order(run: Run) -> tuple[datetime, int]:
    """Newest first is descending in this."""
    return (run.created_at or _EPOCH, run.id)


def newest_page(known: tuple[Run, ...], page: tuple[Run, ...], *, more: bool) -> tuple[Run, ...]:
    """The newest page of all runs over what was known.

    Known runs older than the page stay; known ones that should be on it and are not were deleted. Without
    ``more`` the page is everything.
    """
    if not more:
        return keep_identity(known, page)
    if not page:
        return known
    bound = min(order(run) for run in page)
    on_page = {run.id for run in page}
    older = tuple(run for run in known if order(run) < bound and run.id not in on_page)
    return keep_identity(known, (page + older)[:_RUNS_KEPT])


def with_runs(known: tuple[Run, ...], extra: Iterable[Run], gone: Iterable[int] = ()) -> tuple[Run, ...]:
    """``known`` with other runs taken in, each in its newest form; ``gone`` are ids that no longer exist.

    Of the same age the known form stays: GitHub says a little more about a run asked for alone than about
    the same one in a list, and the list would take it away again. Active runs stay even where they are too
    old for the number kept.
    """
    merged = {run.id: run for run in known}
    for run in extra:
        there = merged.get(run.id)
        if there is None or _age(run) > _age(there):
            merged[run.id] = _same(there, run)
    for run_id in gone:
        merged.pop(run_id, None)
    ordered = sorted(merged.values(), key=order, reverse=True)
    kept = ordered[:_RUNS_KEPT] + [run for run in ordered[_RUNS_KEPT:] if run.state.active]
    return keep_identity(known, tuple(kept))


def _age(run: Run) -> tuple[int, bool, datetime]:
    return (run.attempt, run.state.finished, run.updated_at or _EPOCH)
