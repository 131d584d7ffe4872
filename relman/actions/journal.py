"""The journal: one JSON line before and after every step, on the disk before anything goes on.

Several relmans append to one file at the same time; a line torn by a crash is passed over when it is read, and counted.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relman.actions.line_file import append
from relman.errors import Kind, Problem, RelmanError, reason_of
from relman.model.journal import Entry
from relman.text import clean_line

_READ = 4_000_000  # bytes of the newest entries that are read: about 10,000 lines
_LONGEST = 4000  # characters of one field
_TEXTS = [name for name in Entry.__struct_fields__ if name != "at"]


class Journal:
    """``redact`` masks secrets in a text: nothing is written that did not pass it.

    :meth:`write` raises a LOCAL problem where the line cannot be put on the disk.
    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self.path = path
        self.redact = redact

    async def write(self, entry: Entry) -> None:
        """Returns when the line is on the disk."""
        await asyncio.to_thread(self._append, entry)

    async def read(self) -> tuple[Entry, ...]:
        """The newest entries, oldest first. A line that is no entry is left out."""
        return (await self.look())[0]

    async def look(self) -> tuple[tuple[Entry, ...], int]:
        """The newest entries, oldest first, and how many lines among them are none."""
        return await asyncio.to_thread(self._read)

    async def mark(self) -> tuple[int, int]:
        """Differs from an earlier one when something was written since, by whomever."""
        return await asyncio.to_thread(self._mark)

    def _mark(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0)
        return (found.st_size, found.st_mtime_ns)

    def _append(self, entry: Entry) -> None:
        line = json.dumps(self._fields(entry), ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            append(self.path, line)
        except OSError as error:
            raise RelmanError(
                Problem(
                    Kind.LOCAL,
                    "The journal cannot be written",
                    f"{self.path}: {reason_of(error) or error}",
                    "Nothing is changed without it. Make room or mend the directory's rights.",
                )
            ) from None

    def _fields(self, entry: Entry) -> dict[str, str]:
        line = {"at": entry.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        for name in _TEXTS:
            text = getattr(entry, name)
            if text:
                # Twice: a control character within a secret would hide it from the first look.
                line[name] = clean_line(self.redact(clean_line(self.redact(text))), _LONGEST)
        return line

    def _read(self) -> tuple[tuple[Entry, ...], int]:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _READ))
                if size > _READ:
                    file.readline()
                lines = file.read().splitlines()
        except FileNotFoundError:
            return (), 0
        except OSError as error:
            raise RelmanError(
                Problem(Kind.LOCAL, "The journal cannot be read", f"{self.path}: {reason_of(error) or error}")
            ) from None
        read = [_entry(line) for line in lines if line.strip()]
        entries = tuple(entry for entry in read if entry is not None)
        return entries, len(read) - len(entries)


def _entry(line: bytes) -> Entry | None:
    try:
        read: Any = json.loads(line)
        if not isinstance(read, dict):
            return None
        at = datetime.fromisoformat(read["at"])
        texts = {name: clean_line(read.get(name, "")) for name in _TEXTS}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if at.tzinfo is None or not texts["operation"]:
        return None
    return Entry(at=at, **texts)
