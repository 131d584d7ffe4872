"""One line that redraws only when it differs: the header, the tabs, and the title over a pane."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.strip import Strip
from textual.widget import Widget

from relman.tui.commands.live import run_live
from relman.tui.present.piece import BLANK, Line
from relman.tui.widgets.ink import TARGET, Ink


class LineBar(Widget):
    """Draws what ``make`` gives for its width. ``update`` asks again and redraws when that differs."""

    DEFAULT_CSS = "LineBar { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self, make: Callable[[int], Line], *, id: str | None = None, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self._make = make
        self._line: Line = BLANK
        self._made_for = -1  # cells
        self._ink = Ink(self)

    @property
    def line(self) -> Line:
        return self._line

    def update(self) -> None:
        width = self.size.width
        if not width:  # not placed yet: there will be a resize
            return
        self._made_for = width
        line = self._make(width)
        if line != self._line:
            self._line = line
            self.refresh()

    def on_resize(self) -> None:
        self.update()

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self._ink.base)
        if self._made_for != self.size.width:  # on a slow machine the first size comes without its event
            self._made_for = self.size.width
            self._line = self._make(self._made_for)
        return self._ink.strip(self._line, self.size.width, self._ink.base)

    def on_click(self, event: events.Click) -> None:
        """A click on a piece with a target runs that command, if it can run now."""
        target = event.style.meta.get(TARGET)
        if isinstance(target, str):
            run_live(self.screen, target)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()
