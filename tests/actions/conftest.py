from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actions.served_world import standing
from tests.demo.world_server import Served


@pytest.fixture(scope="module")
def module_world() -> Iterator[Served]:
    with standing() as world:
        yield world


@pytest.fixture
def world(module_world: Served) -> Iterator[Served]:
    """A standing world, shared by the tests of a module: what they changed stays, faults do not."""
    yield module_world
    module_world.move("clear")
