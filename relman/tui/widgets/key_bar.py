"""The footer: the keys that do something right now. One widget that never grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from relman.model.state import Tone
from relman.tui.commands.command import takes_letters
from relman.tui.commands.live import live_commands
from relman.tui.present.piece import Line, Piece, width_of
from relman.tui.widgets.ink import Ink


class Entry(NamedTuple):
    """A key on the line: how it is written, what it does, and which key a click presses."""

    shown: str
    text: str
    key: str


# While somebody types into the line of a filter or a search, every other key is a letter.
TYPING = (Entry("enter", "Keep", "enter"), Entry("esc", "Take back", "escape"))


def _cells(entry: Entry) -> int:
    return cell_len(entry.shown) + 1 + cell_len(entry.text) + 2


class KeyBar(Widget):
    """Draws the footer entries of the commands that are available, most wanted first.

    Textual's own footer makes its widgets anew with every change of bindings; this one has none.
    """

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, typing: Callable[[], tuple[Entry, ...]] | None = None) -> None:
        """``typing`` gives the entries while somebody types in a field, where they are others."""
        super().__init__(id=id)
        self._typing = typing
        self._entries: tuple[Entry, ...] = ()
        self._old = True  # the bindings have changed since the entries were made
        self._ink = Ink(self)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries for the keys as they are now; made when they are looked at, however often keys change."""
        if self._old and self.is_attached:
            self._old = False
            self._entries = self._made()
        return self._entries

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def on_resize(self) -> None:
        self._make_again()

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self._make_again()

    def _make_again(self) -> None:
        """When it is drawn next: several changes come together."""
        self._old = True
        self.refresh()

    def _made(self) -> tuple[Entry, ...]:
        focused = self.screen.focused
        if self._typing is not None and takes_letters(focused):
            return self._typing()
        found = sorted(live_commands(self.screen), key=lambda live: live.command.rank)
        wanted = [
            (Entry(live.keys[0], text, live.presses), live.command.pinned)
            for live in found
            if live.keys and (text := live.command.footer_of(live.host))
        ]
        entries: list[Entry] = []
        left = self.size.width  # every entry with the two cells before the next one
        kept = sum(_cells(entry) for entry, pinned in wanted if pinned)  # for what has its place on any line
        full = False
        for entry, pinned in wanted:
            if pinned:
                kept -= _cells(entry)
            full = full or left - _cells(entry) < kept
            if pinned or not full:
                entries.append(entry)
                left -= _cells(entry)
        return tuple(entries)

    def _line(self) -> Line:
        pieces: list[Piece] = [Piece(" ")]
        for number, entry in enumerate(self.entries):
            pieces += [Piece("  " if number else ""), Piece(entry.shown, accent=True, strong=True)]
            pieces.append(Piece(f" {entry.text}", Tone.QUIET))
        return tuple(pieces)

    def render_line(self, y: int) -> Strip:
        if y:
            return Strip.blank(self.size.width, self._ink.base)
        return self._ink.strip(self._line(), self.size.width, self._ink.base)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click on an entry presses its key."""
        at = 1
        for entry in self.entries:
            width = width_of((Piece(entry.shown), Piece(f" {entry.text}")))
            if at <= event.x < at + width:
                self.app.simulate_key(entry.key)
                return
            at += width + 2
