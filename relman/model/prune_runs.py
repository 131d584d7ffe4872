"""Which workflow runs a clean-up deletes, and why it leaves the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from relman.model.environment import Deployment
from relman.model.release import Release
from relman.model.run import Run
from relman.text import clean_line

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
    RELEASE = "is of the latest release"


@dataclass(frozen=True, slots=True)
class Live:
    """What must not lose its runs. ``runs`` by id and ``commits`` by sha, each with the reason in words."""

    runs: Mapping[int, str]
    commits: Mapping[str, str]
    tag: str = ""  # of the latest release


@dataclass(frozen=True, slots=True)
class Selection:
    """``victims`` oldest first. ``kept`` counts the others by reason; ``protected`` are the old runs that stay
    because of what is live, with the reason in words, newest first."""

    victims: tuple[Run, ...]
    kept: Mapping[Kept, int]
    protected: tuple[tuple[Run, str], ...]


def live_of(deployments: Mapping[str, Sequence[Deployment]], releases: Iterable[Release]) -> Live:
    """``deployments`` by environment, newest first, with their statuses read as far as they are needed."""
    runs: dict[int, str] = {}
    commits: dict[str, str] = {}
    for environment, found in deployments.items():
        name = clean_line(environment)
        good = [one for one in found if succeeded(one)]
        if found and found[0].run_id is not None:
            runs.setdefault(found[0].run_id, f"the latest deployment to {name}")
        for number, one in enumerate(good[:WAYS_BACK]):
            words = f"deployed what is live on {name}" if not number else f"the way back on {name}"
            if one.run_id is not None:
                runs.setdefault(one.run_id, words)
            if not number and one.sha:
                commits.setdefault(one.sha, f"its commit is live on {name}")
    published = [one for one in releases if not one.draft and not one.prerelease and one.tag]
    return Live(runs, commits, published[0].tag if published else "")


def succeeded(deployment: Deployment) -> bool:
    """Whether it was ever live: a newer one makes a good one ``inactive``."""
    return any(status.state == "success" for status in deployment.statuses)


def enough(found: Sequence[Deployment]) -> bool:
    """Whether older deployments of an environment need not be read."""
    return sum(succeeded(one) for one in found) >= WAYS_BACK


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
    if live.tag and run.branch == live.tag:
        return Kept.RELEASE, f"of the latest release {clean_line(live.tag)}"
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
