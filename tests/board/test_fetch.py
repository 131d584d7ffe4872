import asyncio
import os

import pytest

from relman.board.fetch import Fetch
from relman.errors import Kind, RelmanError


async def test_a_log_is_fetched_once_and_is_private(source, tmp_path):
    fetch = Fetch(source, tmp_path / "logs")
    told = []
    path = await fetch.job_log(7, 1, lambda *bytes_: told.append(bytes_))
    assert path.read_bytes().startswith(b"line\n")
    assert told == [(500, 500)]
    assert await fetch.job_log(7, 1) == path
    assert source.asked("save_job_log") == 1
    assert await fetch.job_log(7, 2) != path
    assert (await fetch.run_log(9, 1)).suffix == ".zip"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_two_that_want_the_same_share_one(source, tmp_path):
    fetch = Fetch(source, tmp_path)
    paths = await asyncio.gather(*(fetch.job_log(7, 1) for _ in range(5)))
    assert len(set(paths)) == 1
    assert source.asked("save_job_log") == 1


async def test_room_is_made_by_what_was_used_longest_ago(source, tmp_path):
    fetch = Fetch(source, tmp_path, room=1200)  # two logs of 500 bytes
    first, second = await fetch.job_log(1, 1), await fetch.job_log(2, 1)
    os.utime(first, (100, 100))
    os.utime(second, (200, 200))
    await fetch.job_log(1, 1)
    third = await fetch.job_log(3, 1)
    assert sorted(tmp_path.iterdir()) == sorted([first, third])


async def test_a_log_larger_than_the_room_stays_while_it_is_read(source, tmp_path):
    fetch = Fetch(source, tmp_path, room=10)
    assert (await fetch.job_log(1, 1)).exists()


async def test_a_failure_is_told_and_leaves_nothing(source, tmp_path, make):
    source.fail["save_job_log"] = make.problem(Kind.GONE)
    fetch = Fetch(source, tmp_path)
    with pytest.raises(RelmanError) as caught:
        await fetch.job_log(1, 1)
    assert caught.value.problem.kind is Kind.GONE
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_cannot_be_is_a_problem_of_this_machine(source, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RelmanError) as caught:
        await Fetch(source, tmp_path / "file" / "logs").job_log(1, 1)
    assert caught.value.problem.kind is Kind.LOCAL


async def test_cancelling_ends_at_once(source, tmp_path):
    async def stuck(*_):
        await asyncio.sleep(3600)

    source.save_job_log = stuck
    fetch = Fetch(source, tmp_path)
    task = asyncio.create_task(fetch.job_log(1, 1))
    await asyncio.sleep(0.05)
    task.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_empty_log_is_fetched_again(source, tmp_path):
    fetch = Fetch(source, tmp_path)
    (tmp_path / "job-7-1.log").touch()
    path = await fetch.job_log(7, 1)
    assert path.stat().st_size == 500
    assert source.asked("save_job_log") == 1
