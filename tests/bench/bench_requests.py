"""Requests a minute on the embedded world, idle and with a running run in view, in real time.

``python tests/bench/bench_requests.py [MINUTES]`` prints figures; it takes that long twice, after the fill.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from relman.board.clock import SystemClock
from relman.board.history import History
from relman.board.view import View
from relman.board.watch import Watch
from relman.demo import embed
from relman.github.reader import Reader
from relman.model.state import State
from relman.secret import Secret


def counted(world: embed.Embedded) -> dict[str, Any]:
    request = urllib.request.Request(
        world.api_url.rstrip("/") + "/_world", headers={"Authorization": f"Bearer {world.token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


async def measure(label: str, world: embed.Embedded, minutes: float) -> None:
    before = counted(world)
    await asyncio.sleep(60 * minutes)
    after = counted(world)
    requests = (after["requests"] - before["requests"] - 1) / minutes
    charged = (after["charged"] - before["charged"]) / minutes
    print(f"{label:40} {requests:6.1f} requests a minute, {charged:5.1f} charged")


async def main(directory: Path, minutes: float, world: embed.Embedded) -> None:
    history = History.open(directory, world.api_url, world.repo)
    reader = Reader(world.repo, api_url=world.api_url, token=Secret(world.token), validators=history.validators)
    watch = Watch(world.repo, lambda: reader, history, SystemClock(), directory / "logs", fill_pace=0)
    watch.start()
    quiet = 0
    last = -1
    while quiet < 3:  # the fill has ended when nothing but polling is left
        await asyncio.sleep(2)
        now = counted(world)["requests"]
        quiet = quiet + 1 if watch.store.board.fill.done and now - last <= 3 else 0
        last = now
    runs = watch.store.board.runs.value or ()
    finished = next(run for run in runs if run.state.finished)
    watch.poller.look(View(run_id=finished.id))
    await asyncio.sleep(5)
    active = [run for run in runs if run.state is State.RUNNING]
    label = "a run is running, a finished one in view" if active else "idle"
    await measure(label, world, minutes)
    if active:
        watch.poller.look(View(run_id=active[0].id))
        await asyncio.sleep(5)
        await measure("one running run in view", world, minutes)
    await watch.stop()


if __name__ == "__main__":
    # The clock stands: what is charged is charged by relman, not by a world that moves on.
    with embed.start(seed=1, frozen=True) as started, tempfile.TemporaryDirectory() as place:
        asyncio.run(main(Path(place), float(sys.argv[1]) if len(sys.argv) > 1 else 2.0, started))
