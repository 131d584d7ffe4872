"""Cancelling on the world: it takes time, it may come too late, and a deploy job asks for the word."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from relman.actions.cancel import Cancel, CancelAction
from relman.actions.operator import Operator
from relman.model.operation import Outcome, StepEnded
from tests.actions.served_world import REPO, Bench, in_world
from tests.demo.world_server import Served

OTHER_REVIEWER = "amara-okafor"


def started(there: Bench, **inputs: str) -> int:
    """A CD run that is under way."""
    answer = there.world.client.post(
        f"/repos/{REPO}/actions/workflows/cd.yml/dispatches",
        json={"ref": "v1.20.0", "inputs": inputs, "return_run_details": True},
    )
    there.world.move("advance", seconds=15)
    return int(answer.json()["workflow_run_id"])


def state(there: Bench, run_id: int) -> tuple[str, str | None]:
    run = there.world.get(f"/repos/{REPO}/actions/runs/{run_id}").json()
    return run["status"], run["conclusion"]


def test_it_waits_for_the_end(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        action = CancelAction(there.tools)
        plan = await there.plan(action, Cancel(run_id))
        assert plan.word == ""
        assert any("build has done so far" in words for words in plan.irreversible)
        ended, events = await there.run(action, Cancel(run_id))
        assert (ended.outcome, ended.run_id) == (Outcome.DONE, run_id)
        assert [one.detail for one in events if isinstance(one, StepEnded)][-1] == "ended: cancelled"
        assert state(there, run_id) == ("completed", "cancelled")
        again, _ = await there.run(action, Cancel(run_id))  # nothing to do, nothing sent
        assert again.outcome is Outcome.DONE
        assert there.writes() == [
            f"POST /repos/{REPO}/actions/workflows/cd.yml/dispatches",
            f"POST /repos/{REPO}/actions/runs/{run_id}/cancel",
        ]

    in_world(world, tmp_path, scene)


def test_what_only_waits_has_done_nothing(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="production")
        for _ in range(40):
            if state(there, run_id)[0] == "waiting":
                break
            world.move("advance", seconds=15)
        plan = await there.plan(CancelAction(there.tools), Cancel(run_id))
        assert any("the request is withdrawn" in words for words in plan.warnings)
        assert plan.irreversible == ()

    in_world(world, tmp_path, scene)


def test_an_ended_run_is_said_with_its_conclusion(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = there.find(conclusion="success")
        refused = await there.refusal(CancelAction(there.tools), Cancel(run_id))
        assert refused.title == "The run has already ended" and "success" in refused.detail

    in_world(world, tmp_path, scene)


def test_it_ends_by_itself_between_plan_and_request(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        operator = there.tools.operator
        prepared = await operator.prepare(CancelAction(there.tools), Cancel(run_id))
        world.fault("delay", f"{run_id}/cancel", seconds=0.3)
        task = asyncio.create_task(_last(operator.run(prepared)))
        while not any("/cancel" in path for path in there.writes()):
            await asyncio.sleep(0.02)
            if any(one["met"] for one in world.client.get("/_world/faults").json()["faults"]):
                break
        world.move("advance", seconds=3600)  # it runs to its end before GitHub takes the request: 409
        ended = await task
        assert ended.outcome is Outcome.REFUSED
        assert ended.problem.title == "The run had already ended"
        assert state(there, run_id)[0] == "completed"

    in_world(world, tmp_path, scene)


def test_it_ends_by_itself_after_the_request(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        # GitHub takes the request, and before it comes to anything the run is over.
        world.fault("status", f"{run_id}/cancel", status=202, body={}, method="POST")

        async def long(seconds: float) -> None:
            await there.clock.sleep(seconds)
            world.move("advance", seconds=3600)

        given = there.tools.operator
        operator = Operator(given.gate, given.journal, there.clock, sleep=long)
        tools = replace(there.tools, operator=operator)
        prepared = await operator.prepare(CancelAction(tools), Cancel(run_id))
        ended = await _last(operator.run(prepared))
        _, conclusion = state(there, run_id)
        assert conclusion not in (None, "cancelled")
        assert ended.outcome is Outcome.DONE  # type: ignore[union-attr]
        assert ended.sentence.endswith(f": asked to stop, but it ended as {conclusion}")  # type: ignore[union-attr]
        assert "done" not in ended.sentence  # type: ignore[union-attr]
        written = await operator.journal.read()
        assert written[-1].detail == f"asked to stop, but it ended as {conclusion}"

    in_world(world, tmp_path, scene)


async def _last(events: object) -> object:
    last = None
    async for event in events:  # type: ignore[attr-defined]
        last = event
    return last


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_deploy_job_asks_for_the_word(world: Served, tmp_path: Path, environment: str) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment=environment)
        for _ in range(80):
            jobs = world.get(f"/repos/{REPO}/actions/runs/{run_id}/jobs").json()["jobs"]
            if any(job["name"] == f"deploy-{environment}" and job["status"] == "in_progress" for job in jobs):
                break
            waiting = world.get(f"/repos/{REPO}/actions/runs/{run_id}/pending_deployments").json()
            if waiting:  # nobody approves what they started
                world.move("token", user=OTHER_REVIEWER)
                ids = [one["environment"]["id"] for one in waiting]
                body = {"environment_ids": ids, "state": "approved", "comment": ""}
                world.client.post(f"/repos/{REPO}/actions/runs/{run_id}/pending_deployments", json=body)
                world.move("token", user="jonas-weber")
            world.move("advance", seconds=15)
        else:
            raise AssertionError("the deploy job never began")
        world.move("advance", seconds=30)
        action = CancelAction(there.tools)
        plan = await there.plan(action, Cancel(run_id))
        assert (plan.word, plan.environment) == (environment, environment)
        assert not plan.production  # a freeze holds back no cancel
        assert any("stops there" in words for words in plan.warnings)
        assert plan.details["deploying"][0]["step"]  # type: ignore[index]
        ended, _ = await there.run(action, Cancel(run_id))
        assert ended.outcome is Outcome.REFUSED and state(there, run_id)[0] == "in_progress"
        ended, _ = await there.run(action, Cancel(run_id), word=environment)
        assert ended.outcome is Outcome.DONE

    in_world(world, tmp_path, scene)


def test_a_deploy_that_begins_meanwhile_asks_anew(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        prepared = await there.tools.operator.prepare(CancelAction(there.tools), Cancel(run_id))
        assert prepared.plan.word == ""
        for _ in range(60):
            world.move("advance", seconds=10)
            jobs = world.get(f"/repos/{REPO}/actions/runs/{run_id}/jobs").json()["jobs"]
            if any(job["name"] == "deploy-staging" and job["status"] == "in_progress" for job in jobs):
                break
        ended = await _last(there.tools.operator.run(prepared))
        assert ended.outcome is Outcome.REFUSED  # type: ignore[union-attr]
        assert "begun to deploy" in ended.problem.title  # type: ignore[union-attr]
        assert not any(path.endswith("/cancel") for path in there.writes())

    in_world(world, tmp_path, scene)


def test_force_only_after_a_plain_cancel_that_did_not_help(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        action = CancelAction(there.tools, patience=timedelta(seconds=4))
        refused = await there.refusal(action, Cancel(run_id, force=True))
        assert "after a plain cancel" in refused.title
        # GitHub takes the plain one, and the run does not end: the answer is made up, the run goes on.
        world.fault("status", f"{run_id}/cancel", status=202, body={}, method="POST")
        ended, _ = await there.run(action, Cancel(run_id))
        assert ended.outcome is Outcome.FAILED
        assert "--force" in ended.problem.hint
        plan = await there.plan(action, Cancel(run_id, force=True))
        assert plan.steps[0].request.endswith("/force-cancel")
        ended, _ = await there.run(action, Cancel(run_id, force=True))
        assert ended.outcome is Outcome.DONE
        assert state(there, run_id) == ("completed", "cancelled")

    in_world(world, tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        ("reset", {"after": True}, Outcome.DONE),
        ("html", {}, Outcome.UNKNOWN),
        ("permission", {}, Outcome.REFUSED),
        ("secondary", {}, Outcome.FAILED),
    ],
)
def test_faults_on_the_way(
    world: Served, tmp_path: Path, kind: str, more: dict[str, object], outcome: Outcome
) -> None:
    async def scene(there: Bench) -> None:
        run_id = started(there, environment="staging")
        world.fault(kind, f"{run_id}/cancel", method="POST", **more)
        ended, _ = await there.run(CancelAction(there.tools), Cancel(run_id))
        assert ended.outcome is outcome, ended
        assert sum(path.endswith("/cancel") for path in there.writes()) == 1
        assert (state(there, run_id)[1] == "cancelled") is (outcome is Outcome.DONE)

    in_world(world, tmp_path, scene)
