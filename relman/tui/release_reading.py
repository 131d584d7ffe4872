"""Reads what the releases screen shows beyond the board, when somebody looks and something has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from relman.actions.release_look import ReleaseLook
from relman.board.schedule import budget_stretch, paused_until, retry_delay
from relman.board.sections import with_key
from relman.errors import RelmanError
from relman.model.board import Board, Section
from relman.model.environment import live_of
from relman.model.release_outlook import About, Outlook

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

PACE: Final = timedelta(seconds=20)
"""At least so long between two readings, except for a new commit or a person who asks."""

Key = tuple[str, str, str | None]
"""A tag, its commit, and the commit of the version before."""


def stamp_of(board: Board) -> tuple[object, ...]:
    """What the outlook hangs on, as far as the board knows it: another stamp is worth another reading."""
    head = board.head.value.sha if board.head.value is not None else ""
    runs = tuple((run.id, run.attempt, run.state) for run in board.runs.value or () if head and run.sha == head)
    live = tuple(
        (name, one.id)
        for name, section in sorted(board.deployments.items())
        if (one := live_of(section.value or ())) is not None
    )
    return (head, board.tags.value, board.releases.value, runs, live)


class ReleaseReading:
    """``unreleased`` and ``about`` keep their last value when a reading fails, as the board does.

    Who subscribes is called after everything that may look different. Readings start on the App, so that no
    screen that goes cancels them.
    """

    def __init__(self, app: RelmanApp, look: ReleaseLook) -> None:
        self._app = app
        self.look = look
        self.unreleased: Section[Outlook] = Section()
        self.about: Mapping[Key, Section[About]] = MappingProxyType({})
        self.reading = False
        self._subscribers: list[Callable[[], None]] = []
        self._stamp: tuple[object, ...] | None = None
        self._failures = 0
        self._tried: datetime | None = None
        self._asked = False
        self._on_the_way: set[Key] = set()

    def subscribe(self, subscriber: Callable[[], None]) -> Callable[[], None]:
        """Gives back what ends it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def again(self) -> None:
        """A person wants it afresh."""
        self._asked = True
        self.about = MappingProxyType({key: one for key, one in self.about.items() if one.error is None})

    @property
    def moved(self) -> bool:
        """Whether the branch has another newest commit than the one that was judged."""
        outlook, head = self.unreleased.value, self._app.board.head.value
        return outlook is not None and head is not None and outlook.history.head.sha != head.sha

    def consider(self) -> None:
        """Starts a reading where one is due. Cheap: called whenever the board changed, and once a second."""
        board, now = self._app.board, self._app.now()
        if self._due(board, now):
            self.read()

    def read(self) -> None:
        """Reads now, unless that is under way."""
        if self.reading:
            return
        self.reading, self._asked = True, False
        self._app.run_worker(self._read(stamp_of(self._app.board)), group="release-read")
        self._tell()

    def _tell(self) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber()

    def _due(self, board: Board, now: datetime) -> bool:
        if self.reading:
            return False
        if board.head.value is None and board.head.error is None:
            return False  # the poller is about to say where the branch is
        paused = paused_until(board, now)
        if paused is not None and paused > now:
            return False
        if self._asked or self._tried is None:
            return True
        since = now - self._tried
        error = self.unreleased.error
        if error is not None:
            retry_at = error.retry_at
            waits = timedelta(seconds=retry_delay(max(1, self._failures), error, 0.5))
            return since >= waits and (retry_at is None or retry_at <= now)
        if stamp_of(board) == self._stamp or budget_stretch(board, now) > 1:
            return False
        return self.moved or since >= PACE

    async def _read(self, stamp: tuple[object, ...]) -> None:
        try:
            found = await self.look.unreleased()
        except RelmanError as error:
            self._failures += 1
            self.unreleased = replace(self.unreleased, error=error.problem)
        else:
            self._failures, self._stamp = 0, stamp
            self.unreleased = Section(found, found.evidence.at)
        finally:
            self.reading, self._tried = False, self._app.now()
        self._tell()

    def consider_about(self, key: Key) -> None:
        """Reads a version from near, once."""
        known = self.about.get(key)
        if known is None and key not in self._on_the_way:
            self._on_the_way.add(key)
            self._app.run_worker(self._read_about(key), group="release-about")

    async def _read_about(self, key: Key) -> None:
        try:
            found: Section[About] = Section(await self.look.about(*key), self._app.now())
        except RelmanError as error:
            found = Section(error=error.problem)
        finally:
            self._on_the_way.discard(key)
        self.about = with_key(self.about, key, found)
        self._tell()
