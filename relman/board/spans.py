"""Spans of time in whole seconds since 1970, half open: ``(since, until)`` holds ``since``, not ``until``."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same times in as few spans as possible, oldest first."""
    result: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if result and since <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], until))
        else:
            result.append((since, until))
    return result


def missing(covered: Iterable[Span], since: int, until: int) -> list[Span]:
    """What of ``since`` to ``until`` is not covered, newest first."""
    gaps: list[Span] = []
    at = since
    for begin, end in joined(covered):
        if begin >= until:
            break
        if begin > at:
            gaps.append((at, begin))
        at = max(at, end)
    if at < until:
        gaps.append((at, until))
    return gaps[::-1]


def cut(span: Span, longest: int) -> list[Span]:
    """A span in pieces of at most ``longest`` seconds, newest first."""
    since, until = span
    pieces = []
    while until > since:
        pieces.append((max(since, until - longest), until))
        until -= longest
    return pieces


def reached(covered: Iterable[Span], now: int) -> int | None:
    """How far back everything is known without a hole, seen from ``now``; None when not even that."""
    for begin, end in joined(covered):
        if begin <= now <= end:
            return begin
    return None
