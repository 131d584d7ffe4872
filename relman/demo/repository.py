"""The git repository of the world: commits, branches, tags, and what lies between two commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush

from relman.demo.git_objects import Tree, commit_content, object_id, signature, tag_content
from relman.demo.records import ChangedFileRecord, CommitRecord, ComparisonRecord, TagRecord, UserRecord
from relman.demo.state import Refusal, State


class Repository:
    def __init__(self, state: State) -> None:
        self._state = state

    def commit(
        self,
        parents: list[str],
        message: str,
        author: UserRecord,
        at: datetime,
        changes: Mapping[str, bytes],
        *,
        base: str | None = None,
    ) -> CommitRecord:
        """A commit whose tree is that of ``base`` (the first parent if not given) with ``changes``."""
        start = base or (parents[0] if parents else None)
        tree = self._state.trees[start] if start else Tree({})
        files = dict(self._state.commits[start].files or {}) if start else {}
        for path, content in changes.items():
            tree = tree.with_file(path, content)
            files[path] = content
        by = signature(author.name, author.email, at)
        sha = object_id("commit", commit_content(tree.id, parents, by, message))
        record = CommitRecord(sha, tree.id, message, author, at, list(parents), files)
        self._state.commits[sha] = record
        self._state.trees[sha] = tree
        return record

    def tag_object(self, name: str, commit: str, message: str, tagger: UserRecord, at: datetime) -> TagRecord:
        """A tag object by itself: no ref points at it yet."""
        if commit not in self._state.commits:
            raise Refusal("Object does not exist")
        by = signature(tagger.name, tagger.email, at)
        key = object_id("tag", tag_content(commit, name, by, message))
        record = TagRecord(name, commit, key, message, tagger, at)
        return self._state.tag_objects.setdefault(key, record)

    def tag_at(self, name: str, sha: str) -> TagRecord:
        """What a tag ref of this name is, pointing at a tag object or, lightweight, at a commit."""
        known = self._state.tag_objects.get(sha)
        if known is not None:
            return replace(known, name=name)
        if sha not in self._state.commits:
            raise Refusal("Object does not exist")
        return TagRecord(name, sha)

    def files(self, sha: str) -> Mapping[str, bytes]:
        commit = self._state.commits[sha]
        while commit.files is None:
            commit = self._state.commits[commit.parents[0]]
        return commit.files

    def ancestors(self, sha: str, *, beyond: AbstractSet[str] = frozenset()) -> set[str]:
        """The commit and everything it stands on, without what is in ``beyond`` (closed downwards)."""
        commits = self._state.commits
        found: set[str] = set()
        waiting = [sha]
        while waiting:
            one = waiting.pop()
            if one not in found and one not in beyond:
                found.add(one)
                waiting.extend(commits[one].parents)
        return found

    def history(self, sha: str, *, beyond: AbstractSet[str] = frozenset()) -> Iterator[CommitRecord]:
        """As :meth:`ancestors`, newest first, a child always before its parents."""
        commits = self._state.commits
        children = dict.fromkeys(self.ancestors(sha, beyond=beyond), 0)
        for one in children:
            for parent in commits[one].parents:
                if parent in children:
                    children[parent] += 1
        ready = [(-commits[sha].at.timestamp(), sha)] if children else []
        while ready:
            _, one = heappop(ready)
            yield commits[one]
            for parent in commits[one].parents:
                if parent in children:
                    children[parent] -= 1
                    if not children[parent]:
                        heappush(ready, (-commits[parent].at.timestamp(), parent))

    def compare(self, base: str, head: str) -> ComparisonRecord:
        """How ``head`` differs from ``base``. The world's commits all share one root."""
        below = self.ancestors(base)
        ahead = list(self.history(head, beyond=below))
        behind = len(self.ancestors(base, beyond=self.ancestors(head)))
        status = {
            (False, False): "identical",
            (True, False): "ahead",
            (False, True): "behind",
            (True, True): "diverged",
        }[bool(ahead), behind > 0]
        # A child is never older than its parents here, so the newest common commit is the best one.
        shared = {parent for one in ahead for parent in one.parents if parent in below} or {head}
        merge_base = max(shared, key=lambda sha: (self._state.commits[sha].at, sha))
        before, after = self.files(merge_base), self.files(head)
        changed = [
            ChangedFileRecord(path, before.get(path), after.get(path))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        ]
        return ComparisonRecord(status, merge_base, behind, ahead[::-1], changed)
