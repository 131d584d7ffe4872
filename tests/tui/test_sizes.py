"""Windows of every size: what is too small says so, and no storm of sizes leaves a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_change import bench

from relman.tui.commands.live import run_live
from tests.tui import boards

WAYS = {"runs": ("j",), "graph": ("j", "enter"), "zoomed": ("j", "enter", "z"), "filter": ("slash", "c")}


async def fresh(size: tuple[int, int], keys: tuple[str, ...]) -> str:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.pause()
        return boards.dump(app)


@pytest.mark.parametrize("name", WAYS)
async def test_a_storm_of_sizes_leaves_no_trace(name: str) -> None:
    last = (120, 36)
    app = boards.app()
    async with app.run_test(size=last) as pilot:
        await pilot.pause()
        await pilot.press(*WAYS[name])
        focused = app.screen.focused
        for turn in range(4):
            for size in ((80, 24), (160, 45), (40, 10), (1, 1), (72 + 5 * turn, 20 + 5 * turn)):
                await pilot.resize_terminal(*size)
        await pilot.resize_terminal(*last)
        await pilot.pause()
        await pilot.pause()
        assert app.screen.focused is focused
        assert boards.dump(app) == await fresh(last, WAYS[name])


@pytest.mark.parametrize("size", [(71, 24), (80, 19), (40, 12), (12, 5)])
async def test_too_small_is_said(size: tuple[int, int]) -> None:
    shown = " ".join((await fresh(size, ())).split())
    assert "This w" in shown
    assert "Runs" not in shown and "CD #218" not in shown
    if size[0] >= 40:
        assert f"It has {size[0]} × {size[1]} cells" in shown and "q leaves" in shown


@pytest.mark.parametrize("size", [(72, 20), (80, 23), (79, 24), (300, 100)])
async def test_a_little_less_than_usual_still_works(size: tuple[int, int]) -> None:
    shown = await fresh(size, ("j",))
    assert "This window" not in shown
    for words in ("1 Pipeline", "v1.8.2", "Runs 34", "CI #412", "test", "enter Open"):
        assert words in shown


async def test_a_small_window_can_be_left() -> None:
    app = boards.app()
    async with app.run_test(size=(30, 8)) as pilot:
        await pilot.press("q")
    assert app.return_code == 0


@pytest.mark.parametrize("tab", ["1", "2", "3"])
async def test_nothing_is_changed_in_a_window_that_shows_nothing(tmp_path: Path, tab: str) -> None:
    app = boards.app(tools=bench(tmp_path).tools)
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause()
        await pilot.press(tab)
        screen = app.screen
        names = [one for host in (screen, app) for one in type(host).commands().values() if one.changes]
        keys = {key for one in names for key in one.keys}
        assert {"t", "R"} <= keys
        for key in ("g", *sorted(keys)):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is screen, key
        for one in names:
            screen.action_run_command(one.name)
            app.action_run_command(one.name)
            run_live(screen, one.name)
            await pilot.pause()
            assert app.screen is screen, one.name
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        await pilot.press("t")
        assert app.screen is not screen
        await pilot.press("ctrl+c")
    assert app.return_code == 0
