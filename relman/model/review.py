"""Reviewing what waits: what a person wants, the facts it rests on, and why they no longer fit. Pure.

What a person saw is bound to the run's attempt, its commit and the very environments that waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from relman.errors import Kind, Problem
from relman.model.deploys import version_named
from relman.model.environment import Approval, CustomRule, Deployment, Environment, PendingDeployment
from relman.model.journal import Entry
from relman.model.plan import is_production
from relman.model.run import Job, Run
from relman.model.state import State
from relman.model.waiting import REVIEWS, Answer, MayI, may_review, reviewed, reviews_of
from relman.text import clean_line, is_clean

APPROVED, REJECTED = "approved", "rejected"


class Target(Struct, frozen=True):
    """An environment as GitHub knows it; the id is what a review names."""

    id: int
    name: str


class Review(Struct, frozen=True):
    """What a person wants: ``state`` is "approved" or "rejected", for environments of one run's attempt."""

    run_id: int
    attempt: int
    sha: str
    targets: tuple[Target, ...]
    state: str
    comment: str = ""

    def with_text(self, text: str) -> Review:
        """The same review with another comment."""
        return replace(self, comment=text.strip())

    @property
    def names(self) -> str:
        return " and ".join(clean_line(target.name) for target in self.targets)


class Now(Struct, frozen=True):
    """An environment at this moment. ``live`` is None where nothing runs there or it could not be read.

    ``way_back`` says that the run's commit was live there before.
    """

    environment: Environment | None
    live: Deployment | None = None
    way_back: bool = False
    custom: tuple[CustomRule, ...] | None = None
    unread: Problem | None = None


class Facts(Struct, frozen=True):
    """Read at ``at``; ``server_time`` is GitHub's clock then. ``sent``: relman has sent a review of this attempt."""

    run: Run
    pending: tuple[PendingDeployment, ...]
    approvals: tuple[Approval, ...]
    jobs: tuple[Job, ...]
    places: dict[str, Now]
    viewer: str
    at: datetime
    server_time: datetime
    sent: bool = False

    def waits(self, target: Target) -> PendingDeployment | None:
        return next((one for one in self.pending if one.environment_id == target.id), None)


def given_by_me(facts: Facts, intent: Review) -> set[Target]:
    """The targets for which this person has already said exactly this."""
    if facts.run.attempt != intent.attempt or facts.run.sha != intent.sha:
        return set()
    return {
        target
        for target in intent.targets
        if (said := answer(facts, target)) is not None and said.state == intent.state and is_mine(said, facts)
    }


def answer(facts: Facts, target: Target) -> Approval | None:
    """The review that has settled the target in this attempt."""
    pending = facts.waits(target)
    if pending is not None:
        said = reviewed(facts.approvals, pending, facts.run.attempt, facts.server_time)
        return said[0] if said else None
    said = reviews_of(facts.approvals, target.name, facts.run.attempt)
    if not said and facts.sent and facts.run.state is not State.CANCELLED:
        # It was answered in this attempt and waits no more: the newest review of it must have ended that.
        said = tuple(one for one in facts.approvals if one.state in REVIEWS and target.name in one.environments)
    return said[0] if said else None


def answered_in(approvals: Sequence[Approval], environment: str) -> bool:
    """Whether any attempt of a run was reviewed for this environment."""
    return any(one.state in REVIEWS and environment in one.environments for one in approvals)


def target_of(run: Run) -> str:
    """What a review acts on, as plan and journal name it."""
    return f"run {run.id}, attempt {run.attempt}, {clean_line(run.sha[:12])}"


def sent_before(entries: Iterable[Entry], repo: str, run: Run) -> bool:
    """Whether relman has sent a review of this very attempt."""
    return any(
        entry.phase == "before"
        and entry.step == "review"
        and (entry.repo, entry.target) == (repo, target_of(run))
        for entry in entries
    )


def is_mine(one: Approval, facts: Facts) -> bool:
    """An app's token does not say who it is: then whoever said it may have been this one."""
    return not facts.viewer or one.user == facts.viewer


def not_as_seen(facts: Facts, intent: Review, *, waits: bool = True) -> Problem | None:
    """Why the intent no longer fits the run; None where it does, or where all of it is done already."""
    run = facts.run
    if run.attempt != intent.attempt:
        by = f" by {clean_line(run.triggering_actor)}" if run.triggering_actor else ""
        return stale(
            f"{run_name(run)} was started again{by}", f"attempt {run.attempt} now, it was {intent.attempt}"
        )
    if run.sha != intent.sha:
        return stale(
            f"{run_name(run)} is on another commit",
            f"{clean_line(run.sha[:7])} now, it was {clean_line(intent.sha[:7])}",
        )
    given = given_by_me(facts, intent)
    if given == set(intent.targets):
        return None
    for target in intent.targets:
        other = answer(facts, target)
        if other is not None and target not in given:
            return _answered_problem(other, target)
    if given and waits:
        done = " and ".join(sorted(clean_line(one.name) for one in given))
        return stale(f"You have {intent.state} {done} already", "", "Review the others by themselves.")
    if run.state is State.CANCELLED:
        return stale(f"{run_name(run)} was cancelled")
    if run.state.finished:
        return stale(f"{run_name(run)} has ended", run.word)
    if not waits:
        return None
    for target in intent.targets:
        pending = facts.waits(target)
        if pending is None:
            return stale(f"{clean_line(target.name)} does not wait any more", f"{run_name(run)}: {run.word}")
        if pending.environment != target.name:
            return stale(f"{clean_line(target.name)} is called {clean_line(pending.environment)} now")
    return None


def _answered_problem(one: Approval, target: Target) -> Problem:
    by = clean_line(one.user) or "somebody"
    comment = clean_line(one.comment, 200)
    return stale(
        f"Already {one.state} by {by}",
        f"{clean_line(target.name)}{f', saying: {comment}' if comment else ''}",
        "The plan is stale, nothing was sent. Look at the run.",
    )


def answered_since(before: Facts, fresh: Facts, intent: Review) -> Problem | None:
    """Whether a target was reviewed since the plan, even where GitHub still lists it among what waits."""
    for target in intent.targets:
        old, new = (
            [one for one in each.approvals if one.state in REVIEWS and target.name in one.environments]
            for each in (before, fresh)
        )
        if len(new) > len(old):
            return _answered_problem(new[0], target)
    return None


def changed_set(facts: Facts, fresh: Facts) -> Problem | None:
    """Whether other environments of the run wait now than when the plan was made."""
    before, now = ({one.environment_id: one.environment for one in each.pending} for each in (facts, fresh))
    if before == now:
        return None
    gone = sorted(clean_line(before[each]) for each in before.keys() - now.keys())
    new = sorted(clean_line(now[each]) for each in now.keys() - before.keys())
    parts = [f"{' and '.join(gone)} no longer waits"] if gone else []
    parts += [f"{' and '.join(new)} waits now, too"] if new else []
    if not parts:
        parts = ["an environment has another name"]
    return stale(f"What waits in {run_name(fresh.run)} has changed", "; ".join(parts))


def live_changed(before: Facts, fresh: Facts, intent: Review) -> Problem | None:
    """Whether production runs something else than the plan said."""
    for target in intent.targets:
        if intent.state != APPROVED or not is_production(target.name):
            continue
        old, new = before.places[target.name], fresh.places[target.name]
        known = old.unread is None and new.unread is None
        if known and (old.live and old.live.id) != (new.live and new.live.id):
            return stale(
                f"{clean_line(target.name)} has changed meanwhile",
                f"it runs {live_name(new)} now, it was {live_name(old)}",
            )
    return None


def stale(
    title: str,
    detail: str = "",
    hint: str = "The plan is stale, nothing was sent. Look again before you decide.",
) -> Problem:
    return Problem(Kind.REFUSED, title, detail, hint)


def permission(facts: Facts, intent: Review) -> Problem | None:
    """Why this person may not review one of the targets; None where they may review them all."""
    for target in intent.targets:
        if not is_clean(target.name):
            return Problem(
                Kind.REFUSED,
                f"The environment {clean_line(target.name)!r} does not read as it is written",
                "its name holds invisible characters",
                "Review it on GitHub, where the whole name can be seen.",
            )
        pending = facts.waits(target)
        if pending is None or target in given_by_me(facts, intent):
            continue
        may = may_i(facts, target, pending)
        if not may.yes:
            kind = Kind.AUTH if may.answer is Answer.SIGNED_OUT else Kind.REFUSED
            nobody = may.answer in (Answer.TIMER, Answer.APP)
            title = f"{'Nobody can' if nobody else 'You may not'} review {clean_line(target.name)}"
            return Problem(kind, title, may.why)
    return None


def may_i(facts: Facts, target: Target, pending: PendingDeployment) -> MayI:
    place = facts.places[target.name]
    return may_review(
        facts.run,
        pending,
        viewer=facts.viewer,
        approvals=facts.approvals,
        environment=place.environment,
        custom=place.custom,
        now=facts.server_time,
    )


def run_name(run: Run) -> str:
    return f"{clean_line(run.name, 60) or 'run'} #{run.number} {brings(run)}"


def brings(run: Run, *, commit: bool = False) -> str:
    """What the run brings: its tag or branch, and the commit."""
    ref = clean_line(run.branch or "", 80)
    if not ref:
        return clean_line(run.short_sha)
    return f"{ref} ({clean_line(run.short_sha)})" if commit else ref


def live_name(place: Now) -> str:
    if place.unread is not None:
        return "unknown"
    return clean_line(version_named(place.live)) if place.live is not None else "nothing"
