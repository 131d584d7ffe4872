"""Whether a person may change a repository at all, as far as it can be seen before anything is sent."""

from __future__ import annotations

from relman.errors import Kind, Problem
from relman.model.repository import Repository

_WRITERS = frozenset({"admin", "maintain", "push"})


def may_write(repository: Repository, doing: str) -> Problem | None:
    """Why ``doing`` ("Re-running") will be refused; None where nothing says so.

    What a fine-grained token may do is not among it: GitHub shows the person's role, not the token's.
    """
    if repository.archived:
        return Problem(
            Kind.PERMISSION,
            f"{doing} needs a repository that is not archived",
            hint="An administrator can take it out of the archive.",
        )
    if repository.permissions and not repository.permissions & _WRITERS:
        return Problem(
            Kind.PERMISSION,
            f"{doing} needs write access to the repository",
            f"this token's user has {', '.join(sorted(repository.permissions))}",
            "Ask an administrator for the role “write”, or use the token of somebody who has it.",
        )
    return None
