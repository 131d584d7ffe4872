"""The life of workflow runs: jobs appear when their needs are finished, wait, run and end.

Needs, conditions, environments (wait timer, review, tags only), concurrency, re-runs and cancelling
behave as on GitHub. Everything random about a job is drawn from the seed, the run and the job alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from random import Random

from relman.demo.agenda import Agenda
from relman.demo.chance import dice
from relman.demo.deploys import Deploys
from relman.demo.failures import FAILURES, WARNINGS, Fate, draw_fate
from relman.demo.job_tables import (
    BY_ID,
    CD,
    CI,
    SCHEDULED,
    JobTable,
    Trigger,
    concurrency_group,
    descendants,
    succeeded,
)
from relman.demo.records import (
    AnnotationRecord,
    AttemptRecord,
    DeploymentRecord,
    EnvironmentRecord,
    JobRecord,
    PendingRecord,
    ReviewRecord,
    RunRecord,
    TeamRecord,
    UserRecord,
)
from relman.demo.state import Refusal, State
from relman.demo.step_plan import Plan, plan_job

REVIEW_DEADLINE = timedelta(days=30)
_RERUN_WITHIN = timedelta(days=30)
_EARLIER_RUNS = {CI.id: 2140, CD.id: 788, SCHEDULED.id: 311}  # before the world began; long cleaned up


class Runs:
    def __init__(self, state: State, agenda: Agenda, deploys: Deploys, seed: int) -> None:
        self.state = state
        self.agenda = agenda
        self.deploys = deploys
        self.seed = seed
        self.failures: dict[int, str] = {}  # by job: the kind its log tells
        self.warnings: dict[int, list[str]] = {}
        self.finished: list[Callable[[RunRecord], None]] = []  # told of every run that ends
        self.arrived: list[Callable[[RunRecord, EnvironmentRecord], None]] = []  # told of every gate reached
        self._fates: dict[int, Fate] = {}  # by run
        self._plans: dict[int, Plan] = {}  # by job in progress
        self._holders: dict[str, int] = {}  # concurrency group: job
        self._behind: dict[str, JobRecord] = {}  # concurrency group: the one job that waits for it
        self._newest: dict[str, RunRecord] = {}  # workflow concurrency group: its run
        self._cancelled: set[int] = set()  # runs whose latest attempt is being or was cancelled
        self._counts = dict(_EARLIER_RUNS)  # by workflow

    # Beginning

    def start(
        self,
        workflow_id: int,
        trigger: Trigger,
        *,
        branch: str,
        sha: str,
        title: str,
        actor: UserRecord,
        pull_request: int | None = None,
        fate: Fate | None = None,
    ) -> RunRecord:
        table = BY_ID[workflow_id]
        now = self.agenda.now
        number = self._counts[workflow_id] + 1
        self._counts[workflow_id] = number
        run = RunRecord(
            id=self.state.numbers.next("run"),
            workflow_id=workflow_id,
            number=number,
            event=trigger.event,
            branch=branch,
            sha=sha,
            title=title,
            actor=actor,
            created_at=now,
            check_suite_id=self.state.numbers.next("check_suite"),
            attempts=[AttemptRecord(1, "queued", now, now, actor)],
            ref=trigger.ref,
            inputs=dict(trigger.inputs),
            pull_request=pull_request,
        )
        self.state.runs[run.id] = run
        self.state.jobs[run.id] = []
        self.state.attempts[run.id] = [{}]
        self._fates[run.id] = fate or draw_fate(self._rng(run.id, "fate"), table.file, trigger.event)
        group = concurrency_group(table, pull_request)
        if group is not None:
            before = self._newest.get(group)
            if before is not None and before.attempts[-1].status != "completed":
                self.cancel(before)
            self._newest[group] = run
        self._settle(run)
        return run

    def rerun(
        self,
        run: RunRecord,
        user: UserRecord,
        *,
        failed_only: bool = False,
        job: JobRecord | None = None,
        debug: bool = False,
    ) -> None:
        """A new attempt. With ``failed_only`` the jobs that went well keep their earlier attempt, with
        ``job`` all but this one and those that need it do. ``debug``: its logs hold debug lines.
        """
        now = self.agenda.now
        if run.attempts[-1].status != "completed":
            raise Refusal("This workflow is already running", 403)
        if now - run.created_at > _RERUN_WITHIN:
            raise Refusal("Unable to retry this workflow run because it was created over a month ago", 403)
        before = self.state.attempts[run.id][-1]
        if job is not None:
            if before.get(job.key) is not job:
                raise Refusal("Only jobs of the latest attempt can be run again", 403)
            again = descendants(BY_ID[run.workflow_id], {job.key})
        elif failed_only:
            failed = {key for key, one in before.items() if one.conclusion not in {"success", "skipped"}}
            if not failed:
                raise Refusal("This workflow run has no failed jobs", 403)
            again = descendants(BY_ID[run.workflow_id], failed)
        else:
            again = set(before)
        run.attempts.append(AttemptRecord(len(run.attempts) + 1, "queued", now, now, user, debug=debug))
        self.state.attempts[run.id].append({k: job for k, job in before.items() if k not in again})
        self._cancelled.discard(run.id)
        self._settle(run)

    def cancel(self, run: RunRecord) -> None:
        """Asks the run to stop: what waits ends at once, what runs a few seconds later."""
        if run.attempts[-1].status == "completed":
            raise Refusal("Cannot cancel a workflow run that is completed.", 409)
        if run.id in self._cancelled:
            return
        self._cancelled.add(run.id)
        rng = self._rng(run.id, "cancel", len(run.attempts))
        for job in list(self.state.attempts[run.id][-1].values()):
            if job.status == "in_progress":
                self.agenda.after(rng.randint(3, 11), partial(self._stop, run, job))
            elif job.status != "completed":
                self._stop(run, job)
        self._settle(run)

    def force_cancel(self, run: RunRecord) -> None:
        """Ends every job of the run at once."""
        if run.attempts[-1].status == "completed":
            raise Refusal("Cannot cancel a workflow run that is completed.", 409)
        self._cancelled.add(run.id)
        for job in list(self.state.attempts[run.id][-1].values()):
            self._stop(run, job)
        self._settle(run)

    def delete(self, run: RunRecord) -> None:
        """Forgets a finished run, its attempts, jobs and logs. What it deployed stays in the history."""
        if run.attempts[-1].status != "completed":
            raise Refusal("Could not delete the workflow run", 403)
        for job in self.state.jobs.pop(run.id):
            self.failures.pop(job.id, None)
            self.warnings.pop(job.id, None)
        del self.state.runs[run.id], self.state.attempts[run.id], self._fates[run.id]
        self._cancelled.discard(run.id)

    # Gates

    def may_review(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord) -> bool:
        """Whether this person's review would count now."""
        waiting = next((p for p in run.pending if p.environment_id == environment.id), None)
        if waiting is None or waiting.reviewed or not environment.reviewers:
            return False
        if environment.prevent_self_review and user.id == run.attempts[-1].triggering_actor.id:
            return False
        return any(
            user.id in {member.id for member in one.members}
            if isinstance(one, TeamRecord)
            else one.id == user.id
            for one in environment.reviewers
        )

    def review(
        self, run: RunRecord, environment_ids: list[int], state: str, user: UserRecord, comment: str
    ) -> list[DeploymentRecord]:
        """Approves or rejects all jobs of the run that wait for these environments; all or nothing.

        Gives the deployments that were waiting.
        """
        unreviewed = {one.environment_id for one in run.pending if not one.reviewed}
        environments = [one for one in self.state.environments if one.id in set(environment_ids)]
        if not environments or not set(environment_ids) <= unreviewed:
            raise Refusal("There are no pending deployment requests to approve or reject")
        if not all(self.may_review(run, one, user) for one in environments):
            raise Refusal("You cannot review this deployment request", 403)
        waiting = [job for one in environments for job in self._waiting(run, one)]
        deployments = [self.deploys.of(job) for job in waiting]
        run.reviews.append(
            ReviewRecord(state, user, comment, [one.id for one in environments], self.agenda.now)
        )
        for environment in environments:
            pending = next(p for p in run.pending if p.environment_id == environment.id)
            if state == "approved":
                pending.reviewed = True
                self._open(run, environment)
            else:
                self._refuse(run, environment)
        self._refresh(run)
        return deployments

    def _arrive(self, run: RunRecord, job: JobRecord, table: JobTable) -> None:
        """A new job stands before its environment."""
        if table.environment is None:
            self._lock(run, job, table)
            return
        environment = self.state.environment(table.environment)
        job.environment = environment.name
        kind, _, name = run.ref.removeprefix("refs/").partition("/")
        if environment.tags_only and not (
            kind == "tags" and any(fnmatchcase(name, pattern) for pattern in environment.tags_only)
        ):
            what = "Tag" if kind == "tags" else "Branch"
            message = (
                f'{what} "{name}" is not allowed to deploy to {environment.name} '
                "due to environment protection rules."
            )
            job.annotations.append(AnnotationRecord("failure", message, None, ".github", 1, 1))
            self._end(run, job, "failure")
            return
        self.deploys.begin(run, job, environment)
        if not environment.wait_minutes and not environment.reviewers:
            self._lock(run, job, table)
            return
        job.status = "waiting"
        self.deploys.report(job, "waiting")
        if all(pending.environment_id != environment.id for pending in run.pending):
            now = self.agenda.now
            run.pending.append(PendingRecord(environment.id, now))
            if environment.wait_minutes:
                timer = timedelta(minutes=environment.wait_minutes)
                self.agenda.at(now + timer, partial(self._open, run, environment))
            self.agenda.at(now + REVIEW_DEADLINE, partial(self._expire, run, environment, now))
            for tell in self.arrived:
                tell(run, environment)

    def _waiting(self, run: RunRecord, environment: EnvironmentRecord) -> list[JobRecord]:
        return [
            job
            for job in self.state.attempts[run.id][-1].values()
            if job.status == "waiting" and job.environment == environment.name
        ]

    def _open(self, run: RunRecord, environment: EnvironmentRecord) -> None:
        """Lets the jobs through when both the timer and the review allow it."""
        pending = next((p for p in run.pending if p.environment_id == environment.id), None)
        if pending is None or (environment.reviewers and not pending.reviewed):
            return
        if self.agenda.now < pending.started_at + timedelta(minutes=environment.wait_minutes):
            return
        run.pending.remove(pending)
        for job in self._waiting(run, environment):
            self._lock(run, job, BY_ID[run.workflow_id].job(job.key))
        self._refresh(run)

    def _refuse(self, run: RunRecord, environment: EnvironmentRecord) -> None:
        waiting = self._waiting(run, environment)
        self._forget(run, environment.id)
        for job in waiting:
            self._end(run, job, "failure")
        self._settle(run)

    def _expire(self, run: RunRecord, environment: EnvironmentRecord, since: object) -> None:
        if any(p.environment_id == environment.id and p.started_at == since for p in run.pending):
            self._refuse(run, environment)

    def _forget(self, run: RunRecord, environment_id: int) -> None:
        run.pending[:] = [p for p in run.pending if p.environment_id != environment_id]

    def _lock(self, run: RunRecord, job: JobRecord, table: JobTable) -> None:
        group = table.lock
        if group is not None and self._holders.setdefault(group, job.id) != job.id:
            displaced = self._behind.get(group)
            self._behind[group] = job
            job.status = "pending"
            if displaced is not None:
                owner = self.state.runs[displaced.run_id]
                self._stop(owner, displaced)
            return
        self._queue(run, job)

    def _unlock(self, job: JobRecord) -> None:
        group = BY_ID[self.state.runs[job.run_id].workflow_id].job(job.key).lock
        if group is None:
            return
        if self._behind.get(group) is job:
            del self._behind[group]
        if self._holders.get(group) != job.id:
            return
        del self._holders[group]
        following = self._behind.pop(group, None)
        if following is not None:
            self._holders[group] = following.id
            run = self.state.runs[following.run_id]
            self._queue(run, following)
            self._refresh(run)

    # Running

    def _queue(self, run: RunRecord, job: JobRecord) -> None:
        job.status = "queued"
        self.deploys.report(job, "queued")
        rng = self._rng(run.id, job.key, job.attempt)
        busy = rng.random() < 0.04 and not self._fates[run.id].steady
        seconds = rng.randint(25, 95) if busy else rng.randint(2, 9)
        self.agenda.after(seconds, partial(self._begin, run, job, rng))

    def _begin(self, run: RunRecord, job: JobRecord, rng: Random) -> None:
        if job.status != "queued":
            return
        table = BY_ID[run.workflow_id].job(job.key)
        fate = self._fates[run.id]
        failure = fate.failure_in(job.key, job.attempt)
        now = self.agenda.now
        plan = plan_job(
            table,
            now,
            rng,
            failing_step=FAILURES[failure].step if failure else None,
            steady=fate.steady,
        )
        if failure:
            self.failures[job.id] = failure
        said = [name for name in fate.warnings if WARNINGS[name][0] == job.key]
        if said:
            self.warnings[job.id] = said
        job.status, job.started_at = "in_progress", now
        job.runner = f"GitHub Actions {1_000_180_000 + job.id % 99_991}"
        job.steps = [step.record for step in plan.steps]
        self._plans[job.id] = plan
        self.deploys.report(job, "in_progress")
        serves = plan.end_of(table.goes_live) if table.goes_live else None
        if serves is not None:
            self.agenda.at(serves, partial(self._serve, run, job))
        self.agenda.at(plan.ends, partial(self._finish, run, job))
        self._refresh(run)

    def _serve(self, run: RunRecord, job: JobRecord) -> None:
        if self._plans.get(job.id) is not None:
            self.deploys.serve(run, job)

    def _finish(self, run: RunRecord, job: JobRecord) -> None:
        plan = self._plans.pop(job.id, None)
        if plan is None:
            return
        plan.show(self.agenda.now)
        if job.id in self.failures:
            job.annotations.extend(FAILURES[self.failures[job.id]].annotations)
        job.annotations.extend(WARNINGS[name][1] for name in self.warnings.get(job.id, ()))
        self._end(run, job, plan.conclusion)
        self._settle(run)

    def _stop(self, run: RunRecord, job: JobRecord) -> None:
        """Ends a job as cancelled, wherever it stands."""
        if job.status == "completed":
            return
        plan = self._plans.pop(job.id, None)
        if plan is not None:
            plan.stop(self.agenda.now)
            self.failures.pop(job.id, None)
        job.annotations.append(
            AnnotationRecord("failure", "The operation was canceled.", None, ".github", 1, 1)
        )
        self._end(run, job, "cancelled")
        self._settle(run)

    def _end(self, run: RunRecord, job: JobRecord, conclusion: str) -> None:
        now = self.agenda.now
        if job.status != "in_progress":
            job.started_at = now
        job.status, job.conclusion, job.completed_at = "completed", conclusion, now
        if job.environment is not None:
            environment = self.state.environment(job.environment)
            if not self._waiting(run, environment):
                self._forget(run, environment.id)
        self.deploys.end(run, job)
        self._unlock(job)

    # The run as a whole

    def _settle(self, run: RunRecord) -> None:
        """Creates the jobs whose needs are finished, then brings the run's status up to date."""
        jobs = self.state.attempts[run.id][-1]
        trigger = Trigger(run.event, run.ref, run.inputs)
        for table in BY_ID[run.workflow_id].jobs:
            if table.key in jobs:
                continue
            needed = {key: jobs[key] for key in table.needs if key in jobs}
            if len(needed) < len(table.needs) or any(one.status != "completed" for one in needed.values()):
                continue
            self._create(run, table, trigger, _with_ancestors(run, jobs, needed))
        self._refresh(run)

    def _create(
        self, run: RunRecord, table: JobTable, trigger: Trigger, needed: Mapping[str, JobRecord]
    ) -> None:
        now = self.agenda.now
        job = JobRecord(
            id=self.state.numbers.next("job"),
            run_id=run.id,
            attempt=len(run.attempts),
            key=table.key,
            name=table.key,
            status="queued",
            created_at=now,
            started_at=now,
        )
        self.state.jobs[run.id].append(job)
        self.state.attempts[run.id][-1][table.key] = job
        stopped = run.id in self._cancelled
        if stopped or not (table.holds(trigger, needed) if table.holds else succeeded(needed)):
            job.labels = []
            self._end(run, job, "skipped")
        else:
            self._arrive(run, job, table)

    def _refresh(self, run: RunRecord) -> None:
        attempt = run.attempts[-1]
        if attempt.status == "completed":
            return
        jobs = self.state.attempts[run.id][-1]
        statuses = {job.status for job in jobs.values()}
        now = self.agenda.now
        attempt.updated_at = now
        if statuses == {"completed"} and len(jobs) == len(BY_ID[run.workflow_id].jobs):
            attempt.status = "completed"
            conclusions = {job.conclusion for job in jobs.values()}
            if run.id in self._cancelled or "cancelled" in conclusions:
                attempt.conclusion = "cancelled"
            elif "failure" in conclusions:
                attempt.conclusion = "failure"
            else:
                attempt.conclusion = "success" if "success" in conclusions else "skipped"
            for tell in self.finished:
                tell(run)
            return
        if "in_progress" in statuses:
            attempt.status = "in_progress"
        elif "queued" in statuses:
            started = any(job.status == "completed" and job.steps for job in jobs.values())
            attempt.status = "in_progress" if started else "queued"
        elif "waiting" in statuses:
            attempt.status = "waiting"
        elif "pending" in statuses:
            attempt.status = "pending"

    def show(self) -> None:
        """Brings the steps of all running jobs to the present."""
        for plan in self._plans.values():
            plan.show(self.agenda.now)

    def _rng(self, *parts: object) -> Random:
        return dice(self.seed, *parts)


def _with_ancestors(
    run: RunRecord, jobs: Mapping[str, JobRecord], needed: Mapping[str, JobRecord]
) -> dict[str, JobRecord]:
    """The needed jobs. Conditions here name direct needs only, which GitHub's ``success()`` extends."""
    found = dict(needed)
    tables = BY_ID[run.workflow_id]
    for key in list(found):
        for above in tables.job(key).needs:
            found.setdefault(above, jobs[above])
    return found
