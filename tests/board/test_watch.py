import asyncio

import pytest

from relman.board.clock import SystemClock
from relman.board.history import History
from relman.board.watch import Watch
from relman.errors import Kind


@pytest.fixture
def watch(source, tmp_path):
    def make_one(directory=tmp_path / "history"):
        history = History.open(directory, "https://api.github.com", "acme/app")
        return Watch("acme/app", lambda: source, history, SystemClock(), tmp_path / "logs", fill_pace=0)

    return make_one


async def test_the_last_board_is_shown_at_once_with_its_age(watch, source, make, eventually):
    source.all_runs = [make.run(1)]
    first = watch()
    first.start()
    await eventually(lambda: first.store.board.runs.value and first.store.board.environments.value)
    await first.stop()
    source.fail["*"] = make.problem(Kind.NETWORK)
    again = watch()
    assert again.store.board.runs == first.store.board.runs
    again.start()
    await eventually(lambda: again.store.board.runs.error)
    assert again.store.board.runs.value == (make.run(1),)
    assert again.store.board.runs.fetched_at == first.store.board.runs.fetched_at
    await again.stop()


async def test_a_start_with_a_kept_board_still_fills(watch, source, make, eventually):
    source.all_runs = [make.run(1)]
    for _ in range(2):
        one = watch()
        one.start()
        await eventually(lambda one=one: one.store.board.fill.done)
        await one.stop()


async def test_stopping_leaves_nothing_behind(watch, source, eventually):
    one = watch()
    one.start()
    await eventually(lambda: one.store.board.runs.value is not None)
    async with asyncio.timeout(2):
        await one.stop()
    assert len(asyncio.all_tasks()) == 1


async def test_a_history_that_cannot_be_kept_is_on_the_board(watch, source, tmp_path, eventually):
    (tmp_path / "file").write_text("")
    one = watch(tmp_path / "file" / "x")
    assert one.store.board.notices[0].kind is Kind.LOCAL
    one.start()
    await eventually(lambda: one.store.board.runs.value is not None)
    await one.stop()


async def test_a_fault_in_the_background_is_seen_and_ends_nothing(watch, source, make, eventually):
    source.all_runs = [make.run(1, at=make.START)]
    one = watch()

    async def broken(*_):
        raise ZeroDivisionError

    one.history.covered = broken
    one.start()
    await eventually(lambda: one.store.board.fill.error)
    assert one.store.board.fill.error.detail == "ZeroDivisionError"
    one.poller.refresh_now()
    await eventually(lambda: source.asked("runs") >= 2)
    await one.stop()


async def test_nothing_is_asked_before_the_start(watch, source):
    one = watch()
    await asyncio.sleep(0.02)
    assert source.calls == []
    await one.stop()
