import asyncio

import pytest
from msgspec import structs

from relman.board.clock import SystemClock
from relman.board.poller import Poller
from relman.board.refresh import Refresher
from relman.board.schedule import Rhythm
from relman.board.sections import Ask, Part
from relman.board.store import Store
from relman.board.view import View
from relman.errors import Kind
from relman.model.board import Board
from relman.model.repository import Budget

QUICK = Rhythm(
    **{
        field.name: field.default / 500
        for field in structs.fields(Rhythm)
        if field.name not in {"unfocused", "first_retry", "longest_retry"}
    },
    first_retry=0.02,
    longest_retry=0.1,
)


@pytest.fixture
async def poller(source):
    clock = SystemClock()
    store = Store(Board("acme/app"))
    poller = Poller(store, Refresher(store, source, clock), clock, rhythm=QUICK)
    poller.store = store
    poller.start()
    yield poller
    await poller.stop()


async def test_it_reads_what_is_in_view_and_keeps_it_current(poller, source, make, eventually):
    run = make.run(1, status="in_progress")
    source.all_runs, source.all_jobs = [run], {1: (make.job(11, run, status="in_progress"),)}
    poller.look(View(run_id=1))
    await eventually(lambda: 1 in poller.store.board.jobs)
    source.all_runs, source.all_jobs = [make.run(1)], {1: (make.job(11, run),)}
    await eventually(lambda: poller.store.board.run(1).state.finished)
    await eventually(lambda: poller.store.board.jobs[1].value[0].state.finished)


async def test_the_highlight_must_rest_before_jobs_are_asked(poller, source, make, eventually):
    source.all_runs = [make.run(number) for number in range(1, 60)]
    await eventually(lambda: poller.store.board.runs.value)
    for number in range(1, 60):
        poller.look(View(run_id=number))
        await asyncio.sleep(0)
    await eventually(lambda: source.asked("jobs"))
    assert {call[1]["run_id"] for call in source.calls if call[0] == "jobs"} == {59}


async def test_a_section_is_never_asked_twice_at_once_and_few_are_at_all(poller, source, make, eventually):
    source.all_runs = [make.run(number, status="waiting") for number in range(1, 30)]
    running, most, twice = set(), 0, []
    answer = source._answer

    def wrapped(name):
        method = getattr(source, name)

        async def slow(*values, **options):
            nonlocal most
            key = (name, values, options.get("environment"))
            if key in running:
                twice.append(key)
            running.add(key)
            most = max(most, len(running))
            await asyncio.sleep(0.01)
            running.discard(key)
            return await method(*values, **options)

        setattr(source, name, slow)

    for name in ("runs", "repository", "viewer", "workflows", "pending_deployments", "deployments", "releases"):
        wrapped(name)
    del answer
    poller.look(View("deploys"))
    await eventually(lambda: source.asked("runs") >= 3 and source.asked("pending") >= 10)
    assert not twice
    assert 2 <= most <= 4


async def test_a_failure_comes_back(poller, source, make, eventually):
    source.fail["*"] = make.problem(Kind.NETWORK)
    await eventually(lambda: poller.store.board.runs.error and poller.store.board.workflows.error)
    source.fail.clear()
    await eventually(lambda: not poller.store.board.runs.error and not poller.store.board.workflows.error)


async def test_when_the_connection_is_back_everything_is(source, make, eventually):
    clock, store = SystemClock(), Store(Board("acme/app"))
    slow = structs.replace(QUICK, first_retry=600, longest_retry=600)
    poller = Poller(store, Refresher(store, source, clock), clock, rhythm=slow)
    source.fail["*"] = make.problem(Kind.NETWORK)
    poller.start()
    try:
        await eventually(
            lambda: store.board.runs.error and store.board.workflows.error and store.board.viewer.error
        )
        source.fail.clear()
        poller.refresh_now(Part.RUNS)
        await eventually(lambda: not store.board.workflows.error and not store.board.viewer.error)
    finally:
        await poller.stop()


async def test_a_dead_token_is_asked_about_once_in_a_while(poller, source, make, eventually):
    await eventually(lambda: poller.store.board.runs.value is not None)
    source.fail["*"] = make.problem(Kind.AUTH, status=401)
    await eventually(lambda: poller.store.board.viewer.error)
    before = len(source.calls)
    await eventually(lambda: len(source.calls) >= before + 3)
    assert {call[0] for call in source.calls[before + 1 :]} <= {"viewer", "runs"}
    source.fail.clear()
    await eventually(lambda: poller.store.board.viewer.error is None and poller.store.board.runs.error is None)


async def test_refresh_now_asks_again_after_what_is_on_its_way(source, make, eventually):
    clock, store = SystemClock(), Store(Board("acme/app"))
    poller = Poller(store, Refresher(store, source, clock), clock)
    go = asyncio.Event()
    answer = source.releases

    async def slow(**options):
        value = await answer(**options)
        await go.wait()
        return value

    source.releases = slow
    poller.start()
    try:
        await eventually(lambda: source.asked("releases") == 1)
        poller.refresh_now(Part.RELEASES, Ask(Part.JOBS, 7))
        await eventually(lambda: source.asked("jobs") == 1)
        assert source.asked("releases") == 1
        go.set()
        await eventually(lambda: source.asked("releases") == 2)
        await asyncio.sleep(0.05)
        assert source.asked("releases") == 2
    finally:
        await poller.stop()


async def test_a_pause_holds_even_for_refresh_now_and_ends(source, make, eventually, clock):
    store = Store(Board("acme/app"))
    clock.at = SystemClock().now()
    source.budget = Budget(limit=10, remaining=0, paused_until=clock.at.replace(year=clock.at.year + 1))
    poller = Poller(store, Refresher(store, source, SystemClock()), SystemClock(), rhythm=QUICK)
    poller.start()
    try:
        await eventually(lambda: store.board.budget.paused_until)
        await asyncio.sleep(0.05)
        before = len(source.calls)
        poller.refresh_now()
        await asyncio.sleep(0.1)
        assert len(source.calls) == before
        store.change(lambda board: structs.replace(board, budget=Budget()))
        source.budget = Budget()
        poller.refresh_now()
        await eventually(lambda: len(source.calls) > before)
    finally:
        await poller.stop()


async def test_stopping_is_immediate(source, make, eventually):
    clock, store = SystemClock(), Store(Board("acme/app"))
    poller = Poller(store, Refresher(store, source, clock), clock)
    ended = []

    async def stuck(**options):
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(options)

    source.runs = stuck
    poller.start()
    await eventually(lambda: store.board.viewer.value)
    async with asyncio.timeout(1):
        await poller.stop()
    assert len(ended) == 1
    assert len(asyncio.all_tasks()) == 1
    poller.start()
    await poller.stop()
