from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.signal import Signal

from relman.board.ports import Progress
from relman.errors import Kind, Problem, RelmanError
from relman.model.board import Board
from relman.model.job_log import BOM
from relman.model.run import Job, Step
from relman.tui.commands.command import CommandHost
from relman.tui.present.log import LogStatus, log_title, status_line
from relman.tui.present.piece import text_of
from relman.tui.screens.log import LogScreen
from relman.tui.settings import DashboardSettings
from relman.tui.theme import DARK, THEMES
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView

NOW = datetime(2026, 10, 8, 12, 0, tzinfo=UTC)
LOG = b"".join(
    f"2026-10-08T11:22:{n:02}.0000000Z {line}\n".encode()
    for n, line in enumerate(
        ["start", "##[group]Run make", "make", "##[endgroup]", "needle here", "##[error]broken", "needle there"]
    )
)


class Host(CommandHost, App[None]):
    """What a log screen needs of the dashboard."""

    TABS = ()
    LEAST = (0, 0)

    def __init__(self) -> None:
        super().__init__()
        self.board = Board("acme/agentic-backend")
        self.board_signal: Signal[Board] = Signal(self, "board")
        self.settings = DashboardSettings()
        self.time = NOW
        self.said: list[str] = []
        self.clip: list[str] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK

    def now(self) -> datetime:
        return self.time

    def tell(self, text: str, *, problem: bool = False) -> None:
        self.said.append(text)

    def copy_text(self, text: str, what: str) -> None:
        self.clip.append(text)


def job(status: str = "completed", conclusion: str | None = "failure", steps: tuple[Step, ...] = ()) -> Job:
    return Job(7, 1, 1, "test [/red]", status, conclusion, steps=steps)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def words(screen: LogScreen, name: str) -> str:
    return text_of(screen.query_one(name, LineBar).line)


def instead(screen: LogScreen) -> str:
    return "\n".join(text_of(line) for line in screen.query_one("#log-instead", LinesView).lines)


async def pushed(pilot: Pilot[None], screen: LogScreen) -> LogScreen:
    await pilot.app.push_screen(screen)
    await pilot.pause()
    return screen


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "job.log"
    path.write_bytes(LOG)
    return path


async def test_from_opening_to_going_back(path: Path) -> None:
    async def open_log(progress: Progress) -> Path:
        progress(500, 1000)
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("CI #7 · test [/red]", open_log, job))
        await until(lambda: screen.shown and screen.view.status.indexed)
        await pilot.pause()
        assert words(screen, "#log-title").split() == ["CI", "#7", "·", "test", "[/red]", "×", "failure"]
        assert words(screen, "#log-status").strip().startswith("line 6 of 7 · 286 B · 1 error")
        await pilot.press("slash")
        await pilot.press(*"needle")
        await until(lambda: screen.view.status.hits == 2)
        await pilot.pause()
        assert screen.view.status.line == 7  # the first at or behind the cursor
        await pilot.press("enter")
        await pilot.pause()
        assert "/needle 2/2" in words(screen, "#log-status")
        await pilot.press("n")
        assert screen.view.status.line == 5
        await pilot.press("N")
        assert screen.view.status.line == 7
        await pilot.press("escape")
        assert screen.view.status.searched == ""
        await pilot.press("g", "j")
        assert screen.view.status.line == 2
        await pilot.press("f")
        await pilot.press("down")
        assert screen.view.status.line == 3
        await pilot.press("T", "w")
        await pilot.pause()
        assert screen.view.times
        await until(lambda: "UTC · wrapped" in words(screen, "#log-status"))
        await pilot.press("y")
        assert app.clip == ["make"]
        await pilot.press("g", "f")
        assert app.said == ["This line is in no group."]
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is not screen


async def test_escape_while_typing_ends_the_search_and_goes_back_to_the_line(path: Path) -> None:
    async def open_log(progress: Progress) -> Path:
        return path

    async with Host().run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: screen.shown and screen.view.status.indexed)
        await pilot.press("slash", *"start")
        await until(lambda: screen.view.status.line == 1)
        await pilot.press("escape")
        await pilot.pause()
        assert screen.view.status.line == 6
        assert not screen.asking
        assert screen.is_current


async def test_the_footer_says_how_to_end_a_search(path: Path) -> None:
    async def open_log(progress: Progress) -> Path:
        return path

    async with Host().run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: screen.shown)
        await pilot.press("slash")
        await pilot.pause()
        bar = screen.query_one(KeyBar)
        assert [(entry.shown, entry.text) for entry in bar.entries] == [("enter", "Keep"), ("esc", "Take back")]
        await pilot.press("escape")
        await pilot.pause()
        assert "Search" in {entry.text for entry in bar.entries}


async def test_not_found_says_when_only_the_beginning_of_a_line_was_searched(path: Path) -> None:
    path.write_bytes(b"y" * 5_000_000 + b"NEEDLE\n")

    async def open_log(progress: Progress) -> Path:
        return path

    app = Host()
    async with app.run_test(size=(80, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: screen.shown and screen.view.status.indexed)
        await pilot.pause()
        assert "the first 65.5 kB of this line" in words(screen, "#log-status")
        await pilot.press("slash", *"NEEDLE", "enter")
        await until(lambda: not screen.view.status.more_hits)
        await pilot.pause()
        assert "/NEEDLE 0 · 65.5 kB of each line searched" in words(screen, "#log-status")
        await pilot.press("n")
        assert app.said == ["Not found in the first 65.5 kB of each line: NEEDLE"]


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (90, "Continuous integration and delivery #12345 · build-and-push (linux, 3.12)"),
        (60, "Continuous integra… #12345 · build-and-push (linux, 3.12)"),
        (30, "Conti… #12345 · build-and-push (linux, 3.12)"),
    ],
)
def test_in_a_short_title_the_workflow_gives_way_to_run_and_job(room: int, shown: str) -> None:
    name, rest = "Continuous integration and delivery", "#12345 · build-and-push (linux, 3.12)"
    made = log_title(name, rest, room)
    assert made == shown or (room == 60 and len(made) == 60 and made.endswith(f"… {rest}"))
    assert log_title("", rest, room) == rest


def test_wrapping_is_not_called_done_before_it_is() -> None:
    def shown(**given: bool) -> str:
        return text_of(status_line(LogStatus(wrapped=True, **given), 100))

    assert shown(measuring=True).rstrip().endswith("wrapping")
    assert shown().rstrip().endswith("wrapped")
    assert shown(wrap_limited=True).rstrip().endswith("wrapped, the rest is cut")


async def test_what_is_typed_right_after_the_slash_is_searched_for(path: Path) -> None:
    async def open_log(progress: Progress) -> Path:
        return path

    async with Host().run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: screen.shown and screen.view.status.indexed)
        screen.search()
        assert screen.focused is screen.query_one("#log-search")
        screen.back()
        assert screen.focused is screen.view


async def test_a_running_job_shows_its_steps_then_its_log(path: Path) -> None:
    state = [job("in_progress", None, (Step(1, "Set up \x1b[31mjob", "completed", "success", NOW, NOW),))]
    asked: list[datetime] = []

    async def open_log(progress: Progress) -> Path:
        asked.append(app.time)
        if len(asked) < 3:
            raise RelmanError(Problem(Kind.NOT_YET, "The log is not there yet"))
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, lambda: state[0]))
        await until(lambda: "publishes" in instead(screen))
        assert "Set up job" in instead(screen)
        app.time += timedelta(seconds=60)
        screen.tick()
        await pilot.pause()
        assert len(asked) == 1  # still running: nothing to ask for
        state[0] = job()
        screen.tick()
        await until(lambda: len(asked) == 2)
        await until(lambda: "on its way" in instead(screen))
        screen.tick()
        await pilot.pause()
        assert len(asked) == 2  # not again in the same second
        async with asyncio.timeout(10):
            while not screen.shown:
                app.time += timedelta(seconds=6)
                screen.tick()
                await pilot.pause()
        assert len(asked) == 3
        assert screen.focused is screen.view


async def test_a_refusal_says_what_to_do_and_r_asks_again(path: Path) -> None:
    problems: list[Exception] = [
        RelmanError(
            Problem(Kind.GONE, "The log has expired", "GitHub keeps logs for 90 days", "Run it again.")
        ),
        FileNotFoundError(2, "No such file"),
    ]

    async def open_log(progress: Progress) -> Path:
        if problems:
            raise problems.pop(0)
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, lambda: None))
        await until(lambda: "expired" in instead(screen))
        assert "Run it again." in instead(screen)
        await pilot.press("j", "n", "f", "slash")  # nothing to do these on
        assert not screen.asking
        await pilot.press("r")
        await until(lambda: "cannot be read" in instead(screen))
        await pilot.press("r")
        await until(lambda: screen.shown)
        problems.append(RelmanError(Problem(Kind.NETWORK, "No connection")))
        await pilot.press("r")
        await until(lambda: bool(app.said))
        assert screen.shown  # what is there stays
        assert app.said == ["No connection."]


async def test_a_log_that_nobody_asks_for_again_does_not_promise_it(path: Path) -> None:
    outage = Problem(
        Kind.SERVER, "GitHub could not answer", hint="Try again; if it stays, see the status page."
    )

    async def open_log(progress: Progress) -> Path:
        raise RelmanError(outage)

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, lambda: None))
        await until(lambda: outage.title in instead(screen))
        said = instead(screen)
        assert "r tries again." in said and "If it stays, see the status page." in said
        assert "by itself" not in said


@pytest.mark.parametrize("nothing", [b"", BOM])
async def test_an_empty_log_says_so_and_r_fetches_it_again(path: Path, nothing: bytes) -> None:
    path.write_bytes(nothing)

    async def open_log(progress: Progress) -> Path:
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: "The log is empty" in instead(screen))
        await pilot.pause()
        assert "r fetches it again" in instead(screen) and not screen.shown
        footer = {entry.text for entry in screen.query_one(KeyBar).entries}
        assert "Fetch" in footer and "Search" not in footer
        path.write_bytes(LOG)
        await pilot.press("r")
        await until(lambda: screen.shown and screen.view.status.lines == 7)


async def test_progress_is_in_bytes(path: Path) -> None:
    more = asyncio.Event()

    async def open_log(progress: Progress) -> Path:
        progress(3_400_000, 12_000_000)
        await more.wait()
        return path

    async with Host().run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await until(lambda: "3.4 MB of 12.0 MB, 28 %" in instead(screen))
        more.set()
        await until(lambda: screen.shown)


async def test_leaving_while_the_log_is_fetched(path: Path) -> None:
    async def open_log(progress: Progress) -> Path:
        await asyncio.sleep(3600)
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, job))
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is not screen


@pytest.mark.parametrize("problem", [None, Problem(Kind.NETWORK, "No connection")])
async def test_a_log_may_arrive_while_its_screen_is_taken_apart(path: Path, problem: Problem | None) -> None:
    arrived = asyncio.Event()

    async def open_log(progress: Progress) -> Path:
        await arrived.wait()
        if problem is not None:
            raise RelmanError(problem)
        return path

    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        screen = await pushed(pilot, LogScreen("t", open_log, lambda: None))
        for child in list(screen.children):
            await child.remove()
        arrived.set()
        await until(lambda: not screen.workers or all(one.is_finished for one in screen.workers))
        await pilot.pause()
        assert app.is_running
