"""The next version: SemVer 2.0.0, the policy below 1.0.0, collisions, pre-releases, version tags.

:func:`propose` names the next version and why. It never proposes a version that is used or not higher
than the base, and below 1.0.0 follows the habit that the repository's own earlier releases show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from semver import Version

from relman.errors import usage_error
from relman.model.commit import TYPES, Ask, Level, read_commits, strongest

INITIAL = "0.1.0"
"""Proposed where no version exists yet (SemVer's FAQ)."""

_LEARN_FROM = 3  # earlier releases, at least
_LEARN_BY = 2  # a policy must be right this many times more than the default


class Policy(StrEnum):
    """What a request means below 1.0.0, where SemVer gives no rule."""

    MINOR = "minor"  # breaking → minor, feature → minor, fix → patch
    SHIFT = "shift"  # breaking → minor, feature → patch, fix → patch
    PLAIN = "plain"  # breaking → 1.0.0


class Proposal(Struct, frozen=True):
    """The next version and why.

    ``version`` has no tag prefix; None when there is nothing to release. ``level`` is the bump that was
    applied to the base, ``asked`` the strongest request of the commits, ``commits`` what each asked for in
    the order given, ``deciding`` the ones that decided. ``confirm`` says that no commit asks for a release,
    so that a person should say so twice. ``notes`` are sentences a person should read.
    """

    version: str | None
    level: Level
    asked: Level
    commits: tuple[Ask, ...]
    why: str
    base: str | None = None
    policy: Policy = Policy.MINOR
    policy_why: str = ""
    confirm: bool = False
    alternatives: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def deciding(self) -> tuple[Ask, ...]:
        if self.asked is Level.NONE:
            return ()
        return tuple(ask for ask in self.commits if ask.level is self.asked)

    @property
    def not_understood(self) -> int:
        return sum(not ask.understood for ask in self.commits)


def parse_version(text: str) -> Version | None:
    """A SemVer 2.0.0 version, with or without a leading ``v``; None for anything else."""
    bare = text[1:] if text[:1] == "v" else text
    # semver before 3.1 takes a line break at the end.
    plain = bare.isascii() and bare.isprintable()
    return Version.parse(bare) if plain and Version.is_valid(bare) else None


def version_of_tag(tag: str, *, prefix: str = "", suffix: str = "") -> Version | None:
    """The version a tag carries: ``prefix + "v"? + version + suffix``.

    Floating tags (``v1``, ``v1.2``) and anything that is not exactly a version give None.
    """
    if not tag.startswith(prefix) or not tag.endswith(suffix):
        return None
    return parse_version(tag[len(prefix) : len(tag) - len(suffix)])


def highest(versions: Iterable[Version], *, stable: bool = True) -> Version | None:
    """The highest of ``versions``; with ``stable``, pre-releases do not count."""
    return max((v for v in versions if not (stable and v.prerelease)), default=None)


def propose(
    base: str | None,
    commits: Sequence[str],
    *,
    history: Iterable[tuple[str | None, Sequence[str], str]] = (),
    bump: str | None = None,
    used: Collection[str] = (),
    channel: str | None = None,
    policy: Policy | None = None,
    initial: str = INITIAL,
    ids: Sequence[str] = (),
    authors: Sequence[str] = (),
    types: Mapping[str, Level] = TYPES,
    early: Collection[str] = (),
    on_head: str | None = None,
) -> Proposal:
    """The next version after ``base`` for ``commits`` (full messages, newest first).

    ``base`` is a version (a leading ``v`` is accepted) or None before the first release. ``history`` gives
    earlier releases as ``(base, commits, next)``, oldest first, from which the policy below 1.0.0 is learned
    unless ``policy`` names one. ``bump`` (``"major"``, ``"minor"``, ``"patch"``) is a person's choice and wins
    over the commits. ``used`` are versions that exist in any form (tag, release, draft, withdrawn).
    ``channel`` asks for a pre-release such as ``rc``. ``ids`` and ``authors`` go with the commits. ``early`` are
    the pre-releases among the commits: nothing below their core is proposed. ``on_head`` is the one on the newest
    commit: its stable version has the same core.

    Raises a usage error for a base or initial version that is not SemVer, or an unknown bump.
    """
    asks = read_commits(commits, ids=ids, authors=authors, types=types)
    asked = strongest([ask.level for ask in asks])
    chosen = _level(bump)
    taken = {parsed for parsed in map(parse_version, used) if parsed is not None}
    floor = max((one.finalize_version() for one in map(parse_version, early) if one is not None), default=None)
    ready = parse_version(on_head or "") if chosen is None and channel is None else None
    if ready is not None and (not ready.prerelease or ready.finalize_version() in taken):
        ready = None
    if base is None:
        return _first(asks, asked, chosen, initial, taken, channel, floor, ready)
    start = _required(base, "base version").replace(build=None)
    if not asks and chosen is None:
        return Proposal(
            None, Level.NONE, asked, asks, "nothing has changed since this version", base=str(start)
        )
    if policy is None:
        policy, policy_why = learn_policy(history, types=types)
    else:
        policy_why = "set in the configuration"
    notes: list[str] = []
    level = chosen or _applied(start, asked, policy)
    core = _bumped(start, level)
    if ready is not None and ready.finalize_version() > start:
        same = ready.finalize_version()
        if core > same:
            notes.append(f"the commits ask for {core}, and {ready} was made of them")
        return Proposal(
            str(same), _distance(start, same), asked, asks, _promoted(ready), str(start), policy, policy_why,
            notes=tuple(notes),
        )  # fmt: skip
    wanted = None if chosen is not None else _release_as(asks, start, taken, notes)
    if wanted is not None:
        return Proposal(
            str(wanted), _distance(start, wanted), asked, asks, "a commit asks for this version (Release-As)",
            str(start), policy, policy_why, notes=tuple(notes),
        )  # fmt: skip
    why = f"chosen: {level}" if chosen else _reason(start, asked, level, policy)
    if floor is not None and chosen is None and core < floor:
        notes.append(f"{core} is below a pre-release of {floor} that is in the range")
        core, level = floor, _distance(start, floor)
        why = f"{why}; a pre-release of {core} came before"
    core = _free(core, level, taken, notes)
    version = core if channel is None else _prerelease(core, channel, taken)
    return Proposal(
        str(version), level, asked, asks, why, str(start), policy, policy_why,
        confirm=chosen is None and asked is Level.NONE, notes=tuple(notes),
    )  # fmt: skip


def learn_policy(
    history: Iterable[tuple[str | None, Sequence[str], str]], *, types: Mapping[str, Level] = TYPES
) -> tuple[Policy, str]:
    """The policy below 1.0.0 that the repository's earlier releases fit, and a sentence that says so.

    The default stays unless another policy is right at least twice more, over three releases at least.
    """
    right = dict.fromkeys(Policy, 0)
    seen = 0
    for base, commits, following in history:
        before = parse_version(base) if base is not None else None
        after = parse_version(following)
        if before is None or after is None or before.prerelease or after.prerelease:
            continue
        seen += 1
        asked = strongest([ask.level for ask in read_commits(commits, types=types)])
        for policy in Policy:
            if _bumped(before, _applied(before, asked, policy)) == after.replace(build=None):
                right[policy] += 1
    best = max(Policy, key=lambda policy: right[policy])  # the default is first among equals
    if seen < _LEARN_FROM or right[best] < right[Policy.MINOR] + _LEARN_BY:
        return Policy.MINOR, ""
    habit = {
        Policy.SHIFT: "features bump patch and breaking changes bump minor",
        Policy.PLAIN: "a breaking change goes to 1.0.0",
        Policy.MINOR: "",
    }[best]
    return best, f"this repository's last {seen} releases fit: below 1.0, {habit}"


def _level(bump: str | None) -> Level | None:
    if bump is None:
        return None
    if bump not in {Level.PATCH, Level.MINOR, Level.MAJOR}:
        raise usage_error(f"“{bump}” is not a bump", hint="Use major, minor or patch.")
    return Level(bump)


def _required(text: str, what: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise usage_error(
            f"the {what} “{text}” is not a version", hint="Use SemVer, three numbers such as 1.2.3."
        )
    return version


def _first(
    asks: tuple[Ask, ...],
    asked: Level,
    chosen: Level | None,
    initial: str,
    taken: set[Version],
    channel: str | None,
    floor: Version | None,
    ready: Version | None,
) -> Proposal:
    start = _required(initial, "initial version").replace(build=None)
    notes: list[str] = []
    zero = Version(0)
    if ready is not None:
        core = ready.finalize_version()
        return Proposal(str(core), _distance(zero, core), asked, asks, _promoted(ready))
    wanted = None if chosen is not None else _release_as(asks, zero, taken, notes)
    if wanted is not None:
        core, why = wanted, "a commit asks for this version (Release-As)"
    elif chosen is not None:
        core, why = _bumped(zero, chosen), f"chosen: {chosen}"
    else:
        core, why = start, "no version exists yet"
        if floor is not None and core < floor:
            core, why = floor, f"no stable version exists yet, and a pre-release of {floor} came before"
    core = _free(core, _distance(zero, core), taken, notes)
    version = core if channel is None else _prerelease(core, channel, taken)
    others = tuple(v for v in ("1.0.0",) if v != str(version) and Version.parse(v) not in taken)
    return Proposal(
        str(version), _distance(zero, core), asked, asks, why, alternatives=others, notes=tuple(notes)
    )


def _promoted(ready: Version) -> str:
    return f"{ready} is on this very commit: the stable version of it"


def _applied(base: Version, asked: Level, policy: Policy) -> Level:
    """The bump a request means from ``base``. Who asks for a release gets at least a patch."""
    if asked is Level.NONE:
        return Level.PATCH
    if base.major > 0:
        return asked
    if asked is Level.MAJOR:
        return Level.MAJOR if policy is Policy.PLAIN else Level.MINOR
    if asked is Level.MINOR and policy is Policy.SHIFT:
        return Level.PATCH
    return asked


def _bumped(base: Version, level: Level) -> Version:
    """The next stable version. From a pre-release, its own core where that already moves far enough."""
    return base.next_version(part=level.value)


def _reason(base: Version, asked: Level, level: Level, policy: Policy) -> str:
    if asked is Level.NONE:
        return "no release-worthy commit found; a release gets at least a patch"
    words = {Level.MAJOR: "a breaking change", Level.MINOR: "a feature", Level.PATCH: "a fix"}[asked]
    if base.major == 0 and level is not asked:
        return f"{words}, which below 1.0 bumps {level} (policy {policy})"
    return f"{words} asks for a {level}"


def _distance(base: Version, version: Version) -> Level:
    if version.major != base.major:
        return Level.MAJOR
    if version.minor != base.minor:
        return Level.MINOR
    return Level.PATCH


def _release_as(asks: Sequence[Ask], base: Version, taken: set[Version], notes: list[str]) -> Version | None:
    for ask in asks:
        if ask.release_as is None or ask.cancelled:
            continue
        version = parse_version(ask.release_as)
        if version is None:
            notes.append(f"Release-As: “{ask.release_as}” is not a version; ignored")
        elif version <= base:
            notes.append(f"Release-As: {version} is not higher than {base}; ignored")
        elif version in taken:
            notes.append(f"Release-As: {version} is already used; ignored")
        else:
            return version.replace(build=None)
    return None


def _free(version: Version, level: Level, taken: set[Version], notes: list[str]) -> Version:
    """``version``, or the next free patch for a patch, else the next free minor."""
    free = version
    while free in taken:
        free = free.bump_patch() if level is Level.PATCH else free.bump_minor()
    if free != version:
        notes.append(f"{version} is already used, so {free} is proposed")
    return free


def _prerelease(core: Version, channel: str, taken: set[Version]) -> Version:
    """The next pre-release on ``channel``, never below one that exists for its core."""
    if not Version.is_valid(f"1.0.0-{channel}.1") or channel.isdigit():
        raise usage_error(f"“{channel}” is not a channel", hint="Use letters, digits and hyphens, such as rc.")
    early = [
        v for v in taken if v.prerelease and v.finalize_version() >= core and v.finalize_version() not in taken
    ]
    if not early:
        return _after_taken(core.replace(prerelease=f"{channel}.1"), taken)
    top = max(early)
    home = top.finalize_version()
    name, number = _split(top)
    if name == channel and number is not None:
        return _after_taken(home.replace(prerelease=f"{channel}.{number + 1}"), taken)
    first = home.replace(prerelease=f"{channel}.1")
    if first < top:  # a channel that sorts below the one in use starts on the next free core
        home = home.bump_patch()
        while home in taken:
            home = home.bump_patch()
        first = home.replace(prerelease=f"{channel}.1")
    return _after_taken(first, taken)


def _split(version: Version) -> tuple[str, int | None]:
    name, _, number = (version.prerelease or "").rpartition(".")
    return (name, int(number)) if name and number.isdigit() else (version.prerelease or "", None)


def _after_taken(version: Version, taken: set[Version]) -> Version:
    while version in taken:
        name, number = _split(version)
        version = version.replace(prerelease=f"{name}.{(number or 0) + 1}")
    return version
