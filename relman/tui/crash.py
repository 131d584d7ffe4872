"""What stays when the program fails: a report without local variables and without secrets."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from relman import __version__
from relman.errors import Exit
from relman.secret import Secret
from relman.text import clean

CRASHED = int(Exit.FAILED)


def report_text(error: BaseException, secrets: Iterable[Secret], now: datetime) -> str:
    """Versions and the stack: file, line and function of each frame. The error's words are masked and clean."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    text = "".join(trace.format(chain=True))
    for secret in secrets:
        text = secret.mask_in(text)
    return (
        f"relman {__version__}, {now.isoformat(timespec='seconds')}\n"
        f"Python {platform.python_version()} on {platform.system()}, textual {_version('textual')}\n"
        f"TERM={os.environ.get('TERM', '')} COLORTERM={os.environ.get('COLORTERM', '')}\n\n"
        f"{clean(text)}"
    )


def write_report(directory: Path, text: str, now: datetime) -> Path | None:
    """Writes the report for its owner only. None when it cannot be written."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return None
    return path


def last_words(error: BaseException, path: Path | None) -> str:
    """What the person reads on the restored terminal. The error's own text may hold anything: it stays out."""
    where = f"A report without secrets is in {path}" if path is not None else "No report could be written"
    end = ": please send it with an issue." if path is not None else "."
    return (
        f"relman failed ({type(error).__name__}). This is a fault in relman, not in what you did.\n{where}{end}"
    )


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return f"of Python {sys.version_info.major}"
