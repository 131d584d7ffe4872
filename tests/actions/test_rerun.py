"""Re-runs on the world: what runs again, what is refused, what faults leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from relman.actions.rerun import Rerun, RerunAction
from relman.errors import Exit, Kind, RelmanError
from relman.model.freeze import Freeze
from relman.model.operation import Outcome, Said
from relman.model.rerun import Which
from tests.actions.served_world import REPO, Bench, in_world
from tests.demo.world_server import Served


def failed_ci(there: Bench) -> int:
    return there.find(path=".github/workflows/ci.yml", conclusion="failure", run_attempt=1)


def attempt(there: Bench, run_id: int) -> int:
    return int(there.world.get(f"/repos/{REPO}/actions/runs/{run_id}").json()["run_attempt"])


def test_failed_jobs_run_again_once(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = failed_ci(there)
        action, intent = RerunAction(there.tools), Rerun(run_id, Which.FAILED, debug=True)
        plan = await there.plan(action, intent)
        assert plan.word == "" and not plan.production
        assert "enable_debug_logging" in plan.steps[0].request
        ended, _ = await there.run(action, intent)
        assert (ended.outcome, ended.run_id) == (Outcome.DONE, run_id)
        assert there.writes() == [f"POST /repos/{REPO}/actions/runs/{run_id}/rerun-failed-jobs"]
        assert attempt(there, run_id) == 2
        again = await there.refusal(action, intent)  # starting again sends nothing while it runs
        assert again.title == "The run has not ended" and "attempt 2" in again.detail
        seen = await there.refusal(action, Rerun(run_id, Which.FAILED, attempt=1))
        assert "another attempt" in seen.title

    in_world(world, tmp_path, scene)


def test_one_job(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = there.find(path=".github/workflows/ci.yml", conclusion="success", event="push")
        action = RerunAction(there.tools)
        ended, _ = await there.run(action, Rerun(run_id, Which.JOB, "lint"))
        assert ended.outcome is Outcome.DONE
        assert there.writes()[-1].endswith("/rerun") and "/jobs/" in there.writes()[-1]
        with pytest.raises(RelmanError) as nothing:
            await there.plan(action, Rerun(run_id, Which.JOB, "deploy"))
        assert nothing.value.problem.exit_code is Exit.USAGE
        assert "lint" in nothing.value.problem.hint

    in_world(world, tmp_path, scene)


def test_production_asks_for_the_word_and_a_freeze_holds_it(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = there.find(path=".github/workflows/cd.yml", conclusion="success", head_branch="v1.20.0")
        action, intent = RerunAction(there.tools), Rerun(run_id)
        plan = await there.plan(action, intent)
        assert (plan.word, plan.environment, plan.production) == ("production", "production", True)
        assert any("approvals do not carry over" in words for words in plan.warnings)
        ended, _ = await there.run(action, intent)
        assert ended.outcome is Outcome.REFUSED and there.writes() == []

    async def frozen(there: Bench) -> None:
        run_id = there.find(path=".github/workflows/cd.yml", conclusion="success", head_branch="v1.20.0")
        refused = await there.refusal(RerunAction(there.tools), Rerun(run_id))
        assert "frozen" in refused.title
        staging = there.find(path=".github/workflows/cd.yml", conclusion="success", head_branch="main")
        assert (await there.tools.operator.prepare(RerunAction(there.tools), Rerun(staging))).refusal is None

    in_world(world, tmp_path, scene)
    in_world(world, tmp_path, frozen, (Freeze("Mon 00:00", "Sun 23:59"),))


def test_too_old_and_nothing_failed(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        action = RerunAction(there.tools)
        good = there.find(path=".github/workflows/ci.yml", conclusion="success", event="push")
        assert (await there.refusal(action, Rerun(good, Which.FAILED))).title == "Nothing failed"
        listed = world.get(f"/repos/{REPO}/actions/runs?per_page=1&created=<2026-10-20").json()["workflow_runs"]
        old = await there.refusal(action, Rerun(listed[0]["id"]))
        assert "30 days" in old.title
        assert there.writes() == []

    in_world(world, tmp_path, scene)


@pytest.mark.parametrize(
    ("fault", "outcome", "sent"),
    [
        ({"kind": "reset", "after": True}, Outcome.DONE, True),  # it happened, the answer was lost
        ({"kind": "html", "after": True}, Outcome.DONE, True),
        ({"kind": "html"}, Outcome.UNKNOWN, False),
        ({"kind": "reset"}, Outcome.UNKNOWN, False),
        ({"kind": "permission"}, Outcome.REFUSED, False),
        ({"kind": "rate-limit"}, Outcome.FAILED, False),
        ({"kind": "secondary"}, Outcome.FAILED, False),
        ({"kind": "status", "status": 404, "message": "Not Found"}, Outcome.FAILED, False),
        ({"kind": "status", "status": 409, "message": "Conflict"}, Outcome.FAILED, False),
    ],
)
def test_faults_on_the_way(
    world: Served, tmp_path: Path, fault: dict[str, object], outcome: Outcome, sent: bool
) -> None:
    async def scene(there: Bench) -> None:
        run_id = failed_ci(there)
        world.fault(
            str(fault["kind"]), "rerun", method="POST", **{k: v for k, v in fault.items() if k != "kind"}
        )
        ended, events = await there.run(RerunAction(there.tools), Rerun(run_id))
        assert ended.outcome is outcome, ended
        assert len(there.writes()) == 1  # never sent twice
        assert (attempt(there, run_id) == 2) is sent
        if outcome is Outcome.DONE:
            assert any(isinstance(event, Said) and "no answer" in event.text for event in events)
        if fault["kind"] == "permission":
            assert ended.problem is not None and ended.problem.kind is Kind.PERMISSION

    in_world(world, tmp_path, scene)


def test_somebody_was_faster(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        run_id = failed_ci(there)
        operator = there.tools.operator
        mine = await operator.prepare(RerunAction(there.tools), Rerun(run_id))
        world.client.post(f"/repos/{REPO}/actions/runs/{run_id}/rerun").raise_for_status()
        events = [event async for event in operator.run(mine)]
        assert events[-1].outcome is Outcome.REFUSED
        assert "another attempt" in events[-1].problem.title
        assert attempt(there, run_id) == 2

    in_world(world, tmp_path, scene)
