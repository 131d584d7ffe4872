"""Changes to runs in a real terminal: run a failed job again, cancel it, start a workflow with its form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.test_terminal import Terminal


@pytest.fixture
def dashboard(tmp_path: Path, command: str) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, command, 120, 36)
    try:
        terminal.wait_for("for you")
        terminal.wait_for("✓ build")
        yield terminal
    finally:
        terminal.close()


def agree(terminal: Terminal, what: str) -> None:
    """Waits until the plan stands, lets it stand as a reader would, and says yes."""
    terminal.wait_for("What is sent")
    terminal.wait_for("y Carry it out")
    terminal.wait_for(what)
    terminal.press("", "", "", "y")


def test_run_again_and_cancel(dashboard: Terminal) -> None:
    dashboard.press("/", *"status:failure", "Enter")
    dashboard.wait_for("status:failure")
    dashboard.press("e")
    dashboard.wait_for("Failed jobs")
    dashboard.press("Enter")
    agree(dashboard, "rerun")
    dashboard.wait_for("Re-run the failed jobs of")
    dashboard.wait_for(": done")
    dashboard.wait(lambda shown: "c Cancel" in shown.splitlines()[-1], "the new attempt under way")
    dashboard.press("c")
    agree(dashboard, "/cancel")
    dashboard.wait(lambda shown: "cancelled ·" in shown, "its end")
    dashboard.wait_gone("Ask the run to stop")  # its end can be seen beside the dialog before that has closed
    dashboard.press("q")
    assert dashboard.exit_code() == 0


def test_start_a_workflow_with_its_form(dashboard: Terminal) -> None:
    dashboard.press("D")
    dashboard.wait_for("Can be started by hand")
    dashboard.press(*"cd.yml", "Enter")
    dashboard.wait_for("‹ staging ›")
    dashboard.press("Tab", *"v1.10.0", "C-s")
    agree(dashboard, "dispatches")
    dashboard.wait_for("Start cd.yml on main: done")
    dashboard.wait(
        lambda shown: any(line.startswith(("▌○", "▌◐")) and "CD #" in line for line in shown.splitlines()),
        "the new run highlighted",
    )
    dashboard.wait_gone("Show the plan")
    dashboard.press("q")
    assert dashboard.exit_code() == 0
