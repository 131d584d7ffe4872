"""The log viewer's drawing: rows of a log as cells. What the rows are, the viewer itself decides."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from relman.model.job_log import Level
from relman.model.log_folds import Folds
from relman.model.log_rows import Rows
from relman.tui.present.piece import ELLIPSIS
from relman.tui.widgets.log_file import LogFile
from relman.tui.widgets.log_hits import FoundLines
from relman.tui.widgets.log_paint import PARTS, Layer, Palette, ground_of, row, style_of
from relman.tui.widgets.log_wrap import Shown, row_starts, shown

MOST_COPIED = 1 << 20  # characters; most terminals take far less
TIME_CELLS = 9
FOLD_CELLS = 2


class LogSheet(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the lines of ``file`` that ``_rows`` puts into view."""

    DEFAULT_CSS = """
    LogSheet {
        overflow-y: scroll;  /* always there, so that the width for text never changes by itself */
        scrollbar-size-horizontal: 0;
        scrollbar-size-vertical: 1;
        & > .log-view--cursor { background: $panel; }
        & > .log-view--number-cursor { color: $accent; text-style: bold; }
        & > .log-view--group { text-style: bold; }
        & > .log-view--error { color: $error; text-style: bold; }
        & > .log-view--warning { color: $warning; }
        & > .log-view--notice, & > .log-view--command { color: $accent; }
        & > .log-view--match { background: $warning; color: $background; }
        & > .log-view--match-current { background: $accent; color: $background; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log-view--{part}" for part in PARTS}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.file: LogFile | None = None
        self.cursor = 0  # a line, from 0
        self.times = False
        self.wrap = False
        self._folds = Folds()
        self._rows = Rows(0)
        self._found: FoundLines | None = None
        self._widest = 0
        self._decoded: LRUCache[int, Shown] = LRUCache(256)
        self._palette: Palette | None = None

    @property
    def _gutter(self) -> int:
        digits = max(4, len(str(self.file.index.line_count if self.file else 0)))
        return digits + 1 + (TIME_CELLS if self.times else 0) + FOLD_CELLS

    @property
    def _room(self) -> int:
        """Cells for text."""
        return max(2, self.scrollable_content_region.width - self._gutter)

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _resize(self) -> None:
        width = 0 if self.wrap else self._gutter + self._widest
        self.virtual_size = Size(width, self._rows.total)

    def _line(self, number: int) -> Shown:
        line = self._decoded.get(number)
        if line is None and self.file is not None:
            line = self._decoded[number] = shown(self.file.line(number))
        return line if line is not None else Shown(Level.TEXT, "", "", (), 0, 0)

    def _extent(self, line: Shown, sub: int) -> tuple[int, int]:
        """The characters that a row of the line shows."""
        if not self.wrap:
            return 0, len(line.text)
        starts = row_starts(line.text, self._room)
        if sub >= len(starts):  # the width has changed and the rows are not measured yet
            return len(line.text), len(line.text)
        return starts[sub], starts[sub + 1] if sub + 1 < len(starts) else len(line.text)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, at most :data:`MOST_COPIED` characters of it. Rows of one line are joined."""
        parts: list[str] = []
        size = 0
        before = -1
        start = selection.start.y if selection.start is not None else 0
        end = selection.end.y if selection.end is not None else self._rows.total - 1
        for y in range(max(0, start), min(end, self._rows.total - 1) + 1):
            number, sub = self._rows.at(y)
            line = self._line(number)
            first, last = self._extent(line, sub)
            left, right = selection.get_span(y) or (0, 0)
            text = line.text[first:last][left : None if right < 0 else right]
            parts.append(("\n" if parts and number != before else "") + text)
            before = number
            size += len(parts[-1])
            if size > MOST_COPIED:
                break
        return "".join(parts)[:MOST_COPIED], "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        del selection
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None
        self.refresh()

    def _colours(self) -> Palette:
        if self._palette is None:
            parts = {part: self.get_component_rich_style(f"log-view--{part}", partial=True) for part in PARTS}
            selection = self.screen.get_component_rich_style("screen--selection", partial=True)
            self._palette = Palette(self.rich_style, parts, selection)
        return self._palette

    def render_line(self, y: int) -> Strip:
        palette, width = self._colours(), self.scrollable_content_region.width
        at = y + int(self.scroll_offset.y)
        number, sub = self._rows.at(at)
        if number >= self._rows.line_count or self.file is None:
            return Strip.blank(width, palette.base)
        line = self._line(number)
        base = palette.base + palette["cursor"] if number == self.cursor else palette.base
        first, last = self._extent(line, sub)
        x = 0 if self.wrap else int(self.scroll_offset.x)
        text, left = row(
            line.text, first, last, x, self._room, base, self._layers(number, line, at, first, base)
        )
        if not self.wrap:
            self._grow(cell_len(line.text) + 1)
        suffix = self._suffix(number, line, sub, last)
        if suffix and cell_len(line.text[left:last]) + len(suffix) <= self._room:
            text = Strip(
                [*text.crop(0, cell_len(line.text[left:last])), Segment(suffix, base + palette["mark"])]
            ).extend_cell_length(self._room, base)
        if not self.wrap:
            text = self._marked(
                text, bool(line.text[:left].strip()), cell_len(line.text) - x > self._room, base
            )
        text = text.apply_offsets(left - first, at)
        return Strip.join([Strip(self._margin(number, sub, line, base)), text])

    def _marked(self, text: Strip, before: bool, after: bool, base: Style) -> Strip:
        """An ellipsis at the edge that the line goes on behind."""
        mark = Strip([Segment(ELLIPSIS, base + self._colours()["mark"])])
        if before:
            text = Strip.join([mark, text.crop(1)])
        if after:
            text = Strip.join([text.crop(0, self._room - 1), mark])
        return text

    def _suffix(self, number: int, line: Shown, sub: int, last: int) -> str:
        """How much is folded away, behind the title."""
        if line.level is not Level.GROUP or last < len(line.text):
            return ""
        group = self._folds.title(number)
        if group is None or not self._folds.folded(group) or group.last == group.first:
            return ""
        count = group.last - group.first - group.closed
        return f"  {count:,} line{'' if count == 1 else 's'}"

    def _grow(self, cells: int) -> None:
        """Keeps the widest line seen, for scrolling sideways."""
        if cells > self._widest:
            self._widest = cells
            self.call_later(self._resize)

    def _margin(self, number: int, sub: int, line: Shown, base: Style) -> list[Segment]:
        """Line number, time and the sign of a group."""
        palette, here = self._colours(), number == self.cursor
        digits = self._gutter - FOLD_CELLS - 1 - (TIME_CELLS if self.times else 0)
        shown_number = f"{number + 1:>{digits}} " if sub == 0 else " " * (digits + 1)
        segments = [Segment(shown_number, base + palette["number-cursor" if here else "number"])]
        if self.times:
            clock = line.clock if sub == 0 else ""
            segments.append(Segment(f"{clock:<{TIME_CELLS}}", base + palette["time"]))
        sign = "  "
        group = self._folds.around(number)
        if group is not None:
            if number == group.first:
                sign = ("▶ " if self._folds.folded(group) else "▼ ") if sub == 0 else "│ "
            else:
                sign = "└ " if number == group.last and group.closed else "│ "
        segments.append(Segment(sign, base + palette["guide"]))
        return segments

    def _layers(self, number: int, line: Shown, y: int, first: int, base: Style) -> list[Layer]:
        """Everything that colours the text of a line, from below to above."""
        palette = self._colours()
        layers: list[Layer] = []
        level = palette.of(line.level)
        if level is not None:
            layers.append((0, line.end, level))
        text, ground = ground_of(base)
        layers += [(span.start, span.end, style_of(span.look, text, ground)) for span in line.spans]
        if line.end < len(line.text):
            layers.append((line.end, len(line.text), palette["mark"]))
        if self._found is not None:
            style = palette["match-current" if number == self.cursor else "match"]
            spans = self._found.wanted.spans(line.text[line.body : line.end])
            layers += [(start + line.body, end + line.body, style) for start, end in spans]
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            start, end = span
            layers.append((first + start, len(line.text) if end < 0 else first + end, palette.selection))
        return layers
