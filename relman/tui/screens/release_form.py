"""Before a release: which version. Nothing is sent from here; the dialog with the plan comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from relman.model.release_facts import History, ReleaseIntent
from relman.model.release_outlook import NAMED, PROPOSED, Choice, choices
from relman.model.state import Tone
from relman.model.version import parse_version, version_of_tag
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.piece import Line, Piece, quiet, safe, spread
from relman.tui.present.release_form import ChoicePresenter, where_words
from relman.tui.release_reading import ReleaseReading
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.moves import Move

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_GROUP = "Version"
_OLD: Final = timedelta(seconds=60)


class ReleaseForm(CommandHost, LeavesOnce, ModalScreen[ReleaseIntent | None], inherit_bindings=False):
    """Ends with what is to be released, or None. The versions are those of the last reading, made anew if old."""

    CSS_PATH = "release_form.tcss"
    AUTO_FOCUS = ""

    def __init__(self, reading: ReleaseReading | None) -> None:
        super().__init__()
        self._reading = reading
        self._end: Callable[[], None] = lambda: None
        self._wrong = ""

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        self._list: KeyedList[Choice] = KeyedList(
            ChoicePresenter(), self.relman.now, id="release-choices", header=False
        )
        self._version = Input(placeholder="1.2.3", compact=True, id="release-version")
        self._channel = Input(placeholder="none; rc, beta…", compact=True, id="release-channel")
        with Vertical(id="release"):
            yield LineBar(self._title, id="release-title")
            yield self._list
            with Horizontal(id="release-version-line"):
                yield LineBar(lambda width: (quiet("Version"),), classes="release-label")
                yield self._version
            with Horizontal(id="release-channel-line"):
                yield LineBar(lambda width: (quiet("Pre-release channel"),), classes="release-label")
                yield self._channel
            yield LineBar(self._below, id="release-below")
            yield KeyBar(id="release-keys")

    def on_mount(self) -> None:
        self._list.focus()
        reading = self._reading
        if reading is not None:
            self._end = reading.subscribe(self._fill)
            at = reading.unreleased.fetched_at
            if at is None or self.relman.now() - at > _OLD or reading.moved:
                reading.read()
        self._fill()

    def on_unmount(self) -> None:
        self._end()

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    @property
    def history(self) -> History | None:
        """What was read; None while that is under way: then the plan tells the version."""
        reading = self._reading
        if reading is None or reading.reading or reading.unreleased.value is None:
            return None
        return reading.unreleased.value.history

    @property
    def channel(self) -> str | None:
        return self._channel.value.strip() or None

    @property
    def choice(self) -> Choice | None:
        return self._list.item

    def _fill(self) -> None:
        self._list.set_items(choices(self.history, self.channel))
        self._show()

    def _show(self) -> None:
        item = self.choice
        named = item is not None and item.key == NAMED
        self.query_one("#release-version-line").display = named
        self.query_one("#release-channel-line").display = not named
        self._list.tick()
        self.query_one("#release-below").display = bool(self._wrong or (item is not None and item.problem))
        for bar in self.query(LineBar):
            bar.update()
        self.refresh_bindings()

    def _title(self, width: int) -> Line:
        reading = self._reading
        section = reading.unreleased if reading is not None else None
        words = where_words(section, reading=reading is not None and reading.reading, now=self.relman.now())
        return spread((Piece("Tag a release", strong=True),), (quiet(words),), width)

    def _below(self, width: int) -> Line:
        item = self.choice
        wrong = self._wrong or (item.problem.sentence() if item is not None and item.problem else "")
        if wrong:
            return spread((Piece(f"× {safe(wrong)}", Tone.BAD),), (), width)
        return ()

    # ── choosing ─────────────────────────────────────────────────────────────────────────────

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self._wrong = ""
        named = event.key == NAMED
        self._show()
        if named:
            self.set_focus(self._version)
        elif self.focused is self._version:
            self.set_focus(self._list)

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.proceed()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._wrong = ""
        if event.input is self._channel:
            self._fill()
        else:
            self._show()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the form
            self.dismiss(None)

    def _intent(self, item: Choice) -> ReleaseIntent | None:
        history = self.history
        sha = history.head.sha if history is not None else None
        if item.key == NAMED:
            text = self._version.value.strip()
            prefix = history.tags.prefix if history is not None else ""
            if version_of_tag(text, prefix=prefix) is None and parse_version(text) is None:
                self._wrong = (
                    f"“{text}” is no version: three numbers such as 1.2.3" if text else "Type a version"
                )
                return None
            return ReleaseIntent(sha=sha, version=text)
        if item.problem is not None:
            return None
        return ReleaseIntent(sha=sha, bump=None if item.key == PROPOSED else item.key, channel=self.channel)

    @command("release-on", "enter", title="", help="On to the plan; nothing is sent yet.", group=_GROUP,
             footer="See the plan", rank=1, priority=True)  # fmt: skip
    def proceed(self) -> None:
        item = self.choice
        intent = self._intent(item) if item is not None else None
        if intent is not None:
            self.dismiss(intent)
        else:
            self._show()

    @command("release-down", "down", "j", title="", help="The next choice.", group=_GROUP,
             footer="Choose", rank=4)  # fmt: skip
    def down(self) -> None:
        self._list.move(Move.DOWN)

    @command("release-up", "up", "k", title="", help="The choice before.", group=_GROUP)
    def up(self) -> None:
        self._list.move(Move.UP)

    @command("release-next", "tab", "shift+tab", title="", help="Choices and field.", group=_GROUP, priority=True,
             footer="Field", rank=5)  # fmt: skip
    def next_field(self) -> None:
        item = self.choice
        field = self._version if item is not None and item.key == NAMED else self._channel
        self.set_focus(field if self.focused is self._list else self._list)

    @command("release-back", "escape", title="", help="Back; nothing is sent.", group=_GROUP,
             footer="Back", rank=2)  # fmt: skip
    def back(self) -> None:
        self.dismiss(None)
