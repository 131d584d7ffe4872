"""A hotfix from a released version: its branch, and once that has commits, its pull request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.one_run import login
from relman.actions.release_survey import Survey, may_push, optional
from relman.actions.tools import Tools
from relman.errors import Kind, Problem
from relman.model.deployed import running_stay, stays
from relman.model.hotfix_plan import (
    NAME,
    HotfixFacts,
    HotfixIntent,
    InProduction,
    agreed,
    hotfix_plan,
    request_text,
    source_of,
)
from relman.model.plan import Plan, is_production
from relman.model.version_tags import VersionTag, VersionTags
from relman.text import clean_line

_DEPLOYMENTS = 20  # of production, to find what runs there
_LATER = 10  # later patches of the line whose ancestry is asked


class HotfixAction:
    """``relman hotfix`` and the key ``H``, in two rounds.

    The first creates the branch. Run again once commits were pushed to it, it opens the pull request; run
    again after that, it finds both and changes nothing. A round that was broken off is taken up again.
    """

    name = NAME

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._survey = Survey.of(tools)

    async def gather(self, intent: HotfixIntent) -> HotfixFacts:
        reader = self._tools.reader
        (tags, releases, gone, _), repository, viewer = await asyncio.gather(
            self._survey.versions(), reader.repository(), login(reader)
        )
        production = await self._production(tags)
        facts = HotfixFacts(
            at=self._tools.clock.now(),
            tags=tags,
            default_branch=repository.value.default_branch,
            production=production,
            source=source_of(tags, agreed(production), intent.version),
            releases=releases,
            withdrawn=gone,
            who=viewer,
            may_push=may_push(viewer, repository.value.permissions),
        )
        source = facts.source
        if source is None:
            return facts
        branch, contained = await asyncio.gather(
            reader.branch(facts.branch_name), self._contained(tags, source)
        )
        facts = replace(facts, branch=branch.value, contained=contained)
        return facts if facts.branch is None else await self._about_branch(facts, source)

    async def _about_branch(self, facts: HotfixFacts, source: VersionTag) -> HotfixFacts:
        reader = self._tools.reader
        assert facts.branch is not None
        sha = facts.branch.sha
        (mine, _), (other, _), requests = await asyncio.gather(
            optional(reader.compare(source.sha, sha)),
            optional(reader.compare(sha, facts.default_branch)),
            reader.pull_requests(head=facts.branch_name),
        )
        related = mine is not None and mine.status in ("ahead", "identical")
        return replace(
            facts,
            related=related,
            commits=tuple(reversed(mine.commits)) if mine is not None and related else (),
            elsewhere=other.commits if other is not None else (),
            pull_request=next(iter(requests.value), None),
            at=self._tools.clock.now(),
        )

    async def _production(self, tags: VersionTags) -> tuple[InProduction, ...]:
        """What runs in each production environment; one to which nothing was deployed is left out."""
        names = [one.name for one in (await self._tools.reader.environments()).value if is_production(one.name)]
        every = await asyncio.gather(*(self._survey.deployments(name, _DEPLOYMENTS) for name in names))
        found = []
        for name, deployments in zip(names, every, strict=True):
            stay = running_stay(stays(deployments, prefix=tags.prefix), deployments)
            if stay is not None:
                found.append(InProduction(name, stay.name, stay.sha, tags.named(stay.tag)))
        return tuple(found)

    async def _contained(self, tags: VersionTags, source: VersionTag) -> frozenset[str]:
        """Commits of later patches of the line that the source contains: those of rollbacks."""
        later = [
            tag
            for tag in tags.tags
            if tag.stable and tag.version[:2] == source.version[:2] and tag.version > source.version
        ][:_LATER]
        read = await asyncio.gather(
            *(optional(self._tools.reader.compare(source.sha, tag.sha)) for tag in later)
        )
        return frozenset(
            tag.sha
            for tag, (found, _) in zip(later, read, strict=True)
            if found is not None and found.status in ("behind", "identical")
        )

    def plan(self, facts: HotfixFacts, intent: HotfixIntent) -> Plan:
        return hotfix_plan(self._tools.repo, facts, intent)

    async def stale(self, facts: HotfixFacts, intent: HotfixIntent) -> Problem | None:
        """The branch appeared, went or moved since the plan."""
        now = (await self._tools.reader.branch(facts.branch_name)).value
        before = facts.branch.sha if facts.branch is not None else None
        at = now.sha if now is not None else None
        if at == before:
            return None
        return Problem(
            Kind.REFUSED,
            f"The branch {clean_line(facts.branch_name)} changed since the plan was made",
            f"it was {before[:7] if before else 'not there'}, it is {at[:7] if at else 'gone'}",
            "Start again: it goes on with what is still missing.",
        )

    def deeds(self, facts: HotfixFacts, intent: HotfixIntent) -> Sequence[Deed]:
        work = _Hotfix(self._tools, facts)
        made = {
            "branch": (work.see_branch, work.make_branch),
            "pull-request": (work.see_request, work.make_request),
        }
        return [Deed(step, *made[step.key]) for step in self.plan(facts, intent).steps]


class _Hotfix:
    def __init__(self, tools: Tools, facts: HotfixFacts) -> None:
        if facts.source is None:
            raise AssertionError("deeds of a plan that was refused")
        self._tools = tools
        self._facts = facts
        self._source = facts.source

    async def see_branch(self) -> Sight:
        name = self._facts.branch_name
        branch = (await self._tools.reader.branch(name)).value
        if branch is None:
            return Sight(Seen.ABSENT)
        known = self._facts.branch.sha if self._facts.branch is not None else None
        if branch.sha in (self._source.sha, known):
            return Sight(Seen.THERE, f"{clean_line(name)} is at {branch.sha[:7]}")
        problem = Problem(
            Kind.REFUSED,
            f"The branch {clean_line(name)} is at another commit",
            f"it is at {branch.sha[:12]}, planned was {self._source.sha[:12]}",
            "Start again: it goes on from what is there.",
        )
        return Sight(Seen.OTHER, problem.title, problem)

    async def make_branch(self) -> None:
        await self._tools.writer.create_ref(f"refs/heads/{self._facts.branch_name}", self._source.sha)

    async def see_request(self) -> Sight:
        found = next(iter((await self._tools.reader.pull_requests(head=self._facts.branch_name)).value), None)
        if found is None:
            return Sight(Seen.ABSENT)
        return Sight(Seen.THERE, f"pull request #{found.number} is open", url=found.url)

    async def make_request(self) -> None:
        facts = self._facts
        title, body = request_text(facts)
        await self._tools.writer.create_pull_request(
            title=title, head=facts.branch_name, base=facts.default_branch, body=body
        )
