"""Time to the first full frame with cached data, beside a bare Textual app in a terminal of the same size.

``python -m tests.bench.bench_first_frame [REPEATS]``. To reach: at most 1.3 times the bare app.

Each start is a fresh process in a pseudo-terminal, dashboard and bare app by turns, since a machine's speed
changes from minute to minute. The clock runs from before the interpreter starts until the frame that has
header, list, graph and footer (for the bare app: its text) has been written.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from relman.demo import embed
from tests.bench import dashboard
from tests.bench.screen import Screen

SIZES = [(120, 36), (160, 45)]
BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("here I am")

Bare().run()
"""


def main(repeats: int = 25, settle: float = 20.0) -> None:
    with embed.start(seed=1, now=dashboard.NOW, frozen=True) as world, tempfile.TemporaryDirectory() as place:
        home = Path(place)
        dashboard.live_through(world, home, SIZES[-1], settle)
        for size in SIZES:
            compare(world, home, size, repeats)
    print(dashboard.load())


def compare(world: embed.Embedded, home: Path, size: tuple[int, int], repeats: int) -> None:
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(repeats + 1):
        with Screen([sys.executable, "-c", BARE], size) as screen:
            bare.append(screen.until("here I am") * 1000)
        with Screen(dashboard.command(world), size, dashboard.environment(world, home)) as screen:
            ours.append(screen.until(*dashboard.SHOWN) * 1000)
        if turn == 0:  # byte-code and disk cache
            ours.clear()
            bare.clear()
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    print(
        f"{size[0]}x{size[1]}  bare {statistics.median(bare):4.0f} ms (least {min(bare):.0f})"
        f"   relman {statistics.median(ours):4.0f} ms (least {min(ours):.0f})"
        f"   ratio {statistics.median(ours) / statistics.median(bare):.2f}"
        f" (median of pairs {statistics.median(ratios):.2f}, of the least {min(ours) / min(bare):.2f})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
