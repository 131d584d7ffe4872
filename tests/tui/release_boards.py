"""A repository with versions, made by hand: its board, what was read beyond it, and what reads it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from relman.errors import RelmanError
from relman.model.board import Board, Section
from relman.model.checks import CheckRun
from relman.model.deployed import stays
from relman.model.environment import Deployment, DeploymentStatus
from relman.model.gates import CommitChecks, Staging
from relman.model.release import Branch, Commit, Comparison, Release, Tag, TagRef
from relman.model.release_facts import Evidence, History
from relman.model.release_outlook import About, Outlook, WaysBack, outlook
from relman.model.roles import Roles
from relman.model.rollback import targets
from relman.model.version_tags import Withdrawn, read_version_tags, withdrawn_versions
from tests.tui import boards

REPO = "acme/agentic-backend"
HEAD = "9e1d2c3" + "a" * 33


def sha(number: int) -> str:
    return f"{number:07x}" + "b" * 33


def commit(number: int, message: str, author: str = "mara") -> Commit:
    return Commit(sha(number), message, author, boards.ago(minutes=number))


TAGS = (
    Tag("v1.8.2", sha(0x182)),
    Tag("v1.8.1", sha(0x181)),
    Tag("v1.8.0", sha(0x180)),
    Tag("v1.9.0-rc.1", sha(0x190)),
    Tag("v1", sha(0x182)),
)
ROLLBACK = TagRef(
    "v1.8.2", sha(0x182), sha(0xFFF), True,
    "Rollback\n\nbecause\n\nRelman-Rollback-Of: v1.8.1\nRelman-By: mara\n", "mara", boards.ago(days=2),
)  # fmt: skip


def release(id: int, tag: str, **other: object) -> Release:
    made = Release(
        id, tag, tag, "## What's Changed\n* Answer in the asker's language by @mara in #812", author="mara",
        created_at=boards.ago(days=40 - id), published_at=boards.ago(days=40 - id),
        url=f"https://github.com/{REPO}/releases/tag/{tag}",
    )  # fmt: skip
    return replace(made, **other)


RELEASES = (
    release(39, "v1.9.0-rc.1", prerelease=True),
    release(38, "v1.8.2"),
    release(35, "v1.8.1", prerelease=True),
    release(40, "v2.0.0", draft=True),
)
COMMITS = (
    Commit(HEAD, "feat(rag): rank passages by recency as well (#903)", "dfuentes", boards.ago(minutes=35)),
    commit(2, "fix(api): accept a trailing slash in the base URL (#902)", "priya"),
    commit(3, "docs: explain the planner", "yuki"),
    commit(4, "tidy up", "omar"),
)


def history(commits: tuple[Commit, ...] = COMMITS, **other: object) -> History:
    tags = read_version_tags(TAGS)
    base = tags.named("v1.8.2")
    made = History(
        head=commits[0] if commits else Commit(sha(0x182), "chore: release", "mara", boards.ago(days=2)),
        branch="main",
        tip=commits[0].sha if commits else sha(0x182),
        tags=tags,
        releases=RELEASES,
        withdrawn=withdrawn_versions(tags, RELEASES, [ROLLBACK]),
        base=base,
        since=base,
        commits=commits,
        total=len(commits),
        noted=frozenset(one.sha for one in commits),
        refs=(ROLLBACK,),
    )
    return replace(made, **other)


def evidence(head: str = HEAD, **other: object) -> Evidence:
    checks = (CheckRun(1, "test", "completed", "success"),)
    made = Evidence(
        at=boards.ago(seconds=3),
        checks=CommitChecks((boards.run(41, sha=head),), checks),
        roles=Roles(".github/workflows/ci.yml"),
        staging=Staging("staging", (deployment(99, "staging", "main", head, hours=1),)),
        who="mara",
        may_push=True,
        starts=True,
        workflow="cd.yml",
    )
    return replace(made, **other)


def looked(commits: tuple[Commit, ...] = COMMITS, **other: object) -> Outlook:
    made = history(commits, **other)
    return outlook(REPO, made, evidence(made.head.sha))


def deployment(
    id: int,
    environment: str,
    ref: str,
    commit_sha: str,
    state: str = "success",
    *,
    hours: float,
    run_id: int | None = None,
) -> Deployment:
    at = boards.ago(hours=hours)
    log = f"https://github.com/{REPO}/actions/runs/{run_id}/job/1" if run_id is not None else ""
    statuses = (DeploymentStatus(id * 10 + 1, state, at, log_url=log),) if state else ()
    if state == "inactive":
        statuses = (*statuses, DeploymentStatus(id * 10, "success", at))
    return Deployment(
        id, environment, commit_sha, ref, creator="github-actions[bot]", created_at=at, updated_at=at,
        statuses=statuses,
    )  # fmt: skip


RUN = boards.run(
    217, name="CD", title="Release v1.8.2", branch="v1.8.2", sha=sha(0x182), path=".github/workflows/cd.yml",
    actor="mara", created_at=boards.ago(hours=49),
)  # fmt: skip
PRODUCTION = (
    deployment(12, "production", "v1.8.2", sha(0x182), hours=48, run_id=RUN.id),
    deployment(11, "production", "v1.8.1", sha(0x181), "inactive", hours=60),
    deployment(10, "production", "v1.8.0", sha(0x180), "inactive", hours=200),
)


def board(head: str = HEAD, **other: object) -> Board:
    fetched = boards.ago(seconds=5)
    first = boards.board()
    made = replace(
        first,
        runs=Section((*(first.runs.value or ()), RUN), fetched),
        tags=Section(TAGS, fetched),
        releases=Section(RELEASES, fetched),
        head=Section(Branch("main", head), fetched),
        deployments={
            "staging": Section((deployment(99, "staging", "main", HEAD, hours=1),), fetched),
            "production": Section(PRODUCTION, fetched),
        },
    )
    return replace(made, **other)


class Look:
    """Gives what it is told to; counts what was asked."""

    def __init__(self, found: Outlook | None = None) -> None:
        self.found = found or looked()
        self.error: RelmanError | None = None
        self.asked = 0
        self.about_asked: list[tuple[str, str, str | None]] = []
        self.hold: asyncio.Event | None = None

    async def unreleased(self) -> Outlook:
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return self.found

    async def about(self, tag: str, sha: str, before: str | None) -> About:
        self.about_asked.append((tag, sha, before))
        if self.error is not None:
            raise self.error
        compared = Comparison(
            "ahead",
            2,
            0,
            2,
            (commit(8, "fix(auth): compare in constant time"), commit(7, "feat: stream tokens")),
        )
        return About(replace(ROLLBACK, name=tag), compared if before is not None else None)

    async def ways_back(self, environment: str) -> WaysBack:
        if self.error is not None:
            raise self.error
        found = stays(PRODUCTION if environment == "production" else ())
        running = found[0] if found else None
        offered = targets(found, Withdrawn({"1.8.1": "rolled back by v1.8.2"}), running=running)
        tags = read_version_tags(TAGS)
        return WaysBack(environment, running, offered, tags.named(running.tag) if running else None)


def old(section: Section[object], **ago: float) -> Section[object]:
    return replace(section, fetched_at=boards.NOW - timedelta(**ago))
