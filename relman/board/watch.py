"""The board with everything that keeps it: one object to open, start and stop.

What polls, fills and reads is loaded when it is first wanted: the last board can be drawn without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import structs

from relman.board.history import History
from relman.board.store import Store
from relman.errors import Kind, Problem
from relman.model.board import Board
from relman.model.health import HealthCheck

if TYPE_CHECKING:
    from relman.board.fetch import Fetch
    from relman.board.poller import Poller
    from relman.board.ports import Clock, GitHubReader, HealthReader
    from relman.board.refresh import Refresher
    from relman.board.schedule import Rhythm

_log = logging.getLogger(__name__)

_KEEP_EVERY: Final = 30.0
"""Seconds between two copies of the board for the next start."""


class Watch:
    """``store`` has the board, ``poller`` is told what is in view, ``fetch`` reads logs.

    The last board is there from the beginning, marked by the age of its sections. Nothing is asked before
    :meth:`start`. ``reader`` and ``health`` give the readers; each is called once, when it is first needed.
    """

    def __init__(
        self,
        repo: str,
        reader: Callable[[], GitHubReader],
        history: History,
        clock: Clock,
        logs: Path,
        *,
        health: Callable[[], HealthReader] | None = None,
        checks: Mapping[str, tuple[HealthCheck, ...]] | None = None,
        rhythm: Rhythm | None = None,
        fill_pace: float = 0.1,
    ) -> None:
        self._open_reader = reader
        self._open_health = health
        self._checks = checks
        self._clock = clock
        self._logs = logs
        self._rhythm = rhythm
        self._fill_pace = fill_pace
        self.store = Store(_with_notice(history.last_board() or Board(repo), history))
        self.history = history
        self._tasks: list[asyncio.Task[None]] = []

    @cached_property
    def reader(self) -> GitHubReader:
        return self._open_reader()

    @cached_property
    def _health(self) -> HealthReader | None:
        return None if self._open_health is None else self._open_health()

    @cached_property
    def refresher(self) -> Refresher:
        from relman.board.refresh import Refresher

        return Refresher(
            self.store,
            self.reader,
            self._clock,
            memory=self.history,
            health=self._health,
            checks=self._checks,
        )

    @cached_property
    def poller(self) -> Poller:
        from relman.board.poller import Poller

        return Poller(self.store, self.refresher, self._clock, rhythm=self._rhythm)

    @cached_property
    def fetch(self) -> Fetch:
        from relman.board.fetch import Fetch

        return Fetch(self.reader, self._logs)

    def start(self) -> None:
        """Begins to poll and to fill; needs a running loop."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self.poller.start()
            self._tasks = [
                loop.create_task(self._fill(), name="board fill"),
                loop.create_task(self._keep(), name="board keep"),
            ]

    async def stop(self) -> None:
        """Cancels what is on its way, keeps the board, closes the history and the readers for good."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if "poller" in vars(self):
            await self.poller.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.store.board.runs.fetched_at is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.history.keep_board(self.store.board)
        await self.history.close()
        opened = vars(self)  # what was never wanted was never built
        for one in (opened.get("reader"), opened.get("_health")):
            if one is not None:
                await one.aclose()

    async def _fill(self) -> None:
        from relman.board.fill import Filler

        try:
            await Filler(self.store, self.reader, self.history, self._clock, pace=self._fill_pace).run()
        except Exception as error:  # a fault of relman in the background must be seen, and end nothing else
            _log.exception("filling the history failed")
            problem = Problem(
                Kind.LOCAL,
                "Filling the history stopped",
                type(error).__name__,
                "What is in view stays current; please report it with relman bug-report.",
            )
            self.store.change(
                lambda board: structs.replace(board, fill=structs.replace(board.fill, error=problem))
            )

    async def _keep(self) -> None:
        kept: Board | None = None
        while True:
            await asyncio.sleep(_KEEP_EVERY)
            board = self.store.board
            if board is not kept and board.runs.fetched_at is not None:
                await self.history.keep_board(board)
                kept = board
            self.store.change(lambda current: _with_notice(current, self.history))


def _with_notice(board: Board, history: History) -> Board:
    notices = (history.notice,) if history.notice is not None else ()
    return board if board.notices == notices else structs.replace(board, notices=notices)
