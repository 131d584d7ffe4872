"""An HTTP answer as a value, and what its headers say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct, field

T = TypeVar("T")

_PARTS: Final = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS: Final = msgspec.json.Decoder(list[Raw])
_NOT_JSON: Final = (ValueError, msgspec.DecodeError)
"""What is raised for broken JSON: msgspec's own error is a ValueError only in its newer versions."""

_LINK = r"<[^<>]*>([^<]*)"
_NEXT = r";\s*rel\s*=\s*\"?(?:[^\";,]*\s)?next(?:\s[^\";,]*)?\"?\s*(?:[;,]|$)"


class Reply(Struct, frozen=True):
    """Status, headers (names in lower case) and the whole body.

    Its ``repr`` keeps both to itself: an answer is large, private, and may repeat what was sent.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Reply({self.status})"

    def header(self, name: str) -> str:
        """The header's value, stripped; "" where it is absent."""
        return self.headers.get(name.lower(), "").strip()

    @property
    def server_time(self) -> datetime | None:
        return http_date(self.header("date"))

    @property
    def has_next(self) -> bool:
        """Whether the Link header names a next page."""
        return any(
            re.search(_NEXT, parameters, re.IGNORECASE) for parameters in re.findall(_LINK, self.header("link"))
        )

    @property
    def partial(self) -> bool:
        """Whether the list was silently shortened: organisations this token is not authorised for."""
        return self.header("x-github-sso").lower().startswith("partial-results")

    @property
    def is_html(self) -> bool:
        if "html" in self.header("content-type").lower():
            return True
        return self.body[:200].lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))


def decoded(body: bytes) -> object:
    """The JSON in ``body``. Raises ValueError for anything that is none, however broken."""
    try:
        try:
            return msgspec.json.decode(body)
        except _NOT_JSON:  # it is stricter: half of a surrogate pair, a byte order mark and NaN are none to it
            import json  # hardly ever wanted

            return json.loads(bytes(body))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parts(body: bytes) -> dict[str, Raw]:
    """The values of a JSON object, each still JSON and without a copy; {} for anything else."""
    return _split(_PARTS, body) or {}


def elements(body: bytes) -> list[Raw] | None:
    """The elements of a JSON array, each still JSON and without a copy; None for anything else.

    Decoded one after the other they take the memory of one: whole, a page of runs takes five times its size.
    """
    return _split(_ELEMENTS, body)


def _split(decoder: msgspec.json.Decoder[T], body: bytes) -> T | None:
    try:
        return decoder.decode(body)
    except (*_NOT_JSON, RecursionError):
        return None


def http_date(value: str) -> datetime | None:
    """An HTTP date as an aware UTC time, or None."""
    from email.utils import parsedate_to_datetime  # a start reads no date

    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def whole_number(value: str) -> int | None:
    """A header's non-negative number, or None."""
    value = value.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port in one spelling; None for what is no plain HTTP address."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if scheme not in {"http", "https"} or not host:
        return None
    return scheme, host, port or (443 if scheme == "https" else 80)
