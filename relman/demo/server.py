"""Sockets and server: one process, three ports on the loopback, chosen by the system."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

from uvicorn import Config, Server

from relman.demo.api import Api
from relman.demo.connections import Connections
from relman.demo.front import Front
from relman.demo.routes import EVERY
from relman.demo.routing import Router
from relman.demo.site import Site

_HOST = "127.0.0.1"
_ORIGINS = ("api", "storage", "service")
_TICK = 1.0  # seconds between two looks at the clock while nobody asks


class Running:
    """A server that answers. ``finish`` lets it end; ``ended`` waits until it has."""

    def __init__(self, server: Server, urls: dict[str, str], task: asyncio.Task[None]) -> None:
        self._server = server
        self._task = task
        self.api_url = urls["api"]
        self.storage_url = urls["storage"]
        self.service_url = urls["service"]

    def finish(self) -> None:
        self._server.should_exit = True

    async def ended(self) -> None:
        await self._task


@contextlib.asynccontextmanager
async def serve(site: Site) -> AsyncIterator[Running]:
    """Serves the site until the block is left or the server is asked to end."""
    sockets = {origin: _listening() for origin in _ORIGINS}
    ports = {origin: opened.getsockname()[1] for origin, opened in sockets.items()}
    urls = {origin: f"http://{_HOST}:{port}" for origin, port in ports.items()}
    site.storage_url, site.service_url = urls["storage"], urls["service"]
    connections = Connections()
    front = Front(site, Api(site, Router(EVERY)), connections, {port: origin for origin, port in ports.items()})
    # What the server has to say about itself is no one's business; mistakes in here go to stderr by themselves.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    server = Server(
        Config(
            front,
            http=connections.protocol(),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=list(sockets.values())))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    living = asyncio.create_task(_live(site))
    running = Running(server, urls, task)
    try:
        yield running
    finally:
        living.cancel()
        running.finish()
        await running.ended()


def _listening() -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off for what is accepted here. Without, it
    # does not, and every answer on a kept connection waits 40 ms.
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((_HOST, 0))
    opened.listen(128)
    return opened


async def _live(site: Site) -> None:
    """Lets the world live while nobody asks, so that the next to ask need not wait for it to catch up."""
    while not site.clock.frozen:
        await asyncio.sleep(_TICK)
        site.world.advance()
