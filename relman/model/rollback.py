"""The way back: which versions an environment can return to, and what the two ways would do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from semver import Version

from relman.model.deployed import Stay
from relman.model.times import ago, duration
from relman.model.version import parse_version, version_of_tag
from relman.model.version_tags import VersionTags, Withdrawn
from relman.text import clean_line

RERUN_LIMIT = timedelta(days=30)
"""GitHub runs nothing again that is older."""

_MIGRATION = re.compile(
    r"(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase|prisma)(?:/|$)|\.sql$|(?:^|/)schema\.[a-z]+$", re.I
)
_CONFIGURATION = re.compile(
    r"(?:^|/)(?:(?:docker-)?compose[^/]*\.ya?ml|\.env[^/]*|[^/]*\.env|config|configs|configuration|settings"
    r"|nginx[^/]*|[^/]*\.(?:toml|ini|cfg|conf))(?:/|$)|(?:^|/)(?:config|settings)\.[a-z]+$",
    re.I,
)


class Target(Struct, frozen=True):
    """A version to return to: it ran there successfully, is not what runs now, and was not withdrawn.

    ``back`` is False for one that first ran there after what runs now did: it was rolled back, and to deploy
    it again goes forward.
    """

    stay: Stay
    back: bool = True

    @property
    def name(self) -> str:
        return self.stay.name

    def words(self, now: datetime) -> str:
        """ "v1.8.1, deployed 3d ago, ran 2d 4h"."""
        parts = [clean_line(self.name)]
        if self.stay.began is not None:
            parts.append(f"deployed {ago(self.stay.began, now)}")
        seconds = self.stay.ran(now)
        if seconds is not None:
            parts.append(f"ran {duration(seconds)}")
        return ", ".join(parts)


def targets(
    found: Sequence[Stay], withdrawn: Withdrawn, *, running: Stay | None, prefix: str = ""
) -> tuple[Target, ...]:
    """Where an environment can return to, newest first, each version once; those that go forward come last.

    ``running`` is what runs there now. A redeployed version that runs now is not offered by an earlier stay
    either, and neither is another tag of the commit that runs.
    """
    seen: set[str] = {running.name} if running else set()
    first = {stay.sha: number for number, stay in enumerate(found)}  # the oldest stay of each commit
    before = first.get(running.sha, -1) if running is not None else -1
    offered: list[Target] = []
    for stay in found:
        same = running is not None and stay.sha == running.sha
        if same or stay.name in seen:
            continue
        seen.add(stay.name)
        version = version_of_tag(stay.tag, prefix=prefix)
        if version is None or not withdrawn.reason(version):
            offered.append(Target(stay, first[stay.sha] > before))
    return tuple(sorted(offered, key=lambda one: not one.back))


def chosen(offered: Sequence[Target], wanted: str | None) -> Target | None:
    """The target called ``wanted`` (a tag, a version or the beginning of a commit); None if absent.

    Without ``wanted`` the newest that goes back: never what was just rolled back.
    """
    if wanted is None:
        return next((target for target in offered if target.back), None)
    version = parse_version(wanted)
    for target in offered:
        bare = parse_version(target.stay.tag) if target.stay.tag else None
        if target.stay.tag == wanted or (version is not None and bare == version):
            return target
    if re.fullmatch(r"[0-9a-f]{7,40}", wanted):
        return next((target for target in offered if target.stay.sha.startswith(wanted)), None)
    return None


def next_patch(bad: Version, used: Collection[str]) -> Version:
    """The next free patch of the bad version's line: higher than the bad one."""
    taken = {version for text in used if (version := parse_version(text)) is not None}
    free = bad.finalize_version().bump_patch() if not bad.prerelease else bad.finalize_version()
    while free in taken:
        free = free.bump_patch()
    return free


def risky(files: Iterable[str]) -> tuple[str, ...]:
    """Sentences about changed paths that going back does not undo."""
    paths = [clean_line(path) for path in files]
    told = []
    for what, pattern in (("migrations", _MIGRATION), ("configuration", _CONFIGURATION)):
        found = [path for path in paths if pattern.search(path)]
        if found:
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            told.append(f"{what} changed between the two versions: {', '.join(found[:3])}{more}")
    return tuple(told)


def tag_of(stay: Stay | None, tags: VersionTags) -> Version | None:
    """The version of the tag that was deployed; None where a branch or a commit was."""
    return version_of_tag(stay.tag, prefix=tags.prefix) if stay is not None and stay.tag else None
