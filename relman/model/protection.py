"""An environment's protection in words: who has to agree, how long it waits, what may deploy there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from relman.model.environment import BranchPolicy, CustomRule, Environment, ProtectionRule, Reviewer
from relman.text import clean_line

_BUILT_IN = frozenset({"wait_timer", "required_reviewers", "branch_policy"})


class Protection(Struct, frozen=True):
    """One rule as a sentence without its full stop. ``finding``: it does not protect as it seems to."""

    text: str
    finding: bool = False


def protection(
    environment: Environment,
    policies: Sequence[BranchPolicy] | None = None,
    custom: Sequence[CustomRule] | None = None,
    any_protected: bool | None = None,
) -> tuple[Protection, ...]:
    """The rules of an environment, reviewers first.

    None for what was not read (yet): ``policies`` are the branch and tag patterns, ``custom`` the rules of
    apps, ``any_protected`` whether the repository protects a branch at all.
    """
    said: list[Protection] = []
    for rule in environment.rules:
        if rule.kind == "required_reviewers":
            said += _review(rule)
    for rule in environment.rules:
        if rule.kind == "wait_timer" and rule.wait_minutes:
            minutes = "1 minute" if rule.wait_minutes == 1 else f"{rule.wait_minutes} minutes"
            said.append(Protection(f"Waits {minutes} first"))
    said += _refs(environment, policies, any_protected)
    said += _apps(environment, custom)
    return tuple(said) or (Protection("No protection: every branch and tag deploys at once"),)


def reviewers_in_words(reviewers: Sequence[Reviewer]) -> str:
    """ "amara-okafor, team release-managers": people first."""
    people = sorted(_shown(one.name) for one in reviewers if one.kind != "Team")
    teams = sorted(f"team {_shown(one.name)}" for one in reviewers if one.kind == "Team")
    return ", ".join([*people, *teams])


def review_rule(environment: Environment | None) -> ProtectionRule | None:
    """The rule that asks for a review, where there is one."""
    rules = environment.rules if environment is not None else ()
    return next((rule for rule in rules if rule.kind == "required_reviewers"), None)


def held_back(environment: Environment) -> str:
    """What a deployment that somebody starts now has to wait for, in words; "" where nothing holds it."""
    said: list[str] = []
    rule = review_rule(environment)
    if rule is not None:
        said.append(
            f"the run waits for a review by {reviewers_in_words(rule.reviewers) or 'nobody: none is named'}"
        )
        if rule.prevent_self_review:
            said.append("you start it, so another person has to give it")
    minutes = max((one.wait_minutes or 0 for one in environment.rules if one.kind == "wait_timer"), default=0)
    if minutes:
        said.append(f"the wait timer holds it for {minutes} minute{'s' if minutes > 1 else ''}")
    return "; ".join(said)


def _review(rule: ProtectionRule) -> list[Protection]:
    count = len(rule.reviewers)
    if not count:
        return [Protection("A review is required, and no reviewer is named: nobody can give it", finding=True)]
    names = reviewers_in_words(rule.reviewers)
    if count == 1 and rule.reviewers[0].kind != "Team":
        said = [Protection(f"1 reviewer: {names}")]
    elif count == 1:
        said = [Protection(f"Reviewers: {names}; one review is enough")]
    else:
        said = [Protection(f"{count} reviewers: {names}; one review is enough")]
    if rule.prevent_self_review:
        said.append(Protection("Whoever started a run cannot approve it"))
    elif rule.prevent_self_review is False:
        said.append(Protection("Whoever started a run may approve it too"))
    return said


def _refs(
    environment: Environment, policies: Sequence[BranchPolicy] | None, any_protected: bool | None
) -> list[Protection]:
    if environment.protected_branches:
        if any_protected is False:
            return [
                Protection(
                    "Only protected branches, and none is protected: everything may deploy", finding=True
                )
            ]
        return [Protection("Only protected branches")]
    if not environment.custom_policies:
        return []
    if policies is None:
        return [Protection("Only certain branches or tags")]
    if not policies:
        return [
            Protection("Only certain branches or tags, and none is named: nothing may deploy", finding=True)
        ]
    parts = []
    for kind, one, many in (("branch", "branch", "branches"), ("tag", "tag", "tags")):
        patterns = sorted({_shown(each.pattern) for each in policies if each.kind == kind})
        plain = len(patterns) == 1 and not set("*?[") & set(patterns[0])
        if patterns:
            parts.append(f"{one if plain else many} {', '.join(patterns)}")
    return [Protection(f"Only {' and '.join(parts)}")] if parts else []


def _apps(environment: Environment, custom: Sequence[CustomRule] | None) -> list[Protection]:
    if custom is None:
        kinds = sorted({rule.kind for rule in environment.rules} - _BUILT_IN)
        return [Protection(f"A rule of an app: {_shown(kind)}") for kind in kinds]
    return [
        Protection(f"The app {_shown(rule.app)} decides, too; nobody can answer for it")
        for rule in custom
        if rule.enabled
    ]


def _shown(name: str) -> str:
    """An identifier for people; one that is nothing but controls has no readable form."""
    return clean_line(name) or "(unreadable)"
