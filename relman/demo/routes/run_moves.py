"""What can be done to runs and workflows: running again, cancelling, deleting, dispatching, switching."""

from __future__ import annotations

import json
from typing import Any

from relman.demo.body import Body
from relman.demo.exchange import Ask, Refusal, Reply
from relman.demo.routes.actions import R, find_job, find_run, find_workflow
from relman.demo.routing import Route

_MOST_INPUTS = 25


def _rerun(ask: Ask, *, failed_only: bool = False) -> Reply:
    debug = Body(ask).flag("enable_debug_logging")
    ask.world.rerun(find_run(ask).id, ask.world.viewer, failed_only=failed_only, debug=debug)
    return Reply({}, 201)


def _rerun_failed(ask: Ask) -> Reply:
    return _rerun(ask, failed_only=True)


def _rerun_job(ask: Ask) -> Reply:
    job = find_job(ask)
    body = Body(ask)
    body.flag("enable_debugger")
    debug = body.flag("enable_debug_logging")
    ask.world.rerun(job.run_id, ask.world.viewer, job=job, debug=debug)
    return Reply({}, 201)


def _cancel(ask: Ask) -> Reply:
    ask.world.cancel(find_run(ask).id)
    return Reply({}, 202)


def _force_cancel(ask: Ask) -> Reply:
    ask.world.cancel(find_run(ask).id, force=True)
    return Reply({}, 202)


def _delete(ask: Ask) -> Reply:
    ask.world.delete_run(find_run(ask).id)
    return Reply(status=204)


def _dispatch(ask: Ask) -> Reply:
    workflow = find_workflow(ask)
    body = Body(ask)
    body.only("ref", "inputs", "return_run_details")
    ref = body.required_text("ref")
    given = body.mapping("inputs")
    details = body.flag("return_run_details")
    if len(given) > _MOST_INPUTS:
        raise Refusal(
            422,
            f"Invalid request.\n\nNo more than {_MOST_INPUTS} properties are allowed; {len(given)} were supplied.",
        )
    inputs = {name: _as_text(name, value) for name, value in given.items()}
    run = ask.world.dispatch(workflow.id, ref, ask.world.viewer, inputs)
    if not details:
        return Reply(status=204)
    return Reply(
        {
            "workflow_run_id": run.id,
            "run_url": ask.view.repo(f"/actions/runs/{run.id}"),
            "html_url": ask.view.page(f"/actions/runs/{run.id}"),
        }
    )


def _as_text(name: str, value: Any) -> str:
    """Booleans and numbers are taken for what they look like."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise Refusal(422, f"Invalid request.\n\nFor 'links/2/schema', {json.dumps(name)} is not a string.")


def _enable(ask: Ask) -> Reply:
    ask.world.switch(find_workflow(ask), on=True)
    return Reply(status=204)


def _disable(ask: Ask) -> Reply:
    ask.world.switch(find_workflow(ask), on=False)
    return Reply(status=204)


_RUNS = "actions/workflow-runs#"
_RUN = R + "/runs/{run:int}"
_WORKFLOW = R + "/workflows/{workflow}"
_MOVES = (
    ("POST", _RUN + "/rerun", _rerun, _RUNS + "re-run-a-workflow"),
    ("POST", _RUN + "/rerun-failed-jobs", _rerun_failed, _RUNS + "re-run-failed-jobs-from-a-workflow-run"),
    ("POST", R + "/jobs/{job:int}/rerun", _rerun_job, _RUNS + "re-run-a-job-from-a-workflow-run"),
    ("POST", _RUN + "/cancel", _cancel, _RUNS + "cancel-a-workflow-run"),
    ("POST", _RUN + "/force-cancel", _force_cancel, _RUNS + "force-cancel-a-workflow-run"),
    ("DELETE", _RUN, _delete, _RUNS + "delete-a-workflow-run"),
    ("POST", _WORKFLOW + "/dispatches", _dispatch, "actions/workflows#create-a-workflow-dispatch-event"),
    ("PUT", _WORKFLOW + "/enable", _enable, "actions/workflows#enable-a-workflow"),
    ("PUT", _WORKFLOW + "/disable", _disable, "actions/workflows#disable-a-workflow"),
)
ROUTES = tuple(
    Route(method, template, handler, "actions=write", docs, signed_in=403)
    for method, template, handler, docs in _MOVES
)
