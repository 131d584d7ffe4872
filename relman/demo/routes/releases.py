"""Releases, and tags as a list."""

from __future__ import annotations

from collections.abc import Iterable

from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.paging import paged
from relman.demo.records import ReleaseRecord
from relman.demo.releases import latest
from relman.demo.render import commits
from relman.demo.render import releases as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _visible(ask: Ask) -> list[ReleaseRecord]:
    """Drafts only for those who may push."""
    may_push = "authorization" in ask.headers and ask.site.rights.may_push
    return [one for one in ask.world.releases if may_push or not one.draft]


def _one(ask: Ask, records: Iterable[ReleaseRecord]) -> Reply:
    for record in records:
        return Reply(render.release(ask.view, record), modified=record.published_at or record.created_at)
    raise not_found()


def _releases(ask: Ask) -> Reply:
    return paged(ask, _visible(ask), lambda one: render.release(ask.view, one))


def _latest(ask: Ask) -> Reply:
    found = latest(ask.world.releases)
    return _one(ask, [found] if found is not None else [])


def _by_tag(ask: Ask) -> Reply:
    return _one(ask, (one for one in ask.world.releases if one.tag == ask.params["tag"] and not one.draft))


def _release(ask: Ask) -> Reply:
    return _one(ask, (one for one in _visible(ask) if one.id == ask.integer("release")))


def _assets(ask: Ask) -> Reply:
    _release(ask)
    nothing: list[object] = []
    return paged(ask, nothing, lambda one: one)


def _tags(ask: Ask) -> Reply:
    names = sorted(ask.world.tags, reverse=True)
    return paged(ask, names, lambda name: commits.tag(ask.view, ask.world.tags[name]))


_READ = "contents=read"
ROUTES = (
    Route("GET", R + "/releases", _releases, _READ, "releases/releases#list-releases"),
    Route("GET", R + "/releases/latest", _latest, _READ, "releases/releases#get-the-latest-release"),
    Route(
        "GET", R + "/releases/tags/{tag:path}", _by_tag, _READ, "releases/releases#get-a-release-by-tag-name"
    ),
    Route("GET", R + "/releases/{release:int}", _release, _READ, "releases/releases#get-a-release"),
    Route("GET", R + "/releases/{release:int}/assets", _assets, _READ, "releases/assets#list-release-assets"),
    Route("GET", R + "/tags", _tags, "metadata=read", "repos/repos#list-repository-tags"),
)
