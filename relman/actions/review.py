"""Approving and rejecting deployments that wait for a review.

All that a person saw is read once more just before the review is posted: whatever changed stops it, with
what changed and by whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.ports import GitHubReader
from relman.actions.tools import Tools
from relman.errors import Kind, Problem, RelmanError
from relman.model.deploys import ran_before
from relman.model.environment import Approval, CustomRule, Deployment, Environment, live_of
from relman.model.plan import Plan
from relman.model.review import (
    Facts,
    Now,
    Review,
    Target,
    answered_since,
    changed_set,
    given_by_me,
    is_mine,
    live_changed,
    not_as_seen,
    permission,
    sent_before,
)
from relman.model.review_plan import done_words, plan_review
from relman.model.run import Job

_HISTORY = 30
_READ = 12  # of the newest deployments the statuses, at most: what is live is looked for further back

_TOO_OLD = Problem(Kind.NOT_FOUND, f"none of the newest {_HISTORY} deployments is live")

T = TypeVar("T")


class ReviewAction:
    """Reviews what waits; see :class:`relman.actions.operator.Action`."""

    name = "review"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._reader: GitHubReader = tools.reader

    async def gather(self, intent: Review) -> Facts:
        """Everything that decides it, afresh. Jobs and what is live there may fail: the plan then says so."""
        reader = self._reader
        run, pending, approvals, viewer, jobs, environments = await asyncio.gather(
            reader.run(intent.run_id),
            reader.pending_deployments(intent.run_id),
            reader.approvals(intent.run_id),
            self._viewer(),
            _unless_refused(self._jobs(intent.run_id), ()),
            _unless_refused(self._environments(), {}),
        )
        names = [target.name for target in intent.targets]
        places = await asyncio.gather(
            *(self._place(name, environments.get(name), run.value.sha) for name in names)
        )
        entries = await self._tools.operator.journal.read()
        at = self._tools.clock.now()
        facts = Facts(
            run=run.value,
            pending=pending.value,
            approvals=approvals.value,
            jobs=jobs,
            places=dict(zip(names, places, strict=True)),
            viewer=viewer,
            at=at,
            server_time=run.server_time or at,
            sent=sent_before(entries, self._tools.repo, run.value),
        )
        return await self._with_apps(facts, intent)

    async def _viewer(self) -> str:
        """The login; "" for a token without a person behind it (an app's)."""
        try:
            return (await self._reader.viewer()).value.login
        except RelmanError as error:
            if error.problem.kind is not Kind.PERMISSION:
                raise
            return ""

    async def _jobs(self, run_id: int) -> tuple[Job, ...]:
        return (await self._reader.jobs(run_id)).value

    async def _environments(self) -> dict[str, Environment]:
        return {one.name: one for one in (await self._reader.environments()).value}

    async def _place(self, name: str, environment: Environment | None, sha: str) -> Now:
        """Statuses are read from the newest back to what is live; further only where a deployment has changed
        since that succeeded, or where the commit, or the one that is live, may have run before.
        """
        try:
            page = (await self._reader.deployments(environment=name, per_page=_HISTORY)).value
            read: list[Deployment] = []
            live: datetime | None = None
            shas = {sha}
            for number, one in enumerate(page.items):
                changed = live is None or (one.updated_at is not None and one.updated_at > live)
                if live is None or (changed and number < _READ) or one.sha in shas:
                    one = replace(one, statuses=(await self._reader.deployment_statuses(one.id)).value)
                read.append(one)
                if one.state == "success":
                    live = live or one.succeeded_at
                    shas.add(one.sha)
        except RelmanError as error:
            return Now(environment, unread=error.problem)
        if live is None and page.more:
            return Now(environment, unread=_TOO_OLD)
        return Now(environment, live_of(read), ran_before(read, sha))

    async def _with_apps(self, facts: Facts, intent: Review) -> Facts:
        """Apps that decide are asked for only where nobody else seems to."""
        places = dict(facts.places)
        for target in intent.targets:
            pending = facts.waits(target)
            if pending is not None and not pending.may_approve and not pending.reviewers:
                rules = await _unless_refused(self._custom_rules(target.name), None)
                places[target.name] = replace(places[target.name], custom=rules)
        return replace(facts, places=places)

    async def _custom_rules(self, name: str) -> tuple[CustomRule, ...] | None:
        return (await self._reader.custom_rules(name)).value

    def plan(self, facts: Facts, intent: Review) -> Plan:
        return plan_review(facts, intent, self._tools.repo)

    async def stale(self, facts: Facts, intent: Review) -> Problem | None:
        """What changed since the plan: run, attempt, commit, what waits, who reviewed, what is live."""
        places = dict(
            zip(
                facts.places,
                await asyncio.gather(
                    *(self._place(name, now.environment, facts.run.sha) for name, now in facts.places.items())
                ),
                strict=True,
            )
        )
        # The run last: nothing is read between it and the review.
        fresh = replace(
            await _read_again(self._reader, facts),
            places={name: replace(place, custom=facts.places[name].custom) for name, place in places.items()},
        )
        problem = not_as_seen(fresh, intent)
        if problem is not None or given_by_me(fresh, intent) == set(intent.targets):
            return problem  # what is done already needs nothing more: the step's own look says so
        return (
            answered_since(facts, fresh, intent)
            or changed_set(facts, fresh)
            or live_changed(facts, fresh, intent)
            or permission(fresh, intent)
        )

    def deeds(self, facts: Facts, intent: Review) -> Sequence[Deed]:
        posting = _Posting(self._tools, facts, intent)
        return (Deed(self.plan(facts, intent).steps[0], posting.look, posting.do),)


class _Posting:
    """The one step: its look knows whether it was sent, because the list of reviews may lag behind."""

    def __init__(self, tools: Tools, facts: Facts, intent: Review) -> None:
        self._tools = tools
        self._facts = facts
        self._intent = intent
        self._sent = False

    async def do(self) -> None:
        self._sent = True
        intent = self._intent
        ids = tuple(target.id for target in intent.targets)
        await self._tools.writer.review(intent.run_id, ids, intent.state, intent.comment)

    async def look(self) -> Sight:
        intent = self._intent
        fresh = await _read_again(self._tools.reader, self._facts)
        page = fresh.run.url
        said = given_by_me(fresh, intent) | self._newly_given(fresh)
        if said == set(intent.targets):
            return Sight(Seen.THERE, done_words(fresh, intent), run_id=intent.run_id, url=page)
        problem = not_as_seen(fresh, intent, waits=not self._sent)
        if problem is None and not self._sent:
            problem = answered_since(self._facts, fresh, intent)
        if problem is not None:
            return Sight(Seen.OTHER, problem.title, problem, intent.run_id, page)
        return Sight(
            Seen.ABSENT, "not listed among the reviews yet" if self._sent else "", None, intent.run_id, page
        )

    def _newly_given(self, fresh: Facts) -> set[Target]:
        """What this person's reviews say more than when the plan was made: for attempts whose number tells nothing."""
        if not self._sent or fresh.run.attempt != self._intent.attempt:
            return set()

        def count(approvals: Sequence[Approval], target: Target) -> int:
            return sum(
                one.state == self._intent.state and is_mine(one, fresh) and target.name in one.environments
                for one in approvals
            )

        return {
            target
            for target in self._intent.targets
            if count(fresh.approvals, target) > count(self._facts.approvals, target)
        }


async def _read_again(reader: GitHubReader, facts: Facts) -> Facts:
    """The run, what waits in it and its reviews as they are now."""
    run_id = facts.run.id
    run, pending, approvals = await asyncio.gather(
        reader.run(run_id), reader.pending_deployments(run_id), reader.approvals(run_id)
    )
    return replace(
        facts,
        run=run.value,
        pending=pending.value,
        approvals=approvals.value,
        server_time=run.server_time or facts.server_time,
    )


async def _unless_refused(asked: Awaitable[T], instead: T) -> T:
    """What a plan can be made without."""
    try:
        return await asked
    except RelmanError:
        return instead
