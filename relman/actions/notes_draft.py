"""Edited release notes, kept on this machine until the release has them: no retry asks for them twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

from relman.errors import Kind, Problem, RelmanError, reason_of

_LARGEST = 125_000  # characters: what GitHub takes


class NotesDrafts:
    """One file for each version and commit below ``scratch``."""

    def __init__(self, scratch: Path, repo: str) -> None:
        self._directory = scratch / "release-notes" / _name(repo)

    def path(self, tag: str, sha: str) -> Path:
        """Where the notes of ``tag`` at a commit are kept; an editor may be opened on it."""
        return self._directory / f"{_name(tag)}-{sha[:12]}.md"

    async def read(self, tag: str, sha: str) -> str | None:
        """The kept notes; None where there are none."""

        def reading() -> str | None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return self.path(tag, sha).read_text(encoding="utf-8")[:_LARGEST]
            return None

        return await asyncio.to_thread(reading)

    async def keep(self, tag: str, sha: str, notes: str) -> Path:
        """Keeps edited notes. Raises a LOCAL problem where they cannot be written."""

        def writing() -> Path:
            path = self.path(tag, sha)
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                part = path.with_suffix(".part")
                part.write_text(notes, encoding="utf-8")
                part.replace(path)
            except OSError as error:
                raise RelmanError(
                    Problem(Kind.LOCAL, "The notes cannot be kept", f"{path}: {reason_of(error) or error}")
                ) from None
            return path

        return await asyncio.to_thread(writing)

    async def drop(self, tag: str, sha: str) -> None:
        """Forgets them: the release has them now. What cannot be removed stays."""

        def removing() -> None:
            with contextlib.suppress(OSError):
                self.path(tag, sha).unlink(missing_ok=True)

        await asyncio.to_thread(removing)


def _name(text: str) -> str:
    """A file name; two texts that differ in other signs differ in the code at its end."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip(".") or "_"
    if plain == text:
        return plain[:120]
    import zlib

    return f"{plain[:110]}-{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
