"""Breaking log lines into rows: at the edge, wherever that falls, as a terminal does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes
from textual.cache import LRUCache

from relman.model.ansi import Span, styled
from relman.model.job_log import Level, parse_line
from relman.tui.present.log import size
from relman.tui.widgets.log_file import SLICE_SECONDS, LogFile, RawLine

MOST_TALL = 1_000_000  # lines of more than one row; beyond these, lines are cut at the edge
_TIME = 29  # bytes of the usual time and its space


class Shown(NamedTuple):
    """A line as the viewer shows it: ``text`` begins with the level's label, ``body`` is where that ends.

    ``text`` ends at ``end``; what follows is the mark that the line goes on in the file.
    """

    level: Level
    clock: str
    text: str
    spans: tuple[Span, ...]
    body: int
    end: int


def shown(raw: RawLine) -> Shown:
    """A line of the file, decoded."""
    line = parse_line(raw.data)
    text, spans = styled(line.body)
    label = line.level.label
    if label:
        text = label + text
        spans = tuple(span._replace(start=span.start + len(label), end=span.end + len(label)) for span in spans)
    end = len(text)
    if raw.cut:
        text += f" … {size(raw.cut)} more in this line"
    return Shown(line.level, line.clock, text, spans, len(label), end)


_starts: LRUCache[tuple[str, int], tuple[int, ...]] = LRUCache(256)


def row_starts(text: str, width: int) -> tuple[int, ...]:
    """Where the rows of ``text`` begin, as character indexes; always at least one row."""
    width = max(2, width)  # a wide character needs two cells
    if text.isascii():
        return tuple(range(0, len(text), width)) or (0,)
    key = (text, width)
    if (known := _starts.get(key)) is not None:
        return known
    starts, used = [0], 0
    for start, _, cells in split_graphemes(text)[0]:
        if used + cells > width:
            starts.append(start)
            used = 0
        used += cells
    _starts[key] = tuple(starts)
    return tuple(starts)


def extra_rows(raw: RawLine, width: int) -> int:
    """How many rows a line takes beyond the first."""
    data = raw.data
    if b"\t" not in data and not raw.cut:
        # A character takes at least as many bytes as cells, and a mark more than its label.
        length = len(data)
        if length <= width or (length <= width + _TIME and data[10:11] == b"T" and data[27:29] == b"Z "):
            return 0
    text = shown(raw).text
    return 0 if len(text) * 2 <= width or cell_len(text) <= width else len(row_starts(text, width)) - 1


def _candidates(file: LogFile, number: int, width: int) -> Iterable[tuple[int, RawLine]]:
    """The lines of a block, with their numbers; none when the block has only short ones."""
    block = file.index.block(number)
    data = file.block_bytes(number)
    whole = len(data) == block.end - block.start
    if whole and b"\t" not in data and max(map(len, data.split(b"\n"))) <= width:
        return ()
    return enumerate(file.block_lines(number), block.first)


class Measured(NamedTuple):
    """The lines of more than one row found since the last report."""

    lines: list[int]
    extras: list[int]
    finished: bool
    capped: bool = False


def measure(file: LogFile, width: int, deliver: Callable[[Measured], None], stop: threading.Event) -> None:
    """Finds every line of more than one row in an indexed log."""
    lines: list[int] = []
    extras: list[int] = []
    count = 0
    reported = time.monotonic()
    for number in range(file.index.block_count):
        for line, raw in _candidates(file, number, width):
            extra = extra_rows(raw, width)
            if extra:
                lines.append(line)
                extras.append(extra)
                count += 1
        if stop.is_set():
            return
        if count >= MOST_TALL:
            deliver(Measured(lines, extras, finished=True, capped=True))
            return
        if time.monotonic() - reported >= SLICE_SECONDS:
            deliver(Measured(lines, extras, finished=False))
            lines, extras = [], []
            reported = time.monotonic()
            time.sleep(0)
    deliver(Measured(lines, extras, finished=True))
