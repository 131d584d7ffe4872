"""Workflows, runs and their attempts, jobs and steps."""

from __future__ import annotations

from relman.demo.records import AttemptRecord, JobRecord, RunRecord, StepRecord, WorkflowRecord
from relman.demo.render.commits import head_commit
from relman.demo.render.people import user
from relman.demo.render.pulls import PULL_IDS
from relman.demo.render.repository import nested
from relman.demo.view import JSON, REPOSITORY_ID, View, escape, node_id, stamp, stamp_or_none


def workflow(view: View, record: WorkflowRecord) -> JSON:
    file = record.path.rsplit("/", 1)[-1]
    return {
        "id": record.id,
        "node_id": node_id("Workflow", record.id),
        "name": record.name,
        "path": record.path,
        "state": record.state,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "url": view.repo(f"/actions/workflows/{record.id}"),
        "html_url": view.page(f"/blob/{view.world.default_branch}/{record.path}"),
        "badge_url": view.page(f"/actions/workflows/{escape(file)}/badge.svg"),
    }


def workflow_of(view: View, run: RunRecord) -> WorkflowRecord:
    return next(one for one in view.world.workflows if one.id == run.workflow_id)


def run(view: View, record: RunRecord, attempt: AttemptRecord | None = None, *, pulls: bool = True) -> JSON:
    """The run at an attempt, the latest without one. ``created_at`` never moves for the latest."""
    source = workflow_of(view, record)
    address = view.repo(f"/actions/runs/{record.id}")
    at = attempt or record.attempts[-1]
    here = f"{address}/attempts/{at.number}" if attempt is not None else address
    before = f"{address}/attempts/{at.number - 1}" if at.number > 1 else None
    suite = view.repo(f"/check-suites/{record.check_suite_id}")
    return {
        "id": record.id,
        "name": source.name,
        "node_id": node_id("WorkflowRun", record.id),
        "head_branch": record.branch,
        "head_sha": record.sha,
        "path": source.path,
        "display_title": record.title,
        "run_number": record.number,
        "event": record.event,
        "status": at.status,
        "conclusion": at.conclusion,
        "workflow_id": record.workflow_id,
        "check_suite_id": record.check_suite_id,
        "check_suite_node_id": node_id("CheckSuite", record.check_suite_id),
        "url": address,
        "html_url": view.page(f"/actions/runs/{record.id}" + (f"/attempts/{at.number}" if attempt else "")),
        "pull_requests": _pull_requests(view, record) if pulls else [],
        "created_at": stamp(record.created_at if attempt is None else at.started_at),
        "updated_at": stamp(at.updated_at),
        "actor": user(view, record.actor),
        "run_attempt": at.number,
        "referenced_workflows": [],
        "run_started_at": stamp(at.started_at),
        "triggering_actor": user(view, at.triggering_actor),
        "jobs_url": f"{here}/jobs",
        "logs_url": f"{here}/logs",
        "check_suite_url": suite,
        "artifacts_url": f"{address}/artifacts",
        "cancel_url": f"{address}/cancel",
        "rerun_url": f"{address}/rerun",
        "previous_attempt_url": before,
        "workflow_url": view.repo(f"/actions/workflows/{record.workflow_id}"),
        "head_commit": head_commit(view, record.sha),
        "repository": nested(view),
        "head_repository": nested(view),
    }


def _pull_requests(view: View, record: RunRecord) -> list[JSON]:
    """Open ones only: GitHub leaves a merged one out of its runs."""
    world = view.world
    pull = world.pulls.get(record.pull_request or 0)
    if pull is None or not pull.open:
        return []
    repository = {"id": REPOSITORY_ID, "url": view.repo(), "name": world.name}
    return [
        {
            "url": view.repo(f"/pulls/{pull.number}"),
            "id": PULL_IDS + pull.number,
            "number": pull.number,
            "head": {"ref": pull.branch, "sha": pull.head, "repo": repository},
            "base": {
                "ref": world.default_branch,
                "sha": world.branches[world.default_branch],
                "repo": repository,
            },
        }
    ]


def job(view: View, record: JobRecord) -> JSON:
    owner = view.world.runs[record.run_id]
    runner = record.runner
    number = int("".join(filter(str.isdigit, runner)) or 0) if runner else 0
    return {
        "id": record.id,
        "run_id": record.run_id,
        "workflow_name": workflow_of(view, owner).name,
        "head_branch": owner.branch,
        "run_url": view.repo(f"/actions/runs/{record.run_id}"),
        "run_attempt": record.attempt,
        "node_id": node_id("CheckRun", record.id),
        "head_sha": owner.sha,
        "url": view.repo(f"/actions/jobs/{record.id}"),
        "html_url": view.page(f"/actions/runs/{record.run_id}/job/{record.id}"),
        "status": record.status,
        "conclusion": record.conclusion,
        "created_at": stamp(record.created_at),
        "started_at": stamp(record.started_at),
        "completed_at": stamp_or_none(record.completed_at),
        "name": record.name,
        "steps": [step(one) for one in record.steps],
        "check_run_url": view.repo(f"/check-runs/{record.id}"),
        "labels": record.labels,
        "runner_id": number if runner else None,
        "runner_name": runner,
        "runner_group_id": 0 if runner else None,
        "runner_group_name": "GitHub Actions" if runner else None,
    }


def step(record: StepRecord) -> JSON:
    return {
        "name": record.name,
        "status": record.status,
        "conclusion": record.conclusion,
        "number": record.number,
        "started_at": stamp_or_none(record.started_at),
        "completed_at": stamp_or_none(record.completed_at),
    }
