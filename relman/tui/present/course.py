"""A change in the dialog: the plan, what is under way, and how it ended, as lines for a width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from relman.errors import Problem
from relman.model.operation import Begun, Ended, Event, Outcome, Said, StepEnded
from relman.model.plan import Plan, Step
from relman.model.plan_words import Line as Words
from relman.model.plan_words import Tone as Meaning
from relman.model.plan_words import body
from relman.model.state import Tone
from relman.model.times import duration
from relman.tui.present.piece import BLANK, Line, Piece, plain, quiet, safe, wrap

_MOST = 2000  # rows that one text may fill
_TONES = {
    Meaning.TITLE: Tone.PLAIN,
    Meaning.PLAIN: Tone.PLAIN,
    Meaning.HEADING: Tone.PLAIN,
    Meaning.GOOD: Tone.PLAIN,
    Meaning.BAD: Tone.BAD,
    Meaning.WARNING: Tone.WAITING,
    Meaning.REQUEST: Tone.ACTIVE,
    Meaning.QUIET: Tone.QUIET,
}
LOOKS = {
    Outcome.DONE: ("✓", Tone.GOOD),
    Outcome.REFUSED: ("■", Tone.WAITING),
    Outcome.FAILED: ("×", Tone.BAD),
    Outcome.UNKNOWN: ("?", Tone.WAITING),
}
_SIGNS = "✓×?▲■"


def plan_lines(plan: Plan, refusal: Problem | None, note: str, room: int) -> list[Line]:
    """The plan in at most ``room`` cells; ``note`` stands above it."""
    drawn: list[Line] = []
    if note:
        drawn += [*_hung(f"▲ {note}", Tone.WAITING, 0, room), BLANK]
    for words in body(plan, refusal):
        drawn += _drawn(words, room)
    return drawn


def run_lines(plan: Plan, events: Sequence[Event], ended: Ended | None, now: datetime, room: int) -> list[Line]:
    """Every step with its state and what was said about it, then the result."""
    del now
    outcomes = {event.step.key: event for event in events if isinstance(event, StepEnded)}
    begun = [event.step for event in events if isinstance(event, Begun)]
    said = {event.step.key: event for event in events if isinstance(event, Said)}
    steps = [*begun, *(step for step in plan.steps if all(step.key != one.key for one in begun))]
    drawn: list[Line] = []
    for number, step in enumerate(steps, start=1):
        over = outcomes.get(step.key)
        under_way = step in begun and over is None and ended is None
        drawn += _step(number, step, over, under_way, room, begun=step in begun)
        words = said.get(step.key)
        if words is not None and under_way:
            drawn += _hung(words.text, Tone.QUIET, 5, room)
            if words.total:
                drawn.append(_bar(words.done or 0, words.total, room))
    if ended is not None:
        drawn += [BLANK, *_result(ended, room)]
    return drawn


def unread_lines(problem: Problem, room: int) -> list[Line]:
    """The plan could not be made."""
    drawn = [
        *_hung(f"× {safe(problem.title)}", Tone.BAD, 0, room),
        *_hung(safe(problem.detail, 1000), Tone.QUIET, 2, room),
    ]
    if problem.hint:
        drawn += [BLANK, *_hung(safe(problem.hint), Tone.PLAIN, 2, room)]
    return [*drawn, BLANK, *_hung("Nothing was sent.", Tone.PLAIN, 2, room)]


def elapsed(began: datetime | None, until: datetime) -> str:
    return "" if began is None else duration((until - began).total_seconds())


def _step(
    number: int, step: Step, over: StepEnded | None, under_way: bool, room: int, *, begun: bool
) -> list[Line]:
    glyph, tone = LOOKS[over.outcome] if over is not None else ("◐", Tone.ACTIVE)
    if over is None and not under_way:
        glyph, tone = ("?", Tone.WAITING) if begun else ("○", Tone.QUIET)
    rows = wrap(safe(step.title, 1000), room - 5, _MOST)
    words = Tone.QUIET if over is None and not under_way else Tone.PLAIN
    drawn: list[Line] = [
        (Piece(f"{glyph} ", tone), quiet(f"{number}  "), Piece(row, words))
        if not index
        else (Piece("     "), Piece(row, words))
        for index, row in enumerate(rows)
    ]
    if over is not None and over.problem is None and over.detail:
        drawn += _hung(over.detail, Tone.QUIET, 5, room)
    return drawn


def _result(ended: Ended, room: int) -> list[Line]:
    glyph, tone = LOOKS[ended.outcome]
    rows = wrap(safe(ended.sentence, 1000), room - 2, _MOST)
    drawn: list[Line] = [
        (Piece(f"{glyph} " if not index else "  ", tone), Piece(row, strong=True))
        for index, row in enumerate(rows)
    ]
    problem = ended.problem
    if problem is not None:
        drawn += _hung(safe(problem.title, 1000), tone, 2, room)
        drawn += _hung(safe(problem.detail, 2000), Tone.QUIET, 2, room)
        if problem.hint:
            drawn += [BLANK, *_hung(safe(problem.hint, 1000), Tone.PLAIN, 2, room)]
    if ended.url:
        drawn += _hung(safe(ended.url, 500), Tone.QUIET, 2, room)
    return drawn


def _bar(done: int, total: int, room: int) -> Line:
    figures = f" {done:,} of {total:,}"
    cells = max(4, min(40, room - 5 - len(figures)))
    full = min(cells, done * cells // max(1, total))
    return (
        Piece("     "),
        Piece("━" * full, Tone.ACTIVE),
        Piece("─" * (cells - full), Tone.QUIET),
        quiet(figures),
    )


def _drawn(words: Words, room: int) -> list[Line]:
    if not words.text:
        return [BLANK]
    if words.tone is Meaning.HEADING:
        return [plain(words.text, strong=True)]
    if words.tone is Meaning.GOOD and words.text[0] in _SIGNS:
        first, *rest = _hung(words.text, Tone.PLAIN, words.indent, room)
        at = words.indent
        text = first[0].text
        return [(Piece(text[: at + 1], Tone.GOOD), Piece(text[at + 1 :])), *rest]
    return _hung(words.text, _TONES[words.tone], words.indent, room)


def _hung(text: str, tone: Tone, indent: int, room: int) -> list[Line]:
    """A text from ``indent`` on; its further rows stand below its first word, behind a sign or number."""
    if not text:
        return []
    head, _, _ = text.partition(" ")
    hang = len(head) + 1 if len(head) <= 3 and (head in _SIGNS or head.rstrip(".").isdigit()) else 0
    rows = wrap(text, room - indent - hang, _MOST)
    return [plain(" " * (indent + (hang if index else 0)) + row, tone) for index, row in enumerate(rows)]
