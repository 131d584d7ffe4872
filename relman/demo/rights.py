"""What the token of the world may do, and in which way GitHub refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

KINDS = ("classic", "fine-grained", "workflow")
ROLES = ("read", "write", "admin")
PERMISSIONS = (
    "actions",
    "administration",
    "checks",
    "contents",
    "deployments",
    "environments",
    "issues",
    "metadata",
    "pull_requests",
    "secrets",
    "statuses",
    "variables",
    "workflows",
)
SCOPES = ("read:org", "repo", "workflow")
_LEVELS = ("none", "read", "write")
# A fine-grained token cannot have this one at all.
_NEVER = "checks"
# Where a classic token without the right is told so; elsewhere GitHub acts as if nothing were there.
_TOLD = frozenset({"actions", "administration", "deployments"})


class Denied(Enum):
    """How a refusal looks."""

    PERMISSION = "403, not accessible by this kind of token"
    ROLE = "403, must have admin rights"
    HIDDEN = "404, as if nothing were there"


@dataclass(slots=True)
class Rights:
    """``kind`` ``workflow`` is the token a workflow run gets: it is refused as an integration, and the refs
    it makes start nothing. ``permissions`` count for the two kinds with permissions (a name left out:
    write), ``scopes`` for classic ones. ``role`` is the person's own in the repository.
    """

    kind: str = "classic"
    permissions: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = SCOPES
    role: str = "admin"
    revoked: bool = False

    @property
    def classic(self) -> bool:
        return self.kind == "classic"

    @property
    def may_push(self) -> bool:
        """Whether drafts are shown and branches may be written."""
        return self.role != "read" and (
            "repo" in self.scopes or "public_repo" in self.scopes
            if self.classic
            else self._level("contents") == "write"
        )

    @property
    def may_change_workflows(self) -> bool:
        return "workflow" in self.scopes if self.classic else self._level("workflows") == "write"

    def denies(self, needs: str, *, writes: bool) -> Denied | None:
        """How a request that needs these permissions is refused, None where it may go on.

        ``needs`` as in GitHub's header: sets apart by ``;``, of which one is enough.
        """
        if not needs:
            return None
        sets = [dict(_pair(one) for one in part.split(",")) for part in needs.split(";")]
        # Whoever may read the repository can be a reviewer.
        person = not writes or self.role != "read" or "deployments" in sets[0]
        if not self.classic:
            allowed = any(all(self._allows(name, level) for name, level in one.items()) for one in sets)
            return None if allowed and person else Denied.PERMISSION
        if person and (not writes or {"repo", "public_repo"} & set(self.scopes)):
            return None
        return Denied.ROLE if _TOLD & sets[0].keys() else Denied.HIDDEN

    def _allows(self, name: str, level: str) -> bool:
        return _LEVELS.index(self._level(name)) >= _LEVELS.index(level)

    def _level(self, name: str) -> str:
        if name == _NEVER and self.kind == "fine-grained":
            return "none"
        return self.permissions.get(name, "write")

    def rendered(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "permissions": dict(self.permissions),
            "scopes": list(self.scopes),
            "role": self.role,
            "revoked": self.revoked,
        }


def rights_from(wish: Mapping[str, Any], before: Rights) -> Rights:
    """``before`` with what ``wish`` changes; ValueError says what is wrong with it.

    Given permissions replace the earlier ones.
    """
    known = set(before.rendered())
    if unknown := sorted(wish.keys() - known):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    _one_of("kind", wish.get("kind", before.kind), KINDS)
    _one_of("role", wish.get("role", before.role), ROLES)
    permissions = dict(wish.get("permissions", before.permissions))
    for name, level in permissions.items():
        _one_of("permission", name, PERMISSIONS)
        _one_of(f"permissions.{name}", level, _LEVELS)
    return Rights(
        wish.get("kind", before.kind),
        permissions,
        tuple(wish.get("scopes", before.scopes)),
        wish.get("role", before.role),
        bool(wish.get("revoked", before.revoked)),
    )


def _one_of(what: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}")


def _pair(text: str) -> tuple[str, str]:
    name, _, level = text.strip().partition("=")
    return name, level
