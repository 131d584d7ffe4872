"""The world's git repository: real git accepts it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman import kit
from relman.demo.git_objects import Tree, commit_content, signature, tag_content
from relman.demo.world import World

START = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
NAMES = st.text("abcdefgxyz.-_0", min_size=1, max_size=6).filter(lambda name: name not in {".", "..", ".git"})


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=1, start=START, clock=lambda: START)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def git(repository: Path, *arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", repository, *arguments], input=given, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode().strip()


def test_git_computes_the_same_ids(world: World, repository: Path) -> None:
    tag = world.tags[max(world.tags, key=lambda name: tuple(map(int, name[1:].split("."))))]
    commit = world.commits[tag.commit]
    for path, content in world.tree(commit.sha).items():
        target = repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    git(repository, "-c", "core.autocrlf=false", "add", "-A", "--chmod=-x")
    assert git(repository, "write-tree") == commit.tree
    by = signature(commit.author.name, commit.author.email, commit.at)
    content = commit_content(commit.tree, commit.parents, by, commit.message)
    assert git(repository, "hash-object", "-t", "commit", "--stdin", given=content) == commit.sha
    assert tag.tagger is not None
    assert tag.at is not None
    by = signature(tag.tagger.name, tag.tagger.email, tag.at)
    content = tag_content(tag.commit, tag.name, by, tag.message)
    assert git(repository, "hash-object", "-t", "tag", "--stdin", given=content) == tag.object_sha


@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=3)))
def test_a_tree_does_not_depend_on_the_order_of_its_files(files: dict[str, bytes]) -> None:
    # A name cannot be a file and a directory at once.
    paths = {path for path in files if not any(other.startswith(f"{path}/") for other in files)}
    kept = {path: files[path] for path in paths}
    forward = Tree.of(dict(sorted(kept.items())))
    backward = Tree.of(dict(sorted(kept.items(), reverse=True)))
    assert forward.id == backward.id
    changed = Tree.of({**kept, "zz-new": b"x"})
    assert changed.id != forward.id


def test_workflow_files_are_the_kits(world: World) -> None:
    files = world.tree(world.branches["main"])
    for path, text in kit.workflows().items():
        assert files[path] == text.encode()


def test_a_workflow_file_changed_once(world: World) -> None:
    path = ".github/workflows/ci.yml"
    versions = {world.tree(commit.sha)[path] for commit in world.history(world.branches["main"])}
    assert len(versions) == 2
    old = next(text for text in versions if text.decode() != kit.workflows()[path])
    assert b"timeout-minutes: 15" in old


def test_history_is_newest_first_and_complete(world: World) -> None:
    main = world.branches["main"]
    history = list(world.history(main))
    assert history[0].sha == main
    assert {commit.sha for commit in history} == world.ancestors(main)
    seen: set[str] = set()
    for commit in history:
        assert seen.isdisjoint(commit.parents)
        seen.add(commit.sha)
    assert history[-1].parents == []


def test_every_commit_changes_something(world: World) -> None:
    for commit in world.commits.values():
        if len(commit.parents) == 1:
            assert commit.tree != world.commits[commit.parents[0]].tree, commit.message


def test_compare_ahead_and_behind(world: World) -> None:
    one, two = sorted(world.tags.values(), key=lambda tag: tag.at or START)[3:5]
    ahead = world.compare(one.commit, two.commit)
    behind = world.compare(two.commit, one.commit)
    assert (ahead.status, behind.status) == ("ahead", "behind")
    assert ahead.ahead_by == behind.behind_by > 0
    assert ahead.behind_by == behind.ahead_by == 0
    assert ahead.merge_base == behind.merge_base == one.commit
    assert ahead.commits[-1].sha == two.commit
    assert [commit.at for commit in ahead.commits] == sorted(commit.at for commit in ahead.commits)
    assert ahead.files
    assert behind.files == []
    before, after = world.tree(one.commit), world.tree(two.commit)
    for file in ahead.files:
        assert (file.before, file.after) == (before.get(file.path), after.get(file.path))
        assert file.before != file.after


def test_compare_diverged_and_identical(world: World) -> None:
    pull = next(pull for pull in world.pulls.values() if pull.merged_at and pull.branch.startswith("fix/"))
    squashed = world.commits[pull.merge_commit or ""]
    found = world.compare(squashed.sha, pull.head)
    assert found.status == "diverged"
    assert found.behind_by >= 1
    assert found.merge_base in world.ancestors(squashed.sha) & world.ancestors(pull.head)
    same = world.compare(pull.head, pull.head)
    assert (same.status, same.commits, same.files, same.merge_base) == ("identical", [], [], pull.head)


def test_a_squash_brings_what_the_branch_brought(world: World) -> None:
    for pull in world.pulls.values():
        if pull.merge_commit is None:
            continue
        merge = world.commits[pull.merge_commit]
        theirs = world.compare(merge.parents[0], pull.head).files
        mine = world.compare(merge.parents[0], merge.sha).files
        assert {file.path for file in mine} == {file.path for file in theirs}
