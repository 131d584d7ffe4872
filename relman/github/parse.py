"""From the bytes of an answer to its records: what every parser of this room starts with.

A parser takes a :class:`Reply` of status 200 and the :class:`Request` it answers, and gives model objects.
It raises :class:`RelmanError` for a body that is not what was asked for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from relman.errors import Kind, Problem, RelmanError
from relman.github.fields import Fields, number, objects
from relman.github.reply import Reply, decoded, elements, parts
from relman.github.requests import Request
from relman.model.answer import Page

T = TypeVar("T")


def document(reply: Reply, request: Request) -> object:
    """The JSON of the answer."""
    try:
        return decoded(reply.body)
    except ValueError:
        raise unreadable(reply, request) from None


def record(reply: Reply, request: Request) -> Fields:
    """The answer's one object."""
    value = document(reply, request)
    if not isinstance(value, dict):
        raise unreadable(reply, request)
    return value


def records(reply: Reply, request: Request) -> list[Fields]:
    """The objects of an answer that is a list."""
    value = document(reply, request)
    if not isinstance(value, list):
        raise unreadable(reply, request)
    return objects(value)


def one(value: T | None, reply: Reply, request: Request) -> T:
    """A record that has to be there."""
    if value is None:
        raise unreadable(reply, request)
    return value


def single(reply: Reply, request: Request, read: Callable[[Fields], T | None]) -> T:
    """What the answer's one object tells."""
    return one(read(record(reply, request)), reply, request)


def page(
    reply: Reply, request: Request, read: Callable[[Fields], T | None], name: str | None = None
) -> Page[T]:
    """A page of a list, which is the whole body or what ``name`` holds in it.

    More follows where the server's Link says so. Where a proxy took the Link away, a full page with a
    larger total says it too. The Link's address is never followed: the next page is asked for by its
    number, so that no answer can send us, and a token, somewhere else.
    """
    values, total = _one_by_one(reply.body, name) or _at_once(document(reply, request), name)
    if values is None:
        raise unreadable(reply, request)
    count, items = 0, []
    try:
        for fields in values:
            if isinstance(fields, dict):
                count += 1
                if (item := read(fields)) is not None:  # one without an identity is left out, the others stay
                    items.append(item)
    except ValueError:
        raise unreadable(reply, request) from None
    more = reply.has_next
    if not reply.header("link") and total is not None:
        more = count >= request.per_page and request.page * request.per_page < total
    return Page(tuple(items), total, more, reply.partial)


def _one_by_one(body: bytes, name: str | None) -> tuple[Iterable[object], int | None] | None:
    """The list's values, each decoded when its turn comes, and the total; None for what is not plain JSON."""
    total = None
    if name is not None:
        fields = parts(body)
        body, total = fields.get(name, b""), _total(fields.get("total_count", b"null"))
    listed = elements(body)
    return None if listed is None else (map(decoded, listed), total)


def _total(value: bytes) -> int | None:
    try:
        return number({"total_count": decoded(value)}, "total_count")
    except ValueError:
        return None


def _at_once(value: object, name: str | None) -> tuple[list[object] | None, int | None]:
    """The same of a document; None where there is no list in it."""
    total = None
    if name is not None:
        fields = value if isinstance(value, dict) else {}
        value, total = fields.get(name), number(fields, "total_count")
    return value if isinstance(value, list) else None, total


def unreadable(reply: Reply, request: Request) -> RelmanError:
    """The error for an answer of status 200 whose body is something else than asked for."""
    if not reply.body:
        found = "the answer is empty"
    elif reply.is_html:
        found = "a web page came back"
    else:
        found = "the answer is broken or cut off"
    return RelmanError(
        Problem(
            Kind.SERVER,
            f"Could not read {request.what}",
            found,
            "Try again; if it stays, check the API address and https://www.githubstatus.com.",
            status=reply.status,
        )
    )
