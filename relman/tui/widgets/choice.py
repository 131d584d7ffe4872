"""A button that Enter presses only where it was said to."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from relman.tui.present.piece import Piece
from relman.tui.widgets.ink import Ink


class Choice(Widget, can_focus=True):
    """Pressed with the space bar or a click, and with Enter only where ``enter`` allows it.

    ``Pressed.felt`` is when the key or the mouse was felt, on Textual's clock of events.
    """

    DEFAULT_CSS = "Choice { height: 1; width: auto; }"
    ALLOW_SELECT = False

    class Pressed(Message):
        def __init__(self, choice: Choice, felt: float) -> None:
            super().__init__()
            self.choice = choice
            self.felt = felt

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, label: str, *, id: str, enter: bool = False) -> None:
        super().__init__(id=id)
        self._label = label
        self._keys = {"space", "enter"} if enter else {"space"}
        self._ink = Ink(self)

    def relabel(self, label: str) -> None:
        if label != self._label:
            self._label = label
            self.refresh(layout=True)

    def get_content_width(self, container: object, viewport: object) -> int:
        del container, viewport
        return cell_len(self._label) + 4

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self._ink.base)
        mark = "▌" if self.has_focus else " "
        line = (Piece(mark, accent=True), Piece(f" {self._label}  ", strong=self.has_focus))
        return self._ink.strip(line, self.size.width, self._ink.base)

    def on_key(self, event: events.Key) -> None:
        if event.key in self._keys:
            event.stop()
            self.post_message(self.Pressed(self, event.time))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Pressed(self, event.time))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()
