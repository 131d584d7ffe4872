"""Releases in a real terminal: tag one from `t` to the run that follows; the way back as far as its plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.test_terminal import Terminal


@pytest.fixture
def dashboard(tmp_path: Path, command: str) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, command, 120, 36)
    try:
        terminal.wait_for("for you")
        yield terminal
    finally:
        terminal.close()


def test_a_release_from_the_key_to_the_followed_run(dashboard: Terminal) -> None:
    dashboard.press("3")
    shown = dashboard.wait_for("after a look at the plan")
    found = re.search(r"→ (v\d+\.\d+\.\d+) \(", shown)
    assert found is not None, shown
    version = found[1]
    dashboard.press("t")
    dashboard.wait_for("Pre-release channel")
    dashboard.press("Enter")
    dashboard.wait_for(f"Type {version}:")
    dashboard.press("Enter", "Enter")  # never a yes
    dashboard.wait_gone(f"Type {version}:")
    dashboard.press("t")
    dashboard.wait_for("Pre-release channel")
    dashboard.press("Enter")
    dashboard.wait_for(f"Type {version}:")
    dashboard.press("Tab", *version, "C-y")
    # It ends where its run is: highlighted in Pipeline, with its graph.
    dashboard.wait(
        lambda now: "▌1 Pipeline" in now and re.search(r"▌.  CD #\d+", now) is not None, "the followed run"
    )
    dashboard.wait_for("deploy-production")
    dashboard.press("3")
    shown = dashboard.wait(lambda now: f"unreleased: nothing since {version}" in now, "nothing to release")
    assert f"{version} is on this commit already" in " ".join(shown.split())
    dashboard.press("q")
    assert dashboard.exit_code() == 0


def test_the_way_back_shows_its_plan_and_esc_changes_nothing(dashboard: Terminal) -> None:
    dashboard.press("3")
    dashboard.wait_for("after a look at the plan")
    dashboard.press("R")
    dashboard.wait_for("deployed")
    dashboard.press("Enter")
    shown = dashboard.wait_for("What is sent")
    assert "Roll production back to v" in shown
    dashboard.press("Escape")
    dashboard.wait_gone("What is sent")
    dashboard.press("H")
    shown = dashboard.wait_for("Create the branch hotfix/")
    dashboard.press("Escape")
    dashboard.wait_gone("Create the branch hotfix/")
    dashboard.press("q")
    assert dashboard.exit_code() == 0
