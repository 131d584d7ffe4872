"""Tags, releases and the commits between two of them, in GitHub's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    sha: str  # of the commit: already peeled


@dataclass(frozen=True, slots=True)
class Release:
    id: int
    tag: str
    name: str
    body: str = ""
    draft: bool = False
    prerelease: bool = False
    immutable: bool = False
    target: str = ""
    author: str = ""
    created_at: datetime | None = None
    published_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    message: str
    author: str = ""
    authored_at: datetime | None = None
    parents: int = 1
    url: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``head`` seen from ``base``. ``commits`` oldest first; ``total`` may be more than were read."""

    status: str  # "ahead", "behind", "identical", "diverged"
    ahead_by: int
    behind_by: int
    total: int
    commits: tuple[Commit, ...] = ()
