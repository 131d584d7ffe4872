"""Before a review: which environments of the run, and a comment. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from relman.board.clock import SystemClock
from relman.model.review import APPROVED, Review, Target, run_name
from relman.model.state import Tone
from relman.model.waiting import Waiting
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.piece import Line, Piece, fit, quiet, safe, spread
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.moves import Move

_GROUP = "Review"


class Choice(Struct, frozen=True):
    """An environment in the list; ``chosen`` ones are part of the review."""

    gate: Waiting
    chosen: bool


class ChoicePresenter:
    def key(self, item: Choice) -> int:
        return item.gate.pending.environment_id

    def header(self, room: int) -> Line:
        del room
        return ()

    def line(self, item: Choice, room: int, now: datetime) -> Line:
        del now
        mark = Piece("● ", Tone.WAITING) if item.chosen else quiet("○ ")
        return fit((mark, Piece(safe(item.gate.pending.environment, 100), strong=item.chosen)), room)


class ChoiceList(KeyedList[Choice]):
    """The space bar opens an item, as on any box to tick."""

    def on_key(self, event: events.Key) -> None:
        if event.key == "space":
            event.stop()
            self.open()


class ReviewScreen(CommandHost, LeavesOnce, ModalScreen[Review | None], inherit_bindings=False):
    """Ends with the review that is wanted, or None. ``gates`` all wait in one run, the first is chosen."""

    CSS_PATH = "review.tcss"
    AUTO_FOCUS = ""

    def __init__(self, gates: Sequence[Waiting], state: str) -> None:
        super().__init__()
        self._gates = gates
        self._state = state
        self._chosen = {gates[0].pending.environment_id}

    def compose(self) -> ComposeResult:
        self._list = ChoiceList(ChoicePresenter(), SystemClock().now, id="review-list", header=False)
        self._comment = Input(placeholder="Comment, if you like", compact=True, id="review-comment")
        with Vertical(id="review"):
            yield LineBar(self._title, id="review-title")
            yield self._list
            yield self._comment
            yield KeyBar(id="review-keys")

    def on_mount(self) -> None:
        self._list.display = len(self._gates) > 1
        self._list.styles.height = len(self._gates)
        self._fill()
        self._comment.focus()

    def _title(self, width: int) -> Line:
        verb = "Approve" if self._state == APPROVED else "Reject"
        run = self._gates[0].run
        name = safe(self._gates[0].pending.environment, 60)
        what = f"{verb} {name}" if len(self._gates) == 1 else f"{verb} for"
        hint: Line = (quiet("space: in or out"),) if self.several else ()
        return spread((Piece(what, strong=True), quiet(f"  {run_name(run)}")), hint, width)

    def _fill(self) -> None:
        self._list.set_items(
            [Choice(gate, gate.pending.environment_id in self._chosen) for gate in self._gates]
        )

    @property
    def several(self) -> bool:
        return len(self._gates) > 1

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.toggle()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the form
            self.dismiss(None)

    @command("review-on", "enter", title="", help="On to the plan; nothing is sent yet.", group=_GROUP,
             footer="See the plan", rank=1, priority=True)  # fmt: skip
    def proceed(self) -> None:
        targets = tuple(
            Target(gate.pending.environment_id, gate.pending.environment)
            for gate in self._gates
            if gate.pending.environment_id in self._chosen
        )
        if targets:
            run = self._gates[0].run
            self.dismiss(
                Review(run.id, run.attempt, run.sha, targets, self._state, self._comment.value.strip())
            )

    def toggle(self) -> None:
        item = self._list.item
        if item is not None:
            self._chosen ^= {item.gate.pending.environment_id}
            self._fill()

    @property
    def choosing(self) -> bool:
        """Whether the environments have the focus, not the comment."""
        return self.focused is self._list

    @command("review-next", "tab", "shift+tab", title="", help="Environments and comment.", group=_GROUP, priority=True,
             footer="Environments", rank=4, when=lambda screen: screen.several)  # fmt: skip
    def next_field(self) -> None:
        self.set_focus(self._comment if self.choosing else self._list)
        self.refresh_bindings()

    @command("review-down", "down", title="", help="The next environment.", group=_GROUP,
             when=lambda screen: screen.choosing)  # fmt: skip
    def down(self) -> None:
        self._list.move(Move.DOWN)

    @command("review-up", "up", title="", help="The environment before.", group=_GROUP,
             when=lambda screen: screen.choosing)  # fmt: skip
    def up(self) -> None:
        self._list.move(Move.UP)

    @command("review-back", "escape", title="", help="Back; nothing is sent.", group=_GROUP,
             footer="Back", rank=2)  # fmt: skip
    def back(self) -> None:
        self.dismiss(None)
