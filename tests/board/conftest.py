"""A repository in memory that answers as the GitHub reader does, and a clock that stands until it is told."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from msgspec import structs

from relman.errors import Kind, Problem, RelmanError
from relman.model.answer import Answer, Page
from relman.model.environment import (
    Approval,
    BranchPolicy,
    CustomRule,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
)
from relman.model.release import Branch, Release, Tag
from relman.model.repository import Budget, Repository, User
from relman.model.run import Annotation, Job, Run, Step, Workflow

START = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)
CI = ".github/workflows/ci.yml"


class StandingClock:
    def __init__(self):
        self.at = START
        self.seconds = 1000.0

    def now(self):
        return self.at

    def monotonic(self):
        return self.seconds

    def pass_(self, seconds):
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


def make_run(run_id, *, status="completed", conclusion="success", at=START, attempt=1, path=CI, **more):
    if status != "completed":
        conclusion = None
    return Run(
        id=run_id,
        name="CI",
        title=f"change {run_id}",
        number=run_id,
        attempt=attempt,
        event=more.pop("event", "push"),
        status=status,
        conclusion=conclusion,
        branch="main",
        sha=f"{run_id:040x}",
        workflow_id=1,
        path=path,
        created_at=at,
        started_at=at,
        updated_at=at + timedelta(minutes=10),
        **more,
    )


def make_job(job_id, run, name="test", *, seconds=60, conclusion="success", status="completed", attempt=None):
    start = run.created_at + timedelta(seconds=5)
    end = start + timedelta(seconds=seconds)
    done = status == "completed"
    return Job(
        id=job_id,
        run_id=run.id,
        attempt=attempt or run.attempt,
        name=name,
        status=status,
        conclusion=conclusion if done else None,
        created_at=run.created_at,
        started_at=start,
        completed_at=end if done else None,
        steps=(Step(1, "work", status, conclusion if done else None, start, end if done else None),),
        check_run_id=job_id,
    )


class Passing:
    """The reader for what is asked once; ``source.passed`` has the names of what was asked of it."""

    def __init__(self, source):
        self._source = source

    def __getattr__(self, name):
        self._source.passed.append(name)
        return getattr(self._source, name)


class Source:
    """The reader. ``calls`` has what was asked; ``fail[method]`` is raised; raw bodies look like GitHub's."""

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.fail = {}
        self.budget = Budget()
        self.all_runs = []
        self.all_jobs = {}
        self.cut_off = {}  # how many jobs at the end of a run's list do not come
        self.files = {}
        self.all_deployments = []
        self.statuses = {}
        self.waiting = {}
        self.decided = {}
        self.notes = {}
        self.all_environments = (Environment(1, "staging"), Environment(2, "production"))
        self.cap = 1000
        self.passed = []

    @property
    def passing(self):
        return Passing(self)

    def asked(self, name):
        return sum(1 for call in self.calls if call[0] == name)

    def _answer(self, name, value, raw=b"{}", **arguments):
        self.calls.append((name, arguments))
        problem = self.fail.get(name) or self.fail.get("*")
        if problem is not None:
            raise problem if isinstance(problem, BaseException) else RelmanError(problem)
        return Answer(value, raw, server_time=self.clock.now().replace(microsecond=0))

    def _none(self, what):
        raise RelmanError(Problem(Kind.NOT_FOUND, f"{what} was not found or is not visible", status=404))

    async def repository(self):
        return self._answer("repository", Repository("acme/app", "main"))

    async def viewer(self):
        return self._answer("viewer", User("mona", 7))

    async def rate_limit(self):
        return self._answer("rate_limit", self.budget)

    async def workflows(self):
        return self._answer("workflows", (Workflow(1, "CI", CI),))

    async def workflow_file(self, path, ref):
        answer = self._answer("workflow_file", self.files.get((path, ref)), path=path, ref=ref)
        if answer.value is None:
            self._none(path)
        return answer

    async def runs(self, *, status=None, created=None, per_page=100, page=1, **filters):
        found = sorted(self.all_runs, key=lambda run: (run.created_at, run.id), reverse=True)
        if status:
            found = [run for run in found if status in (run.status, run.conclusion)]
        if created:
            since, until = (datetime.fromisoformat(text) for text in created.split(".."))
            found = [run for run in found if since <= run.created_at <= until]
        total = len(found)
        if status or created:
            found = found[: self.cap]
        items = tuple(found[(page - 1) * per_page : page * per_page])
        raw = json.dumps({"workflow_runs": [{"id": run.id, "title": run.title} for run in items]}).encode()
        value = Page(items, total, more=page * per_page < len(found))
        return self._answer("runs", value, raw, status=status, created=created, page=page)

    async def run(self, run_id):
        answer = self._answer(
            "run", next((run for run in self.all_runs if run.id == run_id), None), run_id=run_id
        )
        if answer.value is None:
            self._none("The run")
        return answer

    async def attempt(self, run_id, attempt):
        run = next(run for run in self.all_runs if run.id == run_id)
        return self._answer("attempt", make_run(run_id, attempt=attempt, at=run.created_at), b'{"id":1}')

    async def jobs(self, run_id, *, attempt=None, every_attempt=False):
        every = self.all_jobs.get(run_id, ())
        newest = {job.name: job for job in every}
        value = tuple(every) if every_attempt else tuple(newest.values())
        missing = self.cut_off.get(run_id, 0)
        answer = self._answer(
            "jobs", value[: len(value) - missing], b'{"jobs":[]}', run_id=run_id, every_attempt=every_attempt
        )
        return structs.replace(answer, missing=missing)

    async def job(self, job_id):
        raise AssertionError("nothing here asks for this")

    async def annotations(self, check_run_id):
        return self._answer("annotations", (Annotation("failure", "boom"),), check_run_id=check_run_id)

    async def pending_deployments(self, run_id):
        return self._answer("pending", self.waiting.get(run_id, ()), run_id=run_id)

    async def approvals(self, run_id):
        return self._answer("approvals", self.decided.get(run_id, ()), run_id=run_id)

    async def environments(self):
        return self._answer("environments", self.all_environments)

    async def branch_policies(self, environment):
        return self._answer("branch_policies", (BranchPolicy(1, "v*", "tag"),), environment=environment)

    async def custom_rules(self, environment):
        return self._answer("custom_rules", (CustomRule(1, "datadog"),), environment=environment)

    async def branch(self, name):
        return self._answer("branch", Branch(name, "f" * 40), branch=name)

    async def any_protected_branch(self):
        return self._answer("any_protected_branch", True)

    async def deployments(self, *, environment=None, sha=None, per_page=30, page=1):
        found = [one for one in self.all_deployments if environment in (None, one.environment)]
        found.sort(key=lambda one: one.id, reverse=True)
        items = tuple(found[(page - 1) * per_page : page * per_page])
        return self._answer(
            "deployments", Page(items, more=page * per_page < len(found)), environment=environment
        )

    async def deployment_statuses(self, deployment_id):
        return self._answer("statuses", self.statuses.get(deployment_id, ()), deployment_id=deployment_id)

    async def tags(self, *, per_page=100, page=1):
        return self._answer("tags", Page((Tag("v1.0.0", "a" * 40),)))

    async def releases(self, *, per_page=30, page=1):
        return self._answer("releases", Page((Release(1, "v1.0.0", "1.0.0"),)))

    async def compare(self, base, head):
        raise AssertionError("nothing here asks for this")

    async def save_job_log(self, job_id, target, progress=None):
        self._answer("save_job_log", None, job_id=job_id)
        target.write_bytes(b"line\n" * 100)
        if progress:
            progress(500, 500)

    async def save_run_log(self, run_id, target, *, attempt=None, progress=None):
        self._answer("save_run_log", None, run_id=run_id)
        target.write_bytes(b"PK")

    async def aclose(self):
        return None


@pytest.fixture
async def eventually():
    """Waits until a condition holds; the test fails when it does not within ten seconds."""

    async def wait(condition):
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def source(clock):
    return Source(clock)


@pytest.fixture(scope="session")
def make():
    """Makers of facts."""
    return SimpleNamespace(
        run=make_run,
        job=make_job,
        START=START,
        CI=CI,
        deployment=lambda one, name="staging", changed=START, **more: Deployment(
            one, name, f"{one:040x}", "main", created_at=START, updated_at=changed, **more
        ),
        status=lambda one, state, run=None: DeploymentStatus(
            one, state, START, log_url=f"https://github.com/acme/app/actions/runs/{run}/job/1" if run else ""
        ),
        pending=PendingDeployment,
        approval=Approval,
        problem=lambda kind, **more: Problem(kind, f"a problem of {kind}", **more),
    )
