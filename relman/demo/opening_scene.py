"""The moments just before the world begins, so that a visitor finds something of every kind.

A CI run in progress, a production deploy behind its wait timer, a failed CI run, and staging a little
ahead of what waits for production.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from relman.demo.daily_work import DailyWork
from relman.demo.failures import FINE, Fate
from relman.demo.history import Calendar
from relman.demo.records import PullRecord
from relman.demo.release_train import ReleaseTrain
from relman.demo.subjects import FEAT, FIX, REFACTOR


class OpeningScene:
    def __init__(self, calendar: Calendar, work: DailyWork, train: ReleaseTrain) -> None:
        self._work = work
        self._train = train
        self._pulls: dict[str, PullRecord] = {}
        for minutes, action in (
            (205.35, partial(self._open, "released", "feat", FEAT)),
            (112.6, partial(self._merge, "released")),
            (86.15, partial(self._open, "ahead", "fix", FIX)),
            (84.4, partial(self._open, "further ahead", "feat", FEAT)),
            (57.25, partial(self._merge, "ahead")),
            (35.7, partial(self._merge, "further ahead")),
            (26.55, partial(self._open, "red", "fix", FIX, Fate("unit", steady=True))),
            (4.85, self._tag),
            (4.7, partial(self._open, "running", "refactor", REFACTOR)),
        ):
            work.agenda.at(calendar.start - timedelta(minutes=minutes), action)

    def _open(self, role: str, kind: str, table: tuple[tuple[str, str], ...], fate: Fate = FINE) -> None:
        self._pulls[role] = self._work.open(self._work.subjects.deal_kind(kind, table), fate=fate)

    def _merge(self, role: str) -> None:
        pull = self._pulls[role]
        if pull.open:  # in the ordinary course of the day somebody may have been faster
            self._work.merge(pull, fate=FINE)

    def _tag(self) -> None:
        self._train.cut(head=self._pulls["released"].merge_commit)
