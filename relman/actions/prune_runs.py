"""Deleting old workflow runs: first kept in a file, then deleted one by one, at most one a second.

Starting again goes on where it stopped: what is in the file is not read again, what is gone is done. Two at once
do no harm: a run that the other one has deleted counts as done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from relman.actions.deed import Deed, Notes, Seen, Sight, Sleep, real_sleep
from relman.actions.dispatch import chosen_workflow
from relman.actions.one_run import login
from relman.actions.release_survey import pages
from relman.actions.run_export import RunExport
from relman.actions.tools import Tools
from relman.errors import Kind, OutcomeUnknownError, Problem, RelmanError
from relman.model.environment import Deployment
from relman.model.operation import Outcome, Said
from relman.model.plan import Change, Plan, Step
from relman.model.prune_runs import (
    KEEP,
    OLDER_THAN,
    Kept,
    Live,
    Selection,
    ages,
    by_workflow,
    enough,
    live_of,
    select,
    succeeded,
)
from relman.model.repository import Repository
from relman.model.rights import may_write
from relman.model.run import Job, Run
from relman.model.times import brief, duration
from relman.text import clean_line

PACE = 1.0
"""Seconds from one deletion to the next."""
_AT_ONCE = 4  # reads
_FLUSHED = 25  # runs between two times that the file is forced to the disk
_DEPLOYMENTS = 30  # of one environment that are looked through at once for what is live
_FURTHER = 5  # times so many at most, where none of them ever was
_LISTED = 10  # pages of the last look: GitHub gives 1,000 results of a search
_RELEASES = 50  # pages of a hundred
_TRIES = 2  # for one run, where no answer comes and it is still there
_PATIENCE = timedelta(seconds=60)  # where a limit does not say how long


class PruneRuns(Struct, frozen=True):
    """``workflow`` as on a command line, None for all. ``export`` None: the file relman keeps for this."""

    older_than: timedelta = OLDER_THAN
    keep: int = KEEP
    workflow: str | None = None
    export: Path | None = None


class Facts(Struct, frozen=True):
    """``kept`` are the runs (id, attempt) that the export has already."""

    runs: tuple[Run, ...]
    selection: Selection
    repository: Repository
    who: str
    at: datetime
    offset: timedelta
    export: Path
    kept: frozenset[tuple[int, int]]


class PruneRunsAction:
    """Done when none of the chosen runs is listed any more."""

    name = "prune-runs"

    def __init__(self, tools: Tools, *, pace: float = PACE, sleep: Sleep = real_sleep) -> None:
        self._tools = tools
        self._pace = pace
        self._sleep = sleep

    async def gather(self, intent: PruneRuns) -> Facts:
        """Raises where it cannot be read what is deployed: then nothing is safe to delete."""
        tools = self._tools
        export = intent.export or self._default_export()
        kept = await asyncio.to_thread(RunExport(export, tools.repo).kept)
        workflow: int | None = None
        if intent.workflow is not None:
            workflow = chosen_workflow((await tools.reader.workflows()).value, intent.workflow).id
        repository, who, live, (runs, offset) = await asyncio.gather(
            tools.reader.repository(), login(tools.reader), self._live(), self._every_run(workflow)
        )
        at = tools.clock.now()
        selection = select(runs, at + offset, live, older_than=intent.older_than, keep=intent.keep)
        return Facts(runs, selection, repository.value, who, at, offset, export, kept)

    def _default_export(self) -> Path:
        return self._tools.scratch / "pruned-runs" / f"{self._tools.repo.replace('/', '-')}.jsonl"

    async def _every_run(self, workflow: int | None) -> tuple[tuple[Run, ...], timedelta]:
        """All runs, without a filter that GitHub would cut off at 1,000; and the server's clock minus ours."""
        found: dict[int, Run] = {}
        offset, page = timedelta(0), 1
        while True:
            answer = await self._tools.reader.runs(workflow=workflow, per_page=100, page=page)
            if answer.server_time is not None:
                offset = answer.server_time - self._tools.clock.now()
            found.update((run.id, run) for run in answer.value.items)
            if not answer.value.more or not answer.value.items:
                return tuple(found.values()), offset
            page += 1

    async def _live(self) -> Live:
        reader = self._tools.reader
        environments, releases, latest = await asyncio.gather(
            reader.environments(),
            pages(lambda page: reader.releases(per_page=100, page=page), "the releases", _RELEASES),
            reader.latest_release(),
        )
        turn = asyncio.Semaphore(_AT_ONCE)

        async def deployed(name: str) -> tuple[Deployment, ...]:
            async with turn:
                found: list[Deployment] = []
                for page in range(1, _FURTHER + 1):
                    listed = await reader.deployments(environment=name, per_page=_DEPLOYMENTS, page=page)
                    for one in listed.value.items:
                        found.append(replace(one, statuses=(await reader.deployment_statuses(one.id)).value))
                        if enough(found):
                            return tuple(found)
                    if not listed.value.more or any(map(succeeded, found)):
                        break
                return tuple(found)

        names = [one.name for one in environments.value]
        each = await asyncio.gather(*(deployed(name) for name in names))
        tag = latest.value.tag if latest.value is not None else ""
        return live_of(dict(zip(names, each, strict=True)), releases, tag)

    def plan(self, facts: Facts, intent: PruneRuns) -> Plan:
        victims = facts.selection.victims
        count = _runs(len(victims))
        return Plan(
            action=self.name,
            title=f"Delete {count}" if victims else "No run is old enough to be deleted",
            repo=self._tools.repo,
            target=f"runs older than {_age(intent.older_than)}, keeping {intent.keep} a workflow",
            steps=_steps(facts) if victims else (),
            facts_at=facts.at,
            changes=_changes(facts),
            warnings=_warnings(facts, intent),
            irreversible=(
                "A deleted run, its logs and its artifacts cannot be brought back, and its page is gone.",
                f"What remains of it is a line with the run and its jobs in {clean_line(str(facts.export))}.",
            )
            if victims
            else (),
            permission=may_write(facts.repository, "Deleting runs"),
            who=facts.who,
            details={
                "older_than_seconds": int(intent.older_than.total_seconds()),
                "keep": intent.keep,
                "runs": len(facts.runs),
                "delete": [run.id for run in victims],
                "kept": {reason.name.lower(): count for reason, count in facts.selection.kept.items()},
                "protected": [{"run_id": run.id, "why": words} for run, words in facts.selection.protected],
                "export": str(facts.export),
            },
        )

    async def stale(self, facts: Facts, intent: PruneRuns) -> Problem | None:
        """What is live may have changed while the plan was read: a run that is live by now is not deleted."""
        live = await self._live()
        now = select(facts.runs, facts.at + facts.offset, live, older_than=intent.older_than, keep=intent.keep)
        gone = {run.id for run in facts.selection.victims} - {run.id for run in now.victims}
        if not gone:
            return None
        return Problem(
            Kind.REFUSED,
            "What is deployed has changed meanwhile",
            f"{_runs(len(gone))} must stay now",
            "Ask again to see the plan as it is now.",
        )

    def deeds(self, facts: Facts, intent: PruneRuns) -> Sequence[Deed]:
        if not facts.selection.victims:
            return ()
        sweep = _Sweep(self._tools, facts, self._pace, self._sleep)
        keep, delete = _steps(facts)
        return (
            Deed(keep, sweep.look_kept, None, parts=sweep.keep, settle=0.0),
            Deed(delete, sweep.look_gone, None, parts=sweep.delete, settle=30.0, every=3.0),
        )


class _Sweep(Struct):
    """One clean-up on its way."""

    tools: Tools
    facts: Facts
    pace: float
    sleep: Sleep
    begun: bool = False
    deleted: int = 0
    gone: int = 0  # before we came to it
    spared: int = 0  # run again since

    @property
    def victims(self) -> tuple[Run, ...]:
        return self.facts.selection.victims

    @property
    def export(self) -> RunExport:
        return RunExport(self.facts.export, self.tools.repo)

    async def look_kept(self) -> Sight:
        there = await asyncio.to_thread(self.export.kept)
        missing = sum((run.id, run.attempt) not in there for run in self.victims) - self.gone
        if missing > 0:
            return Sight(Seen.ABSENT, f"{_runs(missing)} not in the file yet")
        return Sight(Seen.THERE, f"{_runs(len(self.victims) - self.gone)} in {self.facts.export}")

    async def keep(self, notes: Notes) -> AsyncIterator[Said]:
        """Reads the jobs of what the file lacks, some at once, and writes them in order."""
        del notes  # a line in a file is no change to GitHub; the step itself is in the journal
        step, export = _steps(self.facts)[0], self.export
        there = self.facts.kept
        missing = [run for run in self.victims if (run.id, run.attempt) not in there]
        for start in range(0, len(missing), _FLUSHED):
            batch = missing[start : start + _FLUSHED]
            for at in range(0, len(batch), _AT_ONCE):
                some = batch[at : at + _AT_ONCE]
                while True:
                    try:
                        found = await asyncio.gather(*(self._jobs(run) for run in some))
                        break
                    except RelmanError as error:
                        async for said in self._patience(step, error, start + at, len(missing)):
                            yield said
                for run, jobs in zip(some, found, strict=True):
                    if jobs is not None:
                        export.add(run, jobs, self.tools.clock.now())
            await asyncio.to_thread(export.flush)
            yield Said(step, "kept in the file", start + len(batch), len(missing))

    async def _jobs(self, run: Run) -> tuple[Job, ...] | None:
        """None for a run that somebody else has deleted meanwhile."""
        try:
            return (await self.tools.reader.jobs(run.id)).value
        except RelmanError as error:
            if error.problem.kind is not Kind.NOT_FOUND or not await self._is_gone(run):
                raise
        self.gone += 1
        return None

    async def look_gone(self) -> Sight:
        if not self.begun:
            return Sight(Seen.ABSENT)
        left = await self._listed()
        words = [f"{_runs(self.deleted)} deleted"]
        words += [f"{self.gone} already gone"] if self.gone else []
        words += [f"{self.spared} spared: run again meanwhile"] if self.spared else []
        if len(left) > self.spared:
            return Sight(Seen.ABSENT, f"{_runs(len(left) - self.spared)} still listed")
        return Sight(Seen.THERE, ", ".join(words))

    async def _listed(self) -> set[int]:
        """Which of the runs GitHub's list still has, as far back as a search goes."""
        wanted = {run.id for run in self.victims}
        dates = [run.created_at for run in self.victims if run.created_at is not None]
        span = f"{min(dates):%Y-%m-%dT%H:%M:%SZ}..{max(dates):%Y-%m-%dT%H:%M:%SZ}"
        found: set[int] = set()
        for page in range(1, _LISTED + 1):
            answer = await self.tools.reader.runs(created=span, per_page=100, page=page)
            found.update(run.id for run in answer.value.items if run.id in wanted)
            if not answer.value.more or not answer.value.items:
                break
        return found

    async def delete(self, notes: Notes) -> AsyncIterator[Said]:
        """Oldest first. Raises where it cannot go on; starting again then continues."""
        self.begun = True
        step, total = _steps(self.facts)[1], len(self.victims)
        last = float("-inf")
        done = doubts = self.gone = self.deleted = 0
        while done < total:
            run = self.victims[done]
            try:
                if not await self._still_to_delete(run):
                    done += 1
                    yield Said(step, f"run {run.id} needs no deleting", done, total)
                    continue
                wait = last + self.pace - self.tools.clock.monotonic()
                if wait > 0:
                    await self.sleep(wait)
                last = self.tools.clock.monotonic()
                await self._delete(run, notes)
            except _StillThereError as error:
                doubts += 1
                if doubts == _TRIES:
                    raise _so_far(error, done, total) from None
                yield Said(step, f"no answer for run {run.id}, and it is still there: once more")
                continue
            except RelmanError as error:
                async for said in self._patience(step, error, done, total):
                    yield said
                continue
            done, doubts = done + 1, 0
            yield Said(step, f"deleted run {run.id} of {_name(run)}", done, total)

    async def _still_to_delete(self, run: Run) -> bool:
        """Looks just before: it may be gone, and it may run again."""
        try:
            now = (await self.tools.reader.run(run.id)).value
        except RelmanError as error:
            if error.problem.kind is not Kind.NOT_FOUND:
                raise
            self.gone += 1
            return False
        if now.attempt == run.attempt and now.state.finished:
            return True
        self.spared += 1
        return False

    async def _delete(self, run: Run, notes: Notes) -> None:
        part = str(run.id)
        await notes.before(part, f"DELETE /repos/{self.tools.repo}/actions/runs/{run.id}")
        try:
            await self.tools.writer.delete_run(run.id)
        except OutcomeUnknownError as error:
            try:
                gone = await self._is_gone(run)
            except RelmanError:
                raise error from None
            if not gone:
                # It was looked for and is there: it was not deleted, and may be asked for once more.
                await notes.after(part, Outcome.FAILED, "no answer came, and it is still there")
                raise _StillThereError(replace(error.problem, kind=Kind.SERVER)) from None
            words = "no answer came, but it is gone"
        except RelmanError as error:
            gone = error.problem.kind is Kind.NOT_FOUND and await self._is_gone(run)
            if not gone:
                await notes.after(part, Outcome.FAILED, error.problem.sentence())
                raise
            self.gone += 1
            await notes.after(part, Outcome.DONE, "somebody else had deleted it")
            return
        else:
            words = "deleted"
        self.deleted += 1
        await notes.after(part, Outcome.DONE, words)

    async def _is_gone(self, run: Run) -> bool:
        """GitHub says 404 also for what a token may not touch; a run that can be read is there."""
        try:
            await self.tools.reader.run(run.id)
        except RelmanError as error:
            if error.problem.kind is Kind.NOT_FOUND:
                return True
            raise
        return False

    async def _patience(self, step: Step, error: RelmanError, done: int, total: int) -> AsyncIterator[Said]:
        """Waits for a limit to end. Raises what is no limit, with how far it got."""
        problem = error.problem
        if problem.kind is not Kind.RATE_LIMIT:
            raise _so_far(error, done, total) from None
        now = self.tools.clock.now()
        seconds = max(1.0, ((problem.retry_at or now + _PATIENCE) - now).total_seconds())
        yield Said(step, f"GitHub asks for patience, going on in {duration(seconds)}: {problem.title}")
        await self.sleep(seconds)


class _StillThereError(RelmanError):
    """A deletion got no answer, and did not happen."""


def _so_far(error: RelmanError, done: int, total: int) -> RelmanError:
    """The same error, with how far it got."""
    problem = error.problem
    detail = f"{problem.detail.rstrip('.')}; " if problem.detail else ""
    hint = f"{problem.hint} " if problem.hint else ""
    return type(error)(
        replace(
            problem,
            detail=f"{detail}{done} of {total} were done before",
            hint=f"{hint}The same command goes on where it stopped.",
        )
    )


def _steps(facts: Facts) -> tuple[Step, Step]:
    victims = facts.selection.victims
    missing = sum((run.id, run.attempt) not in facts.kept for run in victims)
    runs = f"/repos/{facts.repository.full_name}/actions/runs"
    return (
        Step(
            "export",
            f"Keep {_runs(len(victims))} and their jobs in {facts.export}",
            f"GET {runs}/…/jobs, {missing} times",
        ),
        Step(
            "delete",
            f"Delete them, oldest first, at most one a second ({duration(len(victims) * PACE)} or more)",
            f"DELETE {runs}/…, {len(victims)} times",
        ),
    )


def _changes(facts: Facts) -> tuple[Change, ...]:
    before = dict(by_workflow(facts.runs))
    return tuple(
        Change(name, _runs(before[name]), f"{before[name] - count} (−{count})")
        for name, count in by_workflow(facts.selection.victims)
    )


def _warnings(facts: Facts, intent: PruneRuns) -> tuple[str, ...]:
    selection = facts.selection
    told = []
    if selection.victims:
        told.append(f"They are {ages(selection.victims, facts.at + facts.offset)}.")
    if selection.protected:
        shown = [f"run {run.id} of {_name(run)} ({words})" for run, words in selection.protected[:5]]
        more = f" and {len(selection.protected) - 5} more" if len(selection.protected) > 5 else ""
        told.append(f"Old runs that stay all the same: {'; '.join(shown)}{more}.")
    active = selection.kept.get(Kept.ACTIVE, 0)
    if active:
        told.append(f"{_runs(active)} not ended: they stay, however old.")
    if selection.victims and intent.keep == 0:
        told.append("No run of a workflow is kept for being among its newest.")
    return tuple(told)


def _age(age: timedelta) -> str:
    return brief(age.total_seconds()) if age < timedelta(days=2) else f"{age.days}d"


def _runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count:,} runs"


def _name(run: Run) -> str:
    return clean_line(run.path.rsplit("/", 1)[-1] or run.name, 60)
