"""One line at the foot of the screen to type a filter or a search into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.containers import Horizontal
from textual.widget import Widget

from relman.model.state import Tone
from relman.tui.present.piece import Line, Piece, width_of
from relman.tui.widgets.line_bar import LineBar

if TYPE_CHECKING:
    from textual.widgets import Input


class Prompt(Horizontal):
    """Mounted when it is first asked. What is typed counts at once; enter keeps it, esc takes it back."""

    DEFAULT_CSS = """
    Prompt { display: none; height: 1; dock: bottom; background: $raised; margin-bottom: 1; }
    Prompt LineBar { background: $raised; }
    Prompt #prompt-label { width: 8; }
    Prompt #prompt-input { width: 1fr; background: $raised; border: none; padding: 0; height: 1; }
    Prompt #prompt-input:focus { background-tint: transparent; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = ""
        self._bar = LineBar(self._line, id="prompt-label")
        self._said = ""
        self._note = LineBar(lambda _: (Piece(self._said, Tone.WAITING),), id="prompt-note")
        self._note.styles.width = 0
        self._input: Input | None = None  # seldom asked, and to load and mount one is dear
        self._before = ""
        self._changed: Callable[[str], None] | None = None
        self._back_to: Widget | None = None

    @property
    def open(self) -> bool:
        return self.display

    def _line(self, width: int) -> Line:
        del width
        return (Piece(" "), Piece(self._label, accent=True, strong=True), Piece(" "))

    def say(self, words: str) -> None:
        """What there is to say of the text as it is now, at the right end; "" for nothing."""
        self._said = words
        self._note.styles.width = cell_len(words) + 1 if words else 0
        self._note.update()

    def ask(self, label: str, text: str, changed: Callable[[str], None], *, back_to: Widget) -> None:
        """Opens with ``text``; ``changed`` is called with every change."""
        field = self._input
        if field is None:
            from textual.widgets import Input

            field = self._input = Input(compact=True, id="prompt-input", select_on_focus=False)
            field.cursor_blink = False
            back_to.screen.mount(self)
            self.mount(self._bar, field, self._note)
        self._label, self._before, self._back_to = label, text, back_to
        self._changed = None  # not before the old text stands
        field.value = text
        field.cursor_position = len(text)
        self._changed = changed
        self.say("")
        self._bar.styles.width = width_of(self._line(0))
        self.display = True
        self._bar.update()
        self.screen.set_focus(field)  # at once: the next key may be on its way already

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._changed is not None and self.display:
            self._changed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            if self._changed is not None:
                self._changed(self._before)
            self._close()

    def _close(self) -> None:
        self._changed = None
        self.display = False
        if self._back_to is not None:
            self.screen.set_focus(self._back_to)
