"""The journal: what relman did, newest first, and every line of the operation that is highlighted."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from relman.actions.operator import Operator
from relman.errors import Problem, RelmanError
from relman.model.board import Board
from relman.model.journal import Operation, operations
from relman.tui.commands.command import command
from relman.tui.present.journal import (
    JournalPresenter,
    matching,
    operation_lines,
    unread_line,
    unread_notice,
)
from relman.tui.present.notice import Notice, refusal
from relman.tui.present.piece import BLANK, Line, Piece, quiet, safe, spread
from relman.tui.screens.live import LiveScreen
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.pane import Pane
from relman.tui.widgets.prompt import Prompt

_GROUP = "Journal"


class JournalScreen(LiveScreen):
    """Follows the file, whoever writes it."""

    NAME: ClassVar[str] = "journal"
    CSS_PATH = "journal.tcss"

    def __init__(self, operator: Operator) -> None:
        super().__init__()
        self._operator = operator
        self._all: tuple[Operation, ...] = ()
        self._mark: tuple[int, int] | None = None
        self._problem: Problem | None = None
        self._unread = 0  # lines that are no entries
        self._filter = ""
        self._presenter = JournalPresenter()
        self._shown: Hashable | None = None

    def compose_body(self) -> ComposeResult:
        self._list: KeyedList[Operation] = KeyedList(self._presenter, self.relman.now, id="journal-list")
        self._lines = LinesView(id="journal-lines")
        self._prompt = Prompt(id="prompt")
        self._list_pane = Pane(self._list_title, self._list, id="journal-operations")
        self._lines_pane = Pane(self._lines_title, self._lines, id="journal-one")
        yield self._list_pane
        yield self._lines_pane

    def on_mount(self) -> None:
        super().on_mount()
        self._list.focus()
        self._follow()

    def _follow(self) -> None:
        self.run_worker(self._read(), group="journal", exclusive=True)

    async def _read(self) -> None:
        mark = await self._operator.journal.mark()
        if mark == self._mark and self._problem is None and self._presenter.running == self._operator.operation:
            return
        try:
            entries, self._unread = await self._operator.journal.look()
        except RelmanError as error:
            self._problem = error.problem
        else:
            self._problem, self._mark, self._all = None, mark, operations(entries)
        self._draw()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    def apply(self, board: Board) -> None:
        del board

    def tick(self) -> None:
        super().tick()
        self._list.tick()
        self._follow()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self._presenter.running = self._operator.operation
        kept = matching(self._all, self._filter, self._presenter.running)
        self._list.set_items(kept)
        told = unread_line(self._unread, self._operator.journal.path) if self._all else BLANK
        self._list_pane.show(self._notice(kept), told)
        self._draw_one()
        if self.focused is None and kept:  # a hidden list has lost it
            self._list.focus()
        self.refresh_bindings()

    @on(LinesView.Resized)
    def _resized(self, event: LinesView.Resized) -> None:
        """The lines get their place after they are first shown."""
        event.stop()
        if event.widget is self._lines:
            self._draw_one()

    def _notice(self, kept: list[Operation]) -> Notice | None:
        if self._problem is not None and not self._all:
            return refusal(self._problem, self.relman.now())
        if kept:
            return None
        if self._mark is None:
            return Notice("○", "Reading the journal")
        if self._all:
            return Notice("○", "No operation holds all of these words", hint="esc shows all of them again.")
        if self._unread:
            return unread_notice(self._unread, self._operator.journal.path)
        return Notice(
            "○",
            "Nothing was changed yet",
            ("Whatever relman changes, from here or from the command line, is written down here.",),
        )

    def _draw_one(self) -> None:
        item = self._list.item
        other = self._list.key != self._shown
        self._shown = self._list.key
        room = self._lines.room
        drawn = [] if item is None else operation_lines(item, self._presenter.running, room)
        self._lines.set_lines(drawn, top=other)
        self._lines_pane.display = item is not None
        self._lines_pane.update()

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self._draw_one()

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.open()

    def _list_title(self, width: int) -> Line:
        count = f" {len(self._list.items):,}"
        if self._filter:
            count += f" of {len(self._all):,} · /{safe(self._filter, 60)}"
        left = (Piece("Journal", strong=True), quiet(count))
        if self._problem is not None:
            return spread(left, (quiet(f"▲ {safe(self._problem.title, 100)}"),), width)
        return spread(left, (quiet(safe(str(self._operator.journal.path), 200)),), width)

    def _lines_title(self, width: int) -> Line:
        item = self._list.item
        if item is None:
            return ()
        when = f"{item.first.at.astimezone():%d %b %Y %H:%M:%S}"
        return spread((Piece(safe(item.first.action, 60), strong=True),), (quiet(when),), width)

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command("journal-open", "enter", title="", help="Read the operation's lines.", group=_GROUP, footer="Read",
             rank=10, when=lambda screen: screen._list.has_focus and screen._list.item is not None)  # fmt: skip
    def open(self) -> None:
        self._lines.focus()

    @command("journal-filter", "slash", title="Filter the journal", help="Only operations with all of these words.",
             group=_GROUP, footer="Filter", rank=12)  # fmt: skip
    def filter(self) -> None:
        self._prompt.ask("filter", self._filter, self._filtered, back_to=self._list)

    def _filtered(self, text: str) -> None:
        self._filter = text
        self._draw()

    @command("journal-back", "escape", title="", help="Back; a filter goes first.", group=_GROUP,
             footer="Back", rank=75)  # fmt: skip
    def back(self) -> None:
        if self._lines.has_focus:
            self._list.focus()
        elif self._filter:
            self._filtered("")
        else:
            self.dismiss()
