"""Help: every key of the screen behind, as it is bound now; enter runs what is highlighted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from relman.tui.commands.command import CommandHost
from relman.tui.commands.keymap import keys_of
from relman.tui.commands.live import live_commands
from relman.tui.present.menu import MenuRow, matching
from relman.tui.screens.menu import MenuScreen

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp


def help_rows(screen: Screen[object], overrides: dict[str, str]) -> list[MenuRow]:
    """All commands with a key, group by group; what cannot run now is marked.

    Where relman may change nothing, what changes something is left out: there it can never run.
    """
    may_change = cast("RelmanApp", screen.app).may_change
    live = {entry.command.name: entry for entry in live_commands(screen)}
    rows: list[MenuRow] = []
    for host in (screen, screen.app):
        if not isinstance(host, CommandHost):
            continue
        for declared in type(host).commands().values():
            if not keys_of(declared, overrides) or (declared.changes and not may_change):
                continue
            entry = live.get(declared.name)
            names = (
                entry.keys
                if entry is not None
                else tuple(
                    screen.app.get_key_display(declared.binding().with_key(key))
                    for key in keys_of(declared, overrides)
                )
            )
            rows.append(
                MenuRow(
                    declared.name,
                    declared.group,
                    " ".join(names),
                    declared.title or declared.name.replace("-", " ").capitalize(),
                    declared.help,
                    entry is not None,
                )
            )
    order = {group: number for number, group in enumerate(dict.fromkeys(row.group for row in rows))}
    return sorted(rows, key=lambda row: (row.group == "relman", order[row.group]))


class HelpScreen(MenuScreen):
    HEADING = "Keys"
    HINT = "type to find · enter runs it"

    def __init__(self, behind: Screen[object], overrides: dict[str, str]) -> None:
        super().__init__(behind)
        self._rows = help_rows(behind, overrides)

    def rows(self, text: str) -> Sequence[MenuRow]:
        return matching(self._rows, text)
