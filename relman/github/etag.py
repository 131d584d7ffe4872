"""Conditional requests: what is kept of an answer, and asking with it whether the answer changed.

Every read is revalidated; nothing is ever served by age (GitHub's ``max-age=60`` would show an approval a
minute late). What did not change gives back the very object of before.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from typing import Protocol

from msgspec import Struct

from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Validator, pack

_KEPT = ("content-type", "link", "x-github-sso", "x-oauth-scopes")  # what reading a body again needs


class Validators(Protocol):
    """Where answers are kept between runs. Called in worker threads; may forget at any time."""

    def get(self, key: str) -> Validator | None: ...
    def put(self, key: str, validator: Validator) -> None: ...


def key_of(request: Request, api_url: str, api_version: str, fingerprint: str) -> str:
    """Everything an answer depends on. The token counts by its fingerprint: another sees other things."""
    return "\n".join((request.method, request.url(api_url), request.accept, api_version, fingerprint))


def conditions(validator: Validator | None) -> dict[str, str]:
    """The headers that ask whether a kept answer still holds."""
    if validator is None:
        return {}
    if validator.etag:
        return {"If-None-Match": validator.etag}
    return {"If-Modified-Since": validator.last_modified} if validator.last_modified else {}


def validator_of(reply: Reply, now: datetime) -> Validator:
    """What to keep of an answer of status 200. Takes a while for a large one: call it in a thread."""
    return Validator(
        reply.header("etag") or None,
        reply.header("last-modified") or None,
        pack(reply.body),
        _kept_headers(reply),
        now,
    )


def reply_of(validator: Validator) -> Reply:
    """A kept answer, to be read again."""
    return Reply(200, dict(validator.headers), validator.body)


def same_content(reply: Reply, kept: Validator) -> bool:
    return _kept_headers(reply) == kept.headers and reply.body == kept.body


def _kept_headers(reply: Reply) -> tuple[tuple[str, str], ...]:
    return tuple((name, reply.headers[name]) for name in _KEPT if name in reply.headers)


class Known(Struct, frozen=True):
    """An answer and the object that was made of it."""

    validator: Validator
    value: object


class Memory:
    """The answers in use, bounded in number and bytes; the one that was not used for longest goes first.

    With no ``entries`` it remembers nothing.
    """

    def __init__(self, *, entries: int = 1024, size: int = 16_000_000) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._entries, self._size, self._held = entries, size, 0

    def get(self, key: str) -> Known | None:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def put(self, key: str, known: Known) -> None:
        self.forget(key)
        self._known[key] = known
        self._held += len(known.validator.packed)
        while len(self._known) > self._entries or (self._held > self._size and len(self._known) > 1):
            _, oldest = self._known.popitem(last=False)
            self._held -= len(oldest.validator.packed)

    def forget(self, key: str) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._held -= len(known.validator.packed)


class MemoryValidators:
    """Keeps answers as long as the process lives, for use without a disk."""

    def __init__(self, *, entries: int = 1024, size: int = 16_000_000) -> None:
        self._memory = Memory(entries=entries, size=size)
        self._lock = Lock()

    def get(self, key: str) -> Validator | None:
        with self._lock:
            known = self._memory.get(key)
        return None if known is None else known.validator

    def put(self, key: str, validator: Validator) -> None:
        with self._lock:
            self._memory.put(key, Known(validator, None))
