"""Times of a run: waiting, running, expected, the chain that decides, what remains, fast and full path.

All durations are seconds. GitHub's clocks need care: a skipped job has a start although nothing ran, and a
job may end a second before it began.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from relman.model.graph import Graph, Kind, Node, NodeRun, RunGraph
from relman.model.run import Job
from relman.model.state import State

_NEVER_RAN = frozenset({State.SKIPPED, State.CANCELLED})
RECENT = 20  # successes of a job that count for what is expected


class JobTime(Struct, frozen=True):
    """``queue`` from creation to start, ``run`` from start to end (or to now). None: did not happen."""

    queue: float | None = None
    run: float | None = None


def job_time(job: Job, now: datetime) -> JobTime:
    """The times of one job; of a skipped one, or one cancelled before it started, there are none."""
    state = job.state
    if state is State.SKIPPED:
        return JobTime()
    started = job.started_at if state.finished or state is State.RUNNING else None
    if state is State.CANCELLED and not any(step.started_at for step in job.steps) and not job.runner:
        started = None
    queue: float | None = None
    if job.created_at is not None:
        until = started or (None if state.finished else now)
        queue = _between(job.created_at, until)
    end = job.completed_at if state.finished else now
    return JobTime(queue, _between(started, end))


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def expectations(history: Iterable[Job], recent: int = RECENT) -> dict[str, float]:
    """What each job is expected to take, by its name: the median of its latest successes."""
    from statistics import median  # the dashboard gets these figures from the history

    times: dict[str, list[tuple[datetime, float]]] = {}
    for job in history:
        if job.state is State.SUCCESS and job.completed_at is not None:
            took = _between(job.started_at, job.completed_at)
            if took is not None:
                times.setdefault(job.name, []).append((job.completed_at, took))
    return {
        name: median(took for _, took in sorted(found, reverse=True)[:recent]) for name, found in times.items()
    }


class NodeTime(Struct, frozen=True):
    """A node's times. Of several jobs the longest: they run beside each other.

    ``elapsed`` is the time run so far (None before the start). ``total`` is the sum over its jobs.
    """

    queue: float | None = None
    elapsed: float | None = None
    expected: float | None = None
    total: float = 0.0
    running: bool = False

    @property
    def progress(self) -> float | None:
        """Elapsed over expected; above 1 when it is late."""
        return self.elapsed / self.expected if self.elapsed is not None and self.expected else None

    @property
    def likely(self) -> float:
        """What it takes in all: known once it is over, before that at least what is expected."""
        if self.running or self.elapsed is None:
            return max(self.elapsed or 0.0, self.expected or 0.0)
        return self.elapsed

    @property
    def known(self) -> bool:
        return self.elapsed is not None or self.expected is not None


class PathTime(Struct, frozen=True):
    """How long a part of the graph takes in this run.

    ``wall`` along its critical path, ``total`` summed over its jobs. ``jobs`` counts those that take time in
    this run: they ran, run, or will run. Of them ``measured`` are over; the rest counts with what is expected,
    a running job with at least what it took so far. ``absent`` counts those that take none: skipped, cancelled
    before their start, or not run although the run is over. ``complete`` if no time had to be left out.
    """

    wall: float
    total: float
    jobs: int
    complete: bool
    measured: int = 0
    absent: int = 0

    @property
    def estimated(self) -> bool:
        return self.measured < self.jobs


class RunTime(Struct, frozen=True):
    """``critical`` is the chain that decides; ``remaining`` is None where nothing runs any more or is known.

    ``fast`` leaves out what runs only on some events (pull requests, tags) and all behind it.
    """

    nodes: Mapping[str, NodeTime]
    critical: tuple[str, ...]
    remaining: float | None
    fast: PathTime
    full: PathTime

    @property
    def paths(self) -> tuple[tuple[str, PathTime], ...]:
        """The paths worth telling, each with its name: one of them where both have the same jobs in this run.

        What ran is called a path only where nothing of that path is absent.
        """
        named = (("fast path", self.fast), ("full path", self.full))
        if self.fast.jobs != self.full.jobs:
            return tuple((name, path) for name, path in named if path.jobs)
        for name, path in reversed(named):
            if not path.absent:
                return ((name, path),)
        return (("what ran", self.full),) if self.full.jobs else ()


def time_run(run: RunGraph, expected: Mapping[str, float], now: datetime) -> RunTime:
    """The times of a run; ``expected`` is by API job name, as :func:`expectations` gives it."""
    nodes = {
        node.key: _node_time(node, run.runs.get(node.key, NodeRun(node.key, State.EXPECTED)), expected, now)
        for node in run.graph.nodes
    }
    taken = {key: time.likely for key, time in nodes.items() if not _absent(run, key, time)}
    active = any(not node.state.finished for node in run.runs.values())
    left = {
        key: max(0.0, likely - (nodes[key].elapsed or 0.0))
        for key, likely in taken.items()
        if not run.runs[key].state.finished
    }
    known = any(nodes[key].known for key in left)
    return RunTime(
        nodes,
        run.graph.critical_path(taken if any(taken.values()) else None),
        _longest(run.graph, left) if active and known else None,
        path_time(run, nodes, fast_keys(run.graph)),
        path_time(run, nodes, full_keys(run.graph)),
    )


def _absent(run: RunGraph, key: str, time: NodeTime) -> bool:
    """Takes no time in this run: skipped, cancelled before its start, or not run in a run that is over."""
    node = run.runs[key]
    return time.elapsed is None and (
        node.state in _NEVER_RAN
        or (run.finished and not node.state.finished)
        or (node.state is State.UNKNOWN and not node.jobs)
    )


def _node_time(node: Node, run: NodeRun, expected: Mapping[str, float], now: datetime) -> NodeTime:
    times = [job_time(job, now) for job in run.jobs]
    ran = [time.run for time in times if time.run is not None]
    queues = [time.queue for time in times if time.queue is not None]
    if node.kind is Kind.CALL:
        usual = [value for name, value in expected.items() if name.startswith(node.name + " / ")]
        started = [job.started_at for job in run.jobs if job.started_at and job.state is not State.SKIPPED]
        ends = [
            job.completed_at or now for job in run.jobs if job.started_at and job.state is not State.SKIPPED
        ]
        elapsed = _between(min(started), max(ends)) if started and ends else None
        return NodeTime(
            min(queues, default=None),
            elapsed,
            sum(usual) or None,
            sum(ran),
            not run.state.finished and bool(ran),
        )
    names = {job.name for job in run.jobs} or {node.name}
    usual = [expected[name] for name in names if name in expected]
    if not usual and node.job is not None and node.job.matrix is not None:
        usual = [value for name, value in expected.items() if name.startswith(node.name + " (")]
    return NodeTime(
        max(queues, default=None),
        max(ran, default=None),
        max(usual, default=None),
        sum(ran) if run.state.finished and ran else max(sum(usual), sum(ran)),
        run.state is State.RUNNING,
    )


def _longest(graph: Graph, weight: Mapping[str, float]) -> float:
    return sum(weight.get(key, 0.0) for key in graph.critical_path(weight))


def path_time(run: RunGraph, nodes: Mapping[str, NodeTime], keys: frozenset[str]) -> PathTime:
    """The time of the part of the graph that ``keys`` name (a part that holds all it needs)."""
    taken = {key for key in keys if not _absent(run, key, nodes[key])}
    return PathTime(
        _longest(run.graph, {key: nodes[key].likely if key in taken else 0.0 for key in keys}),
        sum(nodes[key].total or nodes[key].likely for key in taken),
        len(taken),
        all(nodes[key].known for key in taken),
        sum(1 for key in taken if run.runs[key].state.finished and nodes[key].elapsed is not None),
        len(keys) - len(taken),
    )


_EVENT = re.compile(r"github\.(?:event|ref|base_ref|head_ref)|inputs\.", re.IGNORECASE)
_FAILURE = re.compile(r"(?<!!)(?<!! )\b(?:failure|cancelled)\(\)", re.IGNORECASE)


def fast_keys(graph: Graph) -> frozenset[str]:
    """The jobs every run has: none that an ``if`` ties to an event, a branch or an input, none behind one.

    Where that leaves nothing (every job asks for a branch), all jobs of :func:`full_keys`.
    """
    return _without(graph, lambda node: _selective(node) or _only_on_failure(node)) or full_keys(graph)


def full_keys(graph: Graph) -> frozenset[str]:
    """All jobs but those that run only when another failed, and what is behind them."""
    return _without(graph, _only_on_failure)


def _without(graph: Graph, left_out: Callable[[Node], bool]) -> frozenset[str]:
    kept: set[str] = set()
    for node in sorted(graph.nodes, key=lambda node: node.level):
        if node.kind is not Kind.FREE and not left_out(node) and all(need in kept for need in node.needs):
            kept.add(node.key)
    return frozenset(kept)


def _selective(node: Node) -> bool:
    return bool(node.job and node.job.condition and _EVENT.search(node.job.condition))


def _only_on_failure(node: Node) -> bool:
    condition = (node.job.condition if node.job else None) or ""
    return bool(_FAILURE.search(condition)) and "success()" not in condition and "always()" not in condition


def short(seconds: float | None) -> str:
    """A duration in at most six characters: ``47s``, ``3m05s``, ``1h20m``, ``2d4h``; nothing for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600}h"
