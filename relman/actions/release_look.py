"""Reads for a person who looks at releases. It changes nothing, so a read-only relman has it as well."""

from __future__ import annotations

import asyncio

from relman.actions.ports import GitHubReader
from relman.actions.release_survey import Survey, optional
from relman.actions.rollback_survey import DEPLOYMENTS
from relman.actions.tools import Tools
from relman.model.deployed import running_stay, stays
from relman.model.release import Comparison
from relman.model.release_choice import decide
from relman.model.release_facts import ReleaseIntent
from relman.model.release_outlook import About, Outlook, WaysBack, outlook
from relman.model.rollback import targets


class ReleaseLook:
    """``repo`` is owner and name. Methods raise :class:`relman.errors.RelmanError`."""

    def __init__(self, repo: str, reader: GitHubReader, survey: Survey) -> None:
        self._repo = repo
        self._reader = reader
        self._survey = survey

    @classmethod
    def of(cls, tools: Tools) -> ReleaseLook:
        """With the tools of an action."""
        return cls(tools.repo, tools.reader, Survey.of(tools))

    async def unreleased(self) -> Outlook:
        """What would be released from the default branch now. GitHub is not asked to write notes: that is a write."""
        intent = ReleaseIntent()
        history = await self._survey.history(intent)
        evidence = await self._survey.evidence(history, decide(history, intent), intent)
        return outlook(self._repo, history, evidence)

    async def about(self, tag: str, sha: str, before: str | None) -> About:
        """The tag, and the commits from the commit ``before`` to ``sha``."""
        ref, compared = await asyncio.gather(self._reader.tag_ref(tag), self._compare(before, sha))
        return About(ref.value, compared)

    async def _compare(self, base: str | None, head: str) -> Comparison | None:
        if base is None:
            return None
        compared, _ = await optional(self._reader.compare(base, head))
        return compared

    async def ways_back(self, environment: str) -> WaysBack:
        """Where an environment can return to. Its name has to be one of the repository's."""
        deployments, (tags, _, gone, _) = await asyncio.gather(
            self._survey.deployments(environment, DEPLOYMENTS), self._survey.versions()
        )
        found = stays(deployments, prefix=tags.prefix)
        running = running_stay(found, deployments)
        tagged = tags.named(running.tag) if running is not None and running.tag else None
        return WaysBack(environment, running, targets(found, gone, running=running, prefix=tags.prefix), tagged)
