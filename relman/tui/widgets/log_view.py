"""The log viewer: a line-API view on a file, at constant memory whatever its size.

Lines are read and decoded when they come into view; the index, the search and the measuring of wrapped
lines are made by daemon threads that report in slices. Nothing of a log is ever markup.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.cells import cell_len
from textual import events
from textual.message import Message

from relman.model.log_folds import Folds
from relman.model.log_index import Slice
from relman.model.log_rows import Rows, Tall
from relman.model.log_search import Wanted
from relman.tui.present.log import LogStatus
from relman.tui.widgets.log_file import Hits, Job, LogFile, scan, search
from relman.tui.widgets.log_hits import FoundLines
from relman.tui.widgets.log_sheet import LogSheet
from relman.tui.widgets.log_wrap import Measured, measure
from relman.tui.widgets.moves import Move, moved


class LogView(LogSheet):
    """Shows one log: :meth:`open_file` gives it the file. ``Changed`` says that :attr:`status` is another."""

    class Changed(Message):
        """The status is another one."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Changed)

    class Report(Message, bubble=False):
        """What a thread has found. ``owner`` tells the reports of a thread that no longer counts."""

        def __init__(self, owner: object, part: Slice | Hits | Measured) -> None:
            super().__init__()
            self.owner, self.part = owner, part

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._moved = False  # a person chose the place: nothing jumps by itself any more
        self._marks = 0
        self._errors: list[int] = []
        self._warnings = 0
        self._tall = Tall()
        self._tall_width = 0  # for which the rows are measured
        self._wrap_limited = False
        self._measuring = False
        self._search_from = 0
        self._leaps = False  # to the first place found, once there is one
        self._scan_job: Job | None = None
        self._search_job: Job | None = None
        self._wrap_job: Job | None = None

    # ── the file ─────────────────────────────────────────────────────────────────────────────

    async def open_file(self, path: Path) -> None:
        """Shows a log; for the file that is open already, what it has grown by. Raises OSError."""
        if self.file is not None:
            if self.file.path == path and await asyncio.to_thread(self.file.same_file):
                if self.file.index.finished:
                    self._scan(self.file)
                return
            self.close_file()
        file = await asyncio.to_thread(LogFile, path)
        if self.is_attached:
            self.file = file
            self._scan(file)
        else:
            file.close()

    def close_file(self) -> None:
        """Lets go of the file; the threads stop by themselves."""
        for job in (self._scan_job, self._search_job, self._wrap_job):
            if job is not None:
                job.stop()
        self._scan_job = self._search_job = self._wrap_job = None
        if self.file is not None:
            self.file.close()
        self.file = None
        self.cursor, self._moved, self._widest = 0, False, 0
        self._folds, self._marks, self._errors, self._warnings = Folds(), 0, [], 0
        self._tall, self._tall_width, self._wrap_limited = Tall(), 0, False
        self._found, self._leaps = None, False
        self._decoded.clear()
        self._arrange()

    def on_unmount(self) -> None:
        for job in (self._scan_job, self._search_job, self._wrap_job):
            if job is not None:
                job.stop()
        if self.file is not None:
            self.file.close()

    def _scan(self, file: LogFile) -> None:
        self._scan_job = Job(lambda stop: scan(file, partial(self._report, file.index), stop))

    def _report(self, owner: object, part: Slice | Hits | Measured) -> None:
        """Called by the threads."""
        with suppress(RuntimeError):  # the loop has ended; nobody looks any more
            self.post_message(LogView.Report(owner, part))

    def on_log_view_report(self, report: Report) -> None:
        if self.file is None:
            return
        match report.part:
            case Slice() as part if report.owner is self.file.index:
                self._indexed(self.file, part)
            case Hits() as hits if report.owner is self._found and self._found is not None:
                self._found.add(hits)
                self._leap()
                self.refresh()
            case Measured() as measured if report.owner is self._tall:
                place = self._place()  # by the rows as they were
                self._tall.extend(measured.lines, measured.extras)
                self._wrap_limited = measured.capped
                self._measuring = not measured.finished
                self._arrange(place)
            case _:
                return
        self.post_message(self.Changed())

    def _indexed(self, file: LogFile, part: Slice) -> None:
        tail = self._rows.line_count - 1
        file.index.add(part)
        self._decoded.discard(tail)  # it may have been half a line
        self._marks += len(part.mark_kinds)
        if part.mark_kinds or (part.finished and self._marks):
            self._errors = file.index.errors
            self._warnings = len(file.index.warnings)
            self._folds.update(file.index.groups())
        self._arrange()
        if not self._moved and self._errors:
            self._moved = True
            self._show(self._errors[0])
        if part.finished:
            self._measure()
            if self._found is not None and self._found.finished:  # the file has grown since
                self.search(self._found.wanted.text, leap=False)

    @property
    def status(self) -> LogStatus:
        if self.file is None:
            return LogStatus()
        index, found = self.file.index, self._found
        return LogStatus(
            line=min(self.cursor + 1, index.line_count),
            lines=index.line_count,
            column=int(self.scroll_offset.x) + 1,
            size=index.size,
            indexed=index.finished,
            times=self.times,
            wrapped=self.wrap,
            measuring=self.wrap and self._measuring,
            searched=found.wanted.text if found is not None else "",
            hit=found.position(self.cursor) if found is not None else 0,
            hits=len(found) if found is not None else 0,
            more_hits=found is not None and found.more,
            searched_in_part=found is not None and found.in_part,
            cut=self.file.line(self.cursor).cut if index.line_count else 0,
            errors=len(self._errors),
            warnings=self._warnings,
            wrap_limited=self._wrap_limited,
            marks_limited=index.overflow,
        )

    # ── where things are ─────────────────────────────────────────────────────────────────────

    def _place(self) -> tuple[int, int]:
        """A line to hold on to, and how many rows it is below the top: the cursor's when that is in view."""
        rows, top = self._rows, int(self.scroll_offset.y)
        here = rows.row_of(self.cursor)
        if top <= here < top + self._page:
            return self.cursor, here - top
        line = rows.at(top)[0]
        return line, rows.row_of(line) - top

    def _arrange(self, place: tuple[int, int] | None = None) -> None:
        """Lines to rows afresh, with ``place`` (by default what is in view) kept where it is."""
        anchor, below = place or self._place()
        lines = self.file.index.line_count if self.file else 0
        self._rows = Rows(lines, self._folds.hidden, self._tall if self.wrap else None)
        self.cursor = max(0, min(self.cursor, lines - 1))
        if self._rows.is_hidden(self.cursor):
            self.cursor = self._folds.holder(self.cursor)
        self._resize()
        self._to_row(self._rows.row_of(min(anchor, lines)) - below)
        self.refresh()

    def _to_row(self, y: int) -> None:
        self.scroll_to(
            y=max(0, min(y, self._rows.total - self._page)), animate=False, immediate=True, force=True
        )

    def _measure(self) -> None:
        """Finds out which lines take several rows at this width."""
        file = self.file
        if not self.wrap or file is None or not file.index.finished or not self.size.width:
            return
        if self._wrap_job is not None:
            self._wrap_job.stop()
        width, tall = self._room, Tall()
        self._tall, self._tall_width, self._wrap_limited = tall, width, False
        self._measuring = True
        self._wrap_job = Job(lambda stop: measure(file, width, partial(self._report, tall), stop))
        self._arrange()

    def on_resize(self, event: events.Resize) -> None:
        del event
        if self.wrap and self._room != self._tall_width:
            self._measure()
        self._to_view(self.cursor)

    def _to_view(self, line: int) -> None:
        """Scrolls as little as needed for a line to be in view."""
        top, first = int(self.scroll_offset.y), self._rows.row_of(line)
        last = first + self._rows.height(line) - 1
        if first < top:
            self._to_row(first)
        elif last >= top + self._page:
            self._to_row(min(first, last - self._page + 1))

    def _show(self, line: int) -> None:
        """Puts the cursor on a line, unfolded, with more before it in view than after it."""
        if self._folds.reveal(line):
            self._arrange()
        self.cursor = line
        top, first = int(self.scroll_offset.y), self._rows.row_of(line)
        if not top <= first <= top + self._page - 2:
            self._to_row(first - self._page * 2 // 3)
        self._moved_on()

    def _show_found(self, line: int) -> None:
        """Puts the cursor on a line that holds what is searched for, with the first such place in view."""
        self._show(line)
        shown = self._line(line)
        spans = [] if self._found is None else self._found.wanted.spans(shown.text[shown.body : shown.end])
        if self.wrap or not spans:
            return
        start, end = (cell_len(shown.text[: shown.body + edge]) for edge in spans[0])
        x, room = int(self.scroll_offset.x), self._room
        if start > x - (x == 0) and end < x + room:
            return
        self._widest = max(self._widest, cell_len(shown.text) + 1)
        self._resize()
        self.scroll_to(x=0 if end < room else start - room // 3, animate=False, immediate=True, force=True)

    def _go(self, line: int) -> None:
        self._moved = True
        self._leaps = False
        self.cursor = max(0, min(line, self._rows.line_count - 1))
        self._to_view(self.cursor)
        self._moved_on()

    def _moved_on(self) -> None:
        self.refresh()
        self.post_message(self.Changed())

    # ── what a person does ───────────────────────────────────────────────────────────────────

    def move(self, to: Move) -> None:
        """Moves the cursor by visible lines, and sideways the text."""
        rows, page = self._rows, self._page
        if not rows.visible:
            return
        if to in (Move.LEFT, Move.RIGHT):
            by = max(8, self._room // 3)
            x = int(self.scroll_offset.x) + (by if to is Move.RIGHT else -by)
            self.scroll_to(x=max(0, x), animate=False, immediate=True, force=True)
            self._moved_on()
            return
        top, first = int(self.scroll_offset.y), rows.row_of(self.cursor)
        height = rows.height(self.cursor)
        if to is Move.DOWN and first + height > top + page:  # a line taller than what is left of the page
            self._to_row(top + 1)
        elif to is Move.UP and first < top < first + height:
            self._to_row(top - 1)
        elif to in (Move.UP, Move.DOWN):
            self._go(rows.step(self.cursor, 1 if to is Move.DOWN else -1))
        else:
            row = moved(to, first, rows.total, page)
            line = rows.at(row)[0]
            if line == self.cursor and to in (Move.HALF_DOWN, Move.PAGE_DOWN, Move.HALF_UP, Move.PAGE_UP):
                self._to_row(top + row - first)
                return
            self._go(line)

    def fold(self) -> bool:
        """Folds or unfolds the group under the cursor. False when there is none."""
        title = self._folds.toggle(self.cursor)
        if title is None:
            return False
        self._moved = True
        if self._folds.holder(self.cursor) != self.cursor:
            self.cursor = title
        self._rearranged()
        return True

    def fold_all(self) -> None:
        """Unfolds all groups when any is folded, else folds all."""
        self._moved = True
        self._folds.toggle_all()
        self._rearranged()

    @property
    def has_groups(self) -> bool:
        return bool(self._folds.groups)

    def toggle_times(self) -> None:
        self.times = not self.times
        self._measure()
        self._rearranged()

    def toggle_wrap(self) -> None:
        """Breaks long lines into rows, or cuts them at the edge."""
        self.wrap = not self.wrap
        self.scroll_to(x=0, animate=False, immediate=True, force=True)
        self._measure()
        self._rearranged()

    def _rearranged(self) -> None:
        self.screen.clear_selection()  # it is by rows, and rows have moved
        self._arrange()
        self._to_view(self.cursor)
        self._moved_on()

    def search(self, text: str, *, leap: bool = True) -> None:
        """Looks for ``text`` and goes to its first place from where the cursor was when the search began;
        empty text ends the search."""
        if self._search_job is not None:
            self._search_job.stop()
            self._search_job = None
        if self._found is None:
            self._search_from = self.cursor
        file = self.file
        self._found = None
        if file is not None and text:
            self._leaps = leap
            self._found = found = FoundLines(Wanted(text))
            self._search_job = Job(lambda stop: search(file, found.wanted, partial(self._report, found), stop))
        self._moved_on()

    def cancel_search(self) -> None:
        """Ends the search and goes back to where it began."""
        if self._found is not None:
            self.search("")
            self._go(self._search_from)

    def _leap(self) -> None:
        """To the first place at or behind where the search began; from the end on to the first of all."""
        if not self._leaps or self._found is None:
            return
        line = self._found.from_line(self._search_from)
        if line is None and self._found.finished:
            line = self._found.from_line(0)
        if line is not None:
            self._leaps = False
            self._moved = True
            self._show_found(line)

    def next(self, *, back: bool = False) -> bool:
        """To the next place found (or the one before); without a search to the next error. False for none."""
        if self._found is not None:
            line = self._found.before(self.cursor) if back else self._found.after(self.cursor)
        elif back:
            line = self._errors[bisect_left(self._errors, self.cursor) - 1] if self._errors else None
        else:
            at = bisect_right(self._errors, self.cursor)
            line = self._errors[at % len(self._errors)] if self._errors else None
        if line is None:
            return False
        self._moved = True
        self._show_found(line)
        return True

    def copied(self) -> tuple[str, str]:
        """What to copy and its name: the selection, else the line under the cursor."""
        selection = self.text_selection
        text = self.get_selection(selection) if selection is not None else None
        if text is not None and text[0]:
            return text[0], "the selection"
        line = self._line(self.cursor) if self._rows.line_count else None
        return (line.text[: line.end] if line else ""), "the line"

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a line; in the margin of a title it folds."""
        line = self._rows.at(int(self.scroll_offset.y) + event.y)[0]
        if line >= self._rows.line_count:
            return
        self._go(line)
        if event.x < self._gutter and self._folds.title(line):
            self.fold()
