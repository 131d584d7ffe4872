"""What the journal says of a change that was broken off, and which refs a pattern lets pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relman.model.earlier import runs_found, unfinished
from relman.model.environment import BranchPolicy
from relman.model.journal import Entry
from relman.model.ref_pattern import allowed

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def lines(operation: str, *phases: str, target: str = "x #1", at: int = 0) -> list[Entry]:
    """``phases``: "begin", "before", "after:done", "end:unknown"."""
    made = []
    for number, phase in enumerate(phases):
        name, _, result = phase.partition(":")
        step = "dispatch" if name in ("before", "after") else ""
        detail = "run 4711, number 2, is queued" if phase == "after:done" else ""
        made.append(
            Entry(
                NOW + timedelta(seconds=at + number), operation, name, "dispatch", "o/r", target,
                step=step, result=result, detail=detail,
            )
        )  # fmt: skip
    return made


def earlier(*entries: Entry) -> str:
    found = unfinished(
        entries, action="dispatch", repo="o/r", step="dispatch", same=lambda target: target.endswith("#1")
    )
    return "" if found is None else found.operation


def test_what_is_in_doubt() -> None:
    assert earlier(*lines("a", "begin")) == ""  # nothing was sent
    assert earlier(*lines("a", "begin", "before")) == "a"
    assert earlier(*lines("a", "begin", "before", "after:done")) == "a"  # killed before its end was written
    assert earlier(*lines("a", "begin", "before", "after:unknown", "end:unknown")) == "a"
    for result in ("done", "failed", "refused"):
        assert earlier(*lines("a", "begin", "before", f"after:{result}", f"end:{result}")) == ""


def test_a_later_one_settles_it() -> None:
    first = lines("a", "begin", "before")
    assert earlier(*first, *lines("b", "begin", "end:done", at=9)) == ""
    assert earlier(*first, *lines("b", "begin", at=9)) == "a"
    assert earlier(*first, *lines("b", "begin", "end:done", target="y #2", at=9)) == "a"


def test_runs_that_were_found() -> None:
    entries = lines("a", "begin", "before", "after:done", "end:done")
    assert runs_found(entries, action="dispatch", repo="o/r") == {4711}
    assert runs_found(entries, action="rerun", repo="o/r") == frozenset()


@pytest.mark.parametrize(
    ("ref", "pattern", "kind", "answer"),
    [
        ("refs/tags/v1.2.0", "v*", "tag", True),
        ("refs/heads/v1", "v*", "tag", False),
        ("refs/heads/main", "main", "branch", True),
        ("refs/heads/release/1", "release/*", "branch", True),
        ("refs/heads/release/1/x", "release/*", "branch", False),
        ("refs/heads/a/b/x", "**/x", "branch", True),
        ("refs/heads/x", "**/x", "branch", True),
        ("refs/heads/ab", "a?", "branch", True),
        ("refs/heads/a", "[ab]", "branch", None),
        ("refs/heads/a", "*a*a*a*a*", "branch", None),
        ("refs/heads/a.b", "a.b", "branch", True),
        ("refs/heads/axb", "a.b", "branch", False),
    ],
)
def test_patterns(ref: str, pattern: str, kind: str, answer: bool | None) -> None:
    assert allowed(ref, [BranchPolicy(1, pattern, kind)]) is answer


def test_no_pattern_lets_nothing_pass() -> None:
    assert allowed("refs/heads/main", []) is False
