"""The time, as something that can be given."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Reads the time. ``now`` is aware (UTC), ``monotonic`` seconds that never run backwards."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
