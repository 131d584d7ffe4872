"""Freezes: weekly, by the wall clock, over week ends and changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.errors import RelmanError
from relman.model.freeze import DAYS, Freeze

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = Freeze("Fri 16:00", "Mon 08:00", "Europe/Berlin")
moments = st.builds(
    lambda day, hour, minute: f"{day} {hour:02}:{minute:02}",
    st.sampled_from(DAYS), st.integers(0, 23), st.integers(0, 59),
)  # fmt: skip
times = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Auckland"])


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 20, 15, 59, 59), None),
        (datetime(2026, 11, 20, 16, 0), datetime(2026, 11, 23, 8, 0)),
        (datetime(2026, 11, 22, 3, 0), datetime(2026, 11, 23, 8, 0)),
        (datetime(2026, 11, 23, 7, 59, 59), datetime(2026, 11, 23, 8, 0)),
        (datetime(2026, 11, 23, 8, 0), None),
        (datetime(2026, 10, 24, 12, 0), datetime(2026, 10, 26, 8, 0)),  # clocks go back on the 25th
        (datetime(2026, 3, 28, 12, 0), datetime(2026, 3, 30, 8, 0)),  # and forward on the 29th
    ],
)
def test_a_weekend(now: datetime, until: datetime | None) -> None:
    got = WEEKEND.until(now.replace(tzinfo=BERLIN).astimezone(UTC))
    assert got == (until and until.replace(tzinfo=BERLIN))


def test_the_hour_that_comes_twice() -> None:
    freeze = Freeze("Sun 01:00", "Sun 02:45", "Europe/Berlin")
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30, for the second time
    until = freeze.until(second)
    assert until is not None and until.astimezone(UTC) == datetime(2026, 10, 25, 1, 45, tzinfo=UTC)


@given(moments, moments, zones, times)
def test_it_ends_later_and_within_a_week(start: str, end: str, zone: str, now: datetime) -> None:
    until = Freeze(start, end, zone).until(now)
    if until is not None:
        left = until.astimezone(UTC) - now
        assert timedelta(0) < left <= timedelta(days=7, hours=1)
        assert f"{DAYS[until.weekday()]} {until:%H:%M}" == end


@given(moments, moments, times)
def test_it_holds_or_its_opposite_does(start: str, end: str, now: datetime) -> None:
    holds = Freeze(start, end).until(now) is not None
    if start == end:
        assert holds
    else:
        assert holds != (Freeze(end, start).until(now) is not None)


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "Fri",
        "Fri16:00",
        "fri 16:00",
        "Fri 24:00",
        "Fri 16:60",
        "Fri 1²:00",
        "Fri -1:00",
        "Fri 16:",
        "Fri 016:00",
    ],
)
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    with pytest.raises(RelmanError):
        Freeze(moment, "Mon 08:00").check()
    with pytest.raises(RelmanError):
        Freeze("Mon 08:00", moment).check()


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "Europe", "x" * 5000, "a\x00b"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(RelmanError):
        Freeze("Fri 16:00", "Mon 08:00", zone).check()
