"""What was said of a commit: check runs and commit statuses, in GitHub's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CheckRun:
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


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """The latest status of one context."""

    context: str
    state: str  # error, failure, pending, success
    description: str = ""
    url: str = ""
