from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.world_server import Served, new_site, served


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Served]:
    with served(new_site()) as server:
        yield server


@pytest.fixture
def server(shared_server: Served) -> Iterator[Served]:
    """One server for all; every test leaves it as it found it."""
    yield shared_server
    shared_server.move("clear")


@pytest.fixture
def own_server() -> Iterator[Served]:
    """A server for one test that moves its clock."""
    with served(new_site()) as server:
        yield server
