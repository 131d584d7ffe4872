"""Short messages lie where nothing is read while they are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_change import Intent, bench
from textual.geometry import Region
from textual.widgets._toast import Toast

from relman.tui.app import RelmanApp
from relman.tui.screens.log import LogScreen
from tests.tui import boards
from tests.tui.test_confirm import Stage

SIZES = [(72, 20), (80, 24), (120, 36), (160, 45)]
URL = "the URL: https://github.com/acme/agentic-backend/actions/runs/18412079093/job/52000000001"


def toasts(app: RelmanApp, size: tuple[int, int]) -> list[Region]:
    """Where the messages are, all of them on the screen and below the header."""
    found = [toast.region for toast in app.screen.query(Toast)]
    assert found
    for region in found:
        assert Region(0, 1, size[0], size[1] - 1).contains_region(region), region
        assert region.right == size[0]  # nothing of what is behind looks out beside it
    return found


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("word", ["", "production"])
async def test_no_message_covers_what_answers_a_dialog(
    tmp_path: Path, size: tuple[int, int], word: str
) -> None:
    there = bench(tmp_path)
    app = boards.app(tools=there.tools)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        stage = Stage(app, pilot, there)
        await stage.asked(Intent(word=word, warnings=tuple(f"Warning {number}." for number in range(60))))
        stage.app.tell(URL)
        stage.app.tell(URL, problem=True)
        await stage.pilot.pause()
        await stage.pilot.pause()
        names = ["#confirm-choices", "#confirm-keys", "#confirm-more", *(["#confirm-ask"] if word else [])]
        for region in toasts(stage.app, size):
            for name in names:
                assert not region.overlaps(stage.dialog.query_one(name).region), name


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_no_message_covers_the_counter_of_a_search_or_the_keys(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"needle\n" * 200)

    async def open_log(progress: object) -> Path:
        return path

    app = boards.app()
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        screen = LogScreen("log", open_log, lambda: None)
        await app.push_screen(screen)
        await pilot.pause()
        app.tell(URL)
        app.tell(URL, problem=True)
        await pilot.pause()
        await pilot.pause()
        for region in toasts(app, size):
            for name in ("#log-status", "#keys", "#header"):
                assert not region.overlaps(screen.query_one(name).region), name


async def test_a_short_message_is_one_line_high() -> None:
    app = boards.app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.pause()
        app.tell("Asking again.")
        await pilot.pause()
        await pilot.pause()
        (region,) = toasts(app, (80, 24))
        assert region.height == 1 and region.y == 1
