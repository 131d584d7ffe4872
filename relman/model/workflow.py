"""A workflow file as GitHub reads it: events, jobs with their needs, matrices, environments and calls.

Names, conditions and URLs are kept raw, with their ``${{ }}``; identifiers stay exact.
"""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from msgspec import Struct

from relman.model.expression import ExpressionError, parse
from relman.model.matrix import Matrix


class Environment(Struct, frozen=True, omit_defaults=True):
    """``name`` and ``url`` raw; ``deployment`` is False when the job uses it without a deployment record."""

    name: str
    url: str | None = None
    deployment: bool = True


class Concurrency(Struct, frozen=True, omit_defaults=True):
    group: str
    cancel_in_progress: str = "false"  # "true", "false" or an expression
    queue: str = "single"


class Input(Struct, frozen=True, omit_defaults=True):
    """An input of ``workflow_dispatch``, in the file's words."""

    name: str
    type: str = "string"
    required: bool = False
    default: str = ""
    options: tuple[str, ...] = ()
    description: str = ""


class WorkflowJob(Struct, frozen=True, omit_defaults=True):
    """``needs`` are ids as their jobs declare them. ``condition``, ``name`` and the like are raw.

    ``uses`` names a called workflow; ``callee`` is that file where it could be read, else ``callee_reason``
    says why not. ``steps`` are the steps' names as far as the file gives them (None for a step without).
    """

    id: str
    line: int
    column: int
    name: str | None = None
    needs: tuple[str, ...] = ()
    condition: str | None = None
    matrix: Matrix | None = None
    fail_fast: str = "true"
    max_parallel: str | None = None
    runs_on: tuple[str, ...] = ()
    uses: str | None = None
    callee: "WorkflowFile | None" = None
    callee_reason: str = ""
    environment: Environment | None = None
    concurrency: Concurrency | None = None
    continue_on_error: str = "false"  # "true", "false" or an expression
    timeout: str | None = None  # minutes, or an expression
    steps: tuple[str | None, ...] = ()

    @property
    def display(self) -> str:
        """The name GitHub shows: ``name`` where it is given, else the id."""
        return self.name or self.id

    @property
    def status_condition(self) -> bool:
        """Whether ``if`` asks for a status, and so replaces the implied ``success()``."""
        if self.condition is None:
            return False
        text = self.condition.strip()
        if text.startswith("${{") and text.endswith("}}"):
            text = text[3:-2]
        try:
            return parse(text.strip()).asks_status
        except ExpressionError:
            return False


class WorkflowFile(Struct, frozen=True, omit_defaults=True, cache_hash=True):
    """``on`` and ``jobs`` stand in the order of the file."""

    name: str | None
    on: tuple[str, ...]
    jobs: tuple[WorkflowJob, ...]
    run_name: str | None = None
    concurrency: Concurrency | None = None
    inputs: tuple[Input, ...] = ()

    def job(self, job_id: str) -> WorkflowJob | None:
        return next((job for job in self.jobs if job.id == job_id), None)
