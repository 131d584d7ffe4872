"""What the API still allows, from the answers of everything that talks to it.

A primary limit pauses until the window resets, a secondary one for as long as ``Retry-After`` says, or at
least a minute and twice as long each time it happens again. While paused nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from msgspec.structs import replace

from relman.errors import RelmanError
from relman.github.clock import Clock
from relman.github.errors import is_limit, limited
from relman.github.parse_repository import moment
from relman.github.reply import Reply, http_date, whole_number
from relman.model.repository import Budget

_FIRST_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(hours=1)  # GitHub's windows are an hour; more is a mistake or an attack
_SAME_WINDOW = timedelta(seconds=5)  # servers differ by a second or two about one window's end


class Meter:
    """One for all clients of one token. Safe to feed from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._budget = Budget()
        self._primary = False
        self._again = 0  # secondary limits in a row

    @property
    def budget(self) -> Budget:
        """The state now; ``paused_until`` by this machine's clock, None once it has passed."""
        with self._lock:
            return self._current()

    def check(self) -> None:
        """Raises a rate-limit problem, with when it ends, while nothing may be sent."""
        with self._lock:
            until = self._current().paused_until
            primary = self._primary
        if until is not None:
            raise RelmanError(limited(until, primary=primary))

    def feed(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> datetime | None:
        """Takes one answer in. Gives the end of the pause where the answer was a limit."""
        reply = Reply(status, {name.lower(): value for name, value in headers.items()}, body)
        limit = is_limit(reply)
        with self._lock:
            was_paused = self._current().paused_until is not None
            self._count(reply)
            self._note_window(reply)
            if limit:
                self._pause(reply, was_paused)
            elif not was_paused:
                self._again = 0
                if self._used_up(reply):
                    self._pause_until_reset(reply)
            return self._current().paused_until if limit else None

    def _current(self) -> Budget:
        until = self._budget.paused_until
        if until is not None and until <= self._clock.now():
            self._budget = replace(self._budget, paused_until=None)
        return self._budget

    def _count(self, reply: Reply) -> None:
        charged = 0 if reply.status == 304 else 1
        self._budget = replace(
            self._budget, requests=self._budget.requests + 1, charged=self._budget.charged + charged
        )

    def _note_window(self, reply: Reply) -> None:
        """Answers can overtake each other: within one window the smaller remainder is the newer."""
        if reply.header("x-ratelimit-resource") not in {"", "core"}:
            return
        remaining = whole_number(reply.header("x-ratelimit-remaining"))
        reset_at = moment(whole_number(reply.header("x-ratelimit-reset")))
        if remaining is None or reset_at is None:
            return
        known, left = self._budget.reset_at, self._budget.remaining
        if known is not None and left is not None:
            if reset_at < known - _SAME_WINDOW:
                return
            if reset_at <= known + _SAME_WINDOW:
                remaining, reset_at = min(remaining, left), max(reset_at, known)
        limit = whole_number(reply.header("x-ratelimit-limit"))
        self._budget = replace(
            self._budget,
            limit=self._budget.limit if limit is None else limit,
            remaining=remaining,
            reset_at=reset_at,
        )

    def _used_up(self, reply: Reply) -> bool:
        return (
            reply.header("x-ratelimit-remaining") == "0"
            and reply.header("x-ratelimit-resource") in {"", "core"}
            and (whole_number(reply.header("x-ratelimit-limit")) or 0) > 0
        )

    def _pause(self, reply: Reply, was_paused: bool) -> None:
        asked = self._retry_after(reply)
        if asked is not None:
            self._pause_for(asked, primary=reply.header("x-ratelimit-remaining") == "0")
        elif reply.header("x-ratelimit-remaining") == "0":
            self._pause_until_reset(reply)
        elif not was_paused:  # requests under way together hit one limit together: that is one, not many
            self._pause_for(_FIRST_PAUSE * 2 ** min(self._again, 6), primary=False)
            self._again += 1

    def _pause_until_reset(self, reply: Reply) -> None:
        """By the server's own clock, where it says its time: this machine's may be wrong."""
        reset_at = moment(whole_number(reply.header("x-ratelimit-reset")))
        now = http_date(reply.header("date")) or self._clock.now()
        left = _FIRST_PAUSE if reset_at is None else reset_at - now
        self._pause_for(left + timedelta(seconds=1), primary=True)

    def _pause_for(self, time: timedelta, *, primary: bool) -> None:
        until = self._clock.now() + min(max(time, timedelta(seconds=1)), _LONGEST_PAUSE)
        before = self._budget.paused_until
        if before is None or until > before:
            self._primary = primary
            self._budget = replace(self._budget, paused_until=until)

    def _retry_after(self, reply: Reply) -> timedelta | None:
        header = reply.header("retry-after")
        seconds = whole_number(header)
        if seconds is not None:
            return timedelta(seconds=min(seconds, int(_LONGEST_PAUSE.total_seconds())))
        at = http_date(header) if header else None
        if at is None:
            return None
        return at - (http_date(reply.header("date")) or self._clock.now())
