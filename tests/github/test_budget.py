"""The budget: what is left, when to wait, and that nothing is sent meanwhile."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.errors import Kind, RelmanError
from relman.github.budget import Meter

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECONDARY = json.dumps({"message": "You have exceeded a secondary rate limit."}).encode()


class HandClock:
    def __init__(self):
        self.time = START

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    def pass_(self, **time):
        self.time += timedelta(**time)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def meter(clock):
    return Meter(clock)


def window(remaining, reset=START + timedelta(minutes=30), limit=5000, **more):
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(reset.timestamp())),
        "X-RateLimit-Resource": "core",
    } | more


def refused(meter):
    with pytest.raises(RelmanError) as caught:
        meter.check()
    return caught.value.problem


def test_nothing_is_known_before_the_first_answer(meter):
    meter.check()
    assert meter.budget.remaining is None
    assert meter.budget.requests == 0


def test_an_unchanged_answer_is_counted_and_not_charged(meter):
    meter.feed(200, window(4999))
    meter.feed(304, window(4999))
    assert (meter.budget.requests, meter.budget.charged) == (2, 1)
    assert (meter.budget.limit, meter.budget.remaining) == (5000, 4999)
    assert meter.budget.reset_at == START + timedelta(minutes=30)


def test_an_answer_that_was_overtaken_does_not_give_requests_back(meter):
    meter.feed(200, window(4990))
    meter.feed(200, window(4995, START + timedelta(minutes=30, seconds=1)))
    assert meter.budget.remaining == 4990
    meter.feed(200, window(10, START - timedelta(minutes=30)))
    assert meter.budget.remaining == 4990
    meter.feed(200, window(4999, START + timedelta(minutes=90)))
    assert meter.budget.remaining == 4999


def test_other_limits_do_not_count(meter):
    meter.feed(200, window(0, **{"X-RateLimit-Resource": "search"}))
    meter.check()
    assert meter.budget.remaining is None


@pytest.mark.parametrize("status", [403, 429])
def test_a_used_up_limit_pauses_until_the_reset(meter, clock, status):
    end = meter.feed(status, window(0))
    assert end == START + timedelta(minutes=30, seconds=1)
    problem = refused(meter)
    assert problem.kind is Kind.RATE_LIMIT
    assert problem.retry_at == end
    assert meter.budget.paused_until == end
    clock.pass_(minutes=30, seconds=1)
    meter.check()
    assert meter.budget.paused_until is None


def test_the_last_request_of_a_window_already_pauses(meter):
    meter.feed(200, window(0))
    assert "used up" in refused(meter).title


def test_the_pause_is_measured_by_the_servers_clock(meter, clock):
    clock.pass_(hours=3)  # this machine is three hours ahead
    end = meter.feed(403, window(0, START + timedelta(minutes=10), Date="Mon, 23 Nov 2026 10:00:00 GMT"))
    assert end == clock.now() + timedelta(minutes=10, seconds=1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("0", 1), ("Mon, 23 Nov 2026 10:02:00 GMT", 120), ("999999999", 3600), ("soon", 60)],
)
def test_a_secondary_limit_is_obeyed(meter, header, seconds):
    headers = {"Retry-After": header, "X-RateLimit-Remaining": "4000"}
    assert meter.feed(403, headers, SECONDARY) == START + timedelta(seconds=seconds)
    assert "slow down" in refused(meter).title


def test_a_secondary_limit_without_a_time_waits_twice_as_long_each_time(meter, clock):
    waits = []
    for _ in range(9):
        end = meter.feed(403, {}, SECONDARY)
        waits.append((end - clock.now()).total_seconds())
        clock.pass_(hours=1)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    meter.feed(200, window(100, clock.now() + timedelta(minutes=5)))
    assert meter.feed(403, {}, SECONDARY) == clock.now() + timedelta(seconds=60)


def test_requests_that_hit_one_limit_together_count_as_one(meter, clock):
    ends = {meter.feed(403, {}, SECONDARY) for _ in range(8)}
    assert ends == {START + timedelta(seconds=60)}
    meter.feed(200, {})  # one that was answered before the limit and arrived after it
    assert meter.budget.paused_until == START + timedelta(seconds=60)


def test_a_pause_is_never_shortened(meter):
    meter.feed(403, {"Retry-After": "300"}, SECONDARY)
    meter.feed(403, {"Retry-After": "10"}, SECONDARY)
    assert meter.budget.paused_until == START + timedelta(seconds=300)


def test_a_missing_permission_is_no_limit(meter):
    assert meter.feed(403, window(4000), b'{"message": "Resource not accessible by integration"}') is None
    meter.check()


def test_threads_lose_no_count(meter):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: meter.feed(304 if number % 2 else 200, window(4000)), range(200)))
    assert (meter.budget.requests, meter.budget.charged) == (200, 100)


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([200, 304, 403, 404, 429, 500]),
        st.dictionaries(
            st.sampled_from(
                ["x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-limit", "retry-after", "date"]
            ),
            st.sampled_from(
                ["0", "1", "5000", "9" * 18, "9" * 30, "-1", "", "x", "Mon, 23 Nov 2026 10:00:00 GMT"]
            ),
        ),
        st.sampled_from([b"", SECONDARY, b"<html>"]),
    ),
    max_size=8,
)


@given(ANSWERS)
def test_no_headers_make_it_fail_or_pause_for_ever(answers):
    clock = HandClock()
    meter = Meter(clock)
    for status, headers, body in answers:
        meter.feed(status, headers, body)
        budget = meter.budget
        assert budget.requests >= budget.charged
        if budget.paused_until is not None:
            assert clock.now() < budget.paused_until <= clock.now() + timedelta(hours=1)
            clock.time = budget.paused_until
            meter.check()
