"""From what a client calls a commit to the commit."""

from __future__ import annotations

import re

from relman.demo.exchange import Refusal
from relman.demo.world import World

_SHORT = re.compile(r"[0-9a-f]{4,40}")


def find_commit(world: World, name: str) -> str | None:
    """The sha for a branch, a tag (in short or full form), a sha, or the unique beginning of one."""
    if name == "HEAD":
        name = world.default_branch
    branch = name.removeprefix("refs/").removeprefix("heads/")
    if branch in world.branches:
        return world.branches[branch]
    tag = name.removeprefix("refs/").removeprefix("tags/")
    if tag in world.tags:
        return world.tags[tag].commit
    lowered = name.lower()
    if lowered in world.commits:
        return lowered
    if _SHORT.fullmatch(lowered):
        fitting = [sha for sha in world.commits if sha.startswith(lowered)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def commit_named(world: World, name: str) -> str:
    """The sha, or GitHub's 422 for what names no commit."""
    sha = find_commit(world, name)
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {name}")
    return sha
