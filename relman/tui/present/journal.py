"""The journal as lines: one for each operation, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from relman.model.journal import Entry, Operation
from relman.model.operation import Outcome
from relman.model.state import Tone
from relman.tui.present.columns import Column, header, row
from relman.tui.present.course import LOOKS
from relman.tui.present.notice import Notice
from relman.tui.present.piece import BLANK, Line, Piece, joined, plain, quiet, safe, wrap

_COLUMNS = (
    Column("", 1),
    Column("when", 12),
    Column("by", 12, least=8, rank=1),
    Column("what", 10),
    Column("where", 34, least=22, grow=True),
    Column("from → to", 30, least=14, rank=3, grow=True),
    Column("result", 17),
)
OPEN = "may have happened"
_PHASES = {"begin": "began", "before": "sending", "after": "step", "end": "ended"}


def look_of(operation: Operation, running: str) -> tuple[str, Tone, str]:
    """Glyph, tone and word of an operation's result; ``running`` is the one under way here."""
    if operation.first.operation == running:
        return "◐", Tone.ACTIVE, "under way"
    if operation.open_step is not None:
        return "?", Tone.WAITING, OPEN
    if not operation.result:
        return "■", Tone.QUIET, "broken off"
    glyph, tone = _outcome(operation.result)
    return glyph, tone, safe(operation.result, 40)


def matching(operations: Sequence[Operation], text: str, running: str) -> list[Operation]:
    """The operations that hold every word of ``text`` in any of their lines."""
    words = text.casefold().split()
    if not words:
        return list(operations)
    return [
        operation for operation in operations if all(word in _haystack(operation, running) for word in words)
    ]


class JournalPresenter:
    """One line for each operation; ``running`` is the one under way here, or ""."""

    def __init__(self) -> None:
        self.running = ""

    def key(self, item: Operation) -> str:
        return item.first.operation

    def header(self, room: int) -> Line:
        return header(_COLUMNS, room)

    def line(self, item: Operation, room: int, now: datetime) -> Line:
        first = item.first
        glyph, tone, word = look_of(item, self.running)
        where = " · ".join(safe(part, 200) for part in (first.environment, first.target) if part)
        cells: tuple[Line, ...] = (
            (Piece(glyph, tone),),
            (quiet(_when(first.at, now)),),
            (quiet(safe(first.who, 40)),),
            (Piece(safe(first.action, 40)),),
            (Piece(where),),
            (quiet(_change(first)),),
            (Piece(word, Tone.QUIET if tone is Tone.GOOD else tone),),
        )
        return row(cells, _COLUMNS, room)


def operation_lines(operation: Operation, running: str, room: int) -> list[Line]:
    """Every line of one operation, with requests and results."""
    first = operation.first
    drawn: list[Line] = []
    for label, text in (
        ("repository", first.repo), ("target", first.target), ("environment", first.environment),
        ("by", first.who), ("from → to", _change(first)), ("operation", first.operation),
    ):  # fmt: skip
        if text:
            drawn += _rows(quiet(f"{label:<13}"), Piece(safe(text, 1000)), room)
    if first.exempt:
        drawn += _rows(
            Piece("▲ ", Tone.WAITING), Piece(f"exempt from a {safe(first.exempt, 40)}", Tone.WAITING), room
        )
    drawn.append(BLANK)
    for entry in operation.entries:
        drawn += _entry(entry, room)
    if operation.open_step is not None and first.operation != running:
        drawn += [
            BLANK,
            *_rows(
                Piece("? ", Tone.WAITING),
                Piece(
                    "The last step was about to be sent, and no end of it is written: it may have happened. Look at "
                    "GitHub; starting the same action again looks first and repeats nothing.",
                    Tone.WAITING,
                ),
                room,
            ),
        ]
    return drawn


def unread_line(count: int, path: Path) -> Line:
    """Over operations of which lines may be missing; empty where none is."""
    if not count:
        return BLANK
    return joined([plain(f"▲ {_unread(count)}", Tone.WAITING), (quiet(f"in {safe(str(path), 300)}"),)])


def unread_notice(count: int, path: Path) -> Notice:
    """In place of operations, where no line of the file is one."""
    return Notice(
        "▲",
        _unread(count),
        (f"{safe(str(path), 300)} holds nothing else: what relman changed before is not known from it.",),
        "Keep a copy and look into it; relman goes on writing at the end of the file.",
        Tone.BAD,
    )


def _unread(count: int) -> str:
    return "1 line could not be read" if count == 1 else f"{count:,} lines could not be read"


def _entry(entry: Entry, room: int) -> list[Line]:
    glyph, tone = _outcome(entry.result) if entry.result else ("●", Tone.QUIET)
    head = Piece(f"{entry.at.astimezone():%H:%M:%S} ", Tone.QUIET)
    phase = _PHASES.get(entry.phase, safe(entry.phase, 20))
    words = " ".join(part for part in (phase, safe(entry.step, 200), safe(entry.result, 40)) if part)
    drawn: list[Line] = [
        (head, Piece(f"{glyph} ", tone), Piece(row)) for row in wrap(words, max(8, room - 11))[:1]
    ]
    for text, look in ((entry.request, Tone.ACTIVE), (entry.detail, Tone.QUIET)):
        if text:
            drawn += [plain(" " * 11 + row, look) for row in wrap(safe(text, 4000), max(8, room - 11), 200)]
    return drawn


def _rows(head: Piece, body: Piece, room: int) -> list[Line]:
    rows = wrap(body.text, max(8, room - len(head.text)), 200)
    gap = Piece(" " * len(head.text))
    return [(head if not index else gap, body._replace(text=text)) for index, text in enumerate(rows)]


def _outcome(result: str) -> tuple[str, Tone]:
    try:
        return LOOKS[Outcome(result)]
    except ValueError:
        return "●", Tone.PLAIN


def _change(entry: Entry) -> str:
    if not entry.before and not entry.after:
        return ""
    return f"{safe(entry.before, 200) or 'nothing'} → {safe(entry.after, 200) or 'nothing'}"


def _when(at: datetime, now: datetime) -> str:
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b %H:%M}" if local.year == today.year else f"{local:%d %b %Y}"


def _haystack(operation: Operation, running: str) -> str:
    texts = [look_of(operation, running)[2]]
    for entry in operation.entries:
        texts += [
            entry.action, entry.repo, entry.target, entry.environment, entry.who, entry.before, entry.after,
            entry.step, entry.request, entry.result, entry.detail, entry.exempt, f"{entry.at.astimezone():%Y-%m-%d}",
        ]  # fmt: skip
    return "\n".join(texts).casefold()
