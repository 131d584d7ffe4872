"""The JSON body of a request, checked as GitHub checks it and refused in its words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from relman.demo.exchange import Ask, Refusal


class Body:
    """An object; an empty body counts as one without keys. A key with null counts as left out.

    ``array`` names the key that a bare array stands for, where GitHub takes one.
    """

    def __init__(self, ask: Ask, *, array: str | None = None) -> None:
        self._values = _parsed(ask.body, array)

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise _wrong(name, value, "a string")
        return value

    def required_text(self, name: str) -> str:
        self._present(name)
        value = self._values[name]
        if not isinstance(value, str):
            raise _wrong(name, value, "a string")
        return value

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in known:
            raise _invalid(
                f"For 'properties/{name}', {_shown(value)} is not a possible value. "
                f"Must be one of the following: {', '.join(known)}."
            )
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise _wrong(name, value, "a boolean")
        return value

    def integers(self, name: str) -> list[int]:
        self._present(name)
        value = self._values[name]
        if not isinstance(value, list):
            raise _wrong(name, value, "an array")
        for position, one in enumerate(value):
            if not isinstance(one, int) or isinstance(one, bool):
                raise _wrong(f"{name}/items/{position}", one, "an integer")
        return value

    def texts(self, name: str) -> list[str]:
        value = self._values.get(name) or []
        if not isinstance(value, list):
            raise _wrong(name, value, "an array")
        for position, one in enumerate(value):
            if not isinstance(one, str):
                raise _wrong(f"{name}/items/{position}", one, "a string")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _wrong(name, value, "an object")
        return value

    def has(self, name: str) -> bool:
        """Whether the key is there with something in it."""
        return self._values.get(name) is not None

    def only(self, *known: str) -> None:
        """Refuses every other key."""
        for name in self._values:
            if name not in known:
                raise _invalid(f"{_shown(name)} is not a permitted key.")

    def _present(self, name: str) -> None:
        if name not in self._values:
            raise _invalid(f"{_shown(name)} wasn't supplied.")


def _parsed(content: bytes, array: str | None) -> dict[str, Any]:
    if not content.strip():
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if array is not None and isinstance(found, list):
        return {array: found}
    if not isinstance(found, dict):
        raise Refusal(400, "Body should be a JSON object")
    return found


def _wrong(name: str, value: Any, wanted: str) -> Refusal:
    return _invalid(f"For 'properties/{name}', {_shown(value)} is not {wanted}.")


def _invalid(reason: str) -> Refusal:
    return Refusal(422, f"Invalid request.\n\n{reason}")


def _shown(value: Any) -> str:
    return "nil" if value is None else json.dumps(value)
