"""Deployments and what they leave running: one deployment for each job that names an environment."""

from __future__ import annotations

from relman.demo.agenda import Agenda
from relman.demo.records import (
    DeploymentRecord,
    EnvironmentRecord,
    JobRecord,
    RunRecord,
    StatusRecord,
    UserRecord,
)
from relman.demo.state import Live, State


class Deploys:
    def __init__(self, state: State, agenda: Agenda, bot: UserRecord) -> None:
        self._state = state
        self._agenda = agenda
        self._bot = bot  # writes the statuses
        self._by_job: dict[int, DeploymentRecord] = {}
        self._active: dict[str, DeploymentRecord] = {}  # by environment: the last that succeeded

    def begin(self, run: RunRecord, job: JobRecord, environment: EnvironmentRecord) -> None:
        deployment = DeploymentRecord(
            id=self._state.numbers.next("deployment"),
            environment=environment.name,
            sha=run.sha,
            ref=run.branch,
            creator=run.attempts[-1].triggering_actor,
            created_at=self._agenda.now,
            statuses=[],
        )
        self._by_job[job.id] = deployment
        self._state.deployments.insert(0, deployment)

    def of(self, job: JobRecord) -> DeploymentRecord:
        """The deployment of a job that has not ended."""
        return self._by_job[job.id]

    def report(self, job: JobRecord, state: str) -> None:
        """Adds a status, where the job deploys at all."""
        deployment = self._by_job.get(job.id)
        if deployment is not None:
            self._add(deployment, state, job.run_id, job.id)

    def serve(self, run: RunRecord, job: JobRecord) -> None:
        """The servers answer with what this job brought them."""
        now = self._agenda.now
        if job.environment is None:  # the automatic way back: the same version, restarted
            live = self._state.live.get("production")
            if live is not None:
                live.since = now
            return
        asked = run.inputs.get("version", "")
        tag = self._state.tags.get(asked or run.branch)
        if tag is not None:
            self._state.live[job.environment] = Live(tag.name.removeprefix("v"), tag.commit, now)
        else:
            self._state.live[job.environment] = Live(f"main-{run.sha[:7]}", run.sha, now)

    def end(self, run: RunRecord, job: JobRecord) -> None:
        deployment = self._by_job.pop(job.id, None)
        if deployment is None:
            return
        if job.conclusion != "success":
            self._add(deployment, "failure", run.id, job.id)
            return
        self._add(deployment, "success", run.id, job.id)
        former = self._active.get(deployment.environment)
        self._active[deployment.environment] = deployment
        if former is not None:
            last = former.statuses[-1]
            self._add(former, "inactive", last.run_id, last.job_id)

    def _add(self, deployment: DeploymentRecord, state: str, run_id: int, job_id: int) -> None:
        deployment.statuses.append(
            StatusRecord(
                id=self._state.numbers.next("status"),
                state=state,
                at=self._agenda.now,
                creator=self._bot,
                description="",
                environment_url=self._state.environment(deployment.environment).url,
                run_id=run_id,
                job_id=job_id,
            )
        )
