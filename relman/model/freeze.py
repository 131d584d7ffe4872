"""Weekly times in which nothing goes to production."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from msgspec import Struct

from relman.errors import Kind, Problem, RelmanError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = 7 * 24 * 60
_NUMBER = re.compile("[0-9]{1,2}").fullmatch


class Freeze(Struct, frozen=True, dict=True):
    """From one moment of the week to another, as clocks in ``zone`` show it: "Fri 16:00" to "Mon 08:00".

    The first moment belongs to it, the last does not. The same moment twice is a whole week.
    """

    start: str
    end: str
    zone: str = "UTC"

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise RelmanError(
                Problem(
                    Kind.CONFIG,
                    f"The freeze's time zone {self.zone!r} is not known",
                    hint="Use a name such as Europe/Berlin or UTC.",
                )
            ) from None

    def check(self) -> None:
        """Raises a CONFIG problem for a moment or a zone that cannot be."""
        _ = self._zone, _minute(self.start), _minute(self.end)

    def until(self, now: datetime) -> datetime | None:
        """When the freeze that holds at ``now`` (aware) ends; None where none holds."""
        local = now.astimezone(self._zone)
        here = local.weekday() * 1440 + local.hour * 60 + local.minute
        start, end = _minute(self.start), _minute(self.end)
        length = (end - start) % _WEEK or _WEEK
        since = (here - start) % _WEEK
        if since >= length:
            return None
        # By the wall clock: a freeze that spans a change of clocks still ends at its hour.
        wall = local.replace(second=0, microsecond=0, tzinfo=None) + timedelta(minutes=length - since)
        over = wall.replace(tzinfo=self._zone)
        # In the hour that comes twice the first of the two may be over already.
        return over if over.astimezone(UTC) > now else over.replace(fold=1)

    def __str__(self) -> str:
        return f"{self.start} to {self.end} ({self.zone})"


def _minute(moment: str) -> int:
    day, _, clock = moment.partition(" ")
    hour, colon, minute = clock.partition(":")
    if day not in DAYS or not (colon and _NUMBER(hour) and _NUMBER(minute)):
        raise RelmanError(
            Problem(Kind.CONFIG, f"{moment!r} is no moment of a week", hint='Use a form such as "Fri 16:00".')
        )
    if int(hour) > 23 or int(minute) > 59:
        raise RelmanError(Problem(Kind.CONFIG, f"{moment!r} is no time of day", hint="Use 00:00 to 23:59."))
    return DAYS.index(day) * 1440 + int(hour) * 60 + int(minute)
