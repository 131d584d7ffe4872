"""Times in words: ages, durations and clock times, short enough for a column."""

from __future__ import annotations

from datetime import datetime, timedelta


def duration(seconds: float) -> str:
    """ "8s", "7m 12s", "1h 04m", "3d 2h". Negative counts as nothing."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h"


def brief(seconds: float) -> str:
    """One unit only: "8s", "7m", "3h", "12d", "9w"."""
    whole = max(0, int(seconds))
    for size, unit in ((604800 * 2, "w"), (86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // (604800 if unit == 'w' else size)}{unit}"
    return f"{whole}s"


def between(start: datetime | None, end: datetime | None, now: datetime) -> float | None:
    """Seconds from ``start`` to ``end``, or to ``now`` while there is no end. None without a start."""
    if start is None:
        return None
    return max(0.0, ((end or now) - start).total_seconds())


def ago(when: datetime | None, now: datetime) -> str:
    """ "3m ago"; "" when unknown."""
    if when is None:
        return ""
    return f"{brief((now - when).total_seconds())} ago"


def clock(when: datetime, now: datetime) -> str:
    """The local time of day, with the date where that is another day."""
    local = when.astimezone()
    return f"{local:%H:%M}" if local.date() == now.astimezone().date() else f"{local:%d %b %H:%M}"


def until(when: datetime, now: datetime) -> str:
    """ "in 4m 10s", or "now"."""
    left = when - now
    return "now" if left <= timedelta(0) else f"in {duration(left.total_seconds())}"
