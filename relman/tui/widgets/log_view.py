"""The log viewer: a line-API view on a file, at constant memory whatever its size.

Lines are read and decoded when they come into view; the index, the search and the measuring of wrapped
lines run in daemon threads and report in slices. Nothing of a log is ever markup.
"""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from relman.model.ansi import Look
from relman.model.job_log import Level
from relman.model.log_index import Group, Slice
from relman.model.log_rows import Rows, Tall, hidden_by
from relman.model.log_search import Wanted
from relman.tui.widgets import log_paint
from relman.tui.widgets.log_file import Hits, Job, LogFile, scan, search
from relman.tui.widgets.log_paint import Layer, Palette
from relman.tui.widgets.log_wrap import Measured, Shown, measure, row_starts, shown

MOST_COPIED = 1 << 20  # characters; terminals take far less
_TIME_CELLS = 9
_FOLD_CELLS = 2


@dataclass(frozen=True, slots=True)
class LogStatus:
    """What a status line says. Lines and columns count from 1; ``hit`` is 0 when the cursor is on none."""

    line: int
    lines: int
    column: int
    size: int
    indexed: bool
    searched: str
    hit: int
    hits: int
    more_hits: bool
    errors: int
    warnings: int
    wrapped: bool
    wrap_limited: bool
    folds_limited: bool


class LogView(ScrollView, can_focus=True):
    """Shows one log. :meth:`open_file` gives it the file; ``Changed`` says that :attr:`status` is another."""

    DEFAULT_CSS = """
    LogView {
        scrollbar-size-horizontal: 0;
        background: $background;
        color: $foreground;
        & > .log-view--cursor { background: $panel; }
        & > .log-view--number { color: $foreground 45%; }
        & > .log-view--number-cursor { color: $accent; text-style: bold; }
        & > .log-view--time { color: $foreground 60%; }
        & > .log-view--guide { color: $foreground 45%; }
        & > .log-view--mark { color: $foreground 60%; text-style: italic; }
        & > .log-view--group { text-style: bold; }
        & > .log-view--error { color: $error; text-style: bold; }
        & > .log-view--warning { color: $warning; }
        & > .log-view--notice { color: $accent; }
        & > .log-view--debug { color: $foreground 60%; }
        & > .log-view--command { color: $accent; }
        & > .log-view--match { background: $warning; color: $background; }
        & > .log-view--match-current { background: $accent; color: $background; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--cursor",
        "log-view--number",
        "log-view--number-cursor",
        "log-view--time",
        "log-view--guide",
        "log-view--mark",
        "log-view--group",
        "log-view--error",
        "log-view--warning",
        "log-view--notice",
        "log-view--debug",
        "log-view--command",
        "log-view--match",
        "log-view--match-current",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "down", "Down", id="log-down", show=False),
        Binding("k,up", "up", "Up", id="log-up", show=False),
        Binding("h,left", "left", "Left", id="log-left", show=False),
        Binding("l,right", "right", "Right", id="log-right", show=False),
        Binding("g,home", "first", "First line", id="log-first", show=False),
        Binding("G,end", "last", "Last line", id="log-last", show=False),
        Binding("ctrl+d", "half_down", "Half a page down", id="log-half-down", show=False),
        Binding("ctrl+u", "half_up", "Half a page up", id="log-half-up", show=False),
        Binding("pagedown,space", "page_down", "Page down", id="log-page-down", show=False),
        Binding("pageup", "page_up", "Page up", id="log-page-up", show=False),
        Binding("f,enter", "fold", "Fold", id="log-fold"),
        Binding("F", "fold_all", "Fold all", id="log-fold-all", show=False),
        Binding("T", "timestamps", "Times", id="log-timestamps"),
        Binding("w", "wrap", "Wrap", id="log-wrap"),
        Binding("n", "next", "Next", id="search-next"),
        Binding("N", "previous", "Previous", id="search-previous"),
        Binding("y", "copy", "Copy", id="log-copy"),
    ]

    class Changed(Message):
        """The status is another one."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Changed)

    class Indexed(Message, bubble=False):
        """A thread's report. ``owner`` tells reports of a thread that was stopped."""

        def __init__(self, owner: object, part: Slice) -> None:
            super().__init__()
            self.owner, self.part = owner, part

    class Found(Message, bubble=False):
        """A thread's report."""

        def __init__(self, owner: object, part: Hits) -> None:
            super().__init__()
            self.owner, self.part = owner, part

    class Wrapped(Message, bubble=False):
        """A thread's report."""

        def __init__(self, owner: object, part: Measured) -> None:
            super().__init__()
            self.owner, self.part = owner, part

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.file: LogFile | None = None
        self.cursor = 0
        self.times = False
        self.wrap = False
        self._moved = False  # a person moved the cursor: nothing jumps by itself any more
        self._groups: tuple[Group, ...] = ()
        self._errors: list[int] = []
        self._warnings = 0
        self._folds: dict[int, bool] = {}  # what a person chose, by the group's first line
        self._hidden: list[tuple[int, int]] = []
        self._tall = Tall()
        self._wrap_limited = False
        self._rows = Rows(0)
        self._widest = 0
        self._wanted: Wanted | None = None
        self._hits = array("Q")
        self._searching = False
        self._hits_capped = False
        self._leap_from: int | None = None  # the search has not reached its first place yet
        self._scan_job: Job | None = None
        self._search_job: Job | None = None
        self._wrap_job: Job | None = None
        self._wrap_width = 0
        self._decoded: LRUCache[int, Shown] = LRUCache(256)
        self._palette: Palette | None = None

    # -- the file ----------------------------------------------------------------------------------------

    async def open_file(self, path: Path) -> None:
        """Shows a log. The same file again: shows what it has grown by. Raises OSError."""
        if self.file is not None:
            if self.file.path == path and await asyncio.to_thread(self.file.same_file):
                if self.file.index.finished:
                    self._start_scan(self.file)
                return
            self.close_file()
        self.file = await asyncio.to_thread(LogFile, path)
        if not self.is_mounted:
            self.close_file()
            return
        self._start_scan(self.file)

    def close_file(self) -> None:
        """Lets go of the file and stops the threads."""
        for job in (self._scan_job, self._search_job, self._wrap_job):
            if job is not None:
                job.stop()
        self._scan_job = self._search_job = self._wrap_job = None
        if self.file is not None:
            self.file.close()
            self.file = None
        self.cursor, self._moved, self._widest = 0, False, 0
        self._groups, self._errors, self._warnings = (), [], 0
        self._folds, self._hidden, self._tall = {}, [], Tall()
        self._wanted, self._hits, self._searching, self._leap_from = None, array("Q"), False, None
        self._decoded.clear()
        self._rebuild()

    def on_unmount(self) -> None:
        self.close_file()

    def _start_scan(self, file: LogFile) -> None:
        self._scan_job = Job(partial(scan, file, self._sender(LogView.Indexed, file)))

    def _sender[Part](self, kind: Callable[[object, Part], Message], owner: object) -> Callable[[Part], None]:
        raise NotImplementedError
