"""What runs where: the version of each environment, since when, by whom and from which run, and what came before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from relman.errors import Problem
from relman.model.board import Board, Section
from relman.model.environment import Deployment, Environment, is_version, live_of
from relman.model.health import Health
from relman.model.protection import Protection, protection
from relman.model.release import Tag
from relman.model.run import Run
from relman.model.state import State
from relman.model.version import parse_version
from relman.model.waiting import Waiting

_SHA = re.compile(r"[0-9a-f]{7,64}")
_RAN = frozenset({"success", "inactive"})
_STATES = {
    "success": State.SUCCESS,
    "inactive": State.NEUTRAL,
    "failure": State.FAILURE,
    "error": State.FAILURE,
    "in_progress": State.RUNNING,
    "queued": State.QUEUED,
    "pending": State.PENDING,
    "waiting": State.WAITING,
}
_ON_THE_WAY = frozenset({"in_progress", "queued", "pending", "waiting"})


def state_of_deployment(deployment: Deployment) -> State:
    """Its newest status as a state; UNKNOWN while its statuses were not read."""
    return _STATES.get(deployment.state, State.UNKNOWN)


def version_named(deployment: Deployment, tags: Sequence[Tag] = ()) -> str:
    """What a person calls a deployment: the tag it was made for, else the beginning of its commit.

    The deployment's own ref decides. Only where that is nothing but the commit, a tag on it gives the name,
    and only if there is exactly one: with two, either could be wrong.
    """
    if deployment.tag:
        return deployment.tag
    ref = deployment.ref
    if _SHA.fullmatch(ref) and deployment.sha.startswith(ref):
        named = [tag.name for tag in tags if tag.sha == deployment.sha and is_version(tag.name)]
        if len(named) == 1:
            return named[0]
    return deployment.sha[:7]


def branch_of(deployment: Deployment) -> str:
    """The branch a deployment was made from; "" where its ref is a version or the commit itself."""
    ref = deployment.ref.removeprefix("refs/heads/")
    if deployment.ref.startswith("refs/tags/") or deployment.tag:
        return ""
    return "" if _SHA.fullmatch(ref) and deployment.sha.startswith(ref) else ref


def ran_before(deployments: Sequence[Deployment], sha: str) -> bool:
    """Whether this commit was live there before what is live now first was: deploying it is a way back.

    A commit that came later and was rolled back is none, though it ran: to deploy that again goes forward.
    """
    live = live_of(deployments)
    if not sha or live is None or live.sha == sha:
        return False
    first: dict[str, int] = {}  # when each commit first ran, by age
    for number, one in enumerate(reversed(deployments)):
        if any(status.state in _RAN for status in one.statuses):
            first.setdefault(one.sha, number)
    return sha in first and first[sha] < first.get(live.sha, len(deployments))


class Place(Struct, frozen=True):
    """An environment as it is now. ``deployments`` newest first; ``run`` is the run that brought what is live.

    ``unread`` says that the deployments were never read, and ``refused`` why they cannot be; where they never
    will be, because GitHub has no environment of that name, it is ``elsewhere`` instead.
    """

    name: str
    environment: Environment | None
    deployments: tuple[Deployment, ...] = ()
    live: Deployment | None = None
    health: tuple[Health, ...] = ()
    rules: tuple[Protection, ...] = ()
    gates: tuple[Waiting, ...] = ()
    tags: tuple[Tag, ...] = ()
    run: Run | None = None
    unread: bool = False
    refused: Problem | None = None
    elsewhere: bool = False

    @property
    def known(self) -> bool:
        """Whether it is known what runs there, be it nothing."""
        if self.live is not None or self.elsewhere:
            return True
        return not self.unread and all(one.statuses for one in self.deployments)

    @property
    def version(self) -> str:
        """What was deployed there; "" where nothing was."""
        return version_named(self.live, self.tags) if self.live is not None else ""

    @property
    def since(self) -> datetime | None:
        if self.live is None:
            return None
        return self.live.succeeded_at or self.live.created_at

    @property
    def by(self) -> str:
        """Who started what is live: the run's person rather than the bot that wrote it down."""
        if self.run is not None:
            return self.run.triggering_actor or self.run.actor
        return self.live.creator if self.live is not None else ""

    @property
    def url(self) -> str:
        """Where the service answers, as the deployment says it; "" where it does not."""
        statuses = self.live.statuses if self.live is not None else ()
        return next((one.environment_url for one in statuses if one.environment_url), "")

    @property
    def on_the_way(self) -> Deployment | None:
        """The newest deployment while it has not ended."""
        newest = next(iter(self.deployments), None)
        return newest if newest is not None and newest.state in _ON_THE_WAY else None

    @property
    def failed(self) -> Deployment | None:
        """The newest deployment, where it failed."""
        newest = next(iter(self.deployments), None)
        return newest if newest is not None and newest.state in ("failure", "error") else None

    @property
    def healthy(self) -> bool | None:
        """None where nothing is asked."""
        return all(answer.ok for answer in self.health) if self.health else None

    @property
    def drift(self) -> str:
        """What the service says it is, where that is not what was deployed; "" where they agree."""
        if self.live is None:
            return ""
        for answer in self.health:
            told = (answer.version or "").strip()
            if answer.ok and told and not _agree(told, self.live, self.version):
                return told
        return ""


def _agree(told: str, live: Deployment, version: str) -> bool:
    if told.removeprefix("v") == version.removeprefix("v"):
        return True
    # A service that tells its commit tells it in part, and often with the branch before it.
    return any(live.sha.startswith(word) for word in re.split(r"[^0-9a-fA-F]+", told.lower()) if len(word) >= 7)


def places(board: Board, gates: Sequence[Waiting] = ()) -> tuple[Place, ...]:
    """Every environment that is configured, deployed to, asked for its health or waited for; production last."""
    known: Mapping[str, Environment] = {one.name: one for one in board.environments.value or ()}
    runs = {run.id: run for run in board.runs.value or ()}
    found = []
    waiting = (gate.pending.environment for gate in gates)
    listed = board.environments.value is not None
    for name in dict.fromkeys((*known, *board.deployments, *board.health, *waiting)):
        section = board.deployments.get(name, Section())
        here = tuple(gate for gate in gates if gate.pending.environment == name)
        # A gate may wait in an environment that was made after the list was read.
        elsewhere = section.value is None and listed and name not in known and not here
        refused = None
        if section.value is None and not elsewhere:
            refused = section.error or (None if listed else board.environments.error) or board.dead_token
        deployments = section.value or ()
        live = live_of(deployments)
        environment = known.get(name)
        rules = (
            protection(
                environment,
                board.policies.get(name, Section()).value,
                board.custom_rules.get(name, Section()).value,
                board.any_protected.value,
            )
            if environment is not None
            else ()
        )
        found.append(
            Place(
                name=name,
                environment=environment,
                deployments=deployments,
                live=live,
                health=board.health.get(name, Section()).value or (),
                rules=rules,
                gates=here,
                tags=board.tags.value or (),
                run=runs.get(live.run_id) if live is not None and live.run_id is not None else None,
                unread=section.value is None,
                refused=refused,
                elsewhere=elsewhere,
            )
        )
    return tuple(found)


def older(version: str, than: str) -> bool:
    """Whether both are versions and the first comes before the second."""
    first, second = parse_version(version), parse_version(than)
    return first is not None and second is not None and first < second
