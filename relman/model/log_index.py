"""An index of a large log: where lines begin, and which of them carry a mark.

A :class:`Scanner` reads the bytes once, in chunks of any size, and hands out :class:`Slice` values; a
:class:`LogIndex` collects them. Memory does not follow the log's size: one checkpoint (line and offset of a
line's beginning) for every :data:`BLOCK` bytes, and at most :data:`MOST_MARKS` marks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from msgspec import Struct

from relman.model.job_log import BOM, HEAD, Level, level_of

BLOCK = 1 << 14  # bytes between two checkpoints, at least
MOST_MARKS = 50_000  # beyond these, lines are no longer folded and errors no longer counted

# Where a mark can stand: behind a time or at the beginning of a line.
_NEEDLES = (b"Z ##[", b"\n##[", b"Z ::", b"\n::")
_LONGEST_TIME = len(BOM) + len(b"2026-10-08T11:22:33.123456789Z")
_INDEXED = {Level.GROUP: 1, Level.ENDGROUP: 2, Level.ERROR: 3, Level.WARNING: 4}
_GROUP, _ENDGROUP, _ERROR, _WARNING = 1, 2, 3, 4


class Slice(Struct, frozen=True):
    """What was found since the last slice. ``end`` is the offset behind the last whole line, ``lines`` their
    number; ``tail`` says that the file ends with a line that has no line end."""

    lines: int
    end: int
    size: int  # bytes read so far
    tail: bool
    finished: bool
    checkpoint_lines: array[int]
    checkpoint_offsets: array[int]
    mark_lines: array[int]
    mark_kinds: bytes
    overflow: bool  # marks were left out


class Scanner:
    """Reads a log's bytes once. ``start`` is the offset of the first chunk (behind a byte order mark)."""

    def __init__(self, start: int = 0) -> None:
        self._size = start
        self._line_start = start  # of the line that has not ended yet
        self._lines = 0
        self._head = b""  # the first bytes of that line
        self._boundary = start + BLOCK
        self._marks = 0
        self._overflow = False
        self._tail_marked = False  # the unfinished last line's mark is already given out
        self._checkpoint_lines = array("Q", [0])
        self._checkpoint_offsets = array("Q", [start])
        self._mark_lines = array("Q")
        self._mark_kinds = bytearray()

    @property
    def size(self) -> int:
        return self._size

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        first = chunk.find(b"\n")
        if first < 0:
            if len(self._head) < HEAD:
                self._head += chunk[: HEAD - len(self._head)]
            self._size += len(chunk)
            return
        if not self._tail_marked:
            self._mark(self._lines, (self._head + chunk[: min(first, HEAD)])[:HEAD])
        self._tail_marked = False
        self._lines += 1
        at = first + 1
        last = chunk.rfind(b"\n") + 1
        base = self._size
        self._checkpoint(self._lines, base + at)
        if last > at:
            self._whole_lines(chunk, at, last)
        self._size += len(chunk)
        self._line_start = base + last
        self._head = chunk[last : last + HEAD]

    def take(self, *, finished: bool = False) -> Slice:
        """Everything found since the last call. ``finished``: the file ends here (it may still grow)."""
        tail = finished and self._size > self._line_start
        if tail and not self._tail_marked:
            before = len(self._mark_kinds)
            self._mark(self._lines, self._head)
            self._tail_marked = len(self._mark_kinds) > before
        result = Slice(
            self._lines,
            self._line_start,
            self._size,
            tail,
            finished,
            self._checkpoint_lines,
            self._checkpoint_offsets,
            self._mark_lines,
            bytes(self._mark_kinds),
            self._overflow,
        )
        self._checkpoint_lines, self._checkpoint_offsets = array("Q"), array("Q")
        self._mark_lines, self._mark_kinds = array("Q"), bytearray()
        return result

    def _whole_lines(self, chunk: bytes, at: int, last: int) -> None:
        """Lines that begin and end within ``chunk[at:last]``."""
        base = self._size
        marks = self._candidates(chunk, at, last)
        line, position = self._lines, at
        for start in marks:
            line += chunk.count(b"\n", position, start)
            position = start
            end = chunk.find(b"\n", start, start + HEAD)
            self._mark(line, chunk[start : end if end >= 0 else start + HEAD])
        line, position = self._lines, at
        while self._boundary <= base + last:
            newline = chunk.find(b"\n", max(at, self._boundary - base - 1), last)
            if newline < 0:
                break
            line += chunk.count(b"\n", position, newline + 1)
            position = newline + 1
            self._checkpoint(line, base + position)
        self._lines = line + chunk.count(b"\n", position, last)

    def _candidates(self, chunk: bytes, at: int, last: int) -> list[int]:
        """Where lines begin that may carry a mark, in order."""
        starts = {at}
        for needle in _NEEDLES:
            found = chunk.find(needle, at, last)
            while found >= 0:
                if needle[0] == 10:
                    starts.add(found + 1)
                else:
                    newline = chunk.rfind(b"\n", max(at, found - _LONGEST_TIME), found)
                    if newline >= 0:
                        starts.add(newline + 1)
                found = chunk.find(needle, found + 1, last)
        return sorted(starts)

    def _checkpoint(self, line: int, offset: int) -> None:
        if offset >= self._boundary:
            self._checkpoint_lines.append(line)
            self._checkpoint_offsets.append(offset)
            self._boundary = offset + BLOCK

    def _mark(self, line: int, head: bytes) -> None:
        kind = _INDEXED.get(level_of(head))
        if kind is None:
            return
        if self._marks >= MOST_MARKS:
            self._overflow = True
            return
        self._marks += 1
        self._mark_lines.append(line)
        self._mark_kinds.append(kind)


class Group(NamedTuple):
    """Lines ``first`` (its title) to ``last``, both included."""

    first: int
    last: int
    depth: int
    closed: bool  # by its own end mark
    failed: bool  # an error within


class Block(NamedTuple):
    """Neighbouring lines: ``lines`` of them from ``first``, in the bytes ``start`` to ``end``."""

    first: int
    lines: int
    start: int
    end: int


class LogIndex:
    """What is known of a log so far. Other threads may read it while slices are added."""

    def __init__(self) -> None:
        self._lines = array("Q")
        self._offsets = array("Q")
        self._mark_lines = array("Q")
        self._mark_kinds = bytearray()
        self._whole = 0
        self._end = 0
        self._tail = False
        self.size = 0  # bytes
        self.finished = False
        self.overflow = False

    def add(self, part: Slice) -> None:
        self._lines.extend(part.checkpoint_lines)
        self._offsets.extend(part.checkpoint_offsets)
        self._mark_lines.extend(part.mark_lines)
        self._mark_kinds.extend(part.mark_kinds)
        self._whole, self._end, self.size = part.lines, part.end, part.size
        self._tail, self.finished, self.overflow = part.tail, part.finished, part.overflow

    @property
    def line_count(self) -> int:
        """Whole lines, and at the end of the file a last one without a line end."""
        return self._whole + self._tail

    @property
    def block_count(self) -> int:
        return len(self._lines)

    def block_of(self, line: int) -> int:
        """The block a line is in."""
        return bisect_right(self._lines, line) - 1

    def block(self, number: int) -> Block:
        first, start = self._lines[number], self._offsets[number]
        if number + 1 < len(self._lines):
            return Block(first, self._lines[number + 1] - first, start, self._offsets[number + 1])
        end = self.size if self._tail else self._end
        return Block(first, max(0, self.line_count - first), start, max(start, end))

    @property
    def errors(self) -> list[int]:
        """The lines with an error mark."""
        return self._of_kind(_ERROR)

    @property
    def warnings(self) -> list[int]:
        return self._of_kind(_WARNING)

    def _of_kind(self, kind: int) -> list[int]:
        return [line for line, each in zip(self._mark_lines, self._mark_kinds, strict=False) if each == kind]

    def groups(self) -> tuple[Group, ...]:
        """The groups by their first line. An end mark ends the innermost open group; one too many is text.

        A group that is never ended stops before the next group begins, so that a forgotten end hides nothing.
        """
        firsts: list[int] = []
        lasts: list[int | None] = []
        depths: list[int] = []
        opened: list[int] = []
        for line, kind in zip(self._mark_lines, self._mark_kinds, strict=False):
            if kind == _GROUP:
                opened.append(len(firsts))
                firsts.append(line)
                lasts.append(None)
                depths.append(len(opened) - 1)
            elif kind == _ENDGROUP and opened:
                lasts[opened.pop()] = line
        errors = self.errors
        result = []
        for index, (first, last, depth) in enumerate(zip(firsts, lasts, depths, strict=True)):
            end = last
            if end is None:
                end = firsts[index + 1] - 1 if index + 1 < len(firsts) else max(first, self.line_count - 1)
            failed = bisect_left(errors, first) < bisect_right(errors, end)
            result.append(Group(first, end, depth, last is not None, failed))
        return tuple(result)
