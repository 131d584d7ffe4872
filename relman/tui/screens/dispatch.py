"""Starting a workflow by hand: which one, and a form of its inputs as the file on the chosen ref has them.

Nothing is sent from here: the form ends in the dialog that shows the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from relman.actions.dispatch import Dispatch, DispatchAction, Ready, Startable
from relman.actions.tools import Tools
from relman.errors import RelmanError
from relman.model.dispatch_inputs import Field, fill
from relman.model.operation import Ended, Outcome
from relman.model.run import Workflow
from relman.model.state import Tone
from relman.text import is_clean
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.menu import MenuRow, matching
from relman.tui.present.piece import BLANK, Line, Piece, fit, quiet, safe, spread
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.screens.menu import MenuScreen
from relman.tui.widgets.choice import Choice
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.picker import Picker

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_GROUP = "Form"
_LABEL = 18  # cells


class WorkflowMenu(MenuScreen):
    """Ends with the workflow's id as text."""

    HEADING = "Start a workflow"
    HINT = "enter opens the form"

    def __init__(self, behind: Screen[object], found: Sequence[Startable]) -> None:
        super().__init__(behind)
        ready = [one for one in found if not one.why]
        others = [one for one in found if one.why]
        self._rows = [
            MenuRow(
                str(one.workflow.id),
                "Can be started by hand" if not one.why else "Cannot be started by hand",
                "",
                safe(one.workflow.file, 60),
                safe(one.why or one.workflow.name, 120),
                not one.why,
            )
            for one in (*ready, *others)
        ]

    def rows(self, text: str) -> Sequence[MenuRow]:
        return matching(self._rows, text)


class FieldRow(Vertical):
    """One input with its label, its description, and what is wrong with it."""

    DEFAULT_CSS = """
    FieldRow { height: auto; margin-bottom: 1; }
    FieldRow > Horizontal { height: 1; }
    FieldRow Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $raised; }
    FieldRow Input:focus { background-tint: transparent; background: $line; }
    FieldRow Picker { background: $raised; }
    FieldRow Picker:focus { background: $line; }
    FieldRow .field-label { width: 18; }
    """

    def __init__(self, field: Field, value: str | None = None) -> None:
        super().__init__()
        self.field = field
        self._wrong = ""
        start = field.initial if value is None else value
        self.control: Picker | Input
        options = ("false", "true") if field.kind == "boolean" else field.options
        if field.kind in ("choice", "boolean", "environment") and options:
            kept = options if field.kind != "environment" or field.required else ("", *options)
            self.control = Picker(kept, start)
        else:
            # A default that does not read as it is cannot be edited as it is: left empty, GitHub takes it.
            self.control = Input(start if is_clean(start) else "", compact=True, select_on_focus=False)
        self._label = LineBar(self._label_line, classes="field-label")
        self._below = LineBar(self._below_line, classes="field-below")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._label
            yield self.control
        if self.field.description or self.field.required or self.field.said:
            yield self._below

    @property
    def value(self) -> str:
        return self.control.value

    @property
    def touched(self) -> bool:
        """Whether it has to be sent: it is not what GitHub would take anyway."""
        if self.field.kind == "boolean":
            return self.value != self.field.initial
        return self.value != self.field.default if is_clean(self.field.default) else bool(self.value)

    def say(self, wrong: str) -> None:
        self._wrong = wrong
        if wrong and self._below.parent is None and self.is_attached:
            self.mount(self._below)
        self._below.update()

    def _label_line(self, width: int) -> Line:
        return (Piece(" "), Piece(safe(self.field.name, max(1, width - 2)), strong=True))

    def _below_line(self, width: int) -> Line:
        space = " " * (_LABEL + 1)
        if self._wrong:
            return fit((Piece(f"{space}× {safe(self._wrong)}", Tone.BAD),), width)
        told = [
            "required" if self.field.required else "",
            f"type {self.field.said}" if self.field.said else "",
            safe(self.field.description, 500),
        ]
        return fit((quiet(space + " · ".join(part for part in told if part)),), width)


class DispatchScreen(CommandHost, LeavesOnce, ModalScreen[int | None], inherit_bindings=False):
    """Ends with the id of the run that was started, or None."""

    CSS_PATH = "dispatch.tcss"
    AUTO_FOCUS = ""

    def __init__(self, tools: Tools, workflow: Workflow) -> None:
        super().__init__()
        self._action = DispatchAction(tools)
        self._workflow = workflow
        self._ready: Ready | None = None
        self._hint: Line = BLANK
        self._asked: str | None = None  # the ref that is or was read

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        self._ref = Input(compact=True, id="dispatch-ref", select_on_focus=False)
        self._fields = VerticalScroll(id="dispatch-fields", can_focus=False)
        self._plan = Choice("Show the plan", id="dispatch-plan", enter=True)
        self._cancel = Choice("Cancel", id="dispatch-cancel", enter=True)
        with Vertical(id="dispatch"):
            yield LineBar(self._title, id="dispatch-title")
            with Horizontal(id="dispatch-on"):
                yield LineBar(lambda _: (Piece(" "), Piece("runs on", strong=True)), id="dispatch-on-label")
                yield self._ref
            yield self._fields
            with Horizontal(id="dispatch-choices"):
                yield self._plan
                yield self._cancel
                yield LineBar(lambda _: self._hint, id="dispatch-hint")
            yield KeyBar(id="dispatch-keys")

    def on_mount(self) -> None:
        self._plan.focus()
        self._read(None)

    def _title(self, width: int) -> Line:
        left = (Piece(f"Start {safe(self._workflow.file, 60)}", strong=True),)
        at = f"at {self._ready.sha[:7]}" if self._ready is not None else ""
        return (Piece(" "), *spread(left, (quiet(at),), max(0, width - 2)))

    def _say(self, text: str, tone: Tone = Tone.QUIET) -> None:
        self._hint = (Piece(f" {safe(text, 300)}", tone),)
        self.query_one("#dispatch-hint", LineBar).update()

    # ── reading the form ─────────────────────────────────────────────────────────────────────

    def _read(self, ref: str | None) -> None:
        self._asked = ref
        self._say("Reading the workflow file…")
        self.run_worker(self._take(ref), group="dispatch-form", exclusive=True)

    async def _take(self, ref: str | None) -> None:
        try:
            ready = await self._action.ready(self._workflow.id, ref)
        except RelmanError as error:
            self._ready = None
            self._say(error.problem.sentence(), Tone.BAD)
            return
        typed = {row.field.name: row.value for row in self._rows if row.touched}
        self._ready, self._asked = ready, ready.sent
        if not self._ref.value:
            self._ref.value = ready.sent
        await self._fields.remove_children()
        rows = [FieldRow(field, _fitting(field, typed.get(field.name))) for field in ready.fields]
        await self._fields.mount_all(rows)
        self._say("" if ready.fields else "It takes no inputs.")
        self.query_one("#dispatch-title", LineBar).update()
        if self.focused in (None, self._plan) and rows:
            rows[0].control.focus()

    @property
    def _rows(self) -> list[FieldRow]:
        return list(self._fields.query(FieldRow))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.next_field()

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        if event.input is self._ref and self._ref.value.strip() != (self._asked or ""):
            self._read(self._ref.value.strip() or None)

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    @on(Choice.Pressed)
    def _pressed(self, event: Choice.Pressed) -> None:
        event.stop()
        if event.choice is self._cancel:
            self.dismiss(None)
        else:
            self.show_plan()

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the form
            self.dismiss(None)

    @command(
        "form-plan",
        "ctrl+s",
        title="",
        help="Check the inputs and show what would be sent.",
        group=_GROUP,
        footer="Plan",
        rank=10,
    )
    def show_plan(self) -> None:
        ready = self._ready
        if ready is None or (self._ref.value.strip() not in ("", self._asked or "")):
            self._say("Wait until the workflow file of that ref is read.", Tone.BAD)
            return
        given = {row.field.name: row.value for row in self._rows if row.touched}
        filled = fill(ready.fields, given)
        rows = self._rows
        for row in rows:
            row.say(filled.wrong.get(row.field.name, ""))
        if filled.wrong:
            self._say(filled.wrong.get("", "Not right yet."), Tone.BAD)
            wrong = next((row for row in rows if row.field.name in filled.wrong), None)
            if wrong is not None:
                wrong.control.focus()
            return
        self._say("")
        self.relman.act(self._action, Dispatch(ready.workflow.id, ready.ref, filled.values), after=self._acted)

    def _acted(self, ended: Ended, _: bool) -> None:
        if ended.outcome is Outcome.DONE and self.is_active:
            self.dismiss(ended.run_id)

    @command("form-next", "tab", "down", title="", help="The next field.", group=_GROUP, footer="Next", rank=20,
             priority=True)  # fmt: skip
    def next_field(self) -> None:
        self._turn(1)

    @command(
        "form-previous", "shift+tab", "up", title="", help="The field before.", group=_GROUP, priority=True
    )
    def previous_field(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        stops: list[Widget] = [self._ref, *(row.control for row in self._rows), self._plan, self._cancel]
        at = stops.index(self.focused) if self.focused in stops else 0
        self.set_focus(stops[(at + by) % len(stops)])  # at once: the next key may be on its way already

    @command(
        "form-close", "escape", title="", help="Close; nothing is sent.", group=_GROUP, footer="Close", rank=30
    )
    def close(self) -> None:
        self.dismiss(None)


def _fitting(field: Field, typed: str | None) -> str | None:
    """What was typed before, where the field still takes it."""
    if typed is None or (field.options and typed not in field.options):
        return None
    return typed
