"""Asks what is due. Everything it decides is in :mod:`relman.board.schedule`; this is the loop around it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Hashable
from datetime import datetime
from typing import Final

from msgspec import structs

from relman.board.ports import Clock
from relman.board.refresh import Refresher
from relman.board.schedule import Asked, Rhythm, agenda, paused_until, retry_delay, wants
from relman.board.sections import Ask, Part
from relman.board.store import Store
from relman.board.view import View
from relman.errors import Kind, Problem

_AT_ONCE: Final = 4
"""Requests in flight."""
_SETTLE: Final = 0.15
"""Seconds the highlight must rest on a run before its jobs are asked for."""
_LONGEST_SLEEP: Final = 5.0
"""Seconds; a laptop that slept, or a clock that was set, is noticed within this."""
_REMEMBERED: Final = 500
_SHARED = frozenset({Kind.NETWORK, Kind.AUTH})
"""Failures that say nothing about the one section: when one recovers, all do."""


class Poller:
    """Keeps the board of ``store`` current while it runs. All methods are called on the loop's thread."""

    def __init__(
        self, store: Store, refresher: Refresher, clock: Clock, *, rhythm: Rhythm | None = None
    ) -> None:
        self._store = store
        self._refresher = refresher
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._view = View()
        self._last: dict[Ask, Asked] = {}
        self._forced: dict[Ask, None] = {}
        self._running: dict[Ask, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._looked_at = 0.0
        self._shared_failures: set[Ask] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def view(self) -> View:
        return self._view

    def look(self, view: View) -> None:
        """Tells what is in view. Cheap: call it on every move of the highlight."""
        if view != self._view:
            self._view = view
            self._looked_at = self._clock.monotonic()
            self._wake.set()

    def refresh_now(self, *what: Ask | Part) -> None:
        """Asks at once: the named sections, every known key of a named part, or all that is in view.

        A question already on its way is asked again after it, because its answer may be older than the
        change that is to be seen. A pause of the budget is respected.
        """
        wanted = wants(self._store.board, self._view, health=self._refresher.checks, rhythm=self._rhythm)
        known = {**wanted, **self._last}
        for one in what or tuple(wanted):
            if isinstance(one, Ask):
                self._forced[one] = None
            else:
                self._forced |= {ask: None for ask in known if ask.part is one}
        self._wake.set()

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._loop(), name="board poller")

    async def stop(self) -> None:
        """Cancels everything on its way and returns when nothing is left. Can be started again."""
        tasks = [*self._running.values(), *([self._task] if self._task else [])]
        self._task = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    async def _loop(self) -> None:
        while True:
            self._wake.clear()
            sleep = self._start_due()
            try:
                async with asyncio.timeout(sleep):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _start_due(self) -> float:
        """Starts what is due and may start; gives the seconds until something else can be due."""
        now = self._clock.now()
        board, view = self._store.board, self._view
        settling = self._looked_at + _SETTLE - self._clock.monotonic()
        upcoming = agenda(board, view, self._last, now, health=self._refresher.checks, rhythm=self._rhythm)
        paused = self._pause(now)
        forced = [(ask, now) for ask in self._forced if ask.part is Part.HEALTH or not paused]
        sleep = _LONGEST_SLEEP
        for ask, at in [*forced, *(entry for entry in upcoming if entry[0] not in self._forced)]:
            if ask in self._running:
                continue
            if at > now:
                sleep = min(sleep, (at - now).total_seconds())
            elif settling > 0 and ask.key in {view.run_id, view.job_id} and ask.key is not None:
                sleep = min(sleep, settling)
            elif len(self._running) < _AT_ONCE:
                self._start(ask)
        return max(0.01, sleep)

    def _pause(self, now: datetime) -> bool:
        return paused_until(self._store.board, now) is not None

    def _start(self, ask: Ask) -> None:
        self._forced.pop(ask, None)
        task = asyncio.get_running_loop().create_task(self._ask(ask), name=f"board {ask}")
        self._running[ask] = task

    async def _ask(self, ask: Ask) -> None:
        want = wants(self._store.board, self._view, health=self._refresher.checks, rhythm=self._rhythm).get(ask)
        stamp = want.stamp if want else None
        try:
            problem = await self._refresher.refresh(ask)
        finally:
            self._running.pop(ask, None)
            self._wake.set()
        self._note(ask, stamp, problem)

    def _note(self, ask: Ask, stamp: Hashable, problem: Problem | None) -> None:
        now = self._clock.now()
        if problem is None:
            self._last[ask] = Asked(now, stamp)
            if ask.part is not Part.HEALTH:
                self._recover(now)
        else:
            before = self._last.get(ask)
            failures = before.failures + 1 if before else 1
            # The chance only spreads retries; nothing secret hangs on it.
            delay = retry_delay(failures, problem, random.random(), self._rhythm)  # noqa: S311
            self._last[ask] = Asked(now, stamp, failures, delay, problem)
            if problem.kind in _SHARED:
                self._shared_failures.add(ask)
                if problem.kind is Kind.AUTH and ask.part is not Part.VIEWER:
                    self.refresh_now(Ask(Part.VIEWER))
        self._forget()

    def _recover(self, now: datetime) -> None:
        """After the connection or the token was gone for several, one success brings all of them back."""
        failed, self._shared_failures = self._shared_failures, set()
        if len(failed) < 2:
            return
        for ask in failed:
            asked = self._last.get(ask)
            if asked is not None and asked.problem is not None and asked.problem.kind in _SHARED:
                soon = random.random() * 2  # noqa: S311
                self._last[ask] = structs.replace(asked, at=now, delay=soon)

    def _forget(self) -> None:
        """Keyed asks that are long out of view are dropped, oldest first."""
        while len(self._last) > _REMEMBERED:
            del self._last[min(self._last, key=lambda ask: self._last[ask].at)]
