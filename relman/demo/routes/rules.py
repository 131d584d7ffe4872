"""Rulesets of the repository."""

from __future__ import annotations

from relman.demo.exchange import Ask, Refusal, Reply, not_found
from relman.demo.git_refs import applies
from relman.demo.paging import paged
from relman.demo.render import rules as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"
_TARGETS = {"branch", "tag", "push"}


def _rulesets(ask: Ask) -> Reply:
    wanted = {one for one in ask.query.get("targets", "").split(",") if one}
    if wanted - _TARGETS:
        raise Refusal(422, f"Invalid request.\n\nInvalid targets: {', '.join(sorted(wanted - _TARGETS))}")
    records = [one for one in ask.world.rulesets if not wanted or one.target in wanted]
    return paged(ask, records, lambda one: render.short_ruleset(ask.view, one))


def _ruleset(ask: Ask) -> Reply:
    for one in ask.world.rulesets:
        if one.id == ask.integer("ruleset"):
            writable = "authorization" in ask.headers and ask.site.rights.role == "admin"
            return Reply(render.ruleset(ask.view, one, writable=writable))
    raise not_found()


def _rules_of_branch(ask: Ask) -> Reply:
    """The branch need not exist."""
    ref = f"refs/heads/{ask.params['branch']}"
    found = [(one, kind) for one in ask.world.rulesets if applies(one, ref) for kind in one.rules]
    return paged(ask, found, lambda pair: render.effective_rule(ask.view, *pair))


_READ = "metadata=read"
ROUTES = (
    Route("GET", R + "/rulesets", _rulesets, _READ, "repos/rules#get-all-repository-rulesets"),
    Route("GET", R + "/rulesets/{ruleset:int}", _ruleset, _READ, "repos/rules#get-a-repository-ruleset"),
    Route(
        "GET",
        R + "/rules/branches/{branch:path}",
        _rules_of_branch,
        _READ,
        "repos/rules#get-rules-for-a-branch",
    ),
)
