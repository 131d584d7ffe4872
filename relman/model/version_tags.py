"""Which versions exist: tags on GitHub and in the clone, releases, and what was withdrawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field
from semver import Version

from relman.model.release import Release, Tag, TagRef
from relman.model.trailers import ROLLBACK_OF, read_trailers, values
from relman.model.version import parse_version, version_of_tag
from relman.text import clean_line

_TOLD = 3  # tags of the clone that are named


class VersionTag(Struct, frozen=True):
    """A tag that is a version. ``sha`` is its commit; ``local``: it is in the clone only."""

    name: str
    version: Version
    sha: str
    local: bool = False

    @property
    def stable(self) -> bool:
        return not self.version.prerelease

    @property
    def short(self) -> str:
        return self.sha[:7]


class VersionTags(Struct, frozen=True):
    """``tags`` highest first, one for each version and commit; those of the clone only are ``local``.

    ``conflicts`` are tags of equal precedence on different commits. ``notes`` are sentences for a person.
    """

    tags: tuple[VersionTag, ...] = ()
    local: tuple[VersionTag, ...] = ()
    conflicts: tuple[tuple[VersionTag, ...], ...] = ()
    notes: tuple[str, ...] = ()
    prefix: str = ""

    def at(self, sha: str) -> tuple[VersionTag, ...]:
        """The tags on a commit, highest first: more than one after a promotion or a rollback."""
        return tuple(tag for tag in self.tags if tag.sha == sha)

    def of(self, version: Version) -> tuple[VersionTag, ...]:
        """The tags of a version, on GitHub and in the clone."""
        return tuple(tag for tag in (*self.tags, *self.local) if tag.version == version)

    def named(self, name: str) -> VersionTag | None:
        return next((tag for tag in self.tags if tag.name == name), None)

    def conflict_of(self, version: Version) -> tuple[VersionTag, ...]:
        return next((tags for tags in self.conflicts if tags[0].version == version), ())

    def name_for(self, version: Version | str) -> str:
        """What a new tag of ``version`` is called: as the highest existing one, else with a ``v``."""
        first = next(iter(self.tags), None)
        bare = first is not None and not first.name[len(self.prefix) :].startswith("v")
        return f"{self.prefix}{'' if bare else 'v'}{version}"


def read_version_tags(tags: Iterable[Tag], *, local: Iterable[Tag] = (), prefix: str = "") -> VersionTags:
    """The tags that are versions: ``prefix + "v"? + version``. A tag on no commit is left out, with a note."""
    notes: list[str] = []
    found: dict[tuple[Version, str], VersionTag] = {}
    names: dict[str, str] = {}
    for tag in tags:
        version = version_of_tag(tag.name, prefix=prefix)
        names[tag.name] = tag.sha
        if version is None:
            continue
        if not tag.sha:
            notes.append(f"{clean_line(tag.name)} is on no commit; ignored")
            continue
        known = found.get((version, tag.sha))
        # Of `v1.2.3` and `1.2.3` on one commit the first by name stands for both, whatever the order read.
        if known is None or tag.name > known.name:
            found[version, tag.sha] = VersionTag(tag.name, version, tag.sha)
    only_here = []
    told: list[str] = []
    for tag in local:
        version = version_of_tag(tag.name, prefix=prefix)
        if version is None or not tag.sha:
            continue
        if tag.name not in names:
            only_here.append(VersionTag(tag.name, version, tag.sha, local=True))
            told.append(
                f"{clean_line(tag.name)} exists in this clone only (on {tag.sha[:7]}), not on GitHub: "
                "it counts as used"
            )
        elif names[tag.name] != tag.sha:
            told.append(
                f"{clean_line(tag.name)} is on {tag.sha[:7]} in this clone and on {names[tag.name][:7]} on GitHub: "
                "GitHub's counts"
            )
    notes += told[:_TOLD]
    if len(told) > _TOLD:
        notes.append(f"and {len(told) - _TOLD} more tags of this clone that GitHub has not, or has elsewhere")
    ordered = sorted(found.values(), key=lambda tag: (tag.version, tag.name, tag.sha), reverse=True)
    by_version: dict[Version, list[VersionTag]] = {}
    for one in ordered:
        by_version.setdefault(one.version, []).append(one)
    conflicts = tuple(tuple(same) for same in by_version.values() if len(same) > 1)
    for same in conflicts:
        places = ", ".join(f"{clean_line(tag.name)} on {tag.short}" for tag in same)
        notes.append(f"{same[0].version} is on different commits: {places}")
    return VersionTags(tuple(ordered), tuple(only_here), conflicts, tuple(notes), prefix)


class Withdrawn(Struct, frozen=True):
    """``why`` gives the reason by version, without a tag's prefix."""

    why: Mapping[str, str] = field(default_factory=dict)

    def reason(self, version: Version | str) -> str:
        """Why a version is withdrawn; "" where it is not."""
        return self.why.get(str(version).removeprefix("v"), "")


def rollback_candidates(tags: VersionTags) -> tuple[VersionTag, ...]:
    """Tags whose message may say that they roll something back: a rollback's commit has another stable tag.

    Highest first. Reading only their messages spares one request for every tag there is.
    """
    stable = [tag for tag in tags.tags if tag.stable]
    count = Counter(tag.sha for tag in stable)
    return tuple(tag for tag in stable if count[tag.sha] > 1)


def withdrawn_versions(
    tags: VersionTags,
    releases: Iterable[Release],
    messages: Iterable[TagRef] = (),
    *,
    listed: Collection[str] = (),
) -> Withdrawn:
    """What was taken back: named by a rollback tag, marked on its release, or ``listed`` by the team.

    A release is marked when it is a pre-release though its version is stable and not below 1.0 (there many
    mark all of them so), or when it is named ``[YANKED]``.
    """
    why: dict[str, str] = {}
    for text in listed:
        version = parse_version(text)
        if version is not None:
            why[str(version)] = "on the team's list of withdrawn versions"
    for release in releases:
        version = version_of_tag(release.tag, prefix=tags.prefix)
        if version is None or release.draft:
            continue
        if "[yanked]" in release.name.lower():
            why.setdefault(str(version), "its release is named [YANKED]")
        elif release.prerelease and not version.prerelease and version.major > 0:
            why.setdefault(str(version), "its release is marked as a pre-release")
    for ref in messages:
        for value in values(read_trailers(ref.message), ROLLBACK_OF):
            version = version_of_tag(value, prefix=tags.prefix)
            if version is not None:
                why[str(version)] = f"rolled back by {clean_line(ref.name)}"
    return Withdrawn(why)


def used_versions(tags: VersionTags, releases: Iterable[Release], withdrawn: Withdrawn) -> frozenset[str]:
    """Every version that exists in any form: tag (also of the clone only), release, draft, withdrawn."""
    versions = {str(tag.version) for tag in (*tags.tags, *tags.local)} | set(withdrawn.why)
    for release in releases:
        version = version_of_tag(release.tag, prefix=tags.prefix)
        if version is not None:
            versions.add(str(version))
    return frozenset(versions)


class BaseSearch(Struct):
    """Finds the highest version among a commit's ancestors with few comparisons, and never by guessing.

    Ask GitHub for the comparison of ``head`` (as base) with :attr:`wanted` (as head), tell it with
    :meth:`told`, until ``wanted`` is None. One comparison with a version that is no ancestor rules out every
    other tag among the commits it lists.
    """

    head: str
    waiting: list[VersionTag]  # highest first
    base: VersionTag | None = None
    beside: list[VersionTag] = field(default_factory=list)  # higher ones that are no ancestors

    @classmethod
    def of(cls, tags: Sequence[VersionTag], head: str) -> BaseSearch:
        search = cls(head, sorted(tags, key=lambda tag: tag.version, reverse=True))
        search._settle()
        return search

    @property
    def wanted(self) -> VersionTag | None:
        return self.waiting[0] if self.base is None and self.waiting else None

    def told(self, ancestor: bool, others: Collection[str] = ()) -> None:
        """Whether :attr:`wanted` is an ancestor; ``others`` are commits that certainly are not."""
        tag = self.waiting.pop(0)
        if ancestor:
            self.base = tag
            return
        self.beside += [tag, *(one for one in self.waiting if one.sha in others)]
        self.waiting = [one for one in self.waiting if one.sha not in others]
        self._settle()

    def _settle(self) -> None:
        """A tag on the head itself needs no question."""
        if self.waiting and self.waiting[0].sha == self.head:
            self.base = self.waiting.pop(0)

    @property
    def higher(self) -> tuple[VersionTag, ...]:
        """Versions above the base that are no ancestors, highest first."""
        found = [tag for tag in self.beside if self.base is None or tag.version > self.base.version]
        return tuple(sorted(found, key=lambda tag: tag.version, reverse=True))
