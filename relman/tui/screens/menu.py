"""A list over the screen with a line to type into: the frame of help and palette."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from relman.board.clock import SystemClock
from relman.model.state import Tone
from relman.tui.commands.command import CommandHost, command, key_shown
from relman.tui.commands.keymap import keys_of
from relman.tui.present.menu import MenuPresenter, MenuRow
from relman.tui.present.piece import Line, Piece, plain, quiet, spread, wrap
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.moves import Move

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_MENU = "Menu"
_SHARE = 0.8  # of the screen's height, at most
_OTHER_LINES = 9  # border, title, field, words, and what is free between them


class MenuScreen(CommandHost, LeavesOnce, ModalScreen[str | None], inherit_bindings=False):
    """Ends with the name of the chosen command, or None. Letters go into the line; the list follows."""

    CSS_PATH = "menu.tcss"
    HEADING = ""
    HINT = ""  # what the keys do, beside the one that closes

    def __init__(self, behind: Screen[object]) -> None:
        super().__init__()
        self.behind = behind

    def rows(self, text: str) -> Sequence[MenuRow]:
        """The rows for what was typed."""
        del text
        return ()

    def compose(self) -> ComposeResult:
        self._list: KeyedList[MenuRow] = KeyedList(
            MenuPresenter(item.keys for item in self.rows("")), SystemClock().now, id="menu-list", header=False
        )
        self._list.can_focus = False
        field = Input(placeholder="Type to find", compact=True, id="menu-input")
        field.cursor_blink = False
        with Vertical(id="menu"):
            yield LineBar(self._title, id="menu-title")
            yield field
            yield self._list
            self._words = LinesView(id="menu-words")
            self._words.can_focus = False
            yield self._words

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    def _title(self, width: int) -> Line:
        return (
            Piece(" "),
            *spread((Piece(self.HEADING, strong=True),), (quiet(self._hint()),), max(0, width - 2)),
        )

    def _hint(self) -> str:
        overrides = cast("RelmanApp", self.app).key_overrides
        key = keys_of(type(self).commands()["menu-close"], overrides)[0]
        return f"{self.HINT} · {key_shown(key)} closes"

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.choose()

    def _fill(self, text: str) -> None:
        rows = self.rows(text)
        self._list.set_items(rows)
        self._fit()
        self._list.move(Move.TOP)
        self._over_heading(1)
        self._say_words()

    def _fit(self) -> None:
        """The list is as high as what is found, and leaves room for the rest of the menu."""
        most = int(self.app.size.height * _SHARE) - _OTHER_LINES
        self._list.styles.height = max(1, min(len(self._list.items), most))

    def on_resize(self) -> None:
        self._fit()

    def _say_words(self) -> None:
        """What the highlighted row does, in full: its column may have cut it."""
        item = self._list.item
        room = self._words.room
        words = item.help if item is not None else "Nothing fits what is typed."
        lines = wrap(words, room, 2) if room else []
        self._words.set_lines([plain(line, Tone.QUIET) for line in lines])

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self._say_words()

    @on(LinesView.Resized)
    def _resized(self, event: LinesView.Resized) -> None:
        event.stop()
        self._say_words()

    def _over_heading(self, by: int) -> None:
        """Headings are not for choosing."""
        for _ in range(2):
            item = self._list.item
            if item is None or item.name:
                return
            self._list.step(by)

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.choose()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the menu
            self.dismiss(None)

    def choose(self) -> None:
        item = self._list.item
        if item is not None and item.name and item.available:
            self.dismiss(item.name)

    def _key(self) -> Hashable | None:
        return self._list.key

    @command("menu-down", "down", "ctrl+n", title="", help="The next command.", group=_MENU)
    def down(self) -> None:
        self._list.step(1)
        self._over_heading(1)

    @command("menu-up", "up", "ctrl+p", title="", help="The command before.", group=_MENU)
    def up(self) -> None:
        self._list.step(-1)
        self._over_heading(-1)

    @command("menu-page-down", "pagedown", "ctrl+d", title="", help="A page down.", group=_MENU)
    def page_down(self) -> None:
        self._list.move(Move.PAGE_DOWN)
        self._over_heading(1)

    @command("menu-page-up", "pageup", "ctrl+u", title="", help="A page up.", group=_MENU)
    def page_up(self) -> None:
        self._list.move(Move.PAGE_UP)
        self._over_heading(1)

    @command("menu-close", "escape", title="", help="Close without choosing.", group=_MENU)
    def close(self) -> None:
        self.dismiss(None)
