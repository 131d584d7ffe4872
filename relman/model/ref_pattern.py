"""Patterns of branches and tags as GitHub's environments use them (Ruby's ``File.fnmatch`` with path names)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from relman.model.environment import BranchPolicy


def allowed(ref: str, policies: Iterable[BranchPolicy]) -> bool | None:
    """Whether one of the patterns lets ``ref`` (full) pass; None where a pattern cannot be read here."""
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    unclear = False
    for policy in policies:
        if policy.kind != kind:
            continue
        pattern = _compiled(policy.pattern)
        if pattern is None:
            unclear = True
        elif pattern.fullmatch(name):
            return True
    return None if unclear else False


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """``*`` and ``?`` do not cross ``/``, ``**/`` does. Sets (``[…]``), braces and many stars, which take for
    ever, are left to GitHub."""
    if any(sign in pattern for sign in "[]{}\\") or pattern.count("*") > 3:
        return None
    parts = re.split(r"(\*\*/|\*+|\?)", pattern)
    meanings = {"**/": "(?:.*/)?", "?": "[^/]"}
    text = "".join(
        meanings.get(part, "[^/]*" if part.startswith("*") else re.escape(part)) for part in parts if part
    )
    return re.compile(text, re.DOTALL)
