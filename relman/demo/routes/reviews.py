"""Approving and rejecting what waits for an environment."""

from __future__ import annotations

from relman.demo.body import Body
from relman.demo.exchange import Ask, Reply
from relman.demo.render import environments as render
from relman.demo.routes.actions import find_run
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _review(ask: Ask) -> Reply:
    run = find_run(ask)
    body = Body(ask)
    environments = body.integers("environment_ids")
    body.required_text("state")
    state = body.choice("state", ("approved", "rejected")) or ""
    comment = body.required_text("comment")
    deployments = ask.world.review(run.id, environments, state, ask.world.viewer, comment)
    return Reply([render.deployment(ask.view, one) for one in deployments])


ROUTES = (
    Route(
        "POST",
        R + "/actions/runs/{run:int}/pending_deployments",
        _review,
        "deployments=write",
        "actions/workflow-runs#review-pending-deployments-for-a-workflow-run",
        signed_in=401,
    ),
)
