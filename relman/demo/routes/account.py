"""Who is asking, what the API still allows, and the repository itself."""

from __future__ import annotations

from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.paging import paged
from relman.demo.render import people, repository
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"
_ROOT = {
    "current_user_url": "/user",
    "current_user_authorizations_html_url": "/settings/connections/applications{/client_id}",
    "authorizations_url": "/authorizations",
    "code_search_url": "/search/code?q={query}{&page,per_page,sort,order}",
    "commit_search_url": "/search/commits?q={query}{&page,per_page,sort,order}",
    "emails_url": "/user/emails",
    "emojis_url": "/emojis",
    "events_url": "/events",
    "feeds_url": "/feeds",
    "followers_url": "/user/followers",
    "following_url": "/user/following{/target}",
    "gists_url": "/gists{/gist_id}",
    "issue_search_url": "/search/issues?q={query}{&page,per_page,sort,order}",
    "issues_url": "/issues",
    "keys_url": "/user/keys",
    "label_search_url": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications_url": "/notifications",
    "organization_url": "/orgs/{org}",
    "organization_repositories_url": "/orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams_url": "/orgs/{org}/teams",
    "public_gists_url": "/gists/public",
    "rate_limit_url": "/rate_limit",
    "repository_url": "/repos/{owner}/{repo}",
    "repository_search_url": "/search/repositories?q={query}{&page,per_page,sort,order}",
    "current_user_repositories_url": "/user/repos{?type,page,per_page,sort}",
    "starred_url": "/user/starred{/owner}{/repo}",
    "starred_gists_url": "/gists/starred",
    "user_url": "/users/{user}",
    "user_organizations_url": "/user/orgs",
    "user_repositories_url": "/users/{user}/repos{?type,page,per_page,sort}",
    "user_search_url": "/search/users?q={query}{&page,per_page,sort,order}",
}


def _signed_in(ask: Ask) -> bool:
    return "authorization" in ask.headers  # a wrong one was refused before


def _root(ask: Ask) -> Reply:
    return Reply({key: ask.view.root(path) for key, path in _ROOT.items()})


def _user(ask: Ask) -> Reply:
    return Reply(people.account(ask.view, ask.world.viewer))


def _someone(ask: Ask) -> Reply:
    login = ask.params["login"].lower()
    for one in ask.world.users:
        if one.login.lower() == login:
            return Reply(people.profile(ask.view, one))
    raise not_found()


def _rate_limit(ask: Ask) -> Reply:
    every = ask.site.limits.every(ask.world.now(), authenticated=_signed_in(ask))
    body = {"resources": {one.resource: one.rendered() for one in every}}
    if ask.headers.get("x-github-api-version", "2022-11-28") < "2026":
        body["rate"] = every[0].rendered()
    return Reply(body)


def _repository(ask: Ask) -> Reply:
    return Reply(repository.full(ask.view, role=ask.site.rights.role if _signed_in(ask) else None))


def _branches(ask: Ask) -> Reply:
    names = sorted(ask.world.branches)
    wanted = ask.query.get("protected")
    if wanted in ("true", "false"):
        names = [name for name in names if (name == ask.world.default_branch) is (wanted == "true")]
    return paged(ask, names, lambda name: repository.short_branch(ask.view, name))


def _branch(ask: Ask) -> Reply:
    if ask.params["branch"] not in ask.world.branches:
        raise not_found()
    return Reply(repository.branch(ask.view, ask.params["branch"]))


ROUTES = (
    Route("GET", "/", _root, "", "meta/meta#github-api-root"),
    Route("GET", "/user", _user, "", "users/users#get-the-authenticated-user", signed_in=401),
    Route("GET", "/users/{login}", _someone, "", "users/users#get-a-user"),
    Route("GET", "/rate_limit", _rate_limit, "", "rate-limit/rate-limit", free=True),
    Route("GET", R, _repository, "metadata=read", "repos/repos#get-a-repository"),
    Route("GET", R + "/branches", _branches, "contents=read", "branches/branches#list-branches"),
    Route("GET", R + "/branches/{branch:path}", _branch, "contents=read", "branches/branches#get-a-branch"),
)
