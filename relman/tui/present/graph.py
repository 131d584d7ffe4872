"""The graph of a run as a drawing: the workflow file's jobs with what the run made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from relman.model.card import Card, Form, card_size
from relman.model.cards import run_cards
from relman.model.drawing import Drawing, paint
from relman.model.graph import Graph, Node, RunGraph, build, reconcile
from relman.model.layout import GAP, Layout, Size, arrange
from relman.model.run import Job, Run, WorkflowSource
from relman.model.state import State
from relman.model.timing import RunTime, time_run
from relman.model.workflow import WorkflowFile

_ATTENTION = {
    State.FAILURE: 0,
    State.TIMED_OUT: 0,
    State.STARTUP_FAILURE: 0,
    State.WAITING: 1,
    State.ACTION_REQUIRED: 1,
    State.RUNNING: 2,
    State.QUEUED: 3,
    State.PENDING: 3,
    State.UNKNOWN: 4,
    State.CANCELLED: 5,
    State.SUCCESS: 6,
    State.NEUTRAL: 7,
    State.STALE: 7,
    State.SKIPPED: 8,
    State.EXPECTED: 9,
}
UNBOUNDED = Size(0, 0)
_SHORT = 14  # rows; a window of fewer has none to spare for lines between boxes
_LONGEST = 6  # cells of a time
_LOUD = 3  # up to here a box is worth looking at first
_NO_FILE = Graph(WorkflowFile(None, (), ()), ())


class Picture(Struct, frozen=True, dict=True):
    """A run's graph. ``expected`` is seconds by job name; ``edges`` is False without a readable file; ``run`` is
    the id and the attempt of the run whose jobs these are."""

    graph: RunGraph
    expected: Mapping[str, float]
    edges: bool = True
    reason: str = ""  # why it is not exact, in words
    caveat: str = ""  # why it might not be, although the file explains every job
    run: tuple[int, int] = (0, 0)

    def shows(self, run: Run | None) -> bool:
        """Whether it is this run's, and of the attempt it is at."""
        return run is not None and self.run == (run.id, run.attempt)

    @property
    def nodes(self) -> Sequence[Node]:
        return self.graph.graph.nodes

    def node(self, key: str | None) -> Node | None:
        return None if key is None else self.graph.graph.by_key.get(key)

    def jobs(self, key: str | None) -> tuple[Job, ...]:
        """The jobs behind a box; none while they are not created."""
        return self.graph.runs[key].jobs if key is not None and key in self.graph.runs else ()

    def job(self, key: str | None, row: str = "") -> Job | None:
        """The job a key on this box acts on: the one of ``row``, else of several the one that asks for
        attention first."""
        if row and (chosen := next((job for job in self.jobs(key) if str(job.id) == row), None)) is not None:
            return chosen
        return min(self.jobs(key), key=lambda job: (_ATTENTION[job.state], job.id), default=None)

    def state(self, key: str) -> State:
        return self.graph.runs[key].state

    def of_interest(self) -> str | None:
        """The box to look at first: what failed, waits or runs, else the last one that did something."""
        keys = [node.key for node in self.nodes]
        loud = min(keys, key=lambda key: _ATTENTION[self.state(key)], default=None)
        if loud is not None and _ATTENTION[self.state(loud)] <= _LOUD:
            return loud
        done = [key for key in keys if self.jobs(key) and self.state(key) is not State.SKIPPED]
        return done[-1] if done else next(iter(keys), None)

    def times(self, now: datetime) -> RunTime:
        """``now`` is the server's."""
        return time_run(self.graph, self.expected, now)


@lru_cache(maxsize=16)  # most runs of a workflow have the same file
def _graph_of(file: WorkflowFile, opened: frozenset[str]) -> Graph:
    return build(file, opened)


def _file_of(source: WorkflowSource) -> WorkflowFile:
    if source.file is not None:
        return source.file
    from relman.model.workflow_reader import read_source  # to say what is wrong with it

    return read_source(source)


def file_picture(
    source: WorkflowSource,
    jobs: Sequence[Job],
    expected: Mapping[str, float],
    *,
    finished: bool,
    opened: frozenset[str] = frozenset(),
) -> Picture:
    """The graph of the run's workflow file. Raises :class:`WorkflowError` for a file that is not valid."""
    made = reconcile(_graph_of(_file_of(source), opened), jobs, finished, source)
    doubt = source.reason if not source.exact else ""
    if made.reasons == (doubt,):  # every run of a pull request has this one: no warning, a footnote
        return Picture(made, expected, caveat=doubt)
    return Picture(made, expected, reason="; ".join(made.reasons))


def free_picture(jobs: Sequence[Job], expected: Mapping[str, float], reason: str, *, finished: bool) -> Picture:
    """The jobs without edges, for a run whose workflow file cannot be read."""
    made = reconcile(_NO_FILE, jobs, finished)
    return Picture(made, expected, edges=False, reason=reason)


class Painter:
    """Paints pictures; places are computed anew only when the boxes, their sizes or the room change."""

    def __init__(self) -> None:
        self._shape: object = None
        self._layout: Layout | None = None
        self._form = Form.ROOMY
        self._formed: tuple[object, Form] | None = None
        self._made_of: tuple[Picture, RunTime, Size] | None = None
        self._cards: Mapping[str, Card] = {}

    def paint(
        self,
        picture: Picture,
        times: RunTime,
        selected: str | None,
        *,
        row: str = "",
        room: Size = UNBOUNDED,
    ) -> Drawing:
        """``row`` is the chosen one of the selected box. ``room`` is the window's; the first form that fits
        into it is taken, and the lines between boxes are left out before anything is cut off."""
        made_of = self._made_of
        if (
            self._layout is None
            or made_of is None
            or made_of[0] is not picture
            or made_of[1] is not times
            or made_of[2] != room
        ):
            self._made_of = (picture, times, room)
            self._cards = run_cards(picture.graph, times)
            self._layout = self._placed(tuple(replace(node, job=None) for node in picture.nodes), room)
        return paint(
            self._layout, self._cards, selected=selected, row=row, path=times.critical, form=self._form
        )

    def _placed(self, nodes: tuple[Node, ...], room: Size) -> Layout:
        self._form = self._form_for(nodes, room)
        sizes = {key: card_size(_widest(card), form=self._form) for key, card in self._cards.items()}
        shape = (nodes, sizes, room, self._form)
        if self._layout is not None and shape == self._shape:
            return self._layout
        self._shape = shape
        nodes = _folded(nodes, sizes, room.width - 2 * self._form.frame)
        if not room.height:
            return arrange(nodes, sizes)
        least = _least(nodes, sizes)
        if least.height > room.height:
            return arrange(nodes, sizes, gap=0 if room.height < _SHORT else 1)
        layout = arrange(nodes, sizes)
        if layout.height > room.height:
            close = arrange(nodes, sizes, gap=0)
            if close.height <= room.height or room.height < _SHORT:
                return close
        return layout

    def _form_for(self, nodes: tuple[Node, ...], room: Size) -> Form:
        """The roomiest form in which the whole graph is seen, also while all of its jobs run: so that it does
        not change its form whenever a job starts. Where there is none, boxes that one has to scroll; in a
        short window they would hide too much."""
        if not room.height or not nodes:
            return Form.ROOMY
        rest = Form.FLAT if room.height < _SHORT else Form.ROOMY
        levels = Counter(node.level for node in nodes)
        if max(levels.values()) > room.height and any(node.needs for node in nodes):
            return rest
        running = {key: _running(card) for key, card in self._cards.items()}
        sizes = {form: {key: card_size(card, form=form) for key, card in running.items()} for form in Form}
        formed_of = (nodes, sizes, room)
        if self._formed is None or self._formed[0] != formed_of:
            form = next((form for form in Form if _fits(nodes, sizes[form], room, form)), rest)
            self._formed = formed_of, form
        return self._formed[1]


def _fits(nodes: tuple[Node, ...], sizes: Mapping[str, Size], room: Size, form: Form) -> bool:
    """Whether a window shows the whole of the graph. Of flat boxes the last cells may be cut off: what stands
    there is at most the time of a last job, and of other boxes more would be missing."""
    inner = room.width - 2 * form.frame
    width = inner if form.frame else inner + 1 + _LONGEST + 1
    nodes = _folded(nodes, sizes, inner)
    least = _least(nodes, sizes)
    if least.width > width or least.height > room.height:
        return False
    layout = arrange(nodes, sizes, gap=0)
    return layout.width <= width and layout.height <= room.height


def _least(nodes: Sequence[Node], sizes: Mapping[str, Size]) -> Size:
    """No layout is smaller than this; much faster than making one."""
    widths: dict[int, int] = {}
    heights: Counter[int] = Counter()
    for node in nodes:
        widths[node.level] = max(widths.get(node.level, 0), sizes[node.key].width)
        heights[node.level] += sizes[node.key].height
    return Size(sum(widths.values()) + GAP * (len(widths) - 1), max(heights.values(), default=0))


def _widest(card: Card) -> Card:
    """The card with room for the longest time it may come to show: a graph must not breathe every second."""
    goal = card.goal if card.progress is None else card.goal.rjust(_LONGEST)
    return replace(card, note=card.note.rjust(_LONGEST), goal=goal)


def _running(card: Card) -> Card:
    return _widest(card if card.progress is not None else replace(card, progress=0.0))


def _folded(nodes: tuple[Node, ...], sizes: Mapping[str, Size], room: int) -> tuple[Node, ...]:
    """Where no box has an edge, side by side instead of one long column."""
    if not nodes or any(node.needs for node in nodes):
        return nodes
    columns = max(1, (room + GAP) // (max(sizes[node.key].width for node in nodes) + GAP))
    rows = -(-len(nodes) // columns)
    return tuple(replace(node, level=index // rows) for index, node in enumerate(nodes))
