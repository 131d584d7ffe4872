"""From a key to the paint that shows it, while the board is refreshed under the hand.

``python -m tests.bench.bench_keys [KEYS]``. To reach: 95 of 100 within 50 ms.

The real app without a terminal, on 1,000 runs of which the newest 20 have 300 jobs each, half of them with
lines between. Every publication brings a board of new objects only: all runs, and the jobs of the run in view
with one more of them done. Keys come as from a fast hand, by turns in the list and in the graph. The time runs
from the key until what it moved has moved and was painted, with the segments made as for a terminal; beside it
stands the work of this process in that time, which other programs on the machine do not lengthen.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from textual import events

from relman.board.store import Store
from relman.board.view import View
from relman.model.board import Board, Section
from relman.model.run import Job, Run, WorkflowSource
from relman.tui.app import RelmanApp
from relman.tui.screens.pipeline import PipelineScreen
from relman.tui.settings import DashboardSettings
from tests.bench.dashboard import load

NOW = datetime.now(UTC)
Took = tuple[float, float]  # seconds that passed, and of work of this process alone
_NOTHING = 0.15  # seconds without a move: the key was pressed at an end
PATH = ".github/workflows/ci.yml"
SHA = "4f2c9a1" + "0" * 33


class Still:
    """Stands for what polls and what reads logs: the bench publishes by itself."""

    def look(self, view: View) -> None:
        pass

    def refresh_now(self) -> None:
        pass


class Published:
    """A board that changes when the bench says so."""

    def __init__(self, board: Board) -> None:
        self.store = Store(board)
        self.poller = self.fetch = Still()

    def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass


def source(jobs: int) -> WorkflowSource:
    dice = random.Random(7)
    text = ["name: CI\non: push\njobs:\n"]
    for number in range(jobs):
        text.append(f"  job-{number}:\n    runs-on: ubuntu-latest\n    steps: [{{run: make}}]\n")
        needs = [f"job-{number - back}" for back in dice.sample(range(1, 13), 2) if number >= back]
        if needs and number % 2:
            text.append(f"    needs: [{', '.join(needs)}]\n")
    return WorkflowSource(PATH, SHA, "".join(text))


def run(number: int) -> Run:
    return Run(
        id=10_000 - number,
        name="CI",
        title=f"feat(agents): change number {number}",
        number=5000 - number,
        attempt=1,
        event="push",
        status="in_progress" if number < 20 else "completed",
        conclusion=None if number < 20 else "success",
        branch="main",
        sha=SHA,
        workflow_id=1,
        path=PATH,
        created_at=NOW - timedelta(minutes=number),
        started_at=NOW - timedelta(minutes=number),
        updated_at=NOW - timedelta(minutes=number),
    )


def jobs(run_id: int, count: int, done: int) -> tuple[Job, ...]:
    """``count`` jobs, ``done`` of them finished, the next thirty running."""
    return tuple(
        Job(
            id=run_id * 1000 + number,
            run_id=run_id,
            attempt=1,
            name=f"job-{number}",
            status="completed" if number < done else "in_progress" if number < done + 30 else "queued",
            conclusion="success" if number < done else None,
            created_at=NOW - timedelta(minutes=9),
            started_at=NOW - timedelta(minutes=8),
            completed_at=NOW - timedelta(minutes=2) if number < done else None,
        )
        for number in range(count)
    )


def first_board(runs: int, count: int) -> Board:
    made = tuple(run(number) for number in range(runs))
    file = Section(source(count), NOW)
    return Board(
        "acme/app",
        runs=Section(made, NOW),
        jobs=MappingProxyType({one.id: Section(jobs(one.id, count, 40), NOW) for one in made[:20]}),
        sources=MappingProxyType({one.id: file for one in made[:20]}),
        expected=MappingProxyType({PATH: MappingProxyType({f"job-{n}": 90.0 + n for n in range(count)})}),
    )


def next_board(board: Board, in_view: int | None, count: int, turn: int) -> Board:
    """The same in new objects; of the run in view another job is done."""
    now = datetime.now(UTC)
    runs = tuple(replace(one, updated_at=now) for one in board.runs.value or ())
    fresh = dict(board.jobs)
    if in_view in fresh:
        fresh[in_view] = Section(jobs(in_view, count, 40 + turn % 200), now)
    return replace(board, runs=Section(runs, now), jobs=MappingProxyType(fresh))


def moved(screen: PipelineScreen) -> Any:
    """What a key can have changed: the highlighted run, the selected box."""
    return screen._runs.key, screen._graph.selected if screen._graph.has_focus else None


async def measure(every: float, keys: int, runs: int, count: int) -> list[Took]:
    app = RelmanApp(Published(first_board(runs, count)), DashboardSettings(theme="dark"))
    painted: list[Took] = []
    display: Callable[..., None] = app._display

    def note(screen: Any, renderable: Any) -> None:
        display(screen, renderable)
        if hasattr(renderable, "render_segments"):
            renderable.render_segments(app.console)
            painted.append((time.perf_counter(), time.process_time()))

    app._display = note
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, PipelineScreen)

        async def publish() -> None:
            turn = 0
            while True:
                await asyncio.sleep(every)
                turn += 1
                shown = screen.run_shown
                app.watch_.store.publish(next_board(app.board, shown.id if shown else None, count, turn))

        publishing = asyncio.create_task(publish())
        took = [await press(app, screen, painted, key) for key in hand(keys)]
        publishing.cancel()
    return [one for one in took if one is not None]


def hand(keys: int) -> list[str]:
    """In the list down and up and to its ends, then in the graph every way, again and again."""
    dice = random.Random(1)
    pressed: list[str] = []
    while len(pressed) < keys:
        pressed += ["shift+tab"] if pressed else []
        pressed += dice.choices(["j", "j", "j", "k", "G", "g"], k=20)
        pressed += ["g", "tab"]
        pressed += dice.choices(["j", "k", "l", "l", "h", "g", "G"], k=20)
    return pressed[:keys]


async def press(app: RelmanApp, screen: PipelineScreen, painted: list[Took], key: str) -> Took | None:
    """Seconds from the key to its paint; None for one that moves nothing (the end was reached)."""
    await asyncio.sleep(random.Random(key).uniform(0.02, 0.06))
    before, start, worked = moved(screen), time.perf_counter(), time.process_time()
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    while moved(screen) == before:
        await asyncio.sleep(0.0002)
        if time.perf_counter() - start > _NOTHING:
            return None
    seen = len(painted)  # what is painted from here on shows it
    while len(painted) == seen:
        await asyncio.sleep(0.0002)
        if time.perf_counter() - start > 2:
            return None
    if "tab" in key:
        return None
    return painted[seen][0] - start, painted[seen][1] - worked


def report(label: str, took: list[Took]) -> None:
    print(f"{label}, {len(took)} keys")
    for name, values in zip(("passed", "own work"), zip(*took, strict=True), strict=True):
        parts = statistics.quantiles(values, n=100, method="inclusive")
        print(
            f"    {name:10} median {parts[49] * 1000:5.1f} ms  p95 {parts[94] * 1000:5.1f}"
            f"  p99 {parts[98] * 1000:5.1f}  most {max(values) * 1000:5.1f}"
        )


async def main(keys: int = 400, runs: int = 1000, count: int = 300) -> None:
    for label, every in (("nothing is refreshed", 1e9), ("refreshed every second", 1.0), ("every 100 ms", 0.1)):
        report(label, await measure(every, keys, runs, count))
    print(load())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
