"""The filters of the run lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.datastructures import QueryParams

from relman.demo.exchange import Refusal
from relman.demo.records import RunRecord

Test = Callable[[RunRecord], bool]

# GitHub looks these up in its search index, which ends at a thousand.
SEARCHED = ("actor", "branch", "check_suite_id", "created", "event", "head_sha", "status")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def run_tests(query: QueryParams) -> list[Test]:
    """One test for every filter given; a run is listed when it passes them all."""
    makers: dict[str, Callable[[str], Test]] = {
        "actor": lambda text: lambda run: run.actor.login.lower() == text.lower(),
        "branch": lambda text: lambda run: run.branch == text,
        "check_suite_id": lambda text: lambda run: str(run.check_suite_id) == text,
        "created": created_within,
        "event": lambda text: lambda run: run.event == text,
        "head_sha": lambda text: lambda run: run.sha == text,
        "status": lambda text: lambda run: text in (run.attempts[-1].status, run.attempts[-1].conclusion),
    }
    return [makers[name](query[name]) for name in SEARCHED if query.get(name)]


def created_within(text: str) -> Test:
    """GitHub's syntax: a day or moment, ``>``, ``>=``, ``<``, ``<=`` before one, ``a..b`` (``*``: open)."""
    first, span, last = text.partition("..")
    if span:
        lower = None if first == "*" else moment(first)
        upper = None if last == "*" else _end(last)
        return lambda run: (
            (lower is None or lower <= run.created_at) and (upper is None or run.created_at <= upper)
        )
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            return _against(sign, text.removeprefix(sign))
    start, end = moment(text), _end(text)
    return lambda run: start <= run.created_at <= end


def _against(sign: str, text: str) -> Test:
    start, end = moment(text), _end(text)
    if sign == ">=":
        return lambda run: run.created_at >= start
    if sign == ">":
        return lambda run: run.created_at > end
    if sign == "<=":
        return lambda run: run.created_at <= end
    return lambda run: run.created_at < start


def moment(text: str) -> datetime:
    """The first moment a date or time means."""
    try:
        # A plus sign arrives as a space where a client did not encode it.
        at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise Refusal(422, f"Invalid created filter: {text}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _end(text: str) -> datetime:
    """The last moment it means: a day lasts until its last second."""
    start = moment(text)
    return start + timedelta(days=1, seconds=-1) if _DAY.fullmatch(text.strip()) else start
