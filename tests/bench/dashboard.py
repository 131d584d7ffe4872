"""The dashboard on an embedded world, as a person would start it, with the history of an earlier session."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from relman.demo.embed import Embedded
from tests.bench.screen import Screen

ENTRANCE = "from relman.__main__ import run; run()"  # what the installed script holds
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
"""When every world of a bench begins: its newest run waits for production."""

SHOWN = ("agentic-backend", "Runs ", "deploy-production", "enter Open")
"""Header, list, graph and footer: a frame with all of them is a full one."""


def command(world: Embedded, *options: str) -> list[str]:
    place = ["--api-url", world.api_url, "--repo", world.repo, "--config", str(world.config)]
    return [sys.executable, *options, "-c", ENTRANCE, *place]


def environment(world: Embedded, home: Path) -> Mapping[str, str]:
    return {"RELMAN_TOKEN": world.token, "RELMAN_HOME": str(home), "PYTHONPATH": str(Path.cwd())}


def live_through(world: Embedded, home: Path, size: tuple[int, int], seconds: float) -> None:
    """An earlier session: it fills the history, looks at the run on top and is left with ``q``."""
    with Screen(command(world), size, environment(world, home)) as screen:
        screen.until(*SHOWN)
        screen.settle(seconds)
        screen.press("q")
        for _ in range(100):
            screen.settle(0.1)
            if screen.process.poll() is not None:
                break
        assert screen.process.poll() == 0, "the earlier session was not left"


def load() -> str:
    """How busy the machine is, for the reader of the figures."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (1 min), {five:.1f} (5 min), {os.cpu_count()} processors"
