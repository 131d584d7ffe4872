"""From the bytes of an answer to its records: what every parser of this room starts with.

A parser takes a :class:`Reply` of status 200 and the :class:`Request` it answers, and gives model objects.
It raises :class:`RelmanError` for a body that is not what was asked for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from relman.errors import Kind, Problem, RelmanError
from relman.github.fields import Fields, each, number, objects
from relman.github.reply import Reply, decoded
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
    return _listed(document(reply, request), reply, request)


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
    value = document(reply, request)
    total = None
    if name is not None:
        fields = value if isinstance(value, dict) else {}
        value, total = fields.get(name), number(fields, "total_count")
    items = _listed(value, reply, request)
    more = reply.has_next
    if not reply.header("link") and total is not None:
        more = len(items) >= request.per_page and request.page * request.per_page < total
    return Page(each(items, read), total, more, reply.partial)


def _listed(value: object, reply: Reply, request: Request) -> list[Fields]:
    if not isinstance(value, list):
        raise unreadable(reply, request)
    return objects(value)


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
