"""What was asked for before a screen left finds nothing to do afterwards."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from relman.tui.screens.leaving import LeavesOnce


class Leaving(LeavesOnce, Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.called: list[str] = []
        self.read = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Static("here", id="here")

    def on_mount(self) -> None:
        self.run_worker(self._reading())

    async def _reading(self) -> None:
        await self.read.wait()
        self.called.append("read")
        self.query_one("#here")

    def say(self, word: str) -> None:
        self.called.append(word)
        self.query_one("#here")


async def test_a_screen_that_left_is_called_no_more() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = Leaving()
        await app.push_screen(screen)
        screen.call_after_refresh(screen.say, "stands")
        await pilot.pause()
        assert screen.called == ["stands"] and screen.stands
        screen.call_after_refresh(screen.say, "too late")
        screen.dismiss()
        screen.read.set()  # what it waited for has come in the same moment
        assert not screen.stands
        await pilot.pause()
        await pilot.pause()
        assert screen.called == ["stands"]


async def test_behind_another_screen_it_still_stands() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = Leaving()
        await app.push_screen(screen)
        await app.push_screen(Screen())
        screen.call_after_refresh(screen.say, "behind")
        await pilot.pause()
        assert screen.called == ["behind"]
        app.exit()
        assert not screen.stands
