"""The grammar of a job's log as GitHub publishes it: one line, its time, its mark, its text.

A line is ``2026-10-08T11:22:33.1234567Z text``; a byte order mark may stand before the first. Text may
begin with a mark: ``##[group]title``, ``##[endgroup]``, ``##[error]``, ``##[warning]``, ``##[notice]``,
``##[debug]``, ``##[command]`` or ``[command]``, or in the form of
a workflow command, ``::error file=a.py::text``.
Lines without time are tolerated; a mark anywhere else than at the beginning is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from msgspec import Struct

from relman.model import ansi
from relman.model.cells import apart
from relman.text import clean, clean_log

HEAD = 512  # bytes of a line that are looked at for its time and mark
LONGEST = 1 << 20  # bytes; a longer line is handed on in pieces
BOM = b"\xef\xbb\xbf"


class Level(StrEnum):
    """What a line is, by its mark."""

    TEXT = "text"
    GROUP = "group"
    ENDGROUP = "endgroup"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    DEBUG = "debug"
    COMMAND = "command"

    @property
    def label(self) -> str:
        """What stands before the text in place of the mark."""
        return _LABELS.get(self, "")


_LABELS = {
    Level.ERROR: "Error: ",
    Level.WARNING: "Warning: ",
    Level.NOTICE: "Notice: ",
    Level.DEBUG: "Debug: ",
}
_LEVELS: dict[bytes, Level] = {level.value.encode(): level for level in Level if level is not Level.TEXT}
_LEVELS[b"section"] = Level.TEXT  # written by other runners; the mark is not text either

_HEAD = re.compile(
    rb"(?:(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)(?: |\r?\Z))?"
    rb"(?:##\[(group|endgroup|error|warning|notice|debug|command|section)\]|\[(command)\]"
    rb"|::(group|endgroup|error|warning|notice|debug)(?: [^\r\n]*?)?::)?"
)


class LogLine(Struct, frozen=True):
    """One line.

    ``time`` is as written ("" without one), ``body`` what stands after time and mark: clean, colour (SGR) kept,
    of a width that terminals agree on.
    """

    time: str
    level: Level
    body: str

    @property
    def text(self) -> str:
        """The body without colour."""
        return ansi.plain(self.body)

    @property
    def moment(self) -> datetime | None:
        """The time, aware, to the microsecond."""
        try:
            return datetime.fromisoformat(self.time) if self.time else None
        except ValueError:
            return None

    @property
    def clock(self) -> str:
        """ "11:22:33"; "" without a time."""
        return self.time[11:19]


def parse_line(raw: bytes) -> LogLine:
    """A line as it stands in the file, with or without its line end. Bytes that are not UTF-8 become U+FFFD."""
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    head = _HEAD.match(raw[:HEAD])
    assert head is not None  # every part of the pattern is optional
    time = head[1].decode("ascii") if head[1] else ""
    body = raw[head.end() :].decode("utf-8", "replace")
    return LogLine(time, _level(head), apart(clean_log(_last_frame(body) if "\r" in body else body)))


def level_of(raw: bytes) -> Level:
    """The level of a line by its first :data:`HEAD` bytes, without reading the rest."""
    head = _HEAD.match(raw[:HEAD])
    assert head is not None
    return _level(head)


def _level(head: re.Match[bytes]) -> Level:
    mark = head[2] or head[3] or head[4]
    return _LEVELS[mark] if mark else Level.TEXT


_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def _last_frame(body: str) -> str:
    """What a terminal shows of a line that was rewritten with carriage returns: the last frame with any text,
    in the colours set until then."""
    frames = body.split("\r")
    for index in range(len(frames) - 1, -1, -1):
        if clean(frames[index]):
            return "".join(_COLOUR.findall("\r".join(frames[:index]))) + frames[index]
    return ""


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, without line ends and without its byte order mark.

    A line of more than :data:`LONGEST` bytes comes in pieces, so that memory has a bound.
    """
    first = True
    while piece := file.readline(LONGEST):
        if first:
            piece = piece.removeprefix(BOM)
            first = False
        yield piece.removesuffix(b"\n").removesuffix(b"\r")


def begins_step(line: LogLine) -> bool:
    """Whether the runner begins a step's output with this line (as far as a log tells)."""
    if line.level is Level.GROUP:
        return line.text.startswith("Run ")
    return line.level is Level.TEXT and line.text in ("Post job cleanup.", "Cleaning up orphan processes")
