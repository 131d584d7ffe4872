"""Commands that change something: plan, question, events, result. The same for every action."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from relman.actions.operator import Action, Operator, Prepared
from relman.cli.output import drop_stdout, moment, problem_json, write_error, write_json, write_text
from relman.cli.progress import Progress
from relman.errors import Exit, Kind, Problem, RelmanError, reason_of, usage_error
from relman.model.operation import Begun, Ended, Event, Outcome, Said, StepEnded
from relman.model.plan import Plan, Step
from relman.model.plan_words import lines
from relman.text import clean_line

if TYPE_CHECKING:
    from argparse import Namespace

    from relman.actions.tools import Tools

PLAN_SCHEMA = "relman.plan/1"
OPERATION_SCHEMA = "relman.operation/1"

I = TypeVar("I")  # noqa: E741
F = TypeVar("F")

_SIGNS = {Outcome.DONE: "✓", Outcome.REFUSED: "■", Outcome.FAILED: "×", Outcome.UNKNOWN: "?"}


class Consent(Struct, frozen=True):
    """How a command line says yes. ``ask`` puts a question to a person; None where nobody is there."""

    dry_run: bool = False
    yes: bool = False
    confirm: str = ""
    ask: Callable[[str], str] | None = None


def consent_of(arguments: Namespace) -> Consent:
    """What the command line says, and a question on the terminal where one is there to answer it."""
    there = sys.stdin is not None and sys.stdin.isatty() and not arguments.json
    return Consent(arguments.dry_run, arguments.yes, arguments.confirm, _question if there else None)


def _question(text: str) -> str:
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()
    return sys.stdin.readline()


async def change(tools: Tools, action: Action[I, F], intent: I, arguments: Namespace) -> Exit:
    """:func:`perform`, as the command line says."""
    return await perform(tools.operator, action, intent, consent_of(arguments), as_json=arguments.json)


async def perform(
    operator: Operator, action: Action[I, F], intent: I, consent: Consent, *, as_json: bool
) -> Exit:
    """Shows the plan and carries it out where that was agreed to. Raises where no plan can be made.

    Once something may have been sent, nothing about the output ends it: a reader that goes away is passed over.
    """
    prepared = await operator.prepare(action, intent)
    plan = prepared.plan
    if consent.dry_run:
        if as_json:
            write_json({"schema": PLAN_SCHEMA, **plan_json(plan, prepared.refusal)})
        else:
            how = ["", f"To carry it out: --confirm {clean_line(plan.word)}"] if plan.word else []
            write_text([*_texts(plan, prepared, operator), *(how if prepared.refusal is None else [])])
        if prepared.refusal is None:
            return Exit.OK
        write_error(prepared.refusal, as_json=False)
        return prepared.refusal.exit_code
    if not as_json:
        _show_first(_texts(plan, prepared, operator))
    if prepared.refusal is not None:
        refused = Ended(Outcome.REFUSED, f"{plan.title}: refused, nothing was changed", prepared.refusal)
        if as_json:
            write_json(operation_json(plan, prepared.refusal, (), refused))
        write_error(prepared.refusal, as_json=False)
        return prepared.refusal.exit_code
    if not plan.steps:  # where nothing is to be done there is nothing to agree to
        ended = Ended(Outcome.DONE, f"{plan.title}: nothing to do")
        _Out(as_json).result(plan, [], ended)
        return ended.exit_code
    word = _agreed(plan, consent)
    return await _carry_out(operator, prepared, word, as_json=as_json)


async def _carry_out(operator: Operator, prepared: Prepared[Any], word: str, *, as_json: bool) -> Exit:
    plan, out = prepared.plan, _Out(as_json)
    events: list[Event] = []
    try:
        async for event in operator.run(prepared, word=word):
            if isinstance(event, Ended):
                out.result(plan, events, event)
                return event.exit_code
            if isinstance(event, Said) and event.total is not None:
                out.progress(event)
                if events and _is_progress(events[-1], event):
                    events.pop()  # of many only the last is worth keeping
            else:
                out.say(_said(event))
            events.append(event)
    except asyncio.CancelledError:
        out.result(plan, events, _interrupted(plan, events, operator.sending))
        raise
    raise AssertionError("an operation without a result")


def _interrupted(plan: Plan, events: list[Event], sending: Step | None) -> Ended:
    """What can be said after Ctrl+C: which steps are done, and whether one is on its way."""
    done = [clean_line(event.step.title) for event in events if isinstance(event, StepEnded)]
    past = f"done before: {'; '.join(done)}" if done else "no step was done before"
    if sending is None:
        return Ended(
            Outcome.FAILED,
            f"{plan.title}: interrupted between two steps" if done else f"{plan.title}: interrupted",
            Problem(Kind.LOCAL, "Interrupted", past if done else "nothing was sent"),
        )
    return Ended(
        Outcome.UNKNOWN,
        f"{plan.title}: interrupted, the outcome is not known",
        Problem(
            Kind.UNKNOWN,
            f"Sent, and whether it happened is not known: {sending.title}",
            past,
            "Start the same command again: it looks first and repeats nothing.",
        ),
    )


class _Out:
    """What is said while something is changed. When nobody reads it any more it goes nowhere."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._bar = Progress()

    def progress(self, said: Said) -> None:
        with contextlib.suppress(OSError):
            self._bar.show(said.done or 0, said.total or 0, said.text)

    def say(self, line: str) -> None:
        if not self._json:
            self._write(lambda: write_text([line]))

    def result(self, plan: Plan, events: list[Event], ended: Ended) -> None:
        if self._json:
            self._write(lambda: write_json(operation_json(plan, None, events, ended)))
        else:
            lines = [f"{_SIGNS[ended.outcome]} {ended.sentence}", *([ended.url] if ended.url else [])]
            self._write(lambda: write_text(lines))
        problem = ended.problem
        if problem is not None:
            with contextlib.suppress(OSError):
                write_error(problem, as_json=False)

    def _write(self, write: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            self._bar.clear()
        try:
            write()
            sys.stdout.flush()
        except OSError:
            drop_stdout()


def _show_first(lines: list[str]) -> None:
    """The plan, before anything is changed: where it cannot be shown, nothing is."""
    try:
        write_text(lines)
        sys.stdout.flush()
    except OSError as error:
        drop_stdout()
        raise RelmanError(
            Problem(Kind.LOCAL, "The plan could not be shown: nothing was changed", reason_of(error))
        ) from None


def _is_progress(before: Event, now: Said) -> bool:
    return isinstance(before, Said) and before.step == now.step and before.total is not None


def _texts(plan: Plan, prepared: Prepared[Any], operator: Operator) -> list[str]:
    return [" " * line.indent + line.text for line in lines(plan, operator.clock.now(), prepared.refusal)]


def _agreed(plan: Plan, consent: Consent) -> str:
    """The word that was given, "" where none is needed. Raises where nobody agreed."""
    if plan.word:
        if consent.confirm:
            return consent.confirm  # the operator compares it
        if consent.yes:
            raise _refused(f"This changes {plan.environment or 'production'}: --yes is not enough", plan.word)
        if consent.ask is None:
            raise _refused("Nobody is there to be asked", plan.word)
        given = consent.ask(f"Type {clean_line(plan.word)} to go on: ").strip()
        if given != plan.word:
            raise _refused("Not confirmed: nothing was changed", plan.word)
        return given
    if consent.yes:
        return ""
    if consent.ask is None:
        raise usage_error(
            "Nobody is there to be asked", hint="Say --yes to carry it out, --dry-run to see the plan."
        )
    if consent.ask("Go on? [y/N] ").strip().casefold() not in {"y", "yes"}:
        raise _refused("Not confirmed: nothing was changed", "")
    return ""


def _refused(title: str, word: str) -> RelmanError:
    hint = f"Say --confirm {word} to carry it out, --dry-run to see the plan." if word else ""
    return RelmanError(Problem(Kind.REFUSED, title, hint=hint))


def _said(event: Event) -> str:
    match event:
        case Begun(step=step, number=number, of=of):
            return f"{number}/{of} {clean_line(step.title)}"
        case Said(text=text):
            return f"    {clean_line(text)}"
        case StepEnded(outcome=outcome, detail=detail):
            return f"  {_SIGNS[outcome]} {outcome}{': ' + clean_line(detail) if detail else ''}"
        case _:
            return ""


def plan_json(plan: Plan, refusal: Problem | None) -> dict[str, Any]:
    """A plan as ``relman.plan/1`` and ``relman.operation/1`` have it."""
    return {
        "action": plan.action,
        "title": clean_line(plan.title),
        "repository": plan.repo,
        "target": plan.target,
        "environment": plan.environment,
        "production": plan.production,
        "rollback": plan.rollback,
        "who": plan.who,
        "confirm": plan.word,
        "changes": [
            {"what": change.what, "from": change.before, "to": change.after} for change in plan.changes
        ],
        "checks": [
            {
                "key": check.key,
                "title": check.title,
                "verdict": check.verdict.value,
                "evidence": list(check.evidence),
                "overridable": check.overridable,
                "reason": check.reason,
            }
            for check in plan.checks
        ],
        "warnings": list(plan.warnings),
        "irreversible": list(plan.irreversible),
        "text": plan.text,
        "steps": [
            {"key": step.key, "title": step.title, "request": step.request, "undo": step.undo}
            for step in plan.steps
        ],
        "facts_at": moment(plan.facts_at),
        "refusal": problem_json(refusal),
        "details": dict(plan.details),
    }


def event_json(event: Event) -> dict[str, Any]:
    """One event of ``relman.operation/1``."""
    match event:
        case Begun(step=step, number=number, of=of):
            return {"event": "begun", "step": step.key, "number": number, "of": of}
        case Said(step=step, text=text, done=done, total=total):
            return {
                "event": "said",
                "step": step.key,
                "text": clean_line(text),
                "done": done,
                "total": total,
            }
        case StepEnded(step=step, outcome=outcome, detail=detail, problem=problem):
            return {
                "event": "ended",
                "step": step.key,
                "outcome": outcome.value,
                "detail": clean_line(detail),
                "problem": problem_json(problem),
            }
        case Ended():
            raise AssertionError("the result is no event")


def operation_json(
    plan: Plan, refusal: Problem | None, events: Sequence[Event], ended: Ended
) -> dict[str, Any]:
    """A whole operation as ``relman.operation/1``."""
    return {
        "schema": OPERATION_SCHEMA,
        "plan": plan_json(plan, refusal),
        "events": [event_json(event) for event in events],
        "result": _result_json(ended),
    }


def _result_json(ended: Ended) -> dict[str, Any]:
    return {
        "outcome": ended.outcome.value,
        "sentence": clean_line(ended.sentence),
        "problem": problem_json(ended.problem),
        "run_id": ended.run_id,
        "url": ended.url,
    }
