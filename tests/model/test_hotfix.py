"""A hotfix's version, warnings and what is to be brought forward."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from relman.model.hotfix import branch_of, forward_port, hotfix_version, pull_request_text, too_much, warnings
from relman.model.release import Commit, Tag
from relman.model.version_tags import read_version_tags


@pytest.mark.parametrize(
    ("source", "used", "version"),
    [("1.4.2", [], "1.4.3"), ("1.4.2", ["v1.4.3"], "1.4.4"), ("1.4.2", ["1.5.0", "2.0.0"], "1.4.3"),
     ("1.4.2+b", ["1.4.3+c"], "1.4.4")],
)  # fmt: skip
def test_the_next_unused_patch_of_the_line(source: str, used: list[str], version: str) -> None:
    assert str(hotfix_version(Version.parse(source), used)) == version
    assert branch_of(version) == f"hotfix/{version}"


@given(st.builds(Version, *[st.integers(0, 5)] * 3), st.lists(st.builds(Version, *[st.integers(0, 5)] * 3)))
def test_it_stays_on_its_line(source: Version, used: list[Version]) -> None:
    made = hotfix_version(source, [str(one) for one in used])
    assert made[:2] == source[:2]
    assert made > source
    assert made not in used


def test_later_patches_are_named_unless_the_source_contains_them() -> None:
    tags = read_version_tags([Tag("v1.4.4", "r"), Tag("v1.4.3", "l"), Tag("v1.4.2", "s"), Tag("v1.5.0", "x")])
    source = tags.named("v1.4.2")
    assert source is not None
    told = warnings(source, Version(1, 4, 5), tags, {"r"})
    assert told[0] == "v1.4.3 fixed things that this hotfix will not have"
    assert not any(sentence.startswith("v1.4.4") for sentence in told)
    assert "v1.4.3 on l, v1.4.4 on r" in told[-1]


def test_more_than_a_fix_is_told() -> None:
    commits = [Commit("a" * 40, "feat: x"), Commit("b" * 40, "fix: y"), Commit("c" * 40, "fix!: z")]
    assert [sentence[:7] for sentence in too_much(commits)] == ["aaaaaaa", "ccccccc"]


def test_what_is_still_to_be_brought_forward() -> None:
    hotfix = [
        Commit("a" * 40, "fix: picked"),
        Commit("b" * 40, "fix: squashed\n\nbody"),
        Commit("c" * 40, "fix: missing"),
        Commit("d" * 40, "Merge branch 'main'", parents=2),
    ]
    elsewhere = [
        Commit("1" * 40, f"fix: other words\n\n(cherry picked from commit {'a' * 12})"),
        Commit("2" * 40, "fix: squashed (#42)\n\nbody"),
        Commit("3" * 40, "fix: missing\n\nanother body"),
    ]
    assert [commit.sha[0] for commit in forward_port(hotfix, elsewhere)] == ["c"]
    assert forward_port([], elsewhere) == ()


def test_the_request_asks_for_an_expedited_review() -> None:
    source = read_version_tags([Tag("v1.4.2", "s")]).tags[0]
    commits = [Commit("a" * 40, "fix: the one [x](y)\n\nmore")]
    title, body = pull_request_text(Version(1, 4, 3), source, commits, commits, "main")
    assert title == "Hotfix 1.4.3: fix: the one [x](y)"
    assert "Expedited review" in body
    assert "Not yet in main" in body
