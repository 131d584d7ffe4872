"""The nightly runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from relman.demo.chance import dice
from relman.demo.failures import FINE, Fate
from relman.demo.history import Calendar, next_night
from relman.demo.hub import Hub
from relman.demo.people import TOMAS

_LONGEST = timedelta(minutes=45)  # no nightly run takes longer


class Nights:
    """Starts the schedule every night, a little late as GitHub does."""

    def __init__(self, hub: Hub, calendar: Calendar, seed: int) -> None:
        self._hub = hub
        self._calendar = calendar
        self._seed = seed

    def begin(self) -> None:
        self._enter(next_night(self._hub.agenda.now))

    def _enter(self, night: datetime) -> None:
        rng = dice(self._seed, "night", f"{night:%Y-%m-%d}")
        delay = timedelta(seconds=rng.randint(9, 170))
        self._hub.agenda.at(night + delay, partial(self._tick, night))

    def _tick(self, night: datetime) -> None:
        start = self._calendar.start
        fate = None
        if night <= start - _LONGEST < next_night(night):
            fate = Fate(None, ("drift", "outdated"), steady=True)  # the night before the world begins
        elif start - _LONGEST < night < start:
            fate = FINE
        self._hub.tick(TOMAS, fate=fate)
        self._enter(next_night(night))
