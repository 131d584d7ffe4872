import asyncio
import random
import signal
import sys
from datetime import timedelta

import pytest
from msgspec import structs

from relman.board.fill import CAP, Filler
from relman.board.history import History
from relman.board.refresh import Refresher
from relman.board.sections import Ask, Part
from relman.board.store import Store
from relman.errors import Kind
from relman.model.board import Board
from relman.model.repository import Budget

DAY = timedelta(days=1)


@pytest.fixture
async def history(tmp_path):
    history = History.open(tmp_path, "https://api.github.com", "acme/app")
    yield history
    await history.close()


@pytest.fixture
async def fill(source, clock, history, eventually):
    """Runs a filler until a condition holds; what it made stays in the store that is given back."""

    async def run(until, store=None, **options):
        store = store or Store(Board("acme/app"))
        filler = Filler(store, source, history, clock, pace=0, settle=0, **options)
        task = asyncio.create_task(filler.run())
        try:
            await asyncio.sleep(0)
            await Refresher(store, source, clock, memory=history).refresh(Ask(Part.RUNS))
            await eventually(lambda: until(store.board))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return store

    return run


def windows(source):
    return [call[1]["created"] for call in source.calls if call[0] == "runs" and call[1]["created"]]


async def test_nothing_is_left_out_behind_the_cap(fill, source, history, make):
    chance = random.Random(3)
    hour = timedelta(hours=1)
    source.all_runs = [make.run(n, at=make.START - 3 * DAY + chance.random() * hour) for n in range(2500)]
    source.all_runs += [make.run(n, at=make.START - chance.random() * 55 * DAY) for n in range(3000, 3400)]
    store = await fill(lambda board: board.fill.done)
    assert await history.run_count() == 2900
    assert store.board.fill.runs == 2900
    assert store.board.fill.reached == store.board.fill.target
    assert len(store.board.runs.value) == 1000
    await fill(lambda board: board.fill.done)
    asked = [(call[1]["created"], call[1]["page"]) for call in source.calls if call[0] == "runs"]
    again = [one for one in asked if one[0] and asked.count(one) > 1]
    assert again == []


async def test_a_server_without_totals_is_cut_too(fill, source, history, make):
    answer = source.runs

    async def without_total(**filters):
        found = await answer(**filters)
        return structs.replace(found, value=structs.replace(found.value, total=None))

    source.runs = without_total
    source.cap = 1001  # one page more would follow
    source.all_runs = [make.run(n, at=make.START - DAY - timedelta(seconds=n * 5)) for n in range(1800)]
    await fill(lambda board: board.fill.done)
    assert await history.run_count() == 1800


async def test_more_than_the_cap_within_a_minute_ends(fill, source, history, make):
    source.all_runs = [make.run(n, at=make.START - DAY) for n in range(CAP + 500)]
    await fill(lambda board: board.fill.done)
    assert await history.run_count() >= CAP


async def test_the_newest_comes_first_and_progress_shows(fill, source, make):
    source.all_runs = [make.run(n, at=make.START - timedelta(hours=6 * n)) for n in range(200)]
    seen = []
    store = Store(Board("acme/app"))
    store.subscribe(lambda board: seen.append(board.fill))
    await fill(lambda board: board.fill.done, store)
    reached = [one.reached for one in seen if one.reached is not None]
    assert len(set(reached)) >= 8
    assert reached == sorted(reached, reverse=True)
    counts = [one.runs for one in seen]
    assert counts == sorted(counts)
    assert windows(source) == sorted(windows(source), reverse=True)


async def test_an_error_is_told_and_overcome(fill, source, make, monkeypatch, eventually, clock, history):
    monkeypatch.setattr("relman.board.fill.retry_delay", lambda *_: 0.02)
    source.all_runs = [make.run(1, at=make.START - DAY)]
    store = Store(Board("acme/app"))
    told = []

    def tell(board):
        if board.fill.error is not None:
            told.append(board.fill.error)
            source.fail.clear()

    store.subscribe(tell)
    answer = source.runs

    async def failing(**filters):
        if filters.get("created") and not told:
            source.fail["runs"] = make.problem(Kind.SERVER)
        return await answer(**filters)

    source.runs = failing
    await fill(lambda board: board.fill.done, store)
    assert told[0].kind is Kind.SERVER
    assert store.board.fill.error is None


async def test_a_fifth_of_the_quota_stays(fill, source, make, clock):
    source.all_runs = [make.run(n, at=make.START - DAY * n) for n in range(1, 50)]
    source.budget = Budget(limit=5000, remaining=900, reset_at=make.START + timedelta(minutes=30))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await fill(lambda board: board.fill.done)
    assert windows(source) == []
    source.budget = Budget(limit=5000, remaining=900, reset_at=make.START - timedelta(seconds=1))
    await fill(lambda board: board.fill.done)


async def test_jobs_give_expected_durations_newest_successes_first(fill, source, history, make):
    runs = [
        make.run(n, at=make.START - DAY * n, conclusion="failure" if n % 4 == 0 else "success")
        for n in range(1, 40)
    ]
    source.all_runs = runs
    source.all_jobs = {run.id: (make.job(run.id, run, seconds=run.id),) for run in runs}
    store = await fill(lambda board: board.fill.done and board.expected and board.fill.jobs_left == 0)
    first = [call[1]["run_id"] for call in source.calls if call[0] == "jobs"][:20]
    assert first == [n for n in range(1, 40) if n % 4][:20]
    assert store.board.expected[make.CI]["test"] == pytest.approx(10.5)  # the jobs of failed runs count too
    assert len(await history.jobs_of(range(1, 40))) == 39
    asked = source.asked("jobs")
    await fill(lambda board: board.fill.done)
    assert source.asked("jobs") == asked


async def test_every_attempt_is_kept(fill, source, history, make, eventually):
    run = make.run(1, attempt=3, at=make.START - DAY)
    source.all_runs = [run]
    source.all_jobs = {1: tuple(make.job(10 + n, run, attempt=n) for n in (1, 2, 3))}
    await fill(lambda board: board.fill.done and board.expected)
    assert [one.attempt for one in await history.earlier_attempts(1)] == [1, 2]
    assert [job.attempt for job in (await history.jobs_of([1]))[1]] == [1, 2, 3]
    assert [job.id for job in await history.jobs(1, 3)] == [13]


async def test_a_run_that_ends_is_kept_with_its_jobs(fill, source, history, make, clock):
    run = make.run(1, status="in_progress")
    source.all_runs, source.all_jobs = [run], {1: (make.job(11, run),)}
    store = Store(Board("acme/app"))
    refresher = Refresher(store, source, clock, memory=history)

    def end(board):
        if board.fill.done and source.all_runs[0].status != "completed":
            source.all_runs = [make.run(1)]
            end.task = asyncio.create_task(refresher.refresh(Ask(Part.RUNS)))
        return bool(board.expected)

    await fill(end, store)
    assert await history.jobs(1, 1) == source.all_jobs[1]


async def test_jobs_that_lag_or_fail_do_not_stop_the_rest(fill, source, history, make):
    runs = [make.run(n, at=make.START - DAY * n) for n in range(1, 31)]
    source.all_runs = runs
    source.all_jobs = {run.id: (make.job(run.id, run),) for run in runs}
    source.all_jobs[3] = (make.job(3, runs[2], status="in_progress"),)
    answer = source.jobs

    async def gone(run_id, **options):
        if run_id == 5:
            source._none("The run")
        return await answer(run_id, **options)

    source.jobs = gone
    await fill(lambda board: board.fill.done and board.expected and board.fill.jobs_left == 2)
    assert set(await history.jobs_of(range(40))) == {run.id for run in runs} - {3, 5}


async def test_a_run_without_jobs_is_asked_for_twice_and_a_list_cut_off_is_not_kept(
    source, history, make, clock, eventually
):
    runs = [make.run(n, at=make.START - timedelta(minutes=10 + n)) for n in range(1, 5)]
    source.all_runs = runs
    source.all_jobs = {n: (make.job(n, runs[n - 1]), make.job(n * 10, runs[n - 1], "lint")) for n in (1, 4)}
    source.cut_off = {4: 1}  # the second and the third run have none
    store = Store(Board("acme/app"))
    refresher = Refresher(store, source, clock, memory=history)
    filler = Filler(store, source, history, clock, pace=0, settle=0)
    task = asyncio.create_task(filler.run())

    def asked():
        return [call[1]["run_id"] for call in source.calls if call[0] == "jobs"]

    try:
        await asyncio.sleep(0)
        for ended in range(4):
            await refresher.refresh(Ask(Part.RUNS))
            count = [4, 3, 1, 1]
            await eventually(lambda: len(asked()) == sum(count[: ended + 1]) + ended)  # noqa: B023
            await eventually(lambda: store.board.fill.done)
            if ended == 0:  # the third one's jobs had only been late
                source.all_jobs[3] = (make.job(3, runs[2]),)
            another = make.run(100 + ended)
            source.all_runs = [*source.all_runs, another]
            source.all_jobs[another.id] = (make.job(another.id, another),)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [asked().count(n) for n in (1, 2, 3)] == [1, 2, 2]
    assert await history.jobs(2, 1) == ()
    assert await history.jobs(3, 1) == source.all_jobs[3]
    assert await history.jobs(4, 1) is None


async def test_of_a_run_that_ended_long_ago_one_answer_without_jobs_is_enough(fill, source, history, make):
    source.all_runs = [make.run(n, at=make.START - timedelta(minutes=68 + n)) for n in range(1, 32)]
    store = await fill(lambda board: board.fill.done and board.fill.jobs_left == 2)
    assert source.asked("jobs") == 31
    assert [run.id for run in await history.runs_without_jobs(make.START - DAY, 9)] == [1, 2]
    assert await history.jobs(3, 1) == ()
    assert store.board.fill.jobs_left == 2


@pytest.mark.parametrize(
    ("status", "empty"), [("in_progress", False), ("completed", False), ("completed", True)]
)
async def test_an_empty_list_beside_one_with_jobs_is_late(
    source, history, make, clock, eventually, status, empty
):
    run = make.run(1, attempt=2, at=make.START - DAY)
    source.all_runs = [run]
    source.all_jobs = {1: (make.job(11, run, attempt=1), make.job(12, run, status=status))}
    answer = source.jobs

    async def late(run_id, *, every_attempt=False):
        found = await answer(run_id, every_attempt=every_attempt)
        return structs.replace(found, value=()) if run_id == 1 and every_attempt is empty else found

    source.jobs = late
    store = Store(Board("acme/app"))
    refresher = Refresher(store, source, clock, memory=history)
    filler = Filler(store, source, history, clock, pace=0, settle=0)
    task = asyncio.create_task(filler.run())

    def asked():
        return sum(1 for call in source.calls if call[0] == "jobs" and call[1]["run_id"] == 1)

    try:
        await asyncio.sleep(0)
        for ended in range(1, 4):
            await refresher.refresh(Ask(Part.RUNS))
            await eventually(lambda: asked() == 2 * ended)  # noqa: B023
            await eventually(lambda: store.board.fill.done)
            another = make.run(100 + ended)
            source.all_runs = [*source.all_runs, another]
            source.all_jobs[another.id] = (make.job(another.id, another),)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await history.jobs(1, 2) is None


async def test_older_deployments_are_kept_with_their_statuses(fill, source, history, make, eventually):
    source.all_deployments = [make.deployment(n, "production") for n in range(1, 131)]
    source.statuses = {n: (make.status(n, "success"),) for n in range(1, 131)}
    source.all_runs = [make.run(1, at=make.START - DAY)]
    store = Store(Board("acme/app"))
    await Refresher(store, source, history._worker and source.clock).refresh(Ask(Part.ENVIRONMENTS))
    await fill(lambda board: source.asked("statuses") == 130, store)
    kept = await history.deployments_between(make.START - DAY, make.START + DAY, "production")
    assert len(kept) >= 129


async def test_a_sleep_of_the_machine_leaves_no_hole(fill, source, history, make, clock):
    source.all_runs = [make.run(1, at=make.START - DAY)]
    store = Store(Board("acme/app"))
    refresher = Refresher(store, source, clock, memory=history)
    source.all_jobs = {1: (make.job(11, source.all_runs[0]),)}

    def sleep(board):
        if board.fill.done and board.fill.jobs_left == 0 and len(source.all_runs) == 1:
            clock.pass_(3 * 24 * 3600)
            source.all_runs += [make.run(n, at=make.START + timedelta(minutes=n)) for n in range(10, 500)]
            sleep.task = asyncio.create_task(refresher.refresh(Ask(Part.RUNS)))
        return board.fill.runs == 491

    await fill(sleep, store)
    assert await history.run_count() == 491


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import conftest
from relman.board.fill import Filler
from relman.board.history import History
from relman.board.refresh import Refresher
from relman.board.sections import Ask, Part
from relman.board.store import Store
from relman.model.board import Board

def asked(source):
    return len([call for call in source.calls if call[1].get("created")])

async def main():
    clock = conftest.StandingClock()
    source = conftest.Source(clock)
    hours = conftest.timedelta(hours=3)
    source.all_runs = [conftest.make_run(n, at=conftest.START - n * hours) for n in range(440)]
    history = History.open(Path(sys.argv[1]), "https://api.github.com", "acme/app")
    store = Store(Board("acme/app"))
    filler = Filler(store, source, history, clock, pace=0.01)
    task = asyncio.create_task(filler.run())
    await asyncio.sleep(0)
    await Refresher(store, source, clock, memory=history).refresh(Ask(Part.RUNS))
    while not store.board.fill.done:
        print(asked(source), store.board.fill.runs, flush=True)
        await asyncio.sleep(0.01)
    print("done", asked(source), store.board.fill.runs, flush=True)
    task.cancel()
    await history.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
async def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path, request):
    arguments = (sys.executable, "-c", KILLED, str(tmp_path), str(request.path.parent))
    whole = 0
    first = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    async for line in first.stdout:
        whole, kept = (int(word) for word in line.split())
        if kept > 200:
            first.send_signal(signal.SIGKILL)
            break
    await first.wait()
    second = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await second.communicate()
    word, asked, runs = output.decode().splitlines()[-1].split()
    assert (word, runs) == ("done", "440")
    assert whole >= 3
    assert int(asked) <= 10 - (whole - 2), "what was complete is not asked again"


async def test_what_fills_the_history_is_asked_once_and_stays_nowhere(fill, source, make, history):
    source.all_runs = [make.run(number) for number in range(1, 4)]
    source.all_jobs = {one.id: (make.job(one.id, one),) for one in source.all_runs}
    await fill(lambda board: board.fill.done and board.fill.jobs_left == 0)
    assert source.passed.count("runs") == sum(
        1 for call in source.calls if call[0] == "runs" and call[1]["created"]
    )
    assert source.passed.count("jobs") == source.asked("jobs") == 3
