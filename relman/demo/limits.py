"""The hourly budget, counted as GitHub counts it, in world time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from relman.demo.view import JSON

WINDOW = timedelta(hours=1)
AUTHENTICATED = 5000
ANONYMOUS = 60
GRAPHQL = 5000
SEARCH = 30


@dataclass(slots=True)
class Allowance:
    """One caller's budget for one resource. The window opens with the first request in it."""

    resource: str
    limit: int
    used: int = 0
    reset: datetime | None = None

    def at(self, now: datetime) -> Allowance:
        """Itself, with a new window where the last one is over."""
        if self.reset is None or now >= self.reset:
            self.used = 0
            self.reset = now + WINDOW
        return self

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def exhausted(self) -> bool:
        return self.used >= self.limit

    def charge(self) -> None:
        self.used = min(self.limit, self.used + 1)

    def _reset_epoch(self) -> int:
        return int(self.reset.timestamp()) if self.reset else 0

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self._reset_epoch()),
            "x-ratelimit-resource": self.resource,
        }

    def rendered(self) -> JSON:
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining,
            "reset": self._reset_epoch(),
        }


class Limits:
    """The budgets of the token and of everybody without one."""

    def __init__(self) -> None:
        self._core = {
            True: Allowance("core", AUTHENTICATED),
            False: Allowance("core", ANONYMOUS),
        }
        self._others = {
            "graphql": Allowance("graphql", GRAPHQL),
            "search": Allowance("search", SEARCH),
        }

    def core(self, now: datetime, *, authenticated: bool) -> Allowance:
        return self._core[authenticated].at(now)

    def graphql(self, now: datetime) -> Allowance:
        return self._others["graphql"].at(now)

    def every(self, now: datetime, *, authenticated: bool) -> list[Allowance]:
        return [self.core(now, authenticated=authenticated), *(a.at(now) for a in self._others.values())]

    def leave(self, remaining: int, now: datetime) -> None:
        """Spends the token's budget down to ``remaining``."""
        core = self.core(now, authenticated=True)
        core.used = max(0, core.limit - remaining)
