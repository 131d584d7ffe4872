"""What a person chose for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from relman.errors import Problem
from relman.secret import Secret


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """``keys`` gives other keys by command name; ``theme`` is "dark", "light", "contrast" or "" for the usual.

    ``web_url`` is where the forge's pages live: nothing else is opened in a browser. ``secrets`` are masked in
    a crash report, which goes to ``state_directory`` (None: nowhere). ``problems`` are told at the start.
    """

    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    web_url: str = "https://github.com"
    state_directory: Path | None = None
    secrets: tuple[Secret, ...] = ()
    problems: tuple[Problem, ...] = ()
