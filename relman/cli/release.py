"""``relman release``: what would be released and why, and the release itself."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from relman.actions.ports import GitHubWriter
from relman.actions.release import ReleaseAction
from relman.actions.release_survey import Survey
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.cli.output import moment, problem_json, write_json, write_text
from relman.cli.release_arguments import overrides_of
from relman.errors import Exit, Kind, Problem, RelmanError, reason_of
from relman.model.plan import Plan, Verdict
from relman.model.plan_words import SIGNS
from relman.model.release_choice import Decision, decide, deciding, groups
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_plan import release_plan
from relman.text import clean, clean_line

SCHEMA = "relman.release-plan/1"
_LARGEST = 125_000  # characters of notes: what GitHub takes
_SHOWN = 30  # commits of one group, as text


def intent_of(arguments: Namespace) -> ReleaseIntent:
    """What the command line asks for. Raises where the notes' file cannot be read."""
    return ReleaseIntent(
        ref=arguments.ref,
        version=arguments.wanted,
        bump=arguments.bump,
        channel=arguments.pre,
        notes=None if arguments.notes is None else _notes(arguments.directory / arguments.notes),
        overrides=overrides_of(arguments),
    )


def _notes(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RelmanError(
            Problem(Kind.USAGE, f"The notes in {path} cannot be read", reason_of(error) or "not UTF-8 text")
        ) from None
    if len(text) > _LARGEST:
        raise RelmanError(
            Problem(Kind.USAGE, f"The notes in {path} are too long", f"over {_LARGEST} characters")
        )
    return text


async def create(tools: Tools, arguments: Namespace) -> Exit:
    """Tags and releases."""
    return await change(tools, ReleaseAction(tools), intent_of(arguments), arguments)


async def show(repo: str, survey: Survey, arguments: Namespace, *, writer: GitHubWriter | None = None) -> Exit:
    """Shows what would be released; 1 where a gate blocks. Without a ``writer`` GitHub writes no notes."""
    intent = intent_of(arguments)
    history = await survey.history(intent)
    decision = decide(history, intent)
    evidence = await survey.evidence(history, decision, intent, writer=writer)
    plan = release_plan(repo, history, evidence, intent)
    if arguments.json:
        write_json(as_dict(plan, history, evidence, decision))
    else:
        write_text(as_text(plan, history, decision))
    if decision.version is None:
        return Exit.OK
    return Exit.FAILED if plan.blocking or plan.stale is not None else Exit.OK


def as_dict(plan: Plan, history: History, evidence: Evidence, decision: Decision) -> dict[str, Any]:
    """The answer as ``schemas/release-plan.json`` describes it. Identifiers are exact, texts are clean."""
    return {
        "schema": SCHEMA,
        "repository": plan.repo,
        "read_at": moment(evidence.at),
        **plan.details,
        "groups": [
            {"key": group.key, "title": group.title, "commits": [commit.sha for commit, _ in group.commits]}
            for group in groups(history, decision.proposal)
        ],
        "gates": [
            {
                "key": check.key,
                "title": clean_line(check.title),
                "verdict": check.verdict.value,
                "evidence": [clean_line(item) for item in check.evidence],
                "overridable": check.overridable,
                "reason": clean_line(check.reason),
                "blocks": check.blocks,
            }
            for check in plan.checks
        ],
        "warnings": [clean_line(warning) for warning in plan.warnings],
        "notes": clean(plan.text),
        "problem": problem_json(plan.stale) if decision.version is not None else None,
    }


def as_text(plan: Plan, history: History, decision: Decision) -> list[str]:
    """The same for a person: the version and what decided it first."""
    base = clean_line(history.base.name) if history.base else "no version"
    told = [
        f"{clean_line(decision.tag)}  after {base}" if decision.version else f"Nothing to release after {base}",
        f"{plan.repo} · {clean_line(history.branch)} at {history.head.sha[:7]}",
        f"why: {clean_line(decision.why)}",
    ]
    told += [
        f"  {commit.sha[:7]} {clean_line(ask.subject)}: {clean_line(ask.why)}"
        for commit, ask in deciding(history, decision.proposal)[:_SHOWN]
        if not decision.chosen
    ]
    told += [f"or: {other}" for other in decision.proposal.alternatives]
    for group in groups(history, decision.proposal):
        told += ["", f"{group.title} · {len(group.commits)}"]
        told += [
            f"  {commit.sha[:7]} {clean_line(ask.subject)}{_again(history, commit.sha)}"
            for commit, ask in group.commits[:_SHOWN]
        ]
        if len(group.commits) > _SHOWN:
            told.append(f"  and {len(group.commits) - _SHOWN} more")
    if decision.version is not None and plan.checks:
        told += ["", "Gates"]
        for check in plan.checks:
            name = "" if check.verdict is Verdict.PASSED else f" ({check.key})"
            told.append(f"  {SIGNS[check.verdict]} {clean_line(check.title)}{name}")
            told += [f"      {clean_line(item)}" for item in check.evidence]
            if check.verdict is not Verdict.PASSED and not check.blocks:
                told.append(f"      ▲ overridden: {clean_line(check.reason)}")
    if plan.warnings:
        told += ["", *(f"▲ {clean_line(warning)}" for warning in plan.warnings)]
    if decision.version is not None and plan.text.strip():
        told += ["", "Notes", *(f"  {line}" for line in clean(plan.text).strip().splitlines())]
    if plan.stale is not None and decision.version is not None:
        told += ["", f"× {clean_line(plan.stale.sentence())}"]
    return told


def _again(history: History, sha: str) -> str:
    tag = history.rolled_back.get(sha)
    return f"  (was in {clean_line(tag)}, rolled back)" if tag is not None else ""
