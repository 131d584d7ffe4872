"""What the board needs from the outside. The readers in ``github`` and ``probes`` fit these shapes.

Every method raises :class:`relman.errors.RelmanError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from relman.model.answer import Answer, Page
from relman.model.environment import (
    Approval,
    BranchPolicy,
    CustomRule,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
)
from relman.model.health import Health, HealthCheck
from relman.model.release import Branch, Comparison, Release, Tag
from relman.model.repository import Budget, Repository, User
from relman.model.run import Annotation, Job, Run, Workflow

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all (None when unknown)."""


class GitHubReader(Protocol):
    """One repository, read only. Lists come newest first; ``per_page`` at most 100, ``page`` from 1."""

    @property
    def budget(self) -> Budget: ...
    @property
    def passing(self) -> GitHubReader:
        """This reader for what is asked once: no answer stays in memory."""
        ...

    async def repository(self) -> Answer[Repository]: ...
    async def viewer(self) -> Answer[User]: ...
    async def rate_limit(self) -> Answer[Budget]: ...
    async def workflows(self) -> Answer[tuple[Workflow, ...]]: ...
    async def workflow_file(self, path: str, ref: str) -> Answer[str]:
        """The text of a file at a commit, branch or tag."""
        ...

    async def runs(
        self,
        *,
        workflow: int | str | None = None,  # id or file name; None for all
        branch: str | None = None,
        event: str | None = None,
        status: str | None = None,  # a status or a conclusion
        actor: str | None = None,
        head_sha: str | None = None,
        created: str | None = None,  # GitHub's range syntax: "2026-10-01T00:00:00Z..2026-10-08T00:00:00Z"
        per_page: int = 100,
        page: int = 1,
    ) -> Answer[Page[Run]]: ...
    async def run(self, run_id: int) -> Answer[Run]: ...
    async def attempt(self, run_id: int, attempt: int) -> Answer[Run]: ...
    async def jobs(
        self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False
    ) -> Answer[tuple[Job, ...]]:
        """All jobs (every page): of the latest attempt, of one attempt, or of every attempt."""
        ...

    async def job(self, job_id: int) -> Answer[Job]: ...
    async def annotations(self, check_run_id: int) -> Answer[tuple[Annotation, ...]]: ...
    async def pending_deployments(self, run_id: int) -> Answer[tuple[PendingDeployment, ...]]: ...
    async def approvals(self, run_id: int) -> Answer[tuple[Approval, ...]]: ...
    async def environments(self) -> Answer[tuple[Environment, ...]]: ...
    async def branch_policies(self, environment: str) -> Answer[tuple[BranchPolicy, ...]]: ...
    async def custom_rules(self, environment: str) -> Answer[tuple[CustomRule, ...]]:
        """The apps that decide about an environment."""
        ...

    async def any_protected_branch(self) -> Answer[bool]:
        """Whether the repository protects a branch."""
        ...

    async def deployments(
        self, *, environment: str | None = None, sha: str | None = None, per_page: int = 30, page: int = 1
    ) -> Answer[Page[Deployment]]: ...
    async def deployment_statuses(self, deployment_id: int) -> Answer[tuple[DeploymentStatus, ...]]: ...
    async def tags(self, *, per_page: int = 100, page: int = 1) -> Answer[Page[Tag]]: ...
    async def releases(self, *, per_page: int = 30, page: int = 1) -> Answer[Page[Release]]: ...
    async def compare(self, base: str, head: str) -> Answer[Comparison]: ...
    async def branch(self, name: str) -> Answer[Branch | None]:
        """None where there is none that this token can see."""
        ...

    async def save_job_log(self, job_id: int, target: Path, progress: Progress | None = None) -> None:
        """Streams the log of a finished job to ``target`` (written beside it first, then renamed)."""
        ...

    async def save_run_log(
        self, run_id: int, target: Path, *, attempt: int | None = None, progress: Progress | None = None
    ) -> None:
        """Streams the zip archive of a finished run's logs to ``target``."""
        ...

    async def aclose(self) -> None: ...


class HealthReader(Protocol):
    """Asks health URLs. A check that fails is a :class:`Health` that is not ok, never an error."""

    async def check(self, checks: tuple[HealthCheck, ...]) -> tuple[Health, ...]: ...
    async def aclose(self) -> None: ...


class Clock(Protocol):
    """This machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...
