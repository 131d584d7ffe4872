"""A small change with everything a change can have: facts, checks, a word, a text, steps that look and do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.gate import Gate
from relman.actions.journal import Journal
from relman.actions.operator import Operator
from relman.actions.tools import Tools
from relman.errors import OutcomeUnknownError, Problem, RelmanError
from relman.model.freeze import Freeze
from relman.model.plan import Change, Check, Plan, Step, Verdict

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)  # a Monday


class StillClock:
    """Stands still until a test moves it; its monotonic side moves with every sleep."""

    def __init__(self) -> None:
        self.time = NOW
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclass
class World:
    """What is changed, and what was asked of it. ``hold`` keeps a step's write waiting."""

    things: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    gathers: int = 0
    before: str = "v1.8.2"
    stale: Problem | None = None
    unreadable: Problem | None = None
    fails: dict[str, RelmanError] = field(default_factory=dict)  # by step: raised instead of doing it
    lost: set[str] = field(default_factory=set)  # by step: done, but no answer
    unseen: set[str] = field(default_factory=set)  # by step: accepted, never seen
    hold: asyncio.Event | None = None
    gather_hold: asyncio.Event | None = None


class Intent(Struct, frozen=True):
    version: str = "v1.9.0"
    word: str = ""
    production: bool = False
    rollback: bool = False
    checks: tuple[Check, ...] = ()
    text: str = ""
    permission: Problem | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ("The tag can be seen by everybody at once.",)
    steps: tuple[str, ...] = ("tag", "release")

    def with_override(self, key: str, reason: str) -> Intent:
        kept = tuple(pair for pair in self.overrides if pair[0] != key)
        return replace(self, overrides=(*kept, (key, reason)))

    def with_text(self, text: str) -> Intent:
        return replace(self, text=text)


class Facts(Struct, frozen=True):
    before: str
    at: datetime


class SmallChange:
    name = "release"

    def __init__(self, world: World, clock: StillClock) -> None:
        self.world = world
        self.clock = clock

    async def gather(self, intent: Intent) -> Facts:
        self.world.gathers += 1
        if self.world.gather_hold is not None:
            await self.world.gather_hold.wait()
        if self.world.unreadable is not None:
            raise RelmanError(self.world.unreadable)
        return Facts(self.world.before, self.clock.now())

    def plan(self, facts: Facts, intent: Intent) -> Plan:
        reasons = dict(intent.overrides)
        return Plan(
            action="release",
            title=f"Release {intent.version}",
            repo="acme/agentic-backend",
            target=f"{intent.version} at 1a2b3c4",
            steps=tuple(
                Step(
                    key,
                    f"Create the {key} {intent.version}",
                    f"POST /repos/acme/agentic-backend/{key}s",
                    f"delete the {key} {intent.version}",
                )
                for key in intent.steps
            ),
            facts_at=facts.at,
            environment="production" if intent.production else "",
            changes=(Change("newest version", facts.before, intent.version),),
            checks=tuple(
                replace(check, reason=reasons.get(check.key, check.reason)) for check in intent.checks
            ),
            warnings=intent.warnings,
            irreversible=intent.irreversible,
            text=intent.text,
            word=intent.word,
            permission=intent.permission,
            production=intent.production,
            rollback=intent.rollback,
            who="mara",
        )

    async def stale(self, facts: Facts, intent: Intent) -> Problem | None:
        return self.world.stale

    def deeds(self, facts: Facts, intent: Intent) -> Sequence[Deed]:
        return [self._deed(step, intent) for step in self.plan(facts, intent).steps]

    def _deed(self, step: Step, intent: Intent) -> Deed:
        world = self.world

        async def look() -> Sight:
            world.looks.append(step.key)
            there = world.things.get(step.key)
            if there is None or step.key in world.unseen:
                return Sight(Seen.ABSENT)
            seen = Seen.THERE if there == intent.version else Seen.OTHER
            return Sight(seen, f"{step.key} {there} is there", run_id=4711 if step.key == "release" else None)

        async def do() -> None:
            world.sent.append(step.key)
            if world.hold is not None:
                await world.hold.wait()
            if step.key in world.fails:
                raise world.fails[step.key]
            world.things[step.key] = intent.version
            if step.key in world.lost:
                from relman.errors import Kind

                raise OutcomeUnknownError(Problem(Kind.UNKNOWN, "No answer came", "read timed out"))

        return Deed(step, look, do, settle=3.0)


FAILED_CHECK = Check("ci", "CI is green on 1a2b3c4", Verdict.FAILED, ("test failed 4m ago",), overridable=True)
PASSED_CHECK = Check("staging", "Staging runs 1a2b3c4", Verdict.PASSED, ("since 11:40",))


class Never:
    """Stands where something must not be used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not used here")


@dataclass
class Bench:
    """Everything a test of a change needs."""

    world: World
    clock: StillClock
    journal: Journal
    operator: Operator
    tools: Tools
    action: SmallChange


def bench(directory: Path, *, read_only: bool = False, freezes: tuple[Freeze, ...] = ()) -> Bench:
    world, clock = World(), StillClock()
    journal = Journal(directory / "state" / "journal.jsonl", lambda text: text.replace("ghp_sentinel", "•••"))
    operator = Operator(Gate(read_only, freezes), journal, clock, sleep=clock.sleep)
    never = Never()
    tools = Tools("acme/agentic-backend", never, never, operator, never, {}, clock, directory / "scratch")  # type: ignore[arg-type]
    return Bench(world, clock, journal, operator, tools, SmallChange(world, clock))
