"""The world's entities. Plain and mutable: the simulation changes them, the HTTP layer renders them.

Times are aware (UTC), whole seconds. Numbers, names and times depend on nothing but the seed and the
moment the world began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class UserRecord:
    id: int
    login: str
    name: str
    email: str
    kind: str = "User"  # or "Bot"


@dataclass(slots=True)
class TeamRecord:
    id: int
    slug: str
    name: str
    members: list[UserRecord] = field(default_factory=list)


@dataclass(slots=True)
class CommitRecord:
    sha: str
    tree: str
    message: str
    author: UserRecord
    at: datetime
    parents: list[str]
    files: dict[str, bytes] | None = None  # the whole tree by path; None: as the first parent


@dataclass(slots=True)
class TagRecord:
    name: str
    commit: str
    object_sha: str | None = None  # the tag object's; None for a lightweight tag
    message: str = ""
    tagger: UserRecord | None = None
    at: datetime | None = None


@dataclass(slots=True)
class ReleaseRecord:
    id: int
    tag: str
    name: str
    body: str
    author: UserRecord
    target: str
    created_at: datetime
    published_at: datetime | None
    draft: bool = False
    prerelease: bool = False
    make_latest: str = "true"  # or "false", "legacy" (by the commit's date)


@dataclass(slots=True)
class RulesetRecord:
    id: int
    name: str
    target: str  # branch, tag
    include: list[str]  # patterns of refs, in full
    rules: list[str]  # creation, update, deletion, non_fast_forward
    created_at: datetime
    updated_at: datetime
    enforcement: str = "active"


@dataclass(slots=True)
class WorkflowRecord:
    id: int
    name: str
    path: str
    created_at: datetime
    updated_at: datetime
    state: str = "active"


@dataclass(slots=True)
class StepRecord:
    number: int
    name: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True)
class AnnotationRecord:
    level: str  # failure, warning, notice
    message: str
    title: str | None
    path: str
    start_line: int
    end_line: int


@dataclass(slots=True)
class JobRecord:
    """A job as GitHub lists it. It exists from the moment its needs are finished."""

    id: int
    run_id: int
    attempt: int
    key: str  # the job's id in the workflow file; never shown
    name: str
    status: str
    created_at: datetime
    started_at: datetime
    completed_at: datetime | None = None
    conclusion: str | None = None
    steps: list[StepRecord] = field(default_factory=list)
    runner: str | None = None
    labels: list[str] = field(default_factory=lambda: ["ubuntu-latest"])
    annotations: list[AnnotationRecord] = field(default_factory=list)
    environment: str | None = None


@dataclass(slots=True)
class ReviewRecord:
    state: str  # approved, rejected
    user: UserRecord
    comment: str
    environments: list[int]
    at: datetime


@dataclass(slots=True)
class PendingRecord:
    """An environment of a run that waits for its timer or for a review."""

    environment_id: int
    started_at: datetime
    reviewed: bool = False  # approved; only the timer still holds it


@dataclass(slots=True)
class AttemptRecord:
    """One attempt of a run: what changes from attempt to attempt."""

    number: int
    status: str
    started_at: datetime
    updated_at: datetime
    triggering_actor: UserRecord
    conclusion: str | None = None
    debug: bool = False  # its logs hold debug lines


@dataclass(slots=True)
class RunRecord:
    id: int
    workflow_id: int
    number: int
    event: str  # push, pull_request, schedule, workflow_dispatch
    branch: str  # the tag's name for a tag push
    sha: str
    title: str
    actor: UserRecord
    created_at: datetime
    check_suite_id: int
    attempts: list[AttemptRecord]  # oldest first, at least one
    ref: str = ""  # in full: refs/heads/…, refs/tags/…, refs/pull/N/merge
    inputs: dict[str, str] = field(default_factory=dict)  # of a workflow_dispatch
    pull_request: int | None = None
    pending: list[PendingRecord] = field(default_factory=list)
    reviews: list[ReviewRecord] = field(default_factory=list)


@dataclass(slots=True)
class PullRecord:
    number: int
    title: str
    branch: str
    author: UserRecord
    head: str
    created_at: datetime
    updated_at: datetime
    merged_at: datetime | None = None
    merge_commit: str | None = None
    closed_at: datetime | None = None  # when it was merged, too
    merged_by: UserRecord | None = None
    body: str | None = None
    draft: bool = False
    base_sha: str = ""  # main when it was opened
    labels: list[str] = field(default_factory=list)
    reviewers: list[UserRecord] = field(default_factory=list)  # asked for a review
    team_reviewers: list[TeamRecord] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass(slots=True)
class EnvironmentRecord:
    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    wait_minutes: int = 0
    reviewers: list[UserRecord | TeamRecord] = field(default_factory=list)
    prevent_self_review: bool = False
    tags_only: list[str] = field(default_factory=list)  # tag patterns; empty: every ref may deploy
    url: str = ""  # where the deployed service answers


@dataclass(slots=True)
class StatusRecord:
    id: int
    state: str
    at: datetime
    creator: UserRecord
    description: str
    environment_url: str
    run_id: int
    job_id: int


@dataclass(slots=True)
class DeploymentRecord:
    id: int
    environment: str
    sha: str
    ref: str
    creator: UserRecord
    created_at: datetime
    statuses: list[StatusRecord]  # oldest first


@dataclass(frozen=True, slots=True)
class ChangedFileRecord:
    path: str
    before: bytes | None  # None: the file is new
    after: bytes | None  # None: the file is gone


@dataclass(frozen=True, slots=True)
class ComparisonRecord:
    """Two commits seen from each other. ``commits`` are those of the head alone, oldest first."""

    status: str  # ahead, behind, identical, diverged
    merge_base: str
    behind_by: int
    commits: list[CommitRecord]
    files: list[ChangedFileRecord]  # from the merge base to the head, by path

    @property
    def ahead_by(self) -> int:
        return len(self.commits)
