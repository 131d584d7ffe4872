"""Memory of the dashboard on the embedded world, settled with data, before any write or SSH.

``python -m tests.bench.bench_memory [SECONDS]``. To reach: at most 60 MB resident.

The world is another process. The dashboard runs in a pseudo-terminal as a person would start it: once with an
empty history, which it fills, and once with what that session kept. Then, in fresh processes, what the
packages cost that were loaded, each on top of those before it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from relman.demo import embed
from tests.bench import dashboard
from tests.bench.screen import Screen

SIZE = (160, 45)
STAIRS = [
    "asyncio",
    "textual.app, textual.widgets",
    "sqlite3",
    "relman.board.watch, relman.board.poller, relman.board.fill",
    "relman.tui.app",
    "relman.github.reader, relman.probes",
    "httpx",
]


def megabytes(pid: int) -> dict[str, float]:
    """Resident, proportional and private memory of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
    return {
        "resident": found["Rss"],
        "proportional": found["Pss"],
        "own": found["Private_Clean"] + found["Private_Dirty"],
    }


def told(label: str, memory: dict[str, float]) -> None:
    print(f"{label:36}" + "  ".join(f"{name} {value:5.1f} MB" for name, value in memory.items()))


def stairs() -> None:
    """What each package adds in a fresh process."""
    before = 0.0
    for number in range(len(STAIRS) + 1):
        imports = "; ".join(f"import {names}" for names in STAIRS[:number])
        code = f"{imports}\nprint(open('/proc/self/smaps_rollup').read())"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        resident = next(int(line.split()[1]) / 1024 for line in said.splitlines() if line.startswith("Rss:"))
        label = f"import {STAIRS[number - 1]}" if number else "the interpreter"
        print(f"    {label:66} {resident - before:+5.1f} MB  ({resident:.1f})")
        before = resident


def main(seconds: float = 45.0) -> None:
    with embed.start(seed=1, now=dashboard.NOW) as world, tempfile.TemporaryDirectory() as place:
        home = Path(place)
        for label in ("with an empty history", "with a kept history"):
            with Screen(dashboard.command(world), SIZE, dashboard.environment(world, home)) as screen:
                screen.until(*dashboard.SHOWN)
                told(f"{label}, first frame", megabytes(screen.process.pid))
                screen.settle(seconds)
                told(f"{label}, settled", megabytes(screen.process.pid))
                screen.press("q")
                screen.settle(5)
        stairs()
    print(dashboard.load())


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 45.0)
