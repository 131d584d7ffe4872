"""The board in short: what is green, what runs, what waits, what is live, and what needs somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct, structs

from relman.errors import Problem
from relman.model.board import Board, Section
from relman.model.environment import Deployment, PendingDeployment, live_of
from relman.model.health import Health
from relman.model.release import Release
from relman.model.roles import Roles
from relman.model.run import Run
from relman.model.state import State

_FAILED = frozenset({"failure", "error"})
_DEPLOYING = frozenset({"queued", "pending", "in_progress", "waiting"})


class Gate(Struct, frozen=True):
    """A deployment that waits for a timer or a person."""

    run: Run
    pending: PendingDeployment

    @property
    def opens_at(self) -> datetime | None:
        return self.pending.opens_at()


class Live(Struct, frozen=True):
    """An environment as it is. ``live`` is the deployment that runs there, ``newest`` the last one tried."""

    name: str
    url: str
    live: Deployment | None
    newest: Deployment | None
    health: tuple[Health, ...]

    @property
    def version(self) -> str:
        """What runs there: as the service says it, else the tag, else the commit's beginning; "" if nothing."""
        told = next((answer.version for answer in self.health if answer.ok and answer.version), None)
        return told or (version_of(self.live) if self.live else "")

    @property
    def since(self) -> datetime | None:
        """When the deployment that runs there had succeeded."""
        if self.live is None:
            return None
        return self.live.succeeded_at or self.live.created_at

    @property
    def deploying(self) -> Deployment | None:
        newest = self.newest
        return newest if newest is not None and newest.state in _DEPLOYING else None

    @property
    def failed(self) -> Deployment | None:
        """The last deployment, where it failed."""
        newest = self.newest
        return newest if newest is not None and newest.state in _FAILED else None


class Trouble(Struct, frozen=True):
    """A section that could not be read; ``data_from`` is the age of what is still shown of it, if anything."""

    section: str
    problem: Problem
    data_from: datetime | None = None


class Need(Struct, frozen=True):
    """Something a person should look at. ``what``: "ci", "gate", "environment", "nightly" or "section"."""

    what: str
    text: str


class Summary(Struct, frozen=True):
    """``ci`` is the newest run on the default branch, ``ci_verdict`` the newest that is finished."""

    ci: Run | None
    ci_verdict: Run | None
    running: tuple[Run, ...]
    gates: tuple[Gate, ...]
    environments: tuple[Live, ...]
    release: Release | None
    nightly: Run | None
    problems: tuple[Trouble, ...]
    needs: tuple[Need, ...]


def summarise(board: Board, roles: Roles) -> Summary:
    """Everything ``relman status`` tells, from the board alone."""
    runs = board.runs.value or ()
    branch = board.repository.value.default_branch if board.repository.value else None
    # A pull request from a fork's own main has that branch name too: only what ran on our commits counts.
    checks = [
        run for run in runs if run.path == roles.ci and run.branch == branch and run.event != "pull_request"
    ]
    nights = [run for run in runs if run.path == roles.nightly]
    gates = tuple(
        Gate(run, pending)
        for run in runs
        if not run.state.finished
        for pending in board.pending.get(run.id, Section()).value or ()
    )
    published = [release for release in board.releases.value or () if not release.draft]
    summary = Summary(
        ci=next(iter(checks), None),
        ci_verdict=next((run for run in checks if _judged(run)), None),
        running=tuple(run for run in runs if run.state.active and run.state is not State.WAITING),
        gates=gates,
        environments=tuple(_environments(board)),
        release=next((one for one in published if not one.prerelease), next(iter(published), None)),
        nightly=next((run for run in nights if _judged(run)), next(iter(nights), None)),
        problems=tuple(_problems(board)),
        needs=(),
    )
    return structs.replace(summary, needs=tuple(_needs(summary)))


def version_of(deployment: Deployment) -> str:
    """What a person calls a deployment: its tag, or the beginning of its commit."""
    return deployment.tag or deployment.sha[:7]


def _judged(run: Run) -> bool:
    """Whether a run says something about its commit: cancelled and skipped ones do not."""
    return run.state is State.SUCCESS or run.state.failed


def _environments(board: Board) -> Iterator[Live]:
    known = {environment.name: environment.url for environment in board.environments.value or ()}
    for name in dict.fromkeys((*known, *board.deployments, *board.health)):
        deployments = board.deployments.get(name, Section()).value or ()
        live = live_of(deployments)
        health = board.health.get(name, Section()).value or ()
        url = (
            next((status.environment_url for status in live.statuses if status.environment_url), "")
            if live
            else ""
        )
        yield Live(name, url or known.get(name, ""), live, next(iter(deployments), None), health)


def _problems(board: Board) -> Iterator[Trouble]:
    for name in ("repository", "viewer", "workflows", "runs", "environments", "releases", "tags"):
        section = getattr(board, name)
        if section.error:
            yield Trouble(name, section.error, section.fetched_at)
    for name in ("pending", "deployments", "health"):
        for key, section in getattr(board, name).items():
            if section.error:
                yield Trouble(f"{name} {key}", section.error, section.fetched_at)


def _needs(summary: Summary) -> Iterator[Need]:
    for gate in summary.gates:
        if gate.pending.may_approve:
            text = f"{gate.pending.environment} waits for your review: {gate.run.name} #{gate.run.number}"
            yield Need("gate", f"{text} {gate.run.branch or gate.run.short_sha}")
    verdict = summary.ci_verdict
    if verdict is not None and verdict.state.failed:
        yield Need("ci", f"{verdict.name} #{verdict.number} on {verdict.branch} ended with {verdict.word}")
    for environment in summary.environments:
        ill = [answer.name for answer in environment.health if not answer.ok]
        if ill:
            yield Need("environment", f"{environment.name} is unhealthy: {', '.join(ill)}")
        if environment.failed is not None:
            yield Need(
                "environment",
                f"the last deployment of {version_of(environment.failed)} to {environment.name} failed",
            )
    if summary.nightly is not None and summary.nightly.state.failed:
        yield Need(
            "nightly", f"{summary.nightly.name} #{summary.nightly.number} ended with {summary.nightly.word}"
        )
    for trouble in summary.problems:
        yield Need("section", f"{trouble.section}: {trouble.problem.title}")


def waits(gates: Sequence[Gate]) -> tuple[int, int]:
    """How many gates wait for you, and how many for somebody or something else."""
    mine = sum(1 for gate in gates if gate.pending.may_approve)
    return mine, len(gates) - mine
