"""Makes the pictures in this folder: the dashboard on the embedded world, at a fixed moment, at two sizes.

    python screenshots/make.py                  # every picture as .svg, .png and .txt
    python screenshots/make.py approve journal  # only these
    python screenshots/make.py --text           # only the texts (what the test compares)
    python screenshots/make.py --into DIR       # somewhere else

The world is seeded and its clock stands still, so the same program gives the same pictures. The PNG files
need the package ``resvg-py`` and the font Fira Code (Debian: fonts-firacode).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import structs
from textual.pilot import Pilot

from relman.actions.gate import Gate
from relman.actions.hotfix import HotfixAction
from relman.actions.journal import Journal
from relman.actions.operator import Action, Operator
from relman.actions.release_look import ReleaseLook
from relman.actions.rerun import Rerun, RerunAction
from relman.actions.review import ReviewAction
from relman.actions.tools import Tools
from relman.board.fetch import Fetch
from relman.board.history import History
from relman.board.store import Store
from relman.board.view import View
from relman.board.watch import Watch
from relman.demo import embed
from relman.github.reader import Reader
from relman.github.writer import Writer
from relman.model.board import Board, Fill, Section
from relman.model.health import HealthCheck
from relman.model.hotfix_plan import HotfixIntent
from relman.model.operation import Ended, Outcome
from relman.model.repository import Budget
from relman.model.rerun import Which
from relman.model.review import APPROVED, Review, Target
from relman.probes import Probes
from relman.secret import Secret
from relman.tui.app import RelmanApp
from relman.tui.settings import DashboardSettings
from relman.tui.widgets.keyed_list import KeyedList

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 17, 10, 24, tzinfo=UTC)
SIZES = {"wide": (160, 45), "narrow": (80, 24)}
JOURNAL = Path("~/.local/state/relman/journal.jsonl")  # below a passing folder: only its name is shown
_LOOKS = 60
_CALM = 0.05  # seconds between two looks
_PATIENCE = 60.0  # seconds until a picture must be complete


class FixedClock:
    """The world's moment, for what asks the time of day; what waits still gets real seconds."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

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

    def refresh_now(self, *what: object) -> None:
        """Nothing is asked."""

    def start(self) -> None:
        """Nothing begins."""

    async def stop(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True)
class Picture:
    """``shows`` are words that have to be there before it is taken: what a dialog reads comes later."""

    name: str
    keys: tuple[str, ...] = ()
    select: Callable[[Board], int] | None = None  # the run to stand on
    shows: str = ""
    after_work: bool = False  # taken once the journal has something


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
    Picture("deploys", ("2",)),
    Picture("environment", ("2", "G")),
    Picture("review", ("2", "a"), shows="See the plan"),
    Picture("approve", ("2", "a", *"Looks good", "enter"), shows="read just now"),
    Picture("releases", ("3",), shows="Gates"),
    Picture("release", ("3", "t", "enter"), shows="read just now"),
    Picture("version", ("3", "t"), shows="Tag a release"),
    Picture("rollback", ("2", "G", "R"), shows="deploy it again"),
    Picture("rerun", ("tab", "e"), select=failed),
    Picture("cancel", ("c",), select=running, shows="read just now"),
    Picture("dispatch", ("D", *"cd.yml", "enter"), shows="environment"),
    Picture("journal", ("exclamation_mark",), shows="Journal", after_work=True),
)


@dataclass(frozen=True)
class Stand:
    """Everything the pictures are taken of."""

    board: Board
    fetch: Fetch
    tools: Tools
    clock: FixedClock

    async def work(self) -> None:
        """A morning's changes, for the journal."""
        try:
            await self._carry_out(51, HotfixAction(self.tools), HotfixIntent())
            await self._carry_out(16, RerunAction(self.tools), Rerun(failed(self.board), Which.FAILED))
            await self._carry_out(0, ReviewAction(self.tools), self._approval())
        finally:
            self.clock.at = NOW

    def _approval(self) -> Review:
        run = self.board.run(waiting(self.board))
        assert run is not None
        gates = self.board.pending[run.id].value or ()
        targets = tuple(Target(one.environment_id, one.environment) for one in gates)
        return Review(run.id, run.attempt, run.sha, targets, APPROVED, "Looks good")

    async def _carry_out(self, minutes_ago: int, action: Action[Any, Any], intent: object) -> None:
        self.clock.at = NOW - timedelta(minutes=minutes_ago)
        prepared = await self.tools.operator.prepare(action, intent)
        async for event in self.tools.operator.run(prepared, word=prepared.plan.word):
            if isinstance(event, Ended) and event.outcome is not Outcome.DONE:
                raise SystemExit(f"{event.sentence}: {event.problem}")


@contextlib.asynccontextmanager
async def stand(world: embed.Embedded, folder: Path) -> AsyncIterator[Stand]:
    """The board of the world with everything that the pictures show, through the real readers; a hand to act."""
    clock = FixedClock()
    history = History.open(folder / "state", world.api_url, world.repo)
    reader = Reader(world.repo, api_url=world.api_url, token=Secret(world.token), validators=history.validators)
    service = _service(world.config)
    checks = {name: (HealthCheck("api", f"{url}/api/v1/health", "version"),) for name, url in service.items()}
    health = Probes()
    watch = Watch(
        world.repo,
        lambda: reader,
        history,
        clock,
        folder / "logs",
        health=lambda: health,
        checks=checks,
        fill_pace=0.0,
    )
    writer = Writer(world.repo, api_url=world.api_url, token=Secret(world.token), meter=reader.meter)
    tools = Tools(
        repo=world.repo,
        reader=reader,
        writer=writer,
        operator=Operator(Gate(), Journal(JOURNAL, _same_names), clock),
        health=health,
        checks=checks,
        clock=clock,
        scratch=folder / "scratch",
    )
    try:
        yield Stand(await _gather(watch), watch.fetch, tools, clock)
    finally:
        await writer.aclose()
        await watch.stop()


def _same_names(text: str) -> str:
    """An operation's name ends by chance."""
    return re.sub(r"(?<=\dT\d{6}-)[0-9a-f]{6}", "3f9a1c", text)


async def _gather(watch: Watch) -> Board:
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
    for environment in ("staging", "production"):
        watch.poller.look(View("deploys", waiting(watch.store.board), environment=environment))
        await _until(lambda: _deploys(watch.store.board), "the environments")
    watch.poller.look(View("releases"))
    await _until(lambda: watch.store.board.head.value is not None, "the branch")
    expected = None
    while expected != watch.store.board.expected:  # the newest runs decide; older ones change nothing more
        expected = watch.store.board.expected
        await asyncio.sleep(1.0)
    return _still(watch.store.board)


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


def _deploys(board: Board) -> bool:
    """Whether all that the Deploys screen says of the environments was read."""
    custom = [one.name for one in board.environments.value or () if one.custom_policies]
    return (
        waiting(board) in board.approvals
        and all(name in board.policies for name in custom)
        and all(one.name in board.custom_rules for one in board.environments.value or ())
    )


def _still(board: Board) -> Board:
    """The board as of one moment: ages, latencies and what is left of the budget depend on the machine."""

    def at_once(section: Section[Any]) -> Section[Any]:
        return structs.replace(section, fetched_at=NOW - timedelta(seconds=4))

    changes: dict[str, Any] = {
        "budget": Budget(5000, 4873, NOW + timedelta(minutes=36)),
        "clock_offset": timedelta(0),
        "fill": Fill(done=True),  # how far the history has come depends on the machine, too
    }
    for name in board.__struct_fields__:
        value = getattr(board, name)
        if isinstance(value, Section):
            changes[name] = at_once(value)
        elif isinstance(value, Mapping) and value and all(isinstance(one, Section) for one in value.values()):
            changes[name] = {key: at_once(one) for key, one in value.items()}
    changes["health"] = {
        name: structs.replace(
            section,
            value=tuple(structs.replace(one, latency=0.012, checked_at=NOW) for one in section.value or ()),
        )
        for name, section in changes.get("health", board.health).items()
    }
    return structs.replace(board, **changes)


async def _until(ready: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            while not ready():  # noqa: ASYNC110 - the board says when it changed, not when it is complete
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise SystemExit(f"The world did not show {what} within {_PATIENCE:g} s.") from None


async def paint(picture: Picture, there: Stand, size: tuple[int, int]) -> tuple[str, str]:
    """One screen as SVG and as text."""
    settings = DashboardSettings(theme="dark")
    app = RelmanApp(
        Still(there.board, there.fetch),
        settings,
        FixedClock(),
        tools=lambda: there.tools,
        look=lambda: ReleaseLook.of(there.tools),
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if picture.select is not None:
            app.screen.query_one("#runs-list", KeyedList).highlight(picture.select(there.board))
            await pilot.pause()
        for key in picture.keys:
            await pilot.press(key)
            await _at_rest(app, pilot, 2)
        try:
            await _until(lambda: picture.shows in _text(app), f"{picture.shows!r} on {picture.name}")
        except SystemExit as error:
            raise SystemExit(f"{error}\n{_text(app)}") from None
        app.clear_notifications()
        await _at_rest(app, pilot, 4)
        return app.export_screenshot(title="relman"), _text(app)


async def _at_rest(app: RelmanApp, pilot: Pilot[None], looks: int) -> None:
    """Until that many looks in a row find the same text: a busy machine lays out late."""
    before, same = "", 0
    for _ in range(_LOOKS):
        await pilot.pause(_CALM)
        text = _text(app)
        same, before = same + 1 if text == before else 0, text
        if same == looks:
            return


def _text(app: RelmanApp) -> str:
    return "".join(strip.text.rstrip() + "\n" for strip in app.screen._compositor.render_strips())


@contextlib.contextmanager
def _somewhere() -> Iterator[Path]:
    """A place where paths and times of day read the same on every machine."""
    zone = os.environ.get("TZ")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ["TZ"] = "UTC"
        time.tzset()
        try:
            yield Path(folder)
        finally:
            if zone is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = zone
            time.tzset()


async def texts_and_drawings(names: set[str] | None = None) -> dict[str, tuple[str, str]]:
    """Every picture by file name (``pipeline-wide``): its SVG and its text."""
    found = {}
    with embed.start(seed=1, now=NOW, frozen=True) as world, _somewhere() as folder:
        async with stand(world, folder) as there:
            worked = False
            for picture in sorted(PICTURES, key=lambda one: one.after_work):
                for label, size in SIZES.items():
                    name = f"{picture.name}-{label}"
                    if names is not None and name not in names:
                        continue
                    if picture.after_work and not worked:
                        await there.work()
                        worked = True
                    found[name] = await paint(picture, there, size)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of the dashboard.")
    parser.add_argument("--text", action="store_true", help="only the texts")
    parser.add_argument("--into", type=Path, default=HERE, metavar="DIR", help="instead of this folder")
    parser.add_argument("picture", nargs="*", help="only these; all where none is named")
    arguments = parser.parse_args()
    folder = arguments.into.absolute()
    wanted = {f"{name}-{size}" for name in arguments.picture for size in SIZES} or None
    for name, (svg, text) in asyncio.run(texts_and_drawings(wanted)).items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        if arguments.text:
            continue
        import resvg_py

        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        (folder / f"{name}.png").write_bytes(
            bytes(resvg_py.svg_to_bytes(svg_string=svg, font_family="Fira Code", monospace_family="Fira Code"))
        )


if __name__ == "__main__":
    main()
