"""The real command in a process of its own on a world, which can be killed at any request."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import worlds
from world_hand import Done, Hand

from relman.__main__ import main

R = "/repos/acme/agentic-backend"
CODE = "from relman.__main__ import run; run()"
OVERRIDES = ("--override", "ci=the test's commit has no run yet", "--override", "staging=nor a deployment")


@dataclass
class Shop(Hand):
    """The world, and a home that all commands of one test share."""

    world: worlds.OwnWorld
    home: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def arguments(self, *argv: str) -> list[str]:
        return [sys.executable, "-c", CODE, *self.place, *argv]

    def environ(self, home: Path | None = None) -> dict[str, str]:
        keep = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
        return {**keep, "RELMAN_TOKEN": self.world.token, "RELMAN_HOME": str(home or self.home)}

    def start(self, *argv: str, home: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.arguments(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ(home),
            cwd=Path(__file__).parents[2],
        )

    def end(self, process: subprocess.Popen[str]) -> Done:
        out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)

    def __call__(self, *argv: str) -> Done:
        return self.end(self.start(*argv))

    def here(self, *argv: str) -> Done:
        """The command in this process: much faster, and not to be killed."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*self.place, *argv], self.environ())
        return Done(code, out.getvalue(), err.getvalue())

    def killed_at(self, method: str, match: str, *argv: str) -> None:
        """Runs the command and kills it with -9 while the answer to that request is held back.

        The world has carried the request out by then.
        """
        self.fault("delay", match, method=method, after=True, seconds=60)
        process = self.start(*argv)
        try:
            end = time.monotonic() + 60
            # The world answers this only between requests: a fault that was met has been carried out.
            while not any(one["met"] for one in self.look("/_world/faults")["faults"]):
                assert process.poll() is None, self.end(process)
                assert time.monotonic() < end, "the request was never sent"
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            self.end(process)
        self.move("clear")

    def fault(self, kind: str, match: str, **wish: Any) -> None:
        self.move("faults", kind=kind, match=match, **wish)

    def act(self, do: str, **wish: Any) -> Any:
        return self.move("act", do=do, **wish)

    def look(self, path: str) -> Any:
        return self.ask("GET", path)

    def commit(self, message: str = "fix: a thing", branch: str = "main") -> str:
        """A new commit by somebody; gives its sha."""
        name = f"notes/{next(self._numbers)}-{time.monotonic_ns()}.txt"
        return str(self.move("push", branch=branch, message=message, files={name: "x"})["sha"])

    def next_tag(self, *argv: str) -> str:
        """The tag that a release would make now."""
        return str(self.here("release", "plan", "--json", *argv).json()["tag"])

    def tags(self) -> dict[str, str]:
        """The commit by tag."""
        return {tag["name"]: tag["commit"]["sha"] for tag in self.look(f"{R}/tags?per_page=100")}

    def releases(self, tag: str) -> list[dict[str, Any]]:
        return [one for one in self.look(f"{R}/releases?per_page=100") if one["tag_name"] == tag]

    def message(self, tag: str) -> str:
        ref = self.look(f"{R}/git/ref/tags/{tag}")["object"]
        assert ref["type"] == "tag"
        return str(self.look(f"{R}/git/tags/{ref['sha']}")["message"])

    def runs(self, tag: str) -> list[dict[str, Any]]:
        found = self.look(f"{R}/actions/runs?event=push&per_page=100")["workflow_runs"]
        return [run for run in found if run["head_branch"] == tag]

    def journal(self) -> list[dict[str, str]]:
        (path,) = self.home.rglob("journal.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]
