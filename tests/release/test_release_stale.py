"""What may change while a prompt stands: the evidence is read again before the first step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
import worlds
from live_world import LiveWorld
from msgspec.structs import replace

from relman.actions.release import ReleaseAction
from relman.model.health import Health, HealthCheck
from relman.model.release_facts import ReleaseIntent

STAGING = r"/deployments\?.*environment=staging"


@pytest.fixture
def live(running: worlds.OwnWorld, tmp_path: Path) -> Iterator[LiveWorld]:
    made = LiveWorld(running, tmp_path / "home")
    yield made
    made.move("clear")


async def test_staging_that_moved_on_since_the_plan_is_stale(live: LiveWorld) -> None:
    intent = ReleaseIntent()
    async with live.tools() as tools:
        action = ReleaseAction(tools)
        facts = await action.gather(intent)
        assert await action.stale(facts, intent) is None
        newest, *others = live.repo("GET", "/deployments?environment=staging")
        other = {**newest, "sha": others[-1]["sha"], "ref": "v1.0.0"}
        live.move("faults", kind="body", match=STAGING, body=[other])
        problem = await action.stale(facts, intent)
        assert problem is not None
        assert problem.title == f"staging does not run {facts.history.head.sha[:7]} in good health any more"
        assert "it runs v1.0.0" in problem.detail


async def test_staging_that_fell_ill_since_the_plan_is_stale_unless_it_was_overridden(live: LiveWorld) -> None:
    intent = ReleaseIntent()
    async with live.tools() as tools:

        class Ill:
            async def check(self, checks: tuple[HealthCheck, ...]) -> tuple[Health, ...]:
                told = await tools.health.check(checks)
                return tuple(replace(one, ok=False, error="503 from the service") for one in told)

        facts = await ReleaseAction(tools).gather(intent)
        assert facts.evidence.staging.probed
        ill = ReleaseAction(replace(tools, health=Ill()))
        problem = await ill.stale(facts, intent)
        assert problem is not None and "503 from the service" in problem.detail
        known = replace(intent, overrides=MappingProxyType({"staging": "I know"}))
        assert await ill.stale(await ill.gather(known), known) is None
