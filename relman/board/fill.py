"""Fills the history backwards in the background: newest first, a few requests at a time, resumable.

Runs come in windows of their creation time, because GitHub gives at most 1,000 results to one question;
a window with more is cut in two and asked again. What is complete is noted, so that a later start only
asks for what is missing. Then the jobs: first of the newest successful runs, because the expected
durations need them, then of the rest, and at last the statuses of older deployments.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from msgspec import structs

from relman.board.history import History
from relman.board.merge import with_runs
from relman.board.ports import Clock, GitHubReader
from relman.board.refresh import SETTLED_DEPLOYMENT, jobs_final
from relman.board.schedule import paused_until, retry_delay
from relman.board.spans import Span, cut, missing, reached
from relman.board.store import Store
from relman.errors import Kind, Problem, RelmanError
from relman.model.answer import Answer
from relman.model.board import Board, Fill
from relman.model.environment import Deployment
from relman.model.run import Run

T = TypeVar("T")

WEEKS: Final = 8
CAP: Final = 1000
"""Results GitHub gives to one filtered question, whatever there is."""
SHORTEST: Final = 60
"""Seconds; a window is not cut further. More than the cap within a minute is taken as far as it goes."""
_WINDOW: Final = 7 * 24 * 3600
_TYPICAL_OF: Final = 20
_BATCH: Final = 20
_RESERVE: Final = 0.2
"""Of the quota, left for what is in view."""
_HASTE: Final = 8
"""Times faster than spending the quota evenly: a first start is done in minutes, a small quota lasts."""
_DEPLOYMENT_PAGES: Final = 10
_SLEPT: Final = timedelta(minutes=10)
"""So long without a look at the newest page, more than a page of runs may have come."""
_LATE: Final = timedelta(hours=1)
"""After a run's end its list of jobs may be empty although there are some."""


class Filler:
    """One background task. ``pace`` are the least seconds between two of its requests.

    ``settle`` are the seconds it waits after a run ended: the list of jobs can lag behind, and where the run
    is in view its jobs are read and kept anyway.
    """

    def __init__(
        self,
        store: Store,
        reader: GitHubReader,
        history: History,
        clock: Clock,
        *,
        weeks: int = WEEKS,
        pace: float = 0.1,
        window: int = _WINDOW,
        cap: int = CAP,
        settle: float = 10.0,
    ) -> None:
        self._store = store
        self._reader = reader.passing
        self._history = history
        self._clock = clock
        self._weeks = weeks
        self._pace = pace
        self._window = window
        self._cap = cap
        self._settle = settle
        self._changed = asyncio.Event()
        self._seen: datetime | None = None  # when the newest page was last looked at
        self._jobless: set[tuple[int, int]] = set()  # runs and attempts that had no job when last asked

    async def run(self) -> None:
        """Fills, then keeps up with runs that end, until cancelled."""
        unsubscribe = self._store.subscribe(lambda _: self._changed.set())
        try:
            before = self._store.board.runs.fetched_at
            while self._store.board.runs.fetched_at == before:  # the newest page comes first
                await self._change()
            self._seen = self._store.board.runs.fetched_at
            await self._publish_expected()
            await self._close_gaps()
            await self._keep_up()
        finally:
            unsubscribe()

    async def _close_gaps(self) -> None:
        """Every run of the last weeks that is not kept."""
        now = self._server_now()
        target = now - self._weeks * 7 * 24 * 3600
        await self._progress(target, now)
        for gap in missing(await self._history.covered(), target, now):
            for window in cut(gap, self._window):
                await self._fill(window, target, now)
        await self._progress(target, now, done=True)

    def _server_now(self) -> int:
        return int((self._clock.now() + self._store.board.clock_offset).timestamp())

    # Runs

    async def _fill(self, window: Span, target: int, now: int) -> None:
        stack = [window]
        while stack:
            since, until = stack.pop()
            complete = await self._window_runs((since, until), target, now)
            if complete or until - since <= SHORTEST:
                await self._history.cover((since, until))
                await self._progress(target, now)
            else:
                half = (since + until) // 2
                stack += [(since, half), (half, until)]  # the newer half is on top

    async def _window_runs(self, span: Span, target: int, now: int) -> bool:
        """Reads and keeps the runs created in ``span``; False when it holds more than one question gives."""
        since, until = span
        created = f"{_moment(since):%Y-%m-%dT%H:%M:%SZ}..{_moment(until - 1):%Y-%m-%dT%H:%M:%SZ}"
        number, read = 1, 0
        while True:
            ask = partial(self._reader.runs, created=created, page=number)
            answer = await self._patiently(ask, self._failed)
            runs = answer.value
            if number == 1 and runs.total is not None and runs.total >= self._cap and until - since > SHORTEST:
                return False
            await self._history.keep_runs(runs.items, answer.raw)
            self._show(runs.items)
            read += len(runs.items)
            if not runs.more:
                # A full last page below the total: this server's cap is lower.
                return len(runs.items) < 100 or runs.total is None or read >= runs.total
            if read >= self._cap:
                return False
            number += 1
            await self._progress(target, now)

    def _show(self, runs: tuple[Run, ...]) -> None:
        def edit(board: Board) -> Board:
            value = with_runs(board.runs.value or (), runs)
            return structs.replace(board, runs=structs.replace(board.runs, value=value))

        self._store.change(edit)

    async def _progress(self, target: int, now: int, *, done: bool = False) -> None:
        back = reached(await self._history.covered(), now - 1)
        fill = Fill(
            target=_moment(target),
            reached=_moment(max(back, target)) if back is not None else None,
            runs=await self._history.run_count(),
            jobs_left=await self._history.count_without_jobs(_moment(target)),
            done=done,
        )
        self._store.change(lambda board: structs.replace(board, fill=fill))

    def _failed(self, problem: Problem | None) -> None:
        def edit(board: Board) -> Board:
            return structs.replace(board, fill=structs.replace(board.fill, error=problem))

        self._store.change(edit)

    # Jobs and deployments

    async def _keep_up(self) -> None:
        """The details of finished runs, for as long as relman runs."""
        deployments_read = False
        refused: set[int] = set()  # until another run ends
        ended = self._finished()
        while True:
            await self._after_sleep()
            since = _moment(self._server_now() - self._weeks * 7 * 24 * 3600)
            batch = await self._next_runs(since, refused)
            for run in batch:
                if not await self._run_details(run):
                    refused.add(run.id)
            if batch:
                await self._publish_expected()
                left = await self._history.count_without_jobs(since)
                self._note_jobs_left(left)
            elif not deployments_read:
                deployments_read = True
                for environment in self._store.board.environments.value or ():
                    await self._old_deployments(environment.name, since)
            else:
                await self._next_end(ended)
                await asyncio.sleep(self._settle)
                ended = self._finished()  # not later: what ends while this is busy counts as well
                refused.clear()

    async def _next_runs(self, since: datetime, refused: set[int]) -> tuple[Run, ...]:
        """Finished runs without jobs: first what the expected durations need, then the rest."""
        limit = _BATCH + len(refused)
        for newest in (_TYPICAL_OF, None):
            runs = await self._history.runs_without_jobs(since, limit, newest=newest)
            batch = tuple(run for run in runs if run.id not in refused)[:_BATCH]
            if batch:
                return batch
        return ()

    def _note_jobs_left(self, left: int) -> None:
        def edit(board: Board) -> Board:
            return structs.replace(board, fill=structs.replace(board.fill, jobs_left=left))

        self._store.change(edit)

    async def _next_end(self, before: frozenset[tuple[int, int]]) -> None:
        """Until other runs than those of ``before`` are finished on the board."""
        while self._finished() == before:
            await self._change()
            await self._after_sleep()

    async def _after_sleep(self) -> None:
        """Closes the gap where the newest page was not looked at for long: a laptop that was shut."""
        board = self._store.board
        seen, self._seen = self._seen, board.runs.fetched_at
        if seen is None or self._seen is None or self._seen - seen <= _SLEPT:
            return
        # Up to then the page was seen every minute, and what was on it is kept.
        known = await self._history.covered()
        if known:
            until = int((seen + board.clock_offset).timestamp()) - SHORTEST
            await self._history.cover((known[-1][1], until))
        await self._close_gaps()

    def _finished(self) -> frozenset[tuple[int, int]]:
        return frozenset(
            (run.id, run.attempt) for run in self._store.board.runs.value or () if run.state.finished
        )

    async def _run_details(self, run: Run) -> bool:
        """Reads and keeps the jobs and the earlier attempts of a finished run; False when that failed."""
        try:
            for number in await self._history.missing_attempts(run):
                earlier = await self._patiently(partial(self._reader.attempt, run.id, number))
                await self._history.keep_attempt(earlier.value, earlier.raw)
            every = await self._patiently(partial(self._reader.jobs, run.id, every_attempt=run.attempt > 1))
            latest, lists = None, [every]
            if run.attempt > 1:
                shown = await self._patiently(partial(self._reader.jobs, run.id))
                latest = {job.id for job in shown.value}
                lists.append(shown)
        except RelmanError:  # of this run alone; it is tried again when another run ends
            return False
        # Beside a list with jobs an empty one is only late.
        jobless = not any(one.value or one.missing for one in lists)
        if not jobless and not all(map(jobs_final, lists)):  # cut off, or it lags behind the run
            return False
        if jobless and not self._long_over(run) and (run.id, run.attempt) not in self._jobless:
            # Some runs do end without a job. Said twice it is kept, so that nothing asks for them for ever.
            self._jobless.add((run.id, run.attempt))
            return False
        await self._history.keep_jobs(run, every.value, every.raw, latest=latest)
        return True

    def _long_over(self, run: Run) -> bool:
        """Whether it ended so long ago that its list of jobs is not late any more."""
        return run.updated_at is not None and run.updated_at < _moment(self._server_now()) - _LATE

    async def _publish_expected(self) -> None:
        expected = await self._history.expected()
        self._store.change(lambda board: structs.replace(board, expected=expected))

    async def _old_deployments(self, environment: str, since: datetime) -> None:
        """The statuses of deployments to one environment back to ``since``, where they are settled."""
        try:
            for number in range(1, _DEPLOYMENT_PAGES + 1):
                ask = partial(self._reader.deployments, environment=environment, per_page=100, page=number)
                page = (await self._patiently(ask)).value
                kept = await self._history.deployments([one.id for one in page.items])
                recent = [one for one in page.items if one.created_at is None or one.created_at >= since]
                for one in recent:
                    if one.id not in kept:
                        await self._deployment_statuses(one)
                if not page.more or len(recent) < len(page.items):
                    return
        except RelmanError:  # the section of this environment says what is wrong
            return

    async def _deployment_statuses(self, deployment: Deployment) -> None:
        answer = await self._patiently(partial(self._reader.deployment_statuses, deployment.id))
        full = structs.replace(deployment, statuses=answer.value)
        if full.state in SETTLED_DEPLOYMENT:
            await self._history.keep_deployments((full,), {full.id: answer.raw})

    # Manners

    async def _patiently(
        self,
        question: Callable[[], Awaitable[Answer[T]]],
        tell: Callable[[Problem | None], None] | None = None,
    ) -> Answer[T]:
        """Asks when there is quota to spare, and again after failures that pass.

        With ``tell`` every failure is told and asked again; without, one that will not pass is raised.
        """
        failures = 0
        while True:
            await self._turn()
            try:
                answer = await question()
                self._note_budget()
            except RelmanError as error:
                passing = error.problem.kind in {Kind.NETWORK, Kind.SERVER, Kind.RATE_LIMIT, Kind.AUTH}
                if tell is None and (not passing or failures > 3):
                    raise
                failures += 1
                if tell is not None:
                    tell(error.problem)
                await asyncio.sleep(retry_delay(failures, error.problem, random.random()))  # noqa: S311
            else:
                if failures and tell is not None:
                    tell(None)
                return answer

    def _note_budget(self) -> None:
        budget = self._reader.budget
        self._store.change(lambda board: structs.replace(board, budget=budget))

    async def _turn(self) -> None:
        """Waits for the next moment this may ask: its pace, and a fifth of the quota stays for the rest."""
        await asyncio.sleep(self._gap())
        while (wait := self._wait()) > 0:  # noqa: ASYNC110 - a time is waited for, not an event
            await asyncio.sleep(min(wait, 30))

    def _gap(self) -> float:
        """Slower the less is left above the reserve until the quota is renewed."""
        budget = self._store.board.budget
        left = self._until_reset()
        if not budget.limit or budget.remaining is None or left is None:
            return self._pace
        spare = budget.remaining - budget.limit * _RESERVE
        return max(self._pace, min(5.0, left / spare / _HASTE)) if spare > 0 else self._pace

    def _wait(self) -> float:
        board, now = self._store.board, self._clock.now()
        pause = paused_until(board, now)
        if pause is not None:
            return (pause - now).total_seconds()
        budget = board.budget
        if not budget.limit or budget.remaining is None or budget.remaining > budget.limit * _RESERVE:
            return 0.0
        return self._until_reset() or 0.0

    def _until_reset(self) -> float | None:
        board = self._store.board
        if board.budget.reset_at is None:
            return None
        left = (board.budget.reset_at - board.clock_offset - self._clock.now()).total_seconds()
        return left if left > 0 else None

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
