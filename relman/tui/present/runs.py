"""The runs list: what waits or runs on top, then the newest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from relman.model.run import Run
from relman.model.state import State, Tone
from relman.model.times import between, brief, duration
from relman.tui.present.columns import Column, header, row
from relman.tui.present.piece import Line, Piece, quiet, safe

_COLUMNS = (
    Column("", 1),
    Column("workflow", 14, least=10, rank=7),
    Column("title", 36, least=18, grow=True),
    Column("branch", 18, least=10, rank=3),
    Column("by", 12, least=6, rank=1),
    Column("took", 7, right=True, rank=2),
    Column("age", 4, right=True),
)


def ordered(runs: Sequence[Run]) -> list[Run]:
    """Waiting for a person first, then what is on its way, then the rest; the order within stays."""
    return sorted(runs, key=lambda run: _place(run.state))


def _place(state: State) -> int:
    if state in (State.WAITING, State.ACTION_REQUIRED):
        return 0
    return 1 if state.active else 2


class RunsPresenter:
    """Lines of runs. ``offset`` is the server's clock minus this machine's."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def key(self, run: Run) -> int:
        return run.id

    def header(self, room: int) -> Line:
        return header(_COLUMNS, room)

    def line(self, run: Run, room: int, now: datetime) -> Line:
        there = now + self.offset
        state = run.state
        tone = state.tone
        title = Piece(safe(run.title) or safe(run.short_sha), Tone.QUIET if tone is Tone.QUIET else Tone.PLAIN)
        began = run.started_at or run.created_at
        took = between(began, run.updated_at if state.finished else None, there)
        age = between(run.created_at, None, there)
        running = not state.finished and state not in (State.WAITING, State.ACTION_REQUIRED)
        cells: tuple[Line, ...] = (
            (Piece(state.glyph, tone),),
            (Piece(safe(run.name, 60) or "run"), quiet(f" #{run.number}")),
            (title,),
            (quiet(safe(run.branch or "", 120)),),
            (quiet(safe(run.actor, 40)),),
            (Piece(duration(took) if took is not None else "", Tone.ACTIVE if running else Tone.QUIET),),
            (quiet(brief(age) if age is not None else ""),),
        )
        return row(cells, _COLUMNS, room)


def counts(runs: Sequence[Run]) -> Line:
    """How many wait and how many run: the title of the pane in figures."""
    found = Counter(run.state for run in runs)
    waiting = found[State.WAITING] + found[State.ACTION_REQUIRED]
    active = sum(count for state, count in found.items() if state.active and state is not State.WAITING)
    parts: list[Piece] = []
    if waiting:
        parts.append(Piece(f"{State.WAITING.glyph} {waiting} waiting", Tone.WAITING))
    if active:
        if parts:
            parts.append(quiet("  "))
        parts.append(Piece(f"{State.RUNNING.glyph} {active} running", Tone.ACTIVE))
    return tuple(parts)
