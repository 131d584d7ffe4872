"""A world that stands still, and the outside witnesses that judge it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from relman.demo import embed

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def without(witness: str, reason: str) -> None:
    """Skips the test; where witnesses are required, fails it."""
    message = f"{witness} is not here: {reason}"
    if os.environ.get("RELMAN_REQUIRE_ORACLES") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def world() -> Iterator[embed.Embedded]:
    with embed.start(seed=1, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture(scope="session")
def client(world: embed.Embedded) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.api_url, headers={"authorization": f"Bearer {world.token}"}) as opened:
        yield opened
