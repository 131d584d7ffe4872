"""What the dashboard has loaded when its first frame is out: start-up time is a feature."""

import json
import os
import re
import subprocess
import sys
from typing import get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec.structs import replace

from relman.board.clock import SystemClock
from relman.board.history import History
from relman.model.board import Board, Section
from relman.model.run import Job, Run, WorkflowSource
from relman.model.workflow_reader import read_source

CLIENTS = {"httpx", "httpcore", "anyio", "h11", "github", "requests", "asyncssh", "cryptography"}
LATER = {
    *(
        "textual.widgets._input",
        "textual.widgets._tree",
        "textual.types",
        "textual.fuzzy",
        "relman.model.remedy",
    ),
    *("markdown_it", "importlib.metadata", "yaml", "webbrowser"),
    *("relman.github.reader", "relman.probes", "relman.board.poller", "relman.model.workflow_reader"),
}
API = "http://127.0.0.1:9"  # nothing listens there: the first frame waits for no network

FILE = "on: push\njobs:\n  lint: {runs-on: x, steps: []}\n  build: {runs-on: x, needs: lint, steps: []}\n"

# The real entrance and the real wiring; only the driver draws to nowhere.
CODE = """
import json, os, sys
from relman import __main__, wiring
from relman.cli import start
start.no_screen = lambda environ: ("", "")
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
    now = SystemClock().now()
    source = WorkflowSource(made.path, made.sha, FILE)
    source = replace(source, file=read_source(source))
    jobs = (Job(1, 7, 1, "lint", "completed", "success"), Job(2, 7, 1, "build", "completed", "success"))
    board = Board(
        "acme/app",
        runs=Section((made,), now),
        jobs={7: Section(jobs, now)},
        sources={7: Section(source, now)},
    )
    await history.keep_board(board)
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
    assert re.search(r"✓ lint .*━ ✓ build|✓ lint .*✓ build", text), text
    assert "Quit" in text
    found = set(said["loaded"])
    assert "textual" in found
    assert not {name.split(".")[0] for name in found} & CLIENTS
    assert not found & LATER, found & LATER


def structs_in(kind: object, found: set[type]) -> set[type]:
    """The structs that a value of this type may hold."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
        found.add(kind)
        for field in get_type_hints(kind).values():
            structs_in(field, found)
    for inner in (*get_args(kind), *filter(None, [get_origin(kind)])):
        structs_in(inner, found)
    return found


def test_the_types_of_a_kept_board_need_no_compiler() -> None:
    """msgspec compiles each annotation that is a string when it is to read the last board: half of that reading."""
    found = structs_in(Board, set())
    assert {Board, Run, Job, WorkflowSource} <= found
    strings = {
        f"{one.__name__}.{name}"
        for one in found
        for name, kind in one.__annotations__.items()
        if isinstance(kind, str)
    }
    assert strings <= {"WorkflowJob.callee"}  # a type that holds itself cannot be named otherwise
