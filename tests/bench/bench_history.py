"""10,000 runs in the history: ``python -m tests.bench.bench_history [RUNS]`` prints figures."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from relman.board.board_codec import decode_board, encode_board
from relman.board.history import History
from relman.model.board import Board, Section
from relman.model.run import Job, Run, Step

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
START = datetime(2026, 8, 1, tzinfo=UTC)
NAMES = ("lint", "test", "security", "build", "performance", "deploy", "smoke")


def run_of(number: int) -> Run:
    at = START + timedelta(minutes=8 * number)
    return Run(
        id=number,
        name="Continuous Integration",
        title=f"Make the {number}th thing work again",
        number=number,
        attempt=1,
        event="push",
        status="completed",
        conclusion="success" if number % 12 else "failure",
        branch="main",
        sha=f"{number:040x}",
        workflow_id=number % 3,
        path=f".github/workflows/{('ci', 'cd', 'scheduled')[number % 3]}.yml",
        actor="mona",
        triggering_actor="mona",
        created_at=at,
        started_at=at,
        updated_at=at + timedelta(minutes=9),
        url=f"https://github.com/acme/agentic-backend/actions/runs/{number}",
        message=f"Make the {number}th thing work again\n\n" + "A body of some length. " * 6,
        check_suite_id=number * 7,
        head_repository="acme/agentic-backend",
    )


def jobs_of(run: Run) -> tuple[Job, ...]:
    assert run.created_at
    jobs = []
    for place, name in enumerate(NAMES):
        at = run.created_at + timedelta(minutes=place)
        steps = tuple(
            Step(step, f"Step {step}", "completed", "success", at, at + timedelta(seconds=20))
            for step in range(1, 9)
        )
        end = at + timedelta(seconds=50 + run.id % 30)
        jobs.append(
            Job(
                run.id * 10 + place,
                run.id,
                1,
                name,
                "completed",
                "success",
                at,
                at,
                end,
                steps,
                labels=("ubuntu",),
            )
        )
    return tuple(jobs)


def raw_of(runs: list[Run]) -> bytes:
    filler = {f"field_{number}_url": f"https://api.github.com/repos/acme/app/{number}" for number in range(60)}
    return json.dumps(
        {"workflow_runs": [{"id": run.id, "repository": filler, "head": filler} for run in runs]}
    ).encode()


async def timed(label: str, work: Callable[[], Awaitable[object]], times: int = 5) -> None:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    print(f"{label:52} {statistics.median(took):9.1f} ms")


async def main(directory: Path) -> None:
    history = History.open(directory, "https://api.github.com", "acme/agentic-backend")
    runs = [run_of(number) for number in range(1, RUNS + 1)]
    began = time.perf_counter()
    for at in range(0, RUNS, 100):
        await history.keep_runs(runs[at : at + 100], raw_of(runs[at : at + 100]))
    print(f"{'keep 10,000 runs, 100 an answer':52} {(time.perf_counter() - began) * 1000:9.0f} ms")
    began = time.perf_counter()
    for run in runs:
        await history.keep_jobs(run, jobs_of(run), b"x" * 9000)
    print(f"{'keep the jobs of 10,000 runs (70,000 jobs)':52} {(time.perf_counter() - began) * 1000:9.0f} ms")
    longest = 0.0

    async def watch_loop() -> None:
        nonlocal longest
        while True:
            at = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, (time.perf_counter() - at) * 1000)

    watcher = asyncio.create_task(watch_loop())
    since, until = START, START + timedelta(days=400)
    await timed("expected durations of every job", history.expected)
    await timed("the newest 1,000 runs", history.newest_runs)
    await timed("finished runs of 28 days", lambda: history.finished_runs(since, since + timedelta(days=28)))
    await timed("all 10,000 finished runs", lambda: history.finished_runs(since, until), 2)
    await timed("the jobs of 1,000 runs", lambda: history.jobs_of(range(1, 1001)), 2)
    await timed("what is still without jobs", lambda: history.runs_without_jobs(since, 20, newest=20))
    await timed("how many are kept", history.run_count)
    await timed("keep one finished run", lambda: history.keep_runs([run_of(RUNS + 1)], b""))
    watcher.cancel()
    print(f"{'longest hold of the loop meanwhile':52} {longest:9.1f} ms")
    board = Board(
        "acme/agentic-backend",
        runs=Section(tuple(reversed(runs[-1000:])), START),
        jobs={run.id: Section(jobs_of(run), START) for run in runs[-8:]},
    )
    await history.keep_board(board)
    data = encode_board(board)
    await timed("encode a board of 1,000 runs", lambda: asyncio.sleep(0, encode_board(board)))
    await timed("decode a board of 1,000 runs", lambda: asyncio.sleep(0, decode_board(data, board.repo)), 9)
    await history.close()

    async def cold() -> None:
        again = History.open(directory, "https://api.github.com", "acme/agentic-backend")
        assert again.last_board() is not None
        again._db.close()

    await timed("open the file and have the last board", cold, 9)
    print(f"{'the file':52} {history.path.stat().st_size / 1e6:9.1f} MB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        sys.exit(asyncio.run(main(Path(directory))))
