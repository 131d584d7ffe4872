"""What happens when: the world's events in the order of their time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

Action = Callable[[], object]


class Agenda:
    """Runs actions at their moments. Two actions of one moment run in the order they were entered.

    What an action sees and enters depends on its own moment alone, never on how far the clock jumped;
    so small steps and one large step lead to the same world.
    """

    def __init__(self, beginning: datetime) -> None:
        self.now = beginning
        self._entries: list[tuple[datetime, int, Action]] = []
        self._entered = 0

    def at(self, moment: datetime, action: Action) -> None:
        """Enters an action; one for the past happens at the next chance."""
        self._entered += 1
        heapq.heappush(self._entries, (max(moment, self.now), self._entered, action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now + timedelta(seconds=int(seconds)), action)

    def run_until(self, moment: datetime) -> None:
        """Everything due at ``moment`` or before has happened afterwards."""
        entries = self._entries
        while entries and entries[0][0] <= moment:
            self.now, _, action = heapq.heappop(entries)
            action()
        self.now = max(self.now, moment)
