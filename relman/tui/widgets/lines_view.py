"""Lines to read: scrolls both as long as there is more, never edits, highlights nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from relman.tui.present.find import hits_in, marked, next_hit, pattern
from relman.tui.present.piece import Line, Piece
from relman.tui.widgets.ink import Ink
from relman.tui.widgets.moves import Move, moved


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines; new lines replace only those that differ and keep the place."""

    ALLOW_SELECT = False

    class Resized(Message):
        """There is another room for lines: what was wrapped for the old one can be wrapped anew."""

        def __init__(self, widget: LinesView) -> None:
            super().__init__()
            self.widget = widget

        @property
        def control(self) -> LinesView:
            return self.widget

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._ink = Ink(self)
        self._wanted: re.Pattern[str] | None = None
        self._hit: int | None = None  # the number of the line found last

    @property
    def room(self) -> int:
        """Cells for a line; one stays free at each side."""
        return max(0, self.scrollable_content_region.width - 2)

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    def set_lines(self, lines: Sequence[Line], *, top: bool = False) -> None:
        """Shows these lines; ``top`` for other content, which is read from its beginning."""
        before, self._lines = self._lines, lines
        if top:
            self._hit = None
            self.scroll_to(y=0, animate=False, immediate=True, force=True)
        if len(before) != len(lines):
            self.virtual_size = Size(self.scrollable_content_region.width, len(lines))
            self.refresh()
            return
        first = int(self.scroll_offset.y)
        for y in range(self.scrollable_content_region.height):
            at = first + y
            if at < len(lines) and lines[at] != before[at]:
                self.refresh(Region(0, y, self.scrollable_content_region.width, 1))

    # ── the search ───────────────────────────────────────────────────────────────────────────

    @property
    def searching(self) -> bool:
        return self._wanted is not None

    @property
    def hits(self) -> tuple[int, int]:
        """Which of the lines found is shown (from 1; 0: none yet), and how many there are."""
        if self._wanted is None:
            return 0, 0
        found = hits_in(self._lines, self._wanted)
        return (found.index(self._hit) + 1 if self._hit in found else 0), len(found)

    def search(self, text: str) -> None:
        """Finds ``text`` from the place in view on; "" ends the search."""
        self._wanted = pattern(text)
        self._hit = None
        self.find(0)
        self.refresh()

    def find(self, by: int) -> None:
        """To the next (1), previous (-1) or first (0) line that holds what is searched for."""
        if self._wanted is None:
            return
        here = int(self.scroll_offset.y) if self._hit is None else self._hit
        found = next_hit(range(len(self._lines)), here, set(hits_in(self._lines, self._wanted)), by)
        self._hit = found
        height = self.scrollable_content_region.height
        if found is not None and not 0 <= found - int(self.scroll_offset.y) < height:
            self.scroll_to(y=max(0, found - height // 2), animate=False, immediate=True, force=True)
        self.refresh()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    def move(self, to: Move) -> None:
        height = self.scrollable_content_region.height
        last = max(0, len(self._lines) - height)
        y = min(moved(to, int(self.scroll_offset.y), max(1, len(self._lines)), max(1, height - 1)), last)
        self.scroll_to(y=y, animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y + int(self.scroll_offset.y)
        if at >= len(self._lines):
            return Strip.blank(width, self._ink.base)
        line = self._lines[at]
        edge = Piece(" ")
        if self._wanted is not None:
            line = marked(line, self._wanted)
            edge = Piece("▌", accent=True) if at == self._hit else edge
        return self._ink.strip((edge, *line), width, self._ink.base)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lines))
        self.post_message(self.Resized(self))
