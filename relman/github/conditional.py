"""Conditional reads: asks whether what is known still holds, and gives back the same object where it does.

Two layers: a bounded memory of objects in use, and a store that outlives the process.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar, cast

from relman.errors import RelmanError
from relman.github import parse
from relman.github.clock import Clock
from relman.github.etag import (
    Known,
    Memory,
    Validators,
    conditions,
    key_of,
    reply_of,
    same_content,
    validator_of,
)
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Answer, Validator

T = TypeVar("T")
U = TypeVar("U")
Parser = Callable[[Reply, Request], T]

API_VERSION = "2022-11-28"
IN_USE = 192
"""Answers, and lists joined of them: what is asked again and again while a screen stands."""
_IN_USE_BYTES = 2_000_000  # compressed

_log = logging.getLogger(__name__)


class Fetch(Protocol):
    """Sends a request and gives what ``accept`` makes of the answer (2xx or 304)."""

    def __call__(
        self, request: Request, headers: Mapping[str, str], accept: Callable[[Reply], T], /
    ) -> Awaitable[T]: ...


class Conditional:
    """One parser per request: what the memory holds under a request was made by that request's parser."""

    def __init__(
        self,
        fetch: Fetch,
        validators: Validators,
        clock: Clock,
        api_url: str,
        fingerprint: str,
        *,
        in_use: int = IN_USE,
    ) -> None:
        self._fetch = fetch
        self._validators = validators
        self._clock = clock
        self._api_url = api_url
        self._fingerprint = fingerprint
        self._memory = Memory(entries=in_use, size=_IN_USE_BYTES)
        self._in_use = in_use
        self._wholes: OrderedDict[str, tuple[tuple[object, ...], object]] = OrderedDict()

    async def ask(self, request: Request, parser: Parser[T]) -> Answer[T]:
        """The answer; ``unchanged`` with the very object of before where it is one given out before."""
        key = self._key(request)
        before = self._memory.get(key)
        known = before or await self._recall(key, request, parser)

        def accept(reply: Reply) -> tuple[Reply, object]:
            if reply.status == 304:
                if known is None:
                    raise parse.unreadable(reply, request)
                return reply, known.value
            if known is not None and same_content(reply, known.validator):
                return reply, known.value
            return reply, parser(reply, request)

        reply, value = await self._fetch(request, conditions(known.validator if known else None), accept)
        if known is not None and reply.status == 304:
            now, raw = known, await asyncio.to_thread(zlib.decompress, known.validator.packed)
        else:
            validator = await asyncio.to_thread(validator_of, reply, self._clock.now())
            now, raw = Known(validator, value), reply.body
        self._memory.put(key, now)
        if reply.status != 304:
            await self._keep(key, now.validator)
        unchanged = before is not None and value is before.value
        return Answer(cast("T", value), raw, unchanged, reply.server_time)

    async def ask_pages(
        self,
        request: Request,
        parser: Parser[T],
        *,
        more: Callable[[list[T]], bool],
        join: Callable[[list[T]], U],
        most: int,
        missing: Callable[[list[T]], int] = lambda _: 0,
    ) -> Answer[U]:
        """Page after page as long as ``more`` says so of those read, ``most`` at the most, joined to one.
        ``missing`` counts what the pages leave out.

        The joined object is the same as before while every part is.
        """
        answers = [await self.ask(request, parser)]
        while len(answers) < most and more([answer.value for answer in answers]):
            answers.append(await self.ask(request.at_page(request.page + len(answers)), parser))
        parts = tuple(answer.value for answer in answers)
        key = self._key(request)
        before, whole = self._wholes.pop(key, ((), None))
        unchanged = len(before) == len(parts) and all(map(_same, before, parts))
        if not unchanged:
            whole = join(list(parts))
        self._wholes[key] = (parts, whole)
        if len(self._wholes) > self._in_use:
            self._wholes.popitem(last=False)
        raw = answers[0].raw if len(answers) == 1 else b"[" + b",".join(answer.raw for answer in answers) + b"]"
        return Answer(cast("U", whole), raw, unchanged, answers[-1].server_time, missing([*parts]))

    def _key(self, request: Request) -> str:
        return key_of(request, self._api_url, API_VERSION, self._fingerprint)

    async def _recall(self, key: str, request: Request, parser: Parser[T]) -> Known | None:
        """What the store kept, as an object; None for nothing, and for what can no longer be read."""
        try:
            validator = await asyncio.to_thread(self._validators.get, key)
        except Exception as error:  # the store only spares quota: the read goes on without it
            _log.warning("kept answers cannot be read (%s)", type(error).__name__)
            return None
        if validator is None:
            return None
        try:
            return Known(validator, parser(reply_of(validator), request))
        except (RelmanError, zlib.error):
            return None

    async def _keep(self, key: str, validator: Validator) -> None:
        if not (validator.etag or validator.last_modified):
            return
        try:
            await asyncio.to_thread(self._validators.put, key, validator)
        except Exception as error:  # as above: the answer itself is good
            _log.warning("answers cannot be kept (%s)", type(error).__name__)


def _same(one: object, other: object) -> bool:
    return one is other
