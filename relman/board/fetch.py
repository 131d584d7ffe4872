"""Reads on demand what is too large for the board: logs, into files that are kept for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from relman.board.ports import GitHubReader, Progress
from relman.errors import Kind, Problem, RelmanError

_ROOM: Final = 1024 * 1024 * 1024
"""Bytes of all kept logs."""


class Fetch:
    """A directory of logs. The log of a finished job never changes, so it is fetched once.

    Every method raises :class:`RelmanError`, and stops at once when its task is cancelled.
    """

    def __init__(self, reader: GitHubReader, directory: Path, room: int = _ROOM) -> None:
        self._reader = reader
        self._directory = directory
        self._room = room
        self._locks: dict[Path, asyncio.Lock] = {}

    async def job_log(self, job_id: int, attempt: int, progress: Progress | None = None) -> Path:
        """The log of a finished job, as a file of one line after the other."""
        return await self._kept(
            f"job-{job_id}-{attempt}.log",
            lambda target: self._reader.save_job_log(job_id, target, progress),
        )

    async def run_log(self, run_id: int, attempt: int, progress: Progress | None = None) -> Path:
        """The zip archive of all logs of one attempt of a finished run."""
        return await self._kept(
            f"run-{run_id}-{attempt}.zip",
            lambda target: self._reader.save_run_log(run_id, target, attempt=attempt, progress=progress),
        )

    async def _kept(self, name: str, save: Callable[[Path], Awaitable[None]]) -> Path:
        target = self._directory / name
        async with self._locks.setdefault(target, asyncio.Lock()):
            try:
                if await asyncio.to_thread(_touch, target):
                    return target
                await asyncio.to_thread(_prepare, self._directory)
                await save(target)
                await asyncio.to_thread(self._settle, target)
            except OSError as error:
                raise RelmanError(
                    Problem(
                        Kind.LOCAL,
                        "The log cannot be kept",
                        f"{target}: {error.strerror or error}",
                        "Make room on the disk or choose another cache directory.",
                    )
                ) from error
        return target

    def _settle(self, target: Path) -> None:
        """Makes the new file private, and room for it by deleting the logs used longest ago."""
        target.chmod(0o600)
        kept = []
        for entry in os.scandir(self._directory):
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                kept.append((status.st_mtime, status.st_size, Path(entry.path)))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self._room:
                return
            if path != target:
                with contextlib.suppress(OSError):  # another relman was faster
                    path.unlink()
                total -= size


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def _touch(path: Path) -> bool:
    """Whether the file is there; it counts as used now. An empty one is fetched again: that costs nothing, and
    more may have come."""
    try:
        os.utime(path)
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
