"""The mouse alone: wheel, runs, boxes, panes, and a second click that opens."""

from __future__ import annotations

import pytest
from textual import events
from textual.widget import Widget

from tests.tui import boards

SIZES = [(80, 24), (160, 45)]


def wheel(widget: Widget, down: bool) -> events.MouseScrollDown | events.MouseScrollUp:
    kind = events.MouseScrollDown if down else events.MouseScrollUp
    return kind(widget, 2, 2, 0, 0, 0, False, False, False)


@pytest.mark.parametrize("size", SIZES)
async def test_the_wheel_scrolls_and_selects_nothing(size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("j", "j")
        await pilot.pause()
        screen = app.screen
        chosen, box = screen.run_shown, screen._graph.selected
        for widget in (screen._runs, screen._lines, screen._graph):
            if widget.max_scroll_y == 0:
                continue
            for _ in range(3):
                widget.post_message(wheel(widget, down=True))
            await pilot.pause(0.3)
            assert widget.scroll_offset.y > 0, widget
            for _ in range(9):
                widget.post_message(wheel(widget, down=False))
            await pilot.pause(0.3)
            assert widget.scroll_offset.y == 0, widget
        assert (screen.run_shown, screen._graph.selected) == (chosen, box)


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_highlights_and_a_second_one_opens(size: tuple[int, int]) -> None:
    boards.OPENED.clear()
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = app.screen
        await pilot.click("#runs-list", offset=(8, 2))
        await pilot.pause()
        assert screen.run_shown.number == 412 and screen.focused is screen._runs
        await pilot.click("#runs-list", offset=(8, 2), times=2)
        await pilot.pause()
        assert screen.focused is screen._graph
        await pilot.click("#job-lines", offset=(3, 1))
        await pilot.pause()
        assert screen.focused is screen._lines
        assert boards.OPENED == []


async def test_a_click_on_a_title_goes_to_its_pane_and_one_on_a_bar_nowhere() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "tab")
        await pilot.pause()
        before = boards.dump(app)
        for offset in ((3, 0), (60, 0), (110, 1), (119, 35)):
            await pilot.click(offset=offset)
        await pilot.pause()
        assert boards.dump(app) == before
        screen = app.screen
        assert screen.focused is screen._graph
        for name, body in (("#job", screen._lines), ("#runs", screen._runs), ("#graph", screen._graph)):
            await pilot.click(f"{name} .pane-title", offset=(5, 0))
            await pilot.pause()
            assert screen.focused is body
