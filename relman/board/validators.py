"""Keeps HTTP validators and the bodies they belong to across starts, within a number of bytes."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from relman.board.history_file import open_database
from relman.model.answer import Validator

_ROOM: Final = 32 * 1024 * 1024
"""Bytes of compressed bodies."""
_USED_AGAIN: Final = 3600.0
"""Seconds: use is noted no more often, so that reading stays reading."""


class ValidatorStore:
    """Blocking, for several threads at once. Never raises: what cannot be kept is asked again.

    Without a path it keeps nothing.
    """

    def __init__(self, path: Path | None, room: int = _ROOM) -> None:
        self._path = path
        self._room = room
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._closed = False

    def get(self, key: str) -> Validator | None:
        with self._lock:
            try:
                return self._get(key)
            except (sqlite3.Error, ValueError, TypeError):
                self._drop()
                return None

    def put(self, key: str, validator: Validator) -> None:
        with self._lock:
            try:
                self._put(key, validator)
            except sqlite3.Error:
                self._drop()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop()

    def _get(self, key: str) -> Validator | None:
        db = self._connection()
        row = (
            db
            and db.execute(
                "SELECT etag, last_modified, headers, body, stored, used FROM validators WHERE key = ?", (key,)
            ).fetchone()
        )
        if not db or not row:
            return None
        import json  # not before the first frame

        etag, last_modified, headers, body, stored, used = row
        if not isinstance(body, bytes):
            raise TypeError("a body that is none")
        now = time.time()
        if not 0 <= now - used < _USED_AGAIN:
            db.execute("UPDATE validators SET used = ? WHERE key = ?", (now, key))
        return Validator(
            etag=etag,
            last_modified=last_modified,
            packed=body,
            headers=tuple((name, value) for name, value in json.loads(headers)),
            stored_at=datetime.fromtimestamp(stored, UTC),
        )

    def _put(self, key: str, validator: Validator) -> None:
        db = self._connection()
        if db is None or len(validator.packed) > self._room // 4:
            return
        import json

        db.execute(
            "INSERT OR REPLACE INTO validators VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                validator.etag,
                validator.last_modified,
                json.dumps(validator.headers),
                validator.packed,
                len(validator.packed),
                validator.stored_at.timestamp(),
                time.time(),
            ),
        )
        self._make_room(db)

    def _make_room(self, db: sqlite3.Connection) -> None:
        total = db.execute("SELECT coalesce(sum(size), 0) FROM validators").fetchone()[0]
        if total <= self._room:
            return
        for row, size in db.execute("SELECT rowid, size FROM validators ORDER BY used").fetchall():
            db.execute("DELETE FROM validators WHERE rowid = ?", (row,))
            total -= size
            if total <= self._room * 0.9:
                break

    def _connection(self) -> sqlite3.Connection | None:
        if self._db is None and not self._closed:
            if self._path is None:
                return None
            self._db = open_database(self._path).connection
        return self._db

    def _drop(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None
