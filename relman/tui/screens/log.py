"""The log of one job: fetched, then read; while the job runs its steps instead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from relman.board.ports import Progress
from relman.errors import Kind, Problem, RelmanError
from relman.model.board import Board
from relman.model.job_log import BOM
from relman.model.run import Job
from relman.model.state import Tone
from relman.tui.commands.command import command
from relman.tui.present.job import step_lines
from relman.tui.present.log import EMPTY, LINE_SHOWN, log_title, progress_line, size, status_line, waiting_lines
from relman.tui.present.notice import refusal
from relman.tui.present.piece import Line, Piece, plain, spread, width_of
from relman.tui.screens.live import LiveScreen
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.log_view import LogView

OpenLog = Callable[[Progress], Awaitable[Path]]
"""Gives the log as a file, fetched if need be. Raises :class:`RelmanError`."""

_GROUP = "Log"
_AGAIN = timedelta(seconds=5)  # a log appears some seconds after its job has ended
_TRIES = 12


def _shown(screen: LogScreen) -> bool:
    return screen.shown and not screen.asking


def _foldable(screen: LogScreen) -> bool:
    return _shown(screen) and screen.view.has_groups


class LogScreen(LiveScreen):
    """Shows what ``open_log`` gives. ``job`` gives the job as it is known now (None once it is not known).

    ``workflow`` stands before ``title`` and gives way to it where the line is short.
    """

    NAME: ClassVar[str] = "log"
    CSS_PATH = "log.tcss"

    def __init__(
        self, title: str, open_log: OpenLog, job: Callable[[], Job | None], *, workflow: str = ""
    ) -> None:
        super().__init__()
        self._workflow = workflow
        self._title = title
        self._open_log = open_log
        self._job = job
        self._problem: Problem | None = None
        self._empty = False
        self._progress: tuple[int, int | None] = (0, None)
        self._drawn = 0.0
        self._tries = 0
        self._again: datetime | None = None

    def compose_body(self) -> ComposeResult:
        yield LineBar(self._title_line, id="log-title")
        yield LinesView(id="log-instead")
        yield LogView(id="log-view")
        yield LineBar(self._status_line, id="log-status")
        field = Input(id="log-search", placeholder="Find in the log; capital letters count once you type one")
        field.cursor_blink = False
        yield field

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#log-instead").focus()
        self._load()

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    @property
    def shown(self) -> bool:
        """Whether the log is in view, rather than what stands in its place."""
        return self.has_class("-shown")

    @property
    def asking(self) -> bool:
        """Whether somebody types what to search for."""
        return bool(self.query_one("#log-search").display)

    def _ask(self, asking: bool) -> None:
        # Set on the widget, not by a class: a style sheet takes effect only later, and until then a hidden
        # field takes no focus.
        self.query_one("#log-search").display = asking

    # ── fetching ─────────────────────────────────────────────────────────────────────────────

    def _load(self) -> None:
        self._again = None
        self.run_worker(self._fetch(), group="log", exclusive=True)

    async def _fetch(self) -> None:
        self._progress = (0, None)
        try:
            path = await self._open_log(self._progressed)
            status = await asyncio.to_thread(path.stat)
            if self._is_gone:
                return
            self._empty = status.st_size <= len(BOM)
            if not self._empty:
                await self.view.open_file(path)
        except RelmanError as error:
            self._failed(error.problem)
        except OSError as error:
            why = error.strerror or str(error)
            self._failed(Problem(Kind.LOCAL, "The log cannot be read", why, "Press r to fetch it again."))
        else:
            self._problem = None
            self._tries = 0
            if not self._empty and not self.shown and not self._is_gone:
                self.add_class("-shown")
                self.view.focus()
        self._draw()
        self.refresh_bindings()

    def _failed(self, problem: Problem) -> None:
        if self.shown:  # what is there stays
            self.relman.tell(problem.sentence(), problem=True)
            return
        self._problem = problem
        job = self._job()
        if problem.kind is Kind.NOT_YET and self._tries < _TRIES:
            if job is None or job.state.finished:
                self._tries += 1
            self._again = self.relman.now() + _AGAIN

    def _progressed(self, done: int, total: int | None) -> None:
        self._progress = (done, total)
        if time.monotonic() - self._drawn > 0.1:
            self._drawn = time.monotonic()
            self._draw()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    def apply(self, board: Board) -> None:
        del board
        self._draw()

    def tick(self) -> None:
        super().tick()
        job = self._job()
        ended = job is None or job.state.finished
        if self._again is not None and ended and self.relman.now() >= self._again:
            self._load()
        if not self.shown:
            self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)  # once the widgets have their new sizes

    @on(LogView.Changed)
    def _moved(self) -> None:
        self.query_one("#log-status", LineBar).update()

    @property
    def _is_gone(self) -> bool:
        """A log may arrive, or its refusal, while the screen is taken apart."""
        return not self.query("#log-title")

    def _draw(self) -> None:
        if self._is_gone:
            return
        self.query_one("#log-title", LineBar).update()
        self.query_one("#log-status", LineBar).update()
        if not self.shown:
            lines = self.query_one("#log-instead", LinesView)
            lines.set_lines(self._instead(lines.room))

    def _instead(self, room: int) -> list[Line]:
        now, job = self.relman.now(), self._job()
        if self._empty and self._problem is None:
            return EMPTY.draw(room)
        if self._problem is None:
            return [progress_line(*self._progress)]
        if self._problem.kind is not Kind.NOT_YET:
            return refusal(self._problem, now, by_hand=True).draw(room)
        steps = step_lines(job, room, now) if job is not None and job.steps else []
        return waiting_lines(job, room, steps)

    def _title_line(self, width: int) -> Line:
        job = self._job()
        state = () if job is None else (Piece(f"{job.state.glyph} {job.word} ", job.state.tone),)
        room = width - width_of(state) - 3 if state else width - 1
        return spread(
            (Piece(" "), Piece(log_title(self._workflow, self._title, room), strong=True)), state, width
        )

    def _status_line(self, width: int) -> Line:
        if not self.shown:
            return plain(" ", Tone.QUIET)
        return status_line(self.view.status, width)

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command("search", "slash", title="Search the log", help="Find text in the log, as you type.", group=_GROUP,
             footer="Search", rank=10, when=_shown)  # fmt: skip
    def search(self) -> None:
        field = self.query_one("#log-search", Input)
        field.value = ""
        self._ask(True)
        self.set_focus(field)  # at once: the next key may be on its way already

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.asking:
            self.view.search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._asked()

    def _asked(self) -> None:
        self._ask(False)
        self.set_focus(self.view)
        self._draw()
        self.refresh_bindings()

    @command("search-next", "n", title="Next place", help="The next place found; without a search, the next error.",
             group=_GROUP, footer="Next", rank=11, when=_shown)  # fmt: skip
    def search_next(self) -> None:
        self._next(back=False)

    @command("search-previous", "N", title="Place before", help="The place before; without a search, the error before.",
             group=_GROUP, when=_shown)  # fmt: skip
    def search_previous(self) -> None:
        self._next(back=True)

    def _next(self, *, back: bool) -> None:
        if self.view.next(back=back):
            return
        status = self.view.status
        where = f" in the first {size(LINE_SHOWN)} of each line" if status.searched_in_part else ""
        found = f"Not found{where}: {status.searched}"
        self.relman.tell(found if status.searched else "No line is marked as an error.")

    @command("log-fold", "f", "enter", title="Fold the group", help="Fold or unfold the group at the cursor.",
             group=_GROUP, footer="Fold", rank=20, when=_foldable)  # fmt: skip
    def fold(self) -> None:
        if not self.view.fold():
            self.relman.tell("This line is in no group.")

    @command("log-fold-all", "F", title="Fold all groups", help="Unfold all groups, or fold all.", group=_GROUP,
             when=_foldable)  # fmt: skip
    def fold_all(self) -> None:
        self.view.fold_all()

    @command("log-timestamps", "T", title="Times", help="Show or hide when a line was written (UTC).",
             group=_GROUP, footer="Times", rank=21, when=_shown)  # fmt: skip
    def timestamps(self) -> None:
        self.view.toggle_times()

    @command("log-wrap", "w", title="Wrap long lines", help="Break long lines into rows, or cut them.",
             group=_GROUP, footer="Wrap", rank=22, when=_shown)  # fmt: skip
    def wrap(self) -> None:
        self.view.toggle_wrap()

    @command("log-copy", "y", title="Copy", help="Copy the selection, or the line under the cursor.",
             group=_GROUP, footer="Copy", rank=23, when=_shown)  # fmt: skip
    def copy(self) -> None:
        text, what = self.view.copied()
        if text:
            self.relman.copy_text(text, what)

    @command("log-reload", "r", title="Fetch again", help="Ask for the log again; a file that grew goes on.",
             group=_GROUP, footer="Fetch", rank=70)  # fmt: skip
    def reload(self) -> None:
        self._tries = 0
        self._problem, self._empty = None, False
        self._load()
        self._draw()

    @command("back", "escape", title="", help="End the search; then back.", group=_GROUP, footer="Back",
             rank=75)  # fmt: skip
    def back(self) -> None:
        if self.asking:
            self.view.cancel_search()
            self._asked()
        elif self.view.status.searched:
            self.view.search("")
        else:
            self.dismiss()
