"""Other keys for commands, as the configuration gives them: ``{"refresh": "F5"}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from msgspec import Struct
from textual.keys import Keys

from relman.errors import Kind, Problem
from relman.text import clean_line
from relman.tui.commands.command import Command

_NAMED = {key.value for key in Keys if not key.value.startswith("<")} | {
    "space",
    "question_mark",
    "slash",
    "colon",
}
_MODIFIERS = ("ctrl", "shift", "alt")
_CHARACTERS = {
    "?": "question_mark", "/": "slash", ":": "colon", "!": "exclamation_mark", " ": "space",
}  # fmt: skip


class Scope(Struct, frozen=True):
    """Commands whose keys work at the same time: those of a screen and of the app behind it."""

    title: str
    commands: tuple[Command, ...]


class Keymap(Struct, frozen=True):
    """``overrides`` gives keys (comma-separated, in Textual's names) by command name.

    ``problems`` says which wishes were not taken, and why.
    """

    overrides: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def keymap(wishes: Mapping[str, str], scopes: Iterable[Scope]) -> Keymap:
    """The wishes that hold. One that names no command, no key, or a taken key is left out and reported."""
    scopes = tuple(scopes)
    known = {declared.name for scope in scopes for declared in scope.commands}
    taken: dict[str, str] = {}
    problems: list[Problem] = []
    for name, text in wishes.items():
        if name not in known:
            problems.append(_unknown("command", name, sorted(known)))
            continue
        keys = [_key(part.strip() or part) for part in text.split(",")] if text else []
        wrong = next(
            (part.strip() for part, key in zip(text.split(","), keys, strict=False) if key is None), None
        )
        if wrong is not None or not keys:
            problems.append(_unknown("key", wrong or "", sorted(_NAMED), f" for {name}"))
            continue
        taken[name] = ",".join(key for key in keys if key)
    for name in list(taken):
        clash = _clash(name, taken, scopes)
        if clash is not None:
            key, other = clash
            del taken[name]
            problems.append(
                Problem(
                    Kind.CONFIG,
                    f"The key {key} for {name} is taken by {other}",
                    hint=f"Give {name} or {other} another key under [keys]; until then {name} keeps its own.",
                )
            )
    return Keymap(taken, tuple(problems))


def keys_of(declared: Command, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a command as they are now, in Textual's names."""
    if declared.name in overrides:
        return tuple(overrides[declared.name].split(","))
    return tuple(_CHARACTERS.get(key, key) for key in declared.keys)


def _clash(name: str, taken: Mapping[str, str], scopes: tuple[Scope, ...]) -> tuple[str, str] | None:
    mine = set(taken[name].split(","))
    for scope in scopes:
        if all(declared.name != name for declared in scope.commands):
            continue
        for declared in scope.commands:
            if declared.name == name:
                continue
            shared = mine.intersection(keys_of(declared, taken))
            if shared:
                return min(shared), declared.name
    return None


def _key(text: str) -> str | None:
    """A key as people write it ("F5", "Ctrl+R", "?") in Textual's name; None when there is no such key."""
    if len(text) == 1:
        return _CHARACTERS.get(text, text) if text.isprintable() else None
    *modifiers, last = text.split("+")
    names = [modifier.lower() for modifier in modifiers]
    if any(modifier not in _MODIFIERS for modifier in names):
        return None
    if len(last) == 1:
        last = last.lower() if modifiers else last
        return "+".join([*names, _CHARACTERS.get(last, last)]) if last.isprintable() else None
    last = last.lower()
    whole = "+".join([*names, last])
    return whole if last in _NAMED or whole in _NAMED else None


def _unknown(what: str, name: str, known: list[str], extra: str = "") -> Problem:
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return Problem(
        Kind.CONFIG,
        f"There is no {what} {clean_line(name, 40)!r}{extra}",
        hint=f"Did you mean {near[0]!r}?" if near else "The help (?) lists commands and keys.",
    )
