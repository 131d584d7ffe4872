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
from relman.demo.moves import Moves
from relman.demo.nights import Nights
from relman.demo.opening_scene import OpeningScene
from relman.demo.people import ACTIONS_BOT, DEVELOPERS, PRIYA, RELEASE_MANAGERS, TEAMS, TOMAS, USERS, VIEWER
from relman.demo.records import (
    CommitRecord,
    ComparisonRecord,
    EnvironmentRecord,
    JobRecord,
    RulesetRecord,
    UserRecord,
    WorkflowRecord,
)
from relman.demo.release_train import ReleaseTrain
from relman.demo.releases import Releases
from relman.demo.repository import Repository
from relman.demo.runs import Runs
from relman.demo.sources import changes_for, first_files, raised_limit
from relman.demo.state import Numbers, State
from relman.demo.subjects import CHORE, FEAT, FIX, Subject

_FIRST_VERSION = "v1.4.0"


class World(Moves):
    """Call :meth:`advance` before looking; every move acts at the present moment.

    Raises :class:`relman.demo.state.Refusal` where GitHub would refuse.
    """

    owner = "acme"
    name = "agentic-backend"
    default_branch = MAIN
    viewer: UserRecord = VIEWER  # whose token it is
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
        state.rulesets.append(_version_tags(calendar))
        self._repository = Repository(state)
        self._runs = Runs(state, self._agenda, Deploys(state, self._agenda, ACTIONS_BOT), seed)
        self._hub = Hub(state, self._agenda, self._repository, self._runs)
        self._releases = Releases(state, self._agenda, self._hub)

        self.commits = state.commits
        self.branches = state.branches
        self.tags = state.tags
        self.tag_objects = state.tag_objects
        self.rulesets = state.rulesets
        self.pulls = state.pulls
        self.releases = state.releases
        self.workflows = state.workflows
        self.runs = state.runs
        self.jobs = state.jobs
        self.environments = state.environments
        self.deployments = state.deployments

        work = DailyWork(self._hub, calendar, seed)
        train = ReleaseTrain(self._hub, self._releases, calendar, seed)
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

    def person(self, login: str) -> UserRecord:
        """Somebody by login; KeyError where there is nobody of that name."""
        for one in self.users:
            if one.login.lower() == login.lower():
                return one
        raise KeyError(login)

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
        debug = run.attempts[job.attempt - 1].debug
        return write_log(job, run, failure=failure, warnings=warnings, serving=serving, debug=debug)

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


def _version_tags(calendar: Calendar) -> RulesetRecord:
    made = calendar.beginning - timedelta(days=203)
    rules = ["deletion", "non_fast_forward", "update"]
    return RulesetRecord(1_652_383, "Version tags", "tag", ["refs/tags/v*"], rules, made, made)
