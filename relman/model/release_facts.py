"""What was read before a release: what was asked for, the versions around a commit, the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from relman.errors import Problem
from relman.model.gates import CommitChecks, Staging
from relman.model.release import Commit, Notes, Release, TagRef
from relman.model.roles import Roles
from relman.model.ruleset import Ruleset
from relman.model.version_tags import VersionTag, VersionTags, Withdrawn


class ReleaseIntent(Struct, frozen=True):
    """What a person asked for. ``sha`` is the commit they looked at, where they did: then it has to stay.

    ``ref`` is a branch, a tag or a commit (default: the default branch), ``version`` a version with or without
    ``v``, ``bump`` a level, ``channel`` a pre-release channel, ``notes`` edited notes ("" counts), and
    ``overrides`` a reason by gate.
    """

    ref: str | None = None
    sha: str | None = None
    version: str | None = None
    bump: str | None = None
    channel: str | None = None
    notes: str | None = None
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def with_override(self, key: str, reason: str) -> Self:
        """The same with a reason for the gate ``key``, in place of an earlier one."""
        return replace(self, overrides=MappingProxyType({**self.overrides, key: reason}))

    def with_text(self, text: str) -> Self:
        """The same with these notes."""
        return replace(self, notes=text)


class History(Struct, frozen=True):
    """A commit among the repository's versions.

    ``base`` is the highest stable version among the commit's ancestors, ``since`` where this release's notes
    begin (for a pre-release, the last one of its channel). ``commits`` is the range after ``base``, newest
    first, of ``total``; ``noted`` are the shas after ``since``. ``higher`` are versions above the base beside
    this line. ``earlier`` are the repository's own releases from which the habit below 1.0 is learned.
    ``rolled_back`` names the withdrawn version that a commit of the range was in. ``refs`` are the tags whose
    messages were read.
    """

    head: Commit
    branch: str  # whose newest commit it should be
    tip: str | None
    tags: VersionTags
    releases: tuple[Release, ...] = ()
    withdrawn: Withdrawn = field(default_factory=Withdrawn)
    base: VersionTag | None = None
    since: VersionTag | None = None
    commits: tuple[Commit, ...] = ()
    total: int = 0
    noted: frozenset[str] = frozenset()
    higher: tuple[VersionTag, ...] = ()
    earlier: tuple[tuple[str | None, tuple[str, ...], str], ...] = ()
    rolled_back: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    refs: tuple[TagRef, ...] = ()

    @property
    def complete(self) -> bool:
        return self.base is None or len(self.commits) >= self.total


class Evidence(Struct, frozen=True):
    """What the gates judge by, and what is needed to carry the release out.

    ``starts`` says whether a workflow starts on the tag (None: not known), ``workflow`` which.
    ``may_push`` is None where GitHub did not say. ``existing`` is the tag as it stands now.
    """

    at: datetime
    checks: CommitChecks = field(default_factory=CommitChecks)
    roles: Roles = field(default_factory=Roles)
    staging: Staging = field(default_factory=Staging)
    rulesets: tuple[Ruleset, ...] | None = ()
    rulesets_problem: Problem | None = None
    existing: TagRef | None = None
    release: Release | None = None
    notes: Notes | None = None
    notes_problem: Problem | None = None
    kept_notes: str | None = None  # edited before, kept for the next attempt
    starts: bool | None = None
    workflow: str = ""
    who: str = ""
    may_push: bool | None = None
