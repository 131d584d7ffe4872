"""Commits, comparisons, and git's own objects and refs."""

from __future__ import annotations

import re

from relman.demo.exchange import Ask, Refusal, Reply, not_found
from relman.demo.filters import moment
from relman.demo.paging import page_wanted, paged
from relman.demo.records import ChangedFileRecord, CommitRecord
from relman.demo.refs import commit_named, find_commit
from relman.demo.render import commits as render
from relman.demo.routing import Route
from relman.demo.view import JSON

R = "/repos/{owner}/{repo}"
_LARGEST_COMPARISON = 250
_SHA = re.compile(r"[0-9a-f]{40}")


def _commits(ask: Ask) -> Reply:
    """Reachable from ``sha`` (default: the default branch), newest first."""
    name = ask.query.get("sha") or ask.world.default_branch
    sha = find_commit(ask.world, name)
    if sha is None:
        raise not_found()
    records = list(ask.world.history(sha))
    if since := ask.query.get("since"):
        records = [one for one in records if one.at >= moment(since)]
    if until := ask.query.get("until"):
        records = [one for one in records if one.at <= moment(until)]
    if author := ask.query.get("author"):
        records = [one for one in records if author in (one.author.login, one.author.email)]
    if path := ask.query.get("path", "").strip("/"):
        records = [one for one in records if _touches(ask, one, path)]
    return paged(ask, records, lambda one: render.commit(ask.view, one))


def _touches(ask: Ask, record: CommitRecord, path: str) -> bool:
    """Whether it changed this file or something in this directory."""
    return any(file.path == path or file.path.startswith(f"{path}/") for file in _changes(ask, record))


def _changes(ask: Ask, record: CommitRecord) -> list[ChangedFileRecord]:
    return ask.world.compare(record.parents[0], record.sha).files if record.parents else []


def _commit(ask: Ask) -> Reply:
    sha = commit_named(ask.world, ask.params["ref"])
    if ask.accepts("sha"):
        return Reply(sha.encode(), media="application/vnd.github.sha; charset=utf-8")
    record = ask.world.commits[sha]
    return Reply(render.commit_in_full(ask.view, record, _changes(ask, record)), modified=record.at)


def _compare(ask: Ask) -> Reply:
    names = ask.params["names"]
    base, dots, head = names.partition("...")
    shas = [find_commit(ask.world, name) for name in (base, head)]
    if not dots or shas[0] is None or shas[1] is None:
        raise not_found()
    found = ask.world.compare(shas[0], shas[1])
    page, size = page_wanted(ask, size=_LARGEST_COMPARISON)
    asked_for_pages = "page" in ask.query or "per_page" in ask.query
    if not asked_for_pages:
        page, size = 1, _LARGEST_COMPARISON
    shown = found.commits[(page - 1) * size : page * size]
    body = render.comparison(ask.view, found, ask.world.commits[shas[0]], names, shown)
    reply = Reply(body if page == 1 else body | {"files": []})
    if asked_for_pages:
        reply.headers |= paged(ask, found.commits, lambda one: one.sha, size=_LARGEST_COMPARISON).headers
    return reply


def _ref(ask: Ask) -> Reply:
    refs = {ref["ref"]: ref for ref in _refs(ask)}
    wanted = f"refs/{ask.params['ref']}"
    if wanted not in refs:
        raise not_found()
    return Reply(refs[wanted])


def _matching_refs(ask: Ask) -> Reply:
    """Every ref that begins so; an empty list where none does."""
    start = f"refs/{ask.params.get('ref', '')}"
    return Reply([ref for ref in _refs(ask) if ref["ref"].startswith(start)])


def _refs(ask: Ask) -> list[JSON]:
    world = ask.world
    heads = [render.branch_ref(ask.view, name) for name in sorted(world.branches)]
    tags = [render.tag_ref(ask.view, world.tags[name]) for name in sorted(world.tags)]
    return heads + tags


def _full_sha(ask: Ask) -> str:
    sha = ask.params["sha"].lower()
    if not _SHA.fullmatch(sha):
        raise Refusal(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    return sha


def _tag_object(ask: Ask) -> Reply:
    sha = _full_sha(ask)
    tag = ask.world.tag_objects.get(sha)
    if tag is None:
        raise not_found()
    return Reply(render.tag_object(ask.view, tag))


def _git_commit(ask: Ask) -> Reply:
    record = ask.world.commits.get(_full_sha(ask))
    if record is None:
        raise not_found()
    return Reply(render.git_commit(ask.view, record), modified=record.at)


_READ = "contents=read"
ROUTES = (
    Route("GET", R + "/commits", _commits, _READ, "commits/commits#list-commits"),
    Route("GET", R + "/commits/{ref:path}", _commit, _READ, "commits/commits#get-a-commit"),
    Route("GET", R + "/compare/{names:path}", _compare, _READ, "commits/commits#compare-two-commits"),
    Route("GET", R + "/git/ref/{ref:path}", _ref, _READ, "git/refs#get-a-reference"),
    Route(
        "GET", R + "/git/matching-refs/{ref:path}", _matching_refs, _READ, "git/refs#list-matching-references"
    ),
    Route("GET", R + "/git/matching-refs/", _matching_refs, _READ, "git/refs#list-matching-references"),
    Route("GET", R + "/git/tags/{sha}", _tag_object, _READ, "git/tags#get-a-tag"),
    Route("GET", R + "/git/commits/{sha}", _git_commit, _READ, "git/commits#get-a-commit-object"),
)
