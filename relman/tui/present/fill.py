"""How far the history of finished runs has come, in a few words."""

from __future__ import annotations

from relman.model.board import Board
from relman.model.state import Tone
from relman.tui.present.piece import BLANK, Line, plain

_FEW = 25  # runs whose jobs are to be read: from here on it is the usual keeping up, and nobody is told


def fill_line(board: Board) -> Line:
    """What is read in the background; empty once the history is there."""
    fill = board.fill
    if fill.error is not None and not fill.done:
        return plain("▲ history paused", Tone.WAITING)
    if fill.done:
        left = fill.jobs_left
        return plain(f"history: jobs of {left:,} runs to read", Tone.QUIET) if left >= _FEW else BLANK
    if fill.target is None:
        return BLANK
    newest = max((run.created_at for run in board.runs.value or () if run.created_at is not None), default=None)
    if newest is None or fill.reached is None or newest <= fill.target:
        return plain(f"history: {fill.runs:,} runs", Tone.QUIET)
    share = (newest - fill.reached) / (newest - fill.target)
    return plain(f"history: {min(99, max(0, int(share * 100)))} % of the runs", Tone.QUIET)
