"""What was said of a commit: check runs and commit statuses, in GitHub's words."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class CheckRun(Struct, frozen=True):
    """One check. Several of one name exist on a commit; the highest ``id`` of a name and app is the latest."""

    id: int
    name: str
    status: str  # queued, in_progress, completed, waiting, requested, pending
    conclusion: str | None = None
    app: str = ""  # the slug of the app that made it: "github-actions"
    suite_id: int | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    url: str = ""


class CommitStatus(Struct, frozen=True):
    """The latest status of one context."""

    context: str
    state: str  # error, failure, pending, success
    description: str = ""
    url: str = ""
