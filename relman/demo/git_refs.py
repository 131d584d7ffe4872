"""Branches and tags as refs: their names, and making, moving and deleting them."""

from __future__ import annotations

import re
from datetime import datetime
from fnmatch import fnmatchcase

from relman.demo.records import PullRecord, RulesetRecord
from relman.demo.repository import Repository
from relman.demo.state import Refusal, State

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_PROTECTED = "Cannot update this protected ref."


def valid_name(name: str) -> bool:
    """Whether git takes this as the name of a branch or tag (``git check-ref-format``)."""
    parts = name.split("/")
    return (
        bool(name)
        and name != "@"
        and not name.endswith(".")
        and _FORBIDDEN.search(name) is None
        and not any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    )


def split_ref(ref: str) -> tuple[str, str]:
    """``heads`` or ``tags`` and the name; only these two kinds are made here."""
    root, _, rest = ref.partition("/")
    kind, _, name = rest.partition("/")
    if root != "refs" or kind not in {"heads", "tags"} or not valid_name(name):
        raise Refusal("Reference name is not valid. It must start with refs/heads/ or refs/tags/.")
    return kind, name


class GitRefs:
    def __init__(self, state: State, repository: Repository) -> None:
        self._state = state
        self._repository = repository

    # What the rules say

    def check_creation(self, ref: str) -> None:
        self._check(ref, "creation", "Cannot create ref due to creations being restricted.")

    def check_update(self, ref: str, default_branch: str) -> None:
        if ref == f"refs/heads/{default_branch}":
            raise _violation("Changes must be made through a pull request.")
        self._check(ref, "update", _PROTECTED)

    def check_deletion(self, ref: str, default_branch: str) -> None:
        if ref == f"refs/heads/{default_branch}":
            raise _violation("Cannot delete this branch")
        self._check(
            ref, "deletion", f"Cannot delete this {'tag' if ref.startswith('refs/tags/') else 'branch'}"
        )

    def _check(self, ref: str, rule: str, message: str) -> None:
        if any(rule in one.rules and applies(one, ref) for one in self._state.rulesets):
            raise _violation(message)

    # Doing it

    def exists(self, ref: str) -> bool:
        kind, name = split_ref(ref)
        return name in (self._state.branches if kind == "heads" else self._state.tags)

    def create(self, ref: str, sha: str) -> None:
        """Makes a ref that is not there yet. A branch points at a commit, a tag at one or at a tag object."""
        kind, name = split_ref(ref)
        if self.exists(ref):
            raise Refusal("Reference already exists")
        if any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in self._names(kind)):
            raise Refusal("Reference update failed")  # git keeps no file and directory of one name
        self._point(kind, name, sha)

    def update(self, ref: str, sha: str, *, force: bool) -> None:
        kind, name = split_ref(ref)
        if not self.exists(ref):
            raise Refusal("Reference does not exist")
        before = self._state.branches[name] if kind == "heads" else self._state.tags[name].commit
        after = self._target(kind, name, sha)
        if not force and before not in self._repository.ancestors(after):
            raise Refusal("Update is not a fast forward")
        self._point(kind, name, sha)

    def delete(self, ref: str, now: datetime) -> None:
        """A release whose tag goes becomes a draft, an open pull request whose branch goes is closed."""
        kind, name = split_ref(ref)
        if not self.exists(ref):
            raise Refusal("Reference does not exist")
        if kind == "heads":
            del self._state.branches[name]
            for pull in self._state.pulls.values():
                if pull.branch == name and pull.open:
                    close(pull, now)
            return
        del self._state.tags[name]
        for release in self._state.releases:
            if release.tag == name:
                release.draft, release.published_at = True, None

    def _names(self, kind: str) -> list[str]:
        return list(self._state.branches if kind == "heads" else self._state.tags)

    def _target(self, kind: str, name: str, sha: str) -> str:
        """The commit that such a ref would lead to."""
        if kind == "tags":
            return self._repository.tag_at(name, sha).commit
        if sha in self._state.tag_objects:
            raise Refusal("Reference update failed")  # a branch holds commits only
        if sha not in self._state.commits:
            raise Refusal("Object does not exist")
        return sha

    def _point(self, kind: str, name: str, sha: str) -> None:
        commit = self._target(kind, name, sha)
        if kind == "heads":
            self._state.branches[name] = commit
        else:
            self._state.tags[name] = self._repository.tag_at(name, sha)


def close(pull: PullRecord, now: datetime) -> None:
    """Closes a pull request without merging it."""
    pull.closed_at = pull.updated_at = now


def applies(ruleset: RulesetRecord, ref: str) -> bool:
    """Whether an active ruleset is about this ref."""
    kind = {"refs/tags": "tag", "refs/heads": "branch"}.get("/".join(ref.split("/", 2)[:2]))
    return (
        ruleset.enforcement == "active"
        and ruleset.target == kind
        and any(fnmatchcase(ref, pattern) for pattern in ruleset.include)
    )


def _violation(message: str) -> Refusal:
    return Refusal(f"Repository rule violations found\n\n{message}\n\n")
