"""Blocking work beside the event loop, in a thread that nothing ever waits for.

The loop's own executor is joined when the loop ends, and so a hanging request would keep the program from
ending. A daemon thread dies with the interpreter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

from msgspec import Struct

S = TypeVar("S")
T = TypeVar("T")


class _Job(Struct, frozen=True, eq=False):
    work: Callable[[Any], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop

    def deliver(self, result: object, error: Exception | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, result, error)
        except RuntimeError:
            return  # the loop has ended: nobody waits any more

    def _settle(self, result: object, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Daemon(Generic[S]):
    """One piece of work after the other. ``prepare`` runs in the thread, before its first work."""

    def __init__(self, name: str, prepare: Callable[[], S]) -> None:
        self._name = name
        self._prepare = prepare
        self._jobs: SimpleQueue[_Job | None] | None = None

    async def run(self, work: Callable[[S], T]) -> T:
        """What ``work`` gives, or the exception it raises. Given up, the thread is left to itself."""
        if self._jobs is None:
            self._jobs = SimpleQueue()
            Thread(target=_serve, args=(self._prepare, self._jobs), name=self._name, daemon=True).start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, future, loop))
        try:
            return await future
        except asyncio.CancelledError:
            self.leave()
            raise

    def leave(self) -> None:
        """Does not wait: the thread ends after what it is at. The next work starts a new one."""
        jobs, self._jobs = self._jobs, None
        if jobs is not None:
            jobs.put(None)


def _serve(prepare: Callable[[], S], jobs: SimpleQueue[_Job | None]) -> None:
    prepared: list[S] = []
    while (job := jobs.get()) is not None:
        if job.future.cancelled():
            continue
        result: object = None
        failure: Exception | None = None
        try:
            if not prepared:
                prepared.append(prepare())
            result = job.work(prepared[0])
        except Exception as error:  # whatever it is belongs to the one who waits for the result
            failure = error
        job.deliver(result, failure)
        del job, result, failure  # an answer, and the frames of an error, are not kept until the next work
