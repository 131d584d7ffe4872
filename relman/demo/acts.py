"""Other people at work, for tests of races: what ``/_world/act`` and ``/_world/push`` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from relman.demo.people import LINNEA
from relman.demo.records import UserRecord
from relman.demo.refs import commit_named
from relman.demo.view import JSON
from relman.demo.world import World

Wish = Mapping[str, Any]


def push(world: World, wish: Wish) -> JSON:
    """One commit on a branch. A branch that does not exist begins at main."""
    files = {str(path): str(text).encode() for path, text in dict(wish["files"]).items()}
    commit = world.push(str(wish["branch"]), str(wish["message"]), _who(world, wish), files)
    return {"sha": commit.sha, "branch": wish["branch"]}


def act(world: World, wish: Wish) -> JSON:
    """What ``do`` names, done by the person ``as`` names."""
    move = _ACTS.get(str(wish["do"]))
    if move is None:
        raise ValueError(f"do must be one of {', '.join(sorted(_ACTS))}")
    return move(world, wish, _who(world, wish))


def _who(world: World, wish: Wish) -> UserRecord:
    return world.person(str(wish.get("as", LINNEA.login)))


def _approve(world: World, wish: Wish, who: UserRecord) -> JSON:
    return _review(world, wish, who, "approved")


def _reject(world: World, wish: Wish, who: UserRecord) -> JSON:
    return _review(world, wish, who, "rejected")


def _review(world: World, wish: Wish, who: UserRecord, state: str) -> JSON:
    run = int(wish["run"])
    wanted = wish.get("environments") or [one.environment_id for one in world.runs[run].pending]
    world.review(run, [int(one) for one in wanted], state, who, str(wish.get("comment", "")))
    return {"run": run, "environments": wanted}


def _tag(world: World, wish: Wish, who: UserRecord) -> JSON:
    name, sha = str(wish["tag"]), commit_named(world, str(wish.get("commit", world.default_branch)))
    if wish.get("lightweight"):
        world.create_ref(f"refs/tags/{name}", sha, who)
        return {"tag": name, "commit": sha, "object": None}
    made = world.push_tag(name, sha, str(wish.get("message", f"Release {name}")), who)
    return {"tag": name, "commit": sha, "object": made.object_sha}


def _cancel(world: World, wish: Wish, _who: UserRecord) -> JSON:
    world.cancel(int(wish["run"]), force=bool(wish.get("force")))
    return {"run": int(wish["run"])}


def _rerun(world: World, wish: Wish, who: UserRecord) -> JSON:
    world.rerun(int(wish["run"]), who, failed_only=bool(wish.get("failed_only")))
    return {"run": int(wish["run"])}


def _delete(world: World, wish: Wish, _who: UserRecord) -> JSON:
    world.delete_run(int(wish["run"]))
    return {"run": int(wish["run"])}


def _dispatch(world: World, wish: Wish, who: UserRecord) -> JSON:
    ref = str(wish.get("ref", world.default_branch))
    run = world.dispatch(str(wish["workflow"]), ref, who, dict(wish.get("inputs", {})))
    return {"run": run.id}


def _merge(world: World, wish: Wish, who: UserRecord) -> JSON:
    pull = world.pulls[int(wish["pull"])]
    if not pull.open:
        raise ValueError("the pull request is not open")
    return {"pull": pull.number, "sha": world.merge(pull, who).sha}


_ACTS: dict[str, Callable[[World, Wish, UserRecord], JSON]] = {
    "approve": _approve,
    "reject": _reject,
    "tag": _tag,
    "cancel": _cancel,
    "rerun": _rerun,
    "delete": _delete,
    "dispatch": _dispatch,
    "merge": _merge,
}
