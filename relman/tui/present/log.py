"""The lines around a log: fetching it, waiting for it, and where one is in it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len

from relman.model.run import Job
from relman.model.state import State, Tone
from relman.tui.present.notice import Notice
from relman.tui.present.piece import BLANK, Line, Piece, cut, joined, plain, quiet, safe, spread, wrap

_LEAST_NAME = 6  # cells
LINE_SHOWN = 1 << 16  # bytes of one line that are shown, searched and copied


EMPTY = Notice(
    "○",
    "The log is empty",
    ("GitHub gives a log of this job, and there is not one line in it.",),
    "r fetches it again; esc goes back to the job, where o opens its page on GitHub.",
)


class LogStatus(Struct, frozen=True):
    """Where somebody is in a log. Lines and columns count from 1; ``hit`` is 0 when the cursor is on none."""

    line: int = 0
    lines: int = 0
    column: int = 1
    size: int = 0  # bytes
    indexed: bool = True
    times: bool = False
    wrapped: bool = False
    measuring: bool = False  # which lines take several rows is still being found out
    searched: str = ""
    hit: int = 0
    hits: int = 0
    more_hits: bool = False
    searched_in_part: bool = False  # some lines are so long that only their beginning is shown and searched
    cut: int = 0  # bytes of this line that are not shown
    errors: int = 0
    warnings: int = 0
    wrap_limited: bool = False
    marks_limited: bool = False


def size(count: int) -> str:
    """Bytes in words: "812 B", "3.4 MB"."""
    if count < 1000:
        return f"{count} B"
    amount = count / 1000
    for unit in ("kB", "MB"):
        if amount < 999.5:
            return f"{amount:.1f} {unit}" if amount < 99.95 else f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def log_title(workflow: str, rest: str, room: int) -> str:
    """The workflow, run and job whose log it is, in ``room`` cells. The workflow is shortened first, as far as
    its beginning still says something: which run and which job it is cannot be guessed."""
    workflow, rest = safe(workflow, 60), safe(rest, 300)
    if not workflow:
        return rest
    return f"{cut(workflow, max(_LEAST_NAME, room - cell_len(rest) - 1))} {rest}"


def progress_line(done: int, total: int | None) -> Line:
    """How much of the log is here."""
    if not done:
        return (quiet("○ "), Piece("Asking for the log"))
    share = f" of {size(total)}, {min(100, done * 100 // total)} %" if total else ""
    return (quiet("○ "), Piece("Fetching the log  "), quiet(size(done) + share))


def waiting_lines(job: Job | None, room: int, steps: Sequence[Line]) -> list[Line]:
    """In place of a log that is not there yet: why, and how far the job is. ``steps`` are drawn already."""
    if job is None or job.state.finished:
        title, why = (
            "The log is on its way",
            "The job has ended; its log appears within seconds and is shown then.",
        )
    elif job.state is State.RUNNING:
        title, why = (
            "The log comes when the job ends",
            "GitHub publishes a job's log only then. Its steps until now:",
        )
    else:
        title, why = f"The job has not started: {job.word}", "GitHub publishes a job's log when the job ends."
    lines: list[Line] = [(Piece("◐ ", Tone.ACTIVE), Piece(title, strong=True))]
    lines.extend(plain("  " + line, Tone.QUIET) for line in wrap(why, max(8, room - 2)))
    if steps:
        lines += [BLANK, *steps]
    return lines


def status_line(status: LogStatus, width: int) -> Line:
    """Place, size and marks on the left; search and how the log is shown on the right."""
    left: list[Line] = [plain(f"line {status.line:,} of {status.lines:,}{'' if status.indexed else '+'}")]
    if status.column > 1:
        left.append((quiet(f"column {status.column:,}"),))
    left.append((quiet(size(status.size)),))
    if status.cut:
        left.append(plain(f"the first {size(LINE_SHOWN)} of this line", Tone.WAITING))
    if status.errors:
        left.append(plain(_counted(status.errors, "error"), Tone.BAD))
    if status.warnings:
        left.append(plain(_counted(status.warnings, "warning"), Tone.WAITING))
    right: list[Line] = []
    if status.searched:
        more = "+" if status.more_hits else ""
        place = f"{status.hit:,}/" if status.hit else ""
        right.append(
            (Piece(f"/{safe(status.searched, 40)} ", accent=True), Piece(f"{place}{status.hits:,}{more}"))
        )
    if status.searched_in_part:
        right.append(plain(f"{size(LINE_SHOWN)} of each line searched", Tone.WAITING))
    if not status.indexed:
        right.append((quiet("reading"),))
    if status.times:
        right.append((quiet("UTC"),))
    if status.wrapped:
        words = "wrapping" if status.measuring else "wrapped"
        right.append((quiet("wrapped, the rest is cut" if status.wrap_limited else words),))
    if status.marks_limited:
        right.append((quiet("too many groups to fold all"),))
    return spread((Piece(" "), *joined(left)), (*joined(right), Piece(" ")), width)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
