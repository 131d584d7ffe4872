"""Release notes as GitHub generates them: merged pull requests, new contributors, a link to the comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from relman.demo.records import CommitRecord
from relman.demo.repository import Repository
from relman.demo.state import State

_SQUASHED = re.compile(r"(?P<title>.*) \(#(?P<number>\d+)\)")
_MERGED = re.compile(r"Merge pull request #(?P<number>\d+) from \S+\n\n(?P<title>[^\n]*)")
_WEB = "https://github.com/acme/agentic-backend"


@dataclass(frozen=True, slots=True)
class _Merged:
    title: str
    login: str
    number: int

    @property
    def address(self) -> str:
        return f"{_WEB}/pull/{self.number}"


class ReleaseNotes:
    def __init__(self, state: State, repository: Repository) -> None:
        self._state = state
        self._repository = repository

    def write(self, tag: str, commit: str, previous: str | None) -> str:
        """The notes of ``tag`` at a commit since the tag ``previous``; None: GitHub chooses."""
        since = previous or self._chosen(tag, commit)
        known: set[str] = set()
        if since is not None:
            known = self._repository.ancestors(self._state.tags[since].commit)
        found = [*self._merged(self._repository.history(commit, beyond=known))][::-1]
        earlier = {one.login for one in self._merged(self._state.commits[sha] for sha in known)}
        parts = []
        if found:
            lines = [f"* {one.title} by @{one.login} in {one.address}" for one in found]
            parts.append("\n".join(["## What's Changed", *lines]))
        if since is not None and (new := [*_firsts(found, earlier)]):
            lines = [f"* @{one.login} made their first contribution in {one.address}" for one in new]
            parts.append("\n".join(["## New Contributors", *lines]))
        link = f"{_WEB}/commits/{tag}" if since is None else f"{_WEB}/compare/{since}...{tag}"
        parts.append(f"**Full Changelog**: {link}")
        # GitHub leaves the place of an empty section of new contributors behind.
        return ("\n\n" if len(parts) == 3 else "\n\n\n").join(parts)

    def _chosen(self, tag: str, commit: str) -> str | None:
        """The release whose tag is nearest below the commit."""
        below = self._repository.ancestors(commit)
        tags = [
            self._state.tags[release.tag]
            for release in self._state.releases
            if not release.draft and release.tag != tag and release.tag in self._state.tags
        ]
        fitting = [one for one in tags if one.commit in below]
        return (
            max(fitting, key=lambda one: (self._state.commits[one.commit].at, one.name)).name
            if fitting
            else None
        )

    def _merged(self, commits: Iterable[CommitRecord]) -> Iterator[_Merged]:
        for commit in commits:
            found = _MERGED.match(commit.message) or _SQUASHED.fullmatch(commit.message.split("\n", 1)[0])
            if found is None:
                continue
            pull = self._state.pulls.get(int(found["number"]))
            author = pull.author if pull is not None else commit.author
            yield _Merged(found["title"], author.login, int(found["number"]))


def _firsts(found: Iterable[_Merged], earlier: set[str]) -> Iterator[_Merged]:
    seen = set(earlier)
    for one in found:
        if one.login not in seen and not one.login.endswith("[bot]"):
            seen.add(one.login)
            yield one
