"""In monitor mode nothing that changes anything exists: every key, every command, and the world sees no write."""

from __future__ import annotations

import json
import string
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worlds
from small_change import Intent, SmallChange, StillClock, World
from textual.pilot import Pilot

from relman import wiring
from relman.cli import arguments
from relman.tui.app import RelmanApp
from relman.tui.commands.catalogue import scopes
from relman.tui.commands.command import CommandHost
from relman.tui.commands.keymap import keys_of
from relman.tui.commands.live import live_commands
from relman.tui.screens.confirm import ConfirmScreen
from relman.tui.screens.help import help_rows
from relman.tui.screens.journal import JournalScreen
from relman.tui.screens.live import LiveScreen
from relman.tui.tabs import Tab

ENDS = {"quit", "interrupt", "confirm-quit"}


@pytest.fixture(scope="module")
def world() -> Iterator[worlds.OwnWorld]:
    with worlds.world(seed=5, frozen=True) as running:
        yield running


def requests(world: worlds.OwnWorld) -> list[dict[str, Any]]:
    asked = urllib.request.Request(
        f"{world.api_url}/_world/requests", headers={"Authorization": f"Bearer {world.token}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as reply:
        answer = json.load(reply)
    return [one for one in answer["requests"] if not one["path"].startswith("/_world")]


def dashboard(world: worlds.OwnWorld, home: Path, monkeypatch: pytest.MonkeyPatch, *argv: str) -> RelmanApp:
    """The app as the command line builds it, not yet running."""
    built: list[RelmanApp] = []
    monkeypatch.setattr("relman.tui.run.run_dashboard", lambda app: built.append(app) or 0)
    place = ["--api-url", world.api_url, "--repo", world.repo, "--config", str(world.config)]
    parsed = arguments.parse([*place, *argv])
    environ = {"RELMAN_TOKEN": world.token, "RELMAN_HOME": str(home), "PATH": ""}
    wiring.dashboard(wiring.session(parsed, environ, read_only=parsed.command == "monitor"))
    built[0]._opener = lambda url: None
    return built[0]


def every_key() -> list[str]:
    ends = {key for scope in scopes() for one in scope.commands if one.name in ENDS for key in keys_of(one, {})}
    keys = {key for scope in scopes() for one in scope.commands for key in keys_of(one, {})}
    return sorted((keys | set(string.ascii_letters + string.digits) | {"enter", "space", "ctrl+y"}) - ends)


async def test_no_key_and_no_command_writes_anything(
    world: worlds.OwnWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(world, tmp_path, monkeypatch, "monitor")
    small = World()
    seen: set[str] = set()
    async with app.run_test(size=(120, 36)) as pilot:
        while app.board.runs.value is None:
            await pilot.pause(0.02)
        for tab in app.TABS:
            app.go(tab)
            await pilot.pause()
            home = app.screen
            for key in every_key():
                await pilot.press(key)
                seen.add(type(app.screen).__name__)
                assert not isinstance(app.screen, ConfirmScreen | JournalScreen), key
                await _back(app, pilot, tab, home)
            await _run_everything(app, pilot, tab)
        app.act(SmallChange(small, StillClock()), Intent())
        await pilot.pause()
        assert not isinstance(app.screen, ConfirmScreen)
        assert app.tools is None and app.under_way is None
    await app.watch_.stop()
    assert {"PipelineScreen", "LogScreen", "HelpScreen", "PaletteScreen"} <= seen  # the keys did something
    asked = requests(world)
    assert asked and {one["method"] for one in asked} <= {"GET", "HEAD"}
    assert small.sent == [] and small.gathers == 0
    assert not (tmp_path / "state" / "journal.jsonl").exists()


async def _back(app: RelmanApp, pilot: Pilot[None], tab: Tab, home: object) -> None:
    """To a tab's first screen, from wherever a key has led."""
    while app.screen is not home:
        if len(app.screen_stack) > 1:
            app.screen.dismiss()
        else:
            app.go(tab)
        await pilot.pause()


async def _run_everything(app: RelmanApp, pilot: Pilot[None], tab: Tab) -> None:
    """Every command by its name, those of the palette among them, as far as the screen stays the same."""
    screen = app.screen
    assert isinstance(screen, LiveScreen)
    live = {entry.command.name for entry in live_commands(screen)}
    for host in (screen, app):
        assert isinstance(host, CommandHost)
        for name in type(host).commands():
            if name in ENDS or name.startswith("go-"):
                continue
            host.action_run_command(name)
            await pilot.pause()
            assert not isinstance(app.screen, ConfirmScreen | JournalScreen), name
            await _back(app, pilot, tab, screen)
    assert "journal" not in live and "under-way" not in live


async def test_read_only_builds_no_tools(
    world: worlds.OwnWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(world, tmp_path, monkeypatch, "--read-only")
    async with app.run_test() as pilot:
        while app.board.runs.value is None:
            await pilot.pause(0.02)
        assert app.tools is None
        for tab in app.TABS:
            app.go(tab)
            await pilot.pause()
            names = {row.name for row in help_rows(app.screen, {})}
            assert "quit" in names
            assert not names & {
                "approve", "reject", "rerun", "cancel", "dispatch", "tag", "hotfix", "rollback", "journal",
            }  # fmt: skip
    await app.watch_.stop()


async def test_where_changes_are_allowed_the_tools_are_there(
    world: worlds.OwnWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(world, tmp_path, monkeypatch)
    async with app.run_test(size=(120, 36)) as pilot:
        while app.board.runs.value is None:
            await pilot.pause(0.02)
        await pilot.press("question_mark", "escape", "2", "1")
        assert app.may_change
        assert app._tools is None  # to look on they are not built, and nor is what reads releases
        assert app.release_read is None
        await pilot.press("!")
        await pilot.pause()
        assert isinstance(app.screen, JournalScreen)
        await pilot.press("escape")
        await pilot.pause()
        names = {row.name for row in help_rows(app.screen, {})}
        assert {"rerun", "cancel", "dispatch", "tag", "hotfix", "rollback", "journal"} <= names
        tools = app.tools
    await tools.writer.aclose()
    await app.watch_.stop()
