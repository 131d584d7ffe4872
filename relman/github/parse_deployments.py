"""Environments, their rules, what waits for a review, and deployments."""

from __future__ import annotations

from relman.github.fields import (
    Fields,
    child,
    children,
    each,
    exact,
    flag,
    flag_or_none,
    line,
    link,
    login,
    number,
    text,
    when,
)
from relman.github.parse import page, records
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.environment import (
    Approval,
    BranchPolicy,
    CustomRule,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)


def environments(reply: Reply, request: Request) -> Page[Environment]:
    return page(reply, request, _environment, "environments")


def branch_policies(reply: Reply, request: Request) -> Page[BranchPolicy]:
    return page(reply, request, _policy, "branch_policies")


def custom_rules(reply: Reply, request: Request) -> tuple[CustomRule, ...]:
    return page(reply, request, _custom_rule, "custom_deployment_protection_rules").items


def pending_deployments(reply: Reply, request: Request) -> tuple[PendingDeployment, ...]:
    return each(records(reply, request), _pending)


def approvals(reply: Reply, request: Request) -> tuple[Approval, ...]:
    return each(records(reply, request), _approval)


def deployments(reply: Reply, request: Request) -> Page[Deployment]:
    return page(reply, request, _deployment)


def deployment_statuses(reply: Reply, request: Request) -> Page[DeploymentStatus]:
    return page(reply, request, _status)


def _environment(fields: Fields) -> Environment | None:
    environment_id, name = number(fields, "id"), exact(fields, "name")
    if environment_id is None or not name:
        return None
    policy = child(fields, "deployment_branch_policy")
    return Environment(
        id=environment_id,
        name=name,
        url=link(fields, "html_url"),
        rules=each(children(fields, "protection_rules"), _rule),
        protected_branches=flag(policy, "protected_branches"),
        custom_policies=flag(policy, "custom_branch_policies"),
        updated_at=when(fields, "updated_at"),
    )


def _rule(fields: Fields) -> ProtectionRule:
    return ProtectionRule(
        kind=exact(fields, "type") or "custom",
        wait_minutes=number(fields, "wait_timer"),
        reviewers=each(children(fields, "reviewers"), _reviewer),
        prevent_self_review=flag_or_none(fields, "prevent_self_review"),
    )


def _reviewer(fields: Fields) -> Reviewer | None:
    who = child(fields, "reviewer")
    who_id = number(who, "id")
    if who_id is None:
        return None
    kind = exact(fields, "type") or "User"
    name = exact(who, "slug") or exact(who, "name") if kind == "Team" else exact(who, "login")
    return Reviewer(kind, who_id, name)


def _policy(fields: Fields) -> BranchPolicy | None:
    policy_id, pattern = number(fields, "id"), exact(fields, "name")
    if policy_id is None or not pattern:
        return None
    return BranchPolicy(policy_id, pattern, exact(fields, "type") or "branch")


def _custom_rule(fields: Fields) -> CustomRule | None:
    rule_id, app = number(fields, "id"), exact(child(fields, "app"), "slug")
    return None if rule_id is None or not app else CustomRule(rule_id, app, flag(fields, "enabled"))


def _pending(fields: Fields) -> PendingDeployment | None:
    environment = child(fields, "environment")
    environment_id, name = number(environment, "id"), exact(environment, "name")
    if environment_id is None or not name:
        return None
    return PendingDeployment(
        environment_id=environment_id,
        environment=name,
        wait_minutes=number(fields, "wait_timer") or 0,
        wait_started_at=when(fields, "wait_timer_started_at"),
        may_approve=flag(fields, "current_user_can_approve"),
        reviewers=each(children(fields, "reviewers"), _reviewer),
    )


def _approval(fields: Fields) -> Approval:
    return Approval(
        state=exact(fields, "state"),
        user=login(fields, "user"),
        comment=text(fields, "comment"),
        environments=each(children(fields, "environments"), lambda item: exact(item, "name") or None),
    )


def _deployment(fields: Fields) -> Deployment | None:
    deployment_id = number(fields, "id")
    if deployment_id is None:
        return None
    return Deployment(
        id=deployment_id,
        environment=exact(fields, "environment"),
        sha=exact(fields, "sha"),
        ref=exact(fields, "ref"),
        task=exact(fields, "task") or "deploy",
        creator=login(fields, "creator"),
        created_at=when(fields, "created_at"),
        updated_at=when(fields, "updated_at"),
    )


def _status(fields: Fields) -> DeploymentStatus | None:
    status_id = number(fields, "id")
    if status_id is None:
        return None
    return DeploymentStatus(
        id=status_id,
        state=exact(fields, "state"),
        created_at=when(fields, "created_at"),
        description=line(fields, "description"),
        environment_url=link(fields, "environment_url"),
        log_url=link(fields, "log_url") or link(fields, "target_url"),
        creator=login(fields, "creator"),
    )
