"""One of several values on one line: left and right go through them, a letter goes to the next that begins so."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from relman.tui.present.piece import Line, Piece, cut, quiet, safe
from relman.tui.widgets.ink import Ink


class Picker(Widget, can_focus=True):
    """``options`` are exact; they are made fit for a line when drawn. With none, the value is ""."""

    DEFAULT_CSS = "Picker { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    class Changed(Message):
        """Another value stands."""

        def __init__(self, picker: Picker) -> None:
            super().__init__()
            self.picker = picker

        @property
        def control(self) -> Picker:
            return self.picker

    def __init__(self, options: Sequence[str], value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._options = tuple(options)
        self._at = self._options.index(value) if value in self._options else 0
        self._ink = Ink(self)

    @property
    def value(self) -> str:
        return self._options[self._at] if self._options else ""

    def step(self, by: int) -> None:
        if self._options:
            self._at = (self._at + by) % len(self._options)
            self.refresh()
            self.post_message(self.Changed(self))

    def _line(self, width: int) -> Line:
        mark = "▌" if self.has_focus else " "
        several = len(self._options) > 1
        name = cut(safe(self.value), max(1, width - 20)) or "(empty)"
        arrows = ("‹ ", " ›") if several else ("", "")
        count = f"  {self._at + 1} of {len(self._options)}" if several else ""
        return (
            Piece(mark, accent=True),
            quiet(arrows[0]),
            Piece(name, strong=self.has_focus),
            quiet(arrows[1] + count),
        )

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self._ink.base)
        return self._ink.strip(self._line(self.size.width), self.size.width, self._ink.base)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("right", "space"):
            self.step(1)
        elif event.key == "left":
            self.step(-1)
        elif event.character and event.character.isalnum():
            self._to(event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def _to(self, letter: str) -> None:
        turn = range(1, len(self._options) + 1)
        for by in turn:
            option = self._options[(self._at + by) % len(self._options)]
            if option.casefold().startswith(letter.casefold()):
                self.step(by)
                return

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.focus()
        self.step(1)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()
