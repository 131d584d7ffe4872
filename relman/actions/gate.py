"""Whether a change may run at all. Always in this order: read-only, permission, freeze, stale."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.freeze import Freeze
from relman.model.plan import Plan

READ_ONLY = Problem(
    Kind.REFUSED,
    "relman is read-only here",
    hint="Start it without --read-only (and not as monitor) to change things.",
)


class Gate(Struct, frozen=True):
    """Asked when a plan is shown and once more when it is carried out: an hour may lie between."""

    read_only: bool = False
    freezes: tuple[Freeze, ...] = ()

    def refusal(self, plan: Plan, now: datetime) -> Problem | None:
        """Why ``plan`` must not run at ``now``; None where it may."""
        if self.read_only:
            return READ_ONLY
        if plan.permission is not None:
            return plan.permission
        frozen = None if plan.rollback else self.frozen(plan, now)
        return frozen or plan.refusal()

    def exempt(self, plan: Plan, now: datetime) -> bool:
        """Whether a rollback passes a freeze that would hold back anything else."""
        return plan.rollback and self.frozen(plan, now) is not None

    def frozen(self, plan: Plan, now: datetime) -> Problem | None:
        """The freeze that holds for a plan that reaches production."""
        if not plan.production:
            return None
        for freeze in self.freezes:
            end = freeze.until(now)
            if end is not None:
                return Problem(
                    Kind.REFUSED,
                    f"Production is frozen until {end:%a %d %b %H:%M} ({freeze.zone})",
                    f"the freeze {freeze}",
                    "Wait, or change [[freeze]] in relman.toml. A rollback is exempt.",
                    retry_at=end,
                )
        return None
