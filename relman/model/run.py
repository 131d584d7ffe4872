"""Workflow runs, their jobs, steps and annotations, in GitHub's words.

All times are aware (UTC) and may be None: a field GitHub calls required can still be missing.
Free text (titles, messages) is already clean; identifiers (sha, branch, path, name) are exact.
"""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from datetime import datetime

from msgspec import Struct

from relman.model.state import State, state_of, word_of
from relman.model.workflow import WorkflowFile


class Workflow(Struct, frozen=True, omit_defaults=True, gc=False):
    id: int
    name: str
    path: str  # ".github/workflows/ci.yml"; "dynamic/…" has no file
    state: str = "active"
    url: str = ""

    @property
    def file(self) -> str:
        """The file's name: what people call the workflow on a command line."""
        return self.path.rsplit("/", 1)[-1]


class ReferencedWorkflow(Struct, frozen=True, omit_defaults=True, gc=False):
    """A reusable workflow file that a run used."""

    path: str
    sha: str
    ref: str | None = None


class Run(Struct, frozen=True, omit_defaults=True, gc=False):
    id: int
    name: str  # the workflow's name
    title: str  # display title: commit or pull request title
    number: int
    attempt: int
    event: str
    status: str
    conclusion: str | None
    branch: str | None  # head branch; the tag's name for a tag push
    sha: str
    workflow_id: int
    path: str  # the workflow file, without "@ref"
    actor: str = ""
    triggering_actor: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None  # of this attempt
    updated_at: datetime | None = None
    url: str = ""
    message: str = ""  # the head commit's message
    check_suite_id: int | None = None
    pull_requests: tuple[int, ...] = ()
    referenced_workflows: tuple[ReferencedWorkflow, ...] = ()
    head_repository: str | None = None

    @property
    def state(self) -> State:
        return state_of(self.status, self.conclusion)

    @property
    def word(self) -> str:
        return word_of(self.status, self.conclusion)

    @property
    def short_sha(self) -> str:
        return self.sha[:7]


class Step(Struct, frozen=True, omit_defaults=True, gc=False):
    number: int
    name: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def state(self) -> State:
        return state_of(self.status, self.conclusion)


class Job(Struct, frozen=True, omit_defaults=True, gc=False):
    id: int
    run_id: int
    attempt: int  # an earlier one than the run's where the job was not run again
    name: str
    status: str
    conclusion: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    url: str = ""
    check_run_id: int | None = None
    runner: str = ""
    labels: tuple[str, ...] = ()
    sha: str = ""

    @property
    def state(self) -> State:
        return state_of(self.status, self.conclusion)

    @property
    def word(self) -> str:
        return word_of(self.status, self.conclusion)


class Annotation(Struct, frozen=True, omit_defaults=True, gc=False):
    level: str  # "failure", "warning", "notice"
    message: str
    title: str = ""
    path: str = ""
    start_line: int | None = None
    end_line: int | None = None


class WorkflowSource(Struct, frozen=True, omit_defaults=True, gc=False):
    """The text of a run's workflow file and of the reusable files it calls.

    ``callees`` gives the text by the path in ``uses`` (``./.github/workflows/x.yml`` or
    ``owner/repo/path@ref``); what could not be read is absent. ``exact`` is False where GitHub may have
    run another version of the file than the one at ``ref``; ``reason`` then says why in words. ``file`` is what
    the text says, None where GitHub would refuse it.
    """

    path: str
    ref: str
    text: str
    callees: tuple[tuple[str, str], ...] = ()
    exact: bool = True
    reason: str = ""
    file: WorkflowFile | None = None
