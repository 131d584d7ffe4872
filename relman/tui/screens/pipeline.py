"""Pipeline: the runs at the left, the job graph of the highlighted run, and the selected job below it."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from relman.model.board import Board, Section
from relman.model.drawing import Spot
from relman.model.graph import Node
from relman.model.layout import Size
from relman.model.run import Job, Run
from relman.model.state import State
from relman.model.timing import RunTime
from relman.model.waiting import waiting
from relman.tui.commands.command import command, key_shown
from relman.tui.present import filter as filters
from relman.tui.present import job as job_view
from relman.tui.present import pipeline as view
from relman.tui.present.find import next_hit, pattern
from relman.tui.present.graph import Painter, Picture
from relman.tui.present.notice import instead, staleness
from relman.tui.present.piece import BLANK, Line
from relman.tui.present.runs import RunsPresenter, ordered
from relman.tui.screens.run import OPEN
from relman.tui.screens.run_acts import RunActs
from relman.tui.widgets.graph_view import GraphView
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.moves import Move
from relman.tui.widgets.pane import Pane
from relman.tui.widgets.prompt import Prompt

_RUNS = "Runs"
_DEPLOYS = "deploys"  # the screen where what waits is answered


class PipelineScreen(RunActs):
    """What is highlighted is kept by id: the run's, and within each run the box's."""

    NAME = "pipeline"
    CSS_PATH = "pipeline.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._board: Board | None = None
        self._filter = filters.Filter()
        self._unfiltered: Hashable | None = None  # the run that was highlighted when the filter was typed
        self._search = ""  # in the graph
        self._words = ""  # in the job
        self._wanted: int | None = None  # a run to highlight that the board does not know yet
        self._followed: int | None = None  # a run that was asked for: it stays in front whatever becomes of it
        self._chosen: dict[int, Spot] = {}  # run id to the box, and the row of it, that a person chose
        self._opened: dict[int, frozenset[str]] = {}
        self._drawn: Picture | None = None  # asked for through `picture`, which knows whose it is
        self._drawn_for: Hashable | None = None  # the key of the run that the panes show
        self._times: RunTime | None = None
        self._pictures = view.Pictures()
        self._painter = Painter()
        self._clock = view.Seconds()
        self._presenter = RunsPresenter()
        self._shown: tuple[int, str, int | None] | None = None  # run, box and job in the lower pane

    def compose_body(self) -> ComposeResult:
        self._runs: KeyedList[Run] = KeyedList(self._presenter, self.relman.now, id="runs-list")
        self._graph = GraphView(id="graph-view")
        self._lines = LinesView(id="job-lines")
        self._prompt = Prompt(id="prompt")
        self._runs_pane = Pane(self._runs_title, self._runs, id="runs")
        self._graph_pane = Pane(self._graph_title, self._graph, id="graph")
        self._job_pane = Pane(self._job_title, self._lines, id="job")
        with Container(id="pipeline"):
            yield self._runs_pane
            with Vertical(id="detail"):
                yield self._graph_pane
                yield self._job_pane

    def on_mount(self) -> None:
        self._runs.focus()

    # ── what is selected ─────────────────────────────────────────────────────────────────────

    @property
    def run_shown(self) -> Run | None:
        """The highlighted run as it is now."""
        return self._runs.item

    @property
    def picture(self) -> Picture | None:
        """The graph of the highlighted run. None while there is none, or while the one of the run before still
        stands: nothing that is read from it can belong to another run."""
        picture = self._drawn
        return picture if picture is not None and picture.shows(self.run_shown) else None

    @property
    def node(self) -> Node | None:
        """The selected box of the graph."""
        picture = self.picture
        return None if picture is None else picture.node(self._graph.selected)

    @property
    def job(self) -> Job | None:
        """The selected job; None for a box whose job is not created yet."""
        spot, picture = self._graph.spot, self.picture
        return None if picture is None or spot is None else picture.job(spot.key, spot.row)

    @property
    def on_run(self) -> bool:
        return self.focused is self._runs

    def follow(self, run_id: int) -> None:
        """Highlights a run, out of the filter's way; one that is not on the board yet as soon as it is."""
        self._wanted = run_id
        self.set_focus(self._runs)
        self.apply(self.relman.board)

    def server_now(self) -> datetime:
        return self.relman.now() + self.relman.board.clock_offset

    # ── from the board to the panes ──────────────────────────────────────────────────────────

    def apply(self, board: Board) -> None:
        self._board = board
        self._presenter.offset = board.clock_offset
        self._show_runs(board)
        self._show_run()

    def tick(self) -> None:
        super().tick()
        self._runs.tick()
        self._show_staleness()
        run = self.run_shown
        if run is not None and not run.state.finished:
            self._paint()
            self._show_job()

    def _show_runs(self, board: Board) -> None:
        now = self.relman.now()
        section = board.runs
        runs = section.value or ()
        kept = ordered(self._filter.apply(runs))
        fresh = self._wanted is not None and board.run(self._wanted) is not None
        if fresh:
            self._followed, self._wanted = self._wanted, None
        elif self._runs.key != self._followed:
            self._followed = None
        lost = self._followed is not None and all(run.id != self._followed for run in kept)
        if lost and any(run.id == self._followed for run in runs):
            self._filter, kept = filters.Filter(), ordered(runs)
        self._runs.set_items(kept)
        if fresh:
            self._runs.highlight(self._followed)
        notice = instead(section, "the runs", now)
        if notice is None and not kept:
            notice = view.no_runs(board.repo, self._filter, len(runs))
        # Without a single run the message has the screen for itself.
        self.set_class(not runs, "-alone")
        self._runs_pane.show(notice, staleness(section, now))
        if notice is None and self.focused is None:  # the message took the focus away with the list
            self.set_focus(self._runs)

    def _show_run(self) -> None:
        """Draws the graph of the highlighted run and the selected job."""
        board, run = self.relman.board, self.run_shown
        self._drawn, self._drawn_for = None, self._runs.key
        if run is None:
            self._graph_pane.show(view.NO_RUN)
            self._job_pane.show(view.NO_JOB)
            self._look()
            return
        now = self.relman.now()
        section = board.jobs.get(run.id, Section())
        # The file alone would call jobs "not created yet" that nobody has asked for, or that never will be.
        if section.value is not None and (section.value or not run.state.finished):
            self._drawn = self._pictures.of(run, board, self._opened.get(run.id, frozenset()))
        self._paint()
        empty = self._drawn is None
        self._graph_pane.show(view.no_jobs(run, section, now) if empty else None, self._graph_remark())
        self._show_job()
        self._look()

    def _graph_remark(self) -> Line:
        run = self.run_shown
        if run is None:
            return BLANK
        stale = staleness(self.relman.board.jobs.get(run.id, Section()), self.relman.now())
        picture = self.picture
        return stale or (view.remark(picture) if picture is not None else BLANK)

    def _paint(self) -> None:
        run, picture = self.run_shown, self.picture
        if run is None or picture is None:
            return
        spot = self._chosen.get(run.id)
        if spot is None or picture.node(spot.key) is None:
            of_interest = picture.of_interest()
            spot = None if of_interest is None else Spot(of_interest)
        elif all(str(job.id) != spot.row for job in picture.jobs(spot.key)):
            spot = Spot(spot.key)
        self._times = self._clock.times(picture, self.server_now())
        room = Size(self._graph.size.width, self._graph.size.height)
        key, row = spot or (None, "")
        drawing = self._painter.paint(picture, self._times, key, row=row, room=room)
        self._graph.set_drawing(drawing, spot, of=picture.run)
        self._graph_pane.update()

    def _show_job(self) -> None:
        if self._behind:
            return
        run, node, job = self.run_shown, self.node, self.job
        if run is None or node is None:
            self._job_pane.show(view.NO_JOB)
            return
        room = self._lines.room
        paths = view.paths_lines(self._times) if self._times is not None else []
        if (picture := self.picture) is not None:
            paths += view.caveat_lines(picture, room)
        if job is None:
            missing = job_view.missing_job_lines(node.needs, room, finished=run.state.finished)
            lines = [*missing, BLANK, *paths]
        else:
            held = self._held_lines(room) if job.state is State.WAITING else []
            lines = job_view.job_lines(job, self.notes, room, self.server_now(), paths, held)
        shown = (run.id, node.key, job.id if job is not None else None)
        self._lines.set_lines(lines, top=shown != self._shown)
        self._shown = shown
        self._job_pane.show(None)

    def _held_lines(self, room: int) -> list[Line]:
        """What the run waits for, and the key to where that is answered."""
        run, now, app = self.run_shown, self.server_now(), self.relman
        gates = [
            gate
            for gate in waiting(app.board, now, read_only=app.settings.read_only)
            if run is not None and gate.run.id == run.id
        ]
        there = type(app).commands().get(f"go-{_DEPLOYS}")
        key = app.key_overrides.get(there.name, there.keys[0]).split(",")[0] if there is not None else ""
        return job_view.held_lines(gates, key_shown(key), room, now)

    def _show_staleness(self) -> None:
        board, run, now = self.relman.board, self.run_shown, self.relman.now()
        if board.runs.error is not None:
            self._runs_pane.show(self._runs_pane.notice, staleness(board.runs, now))
        if run is not None:
            self._graph_pane.show(self._graph_pane.notice, self._graph_remark())

    def _look(self) -> None:
        run, job = self.run_shown, self.job
        seen = self._wanted if self._wanted is not None else run.id if run else None
        self.relman.look(screen=self.NAME, run_id=seen, job_id=job.id if job else None)
        self.refresh_bindings()

    # ── titles ───────────────────────────────────────────────────────────────────────────────

    def _runs_title(self, width: int) -> Line:
        section = self.relman.board.runs
        return view.runs_title(section.value or (), len(self._runs.items), self._filter, width)

    def _graph_title(self, width: int) -> Line:
        run = self.run_shown
        return view.graph_title(run, self.picture, self._times, self.server_now(), width)

    def _job_title(self, width: int) -> Line:
        found = self._lines.hits if self._words else None
        spot = self._graph.spot
        row = "" if spot is None else spot.row
        return view.job_title(self.node, self.picture, self.server_now(), width, self._words, found, row=row)

    # ── what happens in the panes ────────────────────────────────────────────────────────────

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self.call_after_refresh(self.catch_up)  # the highlight first: the graph of another run may be large

    @property
    def _behind(self) -> bool:
        """Whether the panes still show the run before."""
        return self._runs.key != self._drawn_for

    def catch_up(self) -> None:
        """A key that comes at once behind moves in the list may mean what is in the graph: that is drawn first."""
        if self.is_mounted and self._behind:
            self._show_run()

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        if self._graph_pane.notice is None:
            self.set_focus(self._graph)

    def on_graph_view_selected(self, event: GraphView.Selected) -> None:
        event.stop()
        run, picture = self.run_shown, self.picture
        if run is not None and picture is not None and picture.run == event.of and picture.node(event.spot.key):
            self._chosen[run.id] = event.spot
            self._paint()
            self._show_job()
            self._look()

    def on_graph_view_opened(self, event: GraphView.Opened) -> None:
        event.stop()
        if self.picture is not None and self.picture.run == event.of:
            self._open_box(*event.spot)

    def _open_box(self, key: str, row: str) -> None:
        """Opens a group or a matrix, or closes it; a job, also one of a matrix, is shown below."""
        run, node = self.run_shown, None if self.picture is None else self.picture.node(key)
        if run is None or node is None:
            return
        opened = self._opened.get(run.id, frozenset())
        if not row and (node.opens or key in opened):
            self._opened[run.id] = opened ^ {key}
            self._show_run()
        elif self._job_pane.notice is None:
            self.set_focus(self._lines)

    def on_graph_view_resized(self, event: GraphView.Resized) -> None:
        event.stop()
        self._paint()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        event.stop()
        self._show_job()

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command(
        "open",
        "enter",
        title="",
        help="Into the graph, into a group, to the job, to its log.",
        group=OPEN,
        footer="Open",
        rank=10,
        when=lambda screen: screen.can_open,
    )
    def open(self) -> None:
        focused = self.focused
        if focused is self._lines:
            if self.job is not None:
                self.open_log()
        elif isinstance(focused, (KeyedList, GraphView)):
            focused.open()

    @property
    def can_open(self) -> bool:
        focused = self.focused
        if focused is self._runs:
            return self._runs.item is not None and self._graph_pane.notice is None
        return (
            self.job is not None if focused is self._lines else focused is self._graph and self.node is not None
        )

    @command(
        "back",
        "escape",
        title="",
        help="Back: out of the pane, then out of the filter. Never leaves relman.",
        group=OPEN,
    )
    def back(self) -> None:
        if self.zoomed:
            self._zoom(None)
        elif self.focused is self._lines:
            if self._lines.searching:
                self._find_in_job("")
            else:
                self.set_focus(self._graph)
        elif self.focused is self._graph:
            if self._search:
                self._search = ""
                self._graph_pane.update()
            else:
                self.set_focus(self._runs)
        elif self._filter:
            nothing_fits = self._runs.key is None
            self._set_filter("")
            if nothing_fits:
                self._runs.highlight(self._unfiltered)
        self.refresh_bindings()

    @command(
        "filter",
        "/",
        title="Filter or find",
        help="Runs by words, branch: status: workflow: event: actor:, ! for not; a job in the graph; text in a job.",
        group=_RUNS,
        footer=lambda screen: screen.finds,
        rank=30,
        when=lambda screen: bool(screen.relman.board.runs.value),
    )
    def ask_filter(self) -> None:
        if self.focused is self._graph:
            begun_at = self._graph.spot
            self._prompt.ask(
                "find job", self._search, lambda text: self._find_as_typed(text, begun_at), back_to=self._graph
            )
        elif self.focused is self._lines:
            self._prompt.ask("find", self._words, self._find_in_job, back_to=self._lines)
        else:
            begun_on = self._unfiltered = self._unfiltered if self._runs.key is None else self._runs.key

            def typed(text: str) -> None:
                """To the run where the typing began, or else the first: not to one that half a word met."""
                self._set_filter(text)
                if not self._runs.highlight(begun_on):
                    self._runs.move(Move.TOP)
                self._prompt.say(filters.doubt(self._filter, self.relman.board.runs.value or ()))

            self._prompt.ask("filter", self._filter.text, typed, back_to=self._runs)

    @property
    def finds(self) -> str:
        """What `/` does here, for the footer."""
        if self.focused is self._graph:
            return "Find job"
        return "Find text" if self.focused is self._lines else "Filter"

    def _set_filter(self, text: str) -> None:
        parsed = filters.parse(text)
        if parsed != self._filter:
            self._filter, self._followed = parsed, None
            self._show_runs(self.relman.board)

    def _find_as_typed(self, text: str, begun_at: Spot | None) -> None:
        """From where the typing began; back to there when nothing is looked for any more."""
        self._search = text.strip()
        missed = bool(self._search) and not self._find(0, begun_at)
        if not self._search and begun_at is not None:
            self._graph.choose(begun_at)
        self._prompt.say("no job of that name" if missed else "")
        self._graph_pane.update()

    @command(
        "next-match",
        "n",
        title="",
        help="The next run of the filter, or the next place found.",
        group=_RUNS,
        footer="Next",
        rank=31,
        when=lambda screen: screen.searching,
    )
    def next_match(self) -> None:
        self._step(1)

    @command(
        "previous-match",
        "N",
        title="",
        help="The one before.",
        group=_RUNS,
        when=lambda screen: screen.searching,
    )
    def previous_match(self) -> None:
        self._step(-1)

    @property
    def searching(self) -> bool:
        if self.focused is self._graph:
            return bool(self._search)
        return self._lines.searching if self.focused is self._lines else bool(self._filter)

    def _step(self, by: int) -> None:
        if self.focused is self._graph:
            if not self._find(by, self._graph.spot):
                self.relman.tell(f"No job of that name: {self._search}")
        elif self.focused is self._lines:
            self._lines.find(by)
            self._job_pane.update()
        else:
            self._runs.step(by)

    def _find(self, by: int, here: Spot | None) -> bool:
        """To a box whose name holds what is looked for; False when there is none."""
        wanted, picture, drawing = pattern(self._search), self.picture, self._graph.drawing
        if wanted is None or picture is None or drawing is None:
            return False
        names = picture.names(drawing)
        hits = {spot for spot, name in names.items() if wanted.search(name)}
        found = next_hit(list(names), here, hits, by)
        if found is not None:
            self._graph.choose(found)
        return found is not None

    def _find_in_job(self, text: str) -> None:
        self._lines.search(text)
        self._words = text.strip()
        self._job_pane.update()
