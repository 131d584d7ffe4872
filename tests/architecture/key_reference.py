"""The README's list of every key, from the commands as they are declared.

python tests/architecture/key_reference.py     # writes it into the README
"""

from __future__ import annotations

import re
from pathlib import Path

from relman.tui.app import RelmanApp
from relman.tui.commands.catalogue import scopes
from relman.tui.commands.command import Command, key_shown
from relman.tui.commands.keymap import keys_of

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- keys: [^>]* -->\n).*?(<!-- /keys -->)", re.S)
_EVERYWHERE = "everywhere"
_TITLES = {
    "ReviewScreen": "before a review", "ReleaseForm": "before a release", "RollbackForm": "before a rollback",
    "DispatchScreen": "before a dispatch", "ConfirmScreen": "the dialog",
}  # fmt: skip


def table() -> str:
    """One row for each command; a command of several screens names them all."""
    app = RelmanApp.commands()
    rows: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for scope in scopes():
        title = _TITLES.get(scope.title, re.sub("(Screen|Form)$", "", scope.title))
        for declared in scope.commands:
            place = _EVERYWHERE if app.get(declared.name) is declared else title
            where = rows.setdefault((declared.name, _keys(declared), declared.help), [])
            if place not in where:
                where.append(place)
    lines = ["| key | command | where | does |", "|---|---|---|---|"]
    lines += [
        f"| {' '.join(f'`{key}`' for key in keys)} | `{name}` | {', '.join(where)} | {help_} |"
        for (name, keys, help_), where in rows.items()
    ]
    return "\n".join(lines) + "\n"


def _keys(declared: Command) -> tuple[str, ...]:
    return tuple(key_shown(key) for key in keys_of(declared, {}))


def written(text: str) -> str:
    """``text`` with the list as it should be."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{table()}\n{found[2]}", text)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
