"""The program in a real terminal (tmux): start, look, walk, read a log, search, filter, resize, quit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

PATIENCE = 60.0

if shutil.which("tmux") is None:
    if os.environ.get("RELMAN_REQUIRE_ORACLES"):
        pytest.fail("tmux is missing: apt-get install tmux", pytrace=False)
    pytest.skip("tmux is not installed", allow_module_level=True)


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, command: str, columns: int, lines: int) -> None:
        self.name = f"relman-{uuid.uuid4().hex[:12]}"
        self.code = folder / "code"
        shell = f"{command}; echo $? > {self.code}; sleep 60"
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(lines), "sh", "-c", shell)

    def _tmux(self, *words: str) -> str:
        # COLUMNS and LINES would tell the program another size than the terminal has.
        environ = {
            name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "TMUX"}
        }
        command = ["tmux", "-L", self.name, "-f", "/dev/null", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        return done.stdout

    def press(self, *keys: str) -> None:
        """Letters come as fast as somebody types who knows the words; after any other key there is a look."""
        for key, after in pairwise([*keys, ""]):
            self._tmux("send-keys", key)
            typing = len(key) == 1 and len(after) == 1
            # An escape and a key soon after it are one chord.
            time.sleep(0.4 if key == "Escape" else 0.03 if typing else 0.15)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def resize(self, columns: int, lines: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def wait(self, ready: Callable[[str], bool], what: str) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            shown = self.screen()
            if ready(shown):
                return shown
            time.sleep(0.1)
        raise AssertionError(f"never saw {what}:\n{self.screen()}")

    def wait_for(self, text: str) -> str:
        return self.wait(lambda shown: text in shown, repr(text))

    def wait_gone(self, text: str) -> str:
        return self.wait(lambda shown: text not in shown, f"the end of {text!r}")

    def exit_code(self) -> int:
        self.wait(lambda _: self.code.exists() and bool(self.code.read_text()), "an exit code")
        return int(self.code.read_text())

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path, f"{sys.executable} -m relman demo", 120, 36)
    try:
        terminal.wait_for("for you")
        yield terminal
    finally:
        terminal.close()


def test_look_walk_zoom_and_quit(dashboard: Terminal) -> None:
    dashboard.wait_for("deploy-production")  # the run that waits is on top and drawn
    dashboard.press("/", *"status:running", "Enter")
    dashboard.wait_for("performance")
    dashboard.press("Enter", "l")
    dashboard.wait_for("Needs lint, test, security")  # along the line to what is not created yet
    dashboard.press("h", "k")
    dashboard.wait(lambda shown: "Set up Python" in shown, "the steps of lint")
    dashboard.press("z")
    dashboard.wait_gone("Runs ")
    dashboard.press("z")
    dashboard.wait_for("Runs ")
    dashboard.press("q")
    assert dashboard.exit_code() == 0


def test_a_failed_run_its_remedy_and_its_log(dashboard: Terminal) -> None:
    dashboard.press("/", *"status:failure", "Enter")
    dashboard.wait_for("Annotations")
    dashboard.press("Tab", "L")
    shown = dashboard.wait_for("test_admin_permissions - AssertionError")  # stands at the first error
    assert "2 failed" in shown
    dashboard.press("/", *"warnings summary", "Enter")
    dashboard.wait_for("1/")
    dashboard.press("T")
    dashboard.wait(lambda text: "T" in text and ":" in text, "timestamps")
    dashboard.press("Escape", "Escape", "Escape")
    dashboard.wait_for("Runs ")
    dashboard.press("q")
    assert dashboard.exit_code() == 0


def test_every_size_and_the_help(dashboard: Terminal) -> None:
    for columns, lines in [(160, 45), (80, 24), (72, 20), (40, 12), (120, 36)]:
        dashboard.resize(columns, lines)
        shown = dashboard.wait_for("too small" if columns < 72 else "waiting" if columns < 80 else "agentic")
        assert max(map(len, shown.splitlines())) <= columns
    dashboard.press("?")
    dashboard.wait_for("Keys")
    dashboard.press("Escape")
    dashboard.wait_gone("type to find")
    dashboard.press("Escape", "Escape")  # never quits
    dashboard.wait_for("for you")
    dashboard.press("C-c")
    assert dashboard.exit_code() == 0
