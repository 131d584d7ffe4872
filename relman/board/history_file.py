"""Opens the history's SQLite file: private, migrated, and never a reason not to start."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from relman.errors import Kind, Problem

_PATIENCE: Final = 300  # hundredths of a second
_CACHE: Final = 256
"""KiB of pages that each connection holds: the system keeps the file in its own cache anyway."""
APPLICATION_ID: Final = 0x72656C6D  # "relm"
_MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL, path TEXT NOT NULL, created INTEGER,
        ended INTEGER, finished INTEGER NOT NULL, successful INTEGER NOT NULL,
        jobs_kept INTEGER NOT NULL DEFAULT 0, facts TEXT NOT NULL, raw BLOB NOT NULL
    );
    CREATE INDEX runs_created ON runs (created);
    CREATE INDEX runs_ended ON runs (finished, ended);
    CREATE INDEX runs_without_jobs ON runs (path, created) WHERE finished AND jobs_kept < attempt;
    CREATE TABLE attempts (
        run INTEGER NOT NULL, attempt INTEGER NOT NULL, facts TEXT NOT NULL, raw BLOB NOT NULL,
        PRIMARY KEY (run, attempt)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL,
        successful INTEGER NOT NULL, completed INTEGER, seconds REAL
    );
    CREATE INDEX jobs_of_run ON jobs (run);
    CREATE INDEX jobs_durations ON jobs (path, name, completed) WHERE successful;
    CREATE TABLE job_answers (
        run INTEGER PRIMARY KEY, latest TEXT NOT NULL,
        facts BLOB NOT NULL, raw BLOB NOT NULL
    );
    CREATE TABLE deployments (
        id INTEGER PRIMARY KEY, environment TEXT NOT NULL, created INTEGER, facts TEXT NOT NULL,
        raw BLOB NOT NULL
    );
    CREATE INDEX deployments_created ON deployments (environment, created);
    CREATE TABLE files (path TEXT NOT NULL, sha TEXT NOT NULL, text BLOB NOT NULL, PRIMARY KEY (path, sha));
    CREATE TABLE covered (since INTEGER NOT NULL, until INTEGER NOT NULL);
    CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE validators (
        key TEXT PRIMARY KEY, etag TEXT, last_modified TEXT, headers TEXT NOT NULL, body BLOB NOT NULL,
        size INTEGER NOT NULL, stored REAL NOT NULL, used REAL NOT NULL
    );
    CREATE INDEX validators_used ON validators (used);
    """,
    # The sizes stand behind the bodies: without them in the index, every sum reads all bodies.
    """
    DROP INDEX validators_used;
    CREATE INDEX validators_room ON validators (used, size)
    """,
    # Empty lists of jobs were once taken for final as soon as they came: those are asked for again.
    "UPDATE runs SET jobs_kept = 0 WHERE id IN (SELECT run FROM job_answers WHERE latest = '[]')",
)
"""Each brings the file from one version to the next. A published one is never changed."""


class Opened(Struct, frozen=True):
    """A usable connection, and what a person should know about how it was come by."""

    connection: sqlite3.Connection
    notice: Problem | None = None
    kept: bool = True  # False: in memory only


def file_for(directory: Path, api_url: str, repo: str) -> Path:
    """The history's file for one repository of one API host: readable, and unlike any other's."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", repo).strip("_.")[:80]
    exact = hashlib.sha256(f"{api_url}\n{repo.lower()}".encode()).hexdigest()[:12]
    return directory / f"{name}-{exact}.sqlite3"


def open_database(path: Path) -> Opened:
    """Opens or makes the file. A broken or newer one is moved aside; where none can be kept, memory serves."""
    try:
        _make_private(path)
        try:
            return Opened(_connect(path))
        except _NewerError:
            return start_over(path, "was written by a newer relman")
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            return start_over(path, "cannot be read")
    except (OSError, sqlite3.Error) as error:
        connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        _migrate(connection)
        return Opened(connection, cannot_keep(path, error), kept=False)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, and not its surroundings (disk full, locked, read-only)."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def cannot_keep(path: Path, error: Exception) -> Problem:
    """The history cannot be written: relman goes on without."""
    return Problem(
        Kind.LOCAL,
        "The history is not kept",
        f"{path}: {error}",
        "Make room or make the directory writable; until then every start reads everything again.",
    )


class _NewerError(Exception):
    """The file has a later version than this relman knows."""


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its side files the mode of the main one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False, isolation_level=None)
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        _migrate(connection)
    except BaseException:  # cancelled or failed, a connection that is not given back is closed
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Two that make the file at once can refuse each other here without waiting, so this waits itself."""
    for _ in range(_PATIENCE):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.01)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")  # of two starting at once, the second waits and finds it done
    try:
        for migration in _MIGRATIONS[_version(connection) :]:
            for statement in migration.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:  # whatever ended it, half a migration must not stay
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_MIGRATIONS):
        raise _NewerError
    return version


def start_over(path: Path, why: str = "is damaged") -> Opened:
    """Moves the file aside and opens an empty one in its place."""
    aside = set_aside(path)
    return Opened(
        _connect(path),
        Problem(
            Kind.LOCAL,
            "The history starts anew",
            f"the file {why}; it was moved to {aside}",
            "Nothing on GitHub is lost: relman reads the last weeks again.",
        ),
    )


def set_aside(path: Path) -> Path:
    """Renames the file and its side files to a free name beside it, and makes an empty private one."""
    number = 1
    while (aside := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    _rename(path, aside)
    _make_private(path)
    return aside


def _rename(path: Path, to: Path) -> None:
    """With the side files, in which the newest changes may stand."""
    path.rename(to)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(to.with_name(to.name + suffix))
