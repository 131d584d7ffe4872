"""Faults that are switched on for a while: which requests they meet, and what kind they are.

A fault is a JSON object:

``match``
    a regular expression searched in the path with its query (``/actions/runs``); default: every request
``kind``
    ``status`` (with ``status``, and ``body`` or ``message``), ``delay``, ``reset`` (cut with RST),
    ``truncate`` (half of the body, then the connection ends), ``html`` (an outage page, 502), ``rate-limit``,
    ``secondary`` (with ``retry_after``; null leaves the header away), ``sso``, ``permission``, ``server-error``
    (500 with GitHub's JSON), ``body`` (the answer's body becomes ``body``: text, or any JSON),
    ``text`` (every string under the names in ``fields`` becomes ``value``)
``times``
    how many requests it meets, default 1; null for all of them
``method``, ``origin``
    only this method; only ``api``, ``storage`` or ``service``
``seconds``
    waited first, real time, whatever the kind
``after``
    true: the request is carried out before the fault strikes (a write that happened all the same), and
    ``seconds`` are waited between the two
``status``, ``headers``
    the status where the kind has a choice; more headers
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

KINDS = frozenset(
    {
        "status",
        "delay",
        "reset",
        "truncate",
        "html",
        "rate-limit",
        "secondary",
        "sso",
        "permission",
        "server-error",
        "body",
        "text",
    }
)
ORIGINS = frozenset({"api", "storage", "service"})


@dataclass(slots=True)
class Fault:
    id: int
    kind: str
    match: re.Pattern[str]
    times: int | None = 1
    method: str | None = None
    origin: str | None = None
    seconds: float = 0.0
    after: bool = False
    status: int | None = None
    message: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: int | None = 60
    fields: tuple[str, ...] = ()
    value: str = ""
    met: int = 0

    def meets(self, origin: str, method: str, path: str) -> bool:
        return (
            (self.times is None or self.met < self.times)
            and self.method in (None, method)
            and self.origin in (None, origin)
            and self.match.search(path) is not None
        )

    def rendered(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "match": self.match.pattern,
            "times": self.times,
            "met": self.met,
        }


class Faults:
    """The faults that are on. The oldest that meets a request strikes, and only that one."""

    def __init__(self) -> None:
        self._on: list[Fault] = []
        self._ids = count(1)

    def add(self, wish: Mapping[str, Any]) -> Fault:
        """Switches a fault on; ``ValueError`` says what is wrong with the wish."""
        known = set(Fault.__dataclass_fields__) - {"id", "met"}
        if unknown := sorted(set(wish) - known):
            raise ValueError(f"unknown keys: {', '.join(unknown)}")
        kind = wish.get("kind")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if wish.get("origin") not in (None, *ORIGINS):
            raise ValueError(f"origin must be one of {', '.join(sorted(ORIGINS))}")
        try:
            match = re.compile(wish.get("match", ""))
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from None
        fault = Fault(**{**wish, "match": match, "fields": tuple(wish.get("fields", ()))}, id=next(self._ids))
        self._on.append(fault)
        return fault

    def take(self, origin: str, method: str, path: str) -> Fault | None:
        for fault in self._on:
            if fault.meets(origin, method, path):
                fault.met += 1
                return fault
        return None

    def every(self) -> list[Fault]:
        return list(self._on)

    def clear(self) -> None:
        self._on.clear()
