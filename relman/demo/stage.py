"""What the HTTP layer needs of a world: the records it renders and the moves it may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from relman.demo.records import (
    CommitRecord,
    ComparisonRecord,
    DeploymentRecord,
    EnvironmentRecord,
    JobRecord,
    PullRecord,
    ReleaseRecord,
    RunRecord,
    TagRecord,
    TeamRecord,
    UserRecord,
    WorkflowRecord,
)


class Stage(Protocol):
    """One repository and everything around it, at the moment its clock shows."""

    owner: str
    name: str
    default_branch: str
    viewer: UserRecord
    commits: dict[str, CommitRecord]
    branches: dict[str, str]
    tags: dict[str, TagRecord]
    releases: list[ReleaseRecord]
    workflows: list[WorkflowRecord]
    runs: dict[int, RunRecord]
    jobs: dict[int, list[JobRecord]]
    environments: list[EnvironmentRecord]
    deployments: list[DeploymentRecord]

    pulls: dict[int, PullRecord]

    @property
    def users(self) -> Sequence[UserRecord]: ...
    @property
    def teams(self) -> Sequence[TeamRecord]: ...

    def now(self) -> datetime: ...
    def advance(self) -> None: ...
    def attempt_jobs(self, run_id: int, attempt: int | None = None) -> list[JobRecord]: ...
    def log(self, job: JobRecord) -> bytes: ...
    def history(self, sha: str) -> Iterator[CommitRecord]: ...
    def compare(self, base: str, head: str) -> ComparisonRecord: ...
    def tree(self, sha: str) -> Mapping[str, bytes]: ...
    def may_review(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord) -> bool: ...
    def health(self, environment: str) -> tuple[int, dict[str, object]]: ...
