"""Lists in pages, with GitHub's ``Link`` header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, TypeVar
from urllib.parse import urlencode

from relman.demo.exchange import Ask, Reply

T = TypeVar("T")
DEFAULT_SIZE = 30
LARGEST_SIZE = 100


def page_wanted(ask: Ask, *, size: int = DEFAULT_SIZE, largest: int = LARGEST_SIZE) -> tuple[int, int]:
    """Page number from 1 and page size. What is not a number counts as not given, as on GitHub."""
    wanted = _number(ask.query.get("per_page")) or size
    return max(1, _number(ask.query.get("page")) or 1), min(wanted, largest)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def paged(
    ask: Ask,
    items: Sequence[T],
    render: Callable[[T], Any],
    *,
    under: str = "",
    total: int | None = None,
    size: int = DEFAULT_SIZE,
) -> Reply:
    """One page of ``items``: a plain array, or an object with ``total_count`` and it ``under`` a name."""
    page, per_page = page_wanted(ask, size=size)
    start = (page - 1) * per_page
    shown = [render(item) for item in items[start : start + per_page]]
    headers = link_header(ask, page, max(1, ceil(len(items) / per_page)))
    if under:
        return Reply({"total_count": len(items) if total is None else total, under: shown}, headers=headers)
    return Reply(shown, headers=headers)


def link_header(ask: Ask, page: int, last: int) -> dict[str, str]:
    wanted = {}
    if page > 1:
        wanted["prev"] = min(page - 1, last)
    if page < last:
        wanted |= {"next": page + 1, "last": last}
    if page > 1:
        wanted["first"] = 1
    if not wanted:
        return {}
    return {"link": ", ".join(f'<{_address(ask, number)}>; rel="{rel}"' for rel, number in wanted.items())}


def _address(ask: Ask, page: int) -> str:
    query = [(k, v) for k, v in ask.query.multi_items() if k != "page"]
    return f"{ask.view.root(ask.path)}?{urlencode([*query, ('page', str(page))])}"
