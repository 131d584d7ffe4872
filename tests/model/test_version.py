"""The next version, row by row and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from relman.errors import RelmanError
from relman.model.commit import Level, read_commit, read_commits
from relman.model.version import Policy, highest, learn_policy, parse_version, propose, version_of_tag

MERGE = "Merge pull request #7 from acme/x\n\nfeat: add x"


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("feat!: a", "major"),
        ("Feat: a", "minor"),
        ("feature: a", "minor"),
        ("feat(api): a", "minor"),
        ("fix: a", "patch"),
        ("perf: a", "patch"),
        ("fix: a\n\nBREAKING-CHANGE: b", "major"),
        ("fix: a\n\nBREAKING CHANGE: b", "major"),
        ("fix: a\r\n\r\nbody\r\n\r\nBREAKING CHANGE: b", "major"),
        ("update x\n\nBREAKING CHANGE: b", "major"),
        ("chore!: a", "major"),
        ("fix: a\n\nbreaking change: b", "patch"),
        ("fix: a\n\nBREAKING CHANGE b", "patch"),
        ("fix: a\n\nBREAKING CHANGE #12", "major"),
        ("fix: a\n\nsee BREAKING CHANGE: b", "patch"),
        ("fix: a\n\n> BREAKING CHANGE: b", "patch"),
        ("fix: a\n\n- BREAKING CHANGE: b", "patch"),
        ("chore: a\n\n    BREAKING CHANGE: quoted", "none"),
        (MERGE, "minor"),
        ("Merge branch 'x' into main\n\nfix: y", "patch"),
        ("Merge branch 'x'", "none"),
        ("plain title\n\n* feat: add x", "none"),
        ("revert: feat: a", "patch"),
        ('Revert "feat: a"\n\nThis reverts commit 0123456789abcdef.', "patch"),
        ("refactor: a", "none"),
        ("chore(deps): bump x", "none"),
        ("feat!(x): a", "none"),
        ("feat:no space", "none"),
        ("", "none"),
    ],
)
def test_what_one_commit_asks_for(message: str, level: str) -> None:
    ask = read_commit(message)
    assert ask.level == level
    assert ask.why


@pytest.mark.parametrize("message", ["feat!(x): a", "feat:no space", "wip", "Merge branch 'x'", ""])
def test_a_commit_not_understood_is_told(message: str) -> None:
    assert not read_commit(message).understood


def test_bullets_of_a_squashed_body_are_hints() -> None:
    ask = read_commit("plain title (#3)\n\n* feat: add x\n* wip\n- fix(api)!: y")
    assert ask.hints == ("feat: add x", "fix(api)!: y")


@pytest.mark.parametrize("kwargs", [{"author": "dependabot[bot]"}, {}])
def test_a_bots_body_is_ignored(kwargs: dict[str, str]) -> None:
    message = (
        "fix(deps): bump x\n\nBREAKING CHANGE: theirs\n\nSigned-off-by: dependabot[bot] <support@github.com>"
    )
    assert read_commit(message, **kwargs).level == "patch"


def test_a_revert_and_what_it_takes_back_cancel() -> None:
    asks = read_commits(['Revert "feat: a (#1)" (#2)', "fix: b", "feat: a (#1)"])
    assert [ask.level for ask in asks] == ["none", "patch", "none"]
    assert [ask.cancelled for ask in asks] == [True, False, True]


@pytest.mark.parametrize("again", ['Revert "Revert "feat: a""', 'Reapply "feat: a"'])
def test_a_revert_of_a_revert_brings_it_back(again: str) -> None:
    asks = read_commits([again, 'Revert "feat: a"', "feat: a"])
    assert [ask.level for ask in asks] == ["none", "none", "minor"]


def test_a_revert_by_id() -> None:
    asks = read_commits(
        ['Revert "another title"\n\nThis reverts commit abcdef1.', "feat!: a"],
        ids=["1" * 40, "abcdef1" + "0" * 33],
    )
    assert all(ask.cancelled for ask in asks)


def test_a_revert_of_something_released_asks_for_a_patch() -> None:
    assert propose("1.2.3", ['Revert "feat: old"']).version == "1.2.4"


@pytest.mark.parametrize(
    ("base", "commits", "version", "level"),
    [
        ("1.2.3", ["fix: a"], "1.2.4", "patch"),
        ("1.2.3", ["fix: a", "feat: b"], "1.3.0", "minor"),
        ("1.2.3", ["fix!: a", "feat: b"], "2.0.0", "major"),
        ("v1.2.3", ["fix: a"], "1.2.4", "patch"),
        ("1.2.3+build.7", ["fix: a"], "1.2.4", "patch"),
        ("1.2.3", ["docs: a"], "1.2.4", "patch"),
        ("0.3.1", ["feat!: a"], "0.4.0", "minor"),
        ("0.3.1", ["feat: a"], "0.4.0", "minor"),
        ("0.3.1", ["fix: a"], "0.3.2", "patch"),
        ("1.3.0-rc.1", ["fix: a"], "1.3.0", "patch"),
        (None, ["feat!: a"], "0.1.0", "minor"),
        (None, [], "0.1.0", "minor"),
    ],
)
def test_the_next_version(base: str | None, commits: list[str], version: str, level: str) -> None:
    proposal = propose(base, commits)
    assert (proposal.version, proposal.level) == (version, level)
    assert len(proposal.commits) == len(commits)


def test_the_first_version_offers_one_zero_too() -> None:
    assert propose(None, ["feat: a"]).alternatives == ("1.0.0",)


def test_nothing_new_is_nothing_to_release() -> None:
    assert propose("1.2.3", []).version is None
    assert propose("1.2.3", [], bump="patch").version == "1.2.4"


def test_a_release_without_a_reason_asks_twice() -> None:
    assert propose("1.2.3", ["docs: a"]).confirm
    assert not propose("1.2.3", ["docs: a"], bump="patch").confirm
    assert not propose("1.2.3", ["fix: a"]).confirm


@pytest.mark.parametrize(("bump", "version"), [("major", "1.0.0"), ("minor", "0.4.0"), ("patch", "0.3.2")])
def test_a_persons_choice_wins(bump: str, version: str) -> None:
    proposal = propose("0.3.1", ["feat!: a", "fix: b\n\nRelease-As: 9.9.9"], bump=bump)
    assert (proposal.version, proposal.level) == (version, bump)


@pytest.mark.parametrize(
    ("base", "bump"), [("1.2", None), ("01.2.3", None), ("1.2.3", "huge"), ("1.2.3", "none")]
)
def test_what_is_no_version_or_bump_is_refused(base: str, bump: str | None) -> None:
    with pytest.raises(RelmanError):
        propose(base, ["fix: a"], bump=bump)


def test_release_as_sets_the_version_and_the_newest_usable_wins() -> None:
    commits = ["fix: a\n\nRelease-As: 1.0.0", "fix: b\n\nRelease-As: 3.0.0", "fix: c\n\nRelease-As: 4.0.0"]
    proposal = propose("1.2.3", commits)
    assert proposal.version == "3.0.0"
    assert any("1.0.0" in note for note in proposal.notes)
    assert propose("1.2.3", commits, used=["v3.0.0"]).version == "4.0.0"


@pytest.mark.parametrize(
    ("commits", "used", "version"),
    [
        (["fix: a"], ["v1.2.4"], "1.2.5"),
        (["fix: a"], ["1.2.4", "1.2.5+x"], "1.2.6"),
        (["feat: a"], ["1.3.0"], "1.4.0"),
        (["feat!: a"], ["2.0.0"], "2.1.0"),
    ],
)
def test_a_used_version_is_never_proposed(commits: list[str], used: list[str], version: str) -> None:
    proposal = propose("1.2.3", commits, used=used)
    assert proposal.version == version
    assert proposal.notes


@pytest.mark.parametrize(
    ("commits", "used", "version"),
    [
        (["feat: a"], [], "1.3.0-rc.1"),
        (["feat: a"], ["1.3.0-rc.1"], "1.3.0-rc.2"),
        (["feat: a"], ["1.3.0-rc.9"], "1.3.0-rc.10"),
        (["fix: a"], ["1.3.0-rc.1"], "1.3.0-rc.2"),
        (["feat!: a"], ["1.3.0-rc.1"], "2.0.0-rc.1"),
        (["feat: a"], ["1.3.0-beta.4"], "1.3.0-rc.1"),
        (["feat: a"], ["1.3.0-zeta.1"], "1.3.1-rc.1"),
    ],
)
def test_pre_releases(commits: list[str], used: list[str], version: str) -> None:
    assert propose("1.2.3", commits, used=used, channel="rc").version == version


@pytest.mark.parametrize(
    ("used", "version"),
    [
        (["1.3.0-rc.4", "1.3.0"], "1.4.0-rc.1"),
        (["1.3.0-zeta.1", "1.3.1"], "1.3.2-rc.1"),
        (["1.3.0"], "1.4.0-rc.1"),
    ],
)
def test_a_pre_release_never_follows_its_own_stable_version(used: list[str], version: str) -> None:
    assert propose("1.2.3", ["feat: a"], used=used, channel="rc").version == version


SHIFT = [("0.3.0", ["feat: a"], "0.3.1"), ("0.3.1", ["feat: b"], "0.3.2"), ("0.3.2", ["feat!: c"], "0.4.0")]
PLAIN = [("0.9.0", ["feat!: a"], "1.0.0"), ("0.8.0", ["feat!: b"], "1.0.0"), ("1.0.0", ["fix: b"], "1.0.1")]


@pytest.mark.parametrize(
    ("history", "policy"),
    [(SHIFT, Policy.SHIFT), (SHIFT[:2], Policy.MINOR), (PLAIN, Policy.PLAIN), ([], Policy.MINOR)],
)
def test_the_policy_is_learned(history: list[tuple[str, list[str], str]], policy: Policy) -> None:
    learned, why = learn_policy(history)
    assert learned is policy
    assert bool(why) is (policy is not Policy.MINOR)


def test_a_learned_policy_is_followed() -> None:
    assert propose("0.4.0", ["feat: a"], history=SHIFT).version == "0.4.1"
    assert propose("0.4.0", ["feat: a"], history=SHIFT, policy=Policy.MINOR).version == "0.5.0"


@pytest.mark.parametrize(
    ("tag", "version"),
    [("v1.2.3", "1.2.3"), ("1.2.3", "1.2.3"), ("v1", None), ("v1.2", None), ("1.2.3.4", None),
     ("v01.2.3", None), ("nightly", None), ("v1.2.3-rc.1", "1.2.3-rc.1"), ("vv1.2.3", None), ("v1.2.3\n", None),
     ("v١.2.3", None)],
)  # fmt: skip
def test_which_tags_are_versions(tag: str, version: str | None) -> None:
    found = version_of_tag(tag)
    assert (str(found) if found else None) == version


def test_tags_with_a_prefix() -> None:
    assert version_of_tag("api/v1.2.3", prefix="api/") == Version(1, 2, 3)
    assert version_of_tag("web/v1.2.3", prefix="api/") is None
    assert highest([Version(1, 2, 3), Version(2, 0, 0, "rc.1")]) == Version(1, 2, 3)


VERSIONS = st.builds(Version, *[st.integers(0, 30)] * 3)
MESSAGES = st.lists(
    st.one_of(
        st.sampled_from(
            ["feat: a", "fix: b", "feat!: c", "docs: d", 'Revert "feat: a"', "x\n\nRelease-As: 2.0.0"]
        ),
        st.text(max_size=30),
    ),
    max_size=8,
)


@given(
    VERSIONS,
    MESSAGES,
    st.lists(VERSIONS.map(str), max_size=10),
    st.sampled_from([None, "major", "minor", "patch"]),
)
def test_a_proposal_is_higher_than_its_base_and_unused(
    base: Version, commits: list[str], used: list[str], bump: str | None
) -> None:
    proposal = propose(str(base), commits, used=used, bump=bump)
    if proposal.version is None:
        assert not commits
        return
    version = parse_version(proposal.version)
    assert version is not None
    assert version > base
    assert proposal.version not in used


@given(st.text())
def test_any_text_is_read(message: str) -> None:
    ask = read_commit(message)
    assert ask.level in Level
    assert ask.message == message


def test_a_body_of_blank_lines_takes_no_longer_than_another() -> None:
    # Quadratic it would take minutes.
    assert read_commit("fix: a\n\nb" + "\n" * 300_000 + "x").level is Level.PATCH
