"""Whole screens as text. ``RELMAN_WRITE_DUMPS=1`` writes them anew; read the difference before keeping it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui import boards

DUMPS = Path(__file__).parent / "dumps"
SIZES = [(80, 24), (120, 36), (160, 45)]
WAYS = {
    "waiting": (),
    "running": ("j",),
    "failed": ("j", "j"),
    "help": ("question_mark",),
    "palette": ("colon",),
    "graph-zoomed": ("j", "enter", "z"),
    "deploys": ("2",),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WAYS)
async def test_screen(name: str, size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*WAYS[name])
        await pilot.pause()
        await pilot.pause()
        shown = boards.dump(app) + "\n"
    path = DUMPS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("RELMAN_WRITE_DUMPS"):
        DUMPS.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")
