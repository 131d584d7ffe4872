"""The releases screen in words: rows, marks, the filter, and the details in every state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.deployed import ReleaseRow
from relman.model.release import Commit, Release, Tag
from relman.model.release_choice import decide
from relman.model.release_facts import ReleaseIntent
from relman.model.release_outlook import NAMED, PROPOSED, About, Choice, choices, outlook
from relman.model.state import Tone
from relman.tui.present import release_detail as detail
from relman.tui.present import releases as view
from relman.tui.present.piece import Line, text_of, width_of
from relman.tui.present.release_form import ChoicePresenter, TargetPresenter, where_words
from relman.tui.present.releases import Entry, ReleasesPresenter
from tests.tui import boards
from tests.tui import release_boards as there
from tests.tui.release_boards import looked, sha

NOW = boards.NOW
READ = Section(looked(), boards.ago(seconds=3))


def entries(board: Board | None = None, section: Section = READ) -> dict[str, Entry]:
    found = view.entries(board or there.board(), section, reading=False)
    return {item.row.name if item.row is not None else "": item for item in found}


def text(lines: list[Line]) -> str:
    return "\n".join(text_of(line) for line in lines)


def shown(item: Entry, room: int = 100, key: str = "t") -> str:
    return text(detail.unreleased_lines(item, key, room, NOW))


def marks(one: ReleaseRow) -> list[str]:
    return [piece.text for piece in view.marks(one)]


# ── the list ─────────────────────────────────────────────────────────────────────────────────


def test_every_version_stands_once_highest_first_under_what_is_not_released() -> None:
    names = list(entries())
    assert names == ["", "v2.0.0", "v1.9.0-rc.1", "v1.8.2", "v1.8.1", "v1.8.0"]  # a floating v1 is none


def test_marks_say_where_it_is_and_what_is_unusual() -> None:
    found = entries()
    assert marks(found["v1.8.2"].row) == ["production"]
    assert marks(found["v1.8.1"].row) == ["rolled back"]  # known from the tag's message, which was read
    assert marks(found["v2.0.0"].row) == ["draft"]
    assert marks(found["v1.9.0-rc.1"].row) == ["pre-release"]
    assert marks(found["v1.8.0"].row) == ["tag only"]


def test_without_the_reading_the_board_alone_shows_what_it_knows() -> None:
    found = entries(section=Section())
    assert marks(found["v1.8.1"].row) == ["withdrawn"]  # its release is marked as a pre-release
    assert "reading…" in text_of(ReleasesPresenter().line(found[""], 60, NOW))
    failed = entries(section=Section(error=Problem(Kind.NETWORK, "No connection to GitHub")))
    assert "not read" in text_of(ReleasesPresenter().line(failed[""], 60, NOW))


def test_the_version_before_is_on_another_commit_and_stable_for_a_stable_one() -> None:
    found = entries()
    assert found["v1.9.0-rc.1"].before.name == "v1.8.2"
    assert found["v1.8.2"].before.name == "v1.8.1"
    assert found["v1.8.0"].before is None
    again = there.board(tags=Section((*there.TAGS, Tag("v1.8.3", sha(0x182))), NOW))
    assert entries(again)["v1.8.3"].before.name == "v1.8.1"  # v1.8.2 is the same commit


def test_a_release_whose_tag_is_no_version_is_listed_last() -> None:
    nightly = there.release(30, "nightly")
    assert list(entries(there.board(releases=Section((*there.RELEASES, nightly), NOW))))[-1] == "nightly"


def test_more_tags_than_the_boards_page_come_from_the_reading() -> None:
    many = tuple(Tag(f"v0.1.{number}", sha(5000 + number)) for number in range(100))
    found = entries(there.board(tags=Section(many, NOW)))
    assert "v1.8.2" in found and "v0.1.99" in found
    few = entries(there.board(tags=Section(many[:3], NOW), releases=Section((), NOW)))
    assert "v1.8.2" not in few  # deleted meanwhile: the board is newer than the reading


def test_the_unreleased_row_in_every_state() -> None:
    def line(section: Section) -> str:
        return text_of(ReleasesPresenter().line(entries(section=section)[""], 70, NOW)).strip()

    assert line(READ) == "●  unreleased: 4 commits → v1.9.0 (minor)".ljust(67) + "35m"
    nothing = looked((), head=there.Commit(sha(0x182), "x", "m", boards.ago(days=2)), tip=sha(0x182))
    assert "unreleased: nothing since v1.8.2" in line(Section(nothing, NOW))
    first = outlook(there.REPO, there.history(base=None, tags=type(there.history().tags)()), there.evidence())
    assert "→ v0.1.0 (first)" in line(Section(first, NOW))
    red = outlook(there.REPO, there.history(), there.evidence(may_push=False))
    assert line(Section(red, NOW)).startswith("○")  # something stands against it


@given(st.integers(1, 200))
def test_a_row_never_leaves_its_room(room: int) -> None:
    presenter = ReleasesPresenter()
    for item in entries().values():
        assert width_of(presenter.line(item, room, NOW)) <= room
    for choice in (
        *choices(there.history()),
        *choices(None),
        Choice(PROPOSED, problem=Problem(Kind.USAGE, "x")),
    ):
        assert width_of(ChoicePresenter().line(choice, room, NOW)) <= room


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("live", ["v1.8.2"]),
        ("production", ["v1.8.2"]),
        ("rolled", ["v1.8.1"]),
        ("!mara", ["v1.8.0"]),
        ("1.8 !rolled !live", ["v1.8.0"]),
        ("MARA draft", ["v2.0.0"]),
        ("", ["v2.0.0", "v1.9.0-rc.1", "v1.8.2", "v1.8.1", "v1.8.0"]),
        ("nothing like it", []),
    ],
)
def test_the_filter_keeps_what_holds_every_word(words: str, names: list[str]) -> None:
    kept = view.filtered(list(entries().values()), words)
    assert kept[0].row is None  # what is not released stays
    assert [item.row.name for item in kept[1:]] == names


# ── what the keys act on ─────────────────────────────────────────────────────────────────────


def test_the_run_is_the_one_that_the_tag_started() -> None:
    found, board = entries(), there.board()
    assert view.run_of(found["v1.8.2"].row, board) == there.RUN.id
    assert view.run_of(found["v1.8.1"].row, board) is None
    gone = there.board(runs=Section((), NOW))
    assert view.run_of(found["v1.8.2"].row, gone) == there.RUN.id  # the deployment's log says it
    other = replace(there.RUN, id=77, branch="v1.8.0", sha=sha(1))  # a branch of the tag's name
    assert view.run_of(found["v1.8.0"].row, there.board(runs=Section((other,), NOW))) is None


def test_pages_are_made_of_quoted_names() -> None:
    board = there.board()
    found = entries()
    assert view.page_of(found["v1.8.2"], board, "https://github.com").endswith("/releases/tag/v1.8.2")
    assert view.page_of(found[""], board, "https://x.test") == (
        f"https://x.test/acme/agentic-backend/compare/v1.8.2...{there.HEAD}"
    )
    odd = Entry(ReleaseRow("v1.0.0+a b?#", None, sha(1), None))
    assert view.page_of(odd, board, "https://x.test").endswith("/releases/tag/v1.0.0%2Ba%20b%3F%23")
    assert view.page_of(Entry(ReleaseRow("v1", None, sha(1), None, local=True)), board, "https://x.test") == ""


def test_production_is_what_a_rollback_means_else_the_last_environment() -> None:
    assert view.production_of(there.board()) == "production"
    assert view.production_of(Board("a/b")) is None


# ── details ──────────────────────────────────────────────────────────────────────────────────


def test_why_comes_with_the_deciding_commit_first() -> None:
    lines = shown(entries()[""]).split("\n")
    assert lines[0] == "Next         v1.9.0 after v1.8.2"
    assert lines[1] == "Why          a feature asks for a minor"
    deciding = "             ▶ 9e1d2c3 feat(rag): rank passages by recency as well (#903)"
    assert lines[2] == f"{deciding}  type feat"
    narrow = shown(entries()[""], 78).split("\n")
    assert narrow[2] == deciding  # the reason in whole words, or not at all


def test_commits_stand_in_groups_gates_with_evidence_and_the_notes() -> None:
    words = shown(entries()[""])
    for part in (
        "Gates  all hold", "✓ CI is green on 9e1d2c3", "1 check passed", "✓ staging runs 9e1d2c3",
        "Commits 4", "Features (minor) 1", "Fixes (patch) 1", "No release asked for 1", "Not understood 1",
        "4. Publish the release v1.9.0", "5. Wait for the workflow run", "## Features (minor)",
        "t tags v1.9.0, after a look at the plan",
    ):  # fmt: skip
        assert part in words, part
    order = [words.index(part) for part in ("Next", "Gates", "Commits", "What happens", "Notes")]
    assert order == sorted(order)


def test_a_gate_that_does_not_hold_says_what_can_be_done() -> None:
    checks = there.CommitChecks(check_runs=(there.CheckRun(1, "test", "completed", "failure"),))
    red = outlook(there.REPO, there.history(), there.evidence(checks=checks))
    words = shown(entries(section=Section(red, NOW))[""])
    assert "× CI is green on 9e1d2c3  a reason overrides it" in words and "test: failure" in words
    assert "Gates  1 of" in words and "t shows the plan; 1 gate does not hold, each needs a reason" in words


def test_a_token_that_may_not_push_and_a_read_only_relman_say_so() -> None:
    weak = outlook(there.REPO, there.history(), there.evidence(may_push=False))
    assert "This token may not push" in shown(entries(section=Section(weak, NOW))[""])
    words = shown(entries()[""], key="")
    assert "read-only: nothing can be tagged here" in words and "t tags" not in words


def test_nothing_to_release_says_what_instead() -> None:
    nothing = looked((), tip=sha(0x182))
    words = shown(entries(section=Section(nothing, NOW))[""])
    assert "nothing to release" in words and "v1.8.2 is on this commit already" in words
    assert "select v1.8.2 and press enter" in words
    assert "Gates" not in words and "What happens" not in words


def test_a_range_that_was_not_read_whole_says_how_much_was() -> None:
    part = looked(total=1204)
    words = shown(entries(section=Section(part, NOW))[""])
    assert (
        "4 of 1204 commits could be read" in words and "Every commit since the last version was read" in words
    )


def test_a_version_from_near() -> None:
    found, board = entries(), there.board()
    item = found["v1.8.2"]
    about = Section(
        About(there.ROLLBACK, there.Comparison("ahead", 1, 0, 1, (there.commit(7, "feat: stream tokens"),))),
        NOW,
    )
    words = text(detail.version_lines(item, about, board, 100, NOW))
    for part in (
        "Version      v1.8.2 (0000182)", "Live         production", "Released     release by mara", "2d ago",
        "Tagged       annotated by mara", "rolls back v1.8.1", "with relman by mara", "Deployed 1", "CD #217",
        "Commits 1 since v1.8.1", "0000007 feat: stream tokens", "Answer in the asker's language",
    ):  # fmt: skip
        assert part in words, part
    assert "Taken back   rolled back by v1.8.2" in text(
        detail.version_lines(found["v1.8.1"], None, board, 100, NOW)
    )


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (None, "reading…"),
        (Section(error=Problem(Kind.NETWORK, "No connection to GitHub")), "No connection to GitHub"),
        (Section(About(None, None)), "no history in common"),
        (Section(About(None, there.Comparison("behind", 0, 3, 0))), "v1.8.1 has every commit of it"),
    ],
)
def test_the_commits_of_a_version_in_every_state(about: Section[About] | None, words: str) -> None:
    assert words in text(detail.version_lines(entries()["v1.8.2"], about, there.board(), 100, NOW))


@given(st.integers(30, 180))
def test_details_never_leave_their_room(room: int) -> None:
    found, board = entries(), there.board()
    about = Section(
        About(there.ROLLBACK, there.Comparison("ahead", 1, 0, 1, (there.commit(7, "feat: x" * 90),)))
    )
    for item in found.values():
        lines = (
            detail.unreleased_lines(item, "t", room, NOW)
            if item.row is None
            else detail.version_lines(item, about, board, room, NOW)
        )
        for line in lines:
            assert width_of(line) <= room, text_of(line)


def test_hostile_text_stays_text() -> None:
    evil = Commit(there.HEAD, f"feat: {HOSTILE}", HOSTILE, boards.ago(minutes=1))
    tag = f"v9.9.9-{HOSTILE[:20]}"
    board = there.board(
        tags=Section((*there.TAGS, Tag(tag, sha(9))), NOW),
        releases=Section((Release(50, tag, HOSTILE, HOSTILE, author=HOSTILE, published_at=NOW),), NOW),
        deployments={HOSTILE: Section((there.deployment(5, HOSTILE, tag, sha(9), hours=1),), NOW)},
    )
    section = Section(looked((evil, *there.COMMITS[1:])), NOW)
    about = Section(
        About(
            replace(there.ROLLBACK, name=tag, tagger=HOSTILE, message=f"a\n\nRelman-By: {HOSTILE[:60]}\n"),
            there.Comparison("ahead", 1, 0, 1, (evil,)),
        )
    )
    presenter = ReleasesPresenter()
    for item in entries(board, section).values():
        lines = [presenter.line(item, 70, NOW), view.detail_title(item, board, None, NOW, 70)]
        lines += detail.unreleased_lines(item, "t", 70, NOW)
        lines += detail.version_lines(item, about, board, 70, NOW)
        for line in lines:
            assert not UNSAFE.search(text_of(line)) and "\n" not in text_of(line)
            assert width_of(line) <= 70
            assert all(piece.target == "" for piece in line)


def test_a_thousand_commits_are_all_there() -> None:
    commits = tuple(there.commit(number + 10, f"fix: mend the thing {number}") for number in range(1000))
    words = shown(entries(section=Section(looked(commits), NOW))[""])
    assert "Commits 1000" in words and "mend the thing 999" in words


# ── the choices ──────────────────────────────────────────────────────────────────────────────


def test_choices_are_what_the_plan_would_decide() -> None:
    made = there.history()
    found = {one.key: one for one in choices(made)}
    assert [one.tag for one in found.values()] == ["v1.9.0", "v1.8.3", "v1.9.0", "v2.1.0", ""]
    for key, one in found.items():
        if key != NAMED:
            bump = None if key == PROPOSED else key
            assert one.tag == decide(made, ReleaseIntent(bump=bump)).tag
    assert choices(made, "rc")[0].tag == "v1.9.0-rc.2"  # rc.1 is there
    wrong = choices(made, "not a channel")
    assert all(one.problem is not None for one in wrong if one.key != NAMED)
    assert [one.tag for one in choices(None)] == [""] * 5


def test_where_the_versions_come_from_is_said() -> None:
    assert where_words(None, reading=False, now=NOW) == "the newest commit of the default branch"
    assert where_words(READ, reading=True, now=NOW) == "reading…"
    assert where_words(READ, reading=False, now=NOW) == "main at 9e1d2c3, read 3s ago"
    error = Section(error=Problem(Kind.NETWORK, "x"))
    assert "the plan tells the version" in where_words(error, reading=False, now=NOW)


async def test_a_target_says_when_it_ran_and_how_long() -> None:
    ways = await there.Look().ways_back("production")
    assert [one.name for one in ways.offered] == ["v1.8.0"]  # not what runs, not what was rolled back
    line = text_of(TargetPresenter().line(ways.offered[0], 70, NOW + timedelta(0)))
    assert "v1.8.0" in line and "deployed 8d ago" in line and "ran 5d 20h" in line


def test_ages_and_moves_stand_in_the_title() -> None:
    item = entries()[""]
    assert text_of(view.detail_title(item, there.board(), None, NOW, 80)).endswith("read 3s ago")
    moved = view.detail_title(item, there.board(head=sha(1)), None, NOW, 80)
    assert text_of(moved).endswith("main has moved to 0000001")
    assert view.look(entries()["v1.8.1"].row) == ("×", Tone.BAD)
