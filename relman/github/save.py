"""Writing a download to a file: beside its target first, then renamed, so that no half file is ever seen."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from relman.errors import Kind, Problem, RelmanError

T = TypeVar("T")

Progress = Callable[[int, int | None], None]

_LARGEST = 8 << 30  # bytes; a log of this size is a mistake or an attack


class Source(Protocol):
    """A body on its way. ``received`` and ``size`` count bytes on the wire; ``size`` may be unknown."""

    @property
    def received(self) -> int: ...
    @property
    def size(self) -> int | None: ...
    def chunks(self) -> AsyncIterator[bytes]: ...


async def save(source: Source, target: Path, progress: Progress | None = None) -> None:
    """Writes all of ``source`` to ``target``, which appears whole or not at all.

    Raises a LOCAL problem where this machine cannot keep it. Cancelled or broken, nothing stays behind.
    """
    part = _Part(target)
    try:
        await part.do(part.open)
        written = 0
        async for chunk in source.chunks():
            written += len(chunk)
            if written > _LARGEST:
                raise RelmanError(
                    Problem(Kind.SERVER, "The log is too large to keep", hint="Open it in the browser instead.")
                )
            await part.do(partial(part.write, chunk))
            if progress is not None:
                progress(source.received, source.size)
        await part.do(part.finish)
    finally:
        try:
            await part.settle()
        finally:
            part.discard()


class _Part:
    """The unfinished file. One call at a time, each in a worker thread."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO | None = None
        self._running: asyncio.Future[None] | None = None

    async def do(self, step: Callable[[], None]) -> None:
        """Runs a step in a thread. A cancelled caller leaves the step to :meth:`settle`."""
        self._running = asyncio.ensure_future(asyncio.to_thread(step))
        try:
            await asyncio.shield(self._running)
        except OSError as error:
            problem = _local(error, self._target)
        else:
            return
        raise RelmanError(problem)

    async def settle(self) -> None:
        """Waits for a step that is still running: a file is not closed under a thread that writes it."""
        if self._running is not None:
            await asyncio.wait([self._running])
            self._running.exception()  # looked at: what it says was raised, or nobody waits for it any more

    def open(self) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        # Only its owner reads it: a log may hold what its author did not mean to show.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "wb")

    def write(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)

    def finish(self) -> None:
        if self._file is not None:
            self._file.close()
            self._path.replace(self._target)
            self._file = None

    def discard(self) -> None:
        """Takes away what was not finished. Two quick calls to the system, so that it works while dying."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError:  # what could not be flushed is thrown away with the rest
            pass
        finally:
            self._file = None
            self._path.unlink(missing_ok=True)


def _local(error: OSError, target: Path) -> Problem:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = f"Make room on the disk of {target.parent}."
        return Problem(Kind.LOCAL, "The disk is full", f"{target.name} was not kept", hint)
    reason = error.strerror or type(error).__name__
    return Problem(
        Kind.LOCAL, f"Could not write {target.name}", reason, f"Check the directory {target.parent}."
    )
