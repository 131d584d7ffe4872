"""Releases: what is not released yet on top and every version below it; beside them all about the selected one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer

from relman.model.board import Board, Section
from relman.model.release_outlook import About
from relman.model.run import Run
from relman.tui.commands.command import command
from relman.tui.commands.live import live_commands
from relman.tui.present import release_detail as detail
from relman.tui.present import releases as view
from relman.tui.present.notice import refusal
from relman.tui.present.piece import Line
from relman.tui.present.releases import Entry, ReleasesPresenter
from relman.tui.release_reading import Key, ReleaseReading
from relman.tui.screens.run import RunScreen
from relman.tui.selected import Selected
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.pane import Pane
from relman.tui.widgets.prompt import Prompt

_GROUP = "Releases"
_REST = 0.3
"""Seconds the highlight rests on a version before that is read from near."""
_ROOM = 0  # the place of the room in what the details were drawn from


class ReleasesScreen(RunScreen):
    """The highlight belongs to a tag on a commit, or to what is not released yet; never to a row."""

    NAME = "releases"
    CSS_PATH = "releases.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._presenter = ReleasesPresenter()
        self._entries: list[Entry] = []
        self._filter = ""
        self._words = ""  # in the details
        self._shown: object = None  # whose details are drawn
        self._drawn: tuple[object, ...] = ()  # from what they were drawn
        self._resting: Timer | None = None
        self._end: Callable[[], None] = lambda: None

    def compose_body(self) -> ComposeResult:
        self._list: KeyedList[Entry] = KeyedList(self._presenter, self.relman.now, id="versions-list")
        self._lines = LinesView(id="version-lines")
        self._prompt = Prompt(id="prompt")
        self._list_pane = Pane(self._list_title, self._list, id="versions")
        self._detail_pane = Pane(self._detail_title, self._lines, id="version")
        with Container(id="releases"):
            yield self._list_pane
            yield self._detail_pane

    def on_mount(self) -> None:
        self._list.focus()
        reading = self.reading
        if reading is not None:
            self._end = reading.subscribe(self._read_changed)

    def on_unmount(self) -> None:
        self._end()

    # ── what is selected ─────────────────────────────────────────────────────────────────────

    @property
    def reading(self) -> ReleaseReading | None:
        return self.relman.release_reading

    @property
    def entry(self) -> Entry | None:
        return self._list.item

    @property
    def run_id(self) -> int | None:
        """The run that belongs to the selected version."""
        entry = self.entry
        return (
            view.run_of(entry.row, self.relman.board) if entry is not None and entry.row is not None else None
        )

    @property
    def run_shown(self) -> Run | None:
        run_id = self.run_id
        return self.relman.board.run(run_id) if run_id is not None else None

    @property
    def url(self) -> str:
        entry = self.entry
        return "" if entry is None else view.page_of(entry, self.relman.board, self.relman.settings.web_url)

    @property
    def sha(self) -> str:
        entry = self.entry
        if entry is None:
            return ""
        if entry.row is not None:
            return entry.row.sha
        outlook = entry.outlook.value
        return outlook.history.head.sha if outlook is not None else ""

    @property
    def rollback_to(self) -> str | None:
        """The selected version, where that is not what runs already."""
        entry = self.entry
        if entry is None or entry.row is None or self.selected().environment in entry.row.live:
            return None
        return entry.row.name

    def selected(self) -> Selected:
        entry, environment = self.entry, view.production_of(self.relman.board)
        if entry is None or entry.row is None:
            return Selected(environment=environment, sha=self.sha or None)
        row = entry.row
        chosen = replace(super().selected(), environment=environment, sha=row.sha or None)
        return (
            replace(chosen, tag=row.name) if row.sha and row.version is not None and not row.local else chosen
        )

    def server_now(self) -> datetime:
        return self.relman.now() + self.relman.board.clock_offset

    # ── from the board and the reading to the panes ──────────────────────────────────────────

    def apply(self, board: Board) -> None:
        self._presenter.offset = board.clock_offset
        reading = self.reading
        unreleased = reading.unreleased if reading is not None else Section()
        if unreleased.value is None and unreleased.error is None:
            unreleased = replace(unreleased, error=view.held_up(board))
        self._entries = view.entries(board, unreleased, reading=reading is not None and reading.reading)
        self._fill()
        self._look()
        if reading is not None and self.in_view:
            reading.consider()

    def _fill(self) -> None:
        self._list.set_items(view.filtered(self._entries, self._filter))
        now = self.relman.now()
        notice = view.nothing_here(self.relman.board, now)
        self._list_pane.show(notice, view.list_stale(self.relman.board, now))
        self._show()

    def _read_changed(self) -> None:
        # A reading may end while the screen is taken apart: then there is nothing left to draw on.
        if self.is_mounted and self._list.is_mounted and self.in_view:
            self.apply(self.relman.board)

    def tick(self) -> None:
        super().tick()
        if not self.is_mounted or not self._list.is_mounted:
            return
        self._list.tick()
        self._show()
        if self.reading is not None and self.in_view:
            self.reading.consider()

    def _show(self) -> None:
        """Draws the details of the selected one, where anything about them differs."""
        entry, board, now = self.entry, self.relman.board, self.server_now()
        if entry is None:
            return
        room = self._lines.room
        about = self._about(entry)
        keys = self._tag_key()
        minute = int(now.timestamp()) // 60
        drawn = (room, entry, about, board.deployments, board.runs.value, keys, minute)
        problem = entry.outlook.error if entry.row is None and entry.outlook.value is None else None
        self._detail_pane.show(
            refusal(problem, self.relman.now()) if problem is not None else None,
            view.stale_line(entry, board, self.relman.now()),
        )
        if drawn == self._drawn:
            return
        if entry.row is None:
            lines = detail.unreleased_lines(entry, keys, room, now)
        else:
            lines = detail.version_lines(entry, about, board, room, now)
        self._lines.set_lines(lines, top=entry.key != self._shown)
        self._shown, self._drawn = entry.key, drawn

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draws once more where a scroll bar has come or gone, or the pane has only now got its place."""
        event.stop()
        if self._drawn and self._lines.room != self._drawn[_ROOM]:
            self._show()

    def _about(self, entry: Entry) -> Section[About] | None:
        key, reading = self._near(entry), self.reading
        return reading.about.get(key) if reading is not None and key is not None else None

    def _near(self, entry: Entry) -> Key | None:
        """What the selected version is read by from near."""
        row = entry.row
        if row is None or not row.sha or row.local:
            return None
        return (row.name, row.sha, entry.before.sha if entry.before is not None else None)

    def _tag_key(self) -> str:
        """The key that tags, as it is now; "" where it would do nothing."""
        for live in live_commands(cast("Screen[object]", self)):
            if live.command.name == "tag" and live.command.available(self):
                return live.keys[0] if live.keys else ""
        return ""

    def _look(self) -> None:
        self.relman.look(screen=self.NAME, environment=view.production_of(self.relman.board))
        self.refresh_bindings()

    def _list_title(self, width: int) -> Line:
        every = sum(1 for item in self._entries if item.row is not None)
        shown = sum(1 for item in self._list.items if item.row is not None)
        return view.list_title(shown, every, self._filter, width)

    def _detail_title(self, width: int) -> Line:
        found = self._lines.hits if self._words else None
        return view.detail_title(self.entry, self.relman.board, found, self.relman.now(), width)

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self._show()
        self.refresh_bindings()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST, self._rested)

    def _rested(self) -> None:
        entry, reading = self.entry, self.reading
        key = self._near(entry) if entry is not None else None
        if key is not None and reading is not None and self.in_view:
            reading.consider_about(key)

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.open()

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command(
        "open",
        "enter",
        title="Open the run in Pipeline",
        help="The run that the version's tag started; of what is not released, the details.",
        group=_GROUP,
        footer=lambda screen: "Run" if screen.run_id is not None else "Details",
        rank=10,
        when=lambda screen: screen.entry is not None,
    )
    def open(self) -> None:
        run_id = self.run_id
        if run_id is not None:
            self.relman.show_run(run_id)
        elif self._detail_pane.notice is None:
            self.set_focus(self._lines)

    @command(
        "back",
        "escape",
        title="",
        help="Back: out of the details, then out of the filter. Never leaves relman.",
        group=_GROUP,
    )
    def back(self) -> None:
        if self.zoomed:
            self._zoom(None)
        elif self.focused is self._lines:
            if self._words:
                self._find("")
            else:
                self.set_focus(self._list)
        elif self._filter:
            self._set_filter("")
        self.refresh_bindings()

    @command(
        "refresh",
        "r",
        title="Refresh now",
        help="Ask GitHub again for the versions, and judge afresh what is not released.",
        group="relman",
        footer="Refresh",
        rank=70,
    )
    def refresh_now(self) -> None:
        self.relman.refresh_now()
        if self.reading is not None:
            self.reading.again()
            self.reading.consider()
            self._rested()

    @command(
        "filter",
        "/",
        title="Filter or find",
        help="Versions by words: live, draft, rolled back, an environment, an author, ! for not; text in the details.",
        group=_GROUP,
        footer=lambda screen: "Find text" if screen.in_details else "Filter",
        rank=30,
    )
    def ask_filter(self) -> None:
        if self.in_details:
            self._prompt.ask("find", self._words, self._find, back_to=self._lines)
        else:
            self._prompt.ask("filter", self._filter, self._set_filter, back_to=self._list)

    @property
    def in_details(self) -> bool:
        return self.focused is self._lines

    def _set_filter(self, text: str) -> None:
        if text != self._filter:
            self._filter = text.strip()
            self._fill()

    def _find(self, text: str) -> None:
        self._lines.search(text)
        self._words = text.strip()
        self._detail_pane.update()

    @property
    def searching(self) -> bool:
        return self._lines.searching if self.in_details else bool(self._filter)

    @command(
        "next-match",
        "n",
        title="",
        help="The next version of the filter, or the next place found.",
        group=_GROUP,
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
        group=_GROUP,
        when=lambda screen: screen.searching,
    )
    def previous_match(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.in_details:
            self._lines.find(by)
            self._detail_pane.update()
        else:
            self._list.step(by)
