"""Releases, and tags as a list."""

from __future__ import annotations

from collections.abc import Iterable

from relman.demo.exchange import Ask, Reply, not_found
from relman.demo.paging import paged
from relman.demo.records import ReleaseRecord
from relman.demo.render import commits
from relman.demo.render import releases as render
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}"


def _visible(ask: Ask) -> list[ReleaseRecord]:
    """Drafts only for those who may push."""
    signed_in = "authorization" in ask.headers
    return [one for one in ask.world.releases if signed_in or not one.draft]


def _one(ask: Ask, records: Iterable[ReleaseRecord]) -> Reply:
    for record in records:
        return Reply(render.release(ask.view, record), modified=record.published_at or record.created_at)
    raise not_found()


def _releases(ask: Ask) -> Reply:
    return paged(ask, _visible(ask), lambda one: render.release(ask.view, one))


def _latest(ask: Ask) -> Reply:
    """The published one whose commit is the newest."""
    published = [one for one in ask.world.releases if not one.draft and not one.prerelease]
    return _one(ask, sorted(published, key=lambda one: one.created_at, reverse=True))


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
