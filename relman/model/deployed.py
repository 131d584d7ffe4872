"""Which versions ran where and how long, and where each release is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from semver import Version

from relman.model.environment import Deployment, live_of
from relman.model.release import Release
from relman.model.summary import version_of
from relman.model.version import version_of_tag
from relman.model.version_tags import VersionTags, Withdrawn

_NO_DATE = datetime.min.replace(tzinfo=UTC)


class Stay(Struct, frozen=True):
    """A version's time in an environment. ``ended`` is None for what runs there now.

    ``tag`` is the ref that was deployed where that is a version tag, else "": a commit may carry two tags, so
    none is inferred from it.
    """

    environment: str
    tag: str
    sha: str
    began: datetime | None
    ended: datetime | None
    deployment: Deployment

    @property
    def name(self) -> str:
        return self.tag or self.sha[:7]

    @property
    def run_id(self) -> int | None:
        return self.deployment.run_id

    def ran(self, now: datetime) -> float | None:
        """Seconds it ran; None where that is not known."""
        if self.began is None:
            return None
        return max(0.0, ((self.ended or now) - self.began).total_seconds())


def stays(deployments: Sequence[Deployment], *, prefix: str = "") -> tuple[Stay, ...]:
    """Successful deployments of one environment (given newest first), the one that succeeded last first.

    One can wait for days and succeed after one that was made later. Failed ones never count.
    """
    found: list[Stay] = []
    ended: datetime | None = None
    ran = [(began, one) for one in deployments if (began := _began(one)) is not None]
    if all(began is not _NO_DATE for began, _ in ran):
        ran.sort(key=lambda pair: pair[0], reverse=True)
    for at, one in ran:
        began = None if at is _NO_DATE else at
        ref = one.ref.removeprefix("refs/tags/")
        tag = ref if version_of_tag(ref, prefix=prefix) is not None else ""
        found.append(Stay(one.environment, tag, one.sha, began, ended, one))
        ended = began
    return tuple(found)


def running_stay(found: Iterable[Stay], deployments: Sequence[Deployment]) -> Stay | None:
    """Of the stays of ``deployments`` the one that runs there now."""
    live = live_of(deployments)
    return next((stay for stay in found if live is not None and stay.deployment.id == live.id), None)


def _began(deployment: Deployment) -> datetime | None:
    """When it first succeeded; None where it never did."""
    success = next((status for status in reversed(deployment.statuses) if status.state == "success"), None)
    if success is None:
        return None
    return success.created_at or deployment.created_at or _NO_DATE


class ReleaseRow(Struct, frozen=True):
    """A version with its tag, its release, and where it is.

    ``live`` are environments that run this very tag, ``same_commit`` those that run its commit under another
    name (staging, which deploys a branch). ``withdrawn`` says why, "" where it is not.
    """

    name: str
    version: Version | None
    sha: str
    release: Release | None
    live: tuple[str, ...] = ()
    same_commit: tuple[str, ...] = ()
    withdrawn: str = ""
    local: bool = False


def release_rows(
    tags: VersionTags,
    releases: Iterable[Release],
    deployments: Mapping[str, Sequence[Deployment]],
    withdrawn: Withdrawn | None = None,
) -> tuple[ReleaseRow, ...]:
    """Releases and tags, highest version first; drafts of versions without a tag on top.

    ``deployments`` by environment, newest first, with their statuses.
    """
    gone = withdrawn or Withdrawn()
    by_tag = {release.tag: release for release in releases}
    running = {name: one for name, items in deployments.items() if (one := live_of(items)) is not None}
    names = {tag.name for tag in tags.tags}
    rows = [
        ReleaseRow(release.tag, version_of_tag(release.tag, prefix=tags.prefix), "", release)
        for release in by_tag.values()
        if release.tag not in names and release.draft
    ]
    for tag in sorted((*tags.tags, *tags.local), key=lambda tag: (tag.version, tag.name), reverse=True):
        exact = [name for name, one in running.items() if version_of(one) == tag.name]
        rows.append(
            ReleaseRow(
                tag.name,
                tag.version,
                tag.sha,
                by_tag.get(tag.name),
                tuple(exact),
                tuple(name for name, one in running.items() if one.sha == tag.sha and name not in exact),
                gone.reason(tag.version),
                tag.local,
            )
        )
    return tuple(rows)
