"""A drawn graph as lines for a terminal: plain, in colour, or in ASCII where nothing else is understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from relman.model.cells import cut, width
from relman.model.drawing import Drawing, Role, Run, Style
from relman.model.state import Tone
from relman.model.timing import RunTime, short
from relman.text import clean_line

_TONES = {
    Tone.GOOD: "32",
    Tone.BAD: "31",
    Tone.ACTIVE: "33",
    Tone.WAITING: "35",
    Tone.QUIET: "2",
    Tone.PLAIN: "",
}
_LONGEST = 600  # characters: a name from outside can be of any length
_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━╴╸╶╺╼╾", "-"),
        **dict.fromkeys("│┃╵╷╹╻╽╿", "|"),
        **{chr(code): "+" for code in range(0x250C, 0x254C)},
        **dict(zip("✓×◐○●◆■▲▶…→·“”", "vxo.*?#!>~>-''", strict=True)),
    }
)


def text(
    drawing: Drawing, *, colour: bool = False, encoding: str | None = "utf-8", limit: int | None = None
) -> Iterator[str]:
    """The drawing line by line, with SGR colour if wanted; in ASCII where ``encoding`` has no box drawing.

    ``limit`` cuts off what is further right than so many cells.
    """
    boxes = _can_draw(encoding)
    for row in drawing.rows if limit is None else (_left_part(row, limit) for row in drawing.rows):
        line = "".join(_sgr(run) if colour else run.text for run in row).rstrip()
        yield line if boxes else _ascii(line)


def _left_part(row: tuple[Run, ...], limit: int) -> Iterator[Run]:
    for run in row:
        if width(run.text) > limit:
            yield run._replace(text=cut(run.text, limit))
            return
        yield run
        limit -= width(run.text)


def plain_line(out: TextIO, line: str) -> None:
    """One clean line of bounded length to ``out``, in ASCII where its encoding needs that."""
    shown = clean_line(line, _LONGEST)
    out.write((shown if _can_draw(out.encoding) else _ascii(shown)) + "\n")


def paths_text(time: RunTime) -> Iterator[str]:
    """Fast and full path, how much of them is measured, and what is left."""
    for name, path in time.paths:
        if path.total:
            about = " at least" if not path.complete else " about" if path.estimated else ""
            jobs = count(path.jobs, "job") + (f", {path.measured} measured" if path.estimated else "")
            if path.absent and not path.estimated:
                jobs += f" of {path.jobs + path.absent}"
            yield f"{name}:{about} {short(path.wall)} wall, {short(path.total)} summed over {jobs}"
    if time.remaining is not None:
        yield f"about {short(time.remaining)} left"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _sgr(run: Run) -> str:
    code = _code(run.style)
    return f"\x1b[{code}m{run.text}\x1b[0m" if code and run.text.strip() else run.text


def _code(style: Style) -> str:
    if style.dim:
        return "2"
    if style.role in (Role.GLYPH, Role.BAR, Role.OVER):
        return _TONES[style.tone]
    if style.role in (Role.REST, Role.NOTE):
        return "2"
    return "1" if style.role is Role.NAME and style.critical else ""


def _can_draw(encoding: str | None) -> bool:
    try:
        "│┃✓".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _ascii(line: str) -> str:
    return line.translate(_ASCII).encode("ascii", "replace").decode()
