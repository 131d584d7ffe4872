"""What actions need from the outside. The reader and the writer in ``github`` fit these shapes.

Every method raises :class:`relman.errors.RelmanError` and nothing else. A write raises
:class:`relman.errors.OutcomeUnknownError` where it may have happened all the same (time-out or broken
connection after it was sent, 5xx, an answer that cannot be read); any other error means that it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from relman.model.answer import Answer, Page
from relman.model.checks import CheckRun, CommitStatus
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
from relman.model.release import Branch, Commit, Comparison, Notes, PullRequest, Release, Tag, TagRef
from relman.model.repository import Repository, User
from relman.model.ruleset import Ruleset
from relman.model.run import Job, Run, Workflow


class GitHubReader(Protocol):
    """One repository, read afresh: every call asks GitHub. Lists come newest first."""

    async def repository(self) -> Answer[Repository]: ...
    async def viewer(self) -> Answer[User]: ...
    async def workflows(self) -> Answer[tuple[Workflow, ...]]: ...
    async def workflow_file(self, path: str, ref: str) -> Answer[str]: ...
    async def runs(
        self,
        *,
        workflow: int | str | None = None,
        branch: str | None = None,
        event: str | None = None,
        status: str | None = None,
        actor: str | None = None,
        head_sha: str | None = None,
        created: str | None = None,
        per_page: int = 100,
        page: int = 1,
    ) -> Answer[Page[Run]]: ...
    async def run(self, run_id: int) -> Answer[Run]: ...
    async def jobs(
        self, run_id: int, *, attempt: int | None = None, every_attempt: bool = False
    ) -> Answer[tuple[Job, ...]]: ...
    async def job(self, job_id: int) -> Answer[Job]: ...
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
    async def commits(self, ref: str, *, per_page: int = 100, page: int = 1) -> Answer[Page[Commit]]:
        """A commit and its ancestors, newest first."""
        ...

    async def commit(self, ref: str) -> Answer[Commit]:
        """The commit of a branch, a tag or a sha (also a short one)."""
        ...

    async def branch(self, name: str) -> Answer[Branch | None]:
        """None where there is none that this token can see."""
        ...

    async def tag_ref(self, name: str) -> Answer[TagRef | None]:
        """The tag of exactly that name, peeled; None where there is none."""
        ...

    async def release_of_tag(self, tag: str) -> Answer[Release | None]:
        """The release of a tag, drafts too (found in the list); None where there is none."""
        ...

    async def latest_release(self) -> Answer[Release | None]:
        """The release that GitHub calls the latest, which a person may have chosen; None where there is none."""
        ...

    async def check_runs(self, sha: str) -> Answer[tuple[CheckRun, ...]]:
        """Every check run on a commit, of all attempts."""
        ...

    async def commit_statuses(self, sha: str) -> Answer[tuple[CommitStatus, ...]]:
        """The latest status of every context on a commit."""
        ...

    async def rulesets(self, target: str) -> Answer[tuple[Ruleset, ...]]:
        """Rulesets for "branch" or "tag" with their rules, the organisation's included."""
        ...

    async def required_checks(self, branch: str) -> Answer[tuple[str, ...]]:
        """The checks that rulesets require of a branch, by context."""
        ...

    async def pull_requests(self, *, head: str, state: str = "open") -> Answer[tuple[PullRequest, ...]]:
        """Pull requests from the branch ``head`` of this repository."""
        ...


class GitHubWriter(Protocol):
    """One repository, written to. Nothing is sent twice, nothing waits for a limit to end."""

    async def review(self, run_id: int, environment_ids: tuple[int, ...], state: str, comment: str) -> None:
        """``state``: "approved" or "rejected"."""
        ...

    async def rerun(self, run_id: int, *, failed_only: bool = False, debug: bool = False) -> None: ...
    async def rerun_job(self, job_id: int, *, debug: bool = False) -> None: ...
    async def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Asks the run to stop; it ends some time later."""
        ...

    async def delete_run(self, run_id: int) -> None: ...
    async def dispatch(self, workflow: int | str, ref: str, inputs: Mapping[str, str]) -> int | None:
        """Starts a workflow on a branch or tag; the new run's id where the server says it."""
        ...

    async def create_tag_object(
        self,
        tag: str,
        message: str,
        sha: str,
        *,
        tagger: tuple[str, str] | None = None,
        at: datetime | None = None,
    ) -> str:
        """An annotated tag object for a commit; gives its sha. No ref points at it yet.

        ``tagger`` is name and address; without it GitHub takes the token's user.
        """
        ...

    async def create_ref(self, ref: str, sha: str) -> None:
        """Makes the full ref (``refs/tags/v1.2.3``, ``refs/heads/…``); never moves one."""
        ...

    async def generate_notes(self, tag: str, *, target: str, previous: str | None) -> Notes:
        """Notes for ``tag`` since the tag ``previous``; stores nothing."""
        ...

    async def create_release(
        self,
        tag: str,
        *,
        name: str,
        body: str,
        draft: bool = False,
        prerelease: bool = False,
        latest: bool = True,
    ) -> Release:
        """A release for a tag that exists."""
        ...

    async def update_release(
        self,
        release_id: int,
        *,
        name: str | None = None,
        body: str | None = None,
        draft: bool | None = None,
        prerelease: bool | None = None,
        latest: bool | None = None,
    ) -> Release:
        """None leaves a field as it is. ``latest`` False: it does not become the latest release."""
        ...

    async def create_pull_request(
        self, *, title: str, head: str, base: str, body: str, draft: bool = False
    ) -> PullRequest: ...
    async def aclose(self) -> None:
        """Gives up at once what is still on its way."""
        ...


class HealthReader(Protocol):
    """Asks health URLs. A check that fails is a :class:`Health` that is not ok, never an error."""

    async def check(self, checks: tuple[HealthCheck, ...]) -> tuple[Health, ...]: ...


class LocalTags(Protocol):
    """A clone of the repository on this machine."""

    async def tags(self) -> tuple[Tag, ...]:
        """Its tags, each with its commit. Never raises: a clone that cannot be read has none."""
        ...


class Clock(Protocol):
    """This machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...
