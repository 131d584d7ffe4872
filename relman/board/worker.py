"""One daemon thread that does blocking work in order: the loop never waits, and quitting is immediate."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Runs functions one after the other on its own thread, made at the first call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(self, work: Callable[[], T]) -> T:
        """What ``work`` gives. Work once begun is not interrupted by cancelling the caller."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(give: Callable[[], None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(lambda: None if future.done() else give())

        def job() -> None:
            try:
                value = work()
            except BaseException as error:  # handed to the caller, whatever it is
                failure = error
                deliver(lambda: future.set_exception(failure))
            else:
                deliver(lambda: future.set_result(value))

        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put(job)
        return await future

    async def stop(self, last: Callable[[], None], limit: float) -> None:
        """Lets the work in the queue and ``last`` finish, but waits no longer than ``limit`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self.call(last)
        self._jobs.put(None)
        self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
