from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import worlds


@pytest.fixture
def command(tmp_path: Path) -> Iterator[str]:
    """The dashboard on a world that begins at a fixed moment; ``relman demo`` begins at the present."""
    with worlds.world() as world:
        yield shlex.join([
            "env", f"RELMAN_TOKEN={world.token}", f"RELMAN_HOME={tmp_path / 'home'}", sys.executable, "-m", "relman",
            "--api-url", world.api_url, "--repo", world.repo, "--config", str(world.config),
        ])  # fmt: skip
