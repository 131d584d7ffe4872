"""Jobs as check runs, their annotations, and runs as check suites."""

from __future__ import annotations

from relman.demo.records import AnnotationRecord, JobRecord, RunRecord
from relman.demo.render.commits import head_commit
from relman.demo.render.people import actions_app
from relman.demo.render.repository import nested
from relman.demo.view import JSON, View, escape, node_id, stamp, stamp_or_none


def check_run(view: View, job: JobRecord) -> JSON:
    run = view.world.runs[job.run_id]
    address = view.repo(f"/check-runs/{job.id}")
    page = view.page(f"/actions/runs/{run.id}/job/{job.id}")
    return {
        "id": job.id,
        "name": job.name,
        "node_id": node_id("CheckRun", job.id),
        "head_sha": run.sha,
        "external_id": node_id("Job", job.id),
        "url": address,
        "html_url": page,
        "details_url": page,
        "status": job.status,
        "conclusion": job.conclusion,
        "started_at": stamp(job.started_at),
        "completed_at": stamp_or_none(job.completed_at),
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": len(job.annotations),
            "annotations_url": f"{address}/annotations",
        },
        "check_suite": {"id": run.check_suite_id},
        "app": actions_app(view),
        "pull_requests": [],
    }


def annotation(view: View, record: AnnotationRecord, sha: str) -> JSON:
    return {
        "path": record.path,
        "blob_href": view.page(f"/blob/{sha}/{escape(record.path)}"),
        "start_line": record.start_line,
        "start_column": None,
        "end_line": record.end_line,
        "end_column": None,
        "annotation_level": record.level,
        "title": record.title or "",
        "message": record.message,
        "raw_details": "",
    }


def check_suite(view: View, run: RunRecord) -> JSON:
    address = view.repo(f"/check-suites/{run.check_suite_id}")
    attempt = run.attempts[-1]
    commit = view.world.commits.get(run.sha)
    return {
        "id": run.check_suite_id,
        "node_id": node_id("CheckSuite", run.check_suite_id),
        "head_branch": run.branch,
        "head_sha": run.sha,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "url": address,
        "before": commit.parents[0] if commit is not None and commit.parents else None,
        "after": run.sha,
        "pull_requests": [],
        "app": actions_app(view),
        "repository": nested(view),
        "created_at": stamp(run.created_at),
        "updated_at": stamp(attempt.updated_at),
        "rerequestable": True,
        "runs_rerequestable": False,
        "latest_check_runs_count": len(view.world.attempt_jobs(run.id)),
        "check_runs_url": f"{address}/check-runs",
        "head_commit": head_commit(view, run.sha),
    }


def combined_status(view: View, sha: str) -> JSON:
    """Commit statuses: this world's checks are all check runs, so there are none; GitHub then says pending."""
    address = view.repo(f"/commits/{sha}")
    return {
        "state": "pending",
        "statuses": [],
        "sha": sha,
        "total_count": 0,
        "repository": nested(view),
        "commit_url": address,
        "url": f"{address}/status",
    }
