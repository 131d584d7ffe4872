"""A change before it happens: what would be sent, what speaks against it, what cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from relman.errors import Kind, Problem
from relman.text import clean_line

PRODUCTION = frozenset({"prod", "production", "live"})
_NOT = frozenset({"pre", "non", "not"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")


def is_production(environment: str) -> bool:
    """Whether an environment's name says that it is what customers use.

    Whatever parts its words counts: ``Production EU``, ``prod.us``, ``prod2``, ``EuProd``.
    """
    words = set(_WORD.findall(_HUMP.sub(" ", environment).casefold()))
    return bool(PRODUCTION & words) and not _NOT & words


class Verdict(StrEnum):
    """What a check of a plan found. An ``UNKNOWN`` one blocks as a failed one does."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(Struct, frozen=True):
    """One thing that has to hold before a change, with what was seen.

    ``reason`` is why a person overrides it ("" where nobody did).
    """

    key: str  # stable, for ``--override KEY=REASON``: "ci", "staging", "tag"
    title: str
    verdict: Verdict
    evidence: tuple[str, ...] = ()
    overridable: bool = False
    reason: str = ""

    @property
    def blocks(self) -> bool:
        return self.verdict is not Verdict.PASSED and not (self.overridable and self.reason.strip())


class Step(Struct, frozen=True):
    """One thing a plan does. ``request`` is exactly what is sent ("" for a step that only looks or waits)."""

    key: str  # stable; the journal names it
    title: str  # "Create the tag v1.9.0 on 1a2b3c4"
    request: str = ""
    undo: str = ""  # how it is taken back; "" where it cannot be


class Change(Struct, frozen=True):
    """What is different afterwards."""

    what: str
    before: str
    after: str


class Plan(Struct, frozen=True):
    """Everything a person must see before saying yes. Made by a pure function from fresh facts.

    ``permission`` and ``stale`` are problems that were found while planning; with either, nothing runs.
    ``word`` is what has to be typed ("" where ``y`` is enough). ``facts_at`` is when the facts were read.
    """

    action: str  # "release", "approve"
    title: str  # "Release v1.9.0"
    repo: str
    target: str  # what it acts on, by identity: "v1.9.0 at 1a2b3c4", "run 4711, attempt 2"
    steps: tuple[Step, ...]
    facts_at: datetime
    environment: str = ""
    changes: tuple[Change, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()  # what cannot be undone, in sentences
    text: str = ""  # the longer text that goes out with it
    text_title: str = "Text"  # what that is: "Notes", "Comment"
    word: str = ""
    permission: Problem | None = None
    stale: Problem | None = None
    production: bool = False  # it leads to a change of production: a freeze holds it back
    rollback: bool = False  # exempt from a freeze
    who: str = ""  # the login that acts
    details: Mapping[str, object] = field(default_factory=dict)  # for ``--json``: what the action alone has

    @property
    def blocking(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.blocks)

    def refusal(self) -> Problem | None:
        """What the plan itself says against running; permission before everything that may have changed."""
        if self.permission is not None:
            return self.permission
        if self.stale is not None:
            return self.stale
        if not self.blocking:
            return None
        first = self.blocking[0]
        more = f" and {len(self.blocking) - 1} more" if len(self.blocking) > 1 else ""
        return Problem(
            Kind.REFUSED,
            f"{clean_line(first.title)} does not hold{more}",
            clean_line("; ".join(first.evidence)),
            f"Mend it, or override it with a reason ({first.key})." if first.overridable else "Mend it first.",
        )
