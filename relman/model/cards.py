"""What stands in the boxes of a drawn graph: of a workflow file alone, or of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from relman.model.card import Card, Row, card_size
from relman.model.drawing import Drawing, paint
from relman.model.graph import Graph, Node, NodeRun, RunGraph
from relman.model.layout import arrange
from relman.model.run import Job
from relman.model.state import State
from relman.model.timing import NodeTime, RunTime, job_time, short

MAX_MEMBERS = 40  # rows of an opened matrix; the rest is counted


def file_cards(graph: Graph) -> dict[str, Card]:
    """The boxes of a file: names, and what the file says about matrix, call and environment."""
    path = graph.critical_path()
    return {
        node.key: Card(node.name, rows=tuple(Row(text) for text in _facts(node)), critical=node.key in path)
        for node in graph.nodes
    }


def _facts(node: Node) -> list[str]:
    job = node.job
    facts: list[str] = []
    if job is None:
        return facts
    if job.matrix is not None:
        count = len(job.matrix.combinations)
        facts.append("matrix, known in the run" if job.matrix.dynamic else f"matrix of {count}")
    if job.uses is not None:
        facts.append(f"calls {job.uses.removeprefix('./.github/workflows/')}")
    if job.environment is not None:
        facts.append(f"→ {job.environment.name}")
    return facts


def run_cards(run: RunGraph, time: RunTime) -> dict[str, Card]:
    """The boxes of a run: state, time against what is expected, counts, and the members of opened nodes."""
    return {
        node.key: _run_card(
            node,
            run.runs[node.key],
            time.nodes[node.key],
            node.key in time.critical,
            node.key in run.graph.opened,
        )
        for node in run.graph.nodes
    }


def _run_card(node: Node, run: NodeRun, time: NodeTime, critical: bool, opened: bool) -> Card:
    state = run.state
    rows: list[Row] = []
    if run.members and opened:
        rows += [
            Row(
                member.label,
                member.state.glyph,
                member.state.tone,
                _took(member.job),
                str(member.job.id),
            )
            for member in run.members[:MAX_MEMBERS]
        ]
        if len(run.members) > MAX_MEMBERS:
            rows.append(Row(f"and {len(run.members) - MAX_MEMBERS} more"))
    elif run.members or sum(count for _, count in run.counts) > 1:
        rows.append(Row(counts(run.counts)))
    late = time.running and (time.progress or 0.0) > 1
    return Card(
        node.name,
        state.glyph,
        state.tone,
        _note(state, time),
        time.progress if time.running else None,
        tuple(rows),
        critical,
        state in (State.EXPECTED, State.SKIPPED),
        short(time.expected) if time.running and time.expected and not late else "",
    )


def counts(found: Sequence[tuple[State, int]]) -> str:
    """``✓4 ◐1 ○3``"""
    return " ".join(f"{state.glyph}{count}" for state, count in found)


def _note(state: State, time: NodeTime) -> str:
    if time.running:
        return short(time.elapsed)
    if state in (State.QUEUED, State.PENDING, State.WAITING):
        return short(time.queue)
    if state is State.EXPECTED:
        return f"~{short(time.expected)}" if time.expected else ""
    return short(time.elapsed) if state is not State.SKIPPED else ""


def _took(job: Job) -> str:
    """The time of a finished job."""
    if job.completed_at is None or not job.state.finished:
        return ""
    return short(job_time(job, job.completed_at).run)


def draw(
    graph: Graph,
    cards: Mapping[str, Card],
    *,
    path: Sequence[str] = (),
    selected: str | None = None,
    gap: int = 1,
    limit: int = 34,
) -> Drawing:
    """Cards to drawing in one step; ``limit`` is the widest a box may be, ``gap`` the rows between boxes."""
    layout = arrange(graph.nodes, {key: card_size(card, limit) for key, card in cards.items()}, gap=gap)
    return paint(layout, cards, selected=selected, path=path)
