"""The dashboard's commands with their usual keys, for whoever may not load the dashboard to know them.

``python tests/architecture/key_reference.py`` writes what stands below ``Row``, from the commands as the screens
declare them; a test compares.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """``keys`` in Textual's names, separated by commas. ``screens`` is empty for a command of the app."""

    name: str
    keys: str
    screens: tuple[str, ...]
    changes: bool = False
    priority: bool = False


DIALOGS = frozenset({"Help", "Palette", "Review", "Release", "Rollback", "Dispatch", "Confirm"})
# fmt: off
COMMANDS: tuple[Row, ...] = (
    Row("under-way", "", ()),
    Row("journal", "exclamation_mark", (), changes=True),
    Row("refresh", "r", ()),
    Row("palette", "ctrl+p,colon", ()),
    Row("help", "question_mark", ()),
    Row("quit", "q", ()),
    Row("interrupt", "ctrl+c", (), priority=True),
    Row("go-pipeline", "1", ()),
    Row("go-deploys", "2", ()),
    Row("go-releases", "3", ()),
    Row("theme-dark", "", ()),
    Row("theme-light", "", ()),
    Row("theme-contrast", "", ()),
    Row("open", "enter", ("Pipeline", "Deploys", "Releases")),
    Row("back", "escape", ("Pipeline", "Deploys", "Releases", "Log")),
    Row("filter", "slash", ("Pipeline", "Releases")),
    Row("next-match", "n", ("Pipeline", "Releases")),
    Row("previous-match", "N", ("Pipeline", "Releases")),
    Row("rerun", "e", ("Pipeline",), changes=True),
    Row("cancel", "c", ("Pipeline",), changes=True),
    Row("force-cancel", "", ("Pipeline",), changes=True),
    Row("dispatch", "D", ("Pipeline",), changes=True),
    Row("log", "L", ("Pipeline", "Deploys", "Releases")),
    Row("browser", "o", ("Pipeline", "Deploys", "Releases")),
    Row("copy-url", "y", ("Pipeline", "Deploys", "Releases")),
    Row("copy-sha", "Y", ("Pipeline", "Deploys", "Releases")),
    Row("copy-remedy", "C", ("Pipeline", "Deploys", "Releases")),
    Row("tag", "t", ("Pipeline", "Deploys", "Releases"), changes=True),
    Row("hotfix", "H", ("Pipeline", "Deploys", "Releases"), changes=True),
    Row("rollback", "R", ("Pipeline", "Deploys", "Releases"), changes=True),
    Row("next-pane", "tab", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("previous-pane", "shift+tab", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("zoom", "z", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("down", "j,down", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("up", "k,up", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("left", "h,left", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("right", "l,right", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("top", "g,home", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("bottom", "G,end", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("half-down", "ctrl+d", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("half-up", "ctrl+u", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("page-down", "pagedown", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("page-up", "pageup", ("Pipeline", "Deploys", "Releases", "Log", "Journal")),
    Row("approve", "a", ("Deploys",), changes=True),
    Row("reject", "x", ("Deploys",), changes=True),
    Row("refresh", "r", ("Releases",)),
    Row("search", "slash", ("Log",)),
    Row("search-next", "n", ("Log",)),
    Row("search-previous", "N", ("Log",)),
    Row("log-fold", "f,enter", ("Log",)),
    Row("log-fold-all", "F", ("Log",)),
    Row("log-timestamps", "T", ("Log",)),
    Row("log-wrap", "w", ("Log",)),
    Row("log-copy", "y", ("Log",)),
    Row("log-reload", "r", ("Log",)),
    Row("menu-down", "down,ctrl+n", ("Help", "Palette")),
    Row("menu-up", "up,ctrl+p", ("Help", "Palette")),
    Row("menu-page-down", "pagedown,ctrl+d", ("Help", "Palette")),
    Row("menu-page-up", "pageup,ctrl+u", ("Help", "Palette")),
    Row("menu-close", "escape", ("Help", "Palette")),
    Row("review-on", "enter", ("Review",), priority=True),
    Row("review-next", "tab,shift+tab", ("Review",), priority=True),
    Row("review-down", "down", ("Review",)),
    Row("review-up", "up", ("Review",)),
    Row("review-back", "escape", ("Review",)),
    Row("release-on", "enter", ("Release",), priority=True),
    Row("release-down", "down,j", ("Release",)),
    Row("release-up", "up,k", ("Release",)),
    Row("release-next", "tab,shift+tab", ("Release",), priority=True),
    Row("release-back", "escape", ("Release",)),
    Row("rollback-on", "enter", ("Rollback",), priority=True),
    Row("rollback-down", "down,j", ("Rollback",)),
    Row("rollback-up", "up,k", ("Rollback",)),
    Row("rollback-next", "tab", ("Rollback",), priority=True),
    Row("rollback-previous", "shift+tab", ("Rollback",), priority=True),
    Row("rollback-back", "escape", ("Rollback",)),
    Row("form-plan", "ctrl+s", ("Dispatch",)),
    Row("form-next", "tab,down", ("Dispatch",), priority=True),
    Row("form-previous", "shift+tab,up", ("Dispatch",), priority=True),
    Row("form-close", "escape", ("Dispatch",)),
    Row("agree", "y", ("Confirm",)),
    Row("agree-word", "ctrl+y", ("Confirm",)),
    Row("confirm-back", "escape", ("Confirm",)),
    Row("confirm-next", "tab", ("Confirm",), priority=True),
    Row("confirm-previous", "shift+tab", ("Confirm",), priority=True),
    Row("confirm-override", "o", ("Confirm",)),
    Row("confirm-edit", "E", ("Confirm",)),
    Row("confirm-again", "r", ("Confirm",)),
    Row("confirm-down", "j,down", ("Confirm",)),
    Row("confirm-up", "k,up", ("Confirm",)),
    Row("confirm-page-down", "pagedown,ctrl+d", ("Confirm",)),
    Row("confirm-page-up", "pageup,ctrl+u", ("Confirm",)),
    Row("confirm-quit", "q", ("Confirm",)),
    Row("journal-open", "enter", ("Journal",)),
    Row("journal-filter", "slash", ("Journal",)),
    Row("journal-back", "escape", ("Journal",)),
)
# fmt: on
