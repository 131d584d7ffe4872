"""The plan of a release, made from what was read: steps, gates, warnings, the tag's message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from relman.errors import Kind, Problem
from relman.model.commit import Level
from relman.model.plan import Change, Check, Plan, Step
from relman.model.release import TagRef
from relman.model.release_choice import HOTFIX_BRANCH, Decision, decide, deciding
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_gates import gates, overridden
from relman.model.release_notes import notes_of
from relman.model.trailers import BASE, BY, OVERRIDE, PLAN, tag_message
from relman.model.version_tags import VersionTag
from relman.text import clean_line

NAME = "release"


def release_plan(repo: str, history: History, evidence: Evidence, intent: ReleaseIntent) -> Plan:
    """The plan. Its ``text`` are the notes; ``details`` is :func:`release_details`."""
    decision = decide(history, intent)
    checks = gates(history, evidence, decision, intent)
    notes = notes_of(history, evidence, decision, intent)
    head = history.head
    permission = None
    if evidence.may_push is False:
        permission = Problem(
            Kind.PERMISSION,
            "This token may not push to the repository",
            hint="A release needs Contents: write (and Workflows: write where workflow files changed).",
        )
    stale = moved(history, evidence, decision, intent)
    if decision.version is None:
        stale = stale or Problem(Kind.REFUSED, "Nothing is to be released", decision.why)
    previous = history.base.name if history.base else ""
    name = decision.tag or "nothing"
    return Plan(
        action=NAME,
        title=f"Release {name}" if decision.version else "Release nothing",
        repo=repo,
        target=f"{name} at {head.sha[:7]}",
        steps=release_steps(
            repo, decision.tag, head.sha, prerelease=decision.prerelease, waits=evidence.starts is not False
        )
        if decision.version
        else (),
        facts_at=evidence.at,
        changes=(Change("version", previous, decision.tag),) if decision.version else (),
        checks=checks,
        warnings=tuple(_warnings(history, evidence, decision)),
        irreversible=(
            f"The tag {clean_line(decision.tag)} is never moved or deleted: a mistake is mended by a higher version.",
        )
        if decision.version
        else (),
        text=notes,
        text_title="Notes",
        word=decision.tag,
        permission=permission,
        stale=stale,
        production=True,
        who=evidence.who,
        details=release_details(history, evidence, decision),
    )


def release_steps(repo: str, tag: str, sha: str, *, prerelease: bool, waits: bool) -> tuple[Step, ...]:
    """The steps from nothing to a followed run, with the exact requests."""
    name = clean_line(tag)
    steps = [
        Step("tag-object", f"Make the annotated tag object {name} for {sha[:7]}",
             f"POST /repos/{repo}/git/tags tag={name} object={sha} type=commit"),
        Step("tag", f"Create the tag {name} on {sha[:7]}",
             f"POST /repos/{repo}/git/refs ref=refs/tags/{name} sha=(the tag object)"),
        Step("verify", f"Read {name} back and see that it leads to {sha[:7]}"),
        Step("release", f"Publish the release {name}",
             f"POST /repos/{repo}/releases tag_name={name}{' prerelease=true' if prerelease else ''}",
             "deleting the release on its page (the tag stays)"),
    ]  # fmt: skip
    if waits:
        steps.append(Step("run", f"Wait for the workflow run that {name} starts"))
    return tuple(steps)


def plan_id(repo: str, tag: str, sha: str) -> str:
    """The same for the same release, so that a second attempt knows its own work."""
    return hashlib.sha256(f"{repo}\n{tag}\n{sha}".encode()).hexdigest()[:12]


def message_of(
    repo: str, history: History, evidence: Evidence, decision: Decision, checks: Sequence[Check], notes: str
) -> str:
    """The annotated tag's message: title, notes, and trailers that say how it came to be."""
    trailers = [
        (PLAN, plan_id(repo, decision.tag, history.head.sha)),
        (BASE, history.base.name if history.base else "none"),
        (BY, evidence.who or "unknown"),
    ]
    trailers += [(OVERRIDE, f"{check.key}: {check.reason}") for check in overridden(checks)]
    return tag_message(f"Release {decision.tag}", notes, trailers)


def moved(history: History, evidence: Evidence, decision: Decision, intent: ReleaseIntent) -> Problem | None:
    """What makes the person's picture old: another commit than they saw, or the tag on another commit."""
    head = history.head.sha
    if intent.sha is not None and intent.sha != head:
        return Problem(
            Kind.REFUSED,
            f"{clean_line(history.branch)} has moved since you looked",
            f"you saw {intent.sha[:7]}, it is at {head[:7]}",
            "Look at the new commits and start again.",
        )
    return other_commit(evidence.existing, head)


def other_commit(existing: TagRef | None, sha: str) -> Problem | None:
    """The tag is on another commit than planned: both are named."""
    if existing is None or existing.sha == sha:
        return None
    where = existing.sha[:12] or "something that is no commit"
    return Problem(
        Kind.REFUSED,
        f"The tag {clean_line(existing.name)} is on another commit",
        f"it is on {where}, planned was {sha[:12]}",
        f"Tags are never moved. Choose another version, or finish that one with --ref {clean_line(existing.name)}.",
    )


def _warnings(history: History, evidence: Evidence, decision: Decision) -> list[str]:
    proposal = decision.proposal
    told = [*proposal.notes]
    if proposal.policy_why and not decision.chosen:
        told.append(proposal.policy_why)
    if decision.version and history.higher and not decision.resumed:
        names = ", ".join(clean_line(tag.name) for tag in history.higher[:3])
        base = clean_line(history.base.name) if history.base else "the beginning"
        told.append(
            f"higher versions exist beside this line ({names}); this one follows {base}, the highest it contains"
        )
    others = [tag for tag in history.tags.at(history.head.sha) if tag.stable and tag.name != decision.tag]
    if decision.version and others and not decision.resumed:
        told.append(f"{clean_line(others[0].name)} is on this commit already: it would carry two versions")
    if proposal.not_understood:
        told.append(f"{proposal.not_understood} of {len(proposal.commits)} commits not understood")
    if decision.prerelease and decision.version:
        told.append(f"{decision.version} is a pre-release")
    if history.branch.startswith(HOTFIX_BRANCH) and proposal.asked.rank > Level.PATCH.rank:
        told.append(f"a hotfix stays a patch, though a commit asks for a {proposal.asked}")
    told += history.tags.notes
    if evidence.notes is None and evidence.kept_notes is None and evidence.notes_problem is not None:
        told.append(f"GitHub did not write notes ({evidence.notes_problem.title}); these are from the commits")
    if decision.version and evidence.starts is False:
        told.append("no workflow starts on this tag: nothing is deployed by it")
    if decision.version and evidence.release is not None and not evidence.release.draft:
        told.append("its release exists already; its text stays")
    return told


def release_details(history: History, evidence: Evidence, decision: Decision) -> dict[str, object]:
    """What ``--json`` has of a release beside the plan."""
    proposal = decision.proposal
    return {
        "version": decision.version,
        "tag": decision.tag,
        "commit": history.head.sha,
        "branch": history.branch,
        "base": _tag_json(history.base),
        "since": _tag_json(history.since),
        "level": proposal.level.value,
        "asked": proposal.asked.value,
        "why": clean_line(decision.why),
        "policy": proposal.policy.value,
        "policy_why": proposal.policy_why,
        "alternatives": list(proposal.alternatives),
        "resumed": decision.resumed,
        "prerelease": decision.prerelease,
        "workflow": evidence.workflow,
        "complete": history.complete,
        "total": history.total,
        "deciding": [commit.sha for commit, _ in deciding(history, proposal)],
        "commits": [
            {
                "sha": commit.sha,
                "subject": clean_line(ask.subject),
                "author": clean_line(commit.author),
                "asks": ask.level.value,
                "why": clean_line(ask.why),
                "understood": ask.understood,
                "cancelled": ask.cancelled,
                "breaking": ask.breaking,
                "rolled_back": history.rolled_back.get(commit.sha),
            }
            for commit, ask in zip(history.commits, proposal.commits, strict=True)
        ],
    }


def _tag_json(tag: VersionTag | None) -> dict[str, str] | None:
    return {"tag": tag.name, "version": str(tag.version), "commit": tag.sha} if tag else None
