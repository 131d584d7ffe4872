"""What is due, and when: pure. The poller only does what this says.

A want is a section somebody can see. It comes due when its interval has passed since the last answer, at
once when what it depends on changed (its *stamp*), after its back-off when it failed, and never while the
API's budget is paused.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from relman.board.sections import Ask, Part, section_of
from relman.board.view import View
from relman.errors import Kind, Problem
from relman.model.board import Board
from relman.model.run import Run
from relman.model.state import State

NEVER_ASKED: Final = datetime.min.replace(tzinfo=UTC)
DEPLOYS: Final = "deploys"
RELEASES: Final = "releases"

_LONGEST = timedelta(hours=1)
"""Whatever a server says about asking again later: after this it is asked."""
_SETTLE = timedelta(seconds=2)
"""At least so long between two asks for the same section because of a change elsewhere."""
_LASTING = frozenset({Kind.PERMISSION, Kind.SSO, Kind.PLAN, Kind.NOT_FOUND, Kind.GONE, Kind.AUTH})
WAITING_FOLLOWED: Final = 50
"""Runs that wait of which the gates are known, the newest ones; the first few are asked about more often."""
_WAITING_CLOSELY = 5
_ENVIRONMENTS_FOLLOWED = 20


class Rhythm(Struct, frozen=True):
    """Seconds between two asks."""

    runs_active: float = 30  # something runs somewhere; at once when all jobs of an active run are done
    runs_idle: float = 60
    jobs_active: float = 6  # the run in view; for each page of 100 jobs
    jobs_waiting: float = 20  # the run in view waits for a person or a lock
    pending_seen: float = 30  # the waiting run in view, or every one on the deploys screen
    pending: float = 60
    pending_more: float = 300  # each of the waiting runs beyond the newest few; more share the rate of 25
    deployments_seen: float = 60
    deployments: float = 120  # for up to four environments; more share the same rate
    releases_seen: float = 60
    rare: float = 900  # workflows, environments, releases, tags
    rarest: float = 1800  # repository, viewer
    health: float = 30
    unfocused: float = 4  # times everything
    first_retry: float = 10
    longest_retry: float = 300


class Asked(Struct, frozen=True):
    """How the last ask of a section went: when it ended, on what stamp; after a failure, how long to wait."""

    at: datetime
    stamp: Hashable = None
    failures: int = 0
    delay: float = 0.0  # seconds; only after a failure
    problem: Problem | None = None


class Want(Struct, frozen=True):
    """``every`` seconds (None: once for each stamp); a smaller ``rank`` goes first."""

    every: float | None
    rank: int
    stamp: Hashable = None


def agenda(
    board: Board,
    view: View,
    last: Mapping[Ask, Asked],
    now: datetime,
    *,
    health: Collection[str] = (),
    rhythm: Rhythm | None = None,
) -> list[tuple[Ask, datetime]]:
    """Everything wanted with the time it comes due, most urgent first. ``health`` names the environments that
    have health checks.

    Order is by due time plus a few seconds for each rank, so that nothing urgent can starve the rest.
    """
    rhythm = rhythm or Rhythm()
    focus = 1.0 if view.focused else rhythm.unfocused
    thrift = focus * budget_stretch(board, now)
    pause = paused_until(board, now)
    entries: list[tuple[datetime, int, Ask, datetime]] = []
    for ask, want in wants(board, view, health=health, rhythm=rhythm).items():
        asked = last.get(ask)
        at = _due_at(want, asked, now, focus if ask.part is Part.HEALTH else thrift)
        if at is None:
            continue
        order = at if at == NEVER_ASKED else at + timedelta(seconds=3 * want.rank)
        if pause is not None and ask.part is not Part.HEALTH:
            at = max(at, pause)
        entries.append((order, want.rank, ask, at))
    entries.sort(key=lambda entry: (entry[0], entry[1], str(entry[2])))
    return [(ask, at) for _, _, ask, at in entries]


def _due_at(want: Want, asked: Asked | None, now: datetime, stretch: float) -> datetime | None:
    if asked is None:
        return NEVER_ASKED
    if asked.at > now:  # the clock was set back
        return now
    if asked.failures:
        at = asked.at + timedelta(seconds=asked.delay)
        retry_at = asked.problem.retry_at if asked.problem else None
        return max(at, min(retry_at, asked.at + _LONGEST)) if retry_at else at
    if asked.stamp != want.stamp:
        return asked.at + _SETTLE
    if want.every is None:
        return None
    return asked.at + min(_LONGEST, timedelta(seconds=want.every * stretch))


def wants(
    board: Board, view: View, *, health: Collection[str] = (), rhythm: Rhythm | None = None
) -> dict[Ask, Want]:
    """Every section that somebody can see now, and how often it should be asked."""
    rhythm = rhythm or Rhythm()
    wanted: dict[Ask, Want] = {}
    for name in health:
        wanted[Ask(Part.HEALTH, name)] = Want(rhythm.health, 3)
    wanted[Ask(Part.VIEWER)] = Want(rhythm.rarest, 2)
    if board.dead_token is not None:
        return wanted  # one question tells when it lives again
    runs = board.runs.value or ()
    active = any(run.state.active and run.state is not State.WAITING for run in runs)
    deploying = _deploy_stamp(board, runs)
    on_releases = view.screen == RELEASES
    wanted[Ask(Part.RUNS)] = Want(rhythm.runs_active if active else rhythm.runs_idle, 0, _ending(board, runs))
    wanted[Ask(Part.REPOSITORY)] = Want(rhythm.rarest, 2)
    wanted[Ask(Part.ENVIRONMENTS)] = Want(rhythm.rare, 1)
    wanted[Ask(Part.WORKFLOWS)] = Want(rhythm.rare, 4)
    for part in (Part.RELEASES, Part.TAGS):
        wanted[Ask(part)] = Want(rhythm.releases_seen if on_releases else rhythm.rare, 4, deploying)
    wanted |= _deployment_wants(board, view, rhythm, deploying)
    if on_releases and board.repository.value is not None:
        branch = board.repository.value.default_branch
        pushed = next((run.sha for run in runs if run.branch == branch and run.event == "push"), "")
        wanted[Ask(Part.HEAD)] = Want(rhythm.releases_seen, 1, (branch, pushed))
    if view.screen in (DEPLOYS, RELEASES):
        wanted |= _past_wants(board, view)
    if view.screen == DEPLOYS:
        wanted |= _protection_wants(board, view, rhythm)
    wanted |= _pending_wants(board, runs, view, rhythm)
    if view.run_id is not None:
        wanted |= _run_wants(board, view, view.run_id, rhythm)
    return wanted


def _ending(board: Board, runs: tuple[Run, ...]) -> Hashable:
    """The active runs whose jobs are all done as far as is known: they are about to end, or to go on."""
    known = {run.id: board.jobs[run.id].value for run in runs if run.state.active and run.id in board.jobs}
    return frozenset(id for id, jobs in known.items() if jobs and all(job.state.finished for job in jobs))


def _deployment_wants(board: Board, view: View, rhythm: Rhythm, stamp: Hashable) -> dict[Ask, Want]:
    names = [environment.name for environment in board.environments.value or ()]
    base = rhythm.deployments_seen if view.screen == DEPLOYS else rhythm.deployments
    every = base * max(1.0, len(names) / 4)
    return {Ask(Part.DEPLOYMENTS, name): Want(every, 3, stamp) for name in names}


def _protection_wants(board: Board, view: View, rhythm: Rhythm) -> dict[Ask, Want]:
    """What protects the environments."""
    wanted: dict[Ask, Want] = {}
    environments = board.environments.value or ()
    for one in environments[:_ENVIRONMENTS_FOLLOWED]:
        if one.custom_policies:
            wanted[Ask(Part.POLICIES, one.name)] = Want(rhythm.rare, 4, one.updated_at)
        wanted[Ask(Part.CUSTOM_RULES, one.name)] = Want(rhythm.rare, 4, one.updated_at)
    if any(one.protected_branches for one in environments):
        wanted[Ask(Part.ANY_PROTECTED)] = Want(rhythm.rare, 4)
    return wanted


def _past_wants(board: Board, view: View) -> dict[Ask, Want]:
    """How the earlier deployments of the environment in view ended."""
    deployments = section_of(board, Ask(Part.DEPLOYMENTS, view.environment)).value or ()
    unread = tuple(one.id for one in deployments if not one.statuses)
    if view.environment is None or not unread:
        return {}
    return {Ask(Part.PAST, view.environment): Want(None, 4, unread)}


def _pending_wants(board: Board, runs: tuple[Run, ...], view: View, rhythm: Rhythm) -> dict[Ask, Want]:
    wanted: dict[Ask, Want] = {}
    waiting = [run for run in runs if run.state is State.WAITING or _job_waits(board, run)]
    more = waiting[_WAITING_CLOSELY:WAITING_FOLLOWED]
    seldom = rhythm.pending_more * max(1.0, len(more) / 25)
    for run in more:
        wanted[Ask(Part.PENDING, run.id)] = Want(seldom, 4, (run.attempt, run.status))
    in_view = [run for run in waiting[_WAITING_CLOSELY:] if run.id == view.run_id]
    for run in waiting[:_WAITING_CLOSELY] + in_view:
        seen = run.id == view.run_id or view.screen == DEPLOYS
        wanted[Ask(Part.PENDING, run.id)] = Want(
            rhythm.pending_seen if seen else rhythm.pending, 2, (run.attempt, run.status)
        )
        if seen:
            wanted[Ask(Part.APPROVALS, run.id)] = Want(rhythm.pending, 4, (run.attempt, run.status))
    return wanted


def _job_waits(board: Board, run: Run) -> bool:
    """A run in progress can wait too, beside jobs that run."""
    if not run.state.active or run.id not in board.jobs:
        return False
    return any(job.state is State.WAITING for job in section_of(board, Ask(Part.JOBS, run.id)).value or ())


def _run_wants(board: Board, view: View, run_id: int, rhythm: Rhythm) -> dict[Ask, Want]:
    run = board.run(run_id)
    if run is None:
        return {Ask(Part.RUN, run_id): Want(rhythm.runs_idle, 0)}
    wanted: dict[Ask, Want] = {}
    read = section_of(board, Ask(Part.JOBS, run_id)).value
    jobs = read or ()
    stamp = (run.attempt, run.status, run.conclusion)
    every: float | None = None
    if run.state.active:
        pages = max(1, -(-len(jobs) // 100))
        slow = run.state in {State.WAITING, State.PENDING}
        every = (rhythm.jobs_waiting if slow else rhythm.jobs_active) * pages
    elif not run.state.finished:
        every = rhythm.runs_active  # a state this version does not know
    elif not all(job.state.finished for job in jobs):
        every = rhythm.jobs_waiting  # the list of jobs can lag behind the run
    elif read == () and run.state is State.SUCCESS:
        every = rhythm.runs_idle  # it cannot have succeeded without a job; others may end before they have one
    wanted[Ask(Part.JOBS, run_id)] = Want(every, 0, stamp)
    wanted[Ask(Part.SOURCE, run_id)] = Want(None, 1, (run.sha, run.path))
    if run.id in board.pending and run.state is not State.WAITING and not _job_waits(board, run):
        # Once more after the wait ended: nothing is pending, and who decided.
        wanted[Ask(Part.PENDING, run_id)] = Want(None, 2, (run.attempt, run.status))
        wanted[Ask(Part.APPROVALS, run_id)] = Want(None, 4, (run.attempt, run.status))
    job = next((job for job in jobs if job.id == view.job_id), None)
    if job is not None and job.state.finished and job.state is not State.SKIPPED:
        wanted[Ask(Part.ANNOTATIONS, job.id)] = Want(None, 3, job.conclusion)
    return wanted


def _deploy_stamp(board: Board, runs: tuple[Run, ...]) -> Hashable:
    """Changes whenever a run of a workflow that deploys begins, waits, goes on or ends."""
    deployed_by = {
        deployment.run_id for section in board.deployments.values() for deployment in section.value or ()
    }
    paths = {run.path for run in runs if run.id in deployed_by or run.state is State.WAITING}
    return frozenset((run.id, run.attempt, run.state) for run in runs[:100] if run.path in paths)


def paused_until(board: Board, now: datetime) -> datetime | None:
    """Until when nothing may be asked of GitHub; None when asking is allowed.

    ``now`` is this machine's; the reset time is the server's, so the difference of the clocks counts.
    """
    budget = board.budget
    if budget.paused_until is not None and budget.paused_until > now:
        return min(budget.paused_until, now + _LONGEST)
    if budget.remaining == 0 and budget.reset_at is not None:
        reset = budget.reset_at - board.clock_offset
        if reset > now:
            return min(reset, now + _LONGEST)
    return None


def budget_stretch(board: Board, now: datetime) -> float:
    """By how much intervals grow because little quota is left before it is renewed."""
    budget = board.budget
    if not budget.limit or budget.remaining is None:
        return 1.0
    if budget.reset_at is not None and budget.reset_at - board.clock_offset <= now:
        return 1.0
    left = budget.remaining / budget.limit
    return 1.0 if left >= 0.2 else 2.0 if left >= 0.1 else 4.0 if left >= 0.05 else 8.0


def retry_delay(failures: int, problem: Problem, chance: float, rhythm: Rhythm | None = None) -> float:
    """Seconds to wait after the ``failures``-th failure in a row; ``chance`` in [0, 1) spreads it.

    Doubles up to the longest; what asking again will hardly change (permission, absence) waits the longest
    from the start.
    """
    rhythm = rhythm or Rhythm()
    lasting = problem.kind in _LASTING
    ceiling = rhythm.longest_retry
    base = ceiling if lasting else min(ceiling, rhythm.first_retry * 2 ** min(failures - 1, 20))
    return base * (0.75 + 0.25 * chance)
