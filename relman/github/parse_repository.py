"""The repository, the person, the rate limit, tags, releases and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime

from relman.github.fields import (
    Fields,
    child,
    children,
    each,
    exact,
    flag,
    line,
    link,
    login,
    number,
    text,
    when,
)
from relman.github.parse import one, page, record
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.release import Commit, Comparison, Release, Tag
from relman.model.repository import Budget, Repository, User


def repository(reply: Reply, request: Request) -> Repository:
    fields = record(reply, request)
    full_name = exact(fields, "full_name")
    if not full_name:
        return one(None, reply, request)
    return Repository(
        full_name=full_name,
        default_branch=exact(fields, "default_branch") or "main",
        private=flag(fields, "private"),
        archived=flag(fields, "archived"),
        url=link(fields, "html_url"),
        permissions=frozenset(name for name, held in child(fields, "permissions").items() if held is True),
    )


def viewer(reply: Reply, request: Request) -> User:
    fields = record(reply, request)
    login_, user_id = exact(fields, "login"), number(fields, "id")
    if not login_ or user_id is None:
        return one(None, reply, request)
    scopes = None
    if "x-oauth-scopes" in reply.headers:
        scopes = tuple(scope for part in reply.header("x-oauth-scopes").split(",") if (scope := part.strip()))
    return User(login_, user_id, line(fields, "name"), scopes)


def rate_limit(reply: Reply, request: Request) -> Budget:
    """The core limit: the one that all reads here are charged to."""
    fields = record(reply, request)
    core = child(child(fields, "resources"), "core") or child(fields, "rate")
    return Budget(number(core, "limit"), number(core, "remaining"), moment(number(core, "reset")))


def moment(epoch: int | None) -> datetime | None:
    """Seconds since 1970 as an aware UTC time; None for what no calendar holds."""
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def tags(reply: Reply, request: Request) -> Page[Tag]:
    return page(reply, request, _tag)


def releases(reply: Reply, request: Request) -> Page[Release]:
    return page(reply, request, _release)


def comparison(reply: Reply, request: Request) -> Comparison:
    """One page of a comparison: ``commits`` are this page's."""
    fields = record(reply, request)
    commits = each(children(fields, "commits"), _commit)
    total = number(fields, "total_commits")
    return Comparison(
        status=exact(fields, "status"),
        ahead_by=number(fields, "ahead_by") or 0,
        behind_by=number(fields, "behind_by") or 0,
        total=len(commits) if total is None else total,
        commits=commits,
    )


def _tag(fields: Fields) -> Tag | None:
    name = exact(fields, "name")
    return Tag(name, exact(child(fields, "commit"), "sha")) if name else None


def _release(fields: Fields) -> Release | None:
    release_id = number(fields, "id")
    if release_id is None:
        return None
    return Release(
        id=release_id,
        tag=exact(fields, "tag_name"),
        name=line(fields, "name"),
        body=text(fields, "body"),
        draft=flag(fields, "draft"),
        prerelease=flag(fields, "prerelease"),
        immutable=flag(fields, "immutable"),
        target=exact(fields, "target_commitish"),
        author=login(fields, "author"),
        created_at=when(fields, "created_at"),
        published_at=when(fields, "published_at"),
        url=link(fields, "html_url"),
    )


def _commit(fields: Fields) -> Commit | None:
    sha = exact(fields, "sha")
    if not sha:
        return None
    commit = child(fields, "commit")
    author = child(commit, "author")
    return Commit(
        sha=sha,
        message=text(commit, "message"),
        author=login(fields, "author") or line(author, "name"),
        authored_at=when(author, "date"),
        parents=len(children(fields, "parents")),
        url=link(fields, "html_url"),
    )
