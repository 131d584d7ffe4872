"""Before a rollback: to which version, and how. Nothing is sent from here; the dialog with the plan comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from relman.actions.release_look import ReleaseLook
from relman.errors import Problem, RelmanError
from relman.model.release_outlook import WaysBack
from relman.model.rollback import Target, chosen
from relman.model.rollback_plan import REDEPLOY, TAG, RollbackIntent
from relman.model.state import Tone
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.piece import Line, Piece, quiet, safe, spread
from relman.tui.present.release_form import TargetPresenter, identity, running_words
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.keyed_list import KeyedList
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.moves import Move
from relman.tui.widgets.picker import Picker

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_GROUP = "Way back"
_DEPLOY_AGAIN, _NEW_TAG = "deploy it again", "a new tag on its commit"
_MEANS = {
    _DEPLOY_AGAIN: "No new version: the old one is deployed once more.",
    _NEW_TAG: "A higher version on the old commit; the one that runs is withdrawn.",
}


class RollbackForm(
    CommandHost, LeavesOnce, ModalScreen["tuple[str, RollbackIntent] | None"], inherit_bindings=False
):
    """Ends with the way and the intent, or None. Targets are what ran there and may run there again."""

    CSS_PATH = "rollback_form.tcss"
    AUTO_FOCUS = ""

    def __init__(
        self, look: ReleaseLook, environments: Sequence[str], environment: str, to: str | None
    ) -> None:
        super().__init__()
        self._look = look
        self._environments = tuple(environments)
        self._environment = environment
        self._wanted = to
        self._ways: WaysBack | None = None
        self._problem: Problem | None = None

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        self._list: KeyedList[Target] = KeyedList(
            TargetPresenter(), self.relman.now, id="rollback-targets", header=False
        )
        self._where = Picker(self._environments, self._environment, id="rollback-where")
        self._via = Picker((_DEPLOY_AGAIN, _NEW_TAG), _DEPLOY_AGAIN, id="rollback-via")
        self._reason = Input(placeholder="why it is withdrawn", compact=True, id="rollback-reason")
        with Vertical(id="rollback"):
            yield LineBar(self._title, id="rollback-title")
            with Horizontal(id="rollback-where-line"):
                yield LineBar(lambda width: (quiet("Environment"),), classes="rollback-label")
                yield self._where
            yield LineBar(self._state, id="rollback-state")
            yield self._list
            with Horizontal(id="rollback-via-line"):
                yield LineBar(lambda width: (quiet("How"),), classes="rollback-label")
                yield self._via
            with Horizontal(id="rollback-reason-line"):
                yield LineBar(lambda width: (quiet("Reason"),), classes="rollback-label")
                yield self._reason
            yield LineBar(self._below, id="rollback-below")
            yield KeyBar(id="rollback-keys")

    def on_mount(self) -> None:
        self.query_one("#rollback-where-line").display = len(self._environments) > 1
        self._list.focus()
        self._read()

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def _read(self) -> None:
        self._ways = self._problem = None
        self._show()
        self.run_worker(self._reading(self._environment), group="ways-back", exclusive=True)

    async def _reading(self, environment: str) -> None:
        try:
            self._ways = await self._look.ways_back(environment)
        except RelmanError as error:
            self._problem = error.problem
        self._show()
        target = chosen(self._ways.offered, self._wanted) if self._ways is not None else None
        if target is not None:
            self._list.highlight(identity(target))

    def _show(self) -> None:
        offered = self._ways.offered if self._ways is not None else ()
        self._list.set_items(offered)
        self._list.display = bool(offered)
        self._list.styles.height = max(1, len(offered))
        self.query_one("#rollback-via-line").display = bool(offered)
        self.query_one("#rollback-state").display = not offered or self._missed
        self._after_choice()

    def _after_choice(self) -> None:
        self.query_one("#rollback-reason-line").display = self.by_tag and bool(self._list.items)
        for bar in self.query(LineBar):
            bar.update()
        self.refresh_bindings()

    @property
    def by_tag(self) -> bool:
        return self._via.value == _NEW_TAG

    @property
    def _missed(self) -> bool:
        """Whether the version that was selected is none to return to."""
        ways = self._ways
        return ways is not None and self._wanted is not None and chosen(ways.offered, self._wanted) is None

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def _title(self, width: int) -> Line:
        name = safe(self._environment, 60)
        return spread((Piece(f"Roll back {name}", strong=True),), (quiet(running_words(self._ways)),), width)

    def _state(self, width: int) -> Line:
        if self._problem is not None:
            return spread((Piece(f"× {safe(self._problem.sentence())}", Tone.BAD),), (), width)
        if self._ways is None:
            return (quiet("Reading what ran there…"),)
        if not self._ways.offered:
            return spread((Piece("Nothing else was ever deployed there and may run again."),), (), width)
        wanted = safe(self._wanted or "", 60)
        return spread((Piece(f"▲ {wanted} is none of them: it runs now, never ran there, or is withdrawn.",
                             Tone.WAITING),), (), width)  # fmt: skip

    def _below(self, width: int) -> Line:
        if not self._list.items:
            return ()
        ways = self._ways
        if self.by_tag and ways is not None and ways.tagged is None:
            words = "× What runs there is no version tag: only deploying again leads back."
            return spread((Piece(words, Tone.BAD),), (), width)
        return spread((quiet(_MEANS[self._via.value]),), (), width)

    # ── choosing ─────────────────────────────────────────────────────────────────────────────

    def on_keyed_list_highlighted(self, event: KeyedList.Highlighted) -> None:
        event.stop()
        self.refresh_bindings()

    def on_keyed_list_opened(self, event: KeyedList.Opened) -> None:
        event.stop()
        self.proceed()

    def on_picker_changed(self, event: Picker.Changed) -> None:
        event.stop()
        if event.picker is self._where:
            self._environment = self._where.value
            self._read()
        else:
            self._after_choice()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the form
            self.dismiss(None)

    @property
    def may_go_on(self) -> bool:
        tagged = self._ways is not None and self._ways.tagged is not None
        return self._list.item is not None and (tagged or not self.by_tag)

    @command("rollback-on", "enter", title="", help="On to the plan; nothing is sent yet.", group=_GROUP,
             footer="See the plan", rank=1, priority=True, when=lambda screen: screen.may_go_on)  # fmt: skip
    def proceed(self) -> None:
        target, ways = self._list.item, self._ways
        if target is None or ways is None or not self.may_go_on:
            return
        running = ways.running.sha if ways.running is not None else None
        reason = self._reason.value.strip() if self.by_tag else ""
        intent = RollbackIntent(self._environment, identity(target), running, reason)
        self.dismiss((TAG if self.by_tag else REDEPLOY, intent))

    @command("rollback-down", "down", "j", title="", help="The next version.", group=_GROUP,
             footer="Choose", rank=4)  # fmt: skip
    def down(self) -> None:
        self._list.move(Move.DOWN)

    @command("rollback-up", "up", "k", title="", help="The version before.", group=_GROUP)
    def up(self) -> None:
        self._list.move(Move.UP)

    def _fields(self) -> list[Widget]:
        fields: list[Widget] = [self._list, self._via, self._reason, self._where]
        return [field for field in fields if field.display and cast("Widget", field.parent).display]

    def _turn(self, by: int) -> None:
        fields = self._fields()
        at = fields.index(self.focused) if self.focused in fields else -1
        if fields:
            self.set_focus(fields[(at + by) % len(fields)])

    @command("rollback-next", "tab", title="", help="Version, way, reason, environment.", group=_GROUP, priority=True,
             footer="Field", rank=5)  # fmt: skip
    def next_field(self) -> None:
        self._turn(1)

    @command("rollback-previous", "shift+tab", title="", help="The field before.", group=_GROUP, priority=True)
    def previous_field(self) -> None:
        self._turn(-1)

    @command("rollback-back", "escape", title="", help="Back; nothing is sent.", group=_GROUP,
             footer="Back", rank=2)  # fmt: skip
    def back(self) -> None:
        self.dismiss(None)
