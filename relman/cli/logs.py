"""``relman logs``: the logs of a run's jobs, line by line, however large they are."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from relman.cli.output import narrate, problem_json
from relman.errors import Exit, Kind, Problem, RelmanError
from relman.model.answer import Answer
from relman.model.job_log import BOM, LONGEST, Level, LogLine, begins_step, parse_line
from relman.model.run import Job
from relman.model.state import State
from relman.text import clean_line

SCHEMA = "relman.logs/1"
_COPY = 1 << 20  # bytes
_HEAD = 4096  # bytes: enough to tell what a line begins
_BOLD, _OFF = "\x1b[1m", "\x1b[0m"
_COLOURS = {Level.GROUP: _BOLD, Level.ERROR: "\x1b[1;31m", Level.WARNING: "\x1b[33m", Level.COMMAND: "\x1b[36m"}
_HOPELESS = {Kind.AUTH, Kind.RATE_LIMIT, Kind.NETWORK}  # for the next job too


class LogReader(Protocol):
    """What of :class:`relman.board.ports.GitHubReader` is needed. Raises :class:`RelmanError`."""

    async def jobs(
        self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False
    ) -> Answer[tuple[Job, ...]]: ...
    async def save_job_log(
        self, job_id: int, target: Path, progress: Callable[[int, int | None], None] | None = None
    ) -> None: ...


async def show_logs(
    reader: LogReader,
    run_id: int,
    *,
    job: str | None = None,
    failed: bool = False,
    raw: bool = False,
    as_json: bool = False,
    out: TextIO | None = None,
    colour: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Exit:
    """Writes the logs of a run's latest attempt to ``out``, one job after the other.

    ``job`` (a name, a part of one, or an id) and ``failed`` choose jobs; of a failed job then only the steps
    with an error are shown. ``raw`` gives the bytes as they are. ``colour`` keeps a log's colours; all other
    terminal escapes are left out. ``tell`` gets a sentence for every log that is not there.

    Raises :class:`RelmanError` when nothing can be chosen from.
    """
    out = out or sys.stdout
    tell = tell or narrate
    jobs = chosen((await reader.jobs(run_id)).value, run_id, job=job, failed=failed)
    if not jobs:
        tell(f"No job of run {run_id} has failed." if failed else f"Run {run_id} has no jobs yet.")
    prints: _Printer = (
        _Json(out, run_id) if as_json else _Raw(out) if raw else _Text(out, colour, named=len(jobs) > 1)
    )
    problems: list[Problem] = []
    shown = 0
    hopeless: Problem | None = None
    prints.begin()
    with tempfile.TemporaryDirectory(prefix="relman-log-") as directory:
        path = Path(directory) / "job.log"
        for one in jobs:
            problem = hopeless or await _fetch(reader, one, path)
            if problem is None:
                # Nothing else runs on this loop: there is nobody to hold up by reading and writing here.
                with path.open("rb") as file:
                    prints.job(one, file, failing_parts(file) if failed else [(0, _size(file))])
                path.unlink()
                shown += 1
                continue
            if problem.kind in _HOPELESS:
                hopeless = problem
            problems.append(problem)
            prints.without(one, problem)
            tell(f"{one.name}: {problem.sentence()}")
    prints.end()
    out.flush()
    graver = [problem for problem in problems if problem.kind is not Kind.NOT_YET]
    if graver:
        return graver[0].exit_code
    return Exit.FAILED if problems and not shown else Exit.OK


def chosen(jobs: Sequence[Job], run_id: int, *, job: str | None, failed: bool) -> list[Job]:
    """The jobs that are meant. An id or exact name wins over a name that only contains what was given."""
    found = list(jobs)
    if job is not None:
        wanted = job.casefold()
        for fits in (
            lambda each: str(each.id) == job or each.name == job,
            lambda each: each.name.casefold() == wanted,
            lambda each: wanted in each.name.casefold(),
        ):
            found = [each for each in jobs if fits(each)]
            if found:
                break
        else:
            names = ", ".join(clean_line(each.name, 80) for each in jobs[:20])
            raise RelmanError(
                Problem(
                    Kind.NOT_FOUND,
                    f"Run {run_id} has no job named {clean_line(job, 80)!r}",
                    hint=f"Its jobs: {names}." if names else "It has no jobs yet.",
                )
            )
    return [each for each in found if each.state.failed] if failed else found


async def _fetch(reader: LogReader, job: Job, path: Path) -> Problem | None:
    """Saves the log. Gives back why there is none."""
    if job.state is State.SKIPPED:
        return Problem(Kind.NOT_YET, "Skipped, so there is no log")
    if not job.state.finished and job.state is not State.UNKNOWN:
        return Problem(
            Kind.NOT_YET,
            f"The job is {job.word}",
            hint="GitHub publishes a job's log when the job ends.",
        )
    try:
        await reader.save_job_log(job.id, path)
    except RelmanError as error:
        return error.problem
    return None


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _raw_lines(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """The lines in the bytes ``start`` to ``end``; one that is longer than a megabyte in pieces."""
    file.seek(start)
    while start < end and (line := file.readline(min(LONGEST, end - start))):
        start += len(line)
        yield line


def lines(file: BinaryIO, start: int, end: int) -> Iterator[LogLine]:
    """The lines in the bytes ``start`` to ``end``, parsed."""
    for raw in _raw_lines(file, start, end):
        yield parse_line(raw.removeprefix(BOM) if start == 0 else raw)


def failing_parts(file: BinaryIO) -> list[tuple[int, int]]:
    """The byte ranges of the steps with an error line. All of the log when there is none: a cancelled or lost
    job ends without."""
    parts: list[tuple[int, int]] = []
    start = at = 0
    error = False
    for raw in _raw_lines(file, 0, size := _size(file)):
        line = parse_line(raw[:_HEAD])
        if begins_step(line):
            if error:
                parts.append((start, at))
            start, error = at, False
        error = error or line.level is Level.ERROR
        at += len(raw)
    if error:
        parts.append((start, at))
    return parts or [(0, size)]


class _Printer(Protocol):
    """One form of the answer."""

    def begin(self) -> None: ...
    def job(self, job: Job, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None: ...
    def without(self, job: Job, problem: Problem) -> None: ...
    def end(self) -> None: ...


class _Text:
    """Lines to read: a tab-separated job name first when there are several jobs."""

    def __init__(self, out: TextIO, colour: bool, *, named: bool) -> None:
        self._out = out
        self._colour = colour
        self._named = named
        self._encoding = out.encoding or "utf-8"

    def begin(self) -> None:
        pass

    def job(self, job: Job, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        prefix = f"{clean_line(job.name, 100)}\t" if self._named else ""
        for start, end in parts:
            for line in lines(file, start, end):
                if line.level is not Level.ENDGROUP:
                    text = f"{prefix}{self._dressed(line) if self._colour else _plain(line)}\n"
                    self._out.write(text.encode(self._encoding, "replace").decode(self._encoding))

    def _dressed(self, line: LogLine) -> str:
        colour = _COLOURS.get(line.level, "")
        text = f"{colour}{_sign(line)}{line.body}"
        return text + _OFF if "\x1b" in text else text

    def without(self, job: Job, problem: Problem) -> None:
        del job, problem

    def end(self) -> None:
        pass


class _Raw:
    """The bytes as they are."""

    def __init__(self, out: TextIO) -> None:
        out.flush()
        self._out = out.buffer

    def begin(self) -> None:
        pass

    def job(self, job: Job, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        del job
        for start, end in parts:
            file.seek(start)
            while start < end and (data := file.read(min(_COPY, end - start))):
                start += len(data)
                self._out.write(data)

    def without(self, job: Job, problem: Problem) -> None:
        del job, problem

    def end(self) -> None:
        self._out.flush()


class _Json:
    """One JSON document, written as it comes: memory does not follow the logs' size."""

    def __init__(self, out: TextIO, run_id: int) -> None:
        self._out = out
        self._run = run_id
        self._jobs = 0

    def begin(self) -> None:
        self._out.write(f'{{"schema": {json.dumps(SCHEMA)}, "run": {self._run}, "jobs": [')

    def job(self, job: Job, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        self._open(job, None)
        separator = "\n"
        for start, end in parts:
            for line in lines(file, start, end):
                entry = {"time": line.time or None, "level": line.level.value, "text": line.text}
                self._out.write(separator + json.dumps(entry))
                separator = ",\n"
        self._out.write("]}")

    def without(self, job: Job, problem: Problem) -> None:
        self._open(job, problem)
        self._out.write("]}")

    def _open(self, job: Job, problem: Problem | None) -> None:
        head = {
            "id": job.id,
            "name": job.name,
            "attempt": job.attempt,
            "status": job.status,
            "conclusion": job.conclusion,
            "problem": problem_json(problem),
        }
        self._out.write(("," if self._jobs else "") + "\n" + json.dumps(head)[:-1] + ', "lines": [')
        self._jobs += 1

    def end(self) -> None:
        self._out.write("]}\n")


def _sign(line: LogLine) -> str:
    return "▶ " if line.level is Level.GROUP else line.level.label


def _plain(line: LogLine) -> str:
    return _sign(line) + line.text
