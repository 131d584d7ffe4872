"""When things happen: eight weeks of office days before the world begins, and the lively days after."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

LENGTH = timedelta(days=56)
NIGHTLY_HOUR = 2
# Acts an hour by the hour of a weekday (UTC): mornings, a dip at noon, long afternoons.
_RATES = {
    7: 0.7,
    8: 1.4,
    9: 1.9,
    10: 1.9,
    11: 1.6,
    12: 0.8,
    13: 1.6,
    14: 2.0,
    15: 1.8,
    16: 1.3,
    17: 0.6,
    18: 0.3,
}
_FASTEST = max(_RATES.values())
_WEEKEND = 0.15


class Calendar:
    """Moments around ``start``, drawn from ``rng`` alone."""

    def __init__(self, start: datetime, rng: Random) -> None:
        self.start = start
        self.beginning = start - LENGTH
        self.quiet_from = start - timedelta(minutes=80)  # only the opening scene acts from here to the start
        self.calm_from = start - timedelta(hours=4)  # nothing fails by chance from here to the start
        self._rng = rng

    def calm(self, now: datetime) -> bool:
        return self.calm_from <= now < self.start

    def lively(self, now: datetime) -> bool:
        return now >= self.start

    def next_act(self, now: datetime) -> datetime:
        """When somebody does something next: office hours before the start, every 10 to 20 minutes after."""
        if now >= self.start:
            return now + timedelta(seconds=self._rng.randint(600, 1200))
        at = now
        while True:
            at += timedelta(seconds=int(self._rng.expovariate(_FASTEST / 3600)) + 1)
            if at >= self.quiet_from:
                return self.start + timedelta(seconds=self._rng.randint(270, 560))
            rate = _RATES.get(at.hour, 0.0) if at.weekday() < 5 else _WEEKEND * (8 <= at.hour < 20)
            if at.weekday() == 4 and at.hour >= 15:
                rate *= 0.5
            if self._rng.random() * _FASTEST < rate:
                return at

    def release_slots(self) -> list[datetime]:
        """Three or four times a week, never on a Friday afternoon or a weekend."""
        slots = []
        day = self.beginning.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        while day < self.start:
            if day.weekday() < 5 and self._rng.random() < (0.8, 0.65, 0.8, 0.75, 0.35)[day.weekday()]:
                hour = 9 if day.weekday() == 4 else self._rng.choice((9, 10, 13, 14))
                slot = day + timedelta(hours=hour, minutes=self._rng.randint(0, 55))
                if slot < self.start - timedelta(hours=8):
                    slots.append(slot)
            day += timedelta(days=1)
        return slots

    def workday(self, days_ago: int, hour: int) -> datetime:
        """About so many days before the start, moved back from a Friday or a weekend to a Thursday."""
        day = self.start - timedelta(days=days_ago)
        while day.weekday() >= 4:
            day -= timedelta(days=1)
        return day.replace(hour=hour, minute=self._rng.randint(5, 50), second=self._rng.randint(0, 59))


def next_night(now: datetime) -> datetime:
    """The next moment the nightly cron names."""
    night = now.replace(hour=NIGHTLY_HOUR, minute=0, second=0)
    return night if night > now else night + timedelta(days=1)
