"""The job graph: a window on a drawing that is larger than it, with a box selected by its key."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from relman.model.drawing import Direction, Drawing, Role, Spot, Style
from relman.model.state import Tone
from relman.tui.present.piece import ELLIPSIS
from relman.tui.widgets.ink import Ink, coloured, toned
from relman.tui.widgets.moves import Move

_LOUD = frozenset({Tone.BAD, Tone.ACTIVE, Tone.WAITING})
_DIRECTIONS = {
    Move.LEFT: Direction.PARENT,
    Move.RIGHT: Direction.CHILD,
    Move.UP: Direction.UP,
    Move.DOWN: Direction.DOWN,
}
_MARGIN = Spacing(1, 2, 1, 2)  # what is kept in view around the selected box


def _shape(drawing: Drawing) -> tuple[int, int, int]:
    return drawing.width, drawing.height, drawing.margin


class _AtSpot(Message):
    """About one box or row of a graph: of the one that was shown when it was sent."""

    def __init__(self, view: GraphView, spot: Spot) -> None:
        super().__init__()
        self.view = view
        self.spot = spot
        self.of = view.of

    @property
    def control(self) -> GraphView:
        return self.view


class GraphView(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a drawing. A line is prepared once and only redrawn when it differs."""

    ALLOW_SELECT = False

    class Selected(_AtSpot):
        """A person chose another box or row, by key or by mouse."""

    class Opened(_AtSpot):
        """A person wants to see what is inside the selected box or row."""

    class Resized(Message):
        """There is another room for boxes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawing: Drawing | None = None
        self._spot: Spot | None = None
        self._revealed: Spot | None = None
        self.of: object = None  # whose graph it is
        self._styles: dict[Style, RichStyle] = {}
        self._ink = Ink(self)
        self._strips: dict[int, Strip] = {}

    @property
    def drawing(self) -> Drawing | None:
        return self._drawing

    @property
    def spot(self) -> Spot | None:
        """The selected box, and the row chosen in it."""
        return self._spot

    @property
    def selected(self) -> str | None:
        """The selected box."""
        return None if self._spot is None else self._spot.key

    def set_drawing(self, drawing: Drawing, spot: Spot | None, of: object = None) -> None:
        """Shows ``drawing``, in which ``spot`` is painted as selected. The place scrolled to stays. What a
        person chooses in it is told with ``of``."""
        before, self._drawing = self._drawing, drawing
        self._spot, self.of = spot, of
        if before is None or _shape(before) != _shape(drawing):
            self._strips.clear()
            self.virtual_size = Size(drawing.width + 2 * drawing.margin, drawing.height)
            self.refresh()
        else:
            top = int(self.scroll_offset.y)
            in_view = range(top, top + self.scrollable_content_region.height)
            for y in list(self._strips):
                if y not in in_view:  # not worth painting to compare
                    del self._strips[y]
                elif drawing.rows[y] != before.rows[y]:
                    del self._strips[y]
                    self._refresh_row(y)
        if spot is not None and (spot != self._revealed or before is None):
            self.reveal()

    def reveal(self) -> None:
        """Scrolls the selected box into view, or the row of it."""
        drawing, spot = self._drawing, self._spot
        self._revealed = spot
        box = drawing.layout.by_key.get(spot.key) if drawing is not None and spot is not None else None
        if drawing is None or spot is None:
            return
        if box is not None and self.scrollable_content_region.area:
            row = drawing.row_of(spot)
            top, height = (box.y, box.height) if row is None else (row, 1)
            region = Region(box.x + drawing.margin, top, box.width, height)
            self.scroll_to_region(region, spacing=_MARGIN, animate=False, force=True, immediate=True)

    def move(self, to: Move) -> None:
        """Along the edges, within a column, to the first or last box; half and whole pages scroll."""
        if self._drawing is None:
            return
        boxes = self._drawing.layout.boxes
        if to in (Move.TOP, Move.BOTTOM):
            if boxes:
                ends = sorted(boxes, key=lambda box: (box.x, box.y))
                self.choose(Spot(ends[0 if to is Move.TOP else -1].key))
        elif to in _DIRECTIONS:
            if self._spot is None:
                self.move(Move.TOP)
                return
            spot = self._drawing.step(self._spot, _DIRECTIONS[to])
            if spot is not None:
                self.choose(spot)
        else:
            height = self.scrollable_content_region.height
            amount = max(1, height if to in (Move.PAGE_UP, Move.PAGE_DOWN) else height // 2)
            sign = -1 if to in (Move.PAGE_UP, Move.HALF_UP) else 1
            self.scroll_relative(y=sign * amount, animate=False)

    def open(self) -> None:
        if self._spot is not None:
            self.post_message(self.Opened(self, self._spot))

    def choose(self, spot: Spot) -> None:
        """Selects that box or row, as a key or the mouse does. The next key starts from there, whether it is
        painted yet or not."""
        if spot != self._spot:
            self._spot = spot
            self.post_message(self.Selected(self, spot))
        else:
            self.reveal()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    def _refresh_row(self, y: int) -> None:
        at = y - int(self.scroll_offset.y)
        if 0 <= at < self.scrollable_content_region.height:
            self.refresh(Region(0, at, self.scrollable_content_region.width, 1))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y + int(self.scroll_offset.y)
        if self._drawing is None or at >= len(self._drawing.rows):
            return Strip.blank(width, self._ink.base)
        strip = self._strips.get(at)
        if strip is None:
            base = self._ink.base
            segments = [Segment(" " * self._drawing.margin, base)]
            segments += [Segment(run.text, base + self._style(run.style)) for run in self._drawing.rows[at]]
            strip = self._strips[at] = Strip(segments)
        left = int(self.scroll_offset.x)
        shown = strip.crop_extend(left, left + width, self._ink.base)
        if left == 0 and strip.cell_length <= width:
            return shown
        return self._marked(shown, strip.crop(0, left), strip.crop(left + width))

    def _marked(self, shown: Strip, before: Strip, after: Strip) -> Strip:
        """An ellipsis at the edge that something lies behind."""
        mark = Strip([Segment(ELLIPSIS, self._ink.base + coloured(self, "tone-quiet"))])
        if before.text.strip():
            shown = Strip.join([mark, shown.crop(1)])
        if after.text.strip():
            shown = Strip.join([shown.crop(0, shown.cell_length - 1), mark])
        return shown

    def _style(self, style: Style) -> RichStyle:
        found = self._styles.get(style)
        if found is None:
            found = self._styles[style] = self._make_style(style)
        return found

    def _make_style(self, style: Style) -> RichStyle:
        def ink(name: str) -> RichStyle:
            return coloured(self, name)

        if style.role is Role.BLANK:
            return RichStyle()
        if style.role in (Role.BORDER, Role.LINE):
            if style.lit:
                return ink("accent")
            if style.tone in _LOUD and style.role is Role.BORDER:
                return toned(self, style.tone)
            return ink("tone-quiet" if style.critical else "line")
        if style.dim:
            return ink("accent" if style.lit else "tone-quiet")
        if style.role is Role.NAME:
            return RichStyle(bold=style.lit or style.tone is Tone.BAD)
        if style.role in (Role.NOTE, Role.REST):
            return ink("line" if style.role is Role.REST else "tone-quiet")
        if style.role is Role.OVER:
            return toned(self, Tone.WAITING if style.tone is Tone.ACTIVE else style.tone)
        return toned(self, style.tone)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()
        self._ink.clear()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.post_message(self.Resized())
        self.call_after_refresh(self.reveal)

    # ── the mouse ────────────────────────────────────────────────────────────────────────────

    def on_click(self, event: events.Click) -> None:
        """A click selects a box or a row of it; a second one opens it."""
        if self._drawing is None:
            return
        x, y = event.x + int(self.scroll_offset.x) - self._drawing.margin, event.y + int(self.scroll_offset.y)
        spot = self._drawing.spot(x, y)
        if spot is None:
            return
        if event.chain >= 2 and spot == self._spot:
            self.open()
        else:
            self.choose(spot)
