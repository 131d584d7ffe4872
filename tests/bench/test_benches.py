"""Every bench runs, at the smallest size. No figure is judged here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SMALLEST = {
    "cli": ("runpy.run_module('tests.bench.bench_cli', run_name='__main__')", ["1"], "bare interpreter"),
    "first_frame": ("bench.main(1, 0.5)", [], "ratio"),
    "graph": ("bench.main()", [], "reconcile 300 jobs"),
    "history": ("runpy.run_module('tests.bench.bench_history', run_name='__main__')", ["1200"], "the file"),
    "keys": ("asyncio.run(bench.main(12, 30, 12))", [], "refreshed every second"),
    "log": ("bench.main()", ["1"], "page down and paint"),
    "memory": ("bench.main(0.5)", [], "with a kept history, settled"),
    "release": ("bench.main()", [], "propose"),
    "requests": ("asyncio.run(bench.main(0.02, filled=False))", [], "idle, a finished run in view"),
}
TERMINAL = {"first_frame", "memory"}


def test_each_bench_is_run_here_and_told_of():
    names = {path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")}
    assert names == set(SMALLEST)
    told = (HERE / "README.md").read_text(encoding="utf-8")
    assert all(f"tests.bench.bench_{name}" in told for name in names)


@pytest.mark.parametrize("name", SMALLEST)
def test_it_runs(name, tmp_path):
    if name in TERMINAL and not sys.platform.startswith("linux"):
        pytest.skip("measures a Linux process in a pseudo-terminal")
    call, arguments, expected = SMALLEST[name]
    code = f"import asyncio, runpy\nfrom tests.bench import bench_{name} as bench\n{call}"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert expected in done.stdout
