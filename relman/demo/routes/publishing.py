"""Creating, editing and deleting releases, and notes for them."""

from __future__ import annotations

from dataclasses import replace

from relman.demo.body import Body
from relman.demo.exchange import Ask, Refusal, Reply, not_found
from relman.demo.git_refs import valid_name
from relman.demo.records import ReleaseRecord
from relman.demo.refs import find_commit
from relman.demo.releases import new_release
from relman.demo.render import releases as render
from relman.demo.routes.refs import WRITE, check_workflow_right, silent
from relman.demo.routing import Route

R = "/repos/{owner}/{repo}/releases"
_LATEST = ("true", "false", "legacy")


def _create(ask: Ask) -> Reply:
    body = Body(ask)
    wish = _wish(ask, body, new_release(body.required_text("tag_name"), ask.world.viewer, ask.world.now()))
    record = ask.world.create_release(wish, notes=body.flag("generate_release_notes"), silent=silent(ask))
    shown = render.release(ask.view, record)
    return Reply(shown, 201, {"location": shown["url"]})


def _edit(ask: Ask) -> Reply:
    record = _find(ask)
    wish = _wish(ask, Body(ask), replace(record))
    return Reply(render.release(ask.view, ask.world.edit_release(record, wish, silent=silent(ask))))


def _delete(ask: Ask) -> Reply:
    ask.world.delete_release(_find(ask))
    return Reply(status=204)


def _find(ask: Ask) -> ReleaseRecord:
    for one in ask.world.releases:
        if one.id == ask.integer("release"):
            return one
    raise not_found()


def _wish(ask: Ask, body: Body, record: ReleaseRecord) -> ReleaseRecord:
    """``record`` with what the body says."""
    record.tag = body.text("tag_name") or record.tag
    record.target = body.text("target_commitish") or record.target
    if body.has("name"):
        record.name = body.text("name") or ""
    if body.has("body"):
        record.body = body.text("body") or ""
    record.prerelease = body.flag("prerelease", default=record.prerelease)
    record.draft = body.flag("draft", default=record.draft)
    if record.draft:
        record.published_at = None
    record.make_latest = body.choice("make_latest", _LATEST) or record.make_latest
    tag = ask.world.tags.get(record.tag)
    target = tag.commit if tag is not None else find_commit(ask.world, record.target)
    if target is not None:
        check_workflow_right(ask, target)
    return record


def _notes(ask: Ask) -> Reply:
    body = Body(ask)
    tag, target = body.required_text("tag_name"), body.text("target_commitish")
    previous = body.text("previous_tag_name")
    if not valid_name(tag):
        raise _invalid("tag_name")
    if previous is not None and previous not in ask.world.tags:
        raise _invalid("previous_tag_name")
    known = ask.world.tags.get(tag)
    commit = known.commit if known is not None else find_commit(ask.world, target or ask.world.default_branch)
    if commit is None:
        raise _invalid("target_commitish")
    return Reply({"name": tag, "body": ask.world.release_notes(tag, commit, previous)})


def _invalid(field: str) -> Refusal:
    error = {"resource": "Release", "code": "invalid", "field": field}
    return Refusal(422, "Validation Failed", errors=[error])


ROUTES = (
    Route("POST", R, _create, WRITE, "releases/releases#create-a-release", signed_in=401),
    Route(
        "POST",
        R + "/generate-notes",
        _notes,
        "contents=write",
        "releases/releases#generate-release-notes-content-for-a-release",
        signed_in=401,
    ),
    Route("PATCH", R + "/{release:int}", _edit, WRITE, "releases/releases#update-a-release", signed_in=401),
    Route(
        "DELETE",
        R + "/{release:int}",
        _delete,
        "contents=write",
        "releases/releases#delete-a-release",
        signed_in=401,
    ),
)
