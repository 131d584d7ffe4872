"""Tags, releases and the commits between two of them, in GitHub's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    sha: str  # of the commit: already peeled


@dataclass(frozen=True, slots=True)
class TagRef:
    """A tag as its ref stands now. ``sha`` is the commit, peeled; "" where it points at no commit."""

    name: str
    sha: str
    object_sha: str  # what the ref itself names: the tag object's, or the commit's
    annotated: bool = False
    message: str = ""  # of the tag object, with its trailers
    tagger: str = ""
    tagged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """Release notes as GitHub writes them."""

    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Branch:
    """``required`` are the checks that its classic protection asks for."""

    name: str
    sha: str
    protected: bool = False
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    title: str
    state: str  # "open", "closed"
    head: str  # branch
    base: str
    head_sha: str = ""
    draft: bool = False
    url: str = ""


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
    files: tuple[str, ...] = ()  # paths that differ, GitHub's first 300
