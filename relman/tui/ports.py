"""What the dashboard needs from outside. :class:`relman.board.watch.Watch` fits these shapes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from relman.board.sections import Ask, Part
from relman.board.view import View
from relman.model.board import Board


class BoardStore(Protocol):
    """Holds the current board. Everything happens on the event loop's thread."""

    @property
    def board(self) -> Board: ...

    def subscribe(self, subscriber: Callable[[Board], None], /) -> Callable[[], None]:
        """Calls ``subscriber`` with every new board; gives back what ends that."""
        ...


class BoardPoller(Protocol):
    """Keeps the board current; the dashboard only says where somebody looks."""

    def look(self, view: View, /) -> None:
        """What is in view now. Cheap, whatever it says."""
        ...

    def refresh_now(self, *what: Ask | Part) -> None:
        """Everything in view is due now, or what is named."""
        ...


class LogSource(Protocol):
    """Job logs as files. Raises :class:`relman.errors.RelmanError`."""

    async def job_log(
        self, job_id: int, attempt: int, progress: Callable[[int, int | None], None] | None = None
    ) -> Path: ...


class Watching(Protocol):
    """A board with what keeps it current. Nothing is asked before :meth:`start`."""

    @property
    def store(self) -> BoardStore: ...
    @property
    def poller(self) -> BoardPoller: ...
    @property
    def fetch(self) -> LogSource: ...

    def start(self) -> None:
        """Begins to poll; called once, after the first frame, on the running loop."""
        ...

    async def stop(self) -> None:
        """Cancels what is on its way; called after the terminal is restored."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC, this machine's."""
        ...
