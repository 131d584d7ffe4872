"""What GitHub does when somebody pushes, tags, opens or merges a pull request, or asks for a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from relman.demo.agenda import Agenda
from relman.demo.failures import FAILURES, FINE, Fate
from relman.demo.git_refs import GitRefs, close
from relman.demo.job_tables import BY_ID, WORKFLOWS, InputTable, Trigger, WorkflowTable
from relman.demo.records import CommitRecord, PullRecord, RunRecord, TagRecord, UserRecord
from relman.demo.repository import Repository
from relman.demo.runs import Runs
from relman.demo.state import Refusal, State

MAIN = "main"


class Hub:
    def __init__(self, state: State, agenda: Agenda, repository: Repository, runs: Runs) -> None:
        self.state = state
        self.agenda = agenda
        self.repository = repository
        self.runs = runs
        self.refs = GitRefs(state, repository)
        self._open: dict[str, PullRecord] = {}  # pull requests by branch

    def push(
        self,
        branch: str,
        message: str,
        author: UserRecord,
        changes: Mapping[str, bytes],
        *,
        pusher: UserRecord | None = None,
        fate: Fate | None = None,
    ) -> CommitRecord:
        """One commit on top of a branch. A branch that does not exist yet begins at main."""
        parent = self.state.branches.get(branch) or self.state.branches[MAIN]
        commit = self.repository.commit([parent], message, author, self.agenda.now, changes)
        self.move(branch, commit, pusher or author, fate=fate)
        return commit

    def move(self, branch: str, commit: CommitRecord, actor: UserRecord, *, fate: Fate | None = None) -> None:
        """Points a branch at a commit and starts what listens to it."""
        self.state.branches[branch] = commit.sha
        self._start(Trigger("push", f"refs/heads/{branch}", {}), branch, commit.sha, actor, fate)
        pull = self._open.get(branch)
        if pull is not None and pull.open:
            pull.head, pull.updated_at = commit.sha, self.agenda.now
            self._check(pull, actor, fate)

    def open_pull(self, branch: str, title: str, author: UserRecord, *, fate: Fate | None = None) -> PullRecord:
        """A pull request from a branch to main; its checks start."""
        now = self.agenda.now
        pull = PullRecord(
            self.state.numbers.next("pull"),
            title,
            branch,
            author,
            self.state.branches[branch],
            now,
            now,
            base_sha=self.state.branches[MAIN],
        )
        self.state.pulls[pull.number] = self._open[branch] = pull
        self._check(pull, author, fate)
        return pull

    def merge(
        self, pull: PullRecord, user: UserRecord, *, squash: bool = True, fate: Fate | None = None
    ) -> CommitRecord:
        """Merges into main and deletes the branch."""
        base = self.state.branches[MAIN]
        theirs = self.repository.compare(base, pull.head)
        changes = self._merged(base, theirs.merge_base, pull.head)
        now = self.agenda.now
        if squash:
            body = "\n".join(f"* {commit.message}" for commit in theirs.commits)
            message = f"{pull.title} (#{pull.number})"
            if len(theirs.commits) > 1:
                message += f"\n\n{body}"
            commit = self.repository.commit([base], message, pull.author, now, changes)
        else:
            message = f"Merge pull request #{pull.number} from acme/{pull.branch}\n\n{pull.title}"
            commit = self.repository.commit([base, pull.head], message, user, now, changes)
        close(pull, now)
        pull.merged_at, pull.merged_by = now, user
        pull.merge_commit = commit.sha
        del self.state.branches[pull.branch], self._open[pull.branch]
        self.move(MAIN, commit, user, fate=fate)
        return commit

    def _merged(self, ours: str, base: str, theirs: str) -> dict[str, bytes]:
        """Their changes on our files. Files only grow at the end here, so what they added is added again."""
        mine, before, after = (self.repository.files(one) for one in (ours, base, theirs))
        changes = {}
        for path, content in after.items():
            old = before.get(path)
            if content == old:
                continue
            if old is not None and content.startswith(old):
                content = mine[path] + content[len(old) :]
            elif old is not None and mine[path] != old:
                content = _replace_lines(mine[path], old, content)
            changes[path] = content
        return changes

    def push_tag(
        self, name: str, commit: str, message: str, tagger: UserRecord, *, fate: Fate | None = None
    ) -> TagRecord:
        """An annotated tag; starts what listens to tags."""
        if name in self.state.tags:
            raise Refusal("Reference already exists")
        tag = self.repository.tag_object(name, commit, message, tagger, self.agenda.now)
        assert tag.object_sha is not None
        self.refs.create(f"refs/tags/{name}", tag.object_sha)
        self.started_by_tag(name, tagger, fate=fate)
        return tag

    def started_by_tag(self, name: str, actor: UserRecord, *, fate: Fate | None = None) -> None:
        """Starts what listens to a tag that has just been made."""
        commit = self.state.tags[name].commit
        self._start(Trigger("push", f"refs/tags/{name}", {}), name, commit, actor, fate)

    def started_by_branch(self, name: str, actor: UserRecord, *, fate: Fate | None = None) -> None:
        """Starts what listens to a branch that has just been made or moved."""
        self.move(name, self.state.commits[self.state.branches[name]], actor, fate=fate)

    def dispatch(
        self,
        workflow: int | str,
        ref: str,
        inputs: Mapping[str, str],
        user: UserRecord,
        *,
        fate: Fate | None = None,
    ) -> RunRecord:
        """Starts a workflow by hand on a branch or a tag (by name or as a full ref)."""
        record = self.state.workflow(workflow)
        table = BY_ID[record.id]
        if not table.by_hand:
            raise Refusal("Workflow does not have 'workflow_dispatch' trigger")
        if record.state != "active":
            raise Refusal("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
        full, name, sha = self._started_on(ref)
        trigger = Trigger("workflow_dispatch", full, checked_inputs(table.inputs, inputs))
        return self.runs.start(
            record.id, trigger, branch=name, sha=sha, title=record.name, actor=user, fate=_fate_of(table, fate)
        )

    def _started_on(self, ref: str) -> tuple[str, str, str]:
        """The full ref, its name and its commit. A branch wins over a tag of its name; a sha is no ref."""
        for start, commits in (
            ("refs/heads/", self.state.branches),
            ("refs/tags/", {name: tag.commit for name, tag in self.state.tags.items()}),
        ):
            name = ref.removeprefix(start)
            if name in commits:
                return start + name, name, commits[name]
        raise Refusal(f"No ref found for: {ref}")

    def tick(self, actor: UserRecord, *, fate: Fate | None = None) -> None:
        """The schedule's moment has come."""
        sha = self.state.branches[MAIN]
        self._start(Trigger("schedule", f"refs/heads/{MAIN}", {}), MAIN, sha, actor, fate)

    def _check(self, pull: PullRecord, actor: UserRecord, fate: Fate | None) -> None:
        trigger = Trigger("pull_request", f"refs/pull/{pull.number}/merge", {})
        self._start(trigger, pull.branch, pull.head, actor, fate, pull)

    def _start(
        self,
        trigger: Trigger,
        branch: str,
        sha: str,
        actor: UserRecord,
        fate: Fate | None,
        pull: PullRecord | None = None,
    ) -> None:
        for table in WORKFLOWS:
            if not table.starts(trigger) or self.state.workflow(table.id).state != "active":
                continue
            if pull is not None:
                title = pull.title
            elif trigger.event == "schedule":
                title = BY_ID[table.id].name
            else:
                title = self.state.commits[sha].message.split("\n", 1)[0]
            self.runs.start(
                table.id,
                trigger,
                branch=branch,
                sha=sha,
                title=title,
                actor=actor,
                pull_request=pull.number if pull else None,
                fate=_fate_of(table, fate),
            )


def _fate_of(table: WorkflowTable, fate: Fate | None) -> Fate | None:
    """One push can start several workflows; a failure meets only the one it belongs to."""
    elsewhere = fate is not None and fate.failure is not None and FAILURES[fate.failure].workflow != table.file
    return FINE if elsewhere else fate


def checked_inputs(known: Sequence[InputTable], given: Mapping[str, str]) -> dict[str, str]:
    """The inputs a run gets, defaults filled in; refuses what the workflow does not take."""
    unknown = sorted(given.keys() - {one.name for one in known})
    if unknown:
        raise Refusal(f"Unexpected inputs provided: {json.dumps(unknown)}")
    found = {}
    for one in known:
        value = given.get(one.name, one.default)
        if value is None and one.required:
            raise Refusal(f"Required input '{one.name}' not provided")
        if one.options and value is not None and value not in one.options:
            raise Refusal(f"Provided value '{value}' for input '{one.name}' not in the list of allowed values")
        found[one.name] = value or ""
    return found


def _replace_lines(ours: bytes, base: bytes, theirs: bytes) -> bytes:
    """Their replaced lines in our file; both descend from ``base`` and have its number of lines."""
    old, new = base.split(b"\n"), theirs.split(b"\n")
    changed = {before: after for before, after in zip(old, new, strict=False) if before != after}
    return b"\n".join(changed.get(line, line) for line in ours.split(b"\n"))
