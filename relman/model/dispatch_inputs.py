"""The inputs of ``workflow_dispatch`` as a form: what can be filled in, what is right, what would be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.condition import Value
from relman.model.workflow import Input, WorkflowFile
from relman.secret import MASK
from relman.text import clean, clean_line

MOST = 25
"""Inputs GitHub takes in one dispatch."""
MOST_CHARACTERS = 65_535
"""Characters GitHub takes in all inputs together."""
TYPES = ("string", "choice", "boolean", "number", "environment")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_OPEN = frozenset({"boolean", "choice", "environment"})
"""Kinds whose values stand in the file or on GitHub anyway."""
_SECRET = re.compile(
    r"token|secret|passw|passphrase|pwd|credential|key|auth(?!or)|bearer|private", re.IGNORECASE
)


class Field(Struct, frozen=True):
    """One input. ``name`` and ``options`` are exact, ``description`` is clean.

    ``kind`` is one of :data:`TYPES`; ``said`` the file's own word where that is another ("" otherwise). For
    ``environment`` the options are the repository's environments, and any other name is refused.
    """

    name: str
    kind: str = "string"
    required: bool = False
    default: str = ""
    options: tuple[str, ...] = ()
    description: str = ""
    said: str = ""

    @property
    def secret(self) -> bool:
        """Whether its name says that what is typed must be shown nowhere; GitHub itself has no word for it."""
        return self.kind not in _OPEN and _SECRET.search(self.name) is not None

    @property
    def initial(self) -> str:
        """What stands in the form before anybody types: the default, or what GitHub's own form would choose."""
        if self.kind == "boolean":
            return "true" if self.default.casefold() == "true" else "false"
        if self.kind == "choice" and self.options:
            return self.default if self.default in self.options else self.options[0]
        return self.default


class Filled(Struct, frozen=True):
    """A form that was filled in. ``values`` is what is sent; ``wrong`` says by field what is not right, with
    "" for what is wrong with all of it."""

    values: Mapping[str, str]
    wrong: Mapping[str, str]


def fields_of(file: WorkflowFile, environments: Sequence[str] = ()) -> tuple[Field, ...]:
    """The inputs in the order of the file. ``environments`` are the repository's, by name."""
    return tuple(_field(one, environments) for one in file.inputs)


def _field(one: Input, environments: Sequence[str]) -> Field:
    kind = one.type if one.type in TYPES else "string"
    options = one.options if kind == "choice" else tuple(environments) if kind == "environment" else ()
    said = "" if kind == one.type else clean_line(one.type, 40)
    return Field(one.name, kind, one.required, one.default, options, clean(one.description).strip(), said)


def fill(fields: Sequence[Field], given: Mapping[str, str]) -> Filled:
    """Checks what was typed or given on a command line; names are compared as GitHub does, without case.

    An input that was not given is left to GitHub, which takes the default; one that equals nothing and is not
    required is sent as given.
    """
    by_name = {field.name.casefold(): field for field in fields}
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, text in given.items():
        field = by_name.get(name.casefold())
        if field is None:
            wrong[name] = _unknown(name, fields)
            continue
        value = text.strip() if field.kind in ("boolean", "number") else text
        problem = problem_of(field, value)
        if problem:
            wrong[field.name] = problem
        values[field.name] = value.casefold() if field.kind == "boolean" else value
    for field in fields:
        if field.required and not field.default and field.name not in values and field.name not in wrong:
            wrong[field.name] = "is required"
    if len(values) > MOST:
        wrong[""] = f"GitHub takes at most {MOST} inputs, these are {len(values)}"
    elif sum(len(name) + len(value) for name, value in values.items()) > MOST_CHARACTERS:
        wrong[""] = f"GitHub takes at most {MOST_CHARACTERS:,} characters in all inputs together"
    return Filled(values, wrong)


def problem_of(field: Field, value: str) -> str:
    """What is wrong with a value, "" where it is right. GitHub lets an optional input be empty."""
    if not value:
        return "is required" if field.required else ""
    if field.kind == "boolean" and value.casefold() not in ("true", "false"):
        return f"is true or false, not {clean_line(value, 60)!r}"
    if field.kind == "number" and not _NUMBER.fullmatch(value):
        return f"is a number, not {clean_line(value, 60)!r}"
    if field.kind == "choice" and value not in field.options:
        return f"is one of {_listed(field.options)}, not {clean_line(value, 60)!r}"
    if field.kind == "environment" and field.options and value not in field.options:
        return f"is an environment of the repository ({_listed(field.options)}), not {clean_line(value, 60)!r}"
    return ""


def typed(fields: Sequence[Field], values: Mapping[str, str]) -> dict[str, Value]:
    """What the run's ``inputs`` will be: every field, defaults where nothing is sent, booleans as such."""
    told: dict[str, Value] = {}
    for field in fields:
        text = values.get(field.name, field.initial if field.kind == "boolean" else field.default)
        if field.kind == "boolean":
            told[field.name] = text == "true"
        elif field.kind == "number" and _NUMBER.fullmatch(text.strip()):
            told[field.name] = float(text)
        else:
            told[field.name] = text
    return told


def usage_problem(workflow: str, fields: Sequence[Field], filled: Filled) -> Problem | None:
    """What a command line got wrong, naming what would be right; None where nothing is."""
    if not filled.wrong:
        return None
    told = [f"{clean_line(name, 100)} {words}" if name else words for name, words in filled.wrong.items()]
    hint = (
        "Inputs: " + "; ".join(words_of(field) for field in fields[:MOST]) + "."
        if fields
        else "This workflow takes no inputs."
    )
    return Problem(
        Kind.USAGE, f"The inputs for {clean_line(workflow, 100)} are not right", "; ".join(told), hint
    )


def words_of(field: Field) -> str:
    """A field in one line: ``environment (staging or production, default staging)``."""
    told = []
    if field.options:
        told.append(_listed(field.options))
    elif field.kind != "string":
        told.append("true or false" if field.kind == "boolean" else field.kind)
    if field.default:
        told.append(f"default {clean_line(field.default, 60)}")
    elif field.required:
        told.append("required")
    return f"{clean_line(field.name, 100)} ({', '.join(told)})" if told else clean_line(field.name, 100)


def _listed(options: Sequence[str]) -> str:
    shown = [clean_line(option, 60) for option in options[:12]]
    if len(options) > 12:
        return ", ".join(shown) + f" and {len(options) - 12} more"
    return " or ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def _unknown(name: str, fields: Sequence[Field]) -> str:
    near = get_close_matches(name.casefold(), [field.name.casefold() for field in fields], n=1, cutoff=0.6)
    found = next((field.name for field in fields if near and field.name.casefold() == near[0]), None)
    return f"is no input; {clean_line(found, 100)} is" if found else "is no input"


def shown(fields: Sequence[Field], values: Mapping[str, str]) -> dict[str, str]:
    """``values`` as they may be shown and written down: masked where an input's name says that it is a secret."""
    hidden = {one.name for one in fields if one.secret}
    return {name: MASK if value and name in hidden else value for name, value in values.items()}
