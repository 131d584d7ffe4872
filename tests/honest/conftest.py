"""A world that stands still, and the outside witnesses that judge it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from relman.demo import embed
from tests.honest.judging import Judge
from tests.honest.openapi import Description, fetch

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


@pytest.fixture(scope="session")
def description(tmp_path_factory: pytest.TempPathFactory) -> Description:
    if importlib.util.find_spec("jsonschema_rs") is None:
        without("jsonschema-rs", "it is in the extra `oracle`")
    try:
        return Description(fetch(tmp_path_factory.mktemp("openapi")))
    except (OSError, subprocess.SubprocessError) as error:
        without("GitHub's description", str(error))
        raise AssertionError from error


@pytest.fixture(scope="session")
def judge(description: Description, client: httpx.Client) -> Judge:
    return Judge(description, client)
