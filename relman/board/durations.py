"""How long a job typically runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

LAST: Final = 20
"""Executions that count: enough for a steady median, few enough to follow a change."""

_NAMES = "SELECT DISTINCT path, name FROM jobs WHERE successful"
# A job that was not run again is listed once more by the next attempt: the same end is the same execution.
_DURATIONS = (
    "SELECT seconds FROM (SELECT DISTINCT run, completed, seconds FROM jobs"
    " WHERE successful AND path = ? AND name = ? ORDER BY completed DESC LIMIT ?)"
    " WHERE seconds IS NOT NULL"
)


def typical(db: sqlite3.Connection) -> Mapping[str, Mapping[str, float]]:
    """By workflow path, then job name: the median seconds of the last successful executions."""
    from statistics import median  # costs milliseconds that no start has to wait for

    found: dict[str, dict[str, float]] = {}
    for path, name in db.execute(_NAMES).fetchall():
        seconds = [row[0] for row in db.execute(_DURATIONS, (path, name, LAST))]
        if seconds:
            found.setdefault(path, {})[name] = median(seconds)
    return found
