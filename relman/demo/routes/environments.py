"""Environments and their rules, what waits for a review, what was deployed."""

from __future__ import annotations

from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.paging import paged
from relman.demo.records import DeploymentRecord, EnvironmentRecord
from relman.demo.render import environments as render
from relman.demo.routes.actions import find_run
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def find_environment(ask: Ask) -> EnvironmentRecord:
    wanted = ask.params["environment"].lower()  # GitHub does not mind the case of an environment
    for one in ask.world.environments:
        if one.name.lower() == wanted:
            return one
    raise not_found()


def find_deployment(ask: Ask) -> DeploymentRecord:
    wanted = ask.integer("deployment")
    for one in ask.world.deployments:
        if one.id == wanted:
            return one
    raise not_found()


def _environments(ask: Ask) -> Reply:
    return paged(
        ask, ask.world.environments, lambda one: render.environment(ask.view, one), under="environments"
    )


def _environment(ask: Ask) -> Reply:
    record = find_environment(ask)
    reply = Reply(render.environment(ask.view, record))
    reply.modified = record.updated_at
    return reply


def _branch_policies(ask: Ask) -> Reply:
    record = find_environment(ask)
    return paged(
        ask,
        range(len(record.tags_only)),
        lambda position: render.branch_policy(record, position),
        under="branch_policies",
    )


def _custom_rules(ask: Ask) -> Reply:
    """Rules of apps; the built-in ones are not listed here, and this world has no others."""
    find_environment(ask)
    return Reply({"total_count": 0, "custom_deployment_protection_rules": []})


def _pending(ask: Ask) -> Reply:
    run = find_run(ask)
    known = {one.id: one for one in ask.world.environments}
    return Reply([render.pending(ask.view, known[one.environment_id], one, run) for one in run.pending])


def _approvals(ask: Ask) -> Reply:
    run = find_run(ask)
    return Reply([render.approval(ask.view, one) for one in reversed(run.reviews)])


def _deployments(ask: Ask) -> Reply:
    wanted = {name: ask.query[name] for name in ("sha", "ref", "environment") if ask.query.get(name)}
    task = ask.query.get("task")
    listed = [
        one
        for one in ask.world.deployments
        if all(getattr(one, name) == value for name, value in wanted.items())
        and task in (None, "", "none", "deploy")
    ]
    return paged(ask, listed, lambda one: render.deployment(ask.view, one))


def _deployment(ask: Ask) -> Reply:
    return Reply(render.deployment(ask.view, find_deployment(ask)))


def _statuses(ask: Ask) -> Reply:
    record = find_deployment(ask)
    return paged(ask, record.statuses[::-1], lambda one: render.deployment_status(ask.view, record, one))


def _status(ask: Ask) -> Reply:
    record = find_deployment(ask)
    for one in record.statuses:
        if one.id == ask.integer("status"):
            return Reply(render.deployment_status(ask.view, record, one))
    raise not_found()


_READ = "actions=read"
_DEPLOYMENTS = "deployments=read"
_E = R + "/environments/{environment}"
_D = R + "/deployments"
ROUTES = (
    Route("GET", R + "/environments", _environments, _READ, "deployments/environments#list-environments"),
    Route("GET", _E, _environment, _READ, "deployments/environments#get-an-environment"),
    Route(
        "GET",
        _E + "/deployment-branch-policies",
        _branch_policies,
        _READ,
        "deployments/branch-policies#list-deployment-branch-policies",
    ),
    Route(
        "GET",
        _E + "/deployment_protection_rules",
        _custom_rules,
        _READ,
        "deployments/protection-rules#get-all-deployment-protection-rules-for-an-environment",
    ),
    Route(
        "GET",
        R + "/actions/runs/{run:int}/pending_deployments",
        _pending,
        _READ,
        "actions/workflow-runs#get-pending-deployments-for-a-workflow-run",
    ),
    Route(
        "GET",
        R + "/actions/runs/{run:int}/approvals",
        _approvals,
        _READ,
        "actions/workflow-runs#get-the-review-history-for-a-workflow-run",
    ),
    Route("GET", _D, _deployments, _DEPLOYMENTS, "deployments/deployments#list-deployments"),
    Route(
        "GET", _D + "/{deployment:int}", _deployment, _DEPLOYMENTS, "deployments/deployments#get-a-deployment"
    ),
    Route(
        "GET",
        _D + "/{deployment:int}/statuses",
        _statuses,
        _DEPLOYMENTS,
        "deployments/statuses#list-deployment-statuses",
    ),
    Route(
        "GET",
        _D + "/{deployment:int}/statuses/{status:int}",
        _status,
        _DEPLOYMENTS,
        "deployments/statuses#get-a-deployment-status",
    ),
)
