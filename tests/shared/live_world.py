"""An embedded world with the hand behind it, and what actions work with on it."""

from __future__ import annotations

import urllib.error
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import worlds
from msgspec.structs import replace
from world_hand import Hand

from relman import wiring
from relman.actions.gate import Gate
from relman.actions.operator import Operator
from relman.actions.tools import Tools
from relman.cli import arguments


class Hurried:
    """A clock on which waiting costs nothing, set by the world's."""

    def __init__(self, world: worlds.OwnWorld) -> None:
        self._world = world
        self._slept = 0.0

    def now(self) -> datetime:
        return self._world.site.clock.now() + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return self._slept

    async def sleep(self, seconds: float) -> None:
        self._slept += seconds


@dataclass
class LiveWorld(Hand):
    world: worlds.OwnWorld
    home: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"RELMAN_TOKEN": self.world.token, "RELMAN_HOME": str(self.home), "PATH": ""}

    def repo(self, method: str, path: str, wish: Any = None) -> Any:
        return self.ask(method, f"/repos/{self.world.repo}{path}", wish)

    def sent(self, method: str, part: str) -> list[dict[str, Any]]:
        """Requests of that method whose path holds ``part``, oldest first."""
        seen = self.ask("GET", "/_world/requests")["requests"]
        return [one for one in seen if one["method"] == method and part in one["path"]]

    @asynccontextmanager
    async def tools(self, gate: Gate | None = None) -> AsyncIterator[Tools]:
        """As the commands get them, on a clock that waits for nobody."""
        made = wiring.session(arguments.parse([*self.place, "status"]), self.environ)
        async with wiring.acting(made) as tools:
            clock = Hurried(self.world)
            operator = Operator(gate or tools.operator.gate, tools.operator.journal, clock, sleep=clock.sleep)
            yield replace(tools, operator=operator, clock=clock)


def refused(call: Any, *arguments_: Any) -> int:
    """The status with which the world refuses a call; 0 where it does not."""
    try:
        call(*arguments_)
    except urllib.error.HTTPError as error:
        return error.code
    return 0
