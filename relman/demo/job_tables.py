"""The three workflows as tables: jobs, steps, typical seconds, needs and conditions.

Written by hand and not read from the workflow files, so that a mistake in reading those cannot hide
here too. Names, needs and conditions are the files' own; the seconds are those of an ordinary day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from relman.demo.records import JobRecord

Needed = Mapping[str, JobRecord]
"""The finished jobs of a run by key."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a run exists, as far as conditions look at it."""

    event: str
    ref: str
    inputs: Mapping[str, str]

    @property
    def tag(self) -> bool:
        return self.ref.startswith("refs/tags/")


@dataclass(frozen=True, slots=True)
class StepTable:
    name: str
    seconds: int
    post: int | None = None  # seconds of the step that cleans up after it, None without one
    when: str = "success"  # as in the file: success, failure, always


@dataclass(frozen=True, slots=True)
class JobTable:
    key: str
    steps: tuple[StepTable, ...]
    needs: tuple[str, ...] = ()
    condition: str = ""  # the file's text
    holds: Callable[[Trigger, Needed], bool] | None = None  # the condition; None: all needs succeeded
    environment: str | None = None
    lock: str | None = None  # the concurrency group
    containers: bool = False  # service containers
    goes_live: str | None = None  # the step after which the environment serves the new version


@dataclass(frozen=True, slots=True)
class InputTable:
    """An input of ``workflow_dispatch``."""

    name: str
    default: str | None = None
    required: bool = False
    options: tuple[str, ...] = ()  # of a choice


@dataclass(frozen=True, slots=True)
class WorkflowTable:
    id: int
    file: str
    name: str
    starts: Callable[[Trigger], bool]
    jobs: tuple[JobTable, ...]  # needed ones first
    by_hand: bool = True  # workflow_dispatch
    inputs: tuple[InputTable, ...] = ()

    @property
    def path(self) -> str:
        return f".github/workflows/{self.file}"

    def job(self, key: str) -> JobTable:
        return next(job for job in self.jobs if job.key == key)


def succeeded(needed: Needed) -> bool:
    return all(job.conclusion == "success" for job in needed.values())


def failed(needed: Needed) -> bool:
    return any(job.conclusion == "failure" for job in needed.values())


def changed_servers(job: JobRecord | None) -> bool:
    """Whether a production deploy got as far as touching the first server."""
    return job is not None and any(
        step.name == "Roll api-1" and step.conclusion in {"success", "failure"} for step in job.steps
    )


def _pull_request(trigger: Trigger, needed: Needed) -> bool:
    return trigger.event == "pull_request" and succeeded(needed)


def _staging(trigger: Trigger, needed: Needed) -> bool:
    pushed = trigger.event == "push" and trigger.ref == "refs/heads/main"
    asked = trigger.event == "workflow_dispatch" and trigger.inputs.get("environment") == "staging"
    return (pushed or asked) and succeeded(needed)


def _production(trigger: Trigger, needed: Needed) -> bool:
    pushed = trigger.event == "push" and trigger.ref.startswith("refs/tags/v")
    asked = trigger.event == "workflow_dispatch" and trigger.inputs.get("environment") == "production"
    return (pushed or asked) and succeeded(needed)


def _released(trigger: Trigger, needed: Needed) -> bool:
    return trigger.event == "push" and trigger.ref.startswith("refs/tags/v") and succeeded(needed)


def _rollback(trigger: Trigger, needed: Needed) -> bool:
    return (
        failed(needed)
        and trigger.ref.startswith("refs/tags/v")
        and changed_servers(needed.get("deploy-production"))
    )


_CHECK_OUT = StepTable("Check out", 1, post=0)
_PYTHON = StepTable("Set up Python", 11, post=1)
_BUILDX = StepTable("Set up Docker Buildx", 7, post=2)
_REGISTRY = StepTable("Log in to the registry", 1, post=0)
_SSH = StepTable("Set up SSH", 2)
_K6 = StepTable("Install k6", 4)

CI = WorkflowTable(
    id=104_882_311,
    file="ci.yml",
    name="CI",
    starts=lambda t: (
        (t.event == "push" and t.ref in {"refs/heads/main", "refs/heads/develop"}) or t.event == "pull_request"
    ),
    jobs=(
        JobTable(
            "lint",
            (
                _CHECK_OUT,
                _PYTHON,
                StepTable("Install linters", 41),
                StepTable("Black", 8),
                StepTable("isort", 5),
                StepTable("Flake8", 14),
                StepTable("MyPy", 57),
            ),
        ),
        JobTable(
            "test",
            (
                _CHECK_OUT,
                _PYTHON,
                StepTable("Install dependencies", 52),
                StepTable("Unit tests", 121),
                StepTable("Integration tests", 178),
                StepTable("Report coverage", 5, when="always"),
                StepTable("Keep the test reports", 3, when="failure"),
            ),
            containers=True,
        ),
        JobTable(
            "security",
            (
                _CHECK_OUT,
                _PYTHON,
                StepTable("Install scanners", 37),
                StepTable("Safety", 46),
                StepTable("Bandit", 38),
            ),
        ),
        JobTable(
            "build",
            (
                _CHECK_OUT,
                _BUILDX,
                StepTable("Build the image", 141, post=1),
                StepTable("Smoke test", 24),
            ),
            needs=("lint", "test", "security"),
        ),
        JobTable(
            "performance",
            (
                _CHECK_OUT,
                _BUILDX,
                StepTable("Build the image", 31, post=1),
                StepTable("Start services", 46),
                _K6,
                StepTable("Load smoke test", 218),
                StepTable("Verify thresholds", 2),
                StepTable("Keep the results", 3, when="always"),
                StepTable("Stop services", 9, when="always"),
            ),
            needs=("build",),
            condition="github.event_name == 'pull_request'",
            holds=_pull_request,
        ),
    ),
    by_hand=False,
)

CD = WorkflowTable(
    id=104_882_312,
    file="cd.yml",
    name="CD",
    starts=lambda t: t.event == "push" and (t.ref == "refs/heads/main" or fnmatchcase(t.ref, "refs/tags/v*")),
    jobs=(
        JobTable(
            "build",
            (
                _CHECK_OUT,
                _BUILDX,
                _REGISTRY,
                StepTable("Name the image", 1),
                StepTable("Build and push", 158, post=2),
            ),
        ),
        JobTable(
            "deploy-staging",
            (
                _SSH,
                StepTable("Pull the image", 57),
                StepTable("Rolling update", 154),
                StepTable("Smoke tests", 62),
                StepTable("Notify", 1, when="always"),
            ),
            needs=("build",),
            condition=(
                "(github.event_name == 'push' && github.ref == 'refs/heads/main') || "
                "(github.event_name == 'workflow_dispatch' && inputs.environment == 'staging')"
            ),
            holds=_staging,
            environment="staging",
            lock="deploy-staging",
            goes_live="Rolling update",
        ),
        JobTable(
            "deploy-production",
            (
                _SSH,
                StepTable("Back up Redis and Qdrant", 94),
                StepTable("Pull the image", 58),
                StepTable("Roll api-1", 149),
                StepTable("Roll api-2", 146),
                StepTable("Roll api-3", 148),
                StepTable("Smoke tests", 71),
                StepTable("Notify", 1, when="always"),
            ),
            needs=("build",),
            condition=(
                "(github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')) || "
                "(github.event_name == 'workflow_dispatch' && inputs.environment == 'production')"
            ),
            holds=_production,
            environment="production",
            lock="deploy-production",
            goes_live="Roll api-3",
        ),
        JobTable(
            "release",
            (
                _CHECK_OUT,
                StepTable("Create the release", 4),
            ),
            needs=("deploy-production",),
            condition="github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')",
            holds=_released,
        ),
        JobTable(
            "rollback-production",
            (
                _SSH,
                StepTable("Restore Redis from the backup", 52),
                StepTable("Restart with the previous image", 138),
                StepTable("Verify health", 33),
                StepTable("Notify", 1, when="always"),
            ),
            needs=("deploy-production",),
            condition=(
                "failure() && startsWith(github.ref, 'refs/tags/v') && "
                "needs.deploy-production.outputs.changed == 'true'"
            ),
            holds=_rollback,
            lock="rollback-production",
            goes_live="Restart with the previous image",
        ),
    ),
    inputs=(
        InputTable("environment", "staging", required=True, options=("staging", "production")),
        InputTable("version", ""),
    ),
)

SCHEDULED = WorkflowTable(
    id=104_882_313,
    file="scheduled.yml",
    name="Scheduled",
    starts=lambda t: t.event == "schedule",
    jobs=(
        JobTable(
            "dependency-check",
            (
                _CHECK_OUT,
                _PYTHON,
                StepTable("Install dependencies", 47),
                StepTable("pip-audit", 26),
                StepTable("Outdated packages", 17),
                StepTable("Open an issue", 2, when="failure"),
            ),
        ),
        JobTable(
            "performance-regression",
            (
                _CHECK_OUT,
                StepTable("Start services", 52),
                _K6,
                StepTable("Fetch the baseline", 2, post=3),
                StepTable("Load test", 1084),
                StepTable("Compare with the baseline", 3),
                StepTable("Keep the results", 3, when="always"),
                StepTable("Stop services", 9, when="always"),
            ),
        ),
        JobTable(
            "backup-health",
            (
                _SSH,
                StepTable("Verify the age of the backups", 5),
                StepTable("Verify integrity", 76),
                StepTable("Restore on staging", 283),
                StepTable("Notify", 1, when="failure"),
            ),
        ),
        JobTable(
            "security-scan",
            (
                _CHECK_OUT,
                StepTable("Scan the repository", 44),
                StepTable("Scan the image", 92),
                StepTable("Upload the findings", 8, when="always"),
            ),
        ),
        JobTable(
            "cleanup",
            (StepTable("Delete old runs", 68),),
        ),
    ),
)

WORKFLOWS = (CI, CD, SCHEDULED)
BY_ID = {workflow.id: workflow for workflow in WORKFLOWS}


def concurrency_group(workflow: WorkflowTable, pull_request: int | None) -> str | None:
    """The workflow's own lock, whose newest run cancels the one before; None where each run is alone."""
    return f"{workflow.name}-{pull_request}" if workflow is CI and pull_request is not None else None


def descendants(workflow: WorkflowTable, keys: set[str]) -> set[str]:
    """These jobs and every job that needs one of them."""
    found = set(keys)
    for job in workflow.jobs:
        if found.intersection(job.needs):
            found.add(job.key)
    return found
