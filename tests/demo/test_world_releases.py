"""Names of refs, inputs of a dispatch, release notes, and which release is the latest."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relman.demo.control as control
from relman.demo.git_refs import valid_name
from relman.demo.hub import checked_inputs
from relman.demo.job_tables import InputTable
from relman.demo.people import AMARA, LINNEA, TOMAS, VIEWER
from relman.demo.records import ReleaseRecord
from relman.demo.releases import latest, new_release
from relman.demo.state import Refusal
from relman.demo.world import World

START = datetime(2026, 11, 25, 9, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=4, start=START, clock=lambda: START)


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="ab1.-_/@{~^:?*[\\ \x7f", min_size=1, max_size=9)
    | st.sampled_from(["x.lock", "@", "a.lock/b"])
)
def test_git_itself_takes_the_same_names(name: str) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not here")
    done = subprocess.run([git, "check-ref-format", f"refs/tags/{name}"], check=False)
    # Alone, "@" is a name for HEAD, and no tool lets a tag be called so.
    assert valid_name(name) is (done.returncode == 0 and name != "@")


def test_inputs_of_a_dispatch_are_checked_and_filled_in() -> None:
    known = (
        InputTable("where", required=True, options=("here", "there")),
        InputTable("count", "3"),
        InputTable("note"),
    )
    assert checked_inputs(known, {"where": "here"}) == {"where": "here", "count": "3", "note": ""}
    for given_inputs, message in (
        ({}, "Required input 'where' not provided"),
        ({"where": "nowhere"}, "Provided value 'nowhere' for input 'where' not in the list of allowed values"),
        ({"where": "here", "b": "", "a": ""}, 'Unexpected inputs provided: ["a", "b"]'),
    ):
        with pytest.raises(Refusal, match=re.escape(message)):
            checked_inputs(known, given_inputs)


def test_notes_name_every_merged_pull_request_once(world: World) -> None:
    tags = [one.tag for one in world.releases][::-1]
    assert len(tags) > 10
    for before, tag in pairwise(tags[3:]):
        body = world.release_notes(tag, world.tags[tag].commit, before)
        named = [int(number) for number in re.findall(r"/pull/(\d+)$", body, re.M)]
        between = {one.sha for one in world.history(world.tags[tag].commit)} - {
            one.sha for one in world.history(world.tags[before].commit)
        }
        merged = {one.number for one in world.pulls.values() if one.merge_commit in between}
        assert sorted(named) == sorted(merged)
        assert body.endswith(f"compare/{before}...{tag}")


def test_a_first_contribution_is_greeted_once() -> None:
    world = World(seed=4, start=START, clock=lambda: START)
    world.push("mine", "feat: by somebody new", VIEWER, {"docs/new.md": b"x"})
    pull = world.open_pull("mine", "feat: by somebody new", VIEWER)
    commit = world.merge(pull, TOMAS)
    body = world.release_notes("v9.0.0", commit.sha, world.releases[0].tag)
    assert f"* feat: by somebody new by @{VIEWER.login} in " in body
    greeting = body.partition("## New Contributors\n")[2]
    assert greeting.startswith(f"* @{VIEWER.login} made their first contribution in ")
    assert greeting.count("made their first contribution") == 1


def test_without_a_tag_to_start_from_the_nearest_release_below_is_taken(world: World) -> None:
    newest = world.releases[0].tag
    assert f"/compare/{newest}...v9.0.0" in world.release_notes("v9.0.0", world.branches["main"], None)
    first = world.tags["v1.4.0"].commit
    assert world.release_notes("v1.4.0", first, None).endswith("/commits/v1.4.0")


def test_which_release_is_the_latest() -> None:
    def release(number: int, *, hours: int, **rest: object) -> ReleaseRecord:
        made = new_release(f"v{number}", AMARA, START - timedelta(days=number))
        made.id, made.published_at = number, START + timedelta(hours=hours)
        for name, value in rest.items():
            setattr(made, name, value)
        return made

    old, new = release(1, hours=1), release(2, hours=2)
    assert latest([old, new]) is new, "published last"
    assert latest([old, release(3, hours=9, make_latest="legacy")]) is old, "by its commit it is older"
    assert latest([old, release(3, hours=9, make_latest="false")]) is old
    assert latest([old, release(3, hours=9, draft=True), release(4, hours=9, prerelease=True)]) is old
    never = release(3, hours=9, make_latest="false")
    assert latest([never]) is never, "there is no other"
    assert latest([]) is None


def test_a_draft_holds_no_tag_and_a_tag_that_goes_makes_one(world: World) -> None:
    wish = new_release("nightly", LINNEA, START)
    wish.draft = True
    world.create_release(wish)
    assert "nightly" not in world.tags
    publish = new_release("nightly", LINNEA, START)
    published = world.edit_release(wish, publish)
    assert world.tags["nightly"].object_sha is None
    world.delete_ref("refs/tags/nightly")
    assert (published.draft, published.published_at) == (True, None)
    world.delete_release(published)


def test_every_move_of_the_hand_is_documented() -> None:
    for method, path in control._MOVES:
        assert f"``{method} /_world{path}" in (control.__doc__ or "") or method == "GET", path
