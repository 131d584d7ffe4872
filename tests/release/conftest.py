"""A world that stands still, and the real command on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import worlds
from command_shop import Shop


@pytest.fixture(scope="module")
def running() -> Iterator[worlds.OwnWorld]:
    with worlds.world(seed=1, frozen=True) as world:
        yield world


@pytest.fixture
def shop(running: worlds.OwnWorld, tmp_path: Path) -> Iterator[Shop]:
    """The module's world: tags stay, faults and rights do not."""
    made = Shop(running, tmp_path / "home")
    yield made
    made.move("clear")
