import asyncio
import json
import os
import sqlite3
import sys
import threading
from datetime import timedelta

import pytest
from msgspec import structs

from relman.board.history import History, job_seconds
from relman.board.history_file import file_for
from relman.errors import Kind
from relman.model.board import Board, Section

API = "https://api.github.com"


@pytest.fixture
async def opened(tmp_path):
    """Opens histories in one directory; all are closed at the end."""
    histories = []

    def open_one(repo="acme/app", directory=tmp_path / "history"):
        history = History.open(directory, API, repo)
        histories.append(history)
        return history

    yield open_one
    for history in histories:
        await history.close()


def answer(*runs):
    return json.dumps({"workflow_runs": [{"id": run.id, "secret detail": "x" * 50} for run in runs]}).encode()


async def test_a_finished_run_is_kept_with_its_raw_answer(opened, make):
    history = opened()
    await history.keep_runs([make.run(1), make.run(2)], answer(make.run(1), make.run(2)))
    day = timedelta(days=1)
    assert await history.finished_runs(make.START - day, make.START + day) == (make.run(2), make.run(1))
    assert await history.finished_runs(make.START - day, make.START + day, "other.yml") == ()
    raw = sqlite3.connect(history.path).execute("SELECT raw FROM runs WHERE id = 1").fetchone()[0]
    assert b"secret detail" in __import__("zlib").decompress(raw)


async def test_a_kept_attempt_never_changes_and_a_later_one_moves_it(opened, make):
    history = opened()
    first = make.run(1, conclusion="failure")
    await history.keep_runs([first], b"")
    await history.keep_runs([make.run(1, conclusion="success")], b"")
    assert await history.newest_runs() == (first,)
    again = make.run(1, attempt=2, status="in_progress")
    await history.keep_runs([again], b"")
    assert await history.unfinished() == (1,)
    assert await history.earlier_attempts(1) == (first,)
    await history.keep_runs([make.run(1, attempt=2)], b"")
    await history.keep_runs([again], b"")
    assert await history.unfinished() == ()
    assert await history.missing_attempts(make.run(1, attempt=4)) == (2, 3)


async def test_jobs_belong_to_an_attempt(opened, make):
    history = opened()
    run = make.run(1, attempt=2)
    jobs = (
        make.job(11, run, "lint", attempt=1),
        make.job(12, run, "test", attempt=1),
        make.job(13, run, "test"),
    )
    await history.keep_runs([run], b"")
    assert await history.jobs(1, 2) is None
    await history.keep_jobs(run, jobs, b"[]", latest={11, 13})
    assert await history.jobs(1, 2) == (jobs[0], jobs[2])
    assert await history.jobs(1, 3) is None
    assert await history.jobs_of([1, 99]) == {1: jobs}
    assert await history.runs_without_jobs(make.START - timedelta(days=1), 9) == ()


async def test_a_forgotten_run_that_had_finished_stays(opened, make):
    history = opened()
    await history.keep_runs([make.run(1), make.run(2, status="queued")], b"")
    await history.forget_run(1)
    await history.forget_run(2)
    assert [run.id for run in await history.newest_runs()] == [1]


async def test_expected_is_the_median_of_the_last_twenty_successes(opened, make):
    history = opened()
    for number in range(1, 31):
        run = make.run(number, at=make.START + timedelta(hours=number))
        await history.keep_jobs(run, (make.job(number, run, seconds=10_000 if number <= 5 else number),), b"")
    odd = make.run(99, at=make.START + timedelta(days=9))
    await history.keep_jobs(
        odd,
        (
            make.job(991, odd, seconds=9999, conclusion="failure"),
            make.job(992, odd, seconds=9999, conclusion="skipped"),
            make.job(993, odd, "backwards", seconds=-1),
        ),
        b"",
    )
    assert await history.expected() == {make.CI: {"test": 20.5, "backwards": 0.0}}


async def test_the_same_execution_listed_by_two_attempts_counts_once(opened, make):
    history = opened()
    run = make.run(1, attempt=2)
    await history.keep_jobs(
        run,
        (
            make.job(1, run, seconds=10, attempt=1),
            make.job(2, run, seconds=10, attempt=2),
            make.job(3, make.run(1, at=make.START + timedelta(hours=1)), seconds=40, attempt=2),
        ),
        b"",
    )
    assert await history.expected() == {make.CI: {"test": 25.0}}


def test_a_queued_start_is_not_a_start(make):
    from msgspec import structs

    run = make.run(1)
    job = make.job(1, run, seconds=60)
    queued = structs.replace(job, started_at=run.created_at - timedelta(hours=1))
    assert job_seconds(queued) == 60
    assert job_seconds(structs.replace(queued, steps=())) == 3665
    assert job_seconds(structs.replace(job, completed_at=None)) is None


async def test_runs_without_jobs_newest_successful_of_each_workflow_first(opened, make):
    history = opened()
    paths = {number: ("a.yml", "b.yml")[number % 2] for number in range(1, 31)}
    await history.keep_runs(
        [
            make.run(
                number,
                path=path,
                at=make.START + timedelta(hours=number),
                conclusion="failure" if number > 20 else "success",
            )
            for number, path in paths.items()
        ],
        b"",
    )
    since = make.START - timedelta(days=1)
    first = await history.runs_without_jobs(since, 100, newest=3)
    assert [run.id for run in first] == [20, 19, 18, 17, 16, 15]
    assert len(await history.runs_without_jobs(since, 100)) == 30
    assert await history.count_without_jobs(since) == 30
    assert await history.count_without_jobs(make.START + timedelta(hours=26)) == 5


async def test_deployments_files_and_spans(opened, make):
    history = opened()
    deployment = make.deployment(5, statuses=(make.status(1, "success"),))
    await history.keep_deployments([deployment], {5: b"[]"})
    assert await history.deployments([5, 6]) == {5: deployment}
    hour = timedelta(hours=1)
    assert await history.deployments_between(make.START - hour, make.START + hour, "staging") == (deployment,)
    assert await history.deployments_between(make.START - hour, make.START + hour, "production") == ()
    await history.keep_file("ci.yml", "a" * 40, "jobs: {}\n☃")
    assert await history.file("ci.yml", "a" * 40) == "jobs: {}\n☃"
    assert await history.file("ci.yml", "b" * 40) is None
    await history.cover((100, 200))
    await history.cover((200, 300))
    await history.cover((50, 60))
    assert await history.covered() == [(50, 60), (100, 300)]


async def test_the_last_board_is_there_at_the_next_start(opened, make):
    board = Board("acme/app", runs=Section((make.run(1),), make.START))
    history = opened()
    assert history.last_board() is None
    await history.keep_board(board)
    assert opened().last_board() == board
    assert opened("acme/other").last_board() is None


async def test_one_file_for_each_repository_and_host(tmp_path):
    names = {
        file_for(tmp_path, api, repo).name
        for api in (API, "https://ghe.example/api/v3")
        for repo in ("acme/app", "acme/app2", "acme_app/x", "../../etc/passwd", "a" * 300)
    }
    assert len(names) == 10
    assert all("/" not in name and not name.startswith(".") and len(name) < 120 for name in names)
    assert (
        file_for(tmp_path, API, "Acme/App").name.split("-")[-1]
        == file_for(tmp_path, API, "acme/app").name.split("-")[-1]
    )


@pytest.mark.skipif(os.name != "posix", reason="file modes")
async def test_everything_is_private_whatever_the_umask(opened, make, tmp_path):
    before = os.umask(0)
    try:
        history = opened()
        await history.keep_runs([make.run(1)], b"")
        modes = {path.name: path.stat().st_mode & 0o777 for path in history.path.parent.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert history.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["noise", "truncated", "newer"])
async def test_a_broken_or_newer_file_is_moved_aside(opened, make, damage):
    history = opened()
    await history.keep_runs([make.run(n, message="x" * 400) for n in range(200)], b"")
    await history.close()
    path = history.path
    if damage == "noise":
        path.write_bytes(b"this is no database" * 500)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:50])
    else:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    content = path.read_bytes()
    again = opened()
    assert again.notice.kind is Kind.LOCAL
    assert "moved to" in again.notice.detail
    assert await again.newest_runs() == ()
    await again.keep_runs([make.run(1)], b"")
    assert [run.id for run in await again.newest_runs()] == [1]
    assert [aside.read_bytes() for aside in path.parent.glob("*.aside-1")] == [content]
    await again.close()
    assert opened().notice is None


async def test_damage_found_later_starts_anew_too(opened, make):
    history = opened()
    await history.keep_runs([make.run(n, message="x" * 900) for n in range(2000)], b"")
    await history.close()
    size = history.path.stat().st_size
    with history.path.open("r+b") as file:
        for at in range(20_000, size - 4096, 4096):
            file.seek(at)
            file.write(b"\xa5" * 4096)
    again = opened()
    for _ in range(3):
        await again.newest_runs()
        await again.keep_runs([make.run(1)], b"")
    assert "moved to" in again.notice.detail
    assert [run.id for run in await again.newest_runs()] == [1]


async def test_without_a_usable_directory_memory_serves(opened, make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    history = opened(directory=tmp_path / "file" / "below")
    assert history.notice.kind is Kind.LOCAL
    await history.keep_runs([make.run(1)], b"")
    assert await history.newest_runs() == (make.run(1),)


async def test_a_full_disk_is_told_and_passes(opened, make):
    history = opened()
    await history.keep_runs([make.run(1)], b"")
    pages = await history._rows("PRAGMA page_count")
    await history._rows(f"PRAGMA max_page_count = {pages[0][0]}")
    await history.keep_runs([make.run(n, message=str(n) * 3000) for n in range(100, 400)], b"")
    assert "full" in history.notice.detail
    assert await history.newest_runs() == (make.run(1),)
    await history._rows("PRAGMA max_page_count = 1000000")
    await history.keep_runs([make.run(2)], b"")
    assert history.notice is None


async def test_facts_of_another_version_are_as_good_as_not_kept(opened, make):
    history = opened()
    await history.keep_runs([make.run(1), make.run(2)], b"")
    connection = sqlite3.connect(history.path)
    connection.execute("""UPDATE runs SET facts = '{"id": 1}' WHERE id = 1""")
    connection.commit()
    connection.close()
    assert [run.id for run in await history.newest_runs()] == [2]


async def test_the_loop_is_not_held_up(opened):
    history = opened()
    threads = await history._read(lambda db: threading.current_thread(), None)
    assert threads is not threading.current_thread()
    assert threads.daemon
    slow = asyncio.create_task(history._read(lambda db: threading.Event().wait(0.3), None))
    await asyncio.sleep(0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


WRITER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from relman.board.history import History
from relman.model.run import Run

async def main(directory, first):
    history = History.open(Path(directory), "https://api.github.com", "acme/app")
    start = datetime(2026, 10, 1, tzinfo=UTC)
    for number in range(first, first + 150):
        run = Run(number, "CI", "t", number, 1, "push", "completed", "success", "main", "a" * 40, 1, "ci.yml",
                  created_at=start + timedelta(minutes=number), updated_at=start)
        await history.keep_runs([run], b"")
        await history.cover((number * 60, number * 60 + 60))
    assert history.notice is None, history.notice
    await history.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_two_processes_write_at_once(opened, tmp_path):
    directory = tmp_path / "history"
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(directory), str(first))
        for first in (0, 150)
    ]
    assert await asyncio.gather(*(writer.wait() for writer in writers)) == [0, 0]
    history = opened(directory=directory)
    assert await history.run_count() == 300
    assert await history.covered() == [(0, 300 * 60)]


async def test_a_file_of_the_version_before_is_migrated_with_what_it_has(opened, make, monkeypatch):
    from relman.board import history_file

    history = opened()
    await history.keep_runs([make.run(1)], b"")
    await history.close()
    later = (*history_file._MIGRATIONS, "ALTER TABLE runs ADD COLUMN colour TEXT DEFAULT 'red'")
    monkeypatch.setattr(history_file, "_MIGRATIONS", later)
    again = opened()
    assert again.notice is None
    assert await again.newest_runs() == (make.run(1),)
    assert await again._rows("SELECT colour FROM runs") == [("red",)]
    assert await again._rows("PRAGMA user_version") == [(len(later),)]


async def test_empty_lists_of_jobs_that_were_taken_for_final_are_read_again(opened, make, monkeypatch):
    from relman.board import history_file

    with monkeypatch.context() as patch:
        patch.setattr(history_file, "_MIGRATIONS", history_file._MIGRATIONS[:2])
        history = opened()
        for number in (1, 2):
            run = make.run(number)
            await history.keep_jobs(run, (make.job(11, run),) if number == 1 else (), b"")
        await history.close()
    again = opened()
    assert again.notice is None
    assert await again.jobs(2, 1) is None and await again.jobs(1, 1)
    assert await again.runs_without_jobs(make.START - timedelta(days=1), 9) == (make.run(2),)


async def test_a_migration_that_fails_leaves_the_file_as_it_was(opened, make, monkeypatch):
    from relman.board import history_file

    history = opened()
    await history.keep_runs([make.run(1)], b"")
    await history.close()
    broken = (*history_file._MIGRATIONS, "CREATE TABLE half (x); INSERT INTO runs SELECT * FROM runs")
    with monkeypatch.context() as patch:
        patch.setattr(history_file, "_MIGRATIONS", broken)
        failed = opened()
        assert failed.notice.kind is Kind.LOCAL
    again = opened()
    assert again.notice is None
    assert await again.newest_runs() == (make.run(1),)
    assert await again._rows("SELECT name FROM sqlite_master WHERE name = 'half'") == []


def test_the_raw_answers_of_runs_are_told_apart_as_they_came():
    from relman.board.history import _bodies

    def bodies(raw):
        return {run: bytes(body) for run, body in _bodies(raw).items()}

    one, two = b'{"id": 1, "title": "\xc3\xa9"}', b'{"id":2}'
    assert bodies(b'{"total_count":2,"workflow_runs":[' + one + b", " + two + b"]}") == {1: one, 2: two}
    assert bodies(one) == {1: one}
    assert bodies(b"[1]") == bodies(b"") == bodies(b'{"workflow_runs":[{}]}') == bodies(b"[" * 50_000) == {}
    strange = b'{"id":1,"title":"\\ud83d"}'
    assert bodies(b'{"workflow_runs":[' + strange + b"," + two + b"]}") == {1: strange, 2: two}
    assert bodies(b"\xef\xbb\xbf" + two) == {2: two}


async def test_half_of_a_surrogate_pair_in_a_name_is_kept_like_any_other(opened, make):
    history, half = opened(), "x\ud83d"
    run = make.run(1, path=half, message=half)
    job = make.job(5, run, name=half)
    deployment = structs.replace(make.deployment(3), environment=half)
    await history.keep_runs([run], answer(run))
    await history.keep_jobs(run, [job], b"{}")
    await history.keep_deployments([deployment], {})
    await history.keep_file(half, "a" * 40, "on: push")
    day = timedelta(days=1)
    assert await history.finished_runs(make.START - day, make.START + day, half) == (run,)
    assert await history.jobs(1, 1) == (job,)
    assert await history.deployments_between(make.START - day, make.START + day, half) == (deployment,)
    assert await history.file(half, "a" * 40) == "on: push"
    assert history.notice is None


async def test_making_room_reads_no_bodies(opened):
    plan = await opened()._rows("EXPLAIN QUERY PLAN SELECT coalesce(sum(size), 0) FROM validators")
    assert "COVERING INDEX" in plan[0][3]
    plan = await opened()._rows("EXPLAIN QUERY PLAN SELECT rowid, size FROM validators ORDER BY used")
    assert [row[3] for row in plan] == ["SCAN validators USING COVERING INDEX validators_room"]
