"""The world's clock: real time times a speed, or standing still until it is moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class WorldClock:
    """Starts at ``start`` (aware, UTC) and runs ``speed`` seconds per real second; frozen it does not run.

    ``monotonic`` gives real seconds. Times are whole seconds, as GitHub's are.
    """

    def __init__(
        self,
        start: datetime,
        *,
        speed: float = 1.0,
        frozen: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.start = start.replace(microsecond=0)
        self.speed = 0.0 if frozen else speed
        self._monotonic = monotonic
        self._began = monotonic()
        self._added = 0.0

    @property
    def frozen(self) -> bool:
        return self.speed == 0

    def now(self) -> datetime:
        seconds = (self._monotonic() - self._began) * self.speed + self._added
        return self.start + timedelta(seconds=int(seconds))

    def advance(self, seconds: float) -> None:
        """Moves the clock forward at once."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._added += seconds
