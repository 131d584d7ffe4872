"""Deploys: what waits on top and every environment below it; beside them all about the selected one."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from relman.errors import Problem
from relman.model.board import Board, Section
from relman.model.deploys import Place, places
from relman.model.operation import Ended, Outcome
from relman.model.review import APPROVED, REJECTED, Review
from relman.model.run import Job, Run
from relman.model.state import State
from relman.model.waiting import Answer, Waiting, lacks_permission, waiting
from relman.tui.commands.command import command
from relman.tui.commands.live import live_commands
from relman.tui.present import deploys as view
from relman.tui.present.deploys import DeploysPresenter, Entry, Followed
from relman.tui.present.piece import Line
from relman.tui.screens.run import RunScreen
from relman.tui.selected import Selected
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.pane import Pane

_GROUP = "Deploys"
_ANSWERABLE = frozenset({Answer.YES, Answer.TOKEN})
"""A token whose right was refused may have it by now: asking again is allowed."""


def _may_review(screen: DeploysScreen) -> bool:
    gate = screen.gate
    return screen.relman.may_change and gate is not None and gate.may.answer in _ANSWERABLE


class DeploysScreen(RunScreen):
    """The highlight belongs to a gate (run, attempt, environment) or to an environment, never to a row."""

    NAME = "deploys"
    CSS_PATH = "deploys.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._presenter = DeploysPresenter()
        self._gates: tuple[Waiting, ...] = ()
        self._places: tuple[Place, ...] = ()
        self._shown: object = None
        self._followed: dict[str, int] = {}  # environment to the run a person has answered for it
        self._refused: Problem | None = None  # GitHub's word that this token may not review

    def compose_body(self) -> ComposeResult:
        self._list: KeyedList[Entry] = KeyedList(self._presenter, self.relman.now, id="deploys-list")
        self._lines = LinesView(id="deploys-lines")
        self._list_pane = Pane(self._list_title, self._list, id="environments")
        self._detail_pane = Pane(self._detail_title, self._lines, id="environment")
        with Container(id="deploys"):
            yield self._list_pane
            yield self._detail_pane

    def on_mount(self) -> None:
        self._list.focus()

    # ── what is selected ─────────────────────────────────────────────────────────────────────

    @property
    def entry(self) -> Entry | None:
        return self._list.item

    @property
    def place(self) -> Place | None:
        """The selected environment, also where one of its gates is selected."""
        entry = self.entry
        if entry is None:
            return None
        return next((place for place in self._places if place.name == entry.environment), None)

    @property
    def gate(self) -> Waiting | None:
        """The selected gate; of a selected environment the only one that waits there."""
        entry = self.entry
        if entry is None or entry.gate is not None:
            return None if entry is None else entry.gate
        gates = entry.place.gates if entry.place is not None else ()
        return gates[0] if len(gates) == 1 else None

    @property
    def run_shown(self) -> Run | None:
        """The run that waits, that is on its way, or that brought what is live."""
        entry, place = self.entry, self.place
        if entry is None:
            return None
        if entry.gate is not None:
            return entry.gate.run
        followed = self._run_of(self._followed.get(entry.environment))
        if followed is not None:
            return followed
        if place is None:
            return None
        moving = place.on_the_way
        return (self._run_of(moving.run_id) if moving is not None else None) or place.run

    def _run_of(self, run_id: int | None) -> Run | None:
        return self.relman.board.run(run_id) if run_id is not None else None

    @property
    def job(self) -> Job | None:
        """The job of the run whose log tells most: the one that failed, else the last that ended."""
        run = self.run_shown
        jobs = self.relman.board.jobs.get(run.id, Section()).value or () if run is not None else ()
        failed = [job for job in jobs if job.state.failed]
        ended = [job for job in jobs if job.state.finished and job.state is not State.SKIPPED]
        return next(iter(failed), None) or next(reversed(ended), None)

    @property
    def url(self) -> str:
        """The page of the run, else of the environment."""
        place = self.place
        return super().url or (
            place.environment.url if place is not None and place.environment is not None else ""
        )

    def selected(self) -> Selected:
        entry, place = self.entry, self.place
        chosen = replace(super().selected(), environment=entry.environment if entry is not None else None)
        if entry is not None and entry.gate is None and place is not None and place.live is not None:
            return replace(chosen, sha=place.live.sha, tag=place.live.tag or None)
        return chosen

    def server_now(self) -> datetime:
        return self.relman.now() + self.relman.board.clock_offset

    # ── from the board to the panes ──────────────────────────────────────────────────────────

    def apply(self, board: Board) -> None:
        self._presenter.offset = board.clock_offset
        read_only = not self.relman.may_change
        self._gates = waiting(board, self.server_now(), refused=self._refused, read_only=read_only)
        self._places = places(board, self._gates)
        self._list.set_items(view.entries(self._gates, self._places))
        count = len(self._gates) + len(self._places)
        self._list_pane.show(view.nothing_here(board, count, self.relman.now()))
        self._show()

    def tick(self) -> None:
        super().tick()
        if not self.is_mounted or not self._list.is_mounted:
            return
        self._list.tick()
        self._show()

    def _show(self) -> None:
        """Draws the details of the selected one, and tells the poller what is in view."""
        entry, room, now = self.entry, self._lines.room, self.server_now()
        board = self.relman.board
        if entry is None:
            self._detail_pane.show(view.NOTHING)
        else:
            if entry.gate is not None:
                lines = view.gate_lines(entry.gate, self.place, self._review_keys(), room, now)
            elif entry.place is not None:
                lines = view.place_lines(entry.place, self._run_to_follow(), room, now)
            else:
                lines = []
            self._lines.set_lines(lines, top=entry.key != self._shown)
            self._shown = entry.key
            self._detail_pane.show(None, view.stale_line(board, entry, self.relman.now()))
        self._list_pane.update()
        self._look()

    def _review_keys(self) -> tuple[str, ...]:
        """The keys as they are now, where they would do something."""
        if not _may_review(self):
            return ()
        own = {live.command.name: live.keys for live in live_commands(cast("Screen[object]", self))}
        return tuple(own[name][0] for name in ("approve", "reject") if own.get(name))

    def _run_to_follow(self) -> Followed | None:
        """The run of the selected environment while it moves, or because a person has just answered it."""
        entry, run, place = self.entry, self.run_shown, self.place
        if entry is None or run is None or place is None:
            return None
        if run.id != self._followed.get(entry.environment) and run.state.finished:
            return None
        board = self.relman.board
        return Followed(
            run,
            board.jobs.get(run.id, Section()).value or (),
            board.approvals.get(run.id, Section()).value or (),
        )

    def _look(self) -> None:
        run, entry = self.run_shown, self.entry
        self.relman.look(
            screen=self.NAME,
            run_id=run.id if run is not None else None,
            environment=entry.environment if entry is not None else None,
        )
        self.refresh_bindings()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        event.stop()
        if event.widget is self._lines:
            self._show()

    def _list_title(self, width: int) -> Line:
        return view.list_title(self._gates, self._places, width)

    def _detail_title(self, width: int) -> Line:
        return view.detail_title(self.entry, width)

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self._show()

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.open()

    # ── answering ────────────────────────────────────────────────────────────────────────────

    @command(
        "approve",
        "a",
        title="Approve the deployment",
        help="Say yes to what waits for the selected environment, after a look at the plan.",
        group=_GROUP,
        footer="Approve",
        rank=2,
        changes=True,
        when=_may_review,
    )
    def approve(self) -> None:
        self._review(APPROVED)

    @command(
        "reject",
        "x",
        title="Reject the deployment",
        help="Say no to what waits; its run then fails.",
        group=_GROUP,
        footer="Reject",
        rank=3,
        changes=True,
        when=_may_review,
    )
    def reject(self) -> None:
        self._review(REJECTED)

    def _review(self, state: str) -> None:
        """Asks for the environments and a comment; the gates are those of the key press, whatever moves."""
        from relman.tui.screens.review import ReviewScreen

        gate = self.gate
        if gate is None:
            return
        together = [
            other
            for other in self._gates
            if other.key != gate.key and other.key[:2] == gate.key[:2] and other.may.answer in _ANSWERABLE
        ]
        self.app.push_screen(ReviewScreen([gate, *together], state), self._plan)

    def _plan(self, intent: Review | None) -> None:
        tools = self.relman.tools
        if intent is None or tools is None:
            return
        from relman.actions.review import ReviewAction

        self.relman.act(ReviewAction(tools), intent, after=lambda ended, _: self._reviewed(intent, ended))

    def _reviewed(self, intent: Review, ended: Ended) -> None:
        """Follows the run from here: its environment is selected, with jobs and reviews."""
        problem = ended.problem
        self._refused = problem if problem is not None and lacks_permission(problem) else None
        if ended.outcome is Outcome.DONE:
            for target in intent.targets:
                self._followed[target.name] = intent.run_id
            if intent.targets:
                self._list.highlight(("place", intent.targets[0].name))
        self.apply(self.relman.board)

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command(
        "open",
        "enter",
        title="Open the run in Pipeline",
        help="The run that waits, moves or brought what is live, with its graph.",
        group=_GROUP,
        footer="Run",
        rank=10,
        when=lambda screen: screen.run_shown is not None,
    )
    def open(self) -> None:
        run = self.run_shown
        if run is not None:
            self.relman.show_run(run.id)

    @command(
        "back",
        "escape",
        title="",
        help="Back to the list. Never leaves relman.",
        group=_GROUP,
    )
    def back(self) -> None:
        if self.zoomed:
            self._zoom(None)
        else:
            self.set_focus(self._list)
