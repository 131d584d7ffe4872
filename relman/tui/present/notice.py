"""What a pane says when it has nothing to show, or shows something old: what is wrong and what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.board import Section
from relman.model.state import Tone
from relman.model.times import brief, clock, until
from relman.tui.present.piece import BLANK, Line, Piece, joined, plain, quiet, safe, wrap

T = TypeVar("T")


class Notice(Struct, frozen=True):
    """A pane's own message. ``title`` one short line, ``lines`` sentences, ``hint`` the next thing to do."""

    glyph: str
    title: str
    lines: tuple[str, ...] = ()
    hint: str = ""
    tone: Tone = Tone.QUIET

    def draw(self, width: int) -> list[Line]:
        """The message in at most ``width`` cells, a blank line between its parts."""
        room = max(8, width - 2)
        drawn: list[Line] = [(Piece(f"{self.glyph} ", self.tone), Piece(self.title, strong=True))]
        for text in self.lines:
            drawn.extend(plain("  " + line, Tone.QUIET) for line in wrap(text, room))
        if self.hint:
            drawn.append(BLANK)
            drawn.extend(plain("  " + line) for line in wrap(self.hint, room))
        return drawn


_LOOK: dict[Kind, tuple[str, Tone]] = {
    Kind.AUTH: ("■", Tone.WAITING),
    Kind.PERMISSION: ("■", Tone.WAITING),
    Kind.SSO: ("■", Tone.WAITING),
    Kind.PLAN: ("■", Tone.QUIET),
    Kind.NOT_YET: ("○", Tone.QUIET),
    Kind.GONE: ("○", Tone.QUIET),
    Kind.RATE_LIMIT: ("▲", Tone.WAITING),
    Kind.NETWORK: ("▲", Tone.BAD),
    Kind.SERVER: ("▲", Tone.BAD),
}
_NEXT: dict[Kind, str] = {
    Kind.AUTH: "Set GH_TOKEN, or run `gh auth login`, and start relman again.",
    Kind.PERMISSION: "Give the token this permission; the other panes work without it.",
    Kind.SSO: "Authorise the token for the organisation's single sign-on.",
    Kind.NOT_FOUND: "Check the repository's name, and whether the token may see it.",
    Kind.RATE_LIMIT: "Nothing is asked before then; relman goes on by itself.",
    Kind.NETWORK: "relman tries again by itself; r tries now.",
    Kind.SERVER: "relman tries again by itself; r tries now.",
}


_BY_ITSELF = frozenset({Kind.NETWORK, Kind.SERVER, Kind.RATE_LIMIT})
_BY_HAND = "r tries again."


def look_of(problem: Problem) -> tuple[str, Tone]:
    """Glyph and tone of what could not be read."""
    return _LOOK.get(problem.kind, ("▲", Tone.BAD))


def refusal(problem: Problem, now: datetime, *, by_hand: bool = False) -> Notice:
    """What could not be read and has nothing older to show.

    ``by_hand`` is what nobody asks for again but the person: it promises nothing.
    """
    glyph, tone = look_of(problem)
    lines = [safe(problem.detail, 400)] if problem.detail else []
    if problem.retry_at is not None and problem.retry_at > now:
        when = "Not before" if by_hand else "Asked again at"
        lines.append(f"{when} {clock(problem.retry_at, now)} ({until(problem.retry_at, now)}).")
    hint = safe(problem.hint, 400)
    if problem.kind in (Kind.NETWORK, Kind.SERVER):
        # Who tries again stands in the last line.
        rest = hint.removeprefix("Try again").lstrip(";. ")
        lines += [rest[:1].upper() + rest[1:]] if rest else []
        hint = ""
    following = _BY_HAND if by_hand and problem.kind in _BY_ITSELF else _NEXT.get(problem.kind, _BY_HAND)
    return Notice(
        glyph,
        safe(problem.title, 200) or "This could not be read",
        tuple(lines),
        hint or following,
        tone,
    )


def too_small(
    width: int,
    height: int,
    least: tuple[int, int],
    hint: str = "Make it larger, or use `relman status`. q leaves.",
) -> Notice:
    """A window of these cells, in which nothing could be read."""
    return Notice(
        "▲",
        "This window is too small",
        (
            f"It has {width} × {height} cells; relman needs {least[0]} × {least[1]}, and is at its best from 80 × 24.",
        ),
        hint,
        Tone.WAITING,
    )


def loading(what: str) -> Notice:
    return Notice(
        "○", f"Reading {what}", ("This is the first time; after that the last state is shown at once.",)
    )


def instead(section: Section[T], what: str, now: datetime, refused: Problem | None = None) -> Notice | None:
    """What to show in place of a section without a value; None when it has one.

    ``refused`` is why nobody asks for it, where that is so.
    """
    if section.value is not None:
        return None
    problem = section.error or refused
    return loading(what) if problem is None else refusal(problem, now)


def staleness(section: Section[T], now: datetime) -> Line:
    """One line over old data: how old, why, and when it is asked for again, or what asks now. Empty while all
    is well."""
    if section.value is None or section.error is None:
        return BLANK
    age = section.age(now)
    since = f"as of {brief(age.total_seconds())} ago" if age is not None else "of unknown age"
    parts: list[Line] = [plain(f"▲ {since}", Tone.WAITING), (quiet(safe(section.error.title, 120)),)]
    retry = section.error.retry_at
    if retry is not None and retry > now:
        parts.append((quiet(f"again {until(retry, now)}"),))
    elif section.error.kind in (Kind.NETWORK, Kind.SERVER):
        parts.append((quiet("r tries now"),))
    return joined(parts)
