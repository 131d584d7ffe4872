"""Environments, their protection, and what was deployed to them, in GitHub's words."""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_VERSION = re.compile(r"v?\d+\.\d+(?:\.\d+)?(?:[-+].*)?")
_NEVER = datetime.min.replace(tzinfo=UTC)


class Reviewer(Struct, frozen=True, omit_defaults=True, gc=False):
    kind: str  # "User" or "Team"
    id: int
    name: str  # login, or the team's slug


class ProtectionRule(Struct, frozen=True, omit_defaults=True, gc=False):
    kind: str  # "wait_timer", "required_reviewers", "branch_policy", or a custom rule's type
    wait_minutes: int | None = None
    reviewers: tuple[Reviewer, ...] = ()
    prevent_self_review: bool | None = None


class Environment(Struct, frozen=True, omit_defaults=True, gc=False):
    id: int
    name: str
    url: str = ""
    rules: tuple[ProtectionRule, ...] = ()
    protected_branches: bool = False  # "protected branches only"
    custom_policies: bool = False  # patterns, read separately
    updated_at: datetime | None = None


class BranchPolicy(Struct, frozen=True, omit_defaults=True, gc=False):
    """A pattern of refs that may deploy to an environment (``fnmatch``; ``*`` does not cross ``/``)."""

    id: int
    pattern: str
    kind: str = "branch"  # or "tag"


class CustomRule(Struct, frozen=True, omit_defaults=True, gc=False):
    """A protection rule of an app: only the app itself can answer it."""

    id: int
    app: str  # the app's slug
    enabled: bool = True


class PendingDeployment(Struct, frozen=True, omit_defaults=True, gc=False):
    """One environment of a run that waits for a review or a timer."""

    environment_id: int
    environment: str
    wait_minutes: int = 0
    wait_started_at: datetime | None = None
    may_approve: bool = False
    reviewers: tuple[Reviewer, ...] = ()

    def opens_at(self) -> datetime | None:
        """When the wait timer ends; None without a timer."""
        if not self.wait_minutes or self.wait_started_at is None:
            return None
        return self.wait_started_at + timedelta(minutes=self.wait_minutes)


class Approval(Struct, frozen=True, omit_defaults=True, gc=False):
    """A review that was given: who said what of which environments."""

    state: str  # "approved", "rejected", "pending"
    user: str
    comment: str
    environments: tuple[str, ...]


class DeploymentStatus(Struct, frozen=True, omit_defaults=True, gc=False):
    id: int
    state: str  # error, failure, inactive, in_progress, queued, pending, success
    created_at: datetime | None = None
    description: str = ""
    environment_url: str = ""
    log_url: str = ""
    creator: str = ""


class Deployment(Struct, frozen=True, omit_defaults=True, gc=False):
    """A deployment; ``statuses`` newest first, empty until they were read."""

    id: int
    environment: str
    sha: str
    ref: str
    task: str = "deploy"
    creator: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    statuses: tuple[DeploymentStatus, ...] = ()

    @property
    def state(self) -> str:
        """GitHub's word for the newest status; "" while none was read or written."""
        return self.statuses[0].state if self.statuses else ""

    @property
    def tag(self) -> str:
        """The version it was made for, where its ref is one; "" for a branch or a commit."""
        ref = self.ref.removeprefix("refs/tags/")
        return ref if is_version(ref) else ""

    @property
    def succeeded_at(self) -> datetime | None:
        """When it had succeeded; None where it did not, or nobody wrote down when."""
        return next((one.created_at for one in self.statuses if one.state == "success"), None)

    @property
    def run_id(self) -> int | None:
        """The workflow run that deployed, read from the status's log URL."""
        for status in self.statuses:
            _, found, rest = status.log_url.partition("/actions/runs/")
            digits = rest.split("/", 1)[0]
            if found and digits.isdigit():
                return int(digits)
        return None


def is_version(ref: str) -> bool:
    """Whether a ref's short name reads as a version: ``v1.2.3``, ``1.2``, ``v2.0.0-rc.1``."""
    return _VERSION.fullmatch(ref) is not None


def live_of(deployments: Sequence[Deployment]) -> Deployment | None:
    """Of one environment's deployments the one that runs there: the one that succeeded last.

    Not the newest one made: a deployment can wait for days and succeed after one that was made later.
    """
    done = [one for one in deployments if one.state == "success"]
    return max(done, key=lambda one: (one.succeeded_at or _NEVER, one.id), default=None)
