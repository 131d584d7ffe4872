"""Deployments that wait: for whom, until when, and whether *you* may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.environment import Approval, CustomRule, Environment, PendingDeployment
from relman.model.protection import review_rule, reviewers_in_words
from relman.model.run import Run
from relman.model.state import State
from relman.model.times import clock
from relman.text import clean_line

REVIEWS = frozenset({"approved", "rejected"})
_NEVER = datetime.max.replace(tzinfo=UTC)


class Answer(StrEnum):
    """Whether the person relman runs for may review; the value is what a list shows."""

    YES = "you may approve"
    REVIEWED = "approved"
    TIMER = "only a timer"
    SELF = "your own run"
    OTHERS = "others review"
    APP = "an app decides"
    TOKEN = "token may not"  # noqa: S105  words, no password; GitHub lets you, and refused this token's review
    BARRED = "not with this token"  # a reviewer whom GitHub does not let
    SIGNED_OUT = "not signed in"
    READ_ONLY = "read-only"
    UNKNOWN = "not you"


class MayI(Struct, frozen=True):
    """``why`` is a sentence without its full stop."""

    answer: Answer
    why: str

    @property
    def yes(self) -> bool:
        return self.answer is Answer.YES


class Waiting(Struct, frozen=True):
    """An environment of a run that waits. ``jobs`` are all of the run's jobs that wait, as far as they are read."""

    run: Run
    pending: PendingDeployment
    may: MayI
    approvals: tuple[Approval, ...] = ()
    jobs: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, int, int]:
        """What it *is*: run, attempt, environment."""
        return (self.run.id, self.run.attempt, self.pending.environment_id)

    @property
    def asked_by(self) -> str:
        return self.run.triggering_actor or self.run.actor

    @property
    def since(self) -> datetime | None:
        return self.pending.wait_started_at or self.run.updated_at or self.run.started_at

    @property
    def opens_at(self) -> datetime | None:
        return self.pending.opens_at()


def reviews_of(approvals: Sequence[Approval], environment: str, attempt: int) -> tuple[Approval, ...]:
    """The reviews that certainly answer this attempt's wait for the environment.

    GitHub says of no review which attempt it was for. One review settles an attempt, so that attempt N is
    answered once there are N; with fewer nobody can tell, and none is given here.
    """
    about = tuple(one for one in approvals if one.state in REVIEWS and environment in one.environments)
    return about if about and len(about) >= attempt else ()


def reviewed(
    approvals: Sequence[Approval], pending: PendingDeployment, attempt: int, now: datetime | None
) -> tuple[Approval, ...]:
    """The reviews that answer what waits now; ``now`` is the server's clock.

    A later job of the same environment waits for a review of its own. So where GitHub would take one and no
    timer holds what was reviewed, none of before has answered it. While a timer runs, GitHub's data do not tell
    the two apart; the words of :func:`may_review` then say so.
    """
    opens = pending.opens_at()
    if pending.may_approve and (opens is None or (now is not None and opens <= now)):
        return ()
    return reviews_of(approvals, pending.environment, attempt)


def may_review(
    run: Run,
    pending: PendingDeployment,
    *,
    viewer: str,
    approvals: Sequence[Approval] = (),
    environment: Environment | None = None,
    custom: Sequence[CustomRule] | None = None,
    now: datetime | None = None,
    refused: Problem | None = None,
    read_only: bool = False,
) -> MayI:
    """Whether ``viewer`` (a login; "" for nobody) may approve or reject, and if not why.

    ``refused`` is what GitHub said when this token tried to review; nothing else tells that it lacks the
    right. ``now`` is the server's clock.
    """
    given = reviewed(approvals, pending, run.attempt, now)
    if given:
        return MayI(Answer.REVIEWED, _reviewed(given[0], pending, now))
    if pending.may_approve:
        if refused is not None:
            return MayI(Answer.TOKEN, _token(refused))
        if read_only:
            return MayI(Answer.READ_ONLY, "You may approve this, but relman is read-only here")
        return MayI(Answer.YES, "You may approve or reject this")
    if not viewer:
        return MayI(Answer.SIGNED_OUT, "Nobody is signed in: relman does not know who you are")
    rule = review_rule(environment)
    reviewers = pending.reviewers or (rule.reviewers if rule else ())
    if not reviewers:
        return _nobody(pending, custom, now)
    if rule is not None and rule.prevent_self_review and viewer == (run.triggering_actor or run.actor):
        did = "ran it again" if run.attempt > 1 else "started this run"
        return MayI(
            Answer.SELF,
            f"You {did}, and the one who did cannot approve it; {reviewers_in_words(reviewers)} can",
        )
    if any(one.kind != "Team" and one.name == viewer for one in reviewers):
        return MayI(
            Answer.BARRED,
            "You are a reviewer, but GitHub does not let you review with this token; it may lack Deployments: write",
        )
    return MayI(Answer.OTHERS, f"You are not a reviewer: {reviewers_in_words(reviewers)} can approve")


def _nobody(pending: PendingDeployment, custom: Sequence[CustomRule] | None, now: datetime | None) -> MayI:
    apps = [clean_line(rule.app) for rule in custom or () if rule.enabled]
    opens = pending.opens_at()
    running = opens is not None and (now is None or opens > now)
    if pending.wait_minutes and (running or not apps):
        end = f" until {clock(opens, now or opens)}" if opens is not None else ""
        return MayI(Answer.TIMER, f"Nothing to approve: only the wait timer runs{end}, and nothing shortens it")
    if apps:
        return MayI(
            Answer.APP, f"The app {', '.join(apps)} decides; no person can answer for it, and relman never does"
        )
    return MayI(Answer.UNKNOWN, "GitHub names no reviewer: a rule that relman cannot see holds it")


def _reviewed(one: Approval, pending: PendingDeployment, now: datetime | None) -> str:
    said = f"{one.state.capitalize()} by {clean_line(one.user) or 'somebody'}"
    opens = pending.opens_at()
    if one.state == "approved" and opens is not None and (now is None or opens > now):
        # The review may have been of an earlier job: GitHub says of none which job or moment it was for.
        return (
            f"{said}; the wait timer runs until {clock(opens, now or opens)}. If that was for an earlier job of "
            "this environment, it needs another review when the timer ends"
        )
    return said


def _token(refused: Problem) -> str:
    words = clean_line(refused.detail or refused.title).rstrip(".")
    return f"You are a reviewer, but this token may not review: it needs Deployments: write ({words})"


def waiting(
    board: Board, now: datetime, *, refused: Problem | None = None, read_only: bool = False
) -> tuple[Waiting, ...]:
    """Everything that waits: what you may answer first, then the oldest. ``now`` is the server's clock."""
    viewer = board.viewer.value.login if board.viewer.value is not None else ""
    environments = {one.name: one for one in board.environments.value or ()}
    found = []
    for run in board.open_runs:
        approvals = board.approvals.get(run.id, Section()).value or ()
        jobs = board.jobs.get(run.id, Section()).value or ()
        names = tuple(job.name for job in jobs if job.state is State.WAITING)
        for pending in board.pending.get(run.id, Section()).value or ():
            name = pending.environment
            may = may_review(
                run,
                pending,
                viewer=viewer,
                approvals=approvals,
                environment=environments.get(name),
                custom=board.custom_rules.get(name, Section()).value,
                now=now,
                refused=refused,
                read_only=read_only,
            )
            found.append(Waiting(run, pending, may, approvals, names))
    return ordered(found)


_MINE = (Answer.YES, Answer.READ_ONLY, Answer.TOKEN)


def ordered(gates: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """Yours first, then by how long they wait; of one moment by run and environment."""
    return tuple(
        sorted(
            gates,
            key=lambda gate: (
                gate.may.answer not in _MINE,
                gate.since or _NEVER,
                gate.run.id,
                gate.pending.environment,
            ),
        )
    )


def begun(before: Mapping[tuple[int, int, int], Waiting] | None, now: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """What waits for you and did not before. None before the first look: then nothing has begun."""
    if before is None:
        return ()
    mine = {key for key, gate in before.items() if gate.may.yes}
    return tuple(gate for gate in now if gate.may.yes and gate.key not in mine)


def lacks_permission(problem: Problem) -> bool:
    """Whether a refused review says that the token may not review at all."""
    return problem.kind in (Kind.PERMISSION, Kind.SSO)
