"""The repository, the person, the rate limit, branches, commits, tags, releases and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

from msgspec import Struct

from relman.errors import Kind, Problem, RelmanError
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
    objects,
    strings,
    text,
    when,
)
from relman.github.parse import document, one, page, record, records, single
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.release import Branch, Commit, Comparison, Notes, PullRequest, Release, Tag
from relman.model.repository import Budget, Repository, User


class RefTarget(Struct, frozen=True):
    """What a ref or a tag object points at: ``kind`` is commit, tag, tree or blob."""

    kind: str
    sha: str


class TagObject(Struct, frozen=True):
    """An annotated tag, which may point at another one."""

    target: RefTarget
    message: str
    tagger: str
    tagged_at: datetime | None


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


def release(reply: Reply, request: Request) -> Release:
    return single(reply, request, _release)


def notes(reply: Reply, request: Request) -> Notes:
    fields = record(reply, request)
    if not isinstance(fields.get("body"), str):
        return one(None, reply, request)
    return Notes(line(fields, "name"), text(fields, "body"))


def commits(reply: Reply, request: Request) -> Page[Commit]:
    return page(reply, request, _commit)


def commit(reply: Reply, request: Request) -> Commit:
    return single(reply, request, _commit)


def any_branch(reply: Reply, request: Request) -> bool:
    """Whether the list holds a branch at all."""
    return bool(records(reply, request))


def branch(reply: Reply, request: Request) -> Branch:
    fields = record(reply, request)
    name, sha = exact(fields, "name"), exact(child(fields, "commit"), "sha")
    checks = child(child(fields, "protection"), "required_status_checks")
    found = Branch(name, sha, flag(fields, "protected"), strings(checks, "contexts"))
    return one(found if name and sha else None, reply, request)


def ref(reply: Reply, request: Request) -> RefTarget:
    """One ref. Where the server gives a list of those that begin like it: the one of exactly that name."""
    value = document(reply, request)
    wanted = "refs/" + unquote(request.path.partition("/git/ref/")[2], errors="surrogatepass")
    for fields in objects(value if isinstance(value, list) else [value]):
        if exact(fields, "ref") == wanted:
            return one(_target(fields), reply, request)
    if isinstance(value, list):
        raise RelmanError(Problem(Kind.NOT_FOUND, f"There is nothing called {request.what}", status=404))
    return one(None, reply, request)


def tag_object(reply: Reply, request: Request) -> TagObject:
    fields = record(reply, request)
    tagger = child(fields, "tagger")
    return TagObject(
        target=one(_target(fields), reply, request),
        message=text(fields, "message"),
        tagger=line(tagger, "name"),
        tagged_at=when(tagger, "date"),
    )


def pull_requests(reply: Reply, request: Request) -> Page[PullRequest]:
    return page(reply, request, _pull_request)


def pull_request(reply: Reply, request: Request) -> PullRequest:
    return single(reply, request, _pull_request)


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
        files=each(children(fields, "files"), lambda file: exact(file, "filename") or None),
    )


def _tag(fields: Fields) -> Tag | None:
    name = exact(fields, "name")
    return Tag(name, exact(child(fields, "commit"), "sha")) if name else None


def _target(fields: Fields) -> RefTarget | None:
    there = child(fields, "object")
    kind, sha = exact(there, "type"), exact(there, "sha")
    return RefTarget(kind, sha) if kind and sha else None


def _pull_request(fields: Fields) -> PullRequest | None:
    pull_number = number(fields, "number")
    if pull_number is None:
        return None
    head = child(fields, "head")
    return PullRequest(
        number=pull_number,
        title=line(fields, "title"),
        state=exact(fields, "state"),
        head=exact(head, "ref"),
        base=exact(child(fields, "base"), "ref"),
        head_sha=exact(head, "sha"),
        draft=flag(fields, "draft"),
        url=link(fields, "html_url"),
    )


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
