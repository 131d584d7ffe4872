"""What was said of a commit, and the rules on refs."""

from __future__ import annotations

from relman.github.fields import Fields, child, children, each, exact, line, link, number, strings, when
from relman.github.parse import page, single
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.checks import CheckRun, CommitStatus
from relman.model.ruleset import Ruleset


def check_runs(reply: Reply, request: Request) -> Page[CheckRun]:
    return page(reply, request, _check_run, "check_runs")


def commit_statuses(reply: Reply, request: Request) -> Page[CommitStatus]:
    return page(reply, request, _commit_status, "statuses")


def rulesets(reply: Reply, request: Request) -> Page[Ruleset]:
    """The list, which tells neither rules nor patterns: those take one read each."""
    return page(reply, request, _ruleset)


def ruleset(reply: Reply, request: Request) -> Ruleset:
    return single(reply, request, _ruleset)


def required_checks(reply: Reply, request: Request) -> Page[tuple[str, ...]]:
    """For each effective rule of a branch, the contexts that it requires."""
    return page(reply, request, _contexts)


def _contexts(rule: Fields) -> tuple[str, ...]:
    if exact(rule, "type") != "required_status_checks":
        return ()
    checks = children(child(rule, "parameters"), "required_status_checks")
    return each(checks, lambda check: exact(check, "context") or None)


def _check_run(fields: Fields) -> CheckRun | None:
    check_id = number(fields, "id")
    if check_id is None:
        return None
    return CheckRun(
        id=check_id,
        name=exact(fields, "name"),
        status=exact(fields, "status"),
        conclusion=exact(fields, "conclusion") or None,
        app=exact(child(fields, "app"), "slug"),
        suite_id=number(child(fields, "check_suite"), "id"),
        started_at=when(fields, "started_at"),
        completed_at=when(fields, "completed_at"),
        url=link(fields, "html_url"),
    )


def _commit_status(fields: Fields) -> CommitStatus | None:
    context, state = exact(fields, "context"), exact(fields, "state")
    if not context or not state:
        return None
    return CommitStatus(context, state, line(fields, "description"), link(fields, "target_url"))


def _ruleset(fields: Fields) -> Ruleset | None:
    ruleset_id = number(fields, "id")
    if ruleset_id is None:
        return None
    ref_name = child(child(fields, "conditions"), "ref_name")
    return Ruleset(
        id=ruleset_id,
        name=line(fields, "name"),
        target=exact(fields, "target") or "branch",
        enforcement=exact(fields, "enforcement"),
        include=strings(ref_name, "include"),
        exclude=strings(ref_name, "exclude"),
        rules=each(children(fields, "rules"), lambda rule: exact(rule, "type") or None),
        bypass=exact(fields, "current_user_can_bypass"),
    )
