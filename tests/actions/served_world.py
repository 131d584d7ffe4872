"""A world that stands still until a test moves it, and the real reader and writer on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relman.actions.gate import Gate
from relman.actions.journal import Journal
from relman.actions.operator import Operator
from relman.actions.tools import Tools
from relman.errors import Problem
from relman.github.reader import Reader
from relman.github.writer import Writer
from relman.model.freeze import Freeze
from relman.model.operation import Ended, Event
from relman.model.plan import Plan
from relman.probes import Probes
from relman.secret import Secret
from tests.demo.world_server import NOW, Served, new_site, served

REPO = "acme/agentic-backend"


@dataclass
class WorldsClock:
    """The world's own time; every sleep moves the world instead of waiting."""

    world: Served
    slept: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.world.site.clock.now().astimezone(UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.to_thread(self.world.move, "advance", seconds=seconds)


@dataclass
class Bench:
    world: Served
    tools: Tools
    clock: WorldsClock

    async def plan(self, action: Any, intent: Any) -> Plan:
        return (await self.tools.operator.prepare(action, intent)).plan

    async def refusal(self, action: Any, intent: Any) -> Problem:
        refused = (await self.tools.operator.prepare(action, intent)).refusal
        assert refused is not None
        return refused

    async def run(self, action: Any, intent: Any, word: str = "") -> tuple[Ended, list[Event]]:
        prepared = await self.tools.operator.prepare(action, intent)
        assert prepared.refusal is None, prepared.refusal
        events = [event async for event in self.tools.operator.run(prepared, word=word)]
        assert isinstance(events[-1], Ended)
        return events[-1], events[:-1]

    def writes(self) -> list[str]:
        """What was sent to change something, oldest first."""
        return [
            f"{one.method} {one.path}"
            for one in self.world.site.seen
            if one.method not in ("GET", "HEAD") and not one.path.startswith("/_world")
        ]

    def find(self, **wanted: Any) -> int:
        """The newest run with these fields, as GitHub's list has them."""
        for page in range(1, 20):
            listed = self.world.get(f"/repos/{REPO}/actions/runs?per_page=100&page={page}").json()[
                "workflow_runs"
            ]
            for run in listed:
                if all(run[name] == value for name, value in wanted.items()):
                    return int(run["id"])
        raise AssertionError(f"no run with {wanted}")


@contextmanager
def standing() -> Iterator[Served]:
    with served(new_site()) as world:
        yield world


@asynccontextmanager
async def bench(world: Served, home: Path, freezes: tuple[Freeze, ...] = ()) -> AsyncIterator[Bench]:
    clock = WorldsClock(world)
    token = Secret(world.token)
    reader = Reader(REPO, api_url=world.api_url, token=token, clock=clock)
    writer = Writer(REPO, api_url=world.api_url, token=token, meter=reader.meter, clock=clock, answer_time=10)
    operator = Operator(
        Gate(freezes=freezes), Journal(home / "journal.jsonl", lambda text: text), clock, sleep=clock.sleep
    )
    probes = Probes()
    tools = Tools(REPO, reader, writer, operator, probes, {}, clock, home / "scratch")
    try:
        yield Bench(world, tools, clock)
    finally:
        await writer.aclose()
        await reader.aclose()
        await probes.aclose()


def in_world(
    world: Served, home: Path, scene: Callable[[Bench], Awaitable[None]], freezes: tuple[Freeze, ...] = ()
) -> None:
    """Plays a scene on a loop of its own."""

    async def play() -> None:
        async with bench(world, home, freezes) as there:
            await scene(there)

    asyncio.run(play())


__all__ = ["NOW", "REPO", "Bench", "bench", "in_world", "standing", "timedelta"]
