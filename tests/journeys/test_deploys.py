"""Approving and rejecting in a real terminal (tmux), and without one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from schemas import validate

from tests.journeys.test_terminal import Terminal

RELMAN = [sys.executable, "-m", "relman"]


@pytest.fixture
def deploys(tmp_path: Path, command: str) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, command, 120, 36)
    try:
        terminal.wait_for("for you")
        terminal.press("2")
        terminal.wait_for("production waits")
        terminal.wait_for("You may approve or reject")
        yield terminal
    finally:
        terminal.close()


def test_approve_a_waiting_deployment_and_follow_it(deploys: Terminal) -> None:
    deploys.press("a")
    deploys.wait_for("Comment, if you like")
    deploys.press("Enter")
    deploys.wait_for("What is sent")
    deploys.press("Enter")  # carries nothing out: Cancel has the focus
    deploys.wait_gone("What is sent")
    deploys.press("a")
    deploys.wait_for("Comment, if you like")
    deploys.press(*"fine", "Enter")
    deploys.wait_for("Type production:")
    deploys.wait_for("pending_deployments")
    deploys.press("Tab", *"production", "C-y")
    deploys.wait_for("approved production")  # the reviews of the run, beside what runs there
    shown = deploys.wait_for("fine")
    assert "deploy-production" in shown
    deploys.press("Enter")
    deploys.wait_for("Runs ")
    deploys.press("q")
    assert deploys.exit_code() == 0


def test_reject_a_waiting_deployment(deploys: Terminal) -> None:
    deploys.press("x")
    deploys.wait_for("Comment, if you like")
    deploys.press(*"no", "Enter")
    deploys.wait_for("The run fails")
    deploys.wait_for('"comment": "no"')
    time.sleep(1)  # a yes that comes before the plan could be read does not count
    deploys.press("y")
    deploys.wait_for("rejected production")
    deploys.press("q")
    assert deploys.exit_code() == 0


@pytest.mark.parametrize(
    ("argv", "code", "outcome"),
    [
        (("approve", "production", "--dry-run", "--json"), 0, None),
        (("approve", "production", "--yes", "--json"), 3, None),
        (("approve", "production", "--confirm", "production", "--json"), 0, "done"),
        (("reject", "production", "--comment", "no", "--yes", "--json"), 0, "done"),
    ],
)
def test_without_a_terminal(argv: tuple[str, ...], code: int, outcome: str | None) -> None:
    done = subprocess.run(
        [*RELMAN, "demo", "--", *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    validate(said)
    if outcome is not None:
        assert said["result"]["outcome"] == outcome and said["result"]["run_id"]
    elif code:
        assert "--confirm production" in said["error"]["hint"]
