"""The tags of a local clone, read with git. Nothing in the clone is changed, run or fetched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from relman.model.release import Tag

_TIMEOUT = 10.0  # seconds
_LARGEST = 20_000_000  # bytes of git's answer
# A clone's own configuration may name programs; for a list of refs git starts none of these.
_GIT = (
    "git",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
    "--no-pager",
    "--literal-pathspecs",
)
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


class Clone:
    """The git repository around ``directory``. ``environ`` is handed to git, without its ``GIT_*`` settings."""

    def __init__(self, directory: Path, environ: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        source = os.environ if environ is None else environ
        self._environ = {key: value for key, value in source.items() if not key.startswith("GIT_")} | _QUIET

    async def tags(self) -> tuple[Tag, ...]:
        """Its tags, each with the commit it leads to ("" where to none). Empty where git cannot tell.

        A shallow clone has its tags too; ancestry is never read from a clone.
        """
        return await asyncio.to_thread(self._tags)

    def _tags(self) -> tuple[Tag, ...]:
        form = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
        command = [*_GIT, "-C", str(self.directory), "for-each-ref", f"--format={form}", "refs/tags"]
        answer = None
        # No git, no repository, one of another user's, a slow disk: then GitHub alone is asked.
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            answer = subprocess.run(  # noqa: S603 - fixed words, and a directory
                command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        if answer is None or answer.returncode != 0 or len(answer.stdout) > _LARGEST:
            return ()
        lines = answer.stdout.decode("utf-8", "surrogateescape").splitlines()
        return tuple(tag for line in lines if (tag := _tag(line)) is not None)


def _tag(line: str) -> Tag | None:
    parts = line.split("\0")
    if len(parts) != 5:
        return None
    name, kind, sha, peeled_kind, peeled = parts
    commit = sha if kind == "commit" else peeled if peeled_kind == "commit" else ""
    return Tag(name.removeprefix("refs/tags/"), commit)
