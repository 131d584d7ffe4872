"""The command palette: what can run right now, found by its name."""

from __future__ import annotations

from collections.abc import Sequence

from textual.fuzzy import FuzzySearch
from textual.screen import Screen

from relman.tui.commands.live import live_commands
from relman.tui.present.menu import MenuRow
from relman.tui.screens.menu import MenuScreen


def palette_rows(screen: Screen[object]) -> list[MenuRow]:
    return [
        MenuRow(
            live.command.name, live.command.group, " ".join(live.keys), live.command.title, live.command.help
        )
        for live in live_commands(screen)
        if live.command.title
    ]


class PaletteScreen(MenuScreen):
    HEADING = "Commands"
    HINT = "enter runs it"

    def __init__(self, behind: Screen[object]) -> None:
        super().__init__(behind)
        self._rows = palette_rows(behind)

    def rows(self, text: str) -> Sequence[MenuRow]:
        if not text.strip():
            return self._rows
        search = FuzzySearch()
        scored = [(search.match(text.strip(), f"{row.title} {row.name}")[0], row) for row in self._rows]
        return [row for score, row in sorted(scored, key=lambda pair: -pair[0]) if score > 0]
