"""A change while it happens: the events that dialog, command line and journal show alike."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from relman.errors import Exit, Problem
from relman.model.plan import Step


class Outcome(StrEnum):
    """How a step or a whole operation ended. ``UNKNOWN``: it was sent and only a later look can tell."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


_EXITS = {
    Outcome.DONE: Exit.OK,
    Outcome.REFUSED: Exit.REFUSED,
    Outcome.FAILED: Exit.FAILED,
    Outcome.UNKNOWN: Exit.UNKNOWN,
}


class Begun(Struct, frozen=True):
    """A step is next. ``number`` counts from 1."""

    step: Step
    number: int
    of: int


class Said(Struct, frozen=True):
    """Something worth saying while a step takes its time."""

    step: Step
    text: str
    done: int | None = None  # of ``total``, for a bar
    total: int | None = None


class StepEnded(Struct, frozen=True):
    step: Step
    outcome: Outcome
    detail: str = ""  # what was seen afterwards
    problem: Problem | None = None


class Ended(Struct, frozen=True):
    """The operation's one visible result. ``run_id`` is the workflow run to look at now."""

    outcome: Outcome
    sentence: str
    problem: Problem | None = None
    run_id: int | None = None
    url: str = ""

    @property
    def exit_code(self) -> Exit:
        if self.outcome is not Outcome.DONE and self.problem is not None:
            # No token is another exit code than a refusal; an unknown outcome stays one whatever caused it.
            code = self.problem.exit_code
            if self.outcome is not Outcome.UNKNOWN and code is not Exit.UNKNOWN:
                return code
        return _EXITS[self.outcome]


Event = Begun | Said | StepEnded | Ended
