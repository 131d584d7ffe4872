"""A log on disk: read at any place, indexed and searched by daemon threads in slices of time.

The file is read with plain reads, not mapped: a mapped file that another process cuts short ends the program.
A read on the event loop takes one block of a few kilobytes, lately written or indexed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from relman.model.job_log import BOM
from relman.model.log_index import BLOCK, LogIndex, Scanner, Slice
from relman.model.log_search import Wanted
from relman.tui.present.log import LINE_SHOWN

CHUNK = 1 << 20
FIRST_CHUNK = 1 << 18
SLICE_SECONDS = 0.05  # how often a thread reports
MOST_HITS = 100_000
_KEPT_BLOCKS = 32


class RawLine(NamedTuple):
    """The first bytes of a line, and how many more it has."""

    data: bytes
    cut: int = 0


class LogFile:
    """A log and its index. Reading works from any thread; what is not there any more reads as nothing."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        self.index = LogIndex()
        self._lock = threading.Lock()
        self._file = path.open("rb", buffering=0)
        self._blocks: dict[tuple[int, int], list[RawLine]] = {}
        self.scanner = Scanner(len(BOM) if self.read(0, len(BOM)) == BOM else 0)

    def read(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes."""
        parts: list[bytes] = []
        with self._lock:
            if self._file.closed:
                return b""
            try:
                self._file.seek(offset)
                while count > 0 and (part := self._file.read(count)):
                    parts.append(part)
                    count -= len(part)
            except OSError:
                pass  # a network drive that is gone: as if cut short
        return b"".join(parts)

    def same_file(self) -> bool:
        """Whether the path still leads to the file that is open, and it has not become shorter."""
        try:
            here = self.path.stat()
            with self._lock:
                mine = os.fstat(self._file.fileno())
        except (OSError, ValueError):
            return False
        return (here.st_dev, here.st_ino) == (mine.st_dev, mine.st_ino) and here.st_size >= self.scanner.size

    def block_bytes(self, number: int) -> bytes:
        """The bytes of a block. Only its last line can be longer than a block; of that the first part."""
        block = self.index.block(number)
        return self.read(block.start, min(block.end - block.start, BLOCK + LINE_SHOWN))

    def block_lines(self, number: int) -> list[RawLine]:
        """The lines of a block."""
        block = self.index.block(number)
        data = self.block_bytes(number)
        lines = [
            RawLine(part[:LINE_SHOWN], max(0, len(part) - LINE_SHOWN))
            for part in data.split(b"\n")[: block.lines]
        ]
        more = block.end - block.start - len(data)
        if lines and more > 0:
            lines[-1] = lines[-1]._replace(cut=lines[-1].cut + more)
        return lines

    def block_shown(self, number: int) -> tuple[bytes, bool]:
        """The bytes of a block that are shown, and whether a line of it is cut."""
        block = self.index.block(number)
        if block.end - block.start <= LINE_SHOWN:
            return self.block_bytes(number), False
        lines = self.block_lines(number)
        return b"\n".join(line.data for line in lines), any(line.cut for line in lines)

    def line(self, number: int) -> RawLine:
        """A line that the index knows. For the event loop's thread: it keeps the blocks last used."""
        at = self.index.block_of(number)
        block = self.index.block(at)
        lines = self._blocks.get((at, block.end))
        if lines is None:
            lines = self.block_lines(at)
            while len(self._blocks) >= _KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[at, block.end] = lines
        within = number - block.first
        return lines[within] if within < len(lines) else RawLine(b"")

    def close(self) -> None:
        with self._lock:
            self._file.close()


class Job:
    """Work in a daemon thread: it never delays the program's end."""

    def __init__(self, work: Callable[[threading.Event], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=work, args=(self._stop,), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Asks it to end. It reports nothing that counts any more."""
        self._stop.set()


def scan(file: LogFile, deliver: Callable[[Slice], None], stop: threading.Event) -> None:
    """Indexes what the file has beyond what is indexed."""
    reported = 0.0
    size = FIRST_CHUNK
    while not stop.is_set():
        chunk = file.read(file.scanner.size, size)
        if not chunk:
            deliver(file.scanner.take(finished=True))
            return
        file.scanner.feed(chunk)
        size = CHUNK
        if time.monotonic() - reported >= SLICE_SECONDS:
            deliver(file.scanner.take())
            reported = time.monotonic()
        time.sleep(0)


class Hits(NamedTuple):
    """Lines found since the last report, in order."""

    lines: list[int]
    finished: bool
    capped: bool = False  # there may be more
    in_part: bool = False  # of a line so far only the first :data:`LINE_SHOWN` bytes were searched


def search(file: LogFile, wanted: Wanted, deliver: Callable[[Hits], None], stop: threading.Event) -> None:
    """Searches the whole log, following the index while that is being made."""
    hits: list[int] = []
    found = number = 0
    in_part = False
    reported = time.monotonic()
    while not stop.is_set():
        finished = file.index.finished
        ready = file.index.block_count - (0 if finished else 1)
        if number >= ready:
            if finished:
                deliver(Hits(hits, finished=True, in_part=in_part))
                return
            stop.wait(SLICE_SECONDS / 2)
            continue
        lines, first = file.index.block(number).lines, file.index.block(number).first
        data, cut = file.block_shown(number)
        in_part = in_part or cut
        fresh = [first + line for line in wanted.lines(data) if line < lines]
        hits += fresh
        found += len(fresh)
        number += 1
        if found >= MOST_HITS:
            deliver(Hits(hits[: len(hits) - (found - MOST_HITS)], finished=True, capped=True, in_part=in_part))
            return
        if time.monotonic() - reported >= SLICE_SECONDS:
            deliver(Hits(hits, finished=False, in_part=in_part))
            hits = []
            reported = time.monotonic()
            time.sleep(0)
