"""A world that stands still, in this process, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from worlds import serving

from relman.demo.clock import WorldClock
from relman.demo.server import Running
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
    with serving(site) as running:
        server = Served(site, running)
        try:
            yield server
        finally:
            server.client.close()
