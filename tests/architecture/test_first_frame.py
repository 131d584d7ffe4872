"""What the dashboard has loaded when its first frame is out: start-up time is a feature."""

import json
import os
import subprocess
import sys

import pytest

from relman.board.clock import SystemClock
from relman.board.history import History
from relman.model.board import Board, Section
from relman.model.run import Run

CLIENTS = {"httpx", "httpcore", "anyio", "h11", "github", "requests", "asyncssh", "cryptography"}
LATER = {"markdown_it", "importlib.metadata", "relman.github.reader", "relman.probes", "relman.board.poller"}
API = "http://127.0.0.1:9"  # nothing listens there: the first frame waits for no network

# The real entrance and the real wiring; only the driver draws to nowhere.
CODE = """
import json, os, sys
from relman import __main__, wiring
from relman.cli import arguments
arguments.has_terminal = lambda: True
from relman.tui import app, run

async def headless(self, **options):
    return await run_async(self, headless=True, size=(120, 36))

run_async, app.RelmanApp.run_async = app.RelmanApp.run_async, headless
first_frame_is_out = app.RelmanApp._first_frame_is_out

def look(self):
    strips = self.screen._compositor.render_strips()
    shown = ["".join(segment.text for segment in strip) for strip in strips]
    print(json.dumps({"shown": shown, "loaded": sorted(sys.modules)}), flush=True)
    first_frame_is_out(self)
    self.exit()

app.RelmanApp._first_frame_is_out = look
__main__.run()
"""


@pytest.fixture
async def home(tmp_path):
    """An earlier session left a board."""
    history = History.open(tmp_path / "state" / "history", API, "acme/app")
    made = Run(
        id=7,
        name="CI",
        title="feat: what was there last time",
        number=42,
        attempt=1,
        event="push",
        status="completed",
        conclusion="success",
        branch="main",
        sha="4f2c9a1" + "0" * 33,
        workflow_id=1,
        path=".github/workflows/ci.yml",
    )
    await history.keep_board(Board("acme/app", runs=Section((made,), SystemClock().now())))
    await history.close()
    return tmp_path


def test_the_first_frame_has_the_last_board_and_no_client(home):
    environ = {
        **{name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}},
        "RELMAN_HOME": str(home),
        "RELMAN_TOKEN": "world-" + "0" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, "--api-url", API, "--repo", "acme/app", "-C", str(home)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[0])
    text = "\n".join(said["shown"])
    assert "CI #42" in text
    assert "Quit" in text
    found = set(said["loaded"])
    assert "textual" in found
    assert not {name.split(".")[0] for name in found} & CLIENTS
    assert not found & LATER
