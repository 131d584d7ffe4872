"""The tags of a clone, as the git program tells them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from relman.clone import Clone
from relman.model.release import Tag

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(directory: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", *argv], cwd=directory, env=ENVIRON, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    git(tmp_path, "tag", "v1.0.0")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    git(tmp_path, "tag", "-a", "v1.1.0", "-m", "annotated")
    git(tmp_path, "tag", "tree", "HEAD^{tree}")
    return tmp_path


async def test_both_kinds_are_peeled_and_a_tree_is_no_commit(clone: Path) -> None:
    found = set(await Clone(clone, ENVIRON).tags())
    assert found == {
        Tag("v1.0.0", git(clone, "rev-parse", "HEAD~1")),
        Tag("v1.1.0", git(clone, "rev-parse", "HEAD")),
        Tag("tree", ""),
    }


async def test_a_shallow_clone_tells_its_tags_too(clone: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", str(shallow))
    git(shallow, "tag", "v9.9.9")
    assert git(shallow, "rev-parse", "--is-shallow-repository") == "true"
    assert "v9.9.9" in {tag.name for tag in await Clone(shallow, ENVIRON).tags()}


async def test_a_worktree_and_a_directory_below(clone: Path, tmp_path: Path) -> None:
    (clone / "below").mkdir()
    assert len(await Clone(clone / "below", ENVIRON).tags()) == 3


async def test_what_is_no_clone_has_no_tags(tmp_path: Path, clone: Path) -> None:
    assert await Clone(Path("/"), ENVIRON).tags() == ()
    assert await Clone(clone, {**ENVIRON, "PATH": ""}).tags() == ()
    assert await Clone(tmp_path / "gone", ENVIRON).tags() == ()


async def test_the_surroundings_do_not_point_git_elsewhere(clone: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    assert len(await Clone(clone, {**ENVIRON, "GIT_DIR": str(other / ".git")}).tags()) == 3


async def test_nothing_that_a_clone_names_is_run(clone: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "pager.for-each-ref",
        "core.sshCommand",
        "core.editor",
        "alias.tag",
    ):
        git(clone, "config", key, str(program))
    assert len(await Clone(clone, ENVIRON).tags()) == 3
    assert not mark.exists()
