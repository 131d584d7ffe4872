"""A change in the dashboard, from the key to its result.

A :class:`Course` is one change on its way; the dialog only draws it and says what the person wants. What
is under way goes on when the dialog is hidden. One change at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace
from textual.worker import Worker

from relman.actions.intent import Editable, Overridable
from relman.actions.kept_text import KeptText
from relman.actions.operator import Action, Prepared
from relman.actions.tools import Tools
from relman.board.sections import Ask, Part
from relman.errors import Problem, RelmanError
from relman.model.operation import Begun, Ended, Event, Outcome, Said
from relman.model.plan import Plan

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

After = Callable[[Ended, bool], None]
"""What a screen makes of the end. True: the change's dialog was in front, so the person saw it."""

OLD: Final = timedelta(seconds=60)
"""A yes to a plan older than this reads once more first."""

_TOUCHED = (
    Part.RUNS, Part.PENDING, Part.ENVIRONMENTS, Part.DEPLOYMENTS, Part.RELEASES, Part.TAGS,
)  # fmt: skip


class Stage(Enum):
    READING = "reading"  # what the plan needs; ``prepared`` is an older plan or None
    UNREAD = "unread"  # it could not be read; ``problem`` says why
    ASKING = "asking"
    RUNNING = "running"
    ENDED = "ended"


class Course:
    """One change. ``watch`` is called after everything that may look different."""

    def __init__(self, action: Action[Any, Any], intent: object, after: After | None) -> None:
        self.action = action
        self.intent = intent
        self.after = after
        self.stage = Stage.READING
        self.prepared: Prepared[Any] | None = None
        self.problem: Problem | None = None
        self.note = ""  # why the plan is not the one that was shown before
        self.events: list[Event] = []
        self.began: datetime | None = None
        self.ended_at: datetime | None = None
        self.ended: Ended | None = None
        self.asked = 0  # how often a plan was put before the person: a new one needs a new yes
        self.watch: Callable[[], None] = lambda: None
        self.worker: Worker[None] | None = None

    @property
    def plan(self) -> Plan | None:
        return None if self.prepared is None else self.prepared.plan

    @property
    def title(self) -> str:
        return self.plan.title if self.plan is not None else self.action.name.replace("-", " ").capitalize()

    @property
    def may_agree(self) -> bool:
        """Whether there is anything to say yes to."""
        ready = self.stage is Stage.ASKING and self.prepared is not None
        return (
            ready
            and self.prepared is not None
            and self.prepared.refusal is None
            and bool(self.prepared.plan.steps)
        )

    @property
    def overridable(self) -> bool:
        """Whether the person may give a reason for a check that does not hold."""
        return self.stage is Stage.ASKING and bool(self.open_checks) and isinstance(self.intent, Overridable)

    @property
    def open_checks(self) -> tuple[str, ...]:
        """Keys of the checks that a reason would overcome."""
        return () if self.plan is None else tuple(one.key for one in self.plan.blocking if one.overridable)

    @property
    def editable(self) -> bool:
        return self.stage is Stage.ASKING and isinstance(self.intent, Editable)

    @property
    def progress(self) -> tuple[int, int]:
        """The step under way and how many there are."""
        begun = [event for event in self.events if isinstance(event, Begun)]
        return (begun[-1].number, begun[-1].of) if begun else (0, len(self.plan.steps) if self.plan else 0)

    def ask(self, prepared: Prepared[Any], note: str = "") -> None:
        self.stage, self.prepared, self.intent, self.note = Stage.ASKING, prepared, prepared.intent, note
        self.problem = None
        self.asked += 1
        self.watch()

    def unread(self, problem: Problem) -> None:
        self.stage, self.problem = Stage.UNREAD, problem
        self.watch()

    def reading(self) -> None:
        self.stage = Stage.READING
        self.watch()

    def take(self, event: Event) -> None:
        if isinstance(event, Ended):
            self.stage, self.ended = Stage.ENDED, event
            return
        last = self.events[-1] if self.events else None
        if isinstance(event, Said) and isinstance(last, Said) and last.step == event.step:
            self.events.pop()  # of many only the last is shown
        self.events.append(event)


class Acting:
    """Starts changes on the App, where no refresh cancels them."""

    def __init__(self, app: RelmanApp, tools: Tools) -> None:
        self._app = app
        self.tools = tools
        self.kept = KeptText(tools.scratch)
        self.running: Course | None = None
        self._warned = False

    def act(self, action: Action[Any, Any], intent: object, after: After | None) -> None:
        """Opens the dialog on a new change, or on the one that is still under way."""
        from relman.tui.screens.confirm import ConfirmScreen

        if isinstance(self._app.screen, ConfirmScreen):
            return
        course = self.begin(action, intent, after)
        if course is None:
            self.show_running("Only one change at a time")
        else:
            self._app.push_screen(ConfirmScreen(self, course))

    def show_running(self, hint: str = "") -> None:
        """The dialog of the change under way, once more."""
        from relman.tui.screens.confirm import ConfirmScreen

        if self.running is not None:
            self._app.push_screen(ConfirmScreen(self, self.running, hint))

    def may_leave(self) -> bool:
        """Whether relman may end now. While a change is under way only the second wish counts."""
        course = self.running
        if course is None or self._warned:
            return True
        self._warned = True
        number, of = course.progress
        self._app.tell(
            f"{course.title} is under way, step {number} of {of}. Once more leaves all the same: what was sent "
            "stays sent, and the journal says how far it came.",
            problem=True,
        )
        return False

    def begin(self, action: Action[Any, Any], intent: object, after: After | None) -> Course | None:
        """A new course, which reads already; None while another change is under way."""
        if self.running is not None:
            return None
        course = Course(action, intent, after)
        self._read(course)
        return course

    # ── reading and asking ───────────────────────────────────────────────────────────────────

    def _read(self, course: Course) -> None:
        course.reading()
        course.worker = self._app.run_worker(self._prepare(course), group="act-read", exclusive=True)

    async def _prepare(self, course: Course) -> None:
        try:
            prepared = await self.tools.operator.prepare(course.action, course.intent)
        except RelmanError as error:
            course.unread(error.problem)
            return
        text = self.kept.read(prepared.plan) if isinstance(course.intent, Editable) else None
        if text is not None and text != prepared.plan.text and isinstance(course.intent, Editable):
            prepared = self.tools.operator.replan(prepared, course.intent.with_text(text))
            course.ask(prepared, "The text is the one you edited for this before.")
            return
        course.ask(prepared)

    def again(self, course: Course) -> None:
        """Reads once more after it failed, or because the person wants fresher facts."""
        if course.stage in (Stage.UNREAD, Stage.ASKING):
            self._read(course)

    def give_up(self, course: Course) -> None:
        """The person does not want it: nothing was sent."""
        if course.stage is Stage.READING and course.worker is not None:
            course.worker.cancel()

    def override(self, course: Course, key: str, reason: str) -> None:
        """The plan once more, from fresh facts, with a reason for a check."""
        if course.overridable and isinstance(course.intent, Overridable) and reason.strip():
            course.intent = course.intent.with_override(key, reason.strip())
            self._read(course)

    def rewrite(self, course: Course, text: str) -> None:
        """The plan once more with another text. Raises a LOCAL problem where the text cannot be kept."""
        if course.editable and course.prepared is not None and isinstance(course.intent, Editable):
            self.kept.write(course.prepared.plan, text)
            course.ask(self.tools.operator.replan(course.prepared, course.intent.with_text(text)))

    # ── carrying out ─────────────────────────────────────────────────────────────────────────

    def agree(self, course: Course, word: str) -> bool:
        """The person's yes. False where it does not count."""
        plan = course.plan
        if not course.may_agree or plan is None or (plan.word and word != plan.word):
            return False
        if self.running is not None:
            return False
        if self._app.now() - plan.facts_at > OLD:
            course.reading()
            course.worker = self._app.run_worker(
                self._look_again(course, word), group="act-read", exclusive=True
            )
        else:
            self._run(course, word)
        return True

    async def _look_again(self, course: Course, word: str) -> None:
        before = course.prepared
        try:
            prepared = await self.tools.operator.prepare(course.action, course.intent)
        except RelmanError as error:
            course.unread(error.problem)
            return
        if before is None or not same(before, prepared):
            course.ask(prepared, "It changed while you looked. Nothing was sent: read it once more.")
            return
        course.prepared = prepared
        if self.running is None:
            self._run(course, word)

    def _run(self, course: Course, word: str) -> None:
        # Marked before the worker starts: of two yeses in one turn of the loop the second finds it taken.
        self.running = course
        course.stage, course.began, course.note = Stage.RUNNING, self._app.now(), ""
        course.watch()
        self._app.run_worker(self._carry_out(course, word), group="act-run")

    async def _carry_out(self, course: Course, word: str) -> None:
        if course.prepared is None:
            raise AssertionError("a yes without a plan")
        try:
            async for event in self.tools.operator.run(course.prepared, word=word):
                course.take(event)
                course.watch()
        finally:
            self.running = None
            course.ended_at = self._app.now()
        if course.ended is not None:
            self._finished(course, course.ended)

    def _finished(self, course: Course, ended: Ended) -> None:
        if ended.outcome is Outcome.DONE and course.plan is not None:
            self.kept.forget(course.plan)
        more = () if ended.run_id is None else (Ask(Part.RUN, ended.run_id), Ask(Part.JOBS, ended.run_id))
        self._app.watch_.poller.refresh_now()
        self._app.watch_.poller.refresh_now(*_TOUCHED, *more)
        course.watch()
        self._tell(course, ended)

    def _tell(self, course: Course, ended: Ended) -> None:
        """One visible result, and what the screen makes of it."""
        from relman.tui.screens.confirm import ConfirmScreen

        self._warned = False
        good = ended.outcome is Outcome.DONE
        why = f": {ended.problem.title}" if ended.problem is not None else ""
        self._app.tell(f"{ended.sentence}{why}", problem=not good)
        if course.after is None:
            return
        screen = self._app.screen
        seen = isinstance(screen, ConfirmScreen) and screen.course is course
        if good and ended.run_id is not None and seen:
            screen.dismiss()
        self._app.call_later(course.after, ended, seen)


def same(one: Prepared[Any], other: Prepared[Any]) -> bool:
    """Whether a person who read one plan has read the other."""
    plain = replace(one.plan, facts_at=other.plan.facts_at, details=other.plan.details)
    return plain == other.plan and one.refusal == other.refusal
