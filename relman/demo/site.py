"""Everything one running server holds: the world, its clock, who may ask, limits, faults, memory."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from relman.demo.clock import WorldClock
from relman.demo.faults import Faults
from relman.demo.limits import Limits
from relman.demo.rights import Rights
from relman.demo.signing import Signer
from relman.demo.view import View
from relman.demo.world import World

_REMEMBERED = 20_000
_VIEWS = 32


@dataclass(slots=True)
class Seen:
    """One request as it was answered. ``path`` has the query; ``charged`` says whether it cost quota."""

    number: int
    at: str
    origin: str  # "api", "storage", "service"
    form: str  # of the request line: "origin", "absolute", or "prefixed" for /api/v3
    method: str
    path: str
    status: int
    conditional: bool
    authorization: bool
    charged: bool
    fault: str | None
    user_agent: str


@dataclass(slots=True)
class RunsCap:
    """How many runs a filtered list gives at most, and whether ``total_count`` admits to more."""

    results: int = 1000
    total: Literal["all", "capped"] = "all"


@dataclass(slots=True)
class Site:
    world: World
    clock: WorldClock
    token: str = field(default_factory=lambda: "world-" + secrets.token_hex(16))
    rights: Rights = field(default_factory=Rights)  # the token's
    storage_url: str = ""  # set when the sockets are bound
    service_url: str = ""
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    cap: RunsCap = field(default_factory=RunsCap)
    seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    requests: int = 0
    signer: Signer = field(init=False)
    _views: dict[tuple[str, str], View] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signer = Signer(self.clock)

    def view(self, api: str, web: str) -> View:
        """The world as seen from one pair of addresses; the same object for the same pair."""
        key = (api, web)
        if key not in self._views:
            if len(self._views) >= _VIEWS:
                self._views.clear()
            self._views[key] = View(self.world, api, web)
        return self._views[key]

    def remember(self, **facts: Any) -> None:
        self.requests += 1
        self.seen.append(Seen(number=self.requests, **facts))
