"""What would be released now, made ready to be looked at: the version, why, the gates, and the other choices."""

from __future__ import annotations

from msgspec import Struct

from relman.errors import Problem, RelmanError
from relman.model.commit import Ask, Level
from relman.model.deployed import Stay
from relman.model.plan import Plan
from relman.model.release import Commit, Comparison, TagRef
from relman.model.release_choice import Decision, Group, decide, deciding, groups
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_plan import release_plan
from relman.model.rollback import Target
from relman.model.version_tags import VersionTag

PROPOSED = "proposed"
NAMED = "version"


class Outlook(Struct, frozen=True):
    """The commits since the last version, judged. ``plan`` is that of a release as proposed."""

    history: History
    evidence: Evidence
    decision: Decision
    groups: tuple[Group, ...]
    deciding: tuple[tuple[Commit, Ask], ...]
    plan: Plan

    @property
    def holds(self) -> bool:
        """Whether nothing stands against releasing it."""
        return self.plan.refusal() is None


def outlook(repo: str, history: History, evidence: Evidence) -> Outlook:
    """Judges what was read. Pure, and as expensive as reading every commit's message: call it once."""
    intent = ReleaseIntent(sha=history.head.sha)
    decision = decide(history, intent)
    return Outlook(
        history,
        evidence,
        decision,
        groups(history, decision.proposal),
        deciding(history, decision.proposal),
        release_plan(repo, history, evidence, intent),
    )


class Choice(Struct, frozen=True):
    """A version that a person may choose. ``tag`` is "" while it is not known, ``problem`` why it cannot be.

    ``key`` is :data:`PROPOSED`, a bump, or :data:`NAMED` for a version that is typed.
    """

    key: str
    tag: str = ""
    why: str = ""
    problem: Problem | None = None


def choices(history: History | None, channel: str | None = None) -> tuple[Choice, ...]:
    """What can be chosen; without a history what there is to choose, and no versions."""
    bumps = (None, Level.PATCH, Level.MINOR, Level.MAJOR)
    return (*(_choice(history, bump, channel) for bump in bumps), Choice(NAMED))


def _choice(history: History | None, bump: Level | None, channel: str | None) -> Choice:
    key = bump.value if bump is not None else PROPOSED
    if history is None:
        return Choice(key)
    try:
        decision = decide(
            history, ReleaseIntent(bump=bump.value if bump is not None else None, channel=channel)
        )
    except RelmanError as error:
        return Choice(key, problem=error.problem)
    return Choice(key, decision.tag, decision.why if bump is None else "")


class About(Struct, frozen=True):
    """A version from near. ``ref`` is its tag as it stands, ``range`` what it has beyond the version before.

    None where there is nothing to compare with, or no history in common.
    """

    ref: TagRef | None
    range: Comparison | None


class WaysBack(Struct, frozen=True):
    """What an environment runs, and the versions it can return to, newest first.

    ``tagged`` is the version tag that runs there; only then can a new tag lead back.
    """

    environment: str
    running: Stay | None
    offered: tuple[Target, ...]
    tagged: VersionTag | None
