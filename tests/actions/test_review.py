"""Approving and rejecting on the embedded world, over real HTTP: faults, races, crashes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import worlds
from live_world import LiveWorld

from relman.actions.gate import Gate
from relman.actions.operator import Prepared
from relman.actions.review import ReviewAction
from relman.actions.tools import Tools
from relman.errors import Kind
from relman.model.freeze import Freeze
from relman.model.operation import Ended, Outcome, StepEnded
from relman.model.review import Review, Target

RELMAN = [sys.executable, "-m", "relman"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveWorld]:
    with worlds.world(seed=3, frozen=True) as world:
        yield LiveWorld(world, tmp_path / "home")


@pytest.fixture
async def tools(live: LiveWorld) -> AsyncIterator[Tools]:
    async with live.tools() as made:
        yield made


def waiting_run(live: LiveWorld) -> Any:
    return live.repo("GET", "/actions/runs?status=waiting")["workflow_runs"][0]


def wish(live: LiveWorld, state: str = "approved", comment: str = "") -> Review:
    run = waiting_run(live)
    (pending,) = live.repo("GET", f"/actions/runs/{run['id']}/pending_deployments")
    environment = pending["environment"]
    target = Target(environment["id"], environment["name"])
    return Review(run["id"], run["run_attempt"], run["head_sha"], (target,), state, comment)


def reviews(live: LiveWorld, intent: Review) -> list[tuple[str, str, str]]:
    said = live.repo("GET", f"/actions/runs/{intent.run_id}/approvals")
    return [(one["state"], one["user"]["login"], one["comment"]) for one in said]


def run_now(live: LiveWorld, intent: Review) -> Any:
    return live.repo("GET", f"/actions/runs/{intent.run_id}")


def post(live: LiveWorld, intent: Review, state: str = "approved") -> Any:
    body = {"environment_ids": [one.id for one in intent.targets], "state": state, "comment": ""}
    return live.repo("POST", f"/actions/runs/{intent.run_id}/pending_deployments", body)


async def prepare(tools: Tools, intent: Review) -> Prepared[Any]:
    return await tools.operator.prepare(ReviewAction(tools), intent)


async def carry_out(tools: Tools, prepared: Prepared[Any]) -> tuple[Ended, str]:
    """The end, and what the step said of itself."""
    detail, ended = "", None
    async for event in tools.operator.run(prepared, word=prepared.plan.word):
        if isinstance(event, StepEnded):
            detail = event.detail
        if isinstance(event, Ended):
            ended = event
    assert ended is not None
    return ended, detail


async def test_an_approval_is_one_request_and_the_timer_is_told(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live, comment="all green")
    ended, detail = await carry_out(tools, await prepare(tools, intent))
    assert (ended.outcome, ended.run_id) == (Outcome.DONE, intent.run_id)
    assert detail.startswith("approved by jonas-weber; the wait timer still runs, until ")
    assert reviews(live, intent) == [("approved", "jonas-weber", "all green")]
    assert len(live.sent("POST", "/pending_deployments")) == 1
    live.move("advance", seconds=1200)
    assert run_now(live, intent)["status"] == "completed"
    lines = [json.loads(line) for line in (live.home / "state" / "journal.jsonl").read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["begin", "before", "after", "end"]
    assert {line["environment"] for line in lines} == {"production"} and lines[1]["request"].startswith("POST")


async def test_what_is_live_is_found_behind_many_that_wait(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    before = [change.before for change in prepared.plan.changes]
    for number in range(13):
        live.move("act", do="tag", tag=f"v8.0.{number}", commit="main", message="next", **{"as": "tomasnovak"})
    live.move("advance", seconds=400)
    waiting = live.repo("GET", "/deployments?environment=production&per_page=14")
    assert {one["ref"] for one in waiting} >= {f"v8.0.{number}" for number in range(13)}
    prepared = await prepare(tools, intent)
    assert [change.before for change in prepared.plan.changes] == before != ["nothing"]


async def test_a_rejection_ends_the_run(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live, "rejected", "not on a Friday")
    prepared = await prepare(tools, intent)
    assert prepared.plan.word == ""
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.DONE
    assert reviews(live, intent) == [("rejected", "jonas-weber", "not on a Friday")]
    live.move("advance", seconds=60)
    assert run_now(live, intent)["conclusion"] == "failure"


@pytest.mark.parametrize(
    ("user", "words"), [("tomasnovak", "You started this run"), ("sofia-rossi", "not a reviewer")]
)
async def test_who_may_not_is_told_why(live: LiveWorld, tools: Tools, user: str, words: str) -> None:
    intent = wish(live)
    asked_by = run_now(live, intent)["triggering_actor"]["login"]
    live.move("token", user=asked_by if user == "tomasnovak" else user)
    prepared = await prepare(tools, intent)
    assert prepared.refusal is not None and words in prepared.refusal.detail
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.REFUSED and live.sent("POST", "/pending_deployments") == []


async def test_another_person_s_review_makes_the_plan_stale(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.move("token", user="linnea-b")
    post(live, intent, "rejected")
    live.move("token", user="jonas-weber")
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.REFUSED and ended.problem is not None
    assert ended.problem.title == "Already rejected by linnea-b" and "stale" in ended.problem.hint
    assert [one[:2] for one in reviews(live, intent)] == [("rejected", "linnea-b")]


async def test_a_cancelled_run_and_a_new_attempt_make_it_stale(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.repo("POST", f"/actions/runs/{intent.run_id}/cancel")
    live.move("advance", seconds=60)
    ended, _ = await carry_out(tools, prepared)
    assert ended.problem is not None and "was cancelled" in ended.problem.title
    live.repo("POST", f"/actions/runs/{intent.run_id}/rerun")
    ended, _ = await carry_out(tools, prepared)
    assert ended.problem is not None and "was started again by jonas-weber" in ended.problem.title
    assert "attempt 2 now, it was 1" in ended.problem.detail
    assert live.sent("POST", "/pending_deployments") == []


async def test_a_second_approval_after_a_new_attempt_is_a_new_one(live: LiveWorld, tools: Tools) -> None:
    """The first attempt's review neither answers the second attempt nor counts as its own."""
    first = wish(live)
    assert (await carry_out(tools, await prepare(tools, first)))[0].outcome is Outcome.DONE
    live.repo("POST", f"/actions/runs/{first.run_id}/cancel")
    live.move("advance", seconds=30)
    live.move("token", user="linnea-b")
    live.repo("POST", f"/actions/runs/{first.run_id}/rerun")
    live.move("token", user="jonas-weber")
    for _ in range(20):
        live.move("advance", seconds=60)
        if live.repo("GET", f"/actions/runs/{first.run_id}/pending_deployments"):
            break
    second = wish(live)
    assert (second.run_id, second.attempt) == (first.run_id, 2)
    prepared = await prepare(tools, second)
    assert prepared.refusal is None
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.DONE and len(reviews(live, second)) == 2


async def test_starting_again_repeats_nothing(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    await carry_out(tools, await prepare(tools, intent))
    again = await prepare(tools, intent)
    assert again.refusal is None
    ended, detail = await carry_out(tools, again)
    assert ended.outcome is Outcome.DONE and detail.startswith("approved by jonas-weber")
    assert len(reviews(live, intent)) == 1 and len(live.sent("POST", "/pending_deployments")) == 1


HAPPENED = [
    {"kind": "reset", "after": True},
    {"kind": "html", "after": True},
    {"kind": "truncate"},
    {"kind": "server-error", "after": True},
]


@pytest.mark.parametrize("fault", HAPPENED, ids=lambda one: one["kind"])
async def test_what_happened_without_an_answer_is_found_by_looking(
    live: LiveWorld, tools: Tools, fault: dict[str, Any]
) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.move("faults", match="/pending_deployments", method="POST", **fault)
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.DONE, ended
    assert len(reviews(live, intent)) == 1 and len(live.sent("POST", "/pending_deployments")) == 1


async def test_what_did_not_happen_and_got_no_answer_is_not_known_and_not_repeated(
    live: LiveWorld, tools: Tools
) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.move("faults", match="/pending_deployments", method="POST", kind="reset")
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.UNKNOWN and ended.exit_code == 5
    assert reviews(live, intent) == [] and len(live.sent("POST", "/pending_deployments")) == 1
    # Starting again looks first, finds nothing, and then it is sent.
    ended, _ = await carry_out(tools, await prepare(tools, intent))
    assert ended.outcome is Outcome.DONE and len(reviews(live, intent)) == 1


@pytest.mark.parametrize(("kind", "problem"), [("rate-limit", Kind.RATE_LIMIT), ("secondary", Kind.RATE_LIMIT)])
async def test_a_limit_stops_it_and_says_until_when(
    live: LiveWorld, tools: Tools, kind: str, problem: Kind
) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.move("faults", match="/pending_deployments", method="POST", kind=kind)
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.FAILED and ended.problem is not None and ended.problem.kind is problem
    assert ended.problem.retry_at is not None and reviews(live, intent) == []


async def test_a_token_that_loses_the_right_in_the_middle(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    prepared = await prepare(tools, intent)
    live.move("token", kind="fine-grained", permissions={"deployments": "read"})
    ended, _ = await carry_out(tools, prepared)
    assert ended.outcome is Outcome.REFUSED and ended.problem is not None
    assert ended.problem.kind is Kind.PERMISSION and "deployments" in ended.problem.sentence().lower()
    assert reviews(live, intent) == []


async def test_a_freeze_holds_an_approval_and_no_rejection(live: LiveWorld) -> None:
    async with live.tools(Gate(freezes=(Freeze("Mon 00:00", "Mon 00:00"),))) as tools:
        prepared = await prepare(tools, wish(live))
        assert prepared.refusal is not None and "frozen" in prepared.refusal.title
        ended, _ = await carry_out(tools, await prepare(tools, wish(live, "rejected")))
        assert ended.outcome is Outcome.DONE


async def test_of_two_at_once_one_is_sent_and_both_tell_the_truth(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    plans = [await prepare(tools, intent), await prepare(tools, intent)]
    ends = await asyncio.gather(*(carry_out(tools, one) for one in plans))
    assert [ended.outcome for ended, _ in ends] == [Outcome.DONE, Outcome.DONE]
    assert all(detail.startswith("approved by jonas-weber") for _, detail in ends)
    assert len(reviews(live, intent)) == 1


async def test_of_two_people_the_second_hears_who_was_first(live: LiveWorld, tools: Tools) -> None:
    intent = wish(live)
    mine = await prepare(tools, intent)
    live.move("token", user="linnea-b")
    hers = await prepare(tools, intent)
    ended, _ = await carry_out(tools, hers)
    assert ended.outcome is Outcome.DONE
    live.move("token", user="jonas-weber")
    ended, _ = await carry_out(tools, mine)
    assert ended.outcome is Outcome.REFUSED and ended.problem is not None
    assert ended.problem.title == "Already approved by linnea-b"
    assert len(live.sent("POST", "/pending_deployments")) == 1


# ── the command itself ───────────────────────────────────────────────────────────────────────


def start(live: LiveWorld, *argv: str) -> subprocess.Popen[str]:
    environ = {**os.environ, **live.environ, "PATH": os.environ["PATH"]}
    return subprocess.Popen(
        [*RELMAN, *live.place, *argv], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


APPROVE = ("approve", "production", "--confirm", "production", "--json")


def test_two_commands_at_once(live: LiveWorld) -> None:
    intent = wish(live)
    both = [start(live, *APPROVE, "--run", str(intent.run_id)) for _ in range(2)]
    results = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert [code for _, code in results] == [0, 0], results
    assert {json.loads(out)["result"]["outcome"] for (out, _), _ in results} == {"done"}
    assert len(reviews(live, intent)) == 1


def test_an_earlier_attempt_s_review_is_not_told_as_this_one_s(live: LiveWorld) -> None:
    """The new attempt has not come to its gate: there is nothing to approve, and nothing was approved."""
    intent = wish(live)
    post(live, intent)
    live.repo("POST", f"/actions/runs/{intent.run_id}/cancel")
    live.move("advance", seconds=30)
    live.repo("POST", f"/actions/runs/{intent.run_id}/rerun")
    assert live.repo("GET", f"/actions/runs/{intent.run_id}/pending_deployments") == []
    process = start(live, *APPROVE, "--run", str(intent.run_id))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "does not wait for production" in err


@pytest.mark.parametrize("after", [False, True], ids=["before it happened", "after it happened"])
def test_killed_around_the_request_and_started_again(live: LiveWorld, after: bool) -> None:
    intent = wish(live)
    live.move("faults", match="/pending_deployments", method="POST", kind="delay", seconds=6, after=after)
    process = start(live, *APPROVE, "--run", str(intent.run_id))
    try:
        until = time.monotonic() + 30
        while live.ask("GET", "/_world/faults")["faults"][0]["met"] == 0:
            assert time.monotonic() < until and process.poll() is None, "the request was never sent"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    again = start(live, *APPROVE, "--run", str(intent.run_id))
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert json.loads(out)["result"]["outcome"] == "done"
    assert [one[:2] for one in reviews(live, intent)] == [("approved", "jonas-weber")]
