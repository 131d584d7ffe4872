"""A world of a test's own: the real server, in a thread of this process, at a moment that is always the same.

Starting it costs half of what a process costs. That the program starts one as a process is tested where that is
the point: ``tests/demo/test_server_process.py``, ``tests/honest`` and everything that runs ``relman demo``.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from relman.demo.clock import WorldClock
from relman.demo.config_file import write_config
from relman.demo.server import Running, serve
from relman.demo.site import Site
from relman.demo.world import World

NOW = datetime.fromisoformat(os.environ.get("RELMAN_TEST_NOW") or "2026-11-23T10:00:00+00:00").astimezone(UTC)
"""A Monday morning. Another moment can be named, to see that no test needs this one."""


@dataclass(frozen=True)
class OwnWorld:
    """What :class:`relman.demo.embed.Embedded` tells of a world, and what is behind it."""

    api_url: str
    repo: str
    token: str
    config: Path
    site: Site = field(repr=False)


@contextmanager
def serving(site: Site) -> Iterator[Running]:
    """Serves from a thread with a loop of its own, so that tests can ask as any client would."""
    ready: list[Running] = []
    begun = threading.Event()

    async def run() -> None:
        async with serve(site) as running:
            ready.append(running)
            begun.set()
            await running.ended()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert begun.wait(60)
    try:
        yield ready[0]
    finally:
        ready[0].finish()
        thread.join(10)


@contextmanager
def world(
    *, seed: int = 1, speed: float = 1.0, now: datetime = NOW, frozen: bool = False
) -> Iterator[OwnWorld]:
    clock = WorldClock(now, speed=speed, frozen=frozen)
    site = Site(World(seed=seed, start=now, clock=clock.now), clock)
    with tempfile.TemporaryDirectory() as folder, serving(site) as running:
        name = f"{site.world.owner}/{site.world.name}"
        yield OwnWorld(running.api_url, name, site.token, write_config(site, Path(folder)), site)
