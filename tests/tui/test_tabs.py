"""Tabs: what the strip says at every width, and the ways from one to another."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.model.board import Board, Fill, Section
from relman.model.state import Tone
from relman.tui import app as app_module
from relman.tui.app import RelmanApp
from relman.tui.commands.command import Command
from relman.tui.present.header import waiting_counts
from relman.tui.present.piece import Piece, text_of, width_of
from relman.tui.present.tabs import tab_forms, tabs_line
from relman.tui.screens.live import LiveScreen
from relman.tui.tabs import TABS, Tab, tab_commands
from tests.tui import boards


def waiting(board: Board) -> Piece | None:
    count = sum(waiting_counts(board))
    return Piece(f"◆{count}", Tone.WAITING) if count else None


STRIP = (Tab(1, "Pipeline", "pipeline:PipelineScreen"), Tab(2, "Deploys", "", waiting), Tab(3, "Releases", ""))


class Other(LiveScreen):
    NAME = "deploys"


class TwoTabs(RelmanApp):
    CSS_PATH = str(Path(app_module.__file__).with_name("app.tcss"))
    TABS = STRIP[:2]
    MODES = {"pipeline": STRIP[0].make, "deploys": Other}  # noqa: RUF012
    MORE_COMMANDS = tab_commands(
        STRIP[:2],
        lambda app, tab: cast("RelmanApp", app).go(tab),
        lambda app: isinstance(cast("RelmanApp", app).screen, LiveScreen),
    )


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.title)
def test_every_tab_has_its_screen(tab: Tab) -> None:
    screen = tab.screen_class()
    assert issubclass(screen, LiveScreen) and tab.mode == screen.NAME


def test_tabs_stand_in_the_order_of_their_numbers() -> None:
    numbers = [tab.number for tab in TABS]
    assert numbers == sorted(set(numbers)) and set(numbers) <= set(range(1, 10))


def test_the_strip_in_full_and_in_short() -> None:
    full, brief, alone = tab_forms(STRIP, "pipeline", boards.board())
    assert text_of(full) == "▌1 Pipeline  2 Deploys ◆1  3 Releases"
    assert text_of(brief) == "▌1 Pipeline 2◆1 3"
    assert text_of(alone) == "▌1 Pipeline"
    assert text_of(tab_forms(STRIP, "deploys", Board("a/b"))[1]) == " 1▌2 Deploys 3"
    assert {piece.target for piece in full} == {"go-pipeline", "go-deploys", "go-releases", ""}


@given(st.integers(0, 60), st.sampled_from([tab.mode for tab in STRIP]))
def test_the_strip_never_leaves_its_room(width: int, active: str) -> None:
    assert width_of(tabs_line(STRIP, active, boards.board(), width)) <= width


def test_every_tab_is_a_command_with_its_number() -> None:
    declared: dict[str, Command] = RelmanApp.commands()
    for tab in TABS:
        assert declared[tab.command].keys == (str(tab.number),)
        assert tab.title in declared[tab.command].title


async def test_keys_go_from_tab_to_tab_and_leave_each_as_it_was() -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "2")
        await pilot.pause()
        assert isinstance(app.screen, Other)
        assert " 1 Pipeline ▌2 Deploys ◆1" in boards.dump(app).split("\n")[1]
        await pilot.press("1")
        await pilot.pause()
        assert app.screen.run_shown.id == boards.RUNNING.id
        assert "▌1 Pipeline  2 Deploys ◆1" in boards.dump(app).split("\n")[1]


async def test_a_number_pressed_again_goes_to_the_first_view() -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=(120, 36)) as pilot:
        first = app.screen
        app.push_screen(Other())
        await pilot.pause()
        app.push_screen(Other())
        await pilot.pause()
        await pilot.press("1")
        await pilot.pause()
        assert app.screen is first


async def test_a_number_typed_into_a_line_or_a_menu_is_text() -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("slash", "2", "escape", "question_mark", "2")
        await pilot.pause()
        assert app.current_mode == "pipeline"


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_click_on_a_tab_opens_it(size: tuple[int, int]) -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = boards.dump(app).split("\n")[:2]
        y = next(at for at, line in enumerate(lines) if "1 Pipeline" in line)
        await pilot.click(offset=(lines[y].index(" 2 ") + 1, y))
        await pilot.pause()
        assert isinstance(app.screen, Other)


@pytest.mark.parametrize("size", [(72, 20), (80, 24), (160, 45)])
async def test_the_tabs_have_a_line_of_their_own_in_every_window(size: tuple[int, int]) -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        first, second = boards.dump(app).split("\n")[:2]
        assert "agentic-bac" in first and "v1.8.2" in first and "◆ 1" in first
        assert second.startswith("▌1 Pipeline  2 Deploys ◆1")


def test_seven_tabs_have_their_names_at_80_columns() -> None:
    titles = ("Pipeline", "Deploys", "Releases", "Hosts", "KPIs", "Nightly", "Setup")
    tabs = [Tab(at, title, "", waiting if at == 2 else None) for at, title in enumerate(titles, 1)]
    shown = text_of(tabs_line(tabs, "releases", boards.board(), 80))
    assert all(f"{number} {title}" in shown for number, title in enumerate(titles, 1))


@given(st.integers(0, 120))
def test_what_is_read_in_the_background_stands_at_the_end_where_there_is_room(width: int) -> None:
    board = replace(boards.board(), fill=Fill(boards.ago(days=56), boards.ago(days=28), 900))
    shown = text_of(tabs_line(STRIP, "pipeline", board, width))
    strip = text_of(tabs_line(STRIP, "pipeline", boards.board(), width))
    assert shown.startswith(strip) and width_of((Piece(shown),)) <= max(width, 0)
    assert ("history: 49 % of the runs" in shown) is (width >= len(strip) + 2 + 25 + 1)


async def test_a_badge_follows_the_board() -> None:
    app = boards.app(app_class=TwoTabs)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "2 Deploys ◆1" in boards.dump(app)
        app.watch_.store.publish(replace(app.board, pending={boards.WAITING.id: Section((), boards.NOW)}))
        await pilot.pause()
        assert "2 Deploys ◆" not in boards.dump(app)


async def test_a_tab_may_have_another_key() -> None:
    app = boards.app(keys={"go-pipeline": "f1"})
    async with app.run_test(size=(120, 36)) as pilot:
        app.push_screen(Other())
        await pilot.pause()
        await pilot.press("1")
        await pilot.pause()
        assert isinstance(app.screen, Other)
        await pilot.press("f1")
        await pilot.pause()
        assert app.screen.NAME == "pipeline"
