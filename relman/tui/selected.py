"""What an action would act on: the identity of what is highlighted, never its place on the screen."""

from __future__ import annotations

from msgspec import Struct


class Selected(Struct, frozen=True):
    """Taken once, when a key is pressed; what moves on the screen afterwards changes nothing.

    Fields are None where nothing of that kind is highlighted. ``job_id`` is None, too, while a key means the
    whole run (the list of runs has the focus). ``environment``, ``tag`` and ``sha`` are exact, as GitHub gave
    them.
    """

    run_id: int | None = None
    attempt: int | None = None  # of the run, as it was seen
    job_id: int | None = None
    environment: str | None = None
    tag: str | None = None
    sha: str | None = None
