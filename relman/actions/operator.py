"""Carries a change out: the one place where a plan becomes requests.

Gate, then a last look for what has changed since the plan, then the steps one by one, each written to the
journal before and after. The first step that does not end well ends the operation.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from relman.actions.deed import Deed, Result, Sleep, perform, real_sleep
from relman.actions.gate import Gate
from relman.actions.journal import Journal
from relman.actions.mask import masked
from relman.actions.ports import Clock
from relman.errors import Kind, Problem, RelmanError
from relman.model.journal import Entry
from relman.model.operation import Begun, Ended, Event, Outcome, StepEnded
from relman.model.plan import Plan, Step

I = TypeVar("I", contravariant=True)  # noqa: E741
F = TypeVar("F")


class Action(Protocol[I, F]):
    """One kind of change. ``gather`` reads afresh; ``plan`` is pure; ``deeds`` gives what carries it out.

    ``stale`` is asked after the yes and before the first step: what has changed since ``facts`` in a way that
    the plan no longer says the truth. None where it still does.
    """

    name: str

    async def gather(self, intent: I) -> F: ...
    def plan(self, facts: F, intent: I) -> Plan: ...
    async def stale(self, facts: F, intent: I) -> Problem | None: ...
    def deeds(self, facts: F, intent: I) -> Sequence[Deed]: ...


class Prepared(Struct, Generic[F], frozen=True):
    """A plan bound to the facts it was made from. ``refusal`` is the gate's word at that time."""

    plan: Plan
    refusal: Problem | None
    action: Action[Any, F]
    facts: F
    intent: object


class Operator:
    """Prepares and runs changes. Of two at a time the caller takes care."""

    def __init__(self, gate: Gate, journal: Journal, clock: Clock, *, sleep: Sleep = real_sleep) -> None:
        self.gate = gate
        self.journal = journal
        self.clock = clock
        self._sleep = sleep
        self.operation = ""
        """The journal's name of the operation under way; "" while there is none."""
        self.sending: Step | None = None
        """The step that was sent, while its outcome is not yet known: after a cancellation it says what to look at."""

    async def prepare(self, action: Action[I, F], intent: I) -> Prepared[F]:
        """Reads what the decision needs and makes the plan. Raises :class:`RelmanError` where that fails."""
        try:
            facts = await action.gather(intent)
        except RelmanError as error:
            raise RelmanError(masked(error.problem, self.journal.redact)) from None
        plan = masked(action.plan(facts, intent), self.journal.redact)
        return Prepared(plan, self.gate.refusal(plan, self.clock.now()), action, facts, intent)

    def replan(self, prepared: Prepared[F], intent: object) -> Prepared[F]:
        """The plan for another intent of the same kind from the same facts: nothing is read."""
        plan = masked(prepared.action.plan(prepared.facts, intent), self.journal.redact)
        return replace(prepared, plan=plan, refusal=self.gate.refusal(plan, self.clock.now()), intent=intent)

    async def run(self, prepared: Prepared[Any], *, word: str = "") -> AsyncIterator[Event]:
        """Carries a plan out that a person has agreed to; ``word`` is what they typed. Ends with one ``Ended``.

        No event shows a secret. When this is cancelled, the journal has every step that was sent.
        """
        async for event in self._run(prepared, word):
            yield masked(event, self.journal.redact)

    async def _run(self, prepared: Prepared[Any], word: str) -> AsyncIterator[Event]:
        plan = prepared.plan
        refusal = self.gate.refusal(plan, self.clock.now())
        if refusal is None and plan.word and word != plan.word:
            refusal = _wrong_word(plan.word)
        if refusal is None:
            try:
                refusal = await prepared.action.stale(prepared.facts, prepared.intent)
            except RelmanError as error:
                yield Ended(Outcome.FAILED, f"{plan.title}: nothing was changed", error.problem)
                return
        if refusal is not None:
            yield Ended(Outcome.REFUSED, f"{plan.title}: refused, nothing was changed", refusal)
            return
        self.sending = None
        try:
            async for event in self._steps(prepared):
                yield event
        finally:
            self.operation = ""

    async def _steps(self, prepared: Prepared[Any]) -> AsyncIterator[Event]:
        plan = prepared.plan
        diary = _Diary(self.journal, plan, self.clock, exempt=self.gate.exempt(plan, self.clock.now()))
        self.operation = diary.operation
        try:
            await diary.write("begin")
        except RelmanError as error:
            yield Ended(Outcome.FAILED, f"{plan.title}: nothing was changed", error.problem)
            return
        deeds = prepared.action.deeds(prepared.facts, prepared.intent)
        run_id, url, words, done = None, "", "", 0
        for number, deed in enumerate(deeds, start=1):
            yield Begun(deed.step, number, len(deeds))
            ended: StepEnded | None = None
            try:
                notes = _Notes(diary, deed.step)
                before = self._before(diary, deed.step)
                async for said in perform(deed, before, self.clock, self._sleep, notes):
                    if isinstance(said, Result):
                        ended = said.ended
                        if said.sight is not None:
                            run_id, url = said.sight.run_id or run_id, said.sight.url or url
                            words = said.sight.ended or words
                    else:
                        yield said
                if ended is None:
                    raise AssertionError("a deed without a result")
                await diary.write("after", step=deed.step, result=ended.outcome, detail=_detail(ended))
            except RelmanError as error:  # the journal: what follows could not be written down
                outcome = Outcome.FAILED
                if ended is not None:  # the step itself is over, and what it did stays done
                    yield ended
                    done += ended.outcome is Outcome.DONE
                    outcome = Outcome.UNKNOWN if ended.outcome is Outcome.UNKNOWN else outcome
                yield Ended(outcome, _sentence(plan, outcome, done), error.problem, run_id, url)
                return
            self.sending = None
            yield ended
            if ended.outcome is not Outcome.DONE:
                yield await self._end(diary, plan, ended.outcome, ended.problem, done, run_id, url)
                return
            done += 1
        yield await self._end(diary, plan, Outcome.DONE, None, done, run_id, url, words)

    def _before(self, diary: _Diary, step: Step) -> Callable[[], Awaitable[None]]:
        async def before() -> None:
            await diary.write("before", step=step)
            self.sending = step

        return before

    async def _end(
        self,
        diary: _Diary,
        plan: Plan,
        outcome: Outcome,
        problem: Problem | None,
        done: int,
        run_id: int | None,
        url: str,
        words: str = "",
    ) -> Ended:
        sentence = f"{plan.title}: {words}" if words else _sentence(plan, outcome, done)
        try:
            await diary.write("end", result=outcome, detail=problem.sentence() if problem else words)
        except RelmanError as error:
            problem = problem or error.problem
        return Ended(outcome, sentence, problem, run_id, url)


class _Diary:
    """The journal's lines of one operation."""

    def __init__(self, journal: Journal, plan: Plan, clock: Clock, *, exempt: bool) -> None:
        self._journal = journal
        self._plan = plan
        self._clock = clock
        self._exempt = "freeze" if exempt else ""
        self.operation = _operation_id(clock.now())

    async def write(self, phase: str, *, step: Step | None = None, result: str = "", detail: str = "") -> None:
        plan = self._plan
        change = plan.changes[0] if plan.changes else None
        await self._journal.write(
            Entry(
                at=self._clock.now(),
                operation=self.operation,
                phase=phase,
                action=plan.action,
                repo=plan.repo,
                target=plan.target,
                environment=plan.environment,
                who=plan.who,
                before=change.before if change else "",
                after=change.after if change else "",
                step=step.key if step else "",
                request=step.request if step and phase == "before" else "",
                result=str(result),
                detail=detail,
                exempt=self._exempt,
            )
        )


class _Notes(Struct, frozen=True):
    """Each part of a step is a line of its own: ``delete 4711``."""

    diary: _Diary
    step: Step

    async def before(self, part: str, request: str) -> None:
        await self.diary.write("before", step=self._part(part, request))

    async def after(self, part: str, outcome: Outcome, detail: str = "") -> None:
        await self.diary.write("after", step=self._part(part), result=outcome, detail=detail)

    def _part(self, part: str, request: str = "") -> Step:
        return Step(f"{self.step.key} {part}", self.step.title, request)


def _operation_id(now: datetime) -> str:
    """Sorts by time; two relmans that begin in the same second differ."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _detail(ended: StepEnded) -> str:
    return ended.problem.sentence() if ended.problem else ended.detail


def _sentence(plan: Plan, outcome: Outcome, done: int) -> str:
    if outcome is Outcome.DONE:
        return f"{plan.title}: done"
    words = {
        Outcome.REFUSED: "refused",
        Outcome.FAILED: "failed",
        Outcome.UNKNOWN: "the outcome is not known",
    }[outcome]
    steps = f"after {done} of {len(plan.steps)} steps" if done else "at the first step"
    return f"{plan.title}: {words} {steps}"


def _wrong_word(word: str) -> Problem:
    return Problem(
        Kind.REFUSED, f"This needs the word {word!r}", hint=f"Type it, or give it as --confirm {word}."
    )
