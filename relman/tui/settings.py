"""What a person chose for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from relman.errors import Problem
from relman.tui.crash import Reporter, no_report


class DashboardSettings(Struct, frozen=True):
    """``keys`` gives other keys by command name, in Textual's names and checked already; ``theme`` is "dark",
    "light", "contrast" or "" for the usual.

    ``web_url`` is where the forge's pages live: nothing else is opened in a browser. ``report`` writes down what
    the dashboard dies of. ``problems`` are told at the start. ``bell``, ``desktop`` and ``title`` say how the
    terminal tells that something waits. ``user_file`` is where these choices are written, as a person names it.
    """

    theme: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    web_url: str = "https://github.com"
    report: Reporter = no_report
    bell: bool = True
    desktop: bool = True
    title: bool = True
    user_file: str = ""
    problems: tuple[Problem, ...] = ()
