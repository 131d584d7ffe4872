"""One road for every change: gate, stale look, steps, journal; and no secret on any of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from small_change import FAILED_CHECK, NOW, Bench, Intent, bench

from relman.actions.gate import READ_ONLY, Gate
from relman.actions.mask import masked
from relman.actions.operator import Operator
from relman.errors import Kind, Problem, RelmanError
from relman.model.freeze import Freeze
from relman.model.operation import Begun, Ended, Event, Outcome, Said, StepEnded
from relman.model.plan import Change, Check, Plan, Step, Verdict

FROZEN = (Freeze("Mon 00:00", "Tue 00:00"),)
REFUSED = Problem(Kind.PERMISSION, "The token may not")
SENTINEL = "ghp_sentinel"


async def carried_out(there: Bench, intent: Intent | None = None, *, word: str = "") -> list[Event]:
    prepared = await there.operator.prepare(there.action, intent or Intent())
    return [event async for event in there.operator.run(prepared, word=word)]


def result(events: list[Event]) -> Ended:
    assert [isinstance(event, Ended) for event in events].count(True) == 1
    assert isinstance(events[-1], Ended)
    return events[-1]


async def test_all_goes_well(tmp_path: Path) -> None:
    there = bench(tmp_path)
    events = await carried_out(there)
    assert [type(event) for event in events] == [Begun, StepEnded, Begun, StepEnded, Ended]
    assert result(events) == Ended(Outcome.DONE, "Release v1.9.0: done", None, 4711)
    entries = await there.journal.read()
    assert [(entry.phase, entry.step, entry.result) for entry in entries] == [
        ("begin", "", ""), ("before", "tag", ""), ("after", "tag", "done"), ("before", "release", ""),
        ("after", "release", "done"), ("end", "", "done"),
    ]  # fmt: skip
    assert entries[1].request == "POST /repos/acme/agentic-backend/tags"
    assert {(entry.who, entry.before, entry.after) for entry in entries} == {("mara", "v1.8.2", "v1.9.0")}
    assert len({entry.operation for entry in entries}) == 1
    assert there.operator.sending is None


async def test_again_does_nothing_twice(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.things["tag"] = "v1.9.0"  # somebody, or an earlier start, made it
    events = await carried_out(there)
    assert there.world.sent == ["release"] and result(events).outcome is Outcome.DONE
    phases = [(entry.phase, entry.step) for entry in await there.journal.read()]
    assert ("before", "tag") not in phases and ("after", "tag") in phases
    there.world.sent.clear()
    assert result(await carried_out(there)).outcome is Outcome.DONE and there.world.sent == []


async def test_something_else_in_its_place_stops(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.things["tag"] = "v1.8.9"
    ended = result(await carried_out(there))
    assert (ended.outcome, there.world.sent) == (Outcome.REFUSED, []) and "at the first step" in ended.sentence


async def test_done_without_an_answer_is_seen(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.lost = {"tag", "release"}
    events = await carried_out(there)
    assert result(events).outcome is Outcome.DONE and there.world.sent == ["tag", "release"]
    assert sum(isinstance(event, Said) for event in events) == 2


async def test_an_unknown_outcome_ends_everything(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.unseen = {"tag"}
    events = await carried_out(there)
    assert result(events).outcome is Outcome.UNKNOWN and there.world.sent == ["tag"]
    assert there.clock.seconds >= 3.0 and there.world.looks.count("tag") == 5
    assert (await there.journal.read())[-1].result == "unknown"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (Kind.PERMISSION, Outcome.REFUSED),
        (Kind.AUTH, Outcome.REFUSED),
        (Kind.RATE_LIMIT, Outcome.FAILED),
        (Kind.INVALID, Outcome.FAILED),
        (Kind.CONFLICT, Outcome.FAILED),
        (Kind.NETWORK, Outcome.FAILED),
    ],
)
async def test_a_refused_step_ends_the_operation(tmp_path: Path, kind: Kind, outcome: Outcome) -> None:
    there = bench(tmp_path)
    there.world.fails["release"] = RelmanError(Problem(kind, "No", "the server's words"))
    ended = result(await carried_out(there))
    assert (
        ended.outcome is outcome and ended.problem is not None and ended.problem.detail == "the server's words"
    )
    assert there.world.things == {"tag": "v1.9.0"} and "after 1 of 2 steps" in ended.sentence
    assert (await there.journal.read())[-1].detail == "No: the server's words."


async def test_nothing_is_sent_when_the_last_look_says_stale(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.stale = Problem(Kind.REFUSED, "Somebody approved it", "jonas, 3s ago")
    events = await carried_out(there)
    assert len(events) == 1 and result(events).outcome is Outcome.REFUSED
    assert there.world.looks == [] and not there.journal.path.exists()


async def test_the_gate_is_asked_again_when_it_is_carried_out(tmp_path: Path) -> None:
    there = bench(tmp_path, freezes=(Freeze("Mon 12:30", "Mon 13:00"),))
    prepared = await there.operator.prepare(there.action, Intent(production=True))
    assert prepared.refusal is None
    there.clock.time = NOW.replace(hour=12, minute=30)
    (ended,) = [event async for event in there.operator.run(prepared)]
    assert isinstance(ended, Ended) and ended.problem is not None and "frozen until" in ended.problem.title
    assert there.world.looks == []


@pytest.mark.parametrize("word", ["", "prod", "production ", "PRODUCTION"])
async def test_only_the_exact_word_counts(tmp_path: Path, word: str) -> None:
    there = bench(tmp_path)
    intent = Intent(word="production", production=True)
    assert result(await carried_out(there, intent, word=word)).outcome is Outcome.REFUSED
    assert there.world.sent == []
    assert result(await carried_out(there, intent, word="production")).outcome is Outcome.DONE


def plan_of(there: Bench, intent: Intent) -> Plan:
    from small_change import Facts

    return there.action.plan(Facts("v1.8.2", NOW), intent)


def test_the_gate_refuses_in_its_order(tmp_path: Path) -> None:
    there = bench(tmp_path)
    stale = Problem(Kind.REFUSED, "stale")
    everything = replace(
        plan_of(there, Intent(production=True, permission=REFUSED, checks=(FAILED_CHECK,))), stale=stale
    )
    assert Gate(True, FROZEN).refusal(everything, NOW) == READ_ONLY
    assert Gate(False, FROZEN).refusal(everything, NOW) == REFUSED
    frozen = Gate(False, FROZEN).refusal(replace(everything, permission=None), NOW)
    assert frozen is not None and "frozen until Tue" in frozen.title and frozen.exit_code == 3
    assert Gate().refusal(replace(everything, permission=None), NOW) == stale
    failing = Gate().refusal(replace(everything, permission=None, stale=None), NOW)
    assert failing is not None and "CI is green" in failing.title and "(ci)" in failing.hint


def test_a_freeze_holds_back_production_only_and_no_rollback(tmp_path: Path) -> None:
    there = bench(tmp_path)
    gate = Gate(False, FROZEN)
    assert gate.refusal(plan_of(there, Intent(production=False)), NOW) is None
    assert gate.refusal(plan_of(there, Intent(production=True)), NOW) is not None
    back = plan_of(there, Intent(production=True, rollback=True))
    assert gate.refusal(back, NOW) is None and gate.exempt(back, NOW)
    assert not Gate().exempt(back, NOW) and not gate.exempt(plan_of(there, Intent(production=True)), NOW)


async def test_a_rollback_through_a_freeze_is_journaled_as_such(tmp_path: Path) -> None:
    there = bench(tmp_path, freezes=FROZEN)
    await carried_out(there, Intent(production=True, rollback=True))
    assert {entry.exempt for entry in await there.journal.read()} == {"freeze"}
    free = bench(tmp_path / "free")
    await carried_out(free, Intent(production=True, rollback=True))
    assert {entry.exempt for entry in await free.journal.read()} == {""}


async def test_a_cancelled_operation_says_what_was_sent(tmp_path: Path) -> None:
    there = bench(tmp_path)
    there.world.hold = asyncio.Event()
    task = asyncio.create_task(carried_out(there))
    while not there.world.sent:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert there.operator.sending is not None and there.operator.sending.key == "tag"
    assert [entry.phase for entry in await there.journal.read()] == ["begin", "before"]


async def test_a_step_that_is_over_stays_over_when_the_journal_fails(tmp_path: Path) -> None:
    there = bench(tmp_path)

    class Full(type(there.journal)):  # type: ignore[misc]
        async def write(self, entry: object) -> None:
            if entry.phase == "after":  # type: ignore[attr-defined]
                raise RelmanError(Problem(Kind.LOCAL, "The journal cannot be written"))

    operator = Operator(Gate(), Full(tmp_path / "j", str), there.clock, sleep=there.clock.sleep)
    prepared = await operator.prepare(there.action, Intent())
    events = [event async for event in operator.run(prepared)]
    assert isinstance(events[-2], StepEnded) and events[-2].outcome is Outcome.DONE
    ended = result(events)
    assert ended.outcome is Outcome.FAILED and "after 1 of 2 steps" in ended.sentence
    assert there.world.sent == ["tag"]


async def test_another_intent_needs_no_reading(tmp_path: Path) -> None:
    there = bench(tmp_path)
    first = await there.operator.prepare(there.action, Intent(checks=(FAILED_CHECK,)))
    assert first.refusal is not None
    second = there.operator.replan(
        first, Intent(checks=(FAILED_CHECK,), text="hm").with_override("ci", "flaky")
    )
    assert second.refusal is None and second.plan.text == "hm" and there.world.gathers == 1


# ── secrets ──────────────────────────────────────────────────────────────────────────────────


def full_plan() -> Plan:
    step = Step(SENTINEL, SENTINEL, SENTINEL, SENTINEL)
    problem = Problem(Kind.REFUSED, SENTINEL, SENTINEL, SENTINEL, url=SENTINEL)
    check = Check(SENTINEL, SENTINEL, Verdict.FAILED, (SENTINEL,), True, SENTINEL)
    return Plan(
        action=SENTINEL, title=SENTINEL, repo=SENTINEL, target=SENTINEL, steps=(step,), facts_at=NOW,
        environment=SENTINEL, changes=(Change(SENTINEL, SENTINEL, SENTINEL),), checks=(check,),
        warnings=(SENTINEL,), irreversible=(SENTINEL,), text=SENTINEL, text_title=SENTINEL, word=SENTINEL,
        permission=problem, stale=problem, who=SENTINEL,
        details={SENTINEL: [SENTINEL, {SENTINEL: (SENTINEL,)}], "n": 1},
    )  # fmt: skip


def test_every_field_of_a_plan_is_masked() -> None:
    plan = full_plan()
    assert all(
        SENTINEL in str(getattr(plan, name))
        for name in plan.__struct_fields__
        if name not in ("facts_at", "production", "rollback")
    )
    clean = masked(plan, lambda text: text.replace(SENTINEL, "•••"))
    assert SENTINEL not in repr(clean) and clean.details["n"] == 1 and clean.checks[0].verdict is Verdict.FAILED
    assert masked(clean, lambda text: text.replace(SENTINEL, "•••")) is clean


async def test_no_secret_reaches_a_plan_an_event_or_the_journal(tmp_path: Path) -> None:
    there = bench(tmp_path)
    token = SENTINEL
    problem = Problem(Kind.INVALID, f"Bad {token}", f"detail {token}", f"hint {token}")
    there.world.fails["release"] = RelmanError(problem)
    there.world.before = f"\x1b[1m{token}"
    intent = Intent(
        version=token, text=token, warnings=(token,), checks=(replace(FAILED_CHECK, evidence=(token,)),)
    )
    prepared = await there.operator.prepare(there.action, intent.with_override("ci", token))
    events = [event async for event in there.operator.run(prepared)]
    assert (
        token not in repr(prepared.plan) and token not in repr(prepared.refusal) and token not in repr(events)
    )
    assert token not in there.journal.path.read_text() and "•••" in repr(events)
    there.world.unreadable = problem
    with pytest.raises(RelmanError) as raised:
        await there.operator.prepare(there.action, intent)
    assert token not in str(raised.value) and raised.value.__cause__ is None
    halves = Intent(version="ghp_\x00sentinel")  # joined only by cleaning
    await carried_out(bench(tmp_path / "halves"), halves)
    assert token not in (tmp_path / "halves" / "state" / "journal.jsonl").read_text()
