"""The header: the whole release in one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from relman.errors import Kind
from relman.model.board import Board, Section
from relman.model.environment import Deployment, PendingDeployment, live_of
from relman.model.state import State, Tone
from relman.model.summary import version_of
from relman.model.times import brief, clock
from relman.tui.present.piece import BLANK, Line, Piece, cut, quiet, safe, spread, width_of

_ROOMY = 100  # cells: from here on the facts stand three cells apart, else two
_DEPLOYING = {
    "in_progress": State.RUNNING,
    "queued": State.QUEUED,
    "pending": State.PENDING,
    "waiting": State.WAITING,
}


class Part(Struct, frozen=True):
    """One fact of the header in several lengths, longest first; an empty last one lets it go.

    ``ranks`` has one number for each step from a form to the next: the lowest of the line is taken first.
    Facts get shorter before any goes, so all words come before all letters, and letters before blanks.
    """

    forms: tuple[Line, ...]
    ranks: tuple[int, ...] = ()


def header_line(board: Board, now: datetime, width: int, *, read_only: bool = False) -> Line:
    """The header in exactly ``width`` cells. ``now`` is this machine's clock."""
    places = _environments(board)
    left = [_repository(board), *places]
    right = [part for part in (_waiting(board), _budget(board, now), _age(board, now)) if part]
    if read_only:
        mark = Piece("■", Tone.WAITING)
        right.append(Part(((mark, Piece(" read-only", Tone.WAITING)), (mark,)), (62,)))
    gap = "   " if width >= _ROOMY else "  "
    chosen = _choose([*left, *right], width - 2, gap)
    names = slice(1, 1 + len(places))
    if any(form is part.forms[-1] for form, part in zip(chosen[names], places, strict=True)):
        chosen[names] = [part.forms[-1] for part in places]  # names are cut short in all of them, or in none
    shown_left = _laid([form for form in chosen[: len(left)] if form], gap)
    shown_right = _laid([form for form in chosen[len(left) :] if form], gap)
    return (Piece(" "), *spread(shown_left, shown_right, max(0, width - 2)), Piece(" "))


def terminal_title(board: Board) -> str:
    """What the terminal's tab says: the repository, with a mark when something waits for you."""
    mine, _ = waiting_counts(board)
    name = safe(board.repo, 100)
    return f"{State.WAITING.glyph} {mine} waiting · {name}" if mine else f"{name} · relman"


def waiting_counts(board: Board) -> tuple[int, int]:
    """Deployments that wait for your review, and those that wait for somebody else's."""
    gates = [gate for run in board.open_runs for gate in _gates(board, run.id)]
    mine = sum(1 for gate in gates if gate.may_approve)
    return mine, len(gates) - mine


def _gates(board: Board, run_id: int) -> Sequence[PendingDeployment]:
    section = board.pending.get(run_id)
    return () if section is None else section.value or ()


def _laid(forms: Sequence[Line], gap: str) -> Line:
    pieces: list[Piece] = []
    for form in forms:
        if pieces:
            pieces.append(Piece(gap))
        pieces.extend(form)
    return tuple(pieces)


def _choose(parts: Sequence[Part], room: int, gap: str) -> list[Line]:
    """One form of every part, so that all fit in ``room``; the least important shrink first."""
    at = [0] * len(parts)
    shrunk: list[int] = []

    def needed() -> int:
        shown = [part.forms[index] for part, index in zip(parts, at, strict=True) if part.forms[index]]
        return sum(width_of(form) for form in shown) + len(gap) * max(0, len(shown) - 1)

    while needed() > room:
        open_ = [index for index, part in enumerate(parts) if at[index] + 1 < len(part.forms)]
        if not open_:
            break
        shrunk.append(min(open_, key=lambda index: (parts[index].ranks[at[index]], index)))
        at[shrunk[-1]] += 1
    for index in reversed(shrunk):  # the last step may have freed more room than was needed
        at[index] -= 1
        if needed() > room:
            at[index] += 1
    return [part.forms[index] for part, index in zip(parts, at, strict=True)]


def _repository(board: Board) -> Part:
    repository = board.repository.value
    owner, _, name = safe(board.repo, 100).rpartition("/")
    branch = safe(repository.default_branch, 40) if repository is not None else ""

    def form(owner: str, name: str, branch: str) -> Line:
        line = (Piece(f"{owner}/{name}" if owner else name, strong=True),)
        return (*line, quiet(f" · {branch}")) if branch else line

    forms = (
        form(owner, name, branch),
        form("", name, branch),
        form("", cut(name, 16), cut(branch, 8)),
        form("", cut(name, 12), cut(branch, 6)),
        form("", cut(name, 12), ""),
    )
    return Part(forms, (35, 64, 66, 80))


def _environments(board: Board) -> list[Part]:
    names = shown_environments(board)
    return [_environment(board, name, number) for number, name in enumerate(names)]


def shown_environments(board: Board) -> list[str]:
    """At most two, staging before production; without such names the two that were deployed to last."""
    known = [environment.name for environment in board.environments.value or ()]
    known += [name for name in (*board.deployments, *board.health) if name not in known]
    staging = next((name for name in known if "stag" in name.casefold()), None)
    production = next(
        (name for name in known if name.casefold() in ("prod", "production", "live")),
        next((name for name in known if "prod" in name.casefold()), None),
    )
    chosen = [name for name in (staging, production) if name is not None]
    for name in known:
        if len(chosen) < 2 and name not in chosen and _deployments(board, name):
            chosen.append(name)
    return chosen[:2]


def _deployments(board: Board, name: str) -> Sequence[Deployment]:
    section = board.deployments.get(name)
    return () if section is None else section.value or ()


def _environment(board: Board, name: str, number: int) -> Part:
    """Version, health, and what is on its way there; ``number`` is its place from the left."""
    section = board.deployments.get(name, Section())
    deployments = section.value or ()
    live = live_of(deployments)
    newest = deployments[0] if deployments else None
    health = board.health.get(name)
    answers = (health.value or ()) if health is not None else ()
    label = safe(name, 24)
    version = version_of(live) if live is not None else next((a.version for a in answers if a.version), None)
    absent = "nothing yet" if section.value is not None else "unknown" if section.error is not None else "…"
    shown = Piece(safe(version or absent, 30), Tone.PLAIN if version else Tone.QUIET)
    tail: list[Piece] = []
    words: list[Piece] = []
    if answers:
        ill = sum(1 for answer in answers if not answer.ok)
        if ill:
            tail.append(Piece(" ×", Tone.BAD))
            words.append(
                Piece(" unhealthy" if ill == len(answers) else f" {ill} of {len(answers)} down", Tone.BAD)
            )
        else:
            tail.append(Piece(" ✓", Tone.GOOD))
            words.append(Piece(" healthy", Tone.GOOD))
    if newest is not None and newest is not live:
        state = _DEPLOYING.get(newest.state)
        if state is not None:
            tail.append(Piece(f" {state.glyph}", state.tone))
            words.append(Piece(f" {safe(version_of(newest), 30)}", state.tone))
        elif newest.state in ("failure", "error"):
            tail.append(Piece(" ×", Tone.BAD))
            words.append(Piece(f" {safe(version_of(newest), 30)} failed", Tone.BAD))
    spoken = [piece for pair in zip(tail, words, strict=True) for piece in pair]
    named = [*tail]  # the version that is on its way keeps its name longer than what is well its word
    if tail and (not answers or len(tail) > 1):
        at = len(tail) - 1
        spoken.insert(2 * at, quiet(" →"))
        named = [*tail[:at], quiet(" →"), tail[at], words[at]]
    brief_label = label[:4] if len(label) > 5 else label
    return Part(
        (
            (quiet(f"{label} "), shown, *spoken),
            (quiet(f"{label} "), shown, *named),
            (quiet(f"{label} "), shown, *tail),
            (quiet(f"{brief_label} "), shown, *tail),
        ),
        (10 + number, 30 + number, 45 + number),
    )


def _waiting(board: Board) -> Part | None:
    mine, others = waiting_counts(board)
    glyph = Piece(f"{State.WAITING.glyph} ", Tone.WAITING)
    if not mine and not others:
        return None
    count = mine or others
    yours = "waits for you" if mine == 1 else "wait for you"
    words = (yours, "for you") if mine else ("in review", "in review")
    number = Piece(str(count), Tone.WAITING, strong=bool(mine))
    spoken = [(glyph, number._replace(text=f"{count} {word}")) for word in words]
    return Part((*spoken, (glyph, number)), (22, 50))


def _budget(board: Board, now: datetime) -> Part | None:
    budget = board.budget
    if budget.paused_until is not None and budget.paused_until > now:
        text = f"▲ API paused until {clock(budget.paused_until, now)}"
        return Part(((Piece(text, Tone.WAITING),), (Piece("▲ API", Tone.WAITING),)), (52,))
    left = budget.remaining
    if left is None:
        return None
    low = budget.limit is not None and left * 10 < budget.limit
    mark, tone = ("▲ ", Tone.WAITING) if low else ("", Tone.QUIET)
    amounts = [f"{left:,}", f"{left // 1000}.{left % 1000 // 100}k" if left >= 1000 else str(left)]
    if budget.limit is not None:
        amounts.insert(0, f"{left:,} of {budget.limit:,}")
    forms: list[Line] = [(Piece(f"{mark}API {amount}", tone),) for amount in amounts]
    return Part((*forms, BLANK), (*((20,) if budget.limit is not None else ()), 60, 85))


def _age(board: Board, now: datetime) -> Part:
    section = board.runs
    age = section.age(now)
    if section.error is not None:
        words = {
            Kind.AUTH: "no access",
            Kind.NETWORK: "offline",
            Kind.RATE_LIMIT: "paused",
            Kind.PERMISSION: "refused",
            Kind.SSO: "refused",
        }.get(section.error.kind, "stale")
        said = Piece(f"▲ {words}", Tone.WAITING)
        if age is None:
            return Part(((said,),))
        short = brief(age.total_seconds())
        tails = (f" · {short} old", f" {short}")
        return Part(tuple((said, Piece(tail, Tone.WAITING)) for tail in tails), (40,))
    if age is None:
        return Part(((quiet("○ reading"),),))
    short = f"{brief(age.total_seconds()):>3}"  # nothing beside it moves when the figures get longer
    return Part(((quiet(f"{short} old"),), (quiet(short),)), (40,))
