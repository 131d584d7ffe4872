"""Pull requests into the default branch, their labels and who is asked for a review."""

from __future__ import annotations

from relman.demo.body import Body
from relman.demo.exchange import Ask, Refusal, Reply, not_found
from relman.demo.paging import paged
from relman.demo.records import PullRecord, TeamRecord, UserRecord
from relman.demo.render import pulls as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _find(ask: Ask) -> PullRecord:
    pull = ask.world.pulls.get(ask.integer("pull"))
    if pull is None:
        raise not_found()
    return pull


def _list(ask: Ask) -> Reply:
    """Newest first. Without ``owner:`` before it, GitHub does not look at ``head``."""
    state = ask.query.get("state") or "open"
    if state not in ("open", "closed", "all"):
        raise Refusal(422, "Validation Failed", errors=[_error("state")])
    owner, _, branch = ask.query.get("head", "").partition(":")
    base = ask.query.get("base")
    found = [
        one
        for one in ask.world.pulls.values()
        if state in ("all", "open" if one.open else "closed")
        and (not branch or (one.branch == branch and owner.lower() == ask.world.owner))
        and base in (None, "", ask.world.default_branch)
    ]
    found.sort(key=lambda one: one.number, reverse=ask.query.get("direction") != "asc")
    return paged(ask, found, lambda one: render.short_pull(ask.view, one))


def _one(ask: Ask) -> Reply:
    pull = _find(ask)
    return Reply(render.pull(ask.view, pull), modified=pull.updated_at)


def _create(ask: Ask) -> Reply:
    body = Body(ask)
    head, base = body.required_text("head"), body.required_text("base")
    title = body.text("title")
    branch = head.removeprefix(f"{ask.world.owner}:")
    if not title:
        raise _invalid({"resource": "PullRequest", "code": "missing_field", "field": "title"})
    if branch not in ask.world.branches:
        raise _invalid(_error("head"))
    if base != ask.world.default_branch:
        raise _invalid(_error("base"))
    if any(one.open and one.branch == branch for one in ask.world.pulls.values()):
        raise _invalid(_custom(f"A pull request already exists for {ask.world.owner}:{branch}."))
    if not ask.world.compare(ask.world.branches[base], ask.world.branches[branch]).commits:
        raise _invalid(_custom(f"No commits between {base} and {branch}"))
    text, draft = body.text("body"), body.flag("draft")
    pull = ask.world.open_pull(branch, title, ask.world.viewer, body=text, draft=draft)
    shown = render.pull(ask.view, pull)
    return Reply(shown, 201, {"location": shown["url"]})


def _edit(ask: Ask) -> Reply:
    pull = _find(ask)
    body = Body(ask)
    title, text = body.text("title"), body.text("body")
    state = body.choice("state", ("open", "closed"))
    if state == "open" and not pull.open:
        raise _invalid(_custom("state cannot be changed. The pull request cannot be reopened."))
    ask.world.edit_pull(pull, title=title, body=text, close=state == "closed")
    return Reply(render.pull(ask.view, pull))


def _labels(ask: Ask) -> Reply:
    return paged(ask, _find(ask).labels, lambda name: render.label(ask.view, name))


def _add_labels(ask: Ask) -> Reply:
    pull = _find(ask)
    names = Body(ask, array="labels").texts("labels")
    ask.world.label(pull, names)
    return Reply([render.label(ask.view, name) for name in pull.labels])


def _ask_reviewers(ask: Ask) -> Reply:
    pull = _find(ask)
    body = Body(ask)
    people = [_person(ask, login) for login in body.texts("reviewers")]
    teams = [_team(ask, slug) for slug in body.texts("team_reviewers")]
    if pull.author in people:
        raise Refusal(422, "Review cannot be requested from pull request author.")
    ask.world.ask_reviewers(pull, people, teams)
    return Reply(render.short_pull(ask.view, pull), 201)


def _person(ask: Ask, login: str) -> UserRecord:
    try:
        return ask.world.person(login)
    except KeyError:
        raise _no_collaborator(ask) from None


def _team(ask: Ask, slug: str) -> TeamRecord:
    for one in ask.world.teams:
        if one.slug == slug:
            return one
    raise _no_collaborator(ask)


def _no_collaborator(ask: Ask) -> Refusal:
    return Refusal(
        422,
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is "
        f"not a collaborator of the {ask.world.owner}/{ask.world.name} repository.",
    )


def _invalid(error: dict[str, str]) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[error])


def _error(field: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "invalid", "field": field}


def _custom(message: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}


_READ, _WRITE = "pull_requests=read", "pull_requests=write"
_LABEL = "issues={0}; pull_requests={0}"
_PULL = R + "/pulls/{pull:int}"
ROUTES = (
    Route("GET", R + "/pulls", _list, _READ, "pulls/pulls#list-pull-requests"),
    Route("GET", _PULL, _one, _READ, "pulls/pulls#get-a-pull-request"),
    Route("POST", R + "/pulls", _create, _WRITE, "pulls/pulls#create-a-pull-request", signed_in=401),
    Route("PATCH", _PULL, _edit, _WRITE, "pulls/pulls#update-a-pull-request", signed_in=401),
    Route(
        "POST",
        _PULL + "/requested_reviewers",
        _ask_reviewers,
        _WRITE,
        "pulls/review-requests#request-reviewers-for-a-pull-request",
        signed_in=401,
    ),
    Route(
        "GET",
        R + "/issues/{pull:int}/labels",
        _labels,
        _LABEL.format("read"),
        "issues/labels#list-labels-for-an-issue",
    ),
    Route(
        "POST",
        R + "/issues/{pull:int}/labels",
        _add_labels,
        _LABEL.format("write"),
        "issues/labels#add-labels-to-an-issue",
        signed_in=401,
    ),
)
