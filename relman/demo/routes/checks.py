"""Check runs, annotations, check suites, commit statuses."""

from __future__ import annotations

from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.paging import paged
from relman.demo.records import JobRecord, RunRecord
from relman.demo.refs import commit_named, find_commit
from relman.demo.render import checks as render
from relman.demo.routes.actions import find_job
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _suites_at(ask: Ask) -> list[RunRecord]:
    sha = commit_named(ask.world, ask.params["ref"])
    return sorted((run for run in ask.world.runs.values() if run.sha == sha), key=lambda run: run.id)


def _jobs_shown(ask: Ask, runs: list[RunRecord]) -> list[JobRecord]:
    """The newest attempt, or every one; by name and status where asked."""
    every = ask.query.get("filter") == "all"
    jobs = [
        job
        for run in runs
        for job in (ask.world.jobs.get(run.id, []) if every else ask.world.attempt_jobs(run.id))
    ]
    name, status = ask.query.get("check_name"), ask.query.get("status")
    jobs = [job for job in jobs if name in (None, job.name) and status in (None, job.status)]
    return sorted(jobs, key=lambda job: job.id, reverse=True)


def _list(ask: Ask, jobs: list[JobRecord]) -> Reply:
    return paged(ask, jobs, lambda job: render.check_run(ask.view, job), under="check_runs")


def _check_run(ask: Ask) -> Reply:
    return Reply(render.check_run(ask.view, find_job(ask)))


def _annotations(ask: Ask) -> Reply:
    job = find_job(ask)
    sha = ask.world.runs[job.run_id].sha
    return paged(ask, job.annotations, lambda one: render.annotation(ask.view, one, sha))


def _check_runs_at(ask: Ask) -> Reply:
    return _list(ask, _jobs_shown(ask, _suites_at(ask)))


def _check_suites_at(ask: Ask) -> Reply:
    return paged(ask, _suites_at(ask), lambda run: render.check_suite(ask.view, run), under="check_suites")


def _find_suite(ask: Ask) -> RunRecord:
    wanted = ask.integer("suite")
    for run in ask.world.runs.values():
        if run.check_suite_id == wanted:
            return run
    raise not_found()


def _check_suite(ask: Ask) -> Reply:
    return Reply(render.check_suite(ask.view, _find_suite(ask)))


def _check_runs_of_suite(ask: Ask) -> Reply:
    return _list(ask, _jobs_shown(ask, [_find_suite(ask)]))


def _status(ask: Ask) -> Reply:
    sha = find_commit(ask.world, ask.params["ref"])
    if sha is None:
        raise not_found()
    return Reply(render.combined_status(ask.view, sha))


def _statuses(ask: Ask) -> Reply:
    if find_commit(ask.world, ask.params["ref"]) is None:
        raise not_found()
    nothing: list[object] = []
    return paged(ask, nothing, lambda one: one)


_READ = "checks=read"
ROUTES = (
    Route("GET", R + "/check-runs/{job:int}", _check_run, _READ, "checks/runs#get-a-check-run"),
    Route(
        "GET",
        R + "/check-runs/{job:int}/annotations",
        _annotations,
        _READ,
        "checks/runs#list-check-run-annotations",
    ),
    Route(
        "GET",
        R + "/commits/{ref:path}/check-runs",
        _check_runs_at,
        _READ,
        "checks/runs#list-check-runs-for-a-git-reference",
    ),
    Route(
        "GET",
        R + "/commits/{ref:path}/check-suites",
        _check_suites_at,
        _READ,
        "checks/suites#list-check-suites-for-a-git-reference",
    ),
    Route("GET", R + "/check-suites/{suite:int}", _check_suite, _READ, "checks/suites#get-a-check-suite"),
    Route(
        "GET",
        R + "/check-suites/{suite:int}/check-runs",
        _check_runs_of_suite,
        _READ,
        "checks/runs#list-check-runs-in-a-check-suite",
    ),
    Route(
        "GET",
        R + "/commits/{ref:path}/status",
        _status,
        "statuses=read",
        "commits/statuses#get-the-combined-status-for-a-specific-reference",
    ),
    Route(
        "GET",
        R + "/commits/{ref:path}/statuses",
        _statuses,
        "statuses=read",
        "commits/statuses#list-commit-statuses-for-a-reference",
    ),
)
