"""What a review would send, what it changes and what a person must know before. Pure."""

from __future__ import annotations

import json

from relman.model.deploys import older, version_named
from relman.model.environment import PendingDeployment
from relman.model.plan import Change, Check, Plan, Step, Verdict, is_production
from relman.model.protection import review_rule, reviewers_in_words
from relman.model.review import (
    APPROVED,
    REJECTED,
    Facts,
    Review,
    brings,
    given_by_me,
    live_name,
    may_i,
    not_as_seen,
    permission,
    run_name,
    target_of,
)
from relman.model.state import State
from relman.model.times import clock, until
from relman.text import clean, clean_line

_VERBS = {APPROVED: "Approve", REJECTED: "Reject"}
_FINAL = {
    APPROVED: "An approval is not taken back: the jobs start as soon as nothing else holds them. "
    "Only cancelling the run stops them.",
    REJECTED: "The run fails: its waiting jobs never start. Running it again asks for a new review.",
}


def plan_review(facts: Facts, intent: Review, repo: str) -> Plan:
    """Pure. An approval that reaches production asks for the environments' names; a rejection for a yes."""
    run = facts.run
    verb = _VERBS[intent.state]
    production = [one.name for one in intent.targets if is_production(one.name)]
    approves = intent.state == APPROVED
    stale = not_as_seen(facts, intent)
    title = f"{verb} {intent.names}: {run_name(run)}"
    return Plan(
        action="approve" if approves else "reject",
        title=title,
        repo=repo,
        target=target_of(run),
        environment=", ".join(clean_line(one.name) for one in intent.targets),
        changes=tuple(_changes(facts, intent)),
        checks=() if stale else tuple(_checks(facts, intent)),
        steps=(Step("review", f"{verb} {intent.names} for {brings(run)}", _request(repo, intent)),),
        warnings=tuple(_warnings(facts, intent)),
        irreversible=(_FINAL[intent.state],),
        text=clean(intent.comment),
        text_title="Comment",
        word=",".join(production) if approves else "",
        permission=None if stale else permission(facts, intent),
        stale=stale,
        production=approves and bool(production),
        rollback=approves and bool(production) and all(facts.places[name].way_back for name in production),
        who=facts.viewer,
        facts_at=facts.at,
        details={
            "run": {
                "id": run.id,
                "attempt": run.attempt,
                "workflow": clean_line(run.name),
                "number": run.number,
                "sha": run.sha,
                "ref": run.branch,
                "asked_by": run.triggering_actor or run.actor,
                "url": run.url,
            },
            "state": intent.state,
            "comment": intent.comment,
            "environments": [
                {"id": one.id, "name": one.name, "opens_at": _moment(facts.waits(one))}
                for one in intent.targets
            ],
        },
    )


def _changes(facts: Facts, intent: Review) -> list[Change]:
    if intent.state == REJECTED:
        return [Change(run_name(facts.run), facts.run.word, "failure")]
    return [
        Change(clean_line(one.name), live_name(facts.places[one.name]), brings(facts.run, commit=True))
        for one in intent.targets
    ]


def _warnings(facts: Facts, intent: Review) -> list[str]:
    said: list[str] = []
    run = facts.run
    version = brings(run)
    for target in intent.targets:
        name, place = clean_line(target.name), facts.places[target.name]
        pending = facts.waits(target)
        opens = pending.opens_at() if pending is not None else None
        if intent.state == APPROVED:
            if opens is not None and opens > facts.server_time:
                said.append(
                    f"{name}: the wait timer runs until {clock(opens, facts.server_time)};"
                    " approved or not, nothing starts before"
                )
            if place.unread is not None:
                said.append(f"{name}: what runs there could not be read ({clean_line(place.unread.title)})")
            elif place.live is not None and place.live.sha == run.sha:
                said.append(f"{name} runs this commit already")
            elif place.way_back:
                said.append(f"This is a way back: {version} ran on {name} before")
            elif place.live is not None and older(version, version_named(place.live)):
                said.append(f"{version} is older than what runs on {name}")
    chosen = {target.id for target in intent.targets}
    others = sorted(clean_line(one.environment) for one in facts.pending if one.environment_id not in chosen)
    if others and intent.state == APPROVED:
        said.append(f"Not part of this: {' and '.join(others)}, which the run waits for, too")
    return said


def _checks(facts: Facts, intent: Review) -> list[Check]:
    run = facts.run
    asked = clean_line(run.triggering_actor or run.actor) or "somebody"
    began = f"{clean_line(run.event)} by {asked}"
    seen = [" · ".join(part for part in (clean_line(run.title, 120), began) if part)]
    waiting = [clean_line(job.name) for job in facts.jobs if job.state is State.WAITING]
    if waiting:
        seen.append(f"jobs that wait: {', '.join(waiting[:6])}{', …' if len(waiting) > 6 else ''}")
    said = [Check("waits", f"{run_name(run)} waits for {intent.names}", Verdict.PASSED, tuple(seen))]
    for target in intent.targets:
        pending = facts.waits(target)
        if pending is None or target in given_by_me(facts, intent):
            continue
        may = may_i(facts, target, pending)
        verdict = Verdict.PASSED if may.yes else Verdict.FAILED
        rule = review_rule(facts.places[target.name].environment)
        names = reviewers_in_words(pending.reviewers or (rule.reviewers if rule else ()))
        evidence = (f"reviewers: {names}; one review is enough",) if may.yes and names else (may.why,)
        said.append(Check("reviewer", f"You may review {clean_line(target.name)}", verdict, evidence))
    return said


def done_words(facts: Facts, intent: Review) -> str:
    said = f"{intent.state} by {clean_line(facts.viewer)}"
    ends = [
        end
        for pending in map(facts.waits, intent.targets)
        if pending is not None and (end := pending.opens_at()) is not None and end > facts.server_time
    ]
    if intent.state == APPROVED and ends:
        last = max(ends)
        return (
            f"{said}; the wait timer still runs, until {clock(last, facts.server_time)}"
            f" ({until(last, facts.server_time)})"
        )
    return said


def _request(repo: str, intent: Review) -> str:
    body = {
        "environment_ids": [target.id for target in intent.targets],
        "state": intent.state,
        "comment": intent.comment,
    }
    path = f"POST /repos/{repo}/actions/runs/{intent.run_id}/pending_deployments"
    return f"{path} {json.dumps(body, ensure_ascii=True)}"


def _moment(pending: PendingDeployment | None) -> str | None:
    opens = pending.opens_at() if pending is not None else None
    return opens.strftime("%Y-%m-%dT%H:%M:%SZ") if opens is not None else None
