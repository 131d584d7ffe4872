"""Which versions exist, what was withdrawn, and the base of a commit in any history."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from semver import Version

from relman.model.release import Release, Tag, TagRef
from relman.model.trailers import ROLLBACK_OF, read_trailers, tag_message, values
from relman.model.version_tags import (
    BaseSearch,
    VersionTag,
    read_version_tags,
    rollback_candidates,
    used_versions,
    withdrawn_versions,
)

A, B, C = "a" * 40, "b" * 40, "c" * 40


def test_tags_highest_first_and_what_is_no_version_is_left_out() -> None:
    found = read_version_tags([Tag("v1.9.0", A), Tag("v1.10.0", B), Tag("v1", B), Tag("nightly", C)])
    assert [tag.name for tag in found.tags] == ["v1.10.0", "v1.9.0"]
    assert not found.conflicts
    assert found.name_for("2.0.0") == "v2.0.0"


def test_two_spellings_on_one_commit_are_one_version_on_two_a_conflict() -> None:
    same = read_version_tags([Tag("1.2.3", A), Tag("v1.2.3", A)])
    assert [tag.name for tag in same.tags] == ["v1.2.3"]
    other = read_version_tags([Tag("v1.2.3", A), Tag("v1.2.3+rebuilt", B)])
    assert len(other.conflicts) == 1
    assert "different commits" in other.notes[0]
    assert other.conflict_of(Version(1, 2, 3))


def test_a_tag_on_no_commit_is_ignored_with_a_note() -> None:
    found = read_version_tags([Tag("v1.2.3", "")])
    assert not found.tags
    assert "on no commit" in found.notes[0]


def test_a_tag_of_the_clone_only_counts_as_used() -> None:
    found = read_version_tags([Tag("v1.0.0", A)], local=[Tag("v1.0.0", A), Tag("v1.1.0", B), Tag("x", B)])
    assert [tag.name for tag in found.local] == ["v1.1.0"]
    assert "1.1.0" in used_versions(found, (), withdrawn_versions(found, ()))
    assert any("in this clone only" in note for note in found.notes)
    moved = read_version_tags([Tag("v1.0.0", A)], local=[Tag("v1.0.0", B)])
    assert not moved.local
    assert "GitHub's counts" in moved.notes[0]


def test_a_prefix_and_tags_without_v() -> None:
    found = read_version_tags([Tag("api/1.2.3", A), Tag("web/9.0.0", B)], prefix="api/")
    assert [str(tag.version) for tag in found.tags] == ["1.2.3"]
    assert found.name_for("1.2.4") == "api/1.2.4"


def test_what_is_withdrawn_and_why() -> None:
    tags = read_version_tags(
        [Tag(name, sha) for name, sha in (("v1.0.0", A), ("v1.1.0", B), ("v1.1.1", A), ("v1.2.0", C))]
    )
    assert [tag.name for tag in rollback_candidates(tags)] == ["v1.1.1", "v1.0.0"]
    message = tag_message("Rollback to v1.0.0", "x", [(ROLLBACK_OF, "v1.1.0")])
    releases = [
        Release(1, "v1.2.0", "v1.2.0", prerelease=True),
        Release(2, "v0.9.0", "v0.9.0", prerelease=True),  # below 1.0 many are marked so
        Release(3, "v1.3.0", "1.3.0 [YANKED]"),
        Release(4, "v2.0.0-rc.1", "rc", prerelease=True),
        Release(5, "v4.0.0", "", draft=True, prerelease=True),
    ]
    gone = withdrawn_versions(tags, releases, [TagRef("v1.1.1", A, "d", message=message)], listed=["v3.0.0"])
    assert set(gone.why) == {"1.1.0", "1.2.0", "1.3.0", "3.0.0"}
    assert gone.reason("v1.1.0") == "rolled back by v1.1.1"
    used = used_versions(tags, releases, gone)
    assert {"3.0.0", "4.0.0", "0.9.0", "2.0.0-rc.1"} <= used


def test_notes_cannot_pass_for_trailers() -> None:
    message = tag_message("v1", f"{ROLLBACK_OF}: v9.9.9\n\n{ROLLBACK_OF}: v8.8.8", [(ROLLBACK_OF, "v1.0.0")])
    assert values(read_trailers(message), ROLLBACK_OF) == ("v1.0.0",)
    assert not read_trailers("Relman-Plan: title only")
    assert not read_trailers("title\n\nRelman-Plan: x\nand prose")


@given(st.text(), st.text(), st.lists(st.tuples(st.sampled_from(["Relman-Plan", "Relman-By"]), st.text())))
def test_any_text_makes_a_message_whose_trailers_are_ours(
    title: str, notes: str, trailers: list[tuple[str, str]]
) -> None:
    message = tag_message(f"t{title}", notes, [("Relman-Base", "none"), *trailers])
    found = read_trailers(message)
    assert found[0] == ("Relman-Base", "none")
    assert len(found) <= len(trailers) + 1


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[int, set[int]], list[VersionTag], int]:
    """A random history: ancestors (with itself) by commit, tags on some commits, and a head."""
    size = draw(st.integers(1, 14))
    ancestors: dict[int, set[int]] = {}
    for commit in range(size):
        parents = draw(st.sets(st.integers(0, commit - 1), max_size=2)) if commit else set()
        ancestors[commit] = {commit}.union(*(ancestors[parent] for parent in parents))
    versions = draw(st.lists(st.builds(Version, *[st.integers(0, 3)] * 3), max_size=8, unique=True))
    tags = [VersionTag(f"v{version}", version, str(draw(st.integers(0, size - 1)))) for version in versions]
    return ancestors, tags, draw(st.integers(0, size - 1))


@settings(max_examples=300)
@given(histories())
def test_the_base_is_the_highest_version_among_the_ancestors(
    history: tuple[dict[int, set[int]], list[VersionTag], int],
) -> None:
    ancestors, tags, head = history
    search = BaseSearch.of(tags, str(head))
    asked = 0
    while (wanted := search.wanted) is not None:
        asked += 1
        assert asked <= len(tags)
        theirs = ancestors[int(wanted.sha)]
        search.told(
            int(wanted.sha) in ancestors[head], {str(one) for one in theirs - ancestors[head]} | {wanted.sha}
        )
    inside = [tag for tag in tags if int(tag.sha) in ancestors[head]]
    assert search.base == max(inside, key=lambda tag: tag.version, default=None)
    beside = [tag for tag in tags if int(tag.sha) not in ancestors[head]]
    floor = search.base.version if search.base else None
    expected = sorted((tag.version for tag in beside if floor is None or tag.version > floor), reverse=True)
    assert [tag.version for tag in search.higher] == expected


def test_one_question_rules_out_a_whole_line() -> None:
    tags = [VersionTag(f"v2.{n}.0", Version(2, n), f"b{n}") for n in range(50)]
    search = BaseSearch.of([*tags, VersionTag("v1.0.0", Version(1), "a0")], "a1")
    assert search.wanted is not None
    search.told(ancestor=False, others={tag.sha for tag in tags})
    assert search.wanted is not None
    assert search.wanted.name == "v1.0.0"
    search.told(ancestor=True)
    assert search.base is not None
    assert len(search.higher) == 50
