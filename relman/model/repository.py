"""The repository, the person, and what the API still allows."""

# Annotations are no strings here: the last board is read by them, and each would be compiled at every start.

from datetime import datetime

from msgspec import Struct


class Repository(Struct, frozen=True, omit_defaults=True):
    full_name: str  # "owner/name"
    default_branch: str
    private: bool = False
    archived: bool = False
    url: str = ""
    permissions: frozenset[str] = frozenset()  # of "admin", "maintain", "push", "triage", "pull"


class User(Struct, frozen=True, omit_defaults=True):
    login: str
    id: int
    name: str = ""
    scopes: tuple[str, ...] | None = None  # classic tokens say theirs; None for the others


class Budget(Struct, frozen=True, omit_defaults=True):
    """What the API still allows. None where the server said nothing (no limits, or not asked yet)."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    paused_until: datetime | None = None  # a limit was hit: nothing is asked before
    requests: int = 0  # sent by this process
    charged: int = 0  # of these, the ones that cost quota (a 304 does not)
