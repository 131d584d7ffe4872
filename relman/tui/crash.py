"""What the person reads when the dashboard itself fails. The report is written by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from relman.errors import Exit

CRASHED = int(Exit.FAILED)
Reporter = Callable[[BaseException], Path | None]
"""Writes a report without local variables and without secrets; gives its place, None where it cannot write."""


def no_report(error: BaseException) -> None:
    """Where nobody wants one."""
    del error


def last_words(error: BaseException, path: Path | None) -> str:
    """For the restored terminal. The error's own text may hold anything: it stays out."""
    where = f"A report without secrets is in {path}" if path is not None else "No report could be written"
    end = ": please send it with an issue." if path is not None else "."
    return (
        f"relman failed ({type(error).__name__}). This is a fault in relman, not in what you did.\n{where}{end}"
    )
