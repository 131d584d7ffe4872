"""The lists of every key, from the commands as they are declared: the README's, and that of ``relman.command_keys``.

python tests/architecture/key_reference.py     # writes both
"""

from __future__ import annotations

import re
from pathlib import Path

from relman import command_keys
from relman.tui.app import RelmanApp
from relman.tui.commands.catalogue import scopes
from relman.tui.commands.command import Command, key_shown
from relman.tui.commands.keymap import keys_of

README = Path(__file__).parents[2] / "README.md"
MODULE = Path(command_keys.__file__)
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
        title = _TITLES.get(scope.title, _short(scope.title))
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


def _short(title: str) -> str:
    return re.sub("(Screen|Form)$", "", title)


def module() -> str:
    """What the entrance has to know of the commands without loading a screen, as a module's text."""
    behind = tuple(RelmanApp.commands().values())
    rows: dict[tuple[str, str, bool, bool], list[str]] = {}
    for scope in scopes():
        for declared in scope.commands:
            if declared not in behind:
                rows.setdefault(_row(declared), []).append(_short(scope.title))
    listed = [*((_row(declared), []) for declared in behind), *rows.items()]
    dialogs = ", ".join(f'"{_short(scope.title)}"' for scope in scopes() if scope.dialog)
    head = MODULE.read_text(encoding="utf-8").partition("DIALOGS =")[0]
    lines = [f"DIALOGS = frozenset({{{dialogs}}})", "# fmt: off", "COMMANDS: tuple[Row, ...] = ("]
    for (name, keys, changes, priority), screens in listed:
        said = [repr(name), repr(keys), repr(tuple(screens))]
        said += [f"{word}=True" for word, on in (("changes", changes), ("priority", priority)) if on]
        lines.append(f"    Row({', '.join(said)}),".replace("'", '"'))
    return head + "\n".join([*lines, ")", "# fmt: on", ""])


def _row(declared: Command) -> tuple[str, str, bool, bool]:
    return declared.name, ",".join(keys_of(declared, {})), declared.changes, declared.priority


def written(text: str) -> str:
    """``text`` with the list as it should be."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{table()}\n{found[2]}", text)


if __name__ == "__main__":
    MODULE.write_text(module(), encoding="utf-8")
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
