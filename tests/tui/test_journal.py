"""The journal's screen: newest first, filtered, followed; and it is not there where nothing can be changed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from small_change import NOW, Intent, bench

from relman.model.journal import Entry, operations
from relman.tui.present.journal import JournalPresenter, matching, operation_lines
from relman.tui.present.piece import text_of, width_of
from relman.tui.screens.confirm import ConfirmScreen
from relman.tui.screens.journal import JournalScreen
from tests.tui import boards
from tests.tui.test_confirm import Stage, staged

HOSTILE = "\x1b]0;owned\x07\u202e[/red] [@click=app.quit]x[/]" + "漢" * 50


def entry(number: int, phase: str, **other: object) -> Entry:
    made = Entry(NOW, f"op-{number:05}", phase, "release", "acme/agentic-backend", f"v1.{number}.0 at 1a2b3c4")
    return replace(made, **other)


def write(stage_path: Path, entries: list[Entry]) -> None:
    stage_path.parent.mkdir(parents=True, exist_ok=True)
    with stage_path.open("a") as file:
        for one in entries:
            line = {"at": one.at.isoformat(), "operation": one.operation, "phase": one.phase, "action": one.action,
                    "repo": one.repo, "target": one.target, "who": one.who, "step": one.step,
                    "request": one.request, "result": one.result, "detail": one.detail}  # fmt: skip
            file.write(json.dumps(line) + "\n")


async def opened(stage: Stage) -> JournalScreen:
    await stage.press("!")
    await stage.until(
        lambda: isinstance(stage.app.screen, JournalScreen) and stage.app.screen._mark is not None
    )
    assert isinstance(stage.app.screen, JournalScreen)
    return stage.app.screen


async def test_an_empty_journal_says_what_it_is_for(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await opened(stage)
        assert "Nothing was changed yet" in stage.text
        await stage.press("escape")
        assert not isinstance(stage.app.screen, JournalScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
@pytest.mark.parametrize(
    ("lines", "words"),
    [(b"garbage\n\xff\xfe\n\n[1]\n", "3 lines could not be read"), (b"{\n", "1 line could not be read")],
)
async def test_lines_that_cannot_be_read_are_told(
    tmp_path: Path, lines: bytes, words: str, size: tuple[int, int]
) -> None:
    async with staged(tmp_path, size=size) as stage:
        path = stage.there.journal.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines)
        await opened(stage)
        assert words in stage.text and "Nothing was changed yet" not in stage.text
        assert path.name in "".join(line.strip() for line in stage.text.splitlines())
        write(path, [entry(1, "begin"), entry(1, "end", result="done")])
        await stage.until(lambda: "v1.1.0 at" in stage.text)
        assert f"▲ {words} · in {tmp_path}"[: size[0] - 5] in stage.text


async def test_operations_newest_first_with_their_lines(tmp_path: Path) -> None:
    async with staged(tmp_path, size=(120, 36)) as stage:
        write(stage.there.journal.path, [
            entry(1, "begin", who="mara"), entry(1, "before", step="tag", request="POST /tags"),
            entry(1, "after", step="tag", result="done"), entry(1, "end", result="done"),
            entry(2, "begin", who="jonas"), entry(2, "before", step="tag", request="POST /tags"),
        ])  # fmt: skip
        await opened(stage)
        shown = stage.text
        assert shown.index("v1.2.0 at") < shown.index("v1.1.0 at")
        assert "may have happened" in shown and "POST /tags" in shown and "Journal 2" in shown
        await stage.press("slash", *"mara", "enter")
        assert "v1.2.0 at" not in stage.text and "1 of 2 · /mara" in stage.text
        await stage.press("slash", "x", "enter")
        assert "No operation holds all of these words" in stage.text
        await stage.press("escape")
        assert "v1.2.0 at" in stage.text
        write(stage.there.journal.path, [entry(3, "begin")])
        await stage.until(lambda: "v1.3.0 at" in stage.text)  # it follows the file
        await stage.press("enter", "escape", "escape")
        assert not isinstance(stage.app.screen, JournalScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
@pytest.mark.parametrize("there", [True, False])
async def test_the_first_operation_is_read_with_all_its_room(
    tmp_path: Path, size: tuple[int, int], there: bool
) -> None:
    async with staged(tmp_path, size=size) as stage:
        path = stage.there.journal.path
        if there:
            write(path, [entry(1, "begin")])
        screen = await opened(stage)
        write(path, [entry(1, "begin")])
        await stage.until(lambda: "began" in stage.text)
        await stage.press()
        assert "repository   acme/agentic-backend\n" in stage.text
        assert screen.focused is screen._list and "enter Read" in stage.text


async def test_what_is_under_way_here_is_not_called_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)
    async with staged(tmp_path, size=(120, 36)) as stage:
        hold = stage.there.world.hold = asyncio.Event()
        await stage.asked()
        await stage.press("y")
        await stage.until(lambda: stage.there.world.sent == ["tag"])
        await stage.press("escape")
        await opened(stage)
        assert "under way" in stage.text and "may have happened" not in stage.text
        hold.set()
        await stage.until(lambda: bool(stage.ended))
        await stage.until(lambda: "under way" not in stage.text and "step release done" in stage.text)


async def test_there_is_no_journal_where_nothing_can_be_changed() -> None:
    app = boards.app(read_only=True)
    async with app.run_test() as pilot:
        await pilot.press("!")
        await pilot.pause()
        assert not isinstance(app.screen, JournalScreen)


async def test_ten_thousand_lines_are_read_and_moved_through(tmp_path: Path) -> None:
    async with staged(tmp_path, size=(120, 36)) as stage:
        write(stage.there.journal.path, [
            entry(number, phase, result="done" if phase == "end" else "") for number in range(5000)
            for phase in ("begin", "end")
        ])  # fmt: skip
        screen = await opened(stage)
        assert len(screen._list.items) == 5000 and "v1.4999.0" in stage.text
        await stage.press("G")
        assert "v1.0.0 at" in stage.text


def test_no_line_is_wider_than_its_room_whatever_it_holds() -> None:
    hostile = [
        entry(1, phase, target=HOSTILE, who=HOSTILE, action=HOSTILE, request=HOSTILE, detail=HOSTILE, step=HOSTILE,
              before=HOSTILE, result=HOSTILE if phase == "after" else "")
        for phase in ("begin", "before", "after", "end", HOSTILE)
    ]  # fmt: skip
    (operation,) = operations(hostile)
    for room in (40, 78, 158):
        lines = [JournalPresenter().line(operation, room, NOW), *operation_lines(operation, "", room)]
        for line in lines:
            assert width_of(line) <= room
            assert not any(ord(one) < 32 or one in "\u202e\x9b" for one in text_of(line))
    assert matching([operation], "owned", "") == [operation] or matching([operation], "click", "") == [
        operation
    ]


async def test_the_small_change_is_there(tmp_path: Path) -> None:
    there = bench(tmp_path)
    prepared = await there.operator.prepare(there.action, Intent())
    async for _ in there.operator.run(prepared):
        pass
    (operation,) = operations(await there.journal.read())
    text = "\n".join(text_of(line) for line in operation_lines(operation, "", 100))
    assert "v1.8.2 → v1.9.0" in text and "sending tag" in text and "✓ step tag done" in text
