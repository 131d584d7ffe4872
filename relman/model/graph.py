"""The job graph of a workflow file: nodes in the file's order, levels, and the longest chain.

A matrix is one node. A called workflow is one node that opens: ``build(file, open={"deploy"})`` puts the
callee's jobs in its place, with the keys ``deploy/JOB``; what needs ``deploy`` then needs the callee's last
jobs, and its first jobs need what ``deploy`` needs. No edge is drawn that no file states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from relman.model.workflow import WorkflowFile, WorkflowJob


class Kind(StrEnum):
    JOB = "job"
    MATRIX = "matrix"
    CALL = "call"
    FREE = "free"  # an API job that belongs to no job of the file


@dataclass(frozen=True, slots=True)
class Node:
    """``key`` is unique in the graph: the job's id, behind the ids of the calls it stands in.

    ``name`` is raw and may hold ``${{ }}``. ``needs`` are keys. ``level`` is the length of the longest
    chain from a start, from 0. ``group`` is the key of the opened call the node stands in.
    """

    key: str
    name: str
    kind: Kind = Kind.JOB
    needs: tuple[str, ...] = ()
    level: int = 0
    job: WorkflowJob | None = None
    group: str | None = None

    @property
    def opens(self) -> bool:
        """Whether there is something to open: a called workflow that could be read, or a matrix."""
        if self.job is None:
            return False
        return self.job.matrix is not None or self.job.callee is not None


@dataclass(frozen=True)
class Graph:
    """``nodes`` in the order of the file. ``opened`` are the keys that stand open (calls and matrices)."""

    file: WorkflowFile
    nodes: tuple[Node, ...]
    opened: frozenset[str] = frozenset()

    @cached_property
    def by_key(self) -> Mapping[str, Node]:
        return {node.key: node for node in self.nodes}

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of the nodes that need each node, in the order of the file."""
        after: dict[str, list[str]] = {node.key: [] for node in self.nodes}
        for node in self.nodes:
            for need in node.needs:
                after[need].append(node.key)
        return {key: tuple(keys) for key, keys in after.items()}

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The keys by level, in the order of the file."""
        rows: list[list[str]] = [[] for _ in range(1 + max((node.level for node in self.nodes), default=-1))]
        for node in self.nodes:
            rows[node.level].append(node.key)
        return tuple(tuple(row) for row in rows)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        return tuple((need, node.key) for node in self.nodes for need in node.needs)

    def critical_path(self, durations: Mapping[str, float] | None = None) -> tuple[str, ...]:
        """The chain that decides how long the run takes, first job first.

        Without ``durations`` (seconds by key; absent is 0) it is the chain of the most jobs. Of equal chains
        the one whose jobs stand first in the file, so that the same file always gives the same path.
        """
        weight = {node.key: 1.0 if durations is None else durations.get(node.key, 0.0) for node in self.nodes}
        longest: dict[str, float] = {}
        for node in sorted(self.nodes, key=lambda node: -node.level):
            after = max((longest[child] for child in self.children[node.key]), default=0.0)
            longest[node.key] = weight[node.key] + after
        path: list[str] = []
        choice: Iterable[str] = (node.key for node in self.nodes if not node.needs)
        while True:
            best = max(choice, key=lambda key: longest[key], default=None)  # max gives the first of equals
            if best is None or (path and longest[best] <= 0):
                return tuple(path)
            path.append(best)
            choice = self.children[best]


def build(file: WorkflowFile, open: frozenset[str] = frozenset()) -> Graph:
    """The graph of ``file``; the keys in ``open`` stand open. A key that opens nothing changes nothing."""
    nodes: list[Node] = []
    _place(file, "", (), None, open, nodes)
    return Graph(file, with_levels(nodes), open)


def _place(
    file: WorkflowFile,
    prefix: str,
    entry: tuple[str, ...],
    group: str | None,
    opened: frozenset[str],
    nodes: list[Node],
) -> None:
    """Adds the nodes of ``file``; its first jobs need ``entry``."""
    ends = _ends(file, prefix, opened)
    for job in file.jobs:
        key = prefix + job.id
        needs = tuple(dict.fromkeys(end for need in job.needs for end in ends[need])) if job.needs else entry
        if job.callee is not None and key in opened:
            _place(job.callee, key + "/", needs, key, opened, nodes)
            continue
        kind = Kind.CALL if job.uses else Kind.MATRIX if job.matrix else Kind.JOB
        nodes.append(Node(key, job.display, kind, needs, 0, job, group))


def _ends(file: WorkflowFile, prefix: str, opened: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """For each job of ``file`` the keys of the nodes that end it: itself, or the callee's last jobs."""
    ends: dict[str, tuple[str, ...]] = {}
    for job in file.jobs:
        key = prefix + job.id
        if job.callee is None or key not in opened:
            ends[job.id] = (key,)
            continue
        inner = _ends(job.callee, key + "/", opened)
        needed = {need for child in job.callee.jobs for need in child.needs}
        ends[job.id] = tuple(
            end for child in job.callee.jobs if child.id not in needed for end in inner[child.id]
        )
    return ends


def with_levels(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes in the given order, each with the length of the longest chain that leads to it."""
    nodes = tuple(nodes)
    waiting = {node.key: len(node.needs) for node in nodes}
    after: dict[str, list[str]] = {node.key: [] for node in nodes}
    for node in nodes:
        for need in node.needs:
            after[need].append(node.key)
    level = dict.fromkeys(waiting, 0)
    ready = [key for key, count in waiting.items() if not count]
    for key in ready:  # grows while it is read
        for child in after[key]:
            level[child] = max(level[child], level[key] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    if len(ready) < len(nodes):
        raise ValueError("the nodes of a graph need each other in a circle")
    return tuple(replace(node, level=level[node.key]) for node in nodes)
