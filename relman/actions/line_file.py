"""Lines at the end of a file to which several relmans write: on the disk before anything goes on."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


def append(path: Path, lines: bytes) -> None:
    """Returns when ``lines``, each with its end, are on the disk; a new file is this user's alone.

    Blocking. Raises :class:`OSError`.
    """
    made = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, _FLAGS, 0o600)
    try:
        _lock(handle)  # goes with the handle
        # After a crash the last line may lack its end.
        _write_all(handle, b"\n" + lines if _torn(handle) else lines)
        os.fsync(handle)
    finally:
        os.close(handle)
    if made:
        _sync_directory(path.parent)


def _lock(handle: int) -> None:
    """Holds other relmans off, where the system can, while a line is written."""
    try:
        import fcntl
    except ImportError:  # Windows: an append is one write there, too, only a torn end may be seen twice
        return
    with contextlib.suppress(OSError):  # not every network file system knows locks
        fcntl.flock(handle, fcntl.LOCK_EX)


def _torn(handle: int) -> bool:
    """Whether the file ends within a line."""
    if not os.fstat(handle).st_size:
        return False
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) != b"\n"


def _write_all(handle: int, lines: bytes) -> None:
    rest = memoryview(lines)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _sync_directory(directory: Path) -> None:
    """The new file's name is on the disk, too. Not every system opens directories."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
