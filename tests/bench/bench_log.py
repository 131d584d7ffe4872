"""The log viewer on a large log: ``python -m tests.bench.bench_log [MEGABYTES]`` prints its figures."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import App, ComposeResult

from relman.tui.widgets.log_view import LogView
from relman.tui.widgets.moves import Move


def write_log(path: Path, size: int) -> None:
    """About ``size`` bytes: steps of 2,000 lines, a failure at the end, colour, some long lines."""
    step: list[str] = ["##[group]Run pytest -q tests/", "\x1b[36;1mpytest -q tests/\x1b[0m", "##[endgroup]"]
    for number in range(2000):
        if number % 40 == 0:
            step.append(f"{{'request': {number}, 'body': '{'abcdefgh ' * 40}'}}")
        else:
            name = f"tests/unit/test_{number % 97}.py::test_case[{number}]"
            step.append(f"{name} \x1b[32mPASSED\x1b[0m  [ {number // 20:2}%]")
    block = "".join(
        f"2026-10-08T11:22:{number % 60:02}.{number:07}Z {line}\n" for number, line in enumerate(step)
    ).encode()
    with path.open("wb") as file:
        for _ in range(max(1, size // len(block))):
            file.write(block)
        file.write(b"2026-10-08T11:23:00.0000000Z ##[error]Process completed with exit code 1.\n")


def megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield LogView()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def run(path: Path) -> None:
    app = Host()
    async with app.run_test(size=(140, 45)) as pilot:
        view = app.query_one(LogView)
        await pilot.pause()
        before = megabytes()
        start = time.perf_counter()
        await view.open_file(path)
        await until(lambda: view.status.lines > 45)
        [view.render_line(y) for y in range(45)]
        first = time.perf_counter() - start
        await until(lambda: view.status.indexed)
        whole = time.perf_counter() - start
        await pilot.pause()
        size = view.status.size / 1e6
        print(f"log                 {size:.0f} MB, {view.status.lines:,} lines")
        print(f"first screen        {first * 1000:.0f} ms")
        print(f"indexed, at error   {whole * 1000:.0f} ms ({size / whole:.0f} MB/s)")
        print(f"memory              {megabytes() - before:+.1f} MB (process {megabytes():.0f} MB)")
        for text in ("test_case[1999]", "nowhere to be found", "Exit Code"):
            start = time.perf_counter()
            view.search(text)
            await until(lambda: not view.status.more_hits)
            took = time.perf_counter() - start
            print(f"search {text!r:21} {took * 1000:.0f} ms ({size / took:.0f} MB/s), {view.status.hits} lines")
        view.search("")
        view.move(Move.TOP)
        start = time.perf_counter()
        for _ in range(100):
            view.move(Move.PAGE_DOWN)
            [view.render_line(y) for y in range(45)]
        print(f"page down and paint {(time.perf_counter() - start) * 10:.2f} ms")
        start = time.perf_counter()
        for _ in range(100):
            [view.render_line(y) for y in range(45)]
        print(f"paint again         {(time.perf_counter() - start) * 10:.2f} ms")
        start = time.perf_counter()
        view.toggle_wrap()
        await until(lambda: view._wrap_job is not None and not view._wrap_job.running)
        await pilot.pause()
        took = (time.perf_counter() - start) * 1000
        print(f"wrap                {took:.0f} ms, then {view.virtual_size.height:,} rows")
        start = time.perf_counter()
        for _ in range(100):
            view.move(Move.PAGE_DOWN)
            [view.render_line(y) for y in range(45)]
        print(f"page down, wrapped  {(time.perf_counter() - start) * 10:.2f} ms")
        print(f"memory              {megabytes() - before:+.1f} MB (process {megabytes():.0f} MB)")


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "job.log"
        write_log(path, size * 1_000_000)
        asyncio.run(run(path))


if __name__ == "__main__":
    main()
