"""Textual's driver for a terminal that may go away at any time."""

from __future__ import annotations

import contextlib
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class _Forgiving:
    """A terminal's file. What can no longer be written is dropped.

    Textual writes in a thread of its own behind a short queue. Where that thread ends with an error (a closed
    window), the queue fills, and the program waits for room in it for ever instead of ending.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


class TerminalDriver(LinuxDriver):
    """Ends as it should when its terminal is closed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._file is not None:
            self._file = _Forgiving(self._file)  # type: ignore[assignment]  # all that Textual calls is there
