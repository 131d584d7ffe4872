"""Killed (kill -9) in the middle of a change to runs, and started again: the world ends with one result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worlds

from tests.cli.conftest import Line

R = "/repos/acme/agentic-backend/actions"


@pytest.fixture(scope="module")
def world() -> Iterator[worlds.OwnWorld]:
    """Not the shared one: what is done here stays done."""
    with worlds.world(seed=3, frozen=True) as running:
        yield running


def newest(line: Line, **wanted: Any) -> dict[str, Any]:
    for page in range(1, 12):
        for run in line.ask("GET", f"{R}/runs?per_page=100&page={page}")["workflow_runs"]:
            if all(run[name] == value for name, value in wanted.items()):
                return dict(run)
    raise AssertionError(wanted)


def killed_in(line: Line, match: str, method: str, *argv: str, after: bool, at: int = 1) -> None:
    """Runs the command and kills it while the server holds the answer to one of its writes, which it has
    carried out (``after``) or not."""
    wish: dict[str, Any] = {"kind": "delay" if after else "reset", "match": match, "method": method}
    line.move("faults", **wish, seconds=60, after=after)
    place = ["--api-url", line.world.api_url, "--config", str(line.world.config), "--repo", line.world.repo]
    process = subprocess.Popen(
        [sys.executable, "-m", "relman", *place, *argv],
        env={**os.environ, **line.environ, "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not any(one["met"] >= at for one in line.ask("GET", "/_world/faults")["faults"]):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < until, "the request never came"
        time.sleep(0.05)
    time.sleep(0.3)  # the request is carried out once it was met
    process.send_signal(signal.SIGKILL)
    process.communicate()
    line.move("clear")


def journal(line: Line) -> list[dict[str, str]]:
    return [json.loads(text) for text in (line.home / "state" / "journal.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("after", [True, False])
def test_rerun(line: Line, after: bool) -> None:
    run = newest(line, conclusion="failure", run_attempt=1, path=".github/workflows/ci.yml")
    argv = ("rerun", str(run["id"]), "--failed", "--yes")
    killed_in(line, "/rerun-failed-jobs", "POST", *argv, after=after)
    assert journal(line)[-1]["phase"] == "before"
    answer = line(*argv)
    assert answer.code == (3 if after else 0), answer.err
    assert newest(line, id=run["id"])["run_attempt"] == 2


@pytest.mark.parametrize("after", [True, False])
def test_dispatch(line: Line, after: bool) -> None:
    line.move("advance", seconds=120)  # away from what another test started
    listed = f"{R}/runs?event=workflow_dispatch&per_page=100"
    before = {run["id"] for run in line.ask("GET", listed)["workflow_runs"]}
    argv = ("dispatch", "cd", "-i", f"version=v1.{20 if after else 19}.0", "--yes", "--json")
    killed_in(line, "/dispatches", "POST", *argv, after=after)
    line.move("advance", seconds=1)
    answer = line(*argv)
    fresh = {run["id"] for run in line.ask("GET", listed)["workflow_runs"]} - before
    if after:
        assert (answer.code, len(fresh)) == (0, 1), answer.err
        assert answer.json()["result"]["run_id"] == fresh.pop()
        assert answer.json()["plan"]["steps"][0]["request"] == ""
    else:
        # Nobody can know yet that it was not taken: it is said, and nothing is sent.
        assert (answer.code, len(fresh)) == (3, 0)
        assert "may still appear" in answer.err
        sure = line(*argv, "--again", "the page shows none")
        assert sure.code == 0
        assert len({run["id"] for run in line.ask("GET", listed)["workflow_runs"]} - before) == 1


def test_cancel(line: Line) -> None:
    line.ask("POST", f"{R}/workflows/scheduled.yml/dispatches", {"ref": "main", "return_run_details": True})
    line.move("advance", seconds=10)
    run = newest(line, event="workflow_dispatch", path=".github/workflows/scheduled.yml")
    argv = ("cancel", str(run["id"]), "--yes")
    killed_in(line, f"{run['id']}/cancel", "POST", *argv, after=True)
    line.move("advance", seconds=60)
    answer = line(*argv)
    assert answer.code == 0, answer.err
    assert newest(line, id=run["id"])["conclusion"] == "cancelled"


@pytest.mark.parametrize("after", [True, False])
def test_prune(line: Line, after: bool, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    keep = "54" if after else "51"
    argv = ("prune-runs", "--workflow", "scheduled", "--keep", keep, "--export", str(file), "--yes", "--json")
    planned = line(*argv[:-2], "--dry-run", "--json").json()["details"]["delete"]
    assert len(planned) > 1
    killed_in(line, f"/runs/{planned[1]}$", "DELETE", *argv, after=after)
    answer = line(*argv)
    assert answer.code == 0, answer.err
    rest = answer.json()["plan"]["details"]["delete"]
    assert rest == planned[2 if after else 1 :]
    kept = [json.loads(text)["run"]["id"] for text in file.read_text().splitlines()]
    assert kept == planned  # each once
    left = {
        run["id"] for run in line.ask("GET", f"{R}/workflows/scheduled.yml/runs?per_page=100")["workflow_runs"]
    }
    assert not left & set(planned)
