"""Where somebody looks: all that the poller need know of a screen."""

from __future__ import annotations

from msgspec import Struct


class View(Struct, frozen=True):
    """What the person looks at. ``run_id`` and ``job_id`` are the highlighted ones, on any screen."""

    screen: str = "pipeline"
    run_id: int | None = None
    job_id: int | None = None
    focused: bool = True
    environment: str | None = None  # whose history is in view
