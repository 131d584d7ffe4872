"""What the dashboard needs from outside. The board, its poller and the process give it these shapes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from relman.model.board import Board


class BoardStore(Protocol):
    """Holds the current board. Everything happens on the event loop's thread."""

    @property
    def board(self) -> Board: ...

    def subscribe(self, callback: Callable[[Board], None]) -> Callable[[], None]:
        """Calls ``callback`` with every new board; gives back what ends that."""
        ...


class BoardPoller(Protocol):
    """Keeps the board current; the dashboard only says where somebody looks."""

    def look(
        self, *, screen: str, run: int | None = None, job: int | None = None, focused: bool = True
    ) -> None:
        """Which screen, run and job are in view, and whether the terminal has the focus."""
        ...

    def refresh(self) -> None:
        """Everything in view is due now."""
        ...

    async def run(self) -> None:
        """Polls until it is cancelled."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC, this machine's."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)
