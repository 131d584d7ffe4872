"""Keys that come in one burst do what they would do one by one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from relman.errors import Kind, Problem, RelmanError
from relman.tui import keyboard
from relman.tui.app import RelmanApp
from relman.tui.keyboard import KeysInOrder
from relman.tui.screens.pipeline import PipelineScreen
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.moves import Move
from tests.tui import boards
from tests.tui import test_matrix as matrix

CHARACTERS = {"slash": "/", "colon": ":", "question_mark": "?", "exclamation_mark": "!", "space": " "}


def burst(app: App[None], *keys: str) -> None:
    """Keys as a terminal sends them when a person is faster than the program."""
    for key in keys:
        app.post_message(events.Key(key, CHARACTERS.get(key, key if len(key) == 1 else None)))


async def quiet(app: RelmanApp, seconds: float = 5.0) -> None:
    """Until no key is under way."""
    async with asyncio.timeout(seconds):
        await asyncio.sleep(0)
        while app.keyboard.busy or app.message_queue_size:
            await asyncio.sleep(0.01)


async def test_no_letter_overtakes_the_key_that_asks_for_it() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "slash", *"status", "question_mark", "colon", "slash")
        await quiet(app)
        assert app.screen.query_one("#prompt-input", Input).value == "status?:/"
        await pilot.press("escape")
        for key in ("colon", "question_mark"):
            burst(app, key, "q", "r")
            await quiet(app)
            assert app.is_running and len(app.screen_stack) == 2
            assert app.watch_.poller.refreshed == 0
            await pilot.press("escape")


async def test_what_follows_the_end_of_a_line_is_no_part_of_it() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "slash", "c", "i", "enter", "r")
        await quiet(app)
        assert app.watch_.poller.refreshed == 1
        assert app.screen.focused is app.screen._runs
        assert all("CI" in run.name for run in app.screen._runs.items)
        burst(app, "slash", "x", "escape", "r", "slash", "y")
        await quiet(app)
        assert app.watch_.poller.refreshed == 2
        assert app.screen.query_one("#prompt-input", Input).value == "ciy"


async def test_a_key_behind_another_screen_belongs_to_that_screen() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "3", "slash", "a")
        await quiet(app)
        assert app.current_mode == "releases"
        assert app.screen.query_one("#prompt-input", Input).value == "a"
        assert not app.query("#confirm")
        burst(app, "escape", "1", "tab", "z")
        await quiet(app)
        assert app.current_mode == "pipeline" and app.screen.zoomed
        assert app.screen.pane is not None and app.screen.pane.id == "graph"


async def test_a_key_behind_moves_in_the_list_means_the_run_they_end_on() -> None:
    app = boards.app()
    opened: list[int] = []

    async def job_log(job_id: int, *_: object) -> Path:
        opened.append(job_id)
        raise RelmanError(Problem(Kind.NOT_YET, "not yet"))

    app.watch_.fetch = SimpleNamespace(job_log=job_log)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "j", "j", "L")
        await quiet(app)
        await pilot.pause()
        assert opened == [12]
        assert " CI #411 · test " in boards.dump(app)


async def test_asking_what_is_there_draws_nothing() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, PipelineScreen)
        shown = screen._drawn_for
        screen._runs.move(Move.DOWN)
        assert screen._runs.key != shown
        bar = screen.query_one(KeyBar)
        bar._make_again()
        assert bar.entries  # as a paint asks for them
        assert screen._drawn_for == shown
        await app.run_action("run_command('down')", screen)
        assert screen._drawn_for == shown
        await app.run_action("run_command('back')", screen)
        assert screen._drawn_for == screen._runs.key != shown


async def test_every_step_in_a_graph_counts() -> None:
    app = boards.app(matrix.board())
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        burst(app, "j", "enter", "g", "l", "enter", *"jjjjj")
        await quiet(app)
        assert app.screen.job.name == matrix.MEMBERS[4]
        for to in (Move.UP, Move.UP, Move.UP):  # and where nothing keeps them apart
            app.screen._graph.move(to)
        await pilot.pause()
        assert app.screen.job.name == matrix.MEMBERS[1]


async def test_what_is_pasted_keeps_its_place_among_the_keys() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "slash", "a")
        app.post_message(events.Paste("bc"))
        burst(app, "d")
        await quiet(app)
        assert app.screen.query_one("#prompt-input", Input).value == "abcd"


async def test_behind_the_key_that_leaves_nothing_counts() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        burst(app, "q", "slash", "r", "3", "question_mark")
        await pilot.pause()
    assert app.return_code == 0 and app.watch_.poller.refreshed == 0


class Slow(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.go_on = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Input()

    async def on_key(self, event: events.Key) -> None:
        self.seen.append(event.key)
        await self.go_on.wait()


class Held(KeysInOrder, App[None]):
    BINDINGS = [Binding("f2", "out", priority=True)]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.slow = Slow()
        self.left = 0

    def on_mount(self) -> None:
        self.push_screen(self.slow)

    def action_out(self) -> None:
        self.left += 1


async def until(true: object, seconds: float = 10.0) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def test_the_key_that_leaves_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "PATIENCE", 3600.0)
    app = Held()
    async with app.run_test() as pilot:
        await pilot.pause()
        burst(app, "f5", "f6", "f2")
        try:
            await until(lambda: app.left == 1)
            assert app.slow.seen == ["f5"]
        finally:
            app.slow.go_on.set()
        await until(lambda: app.slow.seen == ["f5", "f6"])


async def test_no_fault_makes_the_keyboard_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard, "PATIENCE", 0.05)
    app = Held()
    async with app.run_test() as pilot:
        await pilot.pause()
        burst(app, "f5", "f6")
        try:
            await until(lambda: app.keyboard._key == 2)  # the second has begun
            assert app.slow.seen == ["f5"]  # and the screen still holds the first
        finally:
            app.slow.go_on.set()
        await until(lambda: app.slow.seen == ["f5", "f6"])
