"""Dispatches on the world: inputs checked, the run found, and nothing started twice without telling."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import force_setattr, replace

from relman.actions.dispatch import Dispatch, DispatchAction
from relman.errors import Exit, Kind, RelmanError
from relman.model.freeze import Freeze
from relman.model.operation import Outcome, Said
from tests.actions.served_world import REPO, Bench, in_world
from tests.demo.world_server import Served

DISPATCH = f"POST /repos/{REPO}/actions/workflows/104882312/dispatches"


def started(there: Bench) -> list[int]:
    """Dispatched runs, oldest first."""
    listed = there.world.get(f"/repos/{REPO}/actions/runs?event=workflow_dispatch&per_page=100").json()
    return [run["id"] for run in reversed(listed["workflow_runs"])]


def test_the_run_is_found_by_its_id(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        before = started(there)
        ended, _ = await there.run(
            DispatchAction(there.tools), Dispatch("cd", inputs={"Environment": "staging"})
        )
        (fresh,) = set(started(there)) - set(before)
        assert (ended.outcome, ended.run_id) == (Outcome.DONE, fresh)
        assert str(fresh) in ended.url

    in_world(world, tmp_path, scene)


def test_an_older_server_says_no_id(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        before = started(there)
        world.move("advance", seconds=300)
        world.fault("body", "dispatches", method="POST", body="", status=204, after=True)
        ended, _ = await there.run(DispatchAction(there.tools), Dispatch("cd.yml"))
        (fresh,) = set(started(there)) - set(before)
        assert (ended.outcome, ended.run_id) == (Outcome.DONE, fresh)

    in_world(world, tmp_path, scene)


def test_of_two_runs_none_is_taken(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        operator = there.tools.operator
        prepared = await operator.prepare(DispatchAction(there.tools), Dispatch("cd.yml"))
        # Another one of the same person on the same ref, after the plan was made.
        world.client.post(f"/repos/{REPO}/actions/workflows/cd.yml/dispatches", json={"ref": "main"})
        world.fault("body", "dispatches", method="POST", body="", status=204, after=True)
        events = [event async for event in operator.run(prepared)]
        assert (events[-1].outcome, events[-1].run_id) == (Outcome.DONE, None)
        assert any("which is this one GitHub does not say" in getattr(event, "detail", "") for event in events)

    in_world(world, tmp_path, scene)


@pytest.mark.parametrize(
    ("workflow", "ref", "inputs", "words"),
    [
        ("cdd.yml", None, {}, "Did you mean cd.yml?"),
        ("cd", None, {"enviroment": "staging"}, "environment is"),
        ("cd", None, {"environment": "prod"}, "staging or production"),
        ("cd", "no-such-branch", {}, "not on a commit"),
        ("cd", "\x1b]0;x", {}, ""),
    ],
)
def test_wrong_usage_names_what_is_right(
    world: Served, tmp_path: Path, workflow: str, ref: str | None, inputs: dict[str, str], words: str
) -> None:
    async def scene(there: Bench) -> None:
        with pytest.raises(RelmanError) as wrong:
            await there.plan(DispatchAction(there.tools), Dispatch(workflow, ref, inputs))
        assert wrong.value.problem.exit_code is Exit.USAGE
        assert words in wrong.value.problem.sentence()
        assert there.writes() == []

    in_world(world, tmp_path, scene)


def test_only_what_can_be_started_by_hand(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        action = DispatchAction(there.tools)
        with pytest.raises(RelmanError) as refused:
            await there.plan(action, Dispatch("ci"))
        assert refused.value.problem.kind is Kind.REFUSED
        assert "workflow_dispatch" in refused.value.problem.detail
        found = {one.workflow.file: one.why for one in await action.startable()}
        assert found["cd.yml"] == found["scheduled.yml"] == ""
        assert "push" in found["ci.yml"]
        world.client.put(f"/repos/{REPO}/actions/workflows/scheduled.yml/disable").raise_for_status()
        with pytest.raises(RelmanError) as disabled:
            await there.plan(action, Dispatch("scheduled"))
        assert "disabled manually" in disabled.value.problem.detail
        world.client.put(f"/repos/{REPO}/actions/workflows/scheduled.yml/enable").raise_for_status()

    in_world(world, tmp_path, scene)


def test_production_asks_for_the_word_and_a_freeze_holds_it(world: Served, tmp_path: Path) -> None:
    production = Dispatch("cd", "v1.10.0", {"environment": "production"})

    async def scene(there: Bench) -> None:
        action = DispatchAction(there.tools)
        plan = await there.plan(action, production)
        assert (plan.word, plan.production) == ("production", True)
        assert not any("will refuse" in words for words in plan.warnings)
        branch = await there.plan(action, Dispatch("cd", "main", {"environment": "production"}))
        assert any("accepts only tag v*" in words for words in branch.warnings)
        staging = await there.plan(action, Dispatch("cd", "v1.10.0"))
        assert (staging.word, staging.production) == ("", False)
        ended, _ = await there.run(action, production)
        assert ended.outcome is Outcome.REFUSED and there.writes() == []

    async def frozen(there: Bench) -> None:
        assert "frozen" in (await there.refusal(DispatchAction(there.tools), production)).title

    in_world(world, tmp_path, scene)
    in_world(world, tmp_path, frozen, (Freeze("Mon 00:00", "Sun 23:59"),))


@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        ("reset", {"after": True}, Outcome.DONE),
        ("html", {"after": True}, Outcome.DONE),
        ("html", {}, Outcome.UNKNOWN),
        ("permission", {}, Outcome.REFUSED),
        ("rate-limit", {}, Outcome.FAILED),
        ("status", {"status": 404, "message": "Not Found"}, Outcome.FAILED),
        ("status", {"status": 422, "message": "No ref found for: main"}, Outcome.FAILED),
    ],
)
def test_faults_on_the_way(
    world: Served, tmp_path: Path, kind: str, more: dict[str, object], outcome: Outcome
) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        before = started(there)
        world.fault(kind, "dispatches", method="POST", **more)
        ended, events = await there.run(DispatchAction(there.tools), Dispatch("cd"))
        assert ended.outcome is outcome, ended
        assert there.writes() == [DISPATCH]
        assert len(set(started(there)) - set(before)) == (outcome is Outcome.DONE)
        if outcome is Outcome.DONE:
            assert ended.run_id == started(there)[-1]
            assert any(isinstance(event, Said) and "no answer" in event.text for event in events)

    in_world(world, tmp_path, scene)


async def broken_off(there: Bench, *, taken: bool) -> None:
    """A dispatch whose process ends after the request, before anything is known of it."""
    prepared = await there.tools.operator.prepare(DispatchAction(there.tools), Dispatch("cd"))
    writer = there.tools.writer

    class Killed(BaseException):
        pass

    async def dispatch(*given: object) -> int | None:
        if taken:
            await type(writer).dispatch(writer, *given)  # type: ignore[arg-type]
        raise Killed

    writer.dispatch = dispatch  # type: ignore[method-assign]
    with pytest.raises(Killed):
        async for _ in there.tools.operator.run(prepared):
            pass
    del writer.dispatch


def test_started_again_after_it_was_taken(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        before = set(started(there))
        await broken_off(there, taken=True)
        (fresh,) = set(started(there)) - before
        action = DispatchAction(there.tools)
        plan = await there.plan(action, Dispatch("cd"))
        assert plan.steps[0].request == "" and f"run {fresh}" in plan.warnings[0]
        ended, _ = await there.run(action, Dispatch("cd"))
        assert (ended.outcome, ended.run_id) == (Outcome.DONE, fresh)
        assert there.writes() == [DISPATCH]  # one, and it is told which
        # That settled it: asking once more is a new wish.
        world.move("advance", seconds=10)
        ended, _ = await there.run(action, Dispatch("cd"))
        assert ended.run_id not in (None, fresh)
        assert there.writes() == [DISPATCH, DISPATCH]

    in_world(world, tmp_path, scene)


def test_started_again_with_a_reason(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        await broken_off(there, taken=True)
        ended, _ = await there.run(
            DispatchAction(there.tools), Dispatch("cd", again="the first is on old code")
        )
        assert ended.outcome is Outcome.DONE
        assert there.writes() == [DISPATCH, DISPATCH]

    in_world(world, tmp_path, scene)


def test_started_again_when_nothing_appeared(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        await broken_off(there, taken=False)
        action = DispatchAction(there.tools)
        refused = await there.refusal(action, Dispatch("cd"))  # it may still appear
        assert "in doubt" in refused.title and "may still appear" in refused.detail
        other = await there.tools.operator.prepare(action, Dispatch("cd", inputs={"version": "v1.10.0"}))
        assert other.refusal is None  # another wish is not held up by it
        world.move("advance", seconds=300)
        ended, _ = await there.run(action, Dispatch("cd"))
        assert ended.outcome is Outcome.DONE
        assert there.writes() == [DISPATCH]

    in_world(world, tmp_path, scene)


def test_the_ref_moves_while_the_plan_is_read(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        operator = there.tools.operator
        prepared = await operator.prepare(DispatchAction(there.tools), Dispatch("cd"))
        facts = prepared.facts
        force_setattr(facts.ready, "sha", "0" * 40)
        events = [event async for event in operator.run(prepared)]
        assert events[-1].problem.title == "main has moved"
        assert there.writes() == []

    in_world(world, tmp_path, scene)


def test_two_people_at_once_start_two_and_each_finds_their_own(world: Served, tmp_path: Path) -> None:
    async def scene(there: Bench) -> None:
        world.move("advance", seconds=300)
        before = set(started(there))
        wishes = [Dispatch("cd", inputs={"version": "v1.10.0"}), Dispatch("cd", inputs={"version": "v1.19.0"})]
        ended = await asyncio.gather(*(there.run(DispatchAction(there.tools), wish) for wish in wishes))
        ids = {one.run_id for one, _ in ended}
        assert ids == set(started(there)) - before and len(ids) == 2

    in_world(world, tmp_path, scene)


def test_a_secret_among_the_inputs_reaches_github_and_nothing_else(world: Served, tmp_path: Path) -> None:
    inputs = "      api_token:\n        default: preset-1\n      version: {}\n"
    text = f"on:\n  workflow_dispatch:\n    inputs:\n{inputs}jobs:\n  a:\n    runs-on: x\n    steps: []\n"

    async def scene(there: Bench) -> None:
        world.fault("body", r"/contents/.*cd\.yml", body=text, times=None)
        sent: list[dict[str, str]] = []

        class Writer:
            async def dispatch(self, workflow: int | str, ref: str, given: Mapping[str, str]) -> int | None:
                sent.append(dict(given))
                return await there.tools.writer.dispatch(workflow, ref, {})

        action = DispatchAction(replace(there.tools, writer=cast("Any", Writer())))
        intent = Dispatch("cd", inputs={"api_token": "hunter2", "version": "v1"})
        plan = await there.plan(action, intent)
        ended, events = await there.run(action, intent)
        assert sent == [{"api_token": "hunter2", "version": "v1"}]
        journal = (tmp_path / "journal.jsonl").read_text()
        assert "dispatches" in journal and "v1" in journal
        for told in (journal, repr(plan), repr(ended), repr(events)):
            assert "hunter2" not in told and "preset-1" not in told

    in_world(world, tmp_path, scene)
