"""What the releases screen reads, on the embedded world: it only looks, and looking again costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import worlds
from live_world import LiveWorld

from relman.actions.release_look import ReleaseLook


@pytest.fixture
def live(running: worlds.OwnWorld, tmp_path: Path) -> Iterator[LiveWorld]:
    yield LiveWorld(running, tmp_path / "home")


async def test_it_judges_as_the_plan_does_and_writes_nothing(live: LiveWorld) -> None:
    async with live.tools() as tools:
        look = ReleaseLook.of(tools)
        found = await look.unreleased()
        head = live.repo("GET", "/branches/main")["commit"]["sha"]
        assert found.history.head.sha == head and found.history.base is not None
        assert found.decision.tag == found.plan.word and found.groups
        near = await look.about(found.history.base.name, found.history.base.sha, None)
        assert near.ref is not None and near.ref.annotated and near.range is None
        ways = await look.ways_back("production")
        assert ways.running is not None and ways.tagged is not None
        assert ways.offered and all(one.name != ways.running.name for one in ways.offered)
        assert not live.sent("POST", "/repos/")


async def test_looking_again_costs_next_to_nothing(live: LiveWorld) -> None:
    async with live.tools() as tools:
        look = ReleaseLook.of(tools)
        await look.unreleased()
        before = live.ask("GET", "/rate_limit")["resources"]["core"]["used"]
        again = await look.unreleased()
        # Only what is not there has no validator: the tag to be made, and its release.
        assert live.ask("GET", "/rate_limit")["resources"]["core"]["used"] <= before + 2
        assert again.decision.version is not None
