"""Where logs are: a redirect to a signed address on another origin."""

from __future__ import annotations

from relman.demo import storage
from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.records import RunRecord
from relman.demo.routes.actions import R, find_attempt, find_job, find_run
from relman.demo.routing import Route


def _to(ask: Ask, path: str) -> Reply:
    return Reply(b"", 302, {"location": storage.address(ask.site, path)}, media="text/html; charset=utf-8")


def _job_logs(ask: Ask) -> Reply:
    """Also for a job whose log is not written yet: the storage then says so."""
    return _to(ask, storage.JOB_LOG.format(job=find_job(ask).id))


def _archive(ask: Ask, run: RunRecord, attempt: int) -> Reply:
    """Only once the attempt is over, and only while the archive exists."""
    record = run.attempts[attempt - 1]
    if record.status != "completed":
        raise not_found()
    return _to(ask, storage.RUN_LOGS.format(run=run.id, attempt=attempt))


def _run_logs(ask: Ask) -> Reply:
    run = find_run(ask)
    return _archive(ask, run, len(run.attempts))


def _attempt_logs(ask: Ask) -> Reply:
    run, attempt = find_attempt(ask)
    return _archive(ask, run, attempt.number)


_READ = "actions=read"
ROUTES = (
    Route(
        "GET",
        R + "/jobs/{job:int}/logs",
        _job_logs,
        _READ,
        "actions/workflow-jobs#download-job-logs-for-a-workflow-run",
        signed_in=403,
    ),
    Route(
        "GET",
        R + "/runs/{run:int}/logs",
        _run_logs,
        _READ,
        "actions/workflow-runs#download-workflow-run-logs",
        signed_in=403,
    ),
    Route(
        "GET",
        R + "/runs/{run:int}/attempts/{attempt:int}/logs",
        _attempt_logs,
        _READ,
        "actions/workflow-runs#download-workflow-run-attempt-logs",
        signed_in=403,
    ),
)
