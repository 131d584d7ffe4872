"""Makes the pictures in this folder: the dashboard on the embedded world, at a fixed moment, at two sizes.

    python screenshots/make.py            # every picture as .svg, .png and .txt
    python screenshots/make.py --text     # only the texts (what the test compares)

The world is seeded and its clock stands still, so the same program gives the same pictures. The PNG files
need the package ``resvg-py`` and the font Fira Code (Debian: fonts-firacode).
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relman.board.fetch import Fetch
from relman.board.history import History
from relman.board.store import Store
from relman.board.view import View
from relman.board.watch import Watch
from relman.demo import embed
from relman.github.reader import Reader
from relman.model.board import Board, Section
from relman.model.health import HealthCheck
from relman.model.repository import Budget
from relman.probes import Probes
from relman.secret import Secret
from relman.tui.app import RelmanApp
from relman.tui.settings import DashboardSettings
from relman.tui.widgets.keyed_list import KeyedList

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 17, 10, 24, tzinfo=UTC)
SIZES = {"wide": (160, 45), "narrow": (80, 24)}
_LOOKS = 20
_PATIENCE = 60.0  # seconds until a picture must be complete


class FixedClock:
    """The world's moment, for what asks the time of day; what waits still gets real seconds."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class Still:
    """A board that does not change while it is painted."""

    def __init__(self, board: Board, fetch: Fetch) -> None:
        self.store = Store(board)
        self.fetch = fetch
        self.poller = self

    def look(self, view: View, /) -> None:
        """Nothing is asked."""

    def refresh_now(self) -> None:
        """Nothing is asked."""

    def start(self) -> None:
        """Nothing begins."""

    async def stop(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class Picture:
    name: str
    keys: tuple[str, ...] = ()
    select: Callable[[Board], int] | None = None  # the run to stand on


def running(board: Board) -> int:
    return next(run.id for run in board.runs.value or () if run.name == "CI" and run.state.active)


def failed(board: Board) -> int:
    return next(run.id for run in board.runs.value or () if run.name == "CI" and run.state.failed)


def waiting(board: Board) -> int:
    return next(run.id for run in board.runs.value or () if run.status == "waiting")


PICTURES = (
    Picture("pipeline", select=running),
    Picture("failed", ("tab",), select=failed),
    Picture("waiting", select=waiting),
    Picture("log", ("tab", "L", "g", "n"), select=failed),
    Picture("help", ("question_mark",), select=running),
)


async def gather(world: embed.Embedded, folder: Path) -> tuple[Board, Fetch, Callable[[], Awaitable[None]]]:
    """The board of the world with everything that the pictures show, through the real readers."""
    clock = FixedClock()
    history = History.open(folder / "state", world.api_url, world.repo)
    reader = Reader(world.repo, api_url=world.api_url, token=Secret(world.token), validators=history.validators)
    service = _service(world.config)
    checks = {name: (HealthCheck("api", f"{url}/api/v1/health", "version"),) for name, url in service.items()}
    watch = Watch(
        world.repo, lambda: reader, history, clock, folder / "logs", health=Probes, checks=checks, fill_pace=0.0
    )
    watch.start()
    await _until(lambda: watch.store.board.runs.value is not None, "the runs")
    chosen = [pick(watch.store.board) for pick in (running, failed, waiting)]
    for run_id in chosen:
        watch.poller.look(View("pipeline", run_id))
        await _until(lambda run_id=run_id: _complete(watch.store.board, run_id), f"run {run_id}")  # type: ignore[misc]
        for job in watch.store.board.jobs[run_id].value or ():
            if job.state.failed:
                watch.poller.look(View("pipeline", run_id, job.id))
                await _until(lambda job_id=job.id: job_id in watch.store.board.annotations, "annotations")  # type: ignore[misc]
    await _until(lambda: _settled(watch.store.board), "the rest")
    expected = None
    while expected != watch.store.board.expected:  # the newest runs decide; older ones change nothing more
        expected = watch.store.board.expected
        await asyncio.sleep(1.0)
    board = _still(watch.store.board)
    return board, watch.fetch, watch.stop


def _service(config: Path) -> Mapping[str, str]:
    import tomllib

    settings = tomllib.loads(config.read_text(encoding="utf-8"))
    return {name: str(one["url"]) for name, one in settings["environments"].items()}


def _complete(board: Board, run_id: int) -> bool:
    return run_id in board.jobs and run_id in board.sources and board.jobs[run_id].value is not None


def _settled(board: Board) -> bool:
    return (
        board.fill.done
        and "performance" in board.expected.get(".github/workflows/ci.yml", {})
        and "deploy-production" in board.expected.get(".github/workflows/cd.yml", {})
        and all(name in board.health and name in board.deployments for name in ("staging", "production"))
        and board.repository.value is not None
        and bool(board.pending)
    )


def _still(board: Board) -> Board:
    """The board as of one moment: ages, latencies and what is left of the budget depend on the machine."""

    def at_once(section: Section[Any]) -> Section[Any]:
        return dataclasses.replace(section, fetched_at=NOW - timedelta(seconds=4))

    changes: dict[str, Any] = {
        "budget": Budget(5000, 4873, NOW + timedelta(minutes=36)),
        "clock_offset": timedelta(0),
    }
    for field in dataclasses.fields(board):
        value = getattr(board, field.name)
        if isinstance(value, Section):
            changes[field.name] = at_once(value)
        elif isinstance(value, Mapping) and value and all(isinstance(one, Section) for one in value.values()):
            changes[field.name] = {key: at_once(one) for key, one in value.items()}
    changes["health"] = {
        name: dataclasses.replace(
            section,
            value=tuple(dataclasses.replace(one, latency=0.012, checked_at=NOW) for one in section.value or ()),
        )
        for name, section in changes.get("health", board.health).items()
    }
    return dataclasses.replace(board, **changes)


async def _until(ready: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            while not ready():  # noqa: ASYNC110 - the board says when it changed, not when it is complete
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise SystemExit(f"The world did not show {what} within {_PATIENCE:g} s.") from None


async def paint(picture: Picture, board: Board, fetch: Fetch, size: tuple[int, int]) -> tuple[str, str]:
    """One screen as SVG and as text."""
    app = RelmanApp(Still(board, fetch), DashboardSettings(theme="dark"), FixedClock())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if picture.select is not None:
            app.screen.query_one("#runs-list", KeyedList).highlight(picture.select(board))
            await pilot.pause()
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        before = ""
        for _ in range(_LOOKS):  # a busy machine lays out late
            await pilot.pause(0.3)
            if _text(app) == before:
                break
            before = _text(app)
        return app.export_screenshot(title="relman"), _text(app)


def _text(app: RelmanApp) -> str:
    return "".join(strip.text.rstrip() + "\n" for strip in app.screen._compositor.render_strips())


async def texts_and_drawings(names: set[str] | None = None) -> dict[str, tuple[str, str]]:
    """Every picture by file name (``pipeline-wide``): its SVG and its text."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, embed.start(seed=1, now=NOW, frozen=True) as world:
        board, fetch, stop = await gather(world, Path(folder))
        try:
            for picture in PICTURES:
                for label, size in SIZES.items():
                    name = f"{picture.name}-{label}"
                    if names is None or name in names:
                        found[name] = await paint(picture, board, fetch, size)
        finally:
            await stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the dashboard.")
    parser.add_argument("--text", action="store_true", help="only the texts")
    arguments = parser.parse_args()
    for name, (svg, text) in asyncio.run(texts_and_drawings()).items():
        (HERE / f"{name}.txt").write_text(text, encoding="utf-8")
        if arguments.text:
            continue
        import resvg_py

        (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")
        (HERE / f"{name}.png").write_bytes(
            bytes(resvg_py.svg_to_bytes(svg_string=svg, font_family="Fira Code", monospace_family="Fira Code"))
        )


if __name__ == "__main__":
    main()
