"""The dialog before, while and after something is changed.

Cancel has the focus and Enter never carries anything out. A yes counts only from a key that was pressed
after the plan had stood on the screen for a moment: keys typed ahead, or held down, confirm nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from relman.errors import RelmanError
from relman.model.plan import Plan
from relman.model.plan_words import age, where
from relman.model.state import Tone
from relman.text import clean_line
from relman.tui.acting import Acting, Course, Stage
from relman.tui.commands.command import CommandHost, command
from relman.tui.commands.keymap import keys_of
from relman.tui.editor import edited
from relman.tui.present.course import LOOKS, elapsed, plan_lines, run_lines, unread_lines
from relman.tui.present.notice import too_small
from relman.tui.present.piece import BLANK, Line, Piece, plain, quiet, safe, spread, width_of
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.terminal import WINDOWS
from relman.tui.widgets.choice import Choice
from relman.tui.widgets.key_bar import Entry, KeyBar
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.moves import Move

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_GROUP = "Confirm"
_CLOSING = {Stage.RUNNING: "Hide", Stage.ENDED: "Close", Stage.UNREAD: "Close"}
_YES: Final = ("agree", "agree-word")
_now = perf_counter if WINDOWS else monotonic  # the clock of Textual's events


def _may_agree(screen: ConfirmScreen) -> bool:
    return screen.ready and not screen.typing


def _may_agree_with_word(screen: ConfirmScreen) -> bool:
    return screen.ready and bool(screen.word)


def _closing(screen: ConfirmScreen) -> str:
    # "Cancel" on a dialog that cancels a run would say both yes and no.
    return _CLOSING.get(screen.course.stage, "Back" if screen.course.action.name == "cancel" else "Cancel")


def _asking(screen: ConfirmScreen) -> bool:
    return screen.course.stage is Stage.ASKING and not screen.reasoning


def _inside(left: Sequence[Piece], right: Sequence[Piece], width: int) -> Line:
    """A line with one free cell at each side, as the text below it has."""
    return (Piece(" "), *spread(left, right, max(0, width - 2)))


class ConfirmScreen(CommandHost, LeavesOnce, ModalScreen[None], inherit_bindings=False):
    """Draws one :class:`Course`. Closing it stops nothing that is under way."""

    CSS_PATH = "confirm.tcss"
    AUTO_FOCUS = ""
    CALM: ClassVar[float] = 0.3
    """Seconds a plan has to stand, and no yes to come too early, before a yes counts."""

    def __init__(self, acting: Acting, course: Course, hint: str = "") -> None:
        super().__init__()
        self._acting = acting
        self.course = course
        self.reasoning = ""  # the check for which a reason is being typed
        self._asked = 0  # which plan stands on the screen
        self._stood: float | None = None  # since when, on the clock of events
        self._early = 0.0  # the last yes that came too early
        self._hint = hint
        self._top = True
        self._height = 1  # rows of text that are shown

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        self._body = LinesView(id="confirm-body")
        self._body.can_focus = False
        self._input = Input(compact=True, id="confirm-input")
        self._cancel = Choice("Cancel", id="confirm-cancel", enter=True)
        self._do = Choice("Carry it out", id="confirm-do")
        with Vertical(id="confirm"):
            yield LineBar(self._title, id="confirm-title")
            yield LineBar(self._where, id="confirm-where")
            yield self._body
            yield LineBar(self._more, id="confirm-more")
            with Horizontal(id="confirm-ask"):
                yield LineBar(self._label, id="confirm-label")
                yield self._input
            with Horizontal(id="confirm-choices"):
                yield self._cancel
                yield self._do
                yield LineBar(self._hint_line, id="confirm-hint")
            yield KeyBar(id="confirm-keys", typing=self._typing_keys)
        self._small = LinesView(id="too-small")
        self._small.can_focus = False

    def on_mount(self) -> None:
        self.course.watch = self.draw
        self.set_interval(1.0, self._tick)
        self._cancel.focus()
        self.draw()

    def on_unmount(self) -> None:
        self.course.watch = lambda: None

    # ── what counts as a yes ─────────────────────────────────────────────────────────────────

    @property
    def word(self) -> str:
        """What has to be typed; "" where nothing has."""
        plan = self.course.plan
        return "" if plan is None else plan.word

    @property
    def typed(self) -> str:
        return "" if self.reasoning else self._input.value.strip()

    @property
    def typing(self) -> bool:
        """Whether letters go into the field."""
        return self.focused is self._input

    @property
    def ready(self) -> bool:
        """Whether a yes would do something."""
        return self.course.may_agree and not self.too_small and not self.reasoning and self.typed == self.word

    def _counts(self, felt: float) -> bool:
        """Whether a yes felt at that time was meant for the plan that stands now."""
        if self._stood is not None and felt - max(self._stood, self._early) >= self.CALM:
            return True
        self._early = felt
        return False

    def on_key(self, event: events.Key) -> None:
        keys = {key for name in _YES for key in keys_of(type(self).commands()[name], self.relman.key_overrides)}
        if event.key in keys and not self._counts(event.time):
            event.stop()
            event.prevent_default()
            if self.course.may_agree:
                self._say("Too early: that key came before the plan could be read.")

    def _yes(self) -> None:
        if not self._acting.agree(self.course, self.typed) and self._acting.running is not None:
            self._say(f"{clean_line(self._acting.running.title)} is still under way: wait for it.")

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    def draw(self) -> None:
        """Shows the course as it is now."""
        if not self.is_mounted or not self.stands:
            return
        course = self.course
        if course.asked != self._asked and course.stage is Stage.ASKING:
            self._asked, self._stood, self._top = course.asked, None, True
            self._hint, self._input.value, self.reasoning = "", "", ""
            self.call_after_refresh(self._plan_stands)
        if course.stage is Stage.RUNNING and not course.events:
            self._top = True
        self._show_field()
        self._cancel.relabel(_closing(self))
        offered = course.may_agree and not self.reasoning
        self._do.display = offered
        self._do.can_focus = self.ready
        self._do.set_class(self.ready, "-ready")
        if self.focused is None or not self.focused.display or not self.focused.can_focus:
            self._cancel.focus()
        self.set_class(course.stage is Stage.RUNNING, "-running")
        self._draw_body()
        for name in ("#confirm-title", "#confirm-where", "#confirm-label", "#confirm-hint"):
            self.query_one(name, LineBar).update()
        self.refresh_bindings()

    def _plan_stands(self) -> None:
        if self._stood is None and not self.too_small:
            self._stood = _now()

    def _show_field(self) -> None:
        asks = bool(self.reasoning) or (bool(self.word) and self.course.may_agree)
        self.query_one("#confirm-ask").display = asks
        self._input.can_focus = asks
        label = self.query_one("#confirm-label", LineBar)
        label.styles.width = width_of(self._label(0))

    def _draw_body(self) -> None:
        course, room = self.course, max(20, self._body.room)
        plan, now = course.plan, self.relman.now()
        if course.stage is Stage.UNREAD and course.problem is not None:
            lines = unread_lines(course.problem, room)
        elif plan is None:
            lines = [plain("○ Reading what this needs…", Tone.QUIET)]
        elif course.stage in (Stage.RUNNING, Stage.ENDED):
            lines = run_lines(plan, course.events, course.ended, now, room)
        else:
            refusal = course.prepared.refusal if course.prepared is not None else None
            lines = plan_lines(plan, refusal, course.note, room)
        # Three lines stay free around the dialog, the rest is what stands above and below its text.
        chrome = 10 + (2 if self.query_one("#confirm-ask").display else 0)
        height = max(1, min(len(lines), self.app.size.height - chrome))
        self._height = height
        self._body.styles.height = height
        self._body.set_lines(lines, top=self._top)
        self._top = False
        if course.stage in (Stage.RUNNING, Stage.ENDED) and len(lines) > height:
            self.call_after_refresh(self._body.move, Move.BOTTOM)
        self.call_after_refresh(self._draw_more)

    def _draw_more(self) -> None:
        self.query_one("#confirm-more", LineBar).update()

    def _tick(self) -> None:
        if self.stands:
            self.query_one("#confirm-title", LineBar).update()

    def on_resize(self) -> None:
        self._cover_if_small()
        self.call_after_refresh(self.draw)

    def _cover_if_small(self) -> None:
        """Covers a plan that could not be read. Nothing counts as a yes until it has stood uncovered for a moment."""
        self._small.display = self.too_small
        if not self.too_small:
            self.call_after_refresh(self._plan_stands)
            return
        self._stood = None
        if self._small.parent is None and self.is_attached:
            self.mount(self._small)
        key, (width, height) = self._keys("confirm-back"), self.app.size
        what = (
            "hides the dialog; the change goes on"
            if self.course.stage is Stage.RUNNING
            else "closes the dialog"
        )
        hint = f"Make it larger to read the dialog and to answer it. {key} {what}."
        self._small.set_lines(too_small(width, height, self.relman.LEAST, hint).draw(width - 2))

    def _title(self, width: int) -> Line:
        course, now = self.course, self.relman.now()
        right: tuple[Piece, ...] = ()
        if course.stage is Stage.READING:
            right = (quiet("reading again…" if course.prepared is not None else "reading…"),)
        elif course.stage is Stage.ASKING and course.plan is not None:
            old = age(course.plan, now)
            right = (quiet("read just now" if old == "0s" else f"read {old} ago"),)
        elif course.stage is Stage.RUNNING:
            number, of = course.progress
            right = (Piece("◐ ", Tone.ACTIVE), quiet(f"step {number} of {of} · {elapsed(course.began, now)}"))
        elif course.ended is not None:
            glyph, tone = LOOKS[course.ended.outcome]
            spent = elapsed(course.began, course.ended_at or now)
            right = (Piece(f"{glyph} {course.ended.outcome}", tone), quiet(f" · {spent}"))
        return _inside((Piece(safe(course.title, 200), strong=True),), right, width)

    def _where(self, width: int) -> Line:
        plan = self.course.plan
        return _inside((quiet(where(plan) if plan is not None else safe(self.relman.board.repo)),), (), width)

    def _more(self, width: int) -> Line:
        above = int(self._body.scroll_offset.y)
        below = max(0, len(self._body.lines) - above - self._height)
        if not above and not below:
            return BLANK
        parts = [f"▲ {above} above"] if above else []
        parts += [f"▼ {below} more below"] if below else []
        return _inside((Piece(" · ".join(parts), Tone.WAITING if below else Tone.QUIET),), (), width)

    def _label(self, width: int) -> Line:
        del width
        text = f"Why overrule {safe(self.reasoning, 20)}:" if self.reasoning else f"Type {safe(self.word, 40)}:"
        return (Piece(f" {text}", strong=True), Piece(" "))

    def _hint_line(self, width: int) -> Line:
        return _inside((), (Piece(self._hint or self._next(), Tone.QUIET),), width)

    def _next(self) -> str:
        """What leads on from here."""
        course = self.course
        if self.reasoning:
            return "enter takes the reason, esc leaves it"
        if course.stage is Stage.RUNNING:
            return "it goes on when this is hidden"
        if not course.may_agree:
            return ""
        if not self.word:
            return ""
        if self.ready:
            return f"{self._keys('agree-word')} carries it out"
        if self.typing:
            return f"then {self._keys('agree-word')}"
        return f"{self._keys('confirm-next')}, type the word, then {self._keys('agree-word')}"

    def _typing_keys(self) -> tuple[Entry, ...]:
        """What other keys than letters do while the field has the focus."""
        told = [("confirm-back", "Back")]
        if self.ready:
            told.append(("agree-word", "Carry it out"))
        told.append(("confirm-next", "Next"))
        keys = [Entry("enter", "Take the reason", "enter")] if self.reasoning else []
        commands, overrides = type(self).commands(), self.relman.key_overrides
        return (
            *keys,
            *(Entry(self._keys(name), text, keys_of(commands[name], overrides)[0]) for name, text in told),
        )

    def _keys(self, name: str) -> str:
        """How the first key of a command of this dialog is written."""
        key = keys_of(type(self).commands()[name], self.relman.key_overrides)[0]
        return self.relman.get_key_display(Binding(key, ""))

    def _say(self, hint: str) -> None:
        self._hint = hint
        self.query_one("#confirm-hint", LineBar).update()

    # ── the field and the buttons ────────────────────────────────────────────────────────────

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._hint = ""
        self._do.can_focus = self.ready
        self._do.set_class(self.ready, "-ready")
        self.query_one("#confirm-hint", LineBar).update()
        self.refresh_bindings()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.reasoning:
            self._reasoned(event.value)
        elif self.typed == self.word:
            self._say(f"Enter does nothing here: {self._keys('agree-word')} carries it out.")
        else:
            self._say(f"This is not yet {self.word}.")

    @on(Choice.Pressed)
    def _pressed(self, event: Choice.Pressed) -> None:
        event.stop()
        if event.choice is self._cancel:
            self.back()
        elif self.ready and self._counts(event.felt):
            self._yes()

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    @command("agree", "y", title="", help="Carry out what the dialog shows.", group=_GROUP,
             footer="Carry it out", rank=10, when=_may_agree)  # fmt: skip
    def agree(self) -> None:
        self._yes()

    @command("agree-word", "ctrl+y", title="", help="Carry it out, once the word is typed.", group=_GROUP,
             footer="Carry it out", rank=11, when=_may_agree_with_word)  # fmt: skip
    def agree_with_word(self) -> None:
        self._yes()

    @command("confirm-back", "escape", title="", help="Cancel; while it runs, hide.", group=_GROUP,
             footer=_closing, rank=1)  # fmt: skip
    def back(self) -> None:
        if self.reasoning:
            self._leave_reason()
            return
        if self.course.stage is Stage.READING:
            self._acting.give_up(self.course)
        self.dismiss()

    @command("confirm-next", "tab", title="", help="To the field and the buttons.", group=_GROUP, priority=True)
    def next_field(self) -> None:
        self._turn(1)

    @command(
        "confirm-previous",
        "shift+tab",
        title="",
        help="Back to the field or button before.",
        group=_GROUP,
        priority=True,
    )
    def previous_field(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        """From Cancel to the field, and only then to what carries it out."""
        fields = [one for one in (self._cancel, self._input, self._do) if one.can_focus and self._shown(one)]
        at = fields.index(self.focused) if self.focused in fields else 0
        self.set_focus(fields[(at + by) % len(fields)])
        self.draw()

    @staticmethod
    def _shown(widget: Widget) -> bool:
        return bool(widget.display) and (widget.parent is None or bool(cast("Widget", widget.parent).display))

    @command("confirm-override", "o", title="", help="Overrule a check, with a reason.", group=_GROUP,
             footer="Overrule", rank=20, when=lambda screen: _asking(screen) and screen.course.overridable)  # fmt: skip
    def override(self) -> None:
        self.reasoning = self.course.open_checks[0]
        self._input.value = ""
        self.draw()
        self.set_focus(self._input)
        self.draw()

    def _reasoned(self, reason: str) -> None:
        if not reason.strip():
            self._say("A reason is needed.")
            return
        key = self.reasoning
        self._leave_reason()
        self._acting.override(self.course, key, reason)

    def _leave_reason(self) -> None:
        self.reasoning, self._input.value = "", ""
        self._cancel.focus()
        self.draw()

    @command("confirm-edit", "E", title="", help="Edit the text in $VISUAL or $EDITOR.", group=_GROUP,
             footer="Edit text", rank=21, when=lambda screen: _asking(screen) and screen.course.editable)  # fmt: skip
    def edit(self) -> None:
        plan = self.course.plan
        if plan is None:
            return
        try:
            text = self._edited(plan)
            if text is not None and text != plan.text:
                self._acting.rewrite(self.course, text)
        except RelmanError as error:
            self.relman.tell(error.problem.sentence(), problem=True)

    def _edited(self, plan: Plan) -> str | None:
        kept = self._acting.kept
        before = kept.read(plan)
        path = kept.write(plan, plan.text)
        try:
            edited(self.app, path)
        except RelmanError:
            if before is None:
                kept.forget(plan)
            else:
                kept.write(plan, before)
            raise
        return kept.read(plan)

    @command("confirm-again", "r", title="", help="Read everything once more.", group=_GROUP,
             footer="Read again", rank=30,
             when=lambda screen: _asking(screen) or screen.course.stage is Stage.UNREAD)  # fmt: skip
    def again(self) -> None:
        self._acting.again(self.course)

    @command("confirm-down", "j", "down", title="", help="Down.", group=_GROUP)
    def down(self) -> None:
        self._scroll(Move.DOWN)

    @command("confirm-up", "k", "up", title="", help="Up.", group=_GROUP)
    def up(self) -> None:
        self._scroll(Move.UP)

    @command("confirm-page-down", "pagedown", "ctrl+d", title="", help="A page down.", group=_GROUP)
    def page_down(self) -> None:
        self._scroll(Move.PAGE_DOWN)

    @command("confirm-page-up", "pageup", "ctrl+u", title="", help="A page up.", group=_GROUP)
    def page_up(self) -> None:
        self._scroll(Move.PAGE_UP)

    def _scroll(self, to: Move) -> None:
        self._body.move(to)
        self._draw_more()

    @command("confirm-quit", "q", title="", help="Leave relman; asks once more.", group=_GROUP,
             when=lambda screen: screen.course.stage is Stage.RUNNING and not screen.typing)  # fmt: skip
    def quit(self) -> None:
        self.relman.quit_now()
