"""Running a run again: all of it, what failed, or one job."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from relman.actions.deed import Deed, Seen, Sight
from relman.actions.one_run import OneRun, newer_attempt, read_run
from relman.actions.tools import Tools
from relman.errors import Problem, usage_error
from relman.model.plan import Change, Plan, Step
from relman.model.reach import environment_words, is_way_back, production_of
from relman.model.rerun import Again, Which, checks, failed_jobs, obstacle, run_again
from relman.model.rights import may_write
from relman.model.run import Job, Run
from relman.text import clean_line


class Rerun(Struct, frozen=True):
    """``job`` is the job's id, or its name as a person typed it. ``attempt`` is the one they saw."""

    run_id: int
    which: Which = Which.ALL
    job: int | str | None = None
    debug: bool = False
    attempt: int | None = None


class Facts(Struct, frozen=True):
    one: OneRun
    job: Job | None
    again: Again


class RerunAction:
    """Done when the run has another attempt than the one that was there."""

    name = "rerun"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def gather(self, intent: Rerun) -> Facts:
        """Raises a USAGE problem for a job that the run does not have."""
        one = await read_run(self._tools, intent.run_id)
        job = chosen_job(one.jobs, intent.job) if intent.which is Which.JOB else None
        again = run_again(
            intent.which,
            one.jobs,
            job_id=job.id if job else None,
            file=one.file,
            source=one.source,
            known=one.known,
        )
        if one.file is None and one.why:
            again = replace(again, reason=f"{again.reason} ({clean_line(one.why)})")
        return Facts(one, job, again)

    def plan(self, facts: Facts, intent: Rerun) -> Plan:
        one, again = facts.one, facts.again
        run, production = one.run, production_of(again.environments)
        what = _what(facts, intent)
        return Plan(
            action=self.name,
            title=f"Re-run {what} of {clean_line(run.name)} #{run.number}",
            repo=self._tools.repo,
            target=f"run {run.id}, attempt {run.attempt}",
            steps=(_step(facts, intent, what),),
            facts_at=one.at,
            environment=production,
            changes=(
                Change("attempt", f"{run.attempt}, {run.word}", str(run.attempt + 1)),
                Change("commit and file", run.short_sha, f"{run.short_sha}, as then"),
            ),
            checks=checks(run, one.jobs, intent.which, one.server_now),
            warnings=_warnings(facts, intent),
            word=production,
            permission=may_write(one.repository, "Re-running"),
            stale=newer_attempt(intent.attempt, run) or obstacle(run, one.jobs, intent.which, one.server_now),
            production=bool(production),
            rollback=bool(production)
            and all(is_way_back(one.name) for one in again.environments if one.production),
            who=one.who,
            details={
                "run_id": run.id,
                "attempt": run.attempt,
                "which": intent.which.value,
                "job": facts.job.name if facts.job else None,
                "debug": intent.debug,
                "jobs": list(again.names),
                "perhaps": list(again.perhaps),
                "environments": list(environment_words(again.environments)),
            },
        )

    async def stale(self, facts: Facts, intent: Rerun) -> Problem | None:
        now = (await self._tools.reader.run(facts.one.run.id)).value
        return newer_attempt(facts.one.run.attempt, now)

    def deeds(self, facts: Facts, intent: Rerun) -> Sequence[Deed]:
        before, writer = facts.one.run, self._tools.writer

        async def look() -> Sight:
            run = (await self._tools.reader.run(before.id)).value
            if run.attempt > before.attempt:
                return Sight(Seen.THERE, _begun(run), run_id=run.id, url=run.url)
            return Sight(Seen.ABSENT, run_id=run.id, url=run.url)

        async def do() -> None:
            if facts.job is not None:
                await writer.rerun_job(facts.job.id, debug=intent.debug)
            else:
                await writer.rerun(before.id, failed_only=intent.which is Which.FAILED, debug=intent.debug)

        return (Deed(_step(facts, intent, _what(facts, intent)), look, do, settle=20.0),)


def chosen_job(jobs: Sequence[Job], wanted: int | str | None) -> Job:
    """The job of that id or name; a part of a name is enough where only one has it. Raises a USAGE problem."""
    text = str(wanted or "").strip()
    found = [job for job in jobs if str(job.id) == text]
    found = found or [job for job in jobs if job.name == text]
    found = found or [job for job in jobs if text and text.casefold() in job.name.casefold()]
    if len(found) == 1:
        return found[0]
    names = ", ".join(dict.fromkeys(clean_line(job.name) for job in (found or jobs)[:20]))
    shown = clean_line(text, 100)
    if found:
        raise usage_error(f"Several jobs fit {shown!r}", hint=f"Say which by its whole name or id: {names}.")
    raise usage_error(f"The run has no job {shown!r}", hint=f"It has {names}." if names else "It has no jobs.")


def _what(facts: Facts, intent: Rerun) -> str:
    if facts.job is not None:
        return clean_line(facts.job.name)
    return "the failed jobs" if intent.which is Which.FAILED else "all jobs"


def _step(facts: Facts, intent: Rerun, what: str) -> Step:
    run = facts.one.run
    actions = f"POST /repos/{facts.one.repository.full_name}/actions"
    if facts.job is not None:
        request = f"{actions}/jobs/{facts.job.id}/rerun"
    else:
        tail = "rerun-failed-jobs" if intent.which is Which.FAILED else "rerun"
        request = f"{actions}/runs/{run.id}/{tail}"
    if intent.debug:
        request += ' {"enable_debug_logging": true}'
    names, perhaps = facts.again.names, facts.again.perhaps
    title = f"Run {_listed(names) or what} again"
    if perhaps:
        title += f"; {_listed(perhaps)} too, if the condition holds this time"
    return Step("rerun", title, request, undo="cancel the new attempt")


def _warnings(facts: Facts, intent: Rerun) -> tuple[str, ...]:
    run, again = facts.one.run, facts.again
    told = []
    if again.environments:
        names = ", ".join(environment_words(again.environments))
        told.append(f"It deploys to {names}. Earlier approvals do not carry over: reviewers are asked anew.")
    if intent.which is Which.ALL and run.state.finished and failed_jobs(facts.one.jobs):
        failed = len(failed_jobs(facts.one.jobs))
        told.append(f"Only {failed} of {len(facts.one.jobs)} jobs failed; --failed runs fewer.")
    if intent.debug:
        told.append("Debug logging makes logs long and may show more of the environment than usual.")
    if again.reason:
        told.append(f"This may not be all: {again.reason}.")
    return tuple(told)


def _listed(names: Sequence[str]) -> str:
    shown = [clean_line(name, 80) for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _begun(run: Run) -> str:
    by = f", started by {clean_line(run.triggering_actor)}" if run.triggering_actor else ""
    return f"attempt {run.attempt}{by}, is {run.word}"
