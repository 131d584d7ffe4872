"""The little GraphQL that ``gh`` asks for: a repository's releases and pull requests, and a type's fields.

It understands one operation with fields, aliases and arguments; no fragments, no directives, no mutations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from relman.demo.exchange import Ask, Refusal, Reply
from relman.demo.records import PullRecord, ReleaseRecord
from relman.demo.releases import latest
from relman.demo.routing import Route
from relman.demo.view import JSON, stamp, stamp_or_none
from relman.demo.world import World

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\$?[A-Za-z_]\w*|-?\d+|[{}()\[\]:!=]')
_RELEASE_FIELDS = (
    "name",
    "tagName",
    "isDraft",
    "isImmutable",
    "isLatest",
    "isPrerelease",
    "createdAt",
    "publishedAt",
)
_TYPES = {"Release": _RELEASE_FIELDS}


class Misunderstood(Exception):  # noqa: N818  an answer in GraphQL's own shape
    """What this small reader cannot read, or this world does not have."""


@dataclass(frozen=True, slots=True)
class Field:
    """``alias`` names it in the answer; ``fields`` are those asked for below it."""

    alias: str
    name: str
    arguments: dict[str, Any]
    fields: tuple[Field, ...]


class _Reader:
    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._position = 0
        self._variables = variables

    def operation(self) -> tuple[Field, ...]:
        if self._peek() == "mutation":
            raise Misunderstood("Mutations are not served here")
        while self._peek() != "{":
            if self._peek() == "(":
                self._declarations()
            else:
                self._next()
        return self._selection()

    def _declarations(self) -> None:
        """Default values of variables count where none was sent."""
        self._expect("(")
        while self._peek() != ")":
            name = self._next().removeprefix("$")
            self._expect(":")
            while self._peek() not in (")", "=") and not self._peek().startswith("$"):
                self._next()
            if self._peek() == "=":
                self._next()
                self._variables.setdefault(name, self._value())
        self._expect(")")

    def _selection(self) -> tuple[Field, ...]:
        self._expect("{")
        fields = []
        while self._peek() != "}":
            fields.append(self._field())
        self._expect("}")
        return tuple(fields)

    def _field(self) -> Field:
        alias = name = self._next()
        if self._peek() == ":":
            self._next()
            name = self._next()
        arguments = self._object("(", ")") if self._peek() == "(" else {}
        return Field(alias, name, arguments, self._selection() if self._peek() == "{" else ())

    def _object(self, opening: str, closing: str) -> dict[str, Any]:
        self._expect(opening)
        found = {}
        while self._peek() != closing:
            name = self._next()
            self._expect(":")
            found[name] = self._value()
        self._expect(closing)
        return found

    def _value(self) -> Any:
        word = self._peek()
        if word == "{":
            return self._object("{", "}")
        if word == "[":
            return list(self._list())
        self._next()
        if word.startswith("$"):
            return self._variables.get(word[1:])
        if word.startswith('"') or word.lstrip("-").isdigit() or word in ("true", "false", "null"):
            return json.loads(word)
        return word  # a word of an enumeration

    def _list(self) -> Iterator[Any]:
        self._expect("[")
        while self._peek() != "]":
            yield self._value()
        self._expect("]")

    def _peek(self) -> str:
        if self._position >= len(self._tokens):
            raise Misunderstood("Unexpected end of document")
        return str(self._tokens[self._position])

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise Misunderstood(f"Expected {token!r}, found {found!r}")


def _answer(ask: Ask) -> Reply:
    try:
        asked = json.loads(ask.body)
        query, variables = asked["query"], dict(asked.get("variables") or {})
    except (ValueError, KeyError, TypeError):
        raise Refusal(400, "Problems parsing JSON") from None
    try:
        fields = _Reader(query, variables).operation()
        data = {field.alias: _root(ask.world, field) for field in fields}
    except Misunderstood as reason:
        return Reply({"errors": [{"message": str(reason)}]})
    return Reply({"data": data})


def _root(world: World, field: Field) -> Any:
    if field.name == "repository":
        return _repository(world, field)
    if field.name == "__type":
        known = _TYPES.get(field.arguments.get("name", ""))
        return None if known is None else _chosen({"fields": [{"name": name} for name in known]}, field)
    if field.name == "viewer":
        return _chosen({"login": world.viewer.login, "name": world.viewer.name}, field)
    raise Misunderstood(f"Field '{field.name}' doesn't exist on type 'Query'")


def _repository(world: World, field: Field) -> JSON:
    wanted = (str(field.arguments.get("owner")).lower(), str(field.arguments.get("name")).lower())
    if wanted != (world.owner.lower(), world.name.lower()):
        raise Misunderstood(f"Could not resolve to a Repository with the name '{'/'.join(wanted)}'.")
    found: JSON = {}
    for inner in field.fields:
        if inner.name == "releases":
            found[inner.alias] = _connection([_release(world, one) for one in world.releases], inner)
        elif inner.name == "release":
            tag = inner.arguments.get("tagName")
            known = next((one for one in world.releases if one.tag == tag), None)
            found[inner.alias] = None if known is None else _chosen(_release(world, known), inner)
        elif inner.name == "pullRequests":
            branch = inner.arguments.get("headRefName")
            pulls = [one for one in world.pulls.values() if branch in (None, one.branch)]
            found[inner.alias] = _connection([_pull(world, one) for one in reversed(pulls)], inner)
        else:
            plain = {"name": world.name, "owner": {"login": world.owner}}
            found[inner.alias] = _chosen(plain, inner, inner.name)
    return found


def _release(world: World, record: ReleaseRecord) -> JSON:
    return {
        "databaseId": record.id,
        "name": record.name,
        "tagName": record.tag,
        "isDraft": record.draft,
        "isImmutable": False,
        "isLatest": record is latest(world.releases),
        "isPrerelease": record.prerelease,
        "createdAt": stamp(record.created_at),
        "publishedAt": stamp_or_none(record.published_at),
    }


def _pull(world: World, record: PullRecord) -> JSON:
    return {
        "number": record.number,
        "title": record.title,
        "headRefName": record.branch,
        "headRepository": {"name": world.name, "owner": {"login": world.owner}},
    }


def _connection(nodes: list[JSON], field: Field) -> Any:
    """One page of a list. A cursor is the number of the last item before it."""
    start = int(field.arguments.get("after") or 0)
    end = start + int(field.arguments.get("first") or 30)
    page = {
        "totalCount": len(nodes),
        "nodes": nodes[start:end],
        "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(min(end, len(nodes)))},
    }
    return _chosen(page, field)


def _chosen(value: Any, field: Field, name: str = "") -> Any:
    """Of a value what was asked for, and nothing else; ``name`` goes one step down first."""
    if name:
        if name not in value:
            raise Misunderstood(f"Field '{name}' doesn't exist")
        value = value[name]
    if isinstance(value, list):
        return [_chosen(one, field) for one in value]
    if not isinstance(value, dict):
        return value
    return {inner.alias: _chosen(value, inner, inner.name) for inner in field.fields}


ROUTES = (Route("POST", "/graphql", _answer, "", "graphql", signed_in=401),)
