"""A program in a pseudo-terminal of a given size: what it wrote, when, and answers to what it asks."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x1b[^\[\]P]"
)
# What a present-day terminal says when asked for synchronised output, sizes in band, and its attributes.
_ANSWERS = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
}
# COLUMNS and LINES would tell the program another size than the terminal has. An installed program has its
# byte-code: without, every start would compile relman's source, and that of no other package.
_NOT_PASSED_ON = frozenset({"COLUMNS", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"})
_LONGEST_QUERY = max(map(len, _ANSWERS))


class Screen:
    """The running program. Times are seconds since just before it was executed."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int], environ: Mapping[str, str] | None = None
    ) -> None:
        columns, lines = size
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
        self.written = bytearray()
        self._asked_to = 0
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environ or {})},
            start_new_session=True,
        )
        os.close(slave)

    def read(self, within: float) -> bool:
        """Takes what was written, waiting so long for it; False when nothing came."""
        if not select.select([self._master], [], [], max(0.0, within))[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the program ended
            data = b""
        if not data:
            return False
        self.written += data
        self._answer()
        return True

    def _answer(self) -> None:
        recent = bytes(self.written[self._asked_to :])
        for query, reply in _ANSWERS.items():
            for _ in range(recent.count(query)):
                os.write(self._master, reply)
        # The beginning of a query may stand at the end, its rest not yet here.
        whole = max((recent.rfind(query) + len(query) for query in _ANSWERS if query in recent), default=0)
        self._asked_to += max(whole, len(recent) - _LONGEST_QUERY + 1)

    def until(self, *texts: str, limit: float = 60.0) -> float:
        """When all of these had been written, in whatever colours, each in one piece."""
        wanted = [text.encode() for text in texts]
        while True:
            said = _ESCAPES.sub(b"", bytes(self.written))
            missing = [text for text in wanted if text not in said]
            now = time.perf_counter() - self.began
            if not missing:
                return now
            if now > limit or (not self.read(0.5) and self.process.poll() is not None):
                raise AssertionError(f"{missing} never came; last: {said[-2000:]!r}")

    def settle(self, seconds: float) -> None:
        """Reads along for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            if not self.read(left) and self.process.poll() is not None:
                break

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> None:
        """Ends the program at once, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._master)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
