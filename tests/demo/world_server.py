"""A world that stands still, in this process, and a client for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from relman.demo.clock import WorldClock
from relman.demo.server import Running, serve
from relman.demo.site import Site
from relman.demo.world import World

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
R = "/repos/acme/agentic-backend"


class Served:
    def __init__(self, site: Site, running: Running) -> None:
        self.site = site
        self.api_url = running.api_url
        self.storage_url = running.storage_url
        self.service_url = running.service_url
        self.token = site.token
        self.client = httpx.Client(base_url=running.api_url, headers={"authorization": f"Bearer {site.token}"})

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def move(self, name: str, /, **wish: object) -> httpx.Response:
        answer = self.client.post(f"/_world/{name}", json=wish)
        assert answer.status_code == 200, answer.text
        return answer

    def fault(self, kind: str, match: str = "", **wish: object) -> None:
        self.move("faults", kind=kind, match=match, **wish)


def new_site() -> Site:
    clock = WorldClock(NOW, frozen=True)
    return Site(World(seed=1, start=NOW, clock=clock.now), clock)


@contextmanager
def served(site: Site) -> Iterator[Served]:
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
    assert begun.wait(20)
    server = Served(site, ready[0])
    try:
        yield server
    finally:
        server.client.close()
        ready[0].finish()
        thread.join(10)
