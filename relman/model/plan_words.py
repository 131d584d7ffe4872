"""A plan in words: the same lines in the dialog and on the command line."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from msgspec import Struct

from relman.errors import Problem
from relman.model.plan import Plan, Verdict
from relman.model.times import ago, brief
from relman.text import clean, clean_line

SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "×", Verdict.UNKNOWN: "?"}


class Tone(Enum):
    """What a line is, for whoever gives it a colour."""

    TITLE = "title"
    PLAIN = "plain"
    HEADING = "heading"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    REQUEST = "request"
    QUIET = "quiet"


class Line(Struct, frozen=True):
    text: str
    tone: Tone = Tone.PLAIN
    indent: int = 0


def lines(plan: Plan, now: datetime, refusal: Problem | None = None) -> tuple[Line, ...]:
    """Everything a person must know before saying yes. All text is clean; a line may be longer than a screen."""
    old = max(0.0, (now - plan.facts_at).total_seconds())
    return (
        Line(clean_line(plan.title), Tone.TITLE),
        Line(where(plan), Tone.QUIET),
        Line(""),
        *body(plan, refusal),
        Line(""),
        Line(f"Read {ago(plan.facts_at, now) if old >= 1 else 'just now'}", Tone.QUIET),
    )


def body(plan: Plan, refusal: Problem | None = None) -> tuple[Line, ...]:
    """What the plan says between its title and the age of its facts; what weighs most comes first."""
    parts = (_refusal(refusal), _changes(plan), _dangers(plan), _checks(plan), _steps(plan), _text(plan))
    told: list[Line] = []
    for part in parts:
        if part:
            told += [Line(""), *part] if told else part
    return tuple(told)


def where(plan: Plan) -> str:
    """Repository, target, environment and who acts, in one line."""
    parts = [plan.repo, plan.target, plan.environment, f"as {plan.who}" if plan.who else ""]
    return " · ".join(clean_line(part) for part in parts if part)


def _refusal(refusal: Problem | None) -> list[Line]:
    return [] if refusal is None else [Line(f"× {clean_line(refusal.sentence())}", Tone.BAD)]


def _changes(plan: Plan) -> list[Line]:
    width = max((len(clean_line(change.what)) for change in plan.changes), default=0)
    return [
        Line(
            f"{clean_line(change.what):<{width}}  {clean_line(change.before) or 'nothing'} → "
            f"{clean_line(change.after) or 'nothing'}"
        )
        for change in plan.changes
    ]


def _dangers(plan: Plan) -> list[Line]:
    told = [Line(f"▲ {clean_line(warning)}", Tone.WARNING) for warning in plan.warnings]
    if plan.irreversible:
        told += [Line("")] if told else []
        told.append(Line("Cannot be undone", Tone.HEADING))
        told += [Line(f"■ {clean_line(item)}", Tone.WARNING, 1) for item in plan.irreversible]
    return told


def _checks(plan: Plan) -> list[Line]:
    told = [Line("Checks", Tone.HEADING)] if plan.checks else []
    for check in plan.checks:
        overridden = check.verdict is not Verdict.PASSED and not check.blocks
        tone = Tone.GOOD if check.verdict is Verdict.PASSED else Tone.WARNING if overridden else Tone.BAD
        name = "" if check.verdict is Verdict.PASSED else f" ({clean_line(check.key)})"
        told.append(Line(f"{SIGNS[check.verdict]} {clean_line(check.title)}{name}", tone, 1))
        told += [Line(clean_line(item), Tone.QUIET, 3) for item in check.evidence]
        if overridden:
            told.append(Line(f"▲ overridden: {clean_line(check.reason)}", Tone.WARNING, 3))
    return told


def _steps(plan: Plan) -> list[Line]:
    if not plan.steps:
        return [Line("There is nothing to do.")]
    told = [Line("What is sent", Tone.HEADING)]
    for number, step in enumerate(plan.steps, start=1):
        told.append(Line(f"{number}. {clean_line(step.title)}", Tone.PLAIN, 1))
        if step.request:
            told.append(Line(clean_line(step.request), Tone.REQUEST, 4))
        if step.undo:
            told.append(Line(f"undone by: {clean_line(step.undo)}", Tone.QUIET, 4))
    return told


def _text(plan: Plan) -> list[Line]:
    text = clean(plan.text).strip("\n")
    if not text.strip():
        return []
    return [
        Line(clean_line(plan.text_title), Tone.HEADING),
        *(Line(line.expandtabs(4), Tone.PLAIN, 1) for line in text.splitlines()),
    ]


def age(plan: Plan, now: datetime) -> str:
    """How old the facts are: "4s"."""
    return brief(max(0.0, (now - plan.facts_at).total_seconds()))
