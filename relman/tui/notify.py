"""Calling a person when something begins to wait for them: the bell, and a notification of the terminal.

At the start nothing calls: what waited before relman was opened stands on the screen. Afterwards every gate
calls once, when it becomes this person's to answer, however often the board is read again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime

from relman.model.board import Board, Section
from relman.model.environment import PendingDeployment
from relman.model.state import State
from relman.model.waiting import Waiting, begun, waiting
from relman.text import clean_line

BELL = "\a"
_LONGEST = 200  # characters: terminals cut long ones, some badly


def notification_sequences(text: str, environment: Mapping[str, str] | None = None) -> str:
    """A desktop notification, asked of the terminal in front of the person.

    OSC 9 (iTerm2, WezTerm, kitty, Ghostty, Windows Terminal) and OSC 777 (urxvt, foot, VTE); a terminal that
    knows neither shows nothing. OSC 9 is progress, not a message, for some where the text begins with "4;".
    Inside tmux both are wrapped, which needs ``allow-passthrough on``; bare, tmux drops them.
    """
    environment = os.environ if environment is None else environment
    said = clean_line(text, _LONGEST).replace(";", ",")
    both = [f"\x1b]9;{said}\x07", f"\x1b]777;notify;relman;{said}\x07"]
    if environment.get("TMUX"):
        doubled = "".join(both).replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    if environment.get("STY"):  # screen passes a string on, one at a time
        return "".join(f"\x1bP{one}\x1b\\" for one in both)
    return "".join(both)


class Herald:
    """Remembers what waits. ``since`` is when relman was opened; ``bell`` and ``desktop`` are what the person wants."""

    def __init__(self, since: datetime, *, bell: bool = True, desktop: bool = True) -> None:
        self._since = since
        self._bell = bell
        self._desktop = desktop
        self._before: dict[tuple[int, int, int], Waiting] | None = None

    def heard(self, board: Board, now: datetime) -> tuple[tuple[Waiting, ...], str]:
        """What began to wait for this person since the board before, and what to say to the terminal for it.

        ``now`` is the server's clock. Nothing begins before the runs and what waits in them were read once
        since relman was opened: the board of an earlier day knows nothing of today's.
        """
        if self._before is None and not _read(board, self._since):
            return (), ""
        gates = waiting(board, now)
        fresh = begun(self._before, gates)
        # What was once seen waiting stays known: a section that fails for a moment must not call twice.
        self._before = {**(self._before or {}), **{gate.key: gate for gate in gates}}
        while len(self._before) > 500:
            del self._before[next(iter(self._before))]
        return fresh, self._words(fresh) if fresh else ""

    def _words(self, fresh: Sequence[Waiting]) -> str:
        said = notification_sequences(summary(fresh)) if self._desktop else ""
        return said + (BELL if self._bell else "")


def summary(gates: Sequence[Waiting]) -> str:
    """ "production waits for you: CD #788 v1.9.0", or how many do."""
    first = gates[0]
    run = first.run
    name = clean_line(first.pending.environment, 60)
    if len(gates) > 1:
        return f"{len(gates)} deployments wait for you, {name} first"
    return f"{name} waits for you: {clean_line(run.name, 60)} #{run.number} {clean_line(run.branch or '', 60)}".rstrip()


def _read(board: Board, since: datetime) -> bool:
    """Whether the runs, and the gates of those that wait and are followed, were read after ``since``."""
    if board.runs.fetched_at is None or board.runs.fetched_at < since:
        return False
    from relman.board.schedule import WAITING_FOLLOWED  # by now it is loaded; at the start nobody asks

    runs = [run for run in board.runs.value or () if run.state is State.WAITING][:WAITING_FOLLOWED]
    return all(_answered(board.pending.get(run.id, Section()), since) for run in runs)


def _answered(section: Section[tuple[PendingDeployment, ...]], since: datetime) -> bool:
    return section.error is not None or (section.fetched_at is not None and section.fetched_at >= since)
