"""One step of a change: look, do, look again.

The look before makes every step resumable (what is there is not done twice); the look after is the only
thing that says it was done. What was sent and got no answer is looked for, never sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import Enum
from typing import Protocol

from msgspec import Struct

from relman.actions.ports import Clock
from relman.errors import Kind, OutcomeUnknownError, Problem, RelmanError
from relman.model.operation import Outcome, Said, StepEnded
from relman.model.plan import Step

Sleep = Callable[[float], Awaitable[None]]


class Seen(Enum):
    """What a look found."""

    ABSENT = "absent"  # not done (yet)
    THERE = "there"  # done, as planned
    OTHER = "other"  # something else is there: stop


class Sight(Struct, frozen=True):
    """``detail`` says what was seen; ``problem`` why an ``OTHER`` stops everything.

    ``run_id`` and ``url`` are what to look at now, where the look found it. ``ended`` says how the operation
    ended where "done" would not be the whole truth.
    """

    seen: Seen
    detail: str = ""
    problem: Problem | None = None
    run_id: int | None = None
    url: str = ""
    ended: str = ""


class Notes(Protocol):
    """The journal's lines for the parts of one step; each returns when its line is on the disk."""

    async def before(self, part: str, request: str) -> None: ...
    async def after(self, part: str, outcome: Outcome, detail: str = "") -> None: ...


Parts = Callable[[Notes], AsyncIterator[Said]]


class Deed(Struct, frozen=True):
    """``do`` is None for a step that only waits for something to appear.

    A step of many like parts has ``parts`` instead: it carries them out one by one, notes each before and
    after, and says how far it is. It raises as ``do`` does.

    After ``do``, looks go on for ``settle`` seconds, ``every`` so many, until the change is seen; ``late`` is
    then the problem of a step that only waits (for the others the outcome is unknown).
    """

    step: Step
    look: Callable[[], Awaitable[Sight]]
    do: Callable[[], Awaitable[None]] | None
    settle: float = 15.0
    every: float = 1.0
    late: Problem | None = None
    parts: Parts | None = None


class Result(Struct, frozen=True):
    """How a deed ended, with the last look."""

    ended: StepEnded
    sight: Sight | None = None


async def perform(
    deed: Deed, before: Callable[[], Awaitable[None]], clock: Clock, sleep: Sleep, notes: Notes
) -> AsyncIterator[Said | Result]:
    """Looks, does, looks again. ``before`` is awaited immediately before something is sent.

    Errors of the look before end the step as failed: nothing was sent. Gives exactly one :class:`Result`, last.
    """
    step = deed.step
    try:
        sight = await deed.look()
    except RelmanError as error:
        yield _failed(step, error.problem)
        return
    over = _ended_by(sight, step, sight.detail or "already there")
    if over is not None:
        yield over
        return
    unanswered: Problem | None = None
    refused: Problem | None = None
    if deed.do is not None or deed.parts is not None:
        await before()
        try:
            if deed.do is not None:
                await deed.do()
            if deed.parts is not None:
                async for said in deed.parts(notes):
                    yield said
        except OutcomeUnknownError as error:
            unanswered = error.problem
            yield Said(step, f"no answer: {error.problem.sentence()} Looking whether it happened.")
        except RelmanError as error:
            refused = error.problem
    if refused is not None:
        yield await _after_refusal(deed, refused)
        return
    end = clock.monotonic() + deed.settle
    blind: Problem | None = None
    waited = False
    while True:
        try:
            sight, blind = await deed.look(), None
        except RelmanError as error:
            blind = error.problem
        else:
            words = "no answer came, but it was done" if unanswered else sight.detail
            over = _ended_by(sight, step, words)
            if over is not None:
                yield over
                return
            if sight.detail and not waited:
                yield Said(step, sight.detail)
                waited = True
        if clock.monotonic() >= end:
            break
        await sleep(deed.every)
    yield _not_seen(deed, sight, blind, unanswered)


async def _after_refusal(deed: Deed, refused: Problem) -> Result:
    """The server said no. Somebody may have done the same a moment before: then it is done all the same."""
    if refused.kind in (Kind.CONFLICT, Kind.INVALID, Kind.NOT_FOUND, Kind.GONE):
        try:
            sight = await deed.look()
        except RelmanError:
            return _failed(deed.step, refused)
        over = _ended_by(sight, deed.step, sight.detail or "already there")
        if over is not None:
            return over
    return _failed(deed.step, refused)


def _ended_by(sight: Sight, step: Step, done: str) -> Result | None:
    """The end of a step that is done, in these words, or stopped; None where there is nothing to be seen yet."""
    match sight.seen:
        case Seen.THERE:
            return Result(StepEnded(step, Outcome.DONE, done), sight)
        case Seen.OTHER:
            problem = sight.problem or Problem(
                Kind.REFUSED, sight.detail or f"{step.title}: something else is there"
            )
            return Result(StepEnded(step, Outcome.REFUSED, problem.title, problem), sight)
        case Seen.ABSENT:
            return None


def _not_seen(deed: Deed, sight: Sight, blind: Problem | None, unanswered: Problem | None) -> Result:
    step = deed.step
    if deed.do is None and deed.parts is None and blind is None:
        late = deed.late or Problem(Kind.NOT_YET, f"{step.title}: not seen after {deed.settle:.0f} s")
        return Result(StepEnded(step, Outcome.FAILED, late.title, late), sight)
    cause = unanswered or blind
    problem = Problem(
        Kind.UNKNOWN,
        f"Whether it happened is not known: {step.title}",
        cause.sentence() if cause else "GitHub accepted it, and it was not seen afterwards",
        "Look again before anything else; starting the same action again looks first and repeats nothing.",
    )
    return Result(StepEnded(step, Outcome.UNKNOWN, problem.title, problem), sight)


_REFUSALS = frozenset({Kind.PERMISSION, Kind.SSO, Kind.REFUSED, Kind.AUTH, Kind.PLAN})


def _failed(step: Step, problem: Problem) -> Result:
    outcome = Outcome.REFUSED if problem.kind in _REFUSALS else Outcome.FAILED
    return Result(StepEnded(step, outcome, problem.title, problem))


async def real_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)
