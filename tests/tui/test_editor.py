"""Editing the text of a plan in the user's own editor."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
from small_change import Intent

from relman.errors import RelmanError
from relman.tui.app import RelmanApp
from relman.tui.editor import editor_command
from relman.tui.screens.confirm import ConfirmScreen
from tests.tui.test_confirm import staged


def editor(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f'"{path}" --wait'


@pytest.fixture(autouse=True)
def handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that can be handed to an editor; the headless one cannot."""
    monkeypatch.setattr(RelmanApp, "suspend", lambda app: contextlib.nullcontext())
    monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)


def test_only_the_users_own_editor_counts() -> None:
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": " ", "EDITOR": "'/opt/my editor/ed' -n"}) == ["/opt/my editor/ed", "-n"]
    for environ in ({}, {"GIT_EDITOR": "x"}, {"EDITOR": "'half"}):
        with pytest.raises(RelmanError):
            editor_command(environ)


async def test_edited_text_goes_into_the_plan_and_survives_a_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path / "my editor", 'echo "and more" >> "$2"'))
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(text="Small fixes.\n"))
        await stage.press("E")
        assert "and more" in stage.text and "Small fixes." in stage.text
        (kept,) = (tmp_path / "scratch").iterdir()
        assert kept.stat().st_mode & 0o777 == 0o600
        await stage.press("escape")
        await stage.asked(Intent(text="Small fixes.\n"))
        assert "and more" in stage.text and "the one you edited" in stage.text
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))
        assert not list((tmp_path / "scratch").iterdir())  # it went out


@pytest.mark.parametrize("script", ["exit 1", "exit 127"])
async def test_an_editor_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setenv("VISUAL", editor(tmp_path / "editor", f'echo lost > "$2"; {script}'))
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(text="Small fixes."))
        await stage.press("E")
        assert "Small fixes." in stage.text and "The editor ended with" in stage.told
        await stage.press("escape")
        await stage.asked(Intent(text="Small fixes."))
        assert "lost" not in stage.text


async def test_without_an_editor_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(text="Small fixes."))
        await stage.press("E")
        assert "Set $VISUAL or $EDITOR" in stage.told and stage.open
        monkeypatch.setenv("EDITOR", str(tmp_path / "nowhere"))
        await stage.press("E")
        assert "The editor did not start" in stage.told and stage.open
