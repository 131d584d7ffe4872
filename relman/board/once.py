"""Reads the board once, for a command that prints and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from relman.board.memory import Memory
from relman.board.ports import Clock, GitHubReader, HealthReader
from relman.board.refresh import Refresher
from relman.board.sections import Ask, Part
from relman.board.store import Store
from relman.model.board import Board
from relman.model.health import HealthCheck
from relman.model.state import State

STATUS = frozenset(
    {
        Part.REPOSITORY,
        Part.VIEWER,
        Part.RUNS,
        Part.PENDING,
        Part.ENVIRONMENTS,
        Part.DEPLOYMENTS,
        Part.RELEASES,
        Part.HEALTH,
    }
)
"""What ``relman status`` shows."""
_WAITING_READ = 20
_ENVIRONMENTS_READ = 20


async def read_once(
    reader: GitHubReader,
    clock: Clock,
    board: Board,
    *,
    sections: Collection[Part] = STATUS,
    health: HealthReader | None = None,
    checks: Mapping[str, tuple[HealthCheck, ...]] | None = None,
    memory: Memory | None = None,
) -> Board:
    """``board`` with these sections read, at the same time where they do not need each other.

    A section that fails carries its error; nothing is raised. ``PENDING`` reads the runs that wait and
    needs ``RUNS``; ``DEPLOYMENTS`` needs ``ENVIRONMENTS``; ``JOBS`` and ``SOURCE`` are asked by run
    (:meth:`relman.board.refresh.Refresher.refresh`) and are not read here.
    """
    store = Store(board)
    refresher = Refresher(store, reader, clock, memory=memory, health=health, checks=checks)

    async def chain(first: Part, then: Part) -> None:
        if first in sections:
            await refresher.refresh(Ask(first))
        if then in sections:
            asks = [Ask(then, key) for key in _keys(store.board, then)]
            await asyncio.gather(*(refresher.refresh(ask) for ask in asks))

    plain = set(sections) & {Part.REPOSITORY, Part.VIEWER, Part.WORKFLOWS, Part.RELEASES, Part.TAGS}
    asks = [Ask(part) for part in sorted(plain)]
    if Part.HEALTH in sections:
        asks += [Ask(Part.HEALTH, name) for name in refresher.checks]
    await asyncio.gather(
        *(refresher.refresh(ask) for ask in asks),
        chain(Part.RUNS, Part.PENDING),
        chain(Part.ENVIRONMENTS, Part.DEPLOYMENTS),
    )
    return store.board


def _keys(board: Board, part: Part) -> list[int] | list[str]:
    if part is Part.PENDING:
        waiting = [run.id for run in board.runs.value or () if run.state is State.WAITING]
        return waiting[:_WAITING_READ]
    return [environment.name for environment in board.environments.value or ()][:_ENVIRONMENTS_READ]
