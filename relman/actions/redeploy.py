"""Rolls an environment back by deploying an earlier version again: no new version is made."""

from __future__ import annotations

from collections.abc import Sequence

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.rollback_survey import moved_on, survey
from relman.actions.tools import Tools
from relman.errors import Problem
from relman.model.plan import Plan
from relman.model.rollback import Target
from relman.model.rollback_plan import (
    REDEPLOY,
    RollbackFacts,
    RollbackIntent,
    Way,
    is_under_way,
    redeploy_plan,
    redeploy_step,
    way_of,
)
from relman.model.run import Run
from relman.text import clean_line

_APPEARS = 60.0  # seconds until a dispatched run must be there


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
        redeployment = _Redeployment(self._tools, facts, target, way)
        step = redeploy_step(self._tools.repo, target, way)
        return [Deed(step, redeployment.look, redeployment.do, settle=_APPEARS, every=2.0)]


class _Redeployment:
    def __init__(self, tools: Tools, facts: RollbackFacts, target: Target, way: Way) -> None:
        self._tools = tools
        self._facts = facts
        self._target = target
        self._way = way
        self._started: int | None = None  # the run's id, where GitHub said it

    async def look(self) -> Sight:
        run = await self._run()
        if run is None:
            return Sight(Seen.ABSENT, f"waiting for the run of {clean_line(self._target.name)}")
        words = f"{clean_line(run.name)} #{run.number} deploys {clean_line(self._target.name)}: {run.word}"
        return Sight(Seen.THERE, words, run_id=run.id, url=run.url)

    async def _run(self) -> Run | None:
        reader, way = self._tools.reader, self._way
        if way.run is not None:
            now = (await reader.run(way.run.id)).value
            return now if now.attempt > way.run.attempt or now.state.active else None
        if self._started is not None:
            return (await reader.run(self._started)).value
        runs = (await reader.runs(workflow=way.workflow, event="workflow_dispatch")).value.items
        for run in runs:
            fresh = run.id > self._facts.newest_run and run.branch == self._target.stay.tag
            if (fresh and run.sha == self._target.stay.sha) or is_under_way(run, self._target):
                return run
        return None

    async def do(self) -> None:
        way = self._way
        if way.run is not None:
            await self._tools.writer.rerun(way.run.id)
        else:
            self._started = await self._tools.writer.dispatch(way.workflow, self._target.stay.tag, way.inputs)
