"""How long the command line takes to start and to answer, and what it asks for.

``python -m tests.bench.bench_cli [ROUNDS]``. Every figure is the median of several fresh processes, beside the
bare interpreter measured in the same run, since a machine's speed changes from minute to minute.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15


def median(command: Sequence[str], environ: Mapping[str, str] | None = None, rounds: int = ROUNDS) -> float:
    """Milliseconds of wall time."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, env=environ, capture_output=True, check=False)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def main() -> None:
    python = [sys.executable]
    relman = [*python, "-m", "relman"]
    bare = median([*python, "-c", "pass"])
    rows = {
        "bare interpreter": bare,
        "import relman": median([*python, "-c", "import relman"]),
        "relman --version": median([*relman, "--version"]),
        "relman --help": median([*relman, "--help"]),
    }
    world = subprocess.Popen([*relman, "demo", "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert world.stdout is not None
        place = json.loads(world.stdout.readline())
        with tempfile.TemporaryDirectory() as home:
            environ = {
                **os.environ,
                "RELMAN_TOKEN": place["token"],
                "RELMAN_API_URL": place["api_url"],
                "RELMAN_HOME": home,
            }
            status = [*relman, "--config", place["config"], "status", "--json"]
            start = time.perf_counter()
            cold = json.loads(subprocess.run(status, env=environ, capture_output=True, check=False).stdout)
            rows["relman status, nothing kept"] = (time.perf_counter() - start) * 1000
            rows["relman status, kept"] = median(status, environ)
            warm = json.loads(subprocess.run(status, env=environ, capture_output=True, check=False).stdout)
    finally:
        world.terminate()
        world.wait(10)
    for name, value in rows.items():
        print(f"{name:<30} {value:7.0f} ms   {value / bare:5.1f} x bare")
    for name, answer in (("nothing kept", cold), ("kept", warm)):
        budget = answer["budget"]
        print(f"requests of status, {name:<12} {budget['requests']} sent, {budget['charged']} charged")


if __name__ == "__main__":
    main()
