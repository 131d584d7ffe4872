"""Which workflow runs a clean-up deletes, and why it leaves the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct, field
from semver import Version

from relman.model.environment import Deployment
from relman.model.release import Release
from relman.model.run import Run
from relman.model.version import version_of_tag
from relman.text import clean_line

_PREFIXED = re.compile(r"(?P<prefix>.*?)v?[0-9]+\.[0-9]+\.[0-9]+", re.DOTALL)
OLDER_THAN = timedelta(days=30)
KEEP = 10
WAYS_BACK = 2
"""Successful deployments of an environment whose runs stay: the one that is live, and the one before it."""


class Kept(StrEnum):
    """Why a run stays, the strongest reason first."""

    ACTIVE = "has not ended"
    YOUNG = "is younger"
    AGELESS = "has no date"
    NEWEST = "is among the newest of its workflow"
    DEPLOYED = "deployed what is live, or the way back from it"
    LIVE = "is of a commit that is live"
    RELEASE = "is of a version that is live, or of the highest or latest release"


class Live(Struct, frozen=True):
    """What must not lose its runs: ``runs`` by id, ``commits`` by sha, ``tags``, each with the reason in words."""

    runs: Mapping[int, str]
    commits: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Selection(Struct, frozen=True):
    """``victims`` oldest first. ``kept`` counts the others by reason; ``protected`` are the old runs that stay
    because of what is live, with the reason in words, newest first."""

    victims: tuple[Run, ...]
    kept: Mapping[Kept, int]
    protected: tuple[tuple[Run, str], ...]


def live_of(
    deployments: Mapping[str, Sequence[Deployment]], releases: Iterable[Release], latest: str = ""
) -> Live:
    """``deployments`` by environment, newest first, with their statuses read as far as they are needed;
    ``latest`` is the tag of the release that GitHub calls the latest one."""
    runs: dict[int, str] = {}
    commits: dict[str, str] = {}
    tags: dict[str, str] = {}
    for environment, found in deployments.items():
        name = clean_line(environment)
        good = [one for one in found if succeeded(one)]
        live = [one for one in found if one.state == "success"] or good[:1]
        back = [one for one in good if one not in live][: WAYS_BACK - 1]
        if found and found[0].run_id is not None:
            runs.setdefault(found[0].run_id, f"the latest deployment to {name}")
        for one in live:
            if one.sha:
                commits.setdefault(one.sha, f"its commit is live on {name}")
            if one.tag:
                tags.setdefault(one.tag, f"of {clean_line(one.tag)}, which is live on {name}")
        for one, words in [(one, "deployed what is live") for one in live] + [
            (one, "the way back") for one in back
        ]:
            if one.run_id is not None:
                runs.setdefault(one.run_id, f"{words} on {name}")
    for tag in highest_stable(releases):
        tags.setdefault(tag, f"of {clean_line(tag)}, the highest stable release")
    if latest:
        tags.setdefault(latest, f"of {clean_line(latest)}, the latest release by GitHub's word")
    return Live(runs, commits, tags)


def highest_stable(releases: Iterable[Release]) -> tuple[str, ...]:
    """The tag of the highest stable version of each line of tags that a prefix makes. Not the newest one: a
    hotfix of an older line comes later."""
    top: dict[str, tuple[Version, str]] = {}
    for release in releases:
        match = _PREFIXED.match(release.tag)
        if release.draft or release.prerelease or match is None:
            continue
        prefix = match["prefix"]
        version = version_of_tag(release.tag, prefix=prefix)
        if version is None or version.prerelease:
            continue
        if prefix not in top or version > top[prefix][0]:
            top[prefix] = (version, release.tag)
    return tuple(tag for _, tag in top.values())


def succeeded(deployment: Deployment) -> bool:
    """Whether it was ever live: a newer one makes a good one ``inactive``."""
    return any(status.state == "success" for status in deployment.statuses)


def enough(found: Sequence[Deployment]) -> bool:
    """Whether older deployments of an environment need not be read."""
    live = any(one.state == "success" for one in found)
    return live and sum(succeeded(one) for one in found) >= WAYS_BACK


def select(
    runs: Iterable[Run],
    now: datetime,
    live: Live,
    *,
    older_than: timedelta = OLDER_THAN,
    keep: int = KEEP,
) -> Selection:
    """``now`` is the server's time. ``keep`` counts ended runs of each workflow; runs of any age and number
    that have not ended stay besides. A run that was re-run is as young as its latest attempt."""
    found = sorted({run.id: run for run in runs}.values(), key=_newness, reverse=True)
    seen: Counter[int] = Counter()
    kept: Counter[Kept] = Counter()
    victims: list[Run] = []
    protected: list[tuple[Run, str]] = []
    for run in found:
        reason, words = _reason(run, now, live, older_than, seen[run.workflow_id] < keep)
        if run.state.finished:
            seen[run.workflow_id] += 1
        if reason is None:
            victims.append(run)
            continue
        kept[reason] += 1
        if words:
            protected.append((run, words))
    return Selection(tuple(reversed(victims)), dict(kept), tuple(protected))


def _newness(run: Run) -> tuple[float, int]:
    return (run.created_at.timestamp() if run.created_at else 0.0, run.id)


def _reason(
    run: Run, now: datetime, live: Live, older_than: timedelta, newest: bool
) -> tuple[Kept | None, str]:
    if not run.state.finished:
        return Kept.ACTIVE, ""
    if run.created_at is None:
        return Kept.AGELESS, ""
    latest = max(run.created_at, run.started_at or run.created_at)
    if now - latest <= older_than:
        return Kept.YOUNG, ""
    if newest:
        return Kept.NEWEST, ""
    if run.id in live.runs:
        return Kept.DEPLOYED, live.runs[run.id]
    if run.sha in live.commits:
        return Kept.LIVE, live.commits[run.sha]
    if run.branch is not None and run.branch in live.tags:
        return Kept.RELEASE, live.tags[run.branch]
    return None, ""


def by_workflow(runs: Iterable[Run]) -> tuple[tuple[str, int], ...]:
    """The workflows' files (names, where they have none) with how many of ``runs`` each has, most first."""
    counts = Counter(clean_line(run.path.rsplit("/", 1)[-1] or run.name) for run in runs)
    return tuple(counts.most_common())


def ages(runs: Sequence[Run], now: datetime) -> str:
    """ "31 to 182 days old"; "" for none."""
    dates = [run.created_at for run in runs if run.created_at is not None]
    if not dates:
        return ""
    youngest, oldest = (max(0, (now - date).days) for date in (max(dates), min(dates)))
    return f"{youngest} days old" if youngest == oldest else f"{youngest} to {oldest} days old"
