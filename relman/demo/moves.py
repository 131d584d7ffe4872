"""What people may do to the world, at its present moment.

Nothing a person starts here fails by chance; :attr:`Moves.next_fate` says otherwise for the next thing
they start. :class:`relman.demo.state.Refusal` is raised where GitHub would refuse.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from relman.demo import git_refs
from relman.demo.failures import FAILURES, FINE, Fate
from relman.demo.hub import MAIN, Hub
from relman.demo.records import (
    CommitRecord,
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
from relman.demo.releases import Releases
from relman.demo.repository import Repository
from relman.demo.runs import Runs
from relman.demo.state import Refusal, State


class Moves(ABC):
    """The changing half of a world."""

    _state: State
    _repository: Repository
    _runs: Runs
    _hub: Hub
    _releases: Releases
    next_fate: Fate = FINE

    @abstractmethod
    def advance(self) -> None:
        """Everything due by now happens."""

    def doom(self, failure: str) -> None:
        """What a person starts next meets this failure (a key of :data:`relman.demo.failures.FAILURES`)."""
        if failure not in FAILURES:
            raise ValueError(f"failure must be one of {', '.join(FAILURES)}")
        self.next_fate = Fate(failure, steady=True)

    def _fate(self) -> Fate:
        fate, self.next_fate = self.next_fate, FINE
        return fate

    # Git

    def push(self, branch: str, message: str, author: UserRecord, changes: Mapping[str, bytes]) -> CommitRecord:
        """One commit with changed files on a branch, which is made from main if it does not exist."""
        self.advance()
        return self._hub.push(branch, message, author, changes, fate=self._fate())

    def push_tag(self, name: str, commit: str, message: str, tagger: UserRecord) -> TagRecord:
        """An annotated tag; starts the runs that listen to it."""
        self.advance()
        return self._hub.push_tag(name, commit, message, tagger, fate=self._fate())

    def tag_object(self, name: str, commit: str, message: str, tagger: UserRecord, at: datetime) -> TagRecord:
        """An annotated tag without a ref, which nobody hears of."""
        return self._repository.tag_object(name, commit, message, tagger, at)

    def create_ref(self, ref: str, sha: str, user: UserRecord, *, silent: bool = False) -> None:
        """A new branch or tag. ``silent``: starts nothing, as what a workflow's own token does."""
        self.advance()
        self._hub.refs.check_creation(ref)
        self._hub.refs.create(ref, sha)
        if not silent:
            self._started(ref, user)

    def update_ref(self, ref: str, sha: str, user: UserRecord, *, force: bool, silent: bool = False) -> None:
        self.advance()
        self._hub.refs.check_update(ref, MAIN)
        self._hub.refs.update(ref, sha, force=force)
        if not silent:
            self._started(ref, user)

    def delete_ref(self, ref: str) -> None:
        self.advance()
        self._hub.refs.check_deletion(ref, MAIN)
        self._hub.refs.delete(ref, self._hub.agenda.now)

    def _started(self, ref: str, user: UserRecord) -> None:
        _, kind, name = ref.split("/", 2)
        if kind == "tags":
            self._hub.started_by_tag(name, user, fate=self._fate())
        else:
            self._hub.started_by_branch(name, user, fate=self._fate())

    def changes_workflows(self, sha: str) -> bool:
        """Whether a commit's workflow files are others than the default branch's."""
        here, there = (
            {path: text for path, text in self._repository.files(one).items() if _is_workflow(path)}
            for one in (sha, self._state.branches[MAIN])
        )
        return here != there

    # Releases

    def create_release(
        self, wish: ReleaseRecord, *, notes: bool = False, silent: bool = False
    ) -> ReleaseRecord:
        """See :meth:`relman.demo.releases.Releases.create`."""
        self.advance()
        return self._releases.create(wish, notes=notes, fate=self._fate(), silent=silent)

    def edit_release(
        self, record: ReleaseRecord, wish: ReleaseRecord, *, silent: bool = False
    ) -> ReleaseRecord:
        self.advance()
        return self._releases.edit(record, wish, fate=self._fate(), silent=silent)

    def delete_release(self, record: ReleaseRecord) -> None:
        self._releases.delete(record)

    def release_notes(self, tag: str, commit: str, previous: str | None) -> str:
        """Notes as GitHub would generate them; nothing is stored."""
        return self._releases.notes.write(tag, commit, previous)

    # Reviews

    def may_review(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord) -> bool:
        """Whether this person may approve or reject what waits there now."""
        return self._runs.may_review(run, environment, user)

    def review(
        self, run_id: int, environment_ids: list[int], state: str, user: UserRecord, comment: str = ""
    ) -> list[DeploymentRecord]:
        """Approves or rejects (``state``: approved, rejected) what waits for these environments."""
        self.advance()
        return self._runs.review(self._state.runs[run_id], environment_ids, state, user, comment)

    # Runs

    def dispatch(
        self, workflow: int | str, ref: str, user: UserRecord, inputs: Mapping[str, str] | None = None
    ) -> RunRecord:
        """Starts a workflow (id or file name) on a branch or tag."""
        self.advance()
        return self._hub.dispatch(workflow, ref, inputs or {}, user, fate=self._fate())

    def rerun(
        self,
        run_id: int,
        user: UserRecord,
        *,
        failed_only: bool = False,
        job: JobRecord | None = None,
        debug: bool = False,
    ) -> None:
        """A new attempt of a finished run."""
        self.advance()
        self._runs.rerun(self._state.runs[run_id], user, failed_only=failed_only, job=job, debug=debug)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Asks a run to stop, and it ends some seconds later; with ``force`` it ends at once."""
        self.advance()
        run = self._state.runs[run_id]
        if force:
            self._runs.force_cancel(run)
        else:
            self._runs.cancel(run)

    def delete_run(self, run_id: int) -> None:
        self.advance()
        self._runs.delete(self._state.runs[run_id])

    def switch(self, workflow: WorkflowRecord, *, on: bool) -> None:
        """Enables or disables a workflow, which must not be so already."""
        if (workflow.state == "active") is on:
            raise Refusal(f"Unable to {'enable' if on else 'disable'} this workflow.", 403)
        workflow.state = "active" if on else "disabled_manually"
        workflow.updated_at = self._hub.agenda.now

    # Pull requests

    def open_pull(
        self, branch: str, title: str, author: UserRecord, *, body: str | None = None, draft: bool = False
    ) -> PullRecord:
        """A pull request from a branch to main; its checks start."""
        self.advance()
        pull = self._hub.open_pull(branch, title, author, fate=self._fate())
        pull.body, pull.draft = body, draft
        return pull

    def edit_pull(
        self, pull: PullRecord, *, title: str | None = None, body: str | None = None, close: bool = False
    ) -> None:
        self.advance()
        pull.title = title or pull.title
        pull.body = pull.body if body is None else body
        pull.updated_at = self._hub.agenda.now
        if close and pull.open:
            git_refs.close(pull, self._hub.agenda.now)

    def label(self, pull: PullRecord, names: Sequence[str]) -> None:
        """Adds labels; one that nobody used before comes to be."""
        self.advance()
        pull.labels = list(dict.fromkeys([*pull.labels, *names]))
        pull.updated_at = self._hub.agenda.now

    def ask_reviewers(
        self, pull: PullRecord, people: Sequence[UserRecord], teams: Sequence[TeamRecord]
    ) -> None:
        self.advance()
        pull.reviewers += [one for one in people if one not in pull.reviewers]
        pull.team_reviewers += [one for one in teams if one not in pull.team_reviewers]
        pull.updated_at = self._hub.agenda.now

    def merge(self, pull: PullRecord, user: UserRecord, *, squash: bool = True) -> CommitRecord:
        """Merges an open pull request into main and deletes its branch."""
        self.advance()
        return self._hub.merge(pull, user, squash=squash, fate=self._fate())


def _is_workflow(path: str) -> bool:
    return path.startswith(".github/workflows/")
