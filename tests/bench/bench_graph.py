"""Parsing, building, reconciling, laying out and drawing: milliseconds, the median of several rounds."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import yaml

from relman.model.card import card_size
from relman.model.cards import file_cards
from relman.model.drawing import paint
from relman.model.graph import Graph, build, reconcile
from relman.model.layout import arrange
from relman.model.run import Job
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.model.workflow_reader import read_workflow
from relman.model.yaml_reader import compose

STEP = """\
      - name: Step {n}
        uses: actions/checkout@v4
        with:
          fetch-depth: 0
          token: ${{{{ secrets.GITHUB_TOKEN }}}}
      - name: Run {n}
        if: github.event_name == 'push' && matrix.os != 'windows-latest'
        run: |
          set -euo pipefail
          python -m pip install --upgrade pip
          echo "value={n}" >> "$GITHUB_OUTPUT"
        env:
          N: {n}
"""


def large_file() -> str:
    """About 120 KB in the shape real files have: jobs, matrices, steps, expressions, scripts."""
    text = ["name: Large\non:\n  push:\n    branches: [main]\n  pull_request:\njobs:\n"]
    for n in range(40):
        text.append(
            f"  job-{n}:\n    name: Job {n}\n    runs-on: ${{{{ matrix.os }}}}\n    strategy:\n      matrix:\n"
            "        os: [ubuntu-latest, windows-latest]\n        v: [1, 2, 3]\n"
        )
        if n:
            text.append(f"    needs: [job-{max(0, n - 1)}, job-{max(0, n - 3)}]\n")
        text.append("    steps:\n")
        text.extend(STEP.format(n=step) for step in range(7))
    return "".join(text)


def large_graph(count: int) -> Graph:
    dice = random.Random(7)
    jobs: list[WorkflowJob] = []
    for n in range(count):
        earlier = [job.id for job in jobs[-12:]]
        needs = dice.sample(earlier, k=min(len(earlier), dice.randint(0, 3)))
        jobs.append(WorkflowJob(f"job-{n}", 1, 1, needs=tuple(needs)))
    return build(WorkflowFile("Large", ("push",), tuple(jobs)))


def measure(name: str, call: Callable[[], object], rounds: int = 7) -> None:
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    print(f"{name:<44} {statistics.median(times):8.1f} ms   (best {min(times):.1f})")


def main() -> None:
    text = large_file()
    print(f"libyaml: {yaml.__with_libyaml__}; file of {len(text) / 1000:.0f} KB")
    measure("compose YAML", lambda: compose(text))
    measure("file to graph", lambda: build(read_workflow(text)))
    fast = yaml.__with_libyaml__
    try:
        yaml.__with_libyaml__ = False
        measure("file to graph, without libyaml", lambda: build(read_workflow(text)), rounds=3)
    finally:
        yaml.__with_libyaml__ = fast
    for count in (30, 100, 300):
        graph = large_graph(count)
        cards = file_cards(graph)
        sizes = {key: card_size(card) for key, card in cards.items()}
        layout = arrange(graph.nodes, sizes)
        jobs = [Job(n, 1, 1, node.name, "completed", "success") for n, node in enumerate(graph.nodes)]
        edges = len(graph.edges)
        measure(f"layout of {count} nodes, {edges} edges", lambda g=graph, s=sizes: arrange(g.nodes, s))  # type: ignore[misc]
        measure(f"paint {layout.width}×{layout.height}", lambda at=layout, c=cards: tuple(paint(at, c).rows))  # type: ignore[misc]
        measure(f"reconcile {count} jobs", lambda g=graph, j=jobs: reconcile(g, j, True))  # type: ignore[misc]


if __name__ == "__main__":
    main()
