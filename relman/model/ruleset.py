"""Rules on branches and tags, as far as they decide whether a ref can be made."""

from __future__ import annotations

from msgspec import Struct


class Ruleset(Struct, frozen=True):
    """``include`` and ``exclude`` are patterns of full refs (``refs/tags/v*``), ``~ALL``, ``~DEFAULT_BRANCH``.

    ``rules`` are rule types: ``creation``, ``update``, ``deletion``, ``required_signatures``, …
    ``bypass`` says whether the asking user may pass by it: "always", "pull_requests_only", "never", or ""
    where GitHub did not say.
    """

    id: int
    name: str
    target: str  # "branch", "tag", "push"
    enforcement: str  # "active", "evaluate", "disabled"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    bypass: str = ""
