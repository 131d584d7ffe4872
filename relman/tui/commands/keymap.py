"""The keys of commands as they are now, with those that the configuration gives."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from relman.tui.commands.command import Command

_CHARACTERS = {
    "?": "question_mark", "/": "slash", ":": "colon", "!": "exclamation_mark", " ": "space",
}  # fmt: skip


class Scope(Struct, frozen=True):
    """Commands whose keys work at the same time: those of a screen and of the app behind it."""

    title: str
    commands: tuple[Command, ...]
    dialog: bool = False  # it stands before a screen, and there is a line to type into


def keys_of(declared: Command, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a command as they are now, in Textual's names."""
    if declared.name in overrides:
        return tuple(overrides[declared.name].split(","))
    return tuple(_CHARACTERS.get(key, key) for key in declared.keys)
