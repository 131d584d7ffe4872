"""Tags, releases and the commits between two of them, in GitHub's words."""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from datetime import datetime

from msgspec import Struct


class Tag(Struct, frozen=True, omit_defaults=True):
    name: str
    sha: str  # of the commit: already peeled


class TagRef(Struct, frozen=True, omit_defaults=True):
    """A tag as its ref stands now. ``sha`` is the commit, peeled; "" where it points at no commit."""

    name: str
    sha: str
    object_sha: str  # what the ref itself names: the tag object's, or the commit's
    annotated: bool = False
    message: str = ""  # of the tag object, with its trailers
    tagger: str = ""
    tagged_at: datetime | None = None


class Notes(Struct, frozen=True, omit_defaults=True):
    """Release notes as GitHub writes them."""

    name: str
    body: str


class Branch(Struct, frozen=True, omit_defaults=True):
    """``required`` are the checks that its classic protection asks for."""

    name: str
    sha: str
    protected: bool = False
    required: tuple[str, ...] = ()


class PullRequest(Struct, frozen=True, omit_defaults=True):
    number: int
    title: str
    state: str  # "open", "closed"
    head: str  # branch
    base: str
    head_sha: str = ""
    draft: bool = False
    url: str = ""


class Release(Struct, frozen=True, omit_defaults=True):
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


class Commit(Struct, frozen=True, omit_defaults=True):
    sha: str
    message: str
    author: str = ""
    authored_at: datetime | None = None
    parents: int = 1
    url: str = ""


class Comparison(Struct, frozen=True, omit_defaults=True):
    """``head`` seen from ``base``. ``commits`` oldest first; ``total`` may be more than were read."""

    status: str  # "ahead", "behind", "identical", "diverged"
    ahead_by: int
    behind_by: int
    total: int
    commits: tuple[Commit, ...] = ()
    files: tuple[str, ...] = ()  # paths that differ, GitHub's first 300
