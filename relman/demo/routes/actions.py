"""Workflows, runs, attempts, jobs, artifacts."""

from __future__ import annotations

from relman.demo import storage
from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.filters import SEARCHED, run_tests
from relman.demo.paging import paged
from relman.demo.records import AttemptRecord, JobRecord, RunRecord, WorkflowRecord
from relman.demo.render import runs as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}/actions"
_RUNS = "actions/workflow-runs#"
_JOBS = "actions/workflow-jobs#"


def find_run(ask: Ask) -> RunRecord:
    run = ask.world.runs.get(ask.integer("run"))
    if run is None:
        raise not_found()
    return run


def find_attempt(ask: Ask) -> tuple[RunRecord, AttemptRecord]:
    run = find_run(ask)
    number = ask.integer("attempt")
    if not 1 <= number <= len(run.attempts):
        raise not_found()
    return run, run.attempts[number - 1]


def find_job(ask: Ask) -> JobRecord:
    job = storage.find_job(ask.world, ask.integer("job"))
    if job is None:
        raise not_found()
    return job


def find_workflow(ask: Ask) -> WorkflowRecord:
    """By number or by the file's name."""
    wanted = ask.params["workflow"]
    for one in ask.world.workflows:
        if wanted in (str(one.id), one.path.rsplit("/", 1)[-1]):
            return one
    raise not_found()


def _workflows(ask: Ask) -> Reply:
    return paged(ask, ask.world.workflows, lambda one: render.workflow(ask.view, one), under="workflows")


def _workflow(ask: Ask) -> Reply:
    record = find_workflow(ask)
    reply = Reply(render.workflow(ask.view, record))
    reply.modified = record.updated_at
    return reply


def _list_runs(ask: Ask, runs: list[RunRecord]) -> Reply:
    """Newest first. A filtered list ends at GitHub's cap however many there are."""
    tests = run_tests(ask.query)
    listed = [run for run in runs if all(test(run) for test in tests)]
    listed.sort(key=lambda run: (run.created_at, run.id), reverse=True)
    total = len(listed)
    if any(ask.query.get(name) for name in SEARCHED):
        listed = listed[: ask.site.cap.results]
        total = total if ask.site.cap.total == "all" else len(listed)
    pulls = ask.query.get("exclude_pull_requests") != "true"
    return paged(
        ask, listed, lambda run: render.run(ask.view, run, pulls=pulls), under="workflow_runs", total=total
    )


def _runs(ask: Ask) -> Reply:
    return _list_runs(ask, list(ask.world.runs.values()))


def _runs_of_workflow(ask: Ask) -> Reply:
    workflow = find_workflow(ask)
    return _list_runs(ask, [run for run in ask.world.runs.values() if run.workflow_id == workflow.id])


def _pulls(ask: Ask) -> bool:
    return ask.query.get("exclude_pull_requests") != "true"


def _run(ask: Ask) -> Reply:
    run = find_run(ask)
    reply = Reply(render.run(ask.view, run, pulls=_pulls(ask)))
    reply.modified = run.attempts[-1].updated_at
    return reply


def _attempt(ask: Ask) -> Reply:
    run, attempt = find_attempt(ask)
    reply = Reply(render.run(ask.view, run, attempt, pulls=_pulls(ask)))
    reply.modified = attempt.updated_at
    return reply


def _list_jobs(ask: Ask, jobs: list[JobRecord]) -> Reply:
    return paged(ask, jobs, lambda job: render.job(ask.view, job), under="jobs")


def _jobs(ask: Ask) -> Reply:
    run = find_run(ask)
    if ask.query.get("filter") == "all":
        return _list_jobs(ask, ask.world.jobs.get(run.id, []))
    return _list_jobs(ask, ask.world.attempt_jobs(run.id))


def _jobs_of_attempt(ask: Ask) -> Reply:
    run, attempt = find_attempt(ask)
    return _list_jobs(ask, ask.world.attempt_jobs(run.id, attempt.number))


def _job(ask: Ask) -> Reply:
    job = find_job(ask)
    reply = Reply(render.job(ask.view, job))
    reply.modified = job.completed_at
    return reply


def _artifacts(ask: Ask) -> Reply:
    find_run(ask)
    return _no_artifacts(ask)


def _no_artifacts(ask: Ask) -> Reply:
    """The world's jobs keep nothing."""
    nothing: list[object] = []
    return paged(ask, nothing, lambda one: one, under="artifacts")


_READ = "actions=read"
ROUTES = (
    Route("GET", R + "/workflows", _workflows, _READ, "actions/workflows#list-repository-workflows"),
    Route("GET", R + "/workflows/{workflow}", _workflow, _READ, "actions/workflows#get-a-workflow"),
    Route(
        "GET",
        R + "/workflows/{workflow}/runs",
        _runs_of_workflow,
        _READ,
        _RUNS + "list-workflow-runs-for-a-workflow",
    ),
    Route("GET", R + "/runs", _runs, _READ, _RUNS + "list-workflow-runs-for-a-repository"),
    Route("GET", R + "/runs/{run:int}", _run, _READ, _RUNS + "get-a-workflow-run"),
    Route(
        "GET",
        R + "/runs/{run:int}/attempts/{attempt:int}",
        _attempt,
        _READ,
        _RUNS + "get-a-workflow-run-attempt",
    ),
    Route("GET", R + "/runs/{run:int}/jobs", _jobs, _READ, _JOBS + "list-jobs-for-a-workflow-run"),
    Route(
        "GET",
        R + "/runs/{run:int}/attempts/{attempt:int}/jobs",
        _jobs_of_attempt,
        _READ,
        _JOBS + "list-jobs-for-a-workflow-run-attempt",
    ),
    Route("GET", R + "/jobs/{job:int}", _job, _READ, _JOBS + "get-a-job-for-a-workflow-run"),
    Route("GET", R + "/artifacts", _no_artifacts, _READ, "actions/artifacts#list-artifacts-for-a-repository"),
    Route(
        "GET",
        R + "/runs/{run:int}/artifacts",
        _artifacts,
        _READ,
        "actions/artifacts#list-workflow-run-artifacts",
    ),
)
