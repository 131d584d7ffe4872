"""A bar on stderr for what takes its time, only where a person sees it."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from relman.cli.output import write
from relman.text import clean_line

_BAR = 24  # cells


class Progress:
    """One line that is written over and taken away at the end. Without a terminal nothing is written."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._there = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._open = False

    def show(self, done: int, total: int, text: str) -> None:
        if not self._there:
            return
        full = _BAR * done // max(1, total)
        share = f"{done:>{len(str(total))}}/{total}"
        line = f"  {'█' * full}{'░' * (_BAR - full)} {share}  {clean_line(text)}"
        self._write("\r\x1b[K" + line[: max(1, _columns(self._stream) - 1)])
        self._open = True

    def clear(self) -> None:
        """Before anything else is written."""
        if self._open:
            self._write("\r\x1b[K")
            self._open = False

    def _write(self, text: str) -> None:
        write(self._stream, text)
        self._stream.flush()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
