"""What would be released, and the plan of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.errors import Kind, Problem, RelmanError
from relman.model.gates import CommitChecks, Staging
from relman.model.release import Commit, Notes, Release, Tag, TagRef
from relman.model.release_choice import Decision, decide, deciding, groups, is_latest
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.release_notes import notes_of
from relman.model.release_plan import message_of, plan_id, release_plan
from relman.model.roles import Roles
from relman.model.run import Run
from relman.model.trailers import PLAN, read_trailers, tag_message, values
from relman.model.version_tags import VersionTags, Withdrawn, read_version_tags

HEAD, BASE, OTHER = "a" * 40, "b" * 40, "c" * 40
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CI = ".github/workflows/ci.yml"


def commits(*messages: str) -> tuple[Commit, ...]:
    return tuple(Commit(HEAD if n == 0 else f"{n:040x}", message) for n, message in enumerate(messages))


def history(*messages: str, tags: VersionTags | None = None, **more: Any) -> History:
    found = tags or read_version_tags([Tag("v1.2.3", BASE)])
    made = commits(*messages)
    known: dict[str, Any] = {
        "head": made[0] if made else Commit(HEAD, "x"),
        "branch": "main",
        "tip": HEAD,
        "tags": found,
        "base": found.named("v1.2.3"),
        "since": found.named("v1.2.3"),
        "commits": made,
        "total": len(made),
        "noted": frozenset(commit.sha for commit in made),
    }
    return History(**{**known, **more})


RUN = Run(1, "CI", "", 7, 1, "push", "completed", "success", "main", HEAD, 1, CI)
EVIDENCE = Evidence(
    NOW, CommitChecks((RUN,)), Roles(CI), Staging(), notes=Notes("n", "GitHub's notes"), starts=True,
    workflow="cd.yml", who="jonas", may_push=True,
)  # fmt: skip


def plan(found: History, evidence: Evidence = EVIDENCE, **intent: Any) -> Any:
    return release_plan("acme/x", found, evidence, ReleaseIntent(**intent))


def choice(found: History, **intent: Any) -> Decision:
    return decide(found, ReleaseIntent(**intent))


def test_the_usual_release() -> None:
    made = plan(history("feat: a", "fix: b"))
    assert (made.title, made.word, made.production) == ("Release v1.3.0", "v1.3.0", True)
    assert [step.key for step in made.steps] == ["tag-object", "tag", "verify", "release", "run"]
    assert made.text == "GitHub's notes"
    assert made.refusal() is None
    assert [check.key for check in made.checks] == ["ci", "staging", "branch", "tag", "rules"]


def test_the_deciding_commits_and_the_groups() -> None:
    found = history("docs: a", "feat: b", "wip", 'Revert "feat: z"', "fix: c", "feat: z")
    proposal = choice(found).proposal
    assert [commit.message for commit, _ in deciding(found, proposal)] == ["feat: b"]
    shown = {group.key: [ask.subject for _, ask in group.commits] for group in groups(found, proposal)}
    assert list(shown) == ["minor", "patch", "none", "not understood", "cancelled"]
    assert shown["cancelled"] == ['Revert "feat: z"', "feat: z"]


MESSAGES = st.lists(
    st.sampled_from(["feat: a", "fix: b", "c", "feat!: d", 'Revert "feat: a"', "docs: e"]), min_size=1
)


@given(MESSAGES)
def test_every_commit_is_in_exactly_one_group(messages: list[str]) -> None:
    found = history(*messages)
    shown = [commit.sha for group in groups(found, choice(found).proposal) for commit, _ in group.commits]
    assert sorted(shown) == sorted(commit.sha for commit in found.commits)


@pytest.mark.parametrize(
    ("asked", "tag"),
    [({"version": "1.2.9"}, "v1.2.9"), ({"version": "v2.0.0"}, "v2.0.0"), ({"bump": "major"}, "v2.0.0"),
     ({"channel": "rc"}, "v1.3.0-rc.1"), ({}, "v1.3.0")],
)  # fmt: skip
def test_a_person_chooses(asked: dict[str, str], tag: str) -> None:
    assert choice(history("feat: a"), **asked).tag == tag


def test_a_version_and_a_bump_are_one_too_many_and_words_are_no_version() -> None:
    for asked in ({"version": "1.2.9", "bump": "patch"}, {"version": "soon"}):
        with pytest.raises(RelmanError) as raised:
            choice(history("fix: a"), **asked)
        assert raised.value.problem.kind is Kind.USAGE


def test_a_commit_that_carries_a_version_leaves_nothing_to_release() -> None:
    tags = read_version_tags([Tag("v1.2.3", HEAD)])
    found = history(tags=tags, base=tags.tags[0])
    assert choice(found).version is None
    assert "already" in choice(found).why
    refused = plan(found)
    assert refused.steps == ()
    assert refused.refusal().title == "Nothing is to be released"
    assert choice(found, bump="patch").tag == "v1.2.4"  # a person insists
    assert any("two versions" in warning for warning in plan(found, bump="patch").warnings)


def early(*tags: Tag, messages: tuple[str, ...] = ("fix: a", "fix: b"), **more: Any) -> History:
    return history(*messages, tags=read_version_tags([Tag("v1.2.3", BASE), *tags]), **more)


@pytest.mark.parametrize("messages", [("fix: a",), ("docs: a",), ("feat: a",), ("feat!: a",)])
def test_the_stable_version_of_a_pre_release_on_the_head_has_its_core(messages: tuple[str, ...]) -> None:
    found = early(Tag("v1.3.0-rc.1", f"{1:040x}"), Tag("v1.3.0-rc.2", HEAD), messages=(*messages, "fix: b"))
    made = choice(found)
    assert (made.tag, made.proposal.confirm) == ("v1.3.0", False)
    assert "1.3.0-rc.2 is on this very commit" in made.why
    assert plan(found).refusal() is None
    assert any("ask for 2.0.0" in note for note in made.proposal.notes) is (messages == ("feat!: a",))
    assert choice(found, bump="major").tag == "v2.0.0"  # a person insists
    assert choice(found, channel="rc").version is None  # that is there
    branch = early(Tag("v1.2.4-rc.1", HEAD), messages=messages, branch="hotfix/1.2.4")
    assert choice(branch).tag == "v1.2.4"
    taken = early(Tag("v1.2.4-rc.1", HEAD), Tag("v1.2.4", OTHER), messages=messages, branch="hotfix/1.2.4")
    assert choice(taken).tag == "v1.2.5"


def test_nothing_below_the_core_of_a_pre_release_in_the_range_is_proposed() -> None:
    behind = Tag("v2.0.0-rc.1", f"{1:040x}")
    assert choice(early(behind)).tag == "v2.0.0"
    assert "pre-release of 2.0.0" in choice(early(behind)).why
    assert choice(early(behind), channel="rc").tag == "v2.0.0-rc.2"
    assert choice(early(Tag("v1.2.4-rc.1", f"{1:040x}"), messages=("feat: a", "fix: b"))).tag == "v1.3.0"
    assert choice(early(Tag("v2.0.0-rc.1", OTHER))).tag == "v1.2.4"  # beside this line
    gone = early(behind, withdrawn=Withdrawn({"2.0.0-rc.1": "bad"}))
    assert choice(gone).tag == "v1.2.4"
    used = early(Tag("v1.3.0-rc.1", HEAD), Tag("v1.3.0", OTHER))
    assert choice(used).tag == "v1.4.0"


def test_the_first_stable_version_after_pre_releases() -> None:
    tags = read_version_tags([Tag("v1.0.0-rc.3", HEAD), Tag("v1.0.0-rc.2", f"{1:040x}")])
    found = history("fix: a", "feat: b", tags=tags, base=None, since=None)
    assert choice(found).tag == "v1.0.0"
    later = history(
        "fix: c", "fix: a", tags=read_version_tags([Tag("v1.0.0-rc.2", f"{1:040x}")]), base=None, since=None
    )
    assert choice(later).tag == "v1.0.0"


def unfinished_history(*, trailers: bool = True, releases: tuple[Release, ...] = ()) -> History:
    tags = read_version_tags([Tag("v1.3.0", HEAD), Tag("v1.2.3", BASE)])
    message = tag_message("Release v1.3.0", "", [(PLAN, "x")] if trailers else [])
    ref = TagRef("v1.3.0", HEAD, "d", annotated=True, message=message)
    return history(tags=tags, base=tags.named("v1.3.0"), refs=(ref,), releases=releases)


def test_an_unfinished_release_is_taken_up_whatever_the_gates_say_now() -> None:
    found = unfinished_history()
    red = replace(EVIDENCE, checks=CommitChecks(), existing=found.refs[0])
    made = plan(found, red)
    assert choice(found).resumed
    assert made.word == "v1.3.0"
    assert made.refusal() is None
    draft = unfinished_history(releases=(Release(1, "v1.3.0", "", draft=True),))
    assert choice(draft).resumed


def test_a_finished_release_or_somebody_elses_tag_is_not_taken_up() -> None:
    assert not choice(unfinished_history(releases=(Release(1, "v1.3.0", ""),))).resumed
    assert choice(unfinished_history(trailers=False)).version is None
    assert choice(unfinished_history(trailers=False), version="1.3.0").resumed  # named: then it is finished


def test_the_tag_on_another_commit_stops_with_both() -> None:
    existing = TagRef("v1.3.0", OTHER, "d")
    problem = plan(history("feat: a"), replace(EVIDENCE, existing=existing)).refusal()
    assert problem.title == "The tag v1.3.0 is on another commit"
    assert OTHER[:12] in problem.detail
    assert HEAD[:12] in problem.detail


def test_another_commit_than_the_person_saw_stops() -> None:
    problem = plan(history("feat: a"), sha=OTHER).refusal()
    assert "has moved since you looked" in problem.title
    assert plan(history("feat: a"), sha=HEAD).refusal() is None


def test_overrides_need_a_gate_a_reason_and_a_gate_that_may_be_overridden() -> None:
    red = replace(EVIDENCE, checks=CommitChecks())
    assert plan(history("fix: a"), red).refusal().hint.endswith("(ci).")
    made = plan(history("fix: a"), red, overrides={"ci": "known flake"})
    assert made.refusal() is None
    for overrides in ({"moon": "x"}, {"ci": " "}):
        with pytest.raises(RelmanError):
            plan(history("fix: a"), red, overrides=overrides)
    used = replace(history("fix: a"), withdrawn=Withdrawn({"1.2.9": "bad"}))
    with pytest.raises(RelmanError, match="cannot be overridden"):
        plan(used, red, version="1.2.9", overrides={"tag": "please"})


def test_the_tags_message_says_how_it_came_to_be() -> None:
    red, found = replace(EVIDENCE, checks=CommitChecks()), history("fix: a")
    made = plan(found, red, overrides={"ci": "known\nflake"})
    message = message_of("acme/x", found, red, choice(found), made.checks, made.text)
    assert message.startswith("Release v1.2.4\n\nGitHub's notes\n\n")
    assert read_trailers(message) == (
        (PLAN, plan_id("acme/x", "v1.2.4", HEAD)),
        ("Relman-Base", "v1.2.3"),
        ("Relman-By", "jonas"),
        ("Relman-Override", "ci: known flake"),
    )
    assert values(read_trailers(message), "relman-plan")


def test_a_gate_that_holds_leaves_no_override_in_the_message() -> None:
    found = history("fix: a")
    made = plan(found, overrides={"ci": "not needed"})
    assert "Override" not in message_of("acme/x", found, EVIDENCE, choice(found), made.checks, "")


def keys(made: Any) -> dict[str, bool]:
    return {check.key: check.blocks for check in made.checks}


def test_a_release_without_a_reason_asks_a_second_time() -> None:
    found = history("docs: a")
    assert keys(plan(found))["commits"]
    assert not keys(plan(found, overrides={"commits": "docs are the product"}))["commits"]
    assert "commits" not in keys(plan(found, bump="patch"))


def test_lower_than_a_breaking_commit_asks_for_a_reason() -> None:
    found = history("feat!: a")
    assert keys(plan(found, bump="patch"))["version"]
    assert not keys(plan(found, version="1.2.9", overrides={"version": "nobody used it"}))["version"]
    assert "version" not in keys(plan(found, version="2.0.0"))
    assert "version" not in keys(plan(history("feat: a"), bump="patch"))


def test_never_lower_than_the_base() -> None:
    made = plan(history("fix: a"), version="1.2.0")
    assert keys(made)["version"]
    assert not next(check for check in made.checks if check.key == "version").overridable


def test_a_range_that_was_not_read_whole_gives_no_proposal() -> None:
    found = history("fix: a", total=3000)
    assert keys(plan(found))["range"]
    assert "range" not in keys(plan(found, version="1.3.0"))


def test_a_base_on_two_commits_is_told_not_guessed() -> None:
    tags = read_version_tags([Tag("v1.2.3", BASE), Tag("1.2.3", OTHER)])
    made = plan(history("fix: a", tags=tags, base=tags.named("v1.2.3")))
    assert keys(made)["base"]
    assert any("different commits" in warning for warning in made.warnings)


def test_higher_versions_beside_the_line_are_told_and_not_latest() -> None:
    tags = read_version_tags([Tag("v1.2.3", BASE), Tag("v2.0.0", OTHER)])
    found = history("fix: a", tags=tags, higher=(tags.tags[0],))
    assert any("v2.0.0" in warning for warning in plan(found).warnings)
    assert not is_latest(found, choice(found))
    gone = replace(found, withdrawn=Withdrawn({"2.0.0": "rolled back"}))
    assert is_latest(gone, choice(gone))
    assert is_latest(history("fix: a"), choice(history("fix: a")))
    assert not is_latest(history("fix: a"), choice(history("fix: a"), channel="rc"))


def test_a_hotfix_stays_a_patch() -> None:
    found = history("feat: a", branch="hotfix/1.2.4")
    assert choice(found).tag == "v1.2.4"
    assert any("stays a patch" in warning for warning in plan(found).warnings)


def test_notes_in_their_order() -> None:
    found = history("feat: a", "fix: b")
    kept = replace(EVIDENCE, kept_notes="kept")

    def text(evidence: Evidence, **intent: Any) -> str:
        return notes_of(found, evidence, choice(found), ReleaseIntent(**intent))

    assert text(kept, notes="typed") == "typed"
    assert text(kept, notes="") == ""
    assert text(kept) == "kept"
    assert text(EVIDENCE) == "GitHub's notes"
    own = replace(EVIDENCE, notes=None, notes_problem=Problem(Kind.SERVER, "down"))
    assert text(own).startswith("## Features (minor)\n* feat: a (aaaaaaa)")
    assert any("GitHub did not write notes" in warning for warning in plan(found, own).warnings)


def test_commits_that_were_rolled_back_are_marked() -> None:
    found = history("feat: a", rolled_back={HEAD: "v1.3.0"})
    assert "feat: a (was in v1.3.0, rolled back)" in plan(found).text


def test_no_right_to_push_is_said_before_anything_else() -> None:
    problem = plan(history("fix: a"), replace(EVIDENCE, may_push=False, checks=CommitChecks())).refusal()
    assert problem.kind is Kind.PERMISSION


def test_without_a_workflow_on_tags_nothing_is_waited_for() -> None:
    made = plan(history("fix: a"), replace(EVIDENCE, starts=False))
    assert made.steps[-1].key == "release"
    assert any("no workflow starts on this tag" in warning for warning in made.warnings)


def test_the_first_release() -> None:
    found = history("feat: a", tags=VersionTags(), base=None, since=None)
    assert choice(found).tag == "v0.1.0"
    assert choice(found).proposal.alternatives == ("1.0.0",)
    assert plan(found).refusal() is None


def test_the_dialog_changes_intents_through_two_doors() -> None:
    intent = ReleaseIntent().with_override("ci", "a").with_override("ci", "b").with_text("notes")
    assert dict(intent.overrides) == {"ci": "b"}
    assert intent.notes == "notes"


@given(st.text(), st.text(), st.text())
def test_hostile_text_stays_text(message: str, notes: str, reason: str) -> None:
    found = history(f"feat: {message}")
    evidence = replace(EVIDENCE, kept_notes=notes, checks=CommitChecks())
    overrides = {"ci": reason} if reason.strip() else {}
    try:
        made = plan(found, evidence, overrides=overrides)
    except RelmanError as error:
        assert error.problem.kind is Kind.USAGE
        return
    text = message_of("acme/x", found, evidence, choice(found), made.checks, made.text)
    assert values(read_trailers(text), PLAN) == (plan_id("acme/x", made.word, HEAD),)
    assert "\x1b" not in text
