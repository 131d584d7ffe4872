"""The clean-up on the world: kept in a file first, paced, gone on with, two at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from relman.actions import prune_runs
from relman.actions.prune_runs import PACE, PruneRuns, PruneRunsAction
from relman.actions.run_export import SCHEMA
from relman.errors import Exit, Kind, RelmanError
from relman.model.operation import Outcome, Said, StepEnded
from tests.actions.served_world import REPO, Bench, bench, in_world, standing
from tests.demo.world_server import Served

WISH = PruneRuns(keep=46, workflow="scheduled")


@pytest.fixture
def world() -> Iterator[Served]:
    """Its own world: what is deleted is gone."""
    with standing() as world:
        yield world


def action(there: Bench) -> PruneRunsAction:
    return PruneRunsAction(there.tools, sleep=there.clock.sleep)


def ids(there: Bench, workflow: str = "scheduled.yml") -> set[int]:
    found: set[int] = set()
    page = 1
    while True:
        listed = there.world.get(
            f"/repos/{REPO}/actions/workflows/{workflow}/runs?per_page=100&page={page}"
        ).json()
        found |= {run["id"] for run in listed["workflow_runs"]}
        if not listed["workflow_runs"]:
            return found
        page += 1


def exported(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_kept_then_deleted_at_a_walk(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        before = ids(there)
        others = ids(there, "ci.yml")
        plan = await there.plan(action(there), WISH)
        wanted = set(plan.details["delete"])  # type: ignore[call-overload]
        assert 5 < len(wanted) < len(before) - 10
        ended, events = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.DONE
        assert ids(there) == before - wanted and ids(there, "ci.yml") == others
        lines = exported(Path(str(plan.details["export"])))
        assert {line["run"]["id"] for line in lines} == wanted  # type: ignore[index]
        assert all(line["schema"] == SCHEMA and line["jobs"] for line in lines)
        asked = [one for one in world.site.seen if not one.path.startswith("/_world")]
        first_delete = next(number for number, one in enumerate(asked) if one.method == "DELETE")
        assert not any("/jobs" in one.path for one in asked[first_delete:])
        assert there.clock.slept.count(PACE) == len(wanted) - 1
        bar = [event for event in events if isinstance(event, Said) and event.total]
        assert [one.done for one in bar if one.step.key == "delete"] == list(range(1, len(wanted) + 1))
        entries = await there.tools.operator.journal.read()
        for run_id in wanted:
            assert [entry.phase for entry in entries if entry.step == f"delete {run_id}"] == ["before", "after"]
        nothing, _ = await there.run(action(there), WISH)
        assert nothing.outcome is Outcome.DONE
        assert len(there.writes()) == len(wanted)

    in_world(world, tmp_path, scene)


def test_what_is_live_stays(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        wish = PruneRuns(timedelta(0), 0, "cd.yml")
        plan = await there.plan(action(there), wish)
        wanted = set(plan.details["delete"])  # type: ignore[call-overload]
        for environment in ("staging", "production"):
            listed = world.get(f"/repos/{REPO}/deployments?environment={environment}").json()
            good = []
            for one in listed:
                statuses = world.get(f"/repos/{REPO}/deployments/{one['id']}/statuses").json()
                if any(status["state"] == "success" for status in statuses):
                    good.append(int(statuses[0]["log_url"].split("/runs/")[1].split("/")[0]))
            assert not wanted & set(good[:2]), environment
            assert wanted & set(good[3:])
        assert plan.details["protected"]
        assert not wanted & {there.find(status="waiting")}

    in_world(world, tmp_path, scene)


def test_what_is_live_stays_behind_many_that_failed(
    world: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(there: Bench) -> None:
        wish = PruneRuns(timedelta(0), 0, "cd.yml")
        whole = await there.plan(action(there), wish)
        live = [one for one in whole.details["protected"] if "is live on" in one["why"]]  # type: ignore[attr-defined]
        listed = world.get(f"/repos/{REPO}/deployments?environment=production&per_page=1").json()
        newest = world.get(f"/repos/{REPO}/deployments/{listed[0]['id']}/statuses").json()
        assert newest[0]["state"] != "success"  # as if a page of them had failed
        monkeypatch.setattr(prune_runs, "_DEPLOYMENTS", 1)
        short = await there.plan(action(there), wish)
        assert live and [one for one in short.details["protected"] if "is live on" in one["why"]] == live  # type: ignore[attr-defined]

    in_world(world, tmp_path, scene)


def test_limits_are_waited_for_with_words(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        before = ids(there)
        plan = await there.plan(action(there), WISH)
        world.fault("secondary", "/actions/runs/", method="DELETE", retry_after=90)
        ended, events = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.DONE
        assert any(isinstance(event, Said) and "asks for patience" in event.text for event in events)
        assert max(there.clock.slept) >= 80
        assert len(ids(there)) == len(before) - len(plan.details["delete"])  # type: ignore[arg-type]

    in_world(world, tmp_path, scene)


def test_permission_is_lost_half_way_and_it_goes_on_later(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        before = ids(there)
        plan = await there.plan(action(there), WISH)
        wanted = list(plan.details["delete"])  # type: ignore[call-overload]
        third = wanted[3]
        world.fault("permission", f"/actions/runs/{third}$", method="DELETE", times=None)
        ended, _ = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.REFUSED
        assert ended.problem.kind is Kind.PERMISSION
        assert "3 of" in ended.problem.detail and "goes on where it stopped" in ended.problem.hint
        assert before - ids(there) == set(wanted[:3])
        world.move("clear")
        again = await there.plan(action(there), WISH)
        assert list(again.details["delete"]) == wanted[3:]  # type: ignore[call-overload]
        assert "0 times" in again.steps[0].request  # all of them are in the file already
        ended, _events = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.DONE
        assert before - ids(there) == set(wanted)
        lines = exported(Path(str(plan.details["export"])))
        assert len(lines) == len(wanted)

    in_world(world, tmp_path, scene)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("reset", {"after": True}), ("html", {"after": True}), ("html", {}), ("reset", {})],
)
def test_no_answer_is_looked_into(world: Served, tmp_path: Path, kind: str, more: dict[str, object]) -> None:
    async def scene(there: Bench) -> None:
        plan = await there.plan(action(there), WISH)
        wanted = list(plan.details["delete"])  # type: ignore[call-overload]
        world.fault(kind, f"/actions/runs/{wanted[1]}$", method="DELETE", **more)
        ended, _ = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.DONE
        assert not ids(there) & set(wanted)
        sent = sum(path.endswith(f"/{wanted[1]}") for path in there.writes())
        assert sent == (1 if more else 2)  # a second time only when it was seen to be there still

    in_world(world, tmp_path, scene)


def test_a_server_that_never_answers_is_given_up(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        plan = await there.plan(action(there), WISH)
        wanted = list(plan.details["delete"])  # type: ignore[call-overload]
        world.fault("html", "/actions/runs/", method="DELETE", times=None)
        ended, _ = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.FAILED and ended.problem.kind is Kind.SERVER
        assert set(wanted) <= ids(there)
        assert len(there.writes()) == 2

    in_world(world, tmp_path, scene)


def test_a_run_that_runs_again_is_spared(world: Served, tmp_path: Path) -> None:
    wish = PruneRuns(timedelta(days=3), 2, "scheduled")

    async def scene(there: Bench) -> None:
        operator = there.tools.operator
        prepared = await operator.prepare(action(there), wish)
        last = prepared.facts.selection.victims[-1].id
        world.client.post(f"/repos/{REPO}/actions/runs/{last}/rerun").raise_for_status()
        events = [event async for event in operator.run(prepared)]
        assert events[-1].outcome is Outcome.DONE
        assert last in ids(there)
        assert any(isinstance(one, StepEnded) and "spared" in one.detail for one in events)

    in_world(world, tmp_path, scene)


def test_two_at_once(world: Served, tmp_path: Path) -> None:
    async def play() -> None:
        async with bench(world, tmp_path / "one") as one, bench(world, tmp_path / "two") as two:
            before = ids(one)
            plan = await one.plan(action(one), WISH)
            wanted = set(plan.details["delete"])  # type: ignore[call-overload]
            first, second = await asyncio.gather(one.run(action(one), WISH), two.run(action(two), WISH))
            assert first[0].outcome is second[0].outcome is Outcome.DONE
            assert before - ids(one) == wanted
            told = [
                event.detail
                for _, events in (first, second)
                for event in events
                if isinstance(event, StepEnded)
            ]
            assert any("already gone" in words for words in told)
            for home in ("one", "two"):
                file = tmp_path / home / "scratch" / "pruned-runs" / "acme-agentic-backend.jsonl"
                assert {line["run"]["id"] for line in exported(file)} <= wanted  # type: ignore[index]

    asyncio.run(play())


def test_nothing_is_deleted_where_it_cannot_be_kept(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        other = tmp_path / "notes.txt"
        other.write_text("shopping\n")
        with pytest.raises(RelmanError) as wrong:
            await there.plan(action(there), PruneRuns(export=other))
        assert wrong.value.problem.exit_code is Exit.USAGE
        (tmp_path / "file").write_text("")
        with pytest.raises(RelmanError) as unwritable:
            await there.plan(action(there), PruneRuns(export=tmp_path / "file" / "under.jsonl"))
        assert unwritable.value.problem.kind is Kind.LOCAL
        prepared = await there.tools.operator.prepare(action(there), WISH)
        Path(str(prepared.plan.details["export"])).mkdir(parents=True)  # in the way by now
        events = [event async for event in there.tools.operator.run(prepared)]
        assert events[-1].outcome is Outcome.FAILED and events[-1].problem.kind is Kind.LOCAL
        assert there.writes() == []

    in_world(world, tmp_path, scene)


def test_nothing_is_planned_where_deployments_cannot_be_read(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.fault("permission", "/deployments", times=None)
        with pytest.raises(RelmanError) as refused:
            await there.plan(action(there), WISH)
        assert refused.value.problem.kind is Kind.PERMISSION

    in_world(world, tmp_path, scene)


@pytest.mark.parametrize("torn", ['{"schema":"relman.exported-run/1","repo', '{"sch'])
def test_a_torn_line_is_ended_and_passed_over(world: Served, tmp_path: Path, torn: str) -> None:
    async def scene(there: Bench) -> None:
        plan = await there.plan(action(there), WISH)
        file = Path(str(plan.details["export"]))
        file.parent.mkdir(parents=True)
        file.write_text(torn)
        ended, _ = await there.run(action(there), WISH)
        assert ended.outcome is Outcome.DONE
        kept = [json.loads(line) for line in file.read_text().splitlines()[1:]]
        assert len(kept) == len(plan.details["delete"])  # type: ignore[arg-type]
        assert (await there.plan(action(there), WISH)).steps == ()

    in_world(world, tmp_path, scene)


def test_every_page_of_releases_is_read_and_what_github_calls_the_latest(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        url = f"/repos/{REPO}/releases"
        listed = world.get(f"{url}?per_page=100").json()
        hotfix = {**listed[0], "id": 1, "tag_name": "v0.1.1", "draft": False, "prerelease": False}
        top = {**hotfix, "id": 2, "tag_name": "v99.0.0"}
        link = f'<{world.api_url}{url}?per_page=100&page=2>; rel="next"'
        world.fault("body", r"/releases\?.*page=1(&|$)", body=[hotfix], headers={"Link": link}, times=None)
        world.fault("body", r"/releases\?.*page=2(&|$)", body=[top], times=None)
        chosen = {**hotfix, "id": 3, "tag_name": "v5.0.0"}
        world.fault("body", r"/releases/latest$", body=chosen, times=None)
        live = await action(there)._live()
        assert {"v99.0.0", "v5.0.0"} <= live.tags.keys()
        assert "v0.1.1" not in live.tags

    in_world(world, tmp_path, scene)
