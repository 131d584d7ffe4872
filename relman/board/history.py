"""What is finished is kept: runs with every attempt, jobs, steps, deployments, with the raw answers.

One SQLite file for each repository and API host. All work happens on one thread of its own. Nothing here
raises: what cannot be written is forgotten, and :attr:`History.notice` says so.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from relman.board.board_codec import decode, decode_board, encode, encode_board
from relman.board.durations import typical
from relman.board.history_file import (
    Opened,
    cannot_keep,
    file_for,
    is_corrupt,
    open_database,
    start_over,
)
from relman.board.spans import Span, joined
from relman.board.validators import ValidatorStore
from relman.board.worker import Worker
from relman.errors import Problem
from relman.model.board import Board
from relman.model.environment import Deployment
from relman.model.run import Job, Run

T = TypeVar("T")

_QUIT_WITHIN = 1.0  # seconds
_BOARD = "board"


class History:
    """Made by :meth:`open`. Async methods return when the work is done; order is kept."""

    def __init__(self, path: Path, repo: str) -> None:
        opened = open_database(path)
        self.path = path
        self.validators = ValidatorStore(path if opened.kept else None)
        self._repo = repo
        self._db = opened.connection
        self._opened = opened.notice
        self._failed: Problem | None = None
        self._worker = Worker("history")

    @classmethod
    def open(cls, directory: Path, api_url: str, repo: str) -> History:
        """Opens the history of ``repo`` ("owner/name") in a directory of relman's own. Blocks a few ms."""
        return cls(file_for(directory, api_url, repo), repo)

    @property
    def notice(self) -> Problem | None:
        """What is wrong with the file, for a person; None when all is well."""
        return self._failed or self._opened

    async def close(self) -> None:
        """Finishes what is queued, but does not hold up quitting."""
        await self._worker.stop(self._db.close, _QUIT_WITHIN)
        self.validators.close()

    def last_board(self) -> Board | None:
        """The board of the last time. Blocks: for the start, before the loop runs."""
        try:
            row = self._db.execute("SELECT value FROM kept WHERE name = ?", (_BOARD,)).fetchone()
            return decode_board(zlib.decompress(row[0]), self._repo) if row else None
        except (sqlite3.Error, zlib.error):
            return None

    async def keep_board(self, board: Board) -> None:
        def work(db: sqlite3.Connection) -> None:
            data = zlib.compress(encode_board(board), 1)
            db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (_BOARD, data))

        await self._write(work)

    # Runs

    async def keep_runs(self, runs: Sequence[Run], raw: bytes) -> None:
        """Runs of one answer. A finished attempt is kept for good; a later attempt moves it to the attempts."""

        def work(db: sqlite3.Connection) -> None:
            bodies = _bodies(raw)
            for run in runs:
                _keep_run(db, run, bodies.get(run.id, b""))

        await self._write(work)

    async def unfinished(self) -> tuple[int, ...]:
        """Ids of kept runs that were still active when last seen, newest first."""
        rows = await self._rows("SELECT id FROM runs WHERE NOT finished ORDER BY created DESC, id DESC")
        return tuple(row[0] for row in rows)

    async def forget_run(self, run_id: int) -> None:
        """A run that is gone from GitHub before it ended. One that had finished stays: figures need it."""
        await self._write(lambda db: db.execute("DELETE FROM runs WHERE id = ? AND NOT finished", (run_id,)))

    async def newest_runs(self, limit: int = 1000) -> tuple[Run, ...]:
        """The newest kept runs, newest first."""
        return await self._facts(Run, "SELECT facts FROM runs ORDER BY created DESC, id DESC LIMIT ?", (limit,))

    async def finished_runs(
        self, since: datetime, until: datetime, workflow: str | None = None
    ) -> tuple[Run, ...]:
        """Latest attempts that ended in that time, newest end first; of one workflow path, or of all."""
        return await self._facts(
            Run,
            "SELECT facts FROM runs WHERE finished AND ended >= ? AND ended < ? AND (? IS NULL OR path = ?)"
            " ORDER BY ended DESC, id DESC",
            (since.timestamp(), until.timestamp(), *[workflow and _text(workflow)] * 2),
        )

    async def earlier_attempts(self, run_id: int) -> tuple[Run, ...]:
        """The kept attempts before the latest, oldest first."""
        return await self._facts(Run, "SELECT facts FROM attempts WHERE run = ? ORDER BY attempt", (run_id,))

    async def missing_attempts(self, run: Run) -> tuple[int, ...]:
        """The numbers of attempts before this one that are not kept."""
        rows = await self._rows("SELECT attempt FROM attempts WHERE run = ?", (run.id,))
        return tuple(sorted(set(range(1, run.attempt)) - {row[0] for row in rows}))

    async def keep_attempt(self, run: Run, raw: bytes) -> None:
        """An earlier attempt of a run."""
        await self._write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)",
                (run.id, run.attempt, encode(run), zlib.compress(raw)),
            )
        )

    async def run_count(self) -> int:
        rows = await self._rows("SELECT count(*) FROM runs WHERE finished")
        return int(rows[0][0]) if rows else 0

    # Jobs

    async def keep_jobs(
        self, run: Run, jobs: Sequence[Job], raw: bytes, *, latest: Collection[int] | None = None
    ) -> None:
        """Every job of every attempt of a finished run.

        ``latest`` are the ids of the jobs that the latest attempt shows; None for all of them.
        """

        def work(db: sqlite3.Connection) -> None:
            _keep_run(db, run, b"")
            db.execute("DELETE FROM jobs WHERE run = ?", (run.id,))
            db.executemany(
                "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", [_job_row(run, job) for job in jobs]
            )
            shown = [job.id for job in jobs if latest is None or job.id in latest]
            facts = b"\n".join(encode(job) for job in jobs)
            db.execute(
                "INSERT OR REPLACE INTO job_answers VALUES (?, ?, ?, ?)",
                (run.id, encode(shown).decode(), zlib.compress(facts), zlib.compress(raw)),
            )
            ends = [job.completed_at for job in jobs if job.completed_at and job.attempt == run.attempt]
            db.execute(
                "UPDATE runs SET jobs_kept = ?, ended = coalesce(?, ended) WHERE id = ?",
                (run.attempt, _seconds(max(ends, default=None)), run.id),
            )

        await self._write(work)

    async def jobs(self, run_id: int, attempt: int) -> tuple[Job, ...] | None:
        """The jobs of a finished run as its latest attempt shows them; None where they were not kept."""

        def work(db: sqlite3.Connection) -> tuple[Job, ...] | None:
            row = db.execute(
                "SELECT latest, job_answers.facts FROM job_answers JOIN runs ON runs.id = run"
                " WHERE run = ? AND jobs_kept = ?",
                (run_id, attempt),
            ).fetchone()
            if row is None:
                return None
            shown = set(decode(list[int], row[0]))
            return tuple(job for job in _jobs(row[1]) if job.id in shown)

        return await self._read(work, None)

    async def jobs_of(self, run_ids: Collection[int]) -> Mapping[int, tuple[Job, ...]]:
        """Every kept job of every attempt, by run id."""
        ids = encode(list(run_ids)).decode()

        def work(db: sqlite3.Connection) -> dict[int, tuple[Job, ...]]:
            query = "SELECT run, facts FROM job_answers WHERE run IN (SELECT value FROM json_each(?))"
            return {run: _jobs(facts) for run, facts in db.execute(query, (ids,))}

        return await self._read(work, {})

    async def runs_without_jobs(
        self, since: datetime, limit: int, *, newest: int | None = None
    ) -> tuple[Run, ...]:
        """Finished runs whose jobs are still to be read, newest first.

        With ``newest`` only those among that many newest successful runs of their workflow.
        """
        return await self._facts(
            Run,
            "SELECT facts FROM runs WHERE finished AND jobs_kept < attempt AND created >= :since"
            " AND (:newest IS NULL OR id IN ("
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY path ORDER BY created DESC) AS place"
            " FROM runs WHERE finished AND successful AND created >= :since) WHERE place <= :newest"
            ")) ORDER BY created DESC LIMIT :limit",
            {"since": since.timestamp(), "newest": newest, "limit": limit},
        )

    async def count_without_jobs(self, since: datetime) -> int:
        rows = await self._rows(
            "SELECT count(*) FROM runs WHERE finished AND jobs_kept < attempt AND created >= ?",
            (since.timestamp(),),
        )
        return int(rows[0][0]) if rows else 0

    async def expected(self) -> Mapping[str, Mapping[str, float]]:
        """By workflow path, then job name: the median seconds of the newest successful executions."""
        return await self._read(typical, {})

    # Deployments

    async def keep_deployments(self, deployments: Sequence[Deployment], raw: Mapping[int, bytes]) -> None:
        """Deployments with their statuses; ``raw`` the statuses' bodies by deployment id."""
        rows = [
            (
                one.id,
                _text(one.environment),
                _seconds(one.created_at),
                encode(one),
                zlib.compress(raw.get(one.id, b"")),
            )
            for one in deployments
        ]
        await self._write(
            lambda db: db.executemany("INSERT OR REPLACE INTO deployments VALUES (?, ?, ?, ?, ?)", rows)
        )

    async def deployments(self, ids: Collection[int]) -> Mapping[int, Deployment]:
        kept = await self._facts(
            Deployment,
            "SELECT facts FROM deployments WHERE id IN (SELECT value FROM json_each(?))",
            (encode(list(ids)).decode(),),
        )
        return {one.id: one for one in kept}

    async def deployments_between(
        self, since: datetime, until: datetime, environment: str | None = None
    ) -> tuple[Deployment, ...]:
        """Kept deployments made in that time, newest first; to one environment, or to all."""
        return await self._facts(
            Deployment,
            "SELECT facts FROM deployments WHERE created >= ? AND created < ?"
            " AND (? IS NULL OR environment = ?) ORDER BY created DESC, id DESC",
            (since.timestamp(), until.timestamp(), *[environment and _text(environment)] * 2),
        )

    # Files, and how far the fill came

    async def file(self, path: str, sha: str) -> str | None:
        rows = await self._rows("SELECT text FROM files WHERE path = ? AND sha = ?", (_text(path), sha))
        return zlib.decompress(rows[0][0]).decode() if rows else None

    async def keep_file(self, path: str, sha: str, text: str) -> None:
        await self._write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
                (_text(path), sha, zlib.compress(text.encode("utf-8", "replace"))),
            )
        )

    async def covered(self) -> list[Span]:
        """The times of which every run is kept, oldest first."""
        rows = await self._rows("SELECT since, until FROM covered")
        return joined((since, until) for since, until in rows)

    async def cover(self, span: Span) -> None:
        def work(db: sqlite3.Connection) -> None:
            spans = joined([*db.execute("SELECT since, until FROM covered"), span])
            db.execute("DELETE FROM covered")
            db.executemany("INSERT INTO covered VALUES (?, ?)", spans)

        await self._write(work)

    # The thread

    async def _read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        return await self._worker.call(lambda: self._try(work, otherwise))

    async def _facts(
        self, kind: type[T], query: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> tuple[T, ...]:
        return await self._read(lambda db: _facts(kind, db.execute(query, values)), ())

    async def _rows(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        return await self._read(lambda db: db.execute(query, values).fetchall(), [])

    async def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        def transaction(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            try:
                work(db)
                db.execute("COMMIT")
            except BaseException:  # whatever ended it, half a change must not stay
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            self._failed = None

        await self._worker.call(lambda: self._try(transaction, None))

    def _try(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            return work(self._db)
        except sqlite3.Error as error:
            if is_corrupt(error):
                self._db.close()
                opened = _empty(self.path)
                self._db, self._opened = opened.connection, opened.notice
            else:
                self._failed = cannot_keep(self.path, error)
            return otherwise


def _empty(path: Path) -> Opened:
    """An empty history in the place of a damaged one; in memory when even that cannot be made."""
    try:
        return start_over(path)
    except (OSError, sqlite3.Error):
        return open_database(path)


def _keep_run(db: sqlite3.Connection, run: Run, body: bytes) -> None:
    row = db.execute("SELECT attempt, finished, facts, raw FROM runs WHERE id = ?", (run.id,)).fetchone()
    finished = run.state.finished
    if row is not None:
        attempt, was_finished, facts, raw = row
        if attempt > run.attempt or (attempt == run.attempt and was_finished):
            return
        if attempt < run.attempt and was_finished:
            db.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)", (run.id, attempt, facts, raw))
    db.execute(
        "INSERT INTO runs (id, attempt, path, created, ended, finished, successful, facts, raw)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt, path = excluded.path,"
        " created = excluded.created, ended = excluded.ended, finished = excluded.finished,"
        " successful = excluded.successful, facts = excluded.facts, raw = excluded.raw",
        (
            run.id,
            run.attempt,
            _text(run.path),
            _seconds(run.created_at),
            _seconds(run.updated_at) if finished else None,
            finished,
            run.conclusion == "success",
            encode(run),
            zlib.compress(body),
        ),
    )


def _job_row(run: Run, job: Job) -> tuple[object, ...]:
    successful = job.conclusion == "success"
    path, name = _text(run.path), _text(job.name)
    return (job.id, run.id, path, name, successful, _seconds(job.completed_at), job_seconds(job))


def _jobs(packed: bytes) -> tuple[Job, ...]:
    return _facts(Job, [(line,) for line in zlib.decompress(packed).split(b"\n") if line])


def job_seconds(job: Job) -> float | None:
    """How long a job ran: from its first step (a queued job already has a start) to its end; never negative."""
    starts = [step.started_at for step in job.steps if step.started_at is not None]
    start = min(starts, default=job.started_at)
    if start is None or job.completed_at is None:
        return None
    return max(0.0, (job.completed_at - start).total_seconds())


class _Identified(Struct):
    id: int


class _Listed(Struct):
    workflow_runs: list[Raw]


def _bodies(raw: bytes) -> Mapping[int, Raw | bytes]:
    """Each run of a raw answer (a page, or one run alone) by its id, as it came and without a copy; {} for what
    cannot be read."""
    try:
        items = msgspec.json.decode(raw, type=_Listed).workflow_runs
    except msgspec.ValidationError:
        items = [Raw(raw)]
    except (ValueError, msgspec.DecodeError, RecursionError):
        return _read_again(raw)
    try:
        return {msgspec.json.decode(item, type=_Identified).id: item for item in items}
    except (ValueError, msgspec.DecodeError, RecursionError):
        return _read_again(raw)


def _read_again(raw: bytes) -> Mapping[int, bytes]:
    """The same with Python's reader, which takes more: half of a surrogate pair in a title, a byte order mark."""
    import json  # hardly ever wanted

    try:
        answer = json.loads(raw)
        items = answer.get("workflow_runs", [answer])
        return {item["id"]: json.dumps(item, separators=(",", ":")).encode() for item in items}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _text(identifier: str) -> str:
    """As a column has it: half of a surrogate pair, which JSON can say, is no text to the database."""
    return identifier.encode("utf-8", "replace").decode()


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _facts(kind: type[T], rows: Iterable[Sequence[str | bytes]]) -> tuple[T, ...]:
    facts = []
    for row in rows:
        try:
            facts.append(decode(kind, row[0]))
        except (ValueError, TypeError, KeyError):  # written by another version: as good as not kept
            continue
    return tuple(facts)
