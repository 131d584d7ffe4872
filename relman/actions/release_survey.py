"""Reads what a release is decided by: the versions around a commit, and the evidence for its gates.

It only looks, so it serves a read-only relman as well. Nothing is guessed: a list that is not complete, or a
question that GitHub did not answer, is an error or a gate that does not pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from msgspec.structs import replace

from relman.actions.one_run import login
from relman.actions.ports import Clock, GitHubReader, GitHubWriter, HealthReader, LocalTags
from relman.actions.tools import Tools
from relman.errors import Kind, Problem, RelmanError
from relman.model.answer import Answer, Page
from relman.model.environment import Deployment, live_of
from relman.model.gates import CommitChecks, Staging, staging_of
from relman.model.health import HealthCheck
from relman.model.push_filter import starts_on_tag
from relman.model.release import Commit, Comparison, Notes, Release, Tag, TagRef
from relman.model.release_choice import Decision, channel_of
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.roles import Roles, roles
from relman.model.trailers import ROLLBACK_OF, read_trailers, values
from relman.model.version_tags import (
    BaseSearch,
    VersionTag,
    VersionTags,
    Withdrawn,
    read_version_tags,
    rollback_candidates,
    withdrawn_versions,
)

T = TypeVar("T")

EARLIER = 8
"""So many of the repository's own releases below 1.0 are read to learn its habit: one request each."""

_PAGES = 50  # of a hundred tags or releases
_ASKED = 40  # comparisons to find the base
_MESSAGES = 20  # tags whose messages are read for rollbacks
_STATUSES = 6  # deployments whose statuses are read at once
_LISTED = 30  # deployments that are looked through for what runs
_MISSING = frozenset({Kind.PERMISSION, Kind.NOT_FOUND, Kind.PLAN, Kind.SSO})


class Survey:
    """``checks`` are the health checks by environment, ``ci`` and ``cd`` the workflow files the team named.

    ``clone`` is the clone relman was started in, where it is one of this repository. ``listed`` are versions
    the team calls withdrawn. Methods raise :class:`RelmanError`.
    """

    def __init__(
        self,
        reader: GitHubReader,
        health: HealthReader,
        checks: Mapping[str, tuple[HealthCheck, ...]],
        clock: Clock,
        *,
        ci: str | None = None,
        cd: str | None = None,
        clone: LocalTags | None = None,
        listed: Sequence[str] = (),
    ) -> None:
        self._reader = reader
        self._health = health
        self._checks = checks
        self._clock = clock
        self._ci = ci
        self._cd = cd
        self._clone = clone
        self._listed = tuple(listed)

    @classmethod
    def of(cls, tools: Tools) -> Survey:
        """With the tools of an action."""
        return cls(
            tools.reader,
            tools.health,
            tools.checks,
            tools.clock,
            ci=tools.ci,
            cd=tools.cd,
            clone=tools.clone,
            listed=tools.withdrawn,
        )

    async def versions(self) -> tuple[VersionTags, tuple[Release, ...], Withdrawn, tuple[TagRef, ...]]:
        """Every version there is, what was withdrawn, and the tags whose messages said so."""
        tags, releases, local = await asyncio.gather(every_tag(self._reader), self._releases(), self._local())
        found = read_version_tags(tags, local=local)
        messages = await self._messages([tag.name for tag in rollback_candidates(found)[:_MESSAGES]])
        gone = withdrawn_versions(found, releases, messages, listed=self._listed)
        return found, releases, gone, messages

    async def history(self, intent: ReleaseIntent) -> History:
        """The commit that would be released, among the repository's versions."""
        (tags, releases, gone, messages), (head, branch, tip) = await asyncio.gather(
            self.versions(), self.head(intent.ref)
        )
        search = await self._base([tag for tag in tags.tags if tag.stable], head.sha)
        base = search.base
        commits, total = await self._range(base, head.sha)
        since, noted = base, frozenset(commit.sha for commit in commits)
        if intent.channel is not None:
            since, noted = await self._since(tags, base, intent.channel, head.sha, noted)
        explicit = intent.version is not None or intent.bump is not None
        on_head = [tag.name for tag in tags.at(head.sha)][:2]
        more = await self._messages([name for name in on_head if name not in {ref.name for ref in messages}])
        refs = (*messages, *more)
        return History(
            head,
            branch,
            tip,
            tags,
            releases,
            gone,
            base,
            since,
            commits,
            total,
            noted,
            search.higher,
            () if explicit or base is None else await self._earlier(tags, base),
            await self._rolled_back(tags, base, refs),
            refs,
        )

    async def head(self, ref: str | None) -> tuple[Commit, str, str | None]:
        """The commit that a ref means, the branch it should be the newest of, and that branch's newest."""
        if ref is None:
            ref = (await self._reader.repository()).value.default_branch
        name = ref.removeprefix("refs/heads/")
        found = (await self._reader.branch(name)).value
        if found is not None:
            return (await self._reader.commit(found.sha)).value, name, found.sha
        default = (await self._reader.repository()).value.default_branch
        commit, tip = await asyncio.gather(self._reader.commit(ref), self._reader.branch(default))
        return commit.value, default, tip.value.sha if tip.value is not None else None

    async def evidence(
        self,
        history: History,
        decision: Decision,
        intent: ReleaseIntent,
        *,
        writer: GitHubWriter | None = None,
    ) -> Evidence:
        """What the gates judge by. Without a ``writer`` GitHub is not asked to write notes."""
        head, tag = history.head, decision.tag
        reader = self._reader
        parts = await self.roles()
        (
            (checks, staging, (rules, rules_problem), starts),
            (viewer, repository),
            (existing, release, (notes, notes_problem)),
        ) = await asyncio.gather(
            asyncio.gather(
                self.checks_of(head.sha, history.branch),
                self.staging(),
                optional(reader.rulesets("tag")),
                self._starts(parts, head.sha, tag),
            ),
            asyncio.gather(login(reader), reader.repository()),
            asyncio.gather(
                reader.tag_ref(tag) if tag else _nothing(),
                reader.release_of_tag(tag) if tag else _nothing(),
                self._notes(writer, history, tag)
                if writer is not None and tag and intent.notes is None
                else _no_notes(),
            ),
        )
        return Evidence(
            at=self._clock.now(),
            checks=checks,
            roles=parts,
            staging=staging,
            rulesets=rules,
            rulesets_problem=rules_problem,
            existing=existing.value,
            release=release.value,
            notes=notes,
            notes_problem=notes_problem,
            starts=starts,
            workflow=(parts.cd or "").rsplit("/", 1)[-1],
            who=viewer,
            may_push=may_push(viewer, repository.value.permissions),
        )

    async def checks_of(self, sha: str, branch: str) -> CommitChecks:
        """What was said of a commit, and which checks ``branch`` requires."""
        reader = self._reader
        runs, (checks, no_checks), (statuses, no_statuses), (rules, _), (found, _) = await asyncio.gather(
            pages(lambda page: reader.runs(head_sha=sha, page=page), "the runs of the commit", 10),
            optional(reader.check_runs(sha)),
            optional(reader.commit_statuses(sha)),
            optional(reader.required_checks(branch)),
            optional(reader.branch(branch)),
        )
        classic = found.required if found is not None else ()
        return CommitChecks(
            runs,
            checks,
            statuses,
            tuple(dict.fromkeys((*rules, *classic))) if rules is not None else None,
            tuple(problem for problem in (no_checks, no_statuses) if problem is not None),
        )

    async def staging(self) -> Staging:
        """The environment before production, what runs there, and how it answers at this moment."""
        environments, problem = await optional(self._reader.environments())
        if environments is None:
            return Staging("staging", problem=problem)
        name = staging_of([one.name for one in environments])
        if not name:
            return Staging()
        wanted = self._checks.get(name, ())
        deployments, health = await asyncio.gather(self.deployments(name), self._health.check(wanted))
        return Staging(name, deployments, health, bool(wanted))

    async def deployments(self, environment: str, most: int = _STATUSES) -> tuple[Deployment, ...]:
        """The newest deployments of an environment with their statuses, newest first; more of them while none
        of those is the one that runs there."""
        page = (await self._reader.deployments(environment=environment, per_page=_LISTED)).value
        found: tuple[Deployment, ...] = ()
        for start in range(0, len(page.items), most):
            found += await with_statuses(self._reader, page.items[start : start + most])
            if live_of(found) is not None:
                break
        return found

    async def roles(self) -> Roles:
        """Which workflow plays which part."""
        recent, listed = await asyncio.gather(self._reader.runs(per_page=100), self._reader.workflows())
        return roles(recent.value.items, workflows=listed.value, ci=self._ci, cd=self._cd)

    async def _base(self, tags: Sequence[VersionTag], head: str) -> BaseSearch:
        search = BaseSearch.of(tags, head)
        for _ in range(_ASKED):
            wanted = search.wanted
            if wanted is None:
                return search
            found = await self._compare(head, wanted.sha)
            if found is None:
                search.told(ancestor=False, others={wanted.sha})
            else:
                ancestor = found.status in ("behind", "identical")
                search.told(ancestor, {wanted.sha, *(commit.sha for commit in found.commits)})
        raise RelmanError(
            Problem(
                Kind.REFUSED,
                "The last version before this commit was not found",
                f"{_ASKED} higher versions are on other lines",
                "Release from a commit that is nearer to its last version.",
            )
        )

    async def _compare(self, base: str, head: str) -> Comparison | None:
        """None where the two have no history in common."""
        try:
            return (await self._reader.compare(base, head)).value
        except RelmanError as error:
            if error.problem.kind is Kind.NOT_FOUND:
                return None
            raise

    async def _range(self, base: VersionTag | None, head: str) -> tuple[tuple[Commit, ...], int]:
        """The commits after ``base``, newest first, and how many there are; without a base, the newest page."""
        if base is None:
            page = (await self._reader.commits(head, per_page=100)).value
            return page.items, len(page.items)
        if base.sha == head:
            return (), 0
        found = (await self._reader.compare(base.sha, head)).value
        return tuple(reversed(found.commits)), found.total

    async def _since(
        self,
        tags: VersionTags,
        base: VersionTag | None,
        channel: str,
        head: str,
        noted: frozenset[str],
    ) -> tuple[VersionTag | None, frozenset[str]]:
        """The last pre-release of the channel above the base, and the commits after it."""
        early = [
            tag
            for tag in tags.tags
            if channel_of(tag) == channel and (base is None or tag.version > base.version)
        ]
        search = await self._base(early, head)
        if search.base is None:
            return base, noted
        commits, _ = await self._range(search.base, head)
        return search.base, frozenset(commit.sha for commit in commits)

    async def _earlier(
        self, tags: VersionTags, base: VersionTag
    ) -> tuple[tuple[str | None, tuple[str, ...], str], ...]:
        """The last releases below 1.0, oldest first. Above it nothing is to be learned, and nothing is read."""
        if base.version.major > 0:
            return ()
        own = [tag for tag in tags.tags if tag.stable and tag.version <= base.version][: EARLIER + 1]
        pairs = [(old, new) for new, old in pairwise(own) if old.sha != new.sha]
        read = await asyncio.gather(*(self._compare(old.sha, new.sha) for old, new in pairs))
        return tuple(
            (str(old.version), tuple(commit.message for commit in reversed(found.commits)), str(new.version))
            for (old, new), found in reversed(list(zip(pairs, read, strict=True)))
            if found is not None and found.status == "ahead" and len(found.commits) == found.total
        )

    async def _rolled_back(
        self, tags: VersionTags, base: VersionTag | None, refs: Sequence[TagRef]
    ) -> dict[str, str]:
        """After a rollback the range holds commits again that were released: by sha, in which version."""
        ref = next((ref for ref in refs if base is not None and ref.name == base.name), None)
        if ref is None or base is None:
            return {}
        found: dict[str, str] = {}
        for name in values(read_trailers(ref.message), ROLLBACK_OF):
            bad = tags.named(name)
            compared = await self._compare(base.sha, bad.sha) if bad is not None else None
            if compared is not None:
                found |= {commit.sha: name for commit in compared.commits}
        return found

    async def _messages(self, names: Sequence[str]) -> tuple[TagRef, ...]:
        read = await asyncio.gather(*(self._reader.tag_ref(name) for name in names))
        return tuple(one.value for one in read if one.value is not None)

    async def _starts(self, parts: Roles, sha: str, tag: str) -> bool | None:
        """Whether pushing the tag starts the deployment's workflow, as its file at that commit says."""
        if not tag or parts.cd is None:
            return None
        text, _ = await optional(self._reader.workflow_file(parts.cd, sha))
        return None if text is None else starts_on_tag(text, tag)

    async def _notes(
        self, writer: GitHubWriter, history: History, tag: str
    ) -> tuple[Notes | None, Problem | None]:
        previous = history.since or history.base
        try:
            return await writer.generate_notes(
                tag, target=history.head.sha, previous=previous.name if previous else None
            ), None
        except RelmanError as error:  # notes from the commits do as well, and the plan says so
            return None, error.problem

    async def _releases(self) -> tuple[Release, ...]:
        return await pages(lambda page: self._reader.releases(per_page=100, page=page), "the releases", _PAGES)

    async def _local(self) -> tuple[Tag, ...]:
        return await self._clone.tags() if self._clone is not None else ()


async def with_statuses(reader: GitHubReader, deployments: Sequence[Deployment]) -> tuple[Deployment, ...]:
    """``deployments`` with their statuses, newest first."""
    read = await asyncio.gather(*(reader.deployment_statuses(one.id) for one in deployments))
    return tuple(replace(one, statuses=got.value) for one, got in zip(deployments, read, strict=True))


async def every_tag(reader: GitHubReader) -> tuple[Tag, ...]:
    """All tags. Raises where the list is not complete."""
    return await pages(lambda page: reader.tags(page=page), "the tags", _PAGES)


async def pages(ask: Callable[[int], Awaitable[Answer[Page[T]]]], what: str, most: int) -> tuple[T, ...]:
    """Every page of a list. Raises where the list is not complete: nothing is decided on a part of it."""
    items: list[T] = []
    for number in range(1, most + 1):
        page = (await ask(number)).value
        if page.partial:
            title = f"GitHub left out a part of {what}"
            raise RelmanError(Problem(Kind.SSO, title, hint="Authorise the token for the organisation."))
        items += page.items
        if not page.more:
            return tuple(items)
    raise RelmanError(
        Problem(Kind.REFUSED, f"There is more of {what} than relman reads", f"{len(items)} were read")
    )


async def optional(asking: Awaitable[Answer[T]]) -> tuple[T | None, Problem | None]:
    """What was asked for, or why this token does not get it. Any other error is raised: a gate must not guess."""
    try:
        return (await asking).value, None
    except RelmanError as error:
        if error.problem.kind not in _MISSING:
            raise
        return None, error.problem


def may_push(viewer: str, permissions: frozenset[str]) -> bool | None:
    """Whether the token may push; None where GitHub did not say. An app has a role of nobody's."""
    return "push" in permissions if viewer and permissions else None


async def _nothing() -> Answer[None]:
    return Answer(None)


async def _no_notes() -> tuple[Notes | None, Problem | None]:
    return None, None
