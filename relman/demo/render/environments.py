"""Environments, their protection, what waits for them, and what was deployed there."""

from __future__ import annotations

from relman.demo.records import (
    DeploymentRecord,
    EnvironmentRecord,
    PendingRecord,
    ReviewRecord,
    RunRecord,
    StatusRecord,
)
from relman.demo.render.people import reviewer, user
from relman.demo.view import JSON, View, escape, node_id, stamp


def _core(view: View, record: EnvironmentRecord) -> JSON:
    return {
        "id": record.id,
        "node_id": node_id("Environment", record.id),
        "name": record.name,
        "url": view.repo(f"/environments/{escape(record.name)}"),
        "html_url": view.page(f"/deployments/activity_log?environments_filter={escape(record.name)}"),
    }


def environment(view: View, record: EnvironmentRecord) -> JSON:
    return _core(view, record) | {
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "can_admins_bypass": True,
        "protection_rules": _rules(view, record),
        "deployment_branch_policy": (
            {"protected_branches": False, "custom_branch_policies": True} if record.tags_only else None
        ),
    }


def _rules(view: View, record: EnvironmentRecord) -> list[JSON]:
    rules: list[JSON] = []
    if record.wait_minutes:
        rules.append({"type": "wait_timer", "wait_timer": record.wait_minutes})
    if record.reviewers:
        rules.append(
            {
                "type": "required_reviewers",
                "prevent_self_review": record.prevent_self_review,
                "reviewers": [reviewer(view, one) for one in record.reviewers],
            }
        )
    if record.tags_only:
        rules.append({"type": "branch_policy"})
    return [
        {"id": record.id * 10 + number, "node_id": node_id("GateRule", record.id * 10 + number), **rule}
        for number, rule in enumerate(rules)
    ]


def branch_policy(record: EnvironmentRecord, position: int) -> JSON:
    identity = record.id * 10 + position
    return {
        "id": identity,
        "node_id": node_id("GateBranchPolicy", identity),
        "name": record.tags_only[position],
        "type": "tag",
    }


def pending(view: View, record: EnvironmentRecord, waiting: PendingRecord, run: RunRecord) -> JSON:
    return {
        "environment": _core(view, record),
        "wait_timer": record.wait_minutes,
        "wait_timer_started_at": stamp(waiting.started_at) if record.wait_minutes else None,
        "current_user_can_approve": view.world.may_review(run, record, view.world.viewer),
        "reviewers": [reviewer(view, one) for one in record.reviewers],
    }


def approval(view: View, record: ReviewRecord) -> JSON:
    known = {one.id: one for one in view.world.environments}
    return {
        "state": record.state,
        "comment": record.comment,
        "environments": [
            _core(view, known[one])
            | {"created_at": stamp(known[one].created_at), "updated_at": stamp(known[one].updated_at)}
            for one in record.environments
            if one in known
        ],
        "user": user(view, record.user),
    }


def deployment(view: View, record: DeploymentRecord) -> JSON:
    address = view.repo(f"/deployments/{record.id}")
    last = record.statuses[-1].at if record.statuses else record.created_at
    return {
        "url": address,
        "id": record.id,
        "node_id": node_id("Deployment", record.id),
        "task": "deploy",
        "original_environment": record.environment,
        "environment": record.environment,
        "description": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(last),
        "statuses_url": f"{address}/statuses",
        "repository_url": view.repo(),
        "creator": user(view, record.creator),
        "sha": record.sha,
        "ref": record.ref,
        "payload": {},
        "transient_environment": False,
        "production_environment": record.environment == "production",
        "performed_via_github_app": None,
    }


def deployment_status(view: View, of: DeploymentRecord, record: StatusRecord) -> JSON:
    address = view.repo(f"/deployments/{of.id}")
    log = view.page(f"/actions/runs/{record.run_id}/job/{record.job_id}")
    return {
        "url": f"{address}/statuses/{record.id}",
        "id": record.id,
        "node_id": node_id("DeploymentStatus", record.id),
        # The description knows "waiting" in webhooks only; over REST such a deployment is pending.
        "state": "pending" if record.state == "waiting" else record.state,
        "creator": user(view, record.creator),
        "description": record.description,
        "environment": of.environment,
        "target_url": log,
        "created_at": stamp(record.at),
        "updated_at": stamp(record.at),
        "deployment_url": address,
        "repository_url": view.repo(),
        "environment_url": record.environment_url,
        "log_url": log,
        "performed_via_github_app": None,
    }
