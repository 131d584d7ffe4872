"""The embedded world: one repository, its people and its pipeline, from eight weeks ago onwards.

The whole is a function of the seed, the moment it began and what was asked of it since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from relman.demo.agenda import Agenda
from relman.demo.chance import dice
from relman.demo.daily_work import DailyWork
from relman.demo.deploys import Deploys
from relman.demo.failures import FINE
from relman.demo.history import Calendar
from relman.demo.hub import MAIN, Hub
from relman.demo.job_logs import write_log
from relman.demo.job_tables import WORKFLOWS
from relman.demo.nights import Nights
from relman.demo.opening_scene import OpeningScene
from relman.demo.people import ACTIONS_BOT, DEVELOPERS, PRIYA, RELEASE_MANAGERS, TEAMS, TOMAS, USERS, VIEWER
from relman.demo.records import (
    CommitRecord,
    ComparisonRecord,
    EnvironmentRecord,
    JobRecord,
    RunRecord,
    TagRecord,
    UserRecord,
    WorkflowRecord,
)
from relman.demo.release_train import ReleaseTrain
from relman.demo.repository import Repository
from relman.demo.runs import Runs
from relman.demo.sources import changes_for, first_files, raised_limit
from relman.demo.state import Numbers, State
from relman.demo.subjects import CHORE, FEAT, FIX, Subject

_FIRST_VERSION = "v1.4.0"


class World:
    """Call :meth:`advance` before looking; every other method acts at the present moment.

    Raises :class:`relman.demo.state.Refusal` where GitHub would refuse.
    """

    owner = "acme"
    name = "agentic-backend"
    default_branch = MAIN
    viewer: UserRecord = VIEWER
    users: Sequence[UserRecord] = USERS
    teams = TEAMS

    def __init__(self, *, seed: int = 1, start: datetime, clock: Callable[[], datetime]) -> None:
        """``start``: the world's present when it begins (aware). ``clock``: its time since, never before."""
        self.start = start.astimezone(UTC).replace(microsecond=0)
        self._clock = clock
        calendar = Calendar(self.start, dice(seed, "calendar"))
        self._agenda = Agenda(calendar.beginning)
        raised = calendar.workday(44, 11)  # the one change of a workflow file in the eight weeks
        self._state = state = State(Numbers(seed), _workflows(calendar, raised), _environments(calendar))
        self._repository = Repository(state)
        self._runs = Runs(state, self._agenda, Deploys(state, self._agenda, ACTIONS_BOT), seed)
        self._hub = Hub(state, self._agenda, self._repository, self._runs)

        self.commits = state.commits
        self.branches = state.branches
        self.tags = state.tags
        self.pulls = state.pulls
        self.releases = state.releases
        self.workflows = state.workflows
        self.runs = state.runs
        self.jobs = state.jobs
        self.environments = state.environments
        self.deployments = state.deployments

        work = DailyWork(self._hub, calendar, seed)
        train = ReleaseTrain(self._hub, calendar, seed)
        first = self._first_commits(calendar)
        self._hub.push_tag(_FIRST_VERSION, first, f"Release {_FIRST_VERSION}", TOMAS, fate=FINE)
        work.begin()
        train.begin()
        Nights(self._hub, calendar, seed).begin()
        OpeningScene(calendar, work, train)
        self._agenda.at(
            raised, lambda: self._hub.push(MAIN, "ci: give the tests twenty minutes", PRIYA, raised_limit())
        )
        self._agenda.run_until(self.start)
        self._runs.show()

    def _first_commits(self, calendar: Calendar) -> str:
        """What was there before the eight weeks; its runs are long cleaned up. Gives the last commit."""
        at = calendar.beginning - timedelta(days=9, hours=3)
        commit = self._repository.commit([], "chore: begin", TOMAS, at, first_files())
        subjects = [
            ("feat", *FEAT[0]),
            ("feat", *FEAT[2]),
            ("fix", *FIX[1]),
            ("chore", *CHORE[1]),
            ("fix", *FIX[4]),
        ]
        for number, parts in enumerate(subjects):
            at += timedelta(hours=37)
            subject = Subject(*parts)
            changes = changes_for(subject, self._repository.files(commit.sha), again=9)
            title = f"{subject.title} (#{604 + number})"
            commit = self._repository.commit([commit.sha], title, DEVELOPERS[number], at, changes)
        self.branches[MAIN] = commit.sha
        return commit.sha

    # Time

    def now(self) -> datetime:
        return max(self.start, self._clock().astimezone(UTC).replace(microsecond=0))

    def advance(self) -> None:
        """Everything due by now happens."""
        self._agenda.run_until(self.now())
        self._runs.show()

    # Looking

    def attempt_jobs(self, run_id: int, attempt: int | None = None) -> list[JobRecord]:
        """The jobs of an attempt (None: the latest); those not run again are of an earlier attempt."""
        attempts = self._state.attempts[run_id]
        chosen = attempts[-1] if attempt is None else attempts[attempt - 1]
        return sorted(chosen.values(), key=lambda job: job.id)

    def log(self, job: JobRecord) -> bytes:
        """A finished job's log as GitHub stores it; empty for a job that never ran."""
        run = self.runs[job.run_id]
        failure = self._runs.failures.get(job.id)
        warnings = self._runs.warnings.get(job.id, ())
        serving = self._restored(job) if job.key == "rollback-production" else None
        return write_log(job, run, failure=failure, warnings=warnings, serving=serving)

    def _restored(self, job: JobRecord) -> tuple[str, str] | None:
        """Version and commit that production had before a job that rolled back."""
        for deployment in self.deployments:
            ended = [entry.at for entry in deployment.statuses if entry.state == "success"]
            if deployment.environment == "production" and ended and ended[0] < job.started_at:
                return deployment.ref.removeprefix("v"), deployment.sha
        return None

    def tree(self, sha: str) -> Mapping[str, bytes]:
        """The files at a commit by path."""
        return self._repository.files(sha)

    def history(self, sha: str) -> Iterator[CommitRecord]:
        """A commit and its ancestors, newest first."""
        return self._repository.history(sha)

    def ancestors(self, sha: str) -> set[str]:
        """A commit and its ancestors."""
        return self._repository.ancestors(sha)

    def compare(self, base: str, head: str) -> ComparisonRecord:
        """How one commit differs from another; both are full shas."""
        return self._repository.compare(base, head)

    def health(self, environment: str) -> tuple[int, dict[str, object]]:
        """What the service's health endpoint answers now: HTTP status and JSON."""
        live = self._state.live.get(environment)
        if live is None:
            return 503, {"status": "unavailable"}
        uptime = max(0, int((self.now() - live.since).total_seconds()))
        return 200, {"status": "ok", "version": live.version, "commit": live.commit, "uptime": uptime}

    def may_review(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord) -> bool:
        """Whether this person may approve or reject what waits there now."""
        return self._runs.may_review(run, environment, user)

    # Changing

    def push(self, branch: str, message: str, author: UserRecord, changes: Mapping[str, bytes]) -> CommitRecord:
        """One commit with changed files on a branch, which is made from main if it does not exist."""
        self.advance()
        return self._hub.push(branch, message, author, changes)

    def push_tag(self, name: str, commit: str, message: str, tagger: UserRecord) -> TagRecord:
        """An annotated tag; starts the runs that listen to it."""
        self.advance()
        return self._hub.push_tag(name, commit, message, tagger)

    def review(
        self, run_id: int, environment_ids: list[int], state: str, user: UserRecord, comment: str = ""
    ) -> None:
        """Approves or rejects (``state``: approved, rejected) what waits for these environments."""
        self.advance()
        self._runs.review(self.runs[run_id], environment_ids, state, user, comment)

    def dispatch(
        self, workflow: int | str, ref: str, user: UserRecord, inputs: Mapping[str, str] | None = None
    ) -> RunRecord:
        """Starts a workflow (id or file name) on a branch or tag."""
        self.advance()
        return self._hub.dispatch(workflow, ref, inputs or {}, user)

    def rerun(self, run_id: int, user: UserRecord, *, failed_only: bool = False) -> None:
        """A new attempt of a finished run."""
        self.advance()
        self._runs.rerun(self.runs[run_id], user, failed_only=failed_only)

    def cancel(self, run_id: int) -> None:
        """Asks a run to stop; it ends some seconds later."""
        self.advance()
        self._runs.cancel(self.runs[run_id])


def _workflows(calendar: Calendar, raised: datetime) -> list[WorkflowRecord]:
    made = calendar.beginning - timedelta(days=211, hours=5)
    return [
        WorkflowRecord(table.id, table.name, table.path, made, raised if table.file == "ci.yml" else made)
        for table in WORKFLOWS
    ]


def _environments(calendar: Calendar) -> list[EnvironmentRecord]:
    made = calendar.beginning - timedelta(days=205)
    return [
        EnvironmentRecord(5_118_420_663, "staging", made, made, url="https://staging.yourdomain.com"),
        EnvironmentRecord(
            5_118_420_791,
            "production",
            made,
            made,
            wait_minutes=5,
            reviewers=[VIEWER, RELEASE_MANAGERS],
            prevent_self_review=True,
            tags_only=["v*"],
            url="https://yourdomain.com",
        ),
    ]
