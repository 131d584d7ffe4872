"""Running again, cancelling and starting from the dashboard: what the keys offer, and what the form sends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import force_setattr, replace
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from relman.actions.rerun import Rerun
from relman.model.rerun import Which
from relman.tui.app import RelmanApp
from relman.tui.commands.command import takes_letters
from relman.tui.screens.confirm import ConfirmScreen
from relman.tui.screens.dispatch import DispatchScreen, FieldRow, WorkflowMenu
from relman.tui.screens.rerun import RerunMenu, intent_of, rerun_rows
from relman.tui.widgets.picker import Picker
from tests.actions.served_world import REPO, Bench, bench, standing
from tests.demo.world_server import Served
from tests.tui import boards


@pytest.fixture(scope="module")
def module_world() -> Iterator[Served]:
    with standing() as world:
        yield world


@pytest.fixture
def world(module_world: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)
    yield module_world
    module_world.move("clear")


class Stage:
    def __init__(self, app: RelmanApp, pilot: Pilot[None], there: Bench) -> None:
        self.app, self.pilot, self.there = app, pilot, there

    @property
    def text(self) -> str:
        return boards.dump(self.app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await self.pilot.pause(0.02)
        await self.pilot.pause()

    def rows(self) -> dict[str, FieldRow]:
        return {row.field.name: row for row in self.app.screen.query(FieldRow)}


@contextlib.asynccontextmanager
async def staged(world: Served, home: Path, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    async with bench(world, home) as there:
        app = boards.app(tools=there.tools)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            stage = Stage(app, pilot, there)
            await stage.until(lambda: app.tools is not None)
            yield stage


async def form(stage: Stage) -> DispatchScreen:
    await stage.press("D")
    await stage.until(lambda: isinstance(stage.app.screen, WorkflowMenu))
    assert "cannot be started" in stage.text.lower() and "ci.yml" in stage.text
    await stage.press("c", "d", ".", "enter")
    await stage.until(lambda: isinstance(stage.app.screen, DispatchScreen) and bool(stage.rows()))
    screen = stage.app.screen
    assert isinstance(screen, DispatchScreen)
    return screen


async def test_the_form_is_made_from_the_file_and_ends_in_the_dialog(world: Served, tmp_path: Path) -> None:
    async with staged(world, tmp_path) as stage:
        await form(stage)
        shown = stage.text
        for words in (
            "Start cd.yml",
            "runs on",
            "main",
            "environment",
            "‹ staging ›",
            "Where to deploy",
            "version",
        ):
            assert words in shown, words
        before = len(stage.there.writes())
        for key in ("tab", *"v1.20"):  # as a terminal sends them
            stage.app.post_message(events.Key(key, key))
        await stage.press(".", "0", "ctrl+s")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen))
        await stage.until(lambda: "What is sent" in stage.text)
        assert "nothing → v1.20.0" in stage.text and len(stage.there.writes()) == before
        await stage.press("y")
        await stage.until(lambda: len(stage.there.writes()) > before)
        await stage.until(lambda: not isinstance(stage.app.screen, ConfirmScreen | DispatchScreen))
        newest = world.get(f"/repos/{REPO}/actions/runs?event=workflow_dispatch").json()["workflow_runs"][0]
        assert stage.app.screen._wanted == newest["id"]  # shown as soon as the board knows it


async def test_production_needs_its_word(world: Served, tmp_path: Path) -> None:
    async with staged(world, tmp_path) as stage:
        await form(stage)
        await stage.press("right")
        assert "‹ production ›" in stage.text
        await stage.press("ctrl+s")
        await stage.until(lambda: "Type production" in stage.text)
        before = len(stage.there.writes())
        await stage.press("y", "enter", "space")
        assert len(stage.there.writes()) == before


async def test_what_is_wrong_stands_at_its_field(world: Served, tmp_path: Path) -> None:
    async with staged(world, tmp_path) as stage:
        screen = await form(stage)
        rows = stage.rows()
        object.__setattr__(rows["version"], "field", replace(rows["version"].field, kind="number"))
        assert screen._ready is not None
        fields = tuple(
            replace(field, kind="number") if field.name == "version" else field
            for field in screen._ready.fields
        )
        force_setattr(screen._ready, "fields", fields)
        control = rows["version"].control
        assert isinstance(control, Input)
        control.value = "many"
        await stage.press("ctrl+s")
        assert "is a number, not 'many'" in stage.text
        assert stage.app.screen is screen and screen.focused is control


async def test_another_ref_reads_the_form_anew(world: Served, tmp_path: Path) -> None:
    async with staged(world, tmp_path) as stage:
        screen = await form(stage)
        await stage.press("tab", "x", "shift+tab", "shift+tab")
        assert screen.focused is screen._ref
        screen._ref.value = "v1.20.0"
        await stage.press("tab")
        await stage.until(lambda: screen._ready is not None and screen._ready.ref == "refs/tags/v1.20.0")
        assert stage.rows()["version"].value == "x"  # what was typed stays
        screen._ref.focus()
        screen._ref.value = "nowhere"
        await stage.press("tab")
        await stage.until(lambda: "no branch or tag" in stage.text)
        await stage.press("ctrl+s")
        assert stage.app.screen is screen
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, DispatchScreen))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_it_fits(world: Served, tmp_path: Path, size: tuple[int, int]) -> None:
    async with staged(world, tmp_path, size) as stage:
        await form(stage)
        assert "Show the plan" in stage.text and "esc Close" in stage.text


async def test_a_picker_walks_and_jumps() -> None:
    picker = Picker(["alpha", "beta", "bravo"], "beta")
    picker.step(1)
    assert picker.value == "bravo"
    picker._to("A")
    assert picker.value == "alpha"
    picker._to("b")
    picker._to("b")
    assert picker.value == "bravo"
    picker._to("z")
    assert picker.value == "bravo"
    assert Picker([], "x").value == ""


async def test_e_offers_what_can_run_again(world: Served, tmp_path: Path) -> None:
    async with staged(world, tmp_path) as stage:
        screen = stage.app.screen
        found = next(run for run in stage.app.board.runs.value or () if run.state.failed)
        screen.follow(found.id)
        await stage.until(lambda: screen.run_shown is not None and screen.run_shown.id == found.id)
        await stage.press("e")
        await stage.until(lambda: isinstance(stage.app.screen, RerunMenu))
        for words in ("Failed jobs", "All jobs", "With debug logging"):
            assert words in stage.text, words
        await stage.press("escape")
        running = next(run for run in stage.app.board.runs.value or () if not run.state.finished)
        screen.follow(running.id)
        await stage.until(lambda: screen.run_shown is not None and screen.run_shown.id == running.id)
        await stage.press("e")
        assert stage.app.screen is screen  # it has not ended: there is nothing to run again


def test_rows_carry_the_identity() -> None:
    run = boards.board().runs.value[-1]  # type: ignore[index]
    names = [row.name for row in rerun_rows(run, (), None)]
    assert names == ["failed", "all", "failed-debug", "all-debug"]
    assert intent_of("all-debug", run, None) == Rerun(run.id, Which.ALL, None, True, run.attempt)


async def test_without_tools_no_key_changes_anything() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen = app.screen
        await pilot.press("e", "c", "D")
        await pilot.pause()
        assert app.screen is screen
        footer = boards.dump(app).splitlines()[-1]
        assert "Run again" not in footer and "Cancel" not in footer and "Start" not in footer


@pytest.mark.parametrize("key", ["c", "t", "colon", "slash"])
async def test_a_late_menu_takes_no_keys_from_what_was_opened_meanwhile(
    world: Served, tmp_path: Path, key: str
) -> None:
    async with staged(world, tmp_path) as stage:
        screen = stage.app.screen
        running = next(run for run in stage.app.board.runs.value or () if not run.state.finished)
        screen.follow(running.id)
        await stage.until(lambda: screen.run_shown is not None and screen.run_shown.id == running.id)
        world.fault("delay", r"/actions/workflows(\?|$)", seconds=0.3)
        await stage.press("D")
        await stage.press(key)
        front = stage.app.screen
        assert front is not screen or takes_letters(front.focused)
        await stage.until(lambda: not any(one.group == "dispatch-menu" for one in stage.app.workers))
        assert stage.app.screen is front
