"""Making tag objects; making, moving and deleting refs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from relman.demo.body import Body
from relman.demo.exchange import Ask, Refusal, Reply, not_found
from relman.demo.filters import moment
from relman.demo.git_refs import split_ref, valid_name
from relman.demo.records import UserRecord
from relman.demo.render import commits as render
from relman.demo.routing import Route
from relman.demo.view import JSON

R = "/repos/{owner}/{repo}/git"
# As GitHub names it: the second set where the commit brings other workflow files.
WRITE = "contents=write; contents=write,workflows=write"
_SHA = re.compile(r"[0-9a-f]{40}")


def check_workflow_right(ask: Ask, commit: str) -> None:
    """A ref to other workflow files than the default branch's needs a right of its own; without it GitHub
    acts as if nothing were there.
    """
    if not ask.site.rights.may_change_workflows and ask.world.changes_workflows(commit):
        raise not_found()


def silent(ask: Ask) -> bool:
    """Whether what this token makes starts no workflows."""
    return ask.site.rights.kind == "workflow"


def _tag(ask: Ask) -> Reply:
    body = Body(ask)
    name, message = body.required_text("tag"), body.required_text("message")
    target = _sha(body, "object")
    body.required_text("type")
    kind = body.choice("type", ("commit", "tree", "blob"))
    tagger, at = _tagger(ask, body)
    if not valid_name(name):
        error = {"resource": "Tag", "code": "invalid", "field": "tag"}
        raise Refusal(422, "Validation Failed", errors=[error])
    if kind != "commit":  # no tree or blob can be named here
        raise Refusal(422, "Object does not exist")
    record = ask.world.tag_object(name, target, message, tagger, at)
    shown = render.tag_object(ask.view, record)
    return Reply(shown, 201, {"location": shown["url"]})


def _tagger(ask: Ask, body: Body) -> tuple[UserRecord, datetime]:
    """Who tags and when: the token's person, now, as far as the body does not say otherwise."""
    given = body.mapping("tagger")
    viewer = ask.world.viewer
    for name in ("name", "email", "date"):
        if not isinstance(given.get(name, ""), str):
            raise Refusal(422, f"Invalid request.\n\nFor 'properties/tagger/{name}', that is not a string.")
    at = moment(given["date"]).replace(microsecond=0) if given.get("date") else ask.world.now()
    return replace(viewer, name=given.get("name", viewer.name), email=given.get("email", viewer.email)), at


def _sha(body: Body, name: str) -> str:
    sha = body.required_text(name)
    if not _SHA.fullmatch(sha):
        message = f"The {name} parameter must be exactly 40 characters and contain only [0-9a-f]."
        raise Refusal(422, message)
    return sha


def _create(ask: Ask) -> Reply:
    body = Body(ask)
    ref, sha = body.required_text("ref"), _sha(body, "sha")
    split_ref(ref)
    _check_target(ask, sha)
    ask.world.create_ref(ref, sha, ask.world.viewer, silent=silent(ask))
    shown = _shown(ask, ref)
    return Reply(shown, 201, {"location": shown["url"]})


def _update(ask: Ask) -> Reply:
    body = Body(ask)
    ref, sha = f"refs/{ask.params['ref']}", _sha(body, "sha")
    split_ref(ref)
    _check_target(ask, sha)
    ask.world.update_ref(ref, sha, ask.world.viewer, force=body.flag("force"), silent=silent(ask))
    return Reply(_shown(ask, ref))


def _delete(ask: Ask) -> Reply:
    ask.world.delete_ref(f"refs/{ask.params['ref']}")
    return Reply(status=204)


def _check_target(ask: Ask, sha: str) -> None:
    known = ask.world.tag_objects.get(sha)
    commit = known.commit if known is not None else sha
    if commit not in ask.world.commits:
        raise Refusal(422, "Object does not exist")
    check_workflow_right(ask, commit)


def _shown(ask: Ask, ref: str) -> JSON:
    kind, name = split_ref(ref)
    if kind == "heads":
        return render.branch_ref(ask.view, name)
    return render.tag_ref(ask.view, ask.world.tags[name])


ROUTES = (
    Route("POST", R + "/tags", _tag, "contents=write", "git/tags#create-a-tag-object", signed_in=401),
    Route("POST", R + "/refs", _create, WRITE, "git/refs#create-a-reference", signed_in=401),
    Route("PATCH", R + "/refs/{ref:path}", _update, WRITE, "git/refs#update-a-reference", signed_in=401),
    Route(
        "DELETE",
        R + "/refs/{ref:path}",
        _delete,
        "contents=write",
        "git/refs#delete-a-reference",
        signed_in=401,
    ),
)
