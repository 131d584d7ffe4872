"""A pane: its title, a line about its age when it is old, and its body or a notice in the body's place."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from relman.tui.present.notice import Notice
from relman.tui.present.piece import BLANK, Line, Piece, narrowed
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView


class Pane(Vertical):
    """``title`` gives the title for a width; ``body`` is what can be focused."""

    def __init__(self, title: Callable[[int], Line], body: Widget, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.body = body
        self._make_title = title
        self._bar = LineBar(self._title_line, classes="pane-title")
        self._stale_line: Line = BLANK
        self._notice: Notice | None = None
        # Most panes never need these: each is made and mounted when it is first wanted.
        self._stale: LineBar | None = None
        self._message: LinesView | None = None

    def compose(self) -> ComposeResult:
        yield self._bar
        for below in (self._stale, self._message):
            if below is not None and below.display:
                yield below
        yield self.body

    def _show_below(self, above: Widget, widget: Widget, wanted: bool) -> None:
        widget.display = wanted
        if wanted and widget.parent is None and above.parent is not None and self.is_attached:
            self.mount(widget, after=above)

    @property
    def notice(self) -> Notice | None:
        return self._notice

    def _title_line(self, width: int) -> Line:
        mark = Piece("▌" if self.has_focus_within else " ", accent=True)
        return (mark, *self._make_title(max(0, width - 2)))

    def update(self) -> None:
        """The title may say something else now."""
        self._bar.update()

    def show(self, notice: Notice | None, stale: Line = BLANK) -> None:
        """Shows ``notice`` in place of the body (None: the body), and ``stale`` above it."""
        self._stale_line = (Piece(" "), *stale) if stale else BLANK
        self._notice = notice
        above: Widget = self._bar
        if stale and self._stale is None:
            self._stale = LineBar(lambda width: narrowed(self._stale_line, width - 1), classes="pane-stale")
        if self._stale is not None:
            self._show_below(above, self._stale, bool(stale))
            self._stale.update()
            above = self._stale if self._stale.parent is not None else above
        if notice is not None and self._message is None:
            self._message = LinesView()
            self._message.can_focus = False
        if self._message is not None:
            self._show_below(above, self._message, notice is not None)
        self.body.display = notice is None
        self._draw_notice()
        self.update()

    def _draw_notice(self) -> None:
        if self._notice is not None and self._message is not None and self._message.is_attached:
            room = self._message.room or max(0, self.size.width - 2)
            self._message.set_lines([BLANK, *self._notice.draw(room)], top=True)

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        if event.widget is self._message:
            event.stop()
            self._draw_notice()

    def on_descendant_focus(self) -> None:
        self.update()

    def on_descendant_blur(self) -> None:
        self.update()
