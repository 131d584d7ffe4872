"""Rolls an environment back by deploying an earlier version again: no new version is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.release_survey import with_statuses
from relman.actions.rollback_survey import moved_on, survey
from relman.actions.tools import Tools
from relman.errors import Kind, Problem
from relman.model.earlier import unfinished
from relman.model.plan import Plan
from relman.model.rollback import Target
from relman.model.rollback_plan import (
    REDEPLOY,
    RollbackFacts,
    RollbackIntent,
    Way,
    redeploy_plan,
    redeploy_step,
    way_of,
)
from relman.model.run import Run
from relman.text import clean_line

STEP = "deploy"
_APPEARS = 60.0  # seconds until a dispatched run must be there
_SKEW = timedelta(seconds=3)  # the server says its time in whole seconds


class RedeployAction:
    """``relman rollback ENV --via redeploy``. A deployment of the target that is under way is not started twice."""

    name = REDEPLOY

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def gather(self, intent: RollbackIntent) -> RollbackFacts:
        return await survey(self._tools, intent)

    def plan(self, facts: RollbackFacts, intent: RollbackIntent) -> Plan:
        return redeploy_plan(self._tools.repo, facts, intent)

    async def stale(self, facts: RollbackFacts, intent: RollbackIntent) -> Problem | None:
        return await moved_on(self._tools, facts, intent.environment)

    def deeds(self, facts: RollbackFacts, intent: RollbackIntent) -> Sequence[Deed]:
        target = facts.target(intent)
        way = way_of(facts, target, intent.environment) if target is not None else None
        if target is None or way is None:
            raise AssertionError("deeds of a plan that was refused")
        redeployment = _Redeployment(self._tools, facts, target, way, self.plan(facts, intent))
        step = redeploy_step(self._tools.repo, target, way)
        return [Deed(step, redeployment.look, redeployment.do, settle=_APPEARS, every=2.0)]


class _Redeployment:
    """The one step. GitHub takes no mark of ours with a dispatch and does not say with which inputs a run was
    started: another run on the tag may deploy it elsewhere, and is taken for this one only on evidence."""

    def __init__(self, tools: Tools, facts: RollbackFacts, target: Target, way: Way, plan: Plan) -> None:
        self._tools = tools
        self._facts = facts
        self._target = target
        self._way = way
        self._plan = plan
        self._sent = False
        self._started: int | None = None  # the run's id, where GitHub said it

    async def look(self) -> Sight:
        reader, way = self._tools.reader, self._way
        if way.run is not None:
            now = (await reader.run(way.run.id)).value
            return self._there(now) if now.attempt > way.run.attempt or now.state.active else self._absent()
        if self._started is not None:
            return self._there((await reader.run(self._started)).value)
        answer = await reader.runs(workflow=way.workflow, event="workflow_dispatch")
        stay = self._target.stay
        runs = [run for run in answer.value.items if run.branch == stay.tag and run.sha == stay.sha]
        if self._sent:
            mine = [run for run in runs if run.id > self._facts.newest_run and self._by_me(run)]
            return self._there(mine[-1]) if mine else self._absent()
        offset = answer.clock_offset(self._tools.clock.now())
        since = await self._broken_off()
        for run in runs:
            began = (
                run.created_at is not None and since is not None and run.created_at >= since + offset - _SKEW
            )
            if (began and self._by_me(run)) or (run.state.active and await self._leads_here(run)):
                return self._there(run)
        doubtful = next((run for run in runs if run.state.active), None)
        return self._absent() if doubtful is None else self._in_doubt(doubtful)

    def _by_me(self, run: Run) -> bool:
        return not self._facts.who or run.actor == self._facts.who

    async def _broken_off(self) -> datetime | None:
        """When relman sent the same before and did not see what became of it, by this machine's clock."""
        plan = self._plan
        entries = await self._tools.operator.journal.read()
        here = [entry for entry in entries if entry.environment == plan.environment]
        found = unfinished(
            here, action=plan.action, repo=plan.repo, step=STEP, same=lambda target: target == plan.target
        )
        return found.at if found is not None else None

    async def _leads_here(self, run: Run) -> bool:
        """Whether the run waits for this environment, or deploys to it already."""
        reader, environment = self._tools.reader, self._plan.environment
        pending, listed = await asyncio.gather(
            reader.pending_deployments(run.id),
            reader.deployments(environment=environment, sha=run.sha, per_page=5),
        )
        if any(one.environment == environment for one in pending.value):
            return True
        newest = await with_statuses(reader, listed.value.items[:5])
        return any(one.run_id == run.id for one in newest)

    def _there(self, run: Run) -> Sight:
        words = f"{clean_line(run.name)} #{run.number} deploys {clean_line(self._target.name)}: {run.word}"
        place, name = clean_line(self._plan.environment), f"{clean_line(run.name)} #{run.number}"
        ended = "" if run.state.finished else f"started; {place} changes when {name} has deployed"
        return Sight(Seen.THERE, words, run_id=run.id, url=run.url, ended=ended)

    def _absent(self) -> Sight:
        return Sight(Seen.ABSENT, f"waiting for the run of {clean_line(self._target.name)}")

    def _in_doubt(self, run: Run) -> Sight:
        name, environment = clean_line(self._target.name), clean_line(self._plan.environment)
        by = f", started by {clean_line(run.actor)}" if run.actor else ""
        problem = Problem(
            Kind.REFUSED,
            f"A run on {name} is under way, and nothing shows yet whether it leads to {environment}",
            f"{clean_line(run.name)} #{run.number} ({run.id}){by}: {run.word}",
            "Look at it. If it deploys elsewhere, wait for its end or cancel it, and start again; "
            "or go back by a new tag.",
        )
        return Sight(Seen.OTHER, problem.title, problem, run.id, run.url)

    async def do(self) -> None:
        self._sent = True
        way = self._way
        if way.run is not None:
            await self._tools.writer.rerun(way.run.id)
        else:
            self._started = await self._tools.writer.dispatch(way.workflow, self._target.stay.tag, way.inputs)
