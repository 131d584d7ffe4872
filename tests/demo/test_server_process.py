"""The world as a process: what it announces, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from relman.demo import embed

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def embedded() -> Iterator[embed.Embedded]:
    with embed.start(now=NOW, frozen=True) as running:
        yield running


def _gone(path: Path) -> bool:
    deadline = time.monotonic() + 10
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not path.exists()


def test_it_says_where_it_is_and_writes_a_configuration_that_works(embedded: embed.Embedded) -> None:
    assert embedded.repo == "acme/agentic-backend"
    assert embedded.hosts == []
    config = tomllib.loads(embedded.config.read_text())
    assert config["repository"] == embedded.repo
    for name in ("staging", "production"):
        check = config["environments"][name]["health"][0]
        assert check["version"] == "version"
        assert httpx.get(check["url"]).json()["version"]
        assert check["url"].startswith(config["environments"][name]["url"])
    assert embedded.config.parent.stat().st_mode & 0o077 == 0
    answer = httpx.get(f"{embedded.api_url}/user", headers={"authorization": f"Bearer {embedded.token}"})
    assert answer.headers["date"] == "Mon, 23 Nov 2026 10:00:00 GMT"


def test_stopping_ends_it_in_order_and_leaves_nothing(embedded: embed.Embedded) -> None:
    directory = embedded.config.parent
    assert embedded.stop() == 0
    assert not directory.exists()
    assert embedded.stop() == 0


def test_it_listens_on_the_loopback_only(embedded: embed.Embedded) -> None:
    assert embedded.api_url.startswith("http://127.0.0.1:")
    listening = Path(f"/proc/{embedded.process.pid}/net/tcp")
    if not listening.exists():
        pytest.skip("this system does not list its sockets")
    inodes = {str(link.readlink()) for link in Path(f"/proc/{embedded.process.pid}/fd").iterdir()}
    rows = [line.split() for line in listening.read_text().splitlines()[1:]]
    ours = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    assert len(ours) == 3
    assert all(address.startswith("0100007F:") for address in ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero_and_its_directory_goes(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "relman.demo", "--state-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["schema"] == "relman.demo/1"
        assert Path(said["config"]).is_relative_to(tmp_path)
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_it_does_not_outlive_a_parent_that_was_killed() -> None:
    script = (
        "import sys; from relman.demo import embed; w = embed.start(); "
        "print(w.config.parent, w.process.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        directory = Path(parent.stdout.readline().rpartition(" ")[0])
        assert directory.exists()
        parent.kill()
    assert _gone(directory)


def test_a_world_that_cannot_start_says_why() -> None:
    with pytest.raises(embed.EmbeddedError, match="must be more than 0"):
        embed.start(speed=0)


def test_the_clock_runs_at_its_speed() -> None:
    with embed.start(now=NOW, speed=5000) as running:
        headers = {"authorization": f"Bearer {running.token}"}
        first = httpx.get(f"{running.api_url}/_world", headers=headers).json()["now"]
        time.sleep(0.1)
        second = httpx.get(f"{running.api_url}/_world", headers=headers).json()["now"]
    span = datetime.fromisoformat(second) - datetime.fromisoformat(first)
    assert span.total_seconds() >= 400


def test_embedding_loads_nothing_but_the_standard_library() -> None:
    script = (
        "import sys; import relman.demo.embed; "
        "known = ('starlette', 'uvicorn', 'httpx', 'textual', 'yaml'); "
        "print([name for name in sys.modules if name.partition('.')[0] in known])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
