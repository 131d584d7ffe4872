"""Rolls production back by a new, higher tag on the old commit; the bad version is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.rollback_survey import moved_on, survey
from relman.actions.tagging import Tagging, Wanted
from relman.actions.tools import Tools
from relman.errors import Problem
from relman.model.plan import Plan
from relman.model.release_plan import other_commit
from relman.model.rollback_plan import TAG, RollbackFacts, RollbackIntent, new_tag, rollback_message, tag_plan
from relman.text import clean_line


class RollbackTagAction:
    """``relman rollback ENV --via tag``. A tag that an attempt before has made is taken up again."""

    name = TAG

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def gather(self, intent: RollbackIntent) -> RollbackFacts:
        facts = await survey(self._tools, intent)
        made = new_tag(facts, intent)
        if made is None:
            return facts
        return replace(facts, existing=(await self._tools.reader.tag_ref(made[0])).value)

    def plan(self, facts: RollbackFacts, intent: RollbackIntent) -> Plan:
        return tag_plan(self._tools.repo, facts, intent)

    async def stale(self, facts: RollbackFacts, intent: RollbackIntent) -> Problem | None:
        made, target = new_tag(facts, intent), facts.target(intent)
        if made is not None and target is not None:
            existing = (await self._tools.reader.tag_ref(made[0])).value
            problem = other_commit(existing, target.stay.sha)
            if problem is not None:
                return problem
        return await moved_on(self._tools, facts, intent.environment)

    def deeds(self, facts: RollbackFacts, intent: RollbackIntent) -> Sequence[Deed]:
        made, target = new_tag(facts, intent), facts.target(intent)
        if made is None or target is None or facts.running is None:
            raise AssertionError("deeds of a plan that was refused")
        name, version, _ = made
        message, notes, plan = rollback_message(self._tools.repo, facts, intent)
        bad = facts.running.tag
        higher = [
            tag for tag in facts.tags.tags
            if tag.stable and tag.version > version and not facts.withdrawn.reason(tag.version)
        ]  # fmt: skip
        wanted = Wanted(
            name,
            target.stay.sha,
            message,
            plan,
            name,
            notes,
            prerelease=False,
            latest=not higher,
            workflow=facts.cd.rsplit("/", 1)[-1],
            known=facts.tags,
            starts=bool(facts.cd) and facts.starts is True,
            ended=f"tagged; {clean_line(intent.environment)} changes when its run has deployed",
        )
        tagging = Tagging(wanted, self._tools.reader, self._tools.writer)
        withdrawal = _Withdrawal(self._tools, bad)
        steps = self.plan(facts, intent).steps
        made_by = {
            deed.step.key: deed for deed in tagging.deeds([one for one in steps if one.key != "withdraw"])
        }
        return [
            Deed(step, withdrawal.look, withdrawal.do) if step.key == "withdraw" else made_by[step.key]
            for step in steps
        ]


class _Withdrawal:
    """Marks the bad version's release as a pre-release, so that "latest" moves away from it."""

    def __init__(self, tools: Tools, tag: str) -> None:
        self._tools = tools
        self._tag = tag

    async def look(self) -> Sight:
        release = (await self._tools.reader.release_of_tag(self._tag)).value
        name = clean_line(self._tag)
        if release is None:
            return Sight(Seen.THERE, f"{name} has no release; the new tag's message names it")
        if release.draft or release.prerelease:
            return Sight(Seen.THERE, f"{name} is marked", url=release.url)
        return Sight(Seen.ABSENT)

    async def do(self) -> None:
        release = (await self._tools.reader.release_of_tag(self._tag)).value
        if release is not None:
            await self._tools.writer.update_release(release.id, prerelease=True)
