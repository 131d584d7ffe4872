"""A file that keeps workflow runs and their jobs, one JSON object a line, appended to and never rewritten.

Each line has ``schema`` ("relman.exported-run/1"), ``repository``, ``exported_at``, ``run`` and ``jobs`` (of the
latest attempt of each, with their steps). A line that a crash tore is passed over when the file is read and
ended before the next is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from relman.actions.line_file import append
from relman.errors import Kind, Problem, RelmanError, reason_of, usage_error
from relman.model.run import Job, Run

SCHEMA = "relman.exported-run/1"


class RunExport:
    """Blocking; errors of the disk are LOCAL problems."""

    def __init__(self, path: Path, repo: str) -> None:
        self.path = path
        self._repo = repo
        self._waiting: list[bytes] = []

    def kept(self) -> frozenset[tuple[int, int]]:
        """Run id and attempt of every run that the file has of this repository.

        Raises a USAGE problem for a file that is something else.
        """
        found: set[tuple[int, int]] = set()
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file):
                    one = _read(line)
                    if one is None:
                        if number == 0 and not _is_ours(line):
                            raise usage_error(
                                f"{self.path} is no export of workflow runs",
                                hint="Name a file that is not there yet.",
                            )
                        continue
                    if one.get("repository") == self._repo:
                        found.add((int(one["run"]["id"]), int(one["run"]["attempt"])))
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise self._problem(error) from None
        return frozenset(found)

    def add(self, run: Run, jobs: Sequence[Job], at: datetime) -> None:
        """The line waits for :meth:`flush`."""
        line = {
            "schema": SCHEMA,
            "repository": self._repo,
            "exported_at": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "run": to_builtins(run, builtin_types=(datetime,)),
            "jobs": [to_builtins(job, builtin_types=(datetime,)) for job in jobs],
        }
        text = json.dumps(line, ensure_ascii=True, separators=(",", ":"), default=_moment)
        self._waiting.append(text.encode() + b"\n")

    def flush(self) -> None:
        """Returns when all lines are on the disk."""
        try:
            append(self.path, b"".join(self._waiting))
        except OSError as error:
            raise self._problem(error) from None
        self._waiting.clear()

    def _problem(self, error: OSError) -> RelmanError:
        return RelmanError(
            Problem(
                Kind.LOCAL,
                "The runs cannot be kept in a file",
                f"{self.path}: {reason_of(error) or error}",
                "Nothing is deleted before they are. Make room, or name another file with --export.",
            )
        )


_BEGINNING = f'{{"schema":"{SCHEMA}"'.encode()


def _is_ours(line: bytes) -> bool:
    """Whether a line that cannot be read is one of ours, torn by a crash."""
    text = line.rstrip(b"\n")
    return text.startswith(_BEGINNING) or _BEGINNING.startswith(text)


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        one = json.loads(line)
        if one["schema"] != SCHEMA:
            return None
        int(one["run"]["id"]), int(one["run"]["attempt"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return one if isinstance(one, dict) else None


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is no JSON")
