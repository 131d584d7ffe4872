"""The job graph of a workflow file (nodes, levels, longest chain), and what a run made of it.

A matrix is one node. A called workflow is one node that opens: ``build(file, open={"deploy"})`` puts the
callee's jobs in its place, with the keys ``deploy/JOB``; what needs ``deploy`` then needs the callee's last
jobs, and its first jobs need what ``deploy`` needs. No edge is drawn that no file states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from relman.model.job_names import Match, Slot, match, slots
from relman.model.run import Job, WorkflowSource
from relman.model.state import State
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.text import clean_line


class Kind(StrEnum):
    JOB = "job"
    MATRIX = "matrix"
    CALL = "call"
    FREE = "free"  # an API job that belongs to no job of the file


class Node(Struct, frozen=True):
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


class Graph(Struct, frozen=True, dict=True):
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


class Member(Struct, frozen=True):
    """One job of a node that stands for several: ``label`` is what tells it from the others."""

    label: str
    job: Job

    @property
    def state(self) -> State:
        return self.job.state


class NodeRun(Struct, frozen=True):
    """What a run made of a node.

    ``jobs`` are its API jobs, none while they are not created. ``counts`` say how many are in which state
    (for a call also those not created yet). ``unclear``: its jobs could as well be another node's.
    ``tolerated``: a failure here leaves the run green.
    """

    key: str
    state: State
    jobs: tuple[Job, ...] = ()
    members: tuple[Member, ...] = ()
    counts: tuple[tuple[State, int], ...] = ()
    unclear: bool = False
    tolerated: bool = False


class RunGraph(Struct, frozen=True, dict=True):
    """A graph with what a run made of it.

    Free nodes (API jobs that no file explains) are at the end of ``graph.nodes``, without edges. ``exact``
    is False when the graph may not be the run's own; ``reasons`` say why, in words.
    """

    graph: Graph
    runs: Mapping[str, NodeRun]
    exact: bool = True
    reasons: tuple[str, ...] = ()
    attempts: tuple[int, ...] = ()  # more than one: jobs not run again keep an earlier attempt
    finished: bool = False  # the run is over: what has not run will not


def reconcile(
    graph: Graph, jobs: Iterable[Job], run_finished: bool, source: WorkflowSource | None = None
) -> RunGraph:
    """Puts the API's jobs of a run on the nodes of ``graph``; of several attempts the latest counts.

    ``source`` says whether the file is surely the one that ran.
    """
    places = slots(graph.file)
    found = match(places, _latest(jobs, places))
    leaves = _leaf_states(places, found, run_finished)
    reasons = [source.reason] if source is not None and not source.exact and source.reason else []
    reasons += [
        f"“{clean_line(slot.job.display)}”: {clean_line(slot.job.callee_reason)}"
        for slot in places
        if slot.opaque
    ]
    runs: dict[str, NodeRun] = {}
    shown: dict[str, list[int]] = {node.key: [] for node in graph.nodes}
    for number, slot in enumerate(places):
        key = next((key for key in reversed(slot.path) if key in shown), None)
        if key is not None:
            shown[key].append(number)
    for node in graph.nodes:
        runs[node.key] = _node_run(node, shown[node.key], places, found, leaves)
    unclear = sorted({clean_line(places[number].job.display) for number in found.unclear})
    if unclear:
        reasons.append("names that fit several jobs: " + ", ".join(f"“{name}”" for name in unclear))
    missing = [run.key for run in runs.values() if run.state is State.UNKNOWN and not run.jobs]
    if missing:
        reasons.append("in the file, but not in the run: " + ", ".join(missing))
    free = [Node(f"job:{job.id}", job.name, Kind.FREE) for job in found.free]
    if free:
        reasons.append("in the run, but not in the file: " + ", ".join(clean_line(node.name) for node in free))
    for job in found.free:
        key = f"job:{job.id}"
        runs[key] = NodeRun(key, job.state, (job,), (), ((job.state, 1),))
    placed = [job for run in runs.values() for job in run.jobs]
    return RunGraph(
        replace(graph, nodes=(*graph.nodes, *free)) if free else graph,
        runs,
        not reasons and (source is None or source.exact),
        tuple(reasons),
        tuple(sorted({job.attempt for job in placed})),
        run_finished,
    )


def _latest(jobs: Iterable[Job], places: Sequence[Slot]) -> list[Job]:
    """Of jobs with one name as many as the file has places for that name, the newest attempts first."""
    named: dict[str, list[Job]] = {}
    for job in jobs:
        named.setdefault(job.name, []).append(job)
    if all(len(same) == 1 for same in named.values()):
        return [job for same in named.values() for job in same]
    room: dict[str, int] = {}
    for slot in places:
        for name in set(slot.names):
            room[name] = room.get(name, 0) + 1
    kept: list[Job] = []
    for name, same in named.items():
        newest = max(job.attempt for job in same)
        limit = max(room.get(name, 1), sum(job.attempt == newest for job in same))
        kept += sorted(same, key=lambda job: (-job.attempt, job.id))[:limit]
    return kept


def _leaf_states(places: Sequence[Slot], found: Match, run_finished: bool) -> dict[int, State | None]:
    """The state of each slot that runs; None for a call, whose jobs are what runs."""
    skipped = {
        slot.key: State.SKIPPED
        for number, slot in enumerate(places)
        if slot.job.uses is not None
        and any(job.state is State.SKIPPED and job.name in slot.names for job in found.jobs.get(number, ()))
    }
    states: dict[int, State | None] = {}
    for number, slot in enumerate(places):
        jobs = found.jobs.get(number, ())
        if slot.job.callee is not None:
            states[number] = aggregate(job.state for job in jobs) if jobs else None
        elif jobs:
            states[number] = aggregate(job.state for job in jobs)
        elif any(key in skipped for key in slot.path[:-1]):
            states[number] = State.SKIPPED
        else:
            # Without a single job the run never began: nothing is known about any of them.
            states[number] = State.UNKNOWN if run_finished and found.jobs else State.EXPECTED
    return states


def _node_run(
    node: Node, numbers: Sequence[int], places: Sequence[Slot], found: Match, leaves: Mapping[int, State | None]
) -> NodeRun:
    jobs = tuple(job for number in numbers for job in found.jobs.get(number, ()))
    states: list[State] = []
    for number in numbers:
        mine = found.jobs.get(number, ())
        leaf = leaves[number]
        if mine:
            states += [job.state for job in mine]
        elif leaf is not None and not (leaf is State.SKIPPED and node.kind is Kind.CALL):
            states.append(leaf)
    state = aggregate(states)
    counts: dict[State, int] = {}
    for one in states:
        counts[one] = counts.get(one, 0) + 1
    several = len(jobs) > 1 or (node.kind is not Kind.JOB and bool(jobs))
    job = node.job
    return NodeRun(
        node.key,
        state,
        jobs,
        tuple(Member(_label(one.name, node), one) for one in jobs) if several else (),
        tuple(sorted(counts.items(), key=lambda item: _ORDER.index(item[0]))),
        any(number in found.unclear for number in numbers),
        state.failed and job is not None and job.continue_on_error == "true",
    )


def _label(name: str, node: Node) -> str:
    """The part of an API name that differs within the node: the matrix values, or the name inside the call."""
    start = f"{node.name} ("
    at = name.find(start)
    if at >= 0 and name.endswith(")"):
        return name[at + len(start) : -1]
    if node.kind is Kind.CALL and " / " in name:
        return name.split(" / ", 1)[1]
    return name


# What decides about several jobs together: the first of these that one of them is in.
_ORDER = (
    State.FAILURE,
    State.TIMED_OUT,
    State.STARTUP_FAILURE,
    State.ACTION_REQUIRED,
    State.WAITING,
    State.RUNNING,
    State.PENDING,
    State.QUEUED,
    State.EXPECTED,
    State.UNKNOWN,
    State.CANCELLED,
    State.STALE,
    State.SUCCESS,
    State.NEUTRAL,
    State.SKIPPED,
)


def aggregate(states: Iterable[State]) -> State:
    """One state for several jobs: red as soon as one is, running while some are done and others are not."""
    present = set(states)
    if not present:
        return State.EXPECTED
    first = next(state for state in _ORDER if state in present)
    if first in (State.QUEUED, State.PENDING, State.EXPECTED) and present & {State.SUCCESS, State.NEUTRAL}:
        return State.RUNNING
    return first
