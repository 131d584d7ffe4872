"""Starts a world in a process of its own and ends it again. Standard library only, so importing it is cheap."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_READY_WITHIN = 30.0  # seconds; a loaded machine is slow, a broken one says so earlier
_END_WITHIN = 5.0


class EmbeddedError(Exception):
    """The world did not start. The message has what its process said."""


@dataclass(slots=True)
class Embedded:
    """A running world. A context manager that ends it; :meth:`stop` may be called twice."""

    api_url: str
    repo: str
    token: str
    config: Path
    hosts: list[object]
    process: subprocess.Popen[str]

    def stop(self) -> int:
        """Ends the process and gives its exit code: 0 unless it had to be killed."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            code = self.process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    *,
    seed: int = 1,
    speed: float = 1.0,
    now: datetime | None = None,
    frozen: bool = False,
    timeout: float = _READY_WITHIN,
) -> Embedded:
    """Starts a world and waits until it answers.

    ``now`` (aware) is its present when it begins, default the real one; ``frozen`` lets the clock stand
    until it is moved through ``/_world/advance``. Raises :class:`EmbeddedError`.
    """
    command = [sys.executable, "-m", "relman.demo", "--with-parent", "--seed", str(seed), "--speed", str(speed)]
    if now is not None:
        command += ["--now", now.isoformat()]
    if frozen:
        command += ["--frozen"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603  our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        line = _first_line(process.stdout, timeout)
        if line:
            said = json.loads(line)
            return Embedded(
                said["api_url"], said["repo"], said["token"], Path(said["config"]), said["hosts"], process
            )
        process.kill()
        process.communicate()
        errors.seek(0)
        words = errors.read().strip()
    raise EmbeddedError(f"The embedded world did not start within {timeout:g} s. {words[-2000:]}".rstrip())


def _first_line(stream: IO[str], timeout: float) -> str:
    """The first line, or nothing when it does not come in time."""
    lines: list[str] = []
    # A thread: not on every system can a pipe be waited for with a limit.
    reading = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
    reading.start()
    reading.join(timeout)
    return lines[0] if lines else ""
