"""Other keys for the dashboard's commands, as ``[keys]`` gives them, checked without loading the dashboard.

A wish that would not work, or would make a screen say something false, is an error: it names a command or a key
that does not exist, a key that another command of the same screen has, or one that something else there takes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from string import punctuation

from relman.command_keys import COMMANDS, DIALOGS, Row

_MODIFIERS = {"ctrl": "ctrl", "control": "ctrl", "shift": "shift", "alt": "alt"}
# As they stand on keyboards and in the help, beside Textual's own names.
_SAME = {
    "return": "enter", "esc": "escape", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
    "page up": "pageup", "page down": "pagedown", "↑": "up", "↓": "down", "←": "left", "→": "right",
    # One and the same for a terminal.
    "ctrl+m": "enter", "ctrl+i": "tab", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape",
}  # fmt: skip
_SHORTER = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
NAMED = frozenset(
    {
        *("enter", "tab", "escape", "space", "backspace", "delete", "insert", "home", "end"),
        *("pageup", "pagedown", "up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 25)),
    }
)
# What a line that one types into does something with.
FIELD = frozenset(
    {
        *("enter", "left", "right", "home", "end", "backspace", "delete"),
        *(f"shift+{key}" for key in ("left", "right", "home", "end")),
        *(f"ctrl+{key}" for key in ("left", "right", "backspace", *"adekuvwx")),
        *("ctrl+shift+left", "ctrl+shift+right", "ctrl+shift+a", "alt+backspace"),
    }
)
_CONFIRM = frozenset({"agree", "agree-word"})
_A_KEY = 'a key such as "f5", "ctrl+r", "K" or "?"'


class WrongKeyError(Exception):
    """``name`` is the key in the file, ``expected`` what should stand there, ``hint`` what to do."""

    def __init__(self, name: str, expected: str, hint: str = "", *, unknown: bool = False) -> None:
        super().__init__(expected)
        self.name, self.expected, self.hint, self.unknown = name, expected, hint, unknown


def read(wishes: Mapping[str, str]) -> dict[str, str]:
    """The wishes as keys by command name, in Textual's names and separated by commas. Raises on a wrong one."""
    known = {row.name for row in COMMANDS}
    taken: dict[str, str] = {}
    for name, text in wishes.items():
        if name not in known:
            near = get_close_matches(name.lower(), sorted(known), n=1)
            raise WrongKeyError(
                name, "the name of a command, as the README lists them", _did_you_mean(near), unknown=True
            )
        taken[name] = ",".join(dict.fromkeys(_read_key(name, part) for part in _parts(text)))
    for name in taken:
        _check_use(name, taken[name].split(","))
    for name in taken:
        _check_clash(name, taken)
    return taken


def _parts(text: str) -> list[str]:
    return [","] if text.strip() == "," else [part.strip() or part for part in text.split(",")]


def _read_key(name: str, text: str) -> str:
    found = key_named(text)
    if found is None:
        near = get_close_matches(text.lower(), sorted(NAMED), n=1)
        raise WrongKeyError(name, _A_KEY, _did_you_mean(near))
    return found


def _did_you_mean(near: list[str]) -> str:
    return f'Did you mean "{near[0]}"?' if near else ""


def key_named(text: str) -> str | None:
    """A key as people write it ("F5", "Ctrl+R", "?") in Textual's name; None when there is no such key."""
    if text in _SAME:
        return _SAME[text]
    if len(text) == 1:
        return _character(text)
    *before, last = text.removesuffix("++").split("+") + (["plus"] if text.endswith("++") else [])
    modifiers = {_MODIFIERS.get(word.strip().lower(), "") for word in before}
    last = last.strip()
    if "" in modifiers or not last:
        return None
    if len(last) == 1:
        if modifiers == {"shift"} and last.isalpha():
            return last.upper()
        key = _character(last.lower())
        if key is None or modifiers == {"shift"}:  # which sign that is depends on the keyboard
            return None
    else:
        key = last.lower().replace("-", "_")
        key = _SAME.get(key, _SHORTER.get(key, key))
        if key not in NAMED and key not in _SIGNS:
            return None
    whole = "+".join((*sorted(modifiers), key))
    return _SAME.get(whole, whole)


def _character(text: str) -> str | None:
    if text == " ":
        return "space"
    if not text.isprintable():
        return None
    if text.isalnum():
        return text
    name = unicodedata.name(text, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(name, name) or None


_SIGNS = frozenset(filter(None, map(_character, punctuation)))


def types(key: str) -> bool:
    """Whether a key (in Textual's name) puts a character into a line that one types into."""
    return "+" not in key and (key == "space" or key not in NAMED)


def _check_use(name: str, keys: list[str]) -> None:
    """A key that something else takes where the command is needed would leave the command without one."""
    for row in COMMANDS:
        if row.name != name:
            continue
        if (row.changes or name in _CONFIRM) and not {"enter", "space"}.isdisjoint(keys):
            raise WrongKeyError(
                name,
                "another key than enter and space, which never change or confirm anything",
                "Give it a letter, a function key or one with ctrl.",
            )
        if not row.priority and DIALOGS.isdisjoint(row.screens):
            continue
        usual = row.keys.split(",") if row.keys else []
        if usual and not any(map(types, usual)) and any(map(types, keys)):
            raise WrongKeyError(
                name,
                "a key that types nothing, since there is a line to type into",
                "Give it a function key or one with ctrl.",
            )
        for key in keys:
            if key in FIELD and key not in usual:
                raise WrongKeyError(
                    name,
                    f"another key: {key} moves, edits or ends what is typed there",
                    "Give it a function key or another one with ctrl.",
                )


def _check_clash(name: str, taken: Mapping[str, str]) -> None:
    mine = set(taken[name].split(","))
    for own in COMMANDS:
        if own.name != name:
            continue
        for row in COMMANDS:
            if row.name == name or _places(own).isdisjoint(_places(row)):
                continue
            meant = {*own.keys.split(",")}.intersection(
                row.keys.split(",")
            )  # one replaces the other on purpose
            shared = mine.intersection(taken.get(row.name, row.keys).split(",")) - meant
            if shared:
                raise WrongKeyError(
                    name,
                    f'a key that is free: "{min(shared)}" is that of {row.name}',
                    f"Give {name} or {row.name} another one.",
                )


_SCREENS = frozenset(screen for row in COMMANDS for screen in row.screens)


def _places(row: Row) -> frozenset[str]:
    """The screens on which a command's keys work. Behind a dialog only those of the app that come first do."""
    if row.screens:
        return frozenset(row.screens)
    return _SCREENS if row.priority else _SCREENS - DIALOGS
