"""The board: everything relman knows at one moment, immutable.

A fetch replaces one section and keeps the others, so ``is`` tells what changed.
"""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Generic, TypeVar

from msgspec import Struct, field

from relman.errors import Kind, Problem
from relman.model.environment import (
    Approval,
    BranchPolicy,
    CustomRule,
    Deployment,
    Environment,
    PendingDeployment,
)
from relman.model.health import Health
from relman.model.release import Branch, Release, Tag
from relman.model.repository import Budget, Repository, User
from relman.model.run import Annotation, Job, Run, Workflow, WorkflowSource

T = TypeVar("T")
K = TypeVar("K")


class Section(Struct, Generic[T], frozen=True, omit_defaults=True):
    """One part of the board.

    ``value`` is the last good one (None until there was one), ``fetched_at`` when it was confirmed, and
    ``error`` what went wrong with the newest attempt; an error never takes the value away.
    """

    value: T | None = None
    fetched_at: datetime | None = None
    error: Problem | None = None

    def age(self, now: datetime) -> timedelta | None:
        return None if self.fetched_at is None else max(timedelta(0), now - self.fetched_at)


class Fill(Struct, frozen=True, omit_defaults=True):
    """How far the history of finished runs reaches back.

    ``reached`` is the oldest time that is complete, ``target`` where the fill ends; ``runs`` how many are
    kept; ``jobs_left`` of how many finished runs the jobs are still to be read.
    """

    target: datetime | None = None
    reached: datetime | None = None
    runs: int = 0
    jobs_left: int = 0
    done: bool = False
    error: Problem | None = None


def _nothing() -> Mapping[K, T]:
    return MappingProxyType({})


class Board(Struct, frozen=True, omit_defaults=True, dict=True):
    """All sections. Mappings are never changed in place; an absent key was never asked for."""

    repo: str  # "owner/name"
    repository: Section[Repository] = Section()
    viewer: Section[User] = Section()
    workflows: Section[tuple[Workflow, ...]] = Section()
    runs: Section[tuple[Run, ...]] = Section()  # newest first, all workflows
    environments: Section[tuple[Environment, ...]] = Section()
    releases: Section[tuple[Release, ...]] = Section()  # newest first
    tags: Section[tuple[Tag, ...]] = Section()
    head: Section[Branch] = Section()  # the default branch; read while the releases are in view
    # By run id:
    jobs: Mapping[int, Section[tuple[Job, ...]]] = field(default_factory=_nothing)  # of the latest attempt
    sources: Mapping[int, Section[WorkflowSource]] = field(default_factory=_nothing)
    pending: Mapping[int, Section[tuple[PendingDeployment, ...]]] = field(default_factory=_nothing)
    approvals: Mapping[int, Section[tuple[Approval, ...]]] = field(default_factory=_nothing)
    # By job id:
    annotations: Mapping[int, Section[tuple[Annotation, ...]]] = field(default_factory=_nothing)
    any_protected: Section[bool] = Section()  # whether a branch is protected; read where an environment asks
    # By environment name:
    policies: Mapping[str, Section[tuple[BranchPolicy, ...]]] = field(default_factory=_nothing)
    custom_rules: Mapping[str, Section[tuple[CustomRule, ...]]] = field(default_factory=_nothing)
    deployments: Mapping[str, Section[tuple[Deployment, ...]]] = field(default_factory=_nothing)  # newest first
    health: Mapping[str, Section[tuple[Health, ...]]] = field(default_factory=_nothing)
    # By workflow path, then job name: seconds a successful job of that name typically runs.
    expected: Mapping[str, Mapping[str, float]] = field(default_factory=_nothing)
    budget: Budget = field(default_factory=Budget)
    fill: Fill = field(default_factory=Fill)
    clock_offset: timedelta = timedelta(0)  # the server's clock minus this machine's
    notices: tuple[
        Problem, ...
    ] = ()  # what is wrong with this machine's own files: history not kept, disk full

    @cached_property
    def open_runs(self) -> tuple[Run, ...]:
        """Runs that have not ended, newest first. What still hangs on another run is old news."""
        return tuple(run for run in self.runs.value or () if not run.state.finished)

    @property
    def dead_token(self) -> Problem | None:
        """GitHub's word that the token is none. Nothing else is asked for until it takes it again."""
        error = self.viewer.error
        return error if error is not None and error.kind is Kind.AUTH else None

    def run(self, run_id: int) -> Run | None:
        """The run of that id, or None."""
        return next((run for run in self.runs.value or () if run.id == run_id), None)
