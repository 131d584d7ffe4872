"""``python -m relman.demo``: serves one world until it is told to end.

When it answers, one line of JSON goes to stdout::

    {"schema": "relman.demo/1", "api_url": "http://127.0.0.1:…", "repo": "acme/agentic-backend",
     "token": "…", "config": "/…/relman.toml", "hosts": []}

It ends with exit code 0 on SIGTERM, SIGINT, or, with ``--with-parent``, when its standard input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from relman.demo.clock import WorldClock
from relman.demo.config_file import write_config
from relman.demo.server import Running, serve
from relman.demo.site import Site
from relman.demo.world import World

SCHEMA = "relman.demo/1"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    start = options.now or datetime.now(UTC)
    clock = WorldClock(start, speed=options.speed, frozen=options.frozen)
    # Before the server's own handlers, which hand the signal on to these when they are done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    site = Site(World(seed=options.seed, start=start, clock=clock.now), clock)
    directory = Path(tempfile.mkdtemp(prefix="relman-demo-", dir=options.state_dir))
    try:
        asyncio.run(_serve(site, directory, with_parent=options.with_parent))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


async def _serve(site: Site, directory: Path, *, with_parent: bool) -> None:
    async with serve(site) as running:
        print(json.dumps(_announcement(site, running, directory)), flush=True)  # noqa: T201  the promised line
        watching = asyncio.create_task(_until_parent_ends(running)) if with_parent else None
        await running.ended()
        if watching is not None:
            watching.cancel()


def _announcement(site: Site, running: Running, directory: Path) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "api_url": running.api_url,
        "repo": f"{site.world.owner}/{site.world.name}",
        "token": site.token,
        "config": str(write_config(site, directory)),
        "hosts": [],
    }


async def _until_parent_ends(running: Running) -> None:
    """A parent that dies cannot say so, but its end of the pipe closes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with contextlib.suppress(ValueError):  # stdin is a file: it has no end to wait for, and is read at once
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    running.finish()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m relman.demo", description="Serve the embedded world.")
    parser.add_argument("--seed", type=int, default=1, help="which world (default 1)")
    parser.add_argument("--speed", type=_speed, default=1.0, help="world seconds per real second (default 1)")
    parser.add_argument(
        "--now", type=_moment, help="the world's present when it begins (ISO 8601; default: now)"
    )
    parser.add_argument("--frozen", action="store_true", help="the clock stands still until it is moved")
    parser.add_argument("--state-dir", type=Path, help="where the private directory is made")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 100_000:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 100000")
    return speed


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 time") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
