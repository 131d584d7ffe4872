"""The two plans that bring an environment back: deploy an old version again, or a new tag on its commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace
from semver import Version

from relman.errors import Kind, Problem
from relman.model.deployed import Stay
from relman.model.dispatch_inputs import fields_of, typed
from relman.model.environment import Deployment, Environment
from relman.model.gates import rules_gate, tag_gate
from relman.model.plan import Change, Check, Plan, Step, is_production
from relman.model.protection import held_back
from relman.model.reach import Reached, environment_words, is_way_back, known_of_dispatch, reached
from relman.model.release import Release, TagRef
from relman.model.release_plan import other_commit, release_steps
from relman.model.rerun import Again
from relman.model.rollback import RERUN_LIMIT, Target, chosen, next_patch, risky
from relman.model.ruleset import Ruleset
from relman.model.run import Run
from relman.model.summary import version_of
from relman.model.trailers import (
    BY,
    OVERRIDE,
    PLAN,
    ROLLBACK_OF,
    ROLLBACK_TO,
    read_trailers,
    tag_message,
    values,
)
from relman.model.version_tags import VersionTag, VersionTags, Withdrawn, used_versions
from relman.model.workflow import WorkflowFile
from relman.text import clean_line

REDEPLOY = "redeploy"
TAG = "rollback-tag"
_ENVIRONMENT_INPUTS = ("environment", "env", "target", "stage", "deploy_to")
_VERSION_INPUTS = ("version", "tag", "ref", "release", "image_tag")
_WAITING = frozenset({"queued", "pending", "in_progress", "waiting"})
_SHOWN = 5


class RollbackIntent(Struct, frozen=True):
    """``to`` is a tag, a version or a commit (default: the newest target); ``running`` the commit a person saw
    running there; ``reason`` why the bad version is withdrawn."""

    environment: str
    to: str | None = None
    running: str | None = None
    reason: str = ""
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def with_override(self, key: str, reason: str) -> Self:
        """The same with a reason for the gate ``key``."""
        return replace(self, overrides=MappingProxyType({**self.overrides, key: reason}))


class RollbackFacts(Struct, frozen=True):
    """``stays`` newest first; ``offered`` the targets; ``run`` the deployment run of the chosen target, and
    ``again`` what would run again with it, read where that is the way back.

    ``workflow`` is the deployment's workflow file at the target's ref, None where there is none that can be
    read; ``cd`` its path. ``offset`` is the server's time less this machine's. ``newest_run`` is the
    highest run id there was. ``files`` differ between the two versions; None where they could not be compared.
    ``refs`` are tags whose messages were read.
    """

    at: datetime
    deployments: tuple[Deployment, ...]
    stays: tuple[Stay, ...]
    running: Stay | None
    offered: tuple[Target, ...]
    tags: VersionTags
    releases: tuple[Release, ...] = ()
    withdrawn: Withdrawn = field(default_factory=Withdrawn)
    refs: tuple[TagRef, ...] = ()
    run: Run | None = None
    again: Again | None = None
    workflow: WorkflowFile | None = None
    cd: str = ""
    newest_run: int = 0
    files: tuple[str, ...] | None = ()
    rulesets: tuple[Ruleset, ...] | None = ()
    rulesets_problem: Problem | None = None
    existing: TagRef | None = None
    starts: bool | None = None
    who: str = ""
    may_push: bool | None = None
    place: Environment | None = None
    offset: timedelta = timedelta(0)

    @property
    def server_now(self) -> datetime:
        return self.at + self.offset

    def target(self, intent: RollbackIntent) -> Target | None:
        return chosen(self.offered, intent.to)


class Way(Struct, frozen=True):
    """How a version is deployed again: by a dispatch with ``inputs``, or by running ``run`` again."""

    workflow: str = ""
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    run: Run | None = None


def way_of(facts: RollbackFacts, target: Target, environment: str) -> Way | None:
    """A dispatch on the old tag where its workflow allows one, else its run again; None where neither goes."""
    stay = target.stay
    if stay.tag and facts.workflow is not None and "workflow_dispatch" in facts.workflow.on:
        inputs = dispatch_inputs(facts.workflow, environment, stay.tag)
        if inputs is not None and may_lead_to(facts.workflow, environment, stay.tag, inputs):
            return Way(facts.cd.rsplit("/", 1)[-1], MappingProxyType(inputs))
    run = facts.run
    young = run is not None and run.created_at is not None and facts.server_now - run.created_at < RERUN_LIMIT
    if run is not None and young and run.sha == stay.sha and (run.state.finished or run.attempt > 1):
        return Way(run=run)
    return None


def dispatch_inputs(file: WorkflowFile, environment: str, tag: str) -> dict[str, str] | None:
    """What the workflow has to be told; None where it asks for something that only a person knows."""
    given: dict[str, str] = {}
    for item in file.inputs:
        name = item.name.casefold()
        if item.type == "environment" or name in _ENVIRONMENT_INPUTS:
            if item.options and environment not in item.options:
                return None
            given[item.name] = environment
        elif item.required and not item.default:
            if name not in _VERSION_INPUTS or item.options:
                return None
            given[item.name] = tag
    return given


def may_lead_to(file: WorkflowFile, environment: str, tag: str, inputs: Mapping[str, str]) -> bool:
    """Whether a dispatch on ``tag`` may deploy to the environment: False where the file says that it does not.

    An input of another name may choose it, and its default another environment.
    """
    if any(job.uses is not None and job.callee is None for job in file.jobs):
        return True
    if all(job.environment is None and job.callee is None for job in file.jobs):
        return True
    values = typed(fields_of(file), inputs)
    return any(
        lead.unknown or (lead.environment or "").casefold() == environment.casefold()
        for lead in reached(file, known_of_dispatch(f"refs/tags/{tag}", values))
    )


def redeploy_plan(repo: str, facts: RollbackFacts, intent: RollbackIntent) -> Plan:
    """Deploys the old version again. No new version: the history shows the old one deployed once more."""
    environment, target = intent.environment, facts.target(intent)
    way = way_of(facts, target, environment) if target is not None else None
    stale = _stopped(facts, intent, target)
    steps: tuple[Step, ...] = ()
    if target is not None and way is not None:
        steps = (redeploy_step(repo, target, way),)
    elif target is not None and stale is None:
        stale = Problem(
            Kind.REFUSED,
            f"{clean_line(target.name)} cannot be deployed again",
            "its workflow cannot be started by hand on it, and its run is too old to run again",
            f"Make a new tag on its commit: relman rollback {clean_line(environment)} --via tag.",
        )
    made = _plan(REDEPLOY, repo, facts, intent, target, steps, stale, word=target.name if target else "")
    if target is None or way is None or way.run is None:
        return made
    return _with_the_whole_run(made, facts, target, way.run)


def _with_the_whole_run(plan: Plan, facts: RollbackFacts, target: Target, run: Run) -> Plan:
    """GitHub runs every job of a run again: where that leads beside the environment is a part of the plan."""
    again = facts.again or Again(reason="its jobs were not read")
    others = _others(again.environments, plan.environment)
    words = environment_words(others)
    told = [
        f"GitHub runs every job of {clean_line(run.name)} #{run.number} again, and its file as it was then. "
        "Earlier approvals do not carry over: reviewers are asked anew."
    ]
    if words:
        told.append(f"It also leads to {', '.join(words)}: what runs there is replaced too.")
    if again.reason:
        told.append(f"This may not be all: {again.reason}.")
    elsewhere = any(one.production for one in others)
    return replace(
        plan,
        warnings=(*told, *plan.warnings),
        word=plan.word or (target.name if elsewhere else ""),
        production=plan.production or elsewhere,
        # A freeze lets the environment go back; it does not let another one of production change with it.
        rollback=plan.rollback and not elsewhere,
        details={**plan.details, "also_reaches": list(words)},
    )


def _others(reaches: Sequence[Reached], environment: str) -> tuple[Reached, ...]:
    """What is beside the environment. A job that only its name tells of is taken for the environment's own
    where it names it, and so is a name that only the run can tell, where the environment is production."""
    own = environment.casefold()
    found = []
    for one in reaches:
        there = (one.environment or "").casefold()
        by_name = one.environment == one.name and own in there
        if there != own and not by_name and not (one.unknown and is_production(environment)):
            found.append(one)
    return tuple(one for one in found if not is_way_back(one.name))


def redeploy_step(repo: str, target: Target, way: Way) -> Step:
    name = clean_line(target.name)
    if way.run is not None:
        title = f"Run the deployment of {name} again ({clean_line(way.run.name)} #{way.run.number})"
        return Step(
            "deploy", title, f"POST /repos/{repo}/actions/runs/{way.run.id}/rerun", "rolling forward again"
        )
    inputs = " ".join(f"{clean_line(key)}={clean_line(value)}" for key, value in way.inputs.items())
    request = f"POST /repos/{repo}/actions/workflows/{clean_line(way.workflow)}/dispatches ref={name} {inputs}"
    return Step(
        "deploy", f"Start {clean_line(way.workflow)} on {name}", request.rstrip(), "rolling forward again"
    )


def new_tag(facts: RollbackFacts, intent: RollbackIntent) -> tuple[str, Version, bool] | None:
    """The tag of the rollback, its version, and whether an attempt before has made it; None without a bad version."""
    target = facts.target(intent)
    bad = _bad(facts)
    if target is None or bad is None:
        return None
    deployed = {stay.tag for stay in facts.stays}
    for ref in facts.refs:
        trailers = read_trailers(ref.message)
        mine = values(trailers, ROLLBACK_OF) == (bad.name,) and values(trailers, ROLLBACK_TO) == (target.name,)
        tag = facts.tags.named(ref.name)
        # One that has run there belongs to an earlier rollback.
        if mine and tag is not None and tag.sha == target.stay.sha and tag.name not in deployed:
            return tag.name, tag.version, True
    version = next_patch(bad.version, used_versions(facts.tags, facts.releases, facts.withdrawn))
    return facts.tags.name_for(version), version, False


def _bad(facts: RollbackFacts) -> VersionTag | None:
    running = facts.running
    return facts.tags.named(running.tag) if running is not None and running.tag else None


def tag_plan(repo: str, facts: RollbackFacts, intent: RollbackIntent) -> Plan:
    """A new, higher tag on the old commit; the bad version is withdrawn."""
    target, bad, made = facts.target(intent), _bad(facts), new_tag(facts, intent)
    stale = _stopped(facts, intent, target)
    environment = intent.environment
    if target is not None and bad is None and stale is None:
        stale = Problem(
            Kind.REFUSED,
            f"{clean_line(environment)} does not run a version tag",
            f"it runs {clean_line(facts.running.name) if facts.running else 'nothing'}",
            f"Deploy the old one again: relman rollback {clean_line(environment)} --via redeploy.",
        )
    steps: list[Step] = []
    checks: tuple[Check, ...] = ()
    name = ""
    if target is not None and bad is not None and made is not None:
        name, version, resumed = made
        sha = target.stay.sha
        stale = stale or other_commit(facts.existing, sha)
        steps = list(release_steps(repo, name, sha, prerelease=False, waits=facts.starts is not False))
        at = next(index for index, step in enumerate(steps) if step.key == "release") + 1
        steps.insert(at, _withdraw_step(repo, bad, facts))
        same = () if resumed else facts.tags.of(version)
        checks = (
            tag_gate(name, sha, same=same, resumed=resumed),
            rules_gate(
                name,
                () if resumed else facts.rulesets,
                facts.rulesets_problem,
                clean_line(intent.overrides.get("rules", "")),
            ),
        )
    warned = ("no workflow starts on this tag: nothing is deployed by it",) if facts.starts is False else ()
    return _plan(
        TAG, repo, facts, intent, target, tuple(steps), stale, word=name, checks=checks, warned=warned, tag=name
    )


def _withdraw_step(repo: str, bad: VersionTag, facts: RollbackFacts) -> Step:
    release = next((one for one in facts.releases if one.tag == bad.name), None)
    request = f"PATCH /repos/{repo}/releases/{release.id} prerelease=true" if release is not None else ""
    title = f"Withdraw {clean_line(bad.name)}: its release is marked as a pre-release"
    return Step("withdraw", title, request, "unmarking it on the release's page")


def rollback_message(repo: str, facts: RollbackFacts, intent: RollbackIntent) -> tuple[str, str, str]:
    """The tag's message, the release's notes, and the plan's id. Only for a plan that has steps."""
    target, bad, made = facts.target(intent), _bad(facts), new_tag(facts, intent)
    if target is None or bad is None or made is None:
        raise AssertionError("no rollback is planned")
    name = made[0]
    plan = hashlib.sha256(f"{repo}\n{name}\n{target.stay.sha}\n{bad.name}".encode()).hexdigest()[:12]
    reason = clean_line(intent.reason)
    notes = (
        f"Rollback to {clean_line(target.name)}: the same commit, {target.stay.sha[:7]}.\n\n"
        f"{clean_line(bad.name)} is withdrawn{f': {reason}' if reason else '.'}"
    )
    trailers = [
        (PLAN, plan),
        (ROLLBACK_OF, bad.name),
        (ROLLBACK_TO, target.name),
        (BY, facts.who or "unknown"),
        *((OVERRIDE, f"{key}: {clean_line(text)}") for key, text in intent.overrides.items()),
    ]
    return tag_message(f"Rollback to {target.name}", notes, trailers), notes, plan


def _stopped(facts: RollbackFacts, intent: RollbackIntent, target: Target | None) -> Problem | None:
    """Why nothing can be done: another version runs than the person saw, or there is no such target."""
    environment = clean_line(intent.environment)
    running = facts.running
    if intent.running is not None and (running is None or running.sha != intent.running):
        now = clean_line(running.name) if running is not None else "nothing"
        return Problem(
            Kind.REFUSED,
            f"{environment} runs something else than you saw",
            f"you saw {intent.running[:7]}, it runs {now}",
            "Look at it once more and start again.",
        )
    if target is not None:
        return None
    offered = ", ".join(clean_line(one.name) for one in facts.offered[:_SHOWN]) or "none"
    if intent.to is None:
        return Problem(
            Kind.REFUSED,
            f"There is no version to bring {environment} back to",
            "nothing else was deployed there successfully that is not withdrawn",
        )
    wanted = clean_line(intent.to, 60)
    why = "it was never deployed there successfully"
    if running is not None and wanted in (
        running.name,
        running.name.removeprefix("v"),
        running.sha[:7],
        running.sha,
    ):
        why = "it is what runs there now"
        if facts.deployments and facts.deployments[0].id != running.deployment.id and running.run_id:
            why = f"{why}; to deploy it once more, re-run {running.run_id}"
    elif facts.withdrawn.reason(wanted):
        why = f"it was withdrawn: {facts.withdrawn.reason(wanted)}"
    return Problem(
        Kind.REFUSED, f"{environment} cannot go back to {wanted}", why, f"Versions offered: {offered}."
    )


def _plan(
    action: str,
    repo: str,
    facts: RollbackFacts,
    intent: RollbackIntent,
    target: Target | None,
    steps: tuple[Step, ...],
    stale: Problem | None,
    *,
    word: str,
    checks: Sequence[Check] = (),
    warned: Sequence[str] = (),
    tag: str = "",
) -> Plan:
    environment = intent.environment
    production = is_production(environment)
    before = facts.running.name if facts.running is not None else ""
    name = target.name if target is not None else "no version"
    permission = None
    if facts.may_push is False:
        permission = Problem(
            Kind.PERMISSION,
            "This token may not change the repository",
            hint="It needs Actions: write, and for a tag Contents: write.",
        )
    return Plan(
        action=action,
        title=f"Roll {environment} back to {name}" if target is not None else f"Roll {environment} back",
        repo=repo,
        target=f"{name} at {target.stay.sha[:7]}" if target is not None else name,
        steps=steps,
        facts_at=facts.at,
        environment=environment,
        changes=(Change(environment, before, f"{tag} (= {name})" if tag else name),) if target else (),
        checks=tuple(checks),
        warnings=(*warned, *_warnings(facts, target)),
        irreversible=(_LASTING[action],) if steps else (),
        word=word if production and steps else "",
        permission=permission,
        stale=stale,
        production=production,
        rollback=target is None or target.back,
        who=facts.who,
        details=rollback_details(facts, target, tag),
    )


_LASTING = {
    REDEPLOY: "Data that the newer version has written stays as it is: only the program goes back.",
    TAG: "The new tag is never moved or deleted, and the withdrawn version's number stays used. Data that the "
    "newer version has written stays as it is.",
}


def _warnings(facts: RollbackFacts, target: Target | None) -> list[str]:
    if target is None:
        return []
    held = held_back(facts.place) if facts.place is not None else ""
    told = [f"{clean_line(facts.place.name)} does not change at once: {held}"] if facts.place and held else []
    if not target.back and facts.running is not None:
        told.append(
            f"{clean_line(target.name)} came after {clean_line(facts.running.name)} and was rolled back: "
            "this goes forward again, and a freeze holds it back"
        )
    if facts.files is None:
        told.append("the two versions could not be compared: look for migrations and configuration yourself")
    else:
        told += risky(facts.files)
        if len(facts.files) >= 300:
            told.append("more than 300 files differ: GitHub names only these many")
    newest = next(iter(facts.deployments), None)
    if newest is not None and (facts.running is None or newest.id != facts.running.deployment.id):
        version = clean_line(version_of(newest))
        if newest.state in _WAITING:
            more = len(_waiting(facts)) - 1
            others = f" and {more} more {'waits' if more == 1 else 'wait'}" if more > 0 else ""
            told.append(
                f"a deployment of {version} is {newest.state}{others}: end or reject"
                f" {'them, or they come' if more > 0 else 'it, or it comes'} after this one"
            )
        elif newest.state in ("failure", "error"):
            told.append(f"the last deployment, of {version}, failed: part of it may run there")
    return told


def _waiting(facts: RollbackFacts) -> list[Deployment]:
    """Deployments that may still follow what runs, newest first."""
    live = facts.running.deployment.id if facts.running is not None else None
    return [one for one in facts.deployments if one.id != live and one.state in _WAITING]


def rollback_details(facts: RollbackFacts, target: Target | None, tag: str) -> dict[str, object]:
    """What ``--json`` has of a rollback beside the plan."""
    return {
        "running": facts.running.name if facts.running is not None else None,
        "running_commit": facts.running.sha if facts.running is not None else None,
        "to": target.name if target is not None else None,
        "commit": target.stay.sha if target is not None else None,
        "tag": tag or None,
        "targets": [
            {
                "name": one.name,
                "commit": one.stay.sha,
                "deployed_at": one.stay.began.isoformat() if one.stay.began else None,
                "ran_seconds": one.stay.ran(facts.server_now),
            }
            for one in facts.offered
        ],
    }
