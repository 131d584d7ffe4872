"""Releases a commit: an annotated tag, its release, and the run that it starts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from relman.actions.deed import Deed
from relman.actions.kept_text import KeptText
from relman.actions.release_survey import Survey, every_tag
from relman.actions.tagging import Tagging, Wanted
from relman.actions.tools import Tools
from relman.errors import Kind, Problem
from relman.model.gates import ci_gate, staging_gate
from relman.model.plan import Check, Plan, Verdict
from relman.model.release_choice import decide, is_latest
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_gates import gates
from relman.model.release_notes import notes_of
from relman.model.release_plan import NAME, message_of, moved, plan_id, release_plan
from relman.model.version_tags import read_version_tags
from relman.text import clean_line


class ReleaseFacts(Struct, frozen=True):
    history: History
    evidence: Evidence


class ReleaseAction:
    """``relman release create`` and the key ``t``.

    Facts without a writer's help: :class:`relman.actions.release_survey.Survey` gives both parts, so a
    read-only relman shows the same plan, without GitHub's notes.
    """

    name = NAME

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._survey = Survey.of(tools)
        self._kept = KeptText(tools.scratch)

    async def gather(self, intent: ReleaseIntent) -> ReleaseFacts:
        history = await self._survey.history(intent)
        decision = decide(history, intent)
        evidence = await self._survey.evidence(history, decision, intent, writer=self._tools.writer)
        facts = ReleaseFacts(history, evidence)
        if intent.notes is not None:
            return facts
        kept = self._kept.read(self.plan(facts, intent))
        return facts if kept is None else replace(facts, evidence=replace(evidence, kept_notes=kept))

    def plan(self, facts: ReleaseFacts, intent: ReleaseIntent) -> Plan:
        return release_plan(self._tools.repo, facts.history, facts.evidence, intent)

    async def stale(self, facts: ReleaseFacts, intent: ReleaseIntent) -> Problem | None:
        """The branch moved, CI turned red, staging moved on or fell ill, or a tag appeared since the plan."""
        history = facts.history
        decision = decide(history, intent)
        reader = self._tools.reader
        existing = (await reader.tag_ref(decision.tag)).value
        stopped = moved(history, replace(facts.evidence, existing=existing), decision, intent)
        if stopped is not None or decision.resumed:
            return stopped
        if existing is not None:
            return _appeared(decision.tag, existing.sha, "Start again: it goes on with what is still missing.")
        tags = read_version_tags(await every_tag(reader), prefix=history.tags.prefix)
        known = {tag.name for tag in history.tags.tags}
        for tag in tags.at(history.head.sha):
            if tag.name not in known:
                return _appeared(tag.name, tag.sha, "Look again before you release the same commit twice.")
        if history.tip == history.head.sha:
            branch = (await reader.branch(history.branch)).value
            if branch is None or branch.sha != history.head.sha:
                where = branch.sha[:7] if branch is not None else "gone"
                return Problem(
                    Kind.REFUSED,
                    f"{clean_line(history.branch)} has moved since the plan was made",
                    f"planned was {history.head.sha[:7]}, it is {where}",
                    "Look at the new commits and start again.",
                )
        return await self._turned_red(facts) or await self._staging_lost(facts)

    async def _turned_red(self, facts: ReleaseFacts) -> Problem | None:
        head, evidence = facts.history.head, facts.evidence
        before = ci_gate(head.sha, evidence.checks, evidence.roles)
        if before.verdict is not Verdict.PASSED:
            return None  # overridden with a reason: the person knows
        now = ci_gate(head.sha, await self._survey.checks_of(head.sha, facts.history.branch), evidence.roles)
        title = f"CI is no longer green on {head.sha[:7]}"
        return _failed(now, title, "Look at the failed checks and start again.")

    async def _staging_lost(self, facts: ReleaseFacts) -> Problem | None:
        sha, evidence = facts.history.head.sha, facts.evidence
        if staging_gate(sha, evidence.staging, evidence.at).verdict is not Verdict.PASSED:
            return None  # overridden with a reason: the person knows
        staging = await self._survey.staging()
        now = staging_gate(sha, staging, self._tools.clock.now())
        title = f"{clean_line(staging.name)} does not run {sha[:7]} in good health any more"
        return _failed(now, title, "Look at what happened there and start again.")

    def deeds(self, facts: ReleaseFacts, intent: ReleaseIntent) -> Sequence[Deed]:
        history, evidence, repo = facts.history, facts.evidence, self._tools.repo
        decision = decide(history, intent)
        notes = notes_of(history, evidence, decision, intent)
        checks = gates(history, evidence, decision, intent)
        tag, sha = decision.tag, history.head.sha

        wanted = Wanted(
            tag,
            sha,
            message_of(repo, history, evidence, decision, checks, notes),
            plan_id(repo, tag, sha),
            tag,
            notes,
            decision.prerelease,
            is_latest(history, decision),
            evidence.workflow,
            history.tags,
            starts=bool(evidence.workflow) and evidence.starts is True,
        )
        plan = self.plan(facts, intent)
        tagging = Tagging(
            wanted, self._tools.reader, self._tools.writer, published=lambda: self._kept.forget(plan)
        )
        return tagging.deeds(plan.steps)


def _appeared(tag: str, sha: str, hint: str) -> Problem:
    title = f"{clean_line(tag)} appeared on this commit since the plan was made"
    return Problem(Kind.REFUSED, title, f"on {sha[:12]}", hint)


def _failed(gate: Check, title: str, hint: str) -> Problem | None:
    """A gate that passed when the plan was made and does not any more."""
    if gate.verdict is Verdict.PASSED:
        return None
    return Problem(Kind.REFUSED, title, clean_line("; ".join(gate.evidence)), hint)
