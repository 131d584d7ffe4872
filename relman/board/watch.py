"""The board with everything that keeps it: one object to open, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from relman.board.fetch import Fetch
from relman.board.fill import Filler
from relman.board.history import History
from relman.board.poller import Poller
from relman.board.ports import Clock, GitHubReader, HealthReader
from relman.board.refresh import Refresher
from relman.board.schedule import Rhythm
from relman.board.store import Store
from relman.errors import Kind, Problem
from relman.model.board import Board
from relman.model.health import HealthCheck

_log = logging.getLogger(__name__)

_KEEP_EVERY: Final = 30.0
"""Seconds between two copies of the board for the next start."""


class Watch:
    """``store`` has the board, ``poller`` is told what is in view, ``fetch`` reads logs.

    The last board is there from the beginning, marked by the age of its sections. Nothing is asked before
    :meth:`start`.
    """

    def __init__(
        self,
        repo: str,
        reader: GitHubReader,
        history: History,
        clock: Clock,
        logs: Path,
        *,
        health: HealthReader | None = None,
        checks: Mapping[str, tuple[HealthCheck, ...]] | None = None,
        rhythm: Rhythm | None = None,
        fill_pace: float = 0.1,
    ) -> None:
        board = history.last_board() or Board(repo)
        self._reader = reader
        self._health = health
        self.store = Store(_with_notice(board, history))
        self.history = history
        self.refresher = Refresher(self.store, reader, clock, memory=history, health=health, checks=checks)
        self.poller = Poller(self.store, self.refresher, clock, rhythm=rhythm)
        self.fetch = Fetch(reader, logs)
        self._filler = Filler(self.store, reader, history, clock, pace=fill_pace)
        self._tasks: list[asyncio.Task[None]] = []

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
        await self.poller.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.store.board.runs.fetched_at is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.history.keep_board(self.store.board)
        await self.history.close()
        await self._reader.aclose()
        if self._health is not None:
            await self._health.aclose()

    async def _fill(self) -> None:
        try:
            await self._filler.run()
        except Exception as error:  # a fault of relman in the background must be seen, and end nothing else
            _log.exception("filling the history failed")
            problem = Problem(
                Kind.LOCAL,
                "Filling the history stopped",
                type(error).__name__,
                "What is in view stays current; please report it with relman bug-report.",
            )
            self.store.change(
                lambda board: dataclasses.replace(board, fill=dataclasses.replace(board.fill, error=problem))
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
    return board if board.notices == notices else dataclasses.replace(board, notices=notices)
