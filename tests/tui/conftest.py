from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from stillness import counted, stillness
from textual.app import App


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are shown in the reader's zone; the kept screens were read in this one."""
    with monkeypatch.context() as within:
        within.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def _no_idle_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and pauses of a pilot end when the dashboard has come to rest."""
    monkeypatch.setattr("textual.app.wait_for_idle", stillness)
    monkeypatch.setattr("textual.pilot.wait_for_idle", stillness)
    monkeypatch.setattr(asyncio, "to_thread", counted)
    monkeypatch.setattr(
        App.delay_update, "__defaults__", (0.001,)
    )  # seconds; paints nothing while screens change
