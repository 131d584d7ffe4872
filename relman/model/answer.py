"""What a source gives back: the value, and what is needed to keep it, page it and age it."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct

# Frozen, so an answer that gives a run serves where one is wanted that gives a run or nothing.
T = TypeVar("T", covariant=True)


class Answer(Struct, Generic[T], frozen=True):
    """One answer.

    ``raw`` is the body as received (JSON; for an answer of several pages, one JSON array of the pages'
    bodies). ``unchanged`` says that the source revalidated (304): then ``value`` is the very object of
    the answer before. ``server_time`` is the source's clock (``Date`` header), aware, or None. ``missing`` says
    how many items of a list the source counted and did not give.
    """

    value: T
    raw: bytes = b""
    unchanged: bool = False
    server_time: datetime | None = None
    missing: int = 0

    def clock_offset(self, now: datetime) -> timedelta:
        """The source's clock minus this machine's, which says ``now``; none where the source did not tell."""
        return timedelta(0) if self.server_time is None else self.server_time - now


class Page(Struct, Generic[T], frozen=True):
    """One page of a list, in the source's order (newest first for runs and deployments).

    ``total`` is the source's count where it gives one; ``more`` whether another page follows;
    ``partial`` that the source left results out (an organisation's single sign-on).
    """

    items: tuple[T, ...]
    total: int | None = None
    more: bool = False
    partial: bool = False


class Validator(Struct, frozen=True):
    """An answer kept so that the source can be asked whether it changed.

    A store of these has ``get(key: str) -> Validator | None`` and ``put(key: str, validator: Validator)``,
    both blocking (they are called in a worker thread, from several at once) and both free to forget.
    ``packed`` is the body, compressed: it is large and rarely read again. ``headers`` are the ones needed to
    read it (paging, scopes), names in lower case.
    """

    etag: str | None
    last_modified: str | None
    packed: bytes
    headers: tuple[tuple[str, str], ...]
    stored_at: datetime

    @property
    def body(self) -> bytes:
        """Raises ``zlib.error`` for what a disk has spoilt."""
        return zlib.decompress(self.packed)

    def __repr__(self) -> str:
        return f"Validator({self.etag!r}, {self.last_modified!r}, {len(self.packed)} bytes)"


def pack(body: bytes) -> bytes:
    """A body as :class:`Validator` has it. A tenth of the size; 10 ms for the largest page."""
    return zlib.compress(body, 1)
