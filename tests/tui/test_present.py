"""The presenters: pure functions from the board to lines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from relman.errors import Kind, Problem
from relman.model import times
from relman.model.board import Board, Fill, Section
from relman.model.environment import Deployment
from relman.model.journal import Entry, operations
from relman.model.repository import Budget
from relman.model.state import _CONCLUSION, State, Tone
from relman.model.waiting import Answer, MayI, waiting
from relman.tui.present import columns, filter, job, journal, notice, piece
from relman.tui.present.fill import fill_line
from relman.tui.present.graph import free_picture
from relman.tui.present.header import header_line
from relman.tui.present.piece import Piece, text_of, width_of
from relman.tui.present.pipeline import graph_title
from relman.tui.present.runs import RunsPresenter, ordered
from tests.tui import boards

text = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=60)


@given(text, st.integers(0, 40))
def test_cut_and_pad_keep_to_their_cells(words: str, width: int) -> None:
    assert cell_len(piece.cut(words, width)) <= width
    assert cell_len(piece.pad(words, width)) == width
    if cell_len(words) <= width and width:
        assert piece.cut(words, width) == words


@given(st.lists(text, max_size=4), st.lists(text, max_size=4), st.integers(0, 60))
def test_spread_fills_exactly_and_the_right_stays(left: list[str], right: list[str], width: int) -> None:
    line = piece.spread([Piece(one) for one in left], [Piece(one) for one in right], width)
    assert width_of(line) <= width
    if sum(cell_len(one) for one in right) <= width and "".join(right):
        assert text_of(line).endswith("".join(right))


@given(st.text(max_size=300), st.integers(8, 40), st.integers(1, 6))
def test_wrap_keeps_to_width_and_limit(words: str, width: int, limit: int) -> None:
    lines = piece.wrap(words, width, limit)
    assert len(lines) <= limit
    assert all(cell_len(line) <= width for line in lines)


def test_a_path_begins_beside_its_method() -> None:
    request = (
        'POST /repos/acme/agentic-backend/actions/runs/18412079761/pending_deployments {"state": "approved"}'
    )
    assert piece.wrap(request, 67) == [
        "POST /repos/acme/agentic-backend/actions/runs/18412079761/",
        'pending_deployments {"state": "approved"}',
    ]
    assert piece.wrap("PUT /repos/acme/agentic-backend/environments/production", 50) == [
        "PUT /repos/acme/agentic-backend/environments/",
        "production",
    ]
    assert piece.wrap("see what stands under https://github.com/acme", 30) == [
        "see what stands under",
        "https://github.com/acme",
    ]


def test_the_journal_has_room_for_where_at_80_columns() -> None:
    first = Entry(
        boards.NOW, "op-1", "begin", "prune-runs", "acme/agentic-backend", "run 18412079761, attempt 1",
        environment="production", who="jonas-weber",
    )  # fmt: skip
    shown = text_of(journal.JournalPresenter().line(operations([first])[0], 78, boards.NOW))
    assert "prune-runs  production · run 18412079761," in shown and "jonas" not in shown
    wide = text_of(journal.JournalPresenter().line(operations([first])[0], 118, boards.NOW))
    assert "production · run 18412079761, att…" in wide and "jonas-weber" in wide


@given(
    st.lists(
        st.builds(
            columns.Column, st.just("t"), st.integers(1, 30), st.integers(0, 10), st.booleans(), st.booleans(),
            st.integers(0, 9),
        ),
        min_size=1, max_size=6,
    ).map(tuple),
    st.integers(0, 120),
)  # fmt: skip
def test_columns_never_take_more_than_there_is(made: tuple[columns.Column, ...], room: int) -> None:
    line = columns.row([(Piece("x" * 50),)] * len(made), made, room)
    assert width_of(line) <= room
    sizes = columns.widths(made, room)
    assert all(size == 0 or size >= column.floor for size, column in zip(sizes, made, strict=True))


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0, "0s", "0s"),
        (-5, "0s", "0s"),
        (59.9, "59s", "59s"),
        (60, "1m 00s", "1m"),
        (432, "7m 12s", "7m"),
        (3840, "1h 04m", "1h"),
        (90_000, "1d 1h", "1d"),
        (14 * 86_400, "14d 0h", "2w"),
    ],
)
def test_durations(seconds: float, long: str, short: str) -> None:
    assert times.duration(seconds) == long
    assert times.brief(seconds) == short


@given(st.integers(40, 200), st.booleans())
def test_the_header_takes_exactly_its_line(width: int, read_only: bool) -> None:
    line = header_line(boards.board(), boards.NOW, width, read_only=read_only)
    assert width_of(line) == width


@pytest.mark.parametrize("read_only", [False, True])
def test_the_header_answers_everything_at_80_columns(read_only: bool) -> None:
    shown = text_of(header_line(boards.board(), boards.NOW, 80, read_only=read_only))
    for word in ("agentic-backend · main", "stag 4f2c9a1 ✓", "prod v1.8.2 ✓ ◆", "◆ 1", "API 4", "5s"):
        assert word in shown
    assert ("■" in shown) is read_only


@given(st.integers(72, 200), st.booleans())
def test_no_fact_leaves_the_header_while_another_can_be_shorter(width: int, read_only: bool) -> None:
    shown = text_of(header_line(boards.board(), boards.NOW, width, read_only=read_only))
    for word in ("agentic-bac", "4f2c9a1 ✓", "v1.8.2 ✓", "◆ 1", "API", "5s"):
        assert word in shown
    assert "healthy" not in shown or "API 4,812 of 5,000" in shown or "production" in shown


@given(st.integers(60, 200), st.booleans())
def test_the_header_cuts_the_names_of_all_environments_or_of_none(width: int, read_only: bool) -> None:
    shown = text_of(header_line(boards.board(), boards.NOW, width, read_only=read_only))
    assert ("stag " in shown) is ("prod " in shown)
    assert ("staging " in shown) is ("production " in shown)


def test_the_header_stands_still_while_the_data_ages() -> None:
    at = {
        seconds: text_of(header_line(boards.board(), boards.NOW + timedelta(seconds=seconds), 80))
        for seconds in (0, 4, 5, 40)  # the data is 5 seconds old already: 9s, 10s, 45s
    }
    assert len({line[:70] for line in at.values()}) == 1 and len(set(at.values())) == 4


def test_the_header_knows_nothing_live_from_not_known() -> None:
    board = boards.board()
    refused: Section[tuple[Deployment, ...]] = Section(error=Problem(Kind.AUTH, "no"))
    health = {"staging": board.health["staging"]}

    def shown(deployments: Section[tuple[Deployment, ...]]) -> str:
        answers = {
            name: replace(section, value=tuple(replace(one, version=None) for one in section.value or ()))
            for name, section in health.items()
        }
        return text_of(
            header_line(replace(board, deployments={"staging": deployments}, health=answers), boards.NOW, 160)
        )

    assert "staging nothing yet" in shown(Section((), boards.NOW))
    assert "staging unknown" in shown(refused)
    assert "staging …" in shown(Section())


def test_the_header_tells_each_fact() -> None:
    board = boards.board()
    wide = text_of(header_line(board, boards.NOW, 200))
    assert "staging 4f2c9a1 ✓ healthy" in wide
    assert "production v1.8.2 ✓ healthy → ◆ v1.9.0" in wide
    assert "1 waits for you" in wide and "API 4,812 of 5,000" in wide and "5s old" in wide
    paused = replace(board, budget=Budget(5000, 0, paused_until=boards.NOW + timedelta(minutes=3)))
    assert "API paused until" in text_of(header_line(paused, boards.NOW, 200))
    low = replace(board, budget=Budget(5000, 120))
    assert "▲ API 120" in text_of(header_line(low, boards.NOW, 200))
    offline = replace(board, runs=replace(board.runs, error=Problem(Kind.NETWORK, "down")))
    assert "▲ offline · 5s old" in text_of(header_line(offline, boards.NOW, 200))
    unseen = text_of(header_line(Board("a/b"), boards.NOW, 80))
    assert "a/b" in unseen and "○ reading" in unseen


def test_the_first_history_tells_how_far_it_is() -> None:
    board = boards.board()

    def said(fill: Fill) -> str:
        return text_of(fill_line(replace(board, fill=fill)))

    start, half = boards.ago(days=56), boards.ago(days=28)
    assert said(Fill(start, half, 900)) == "history: 49 % of the runs"
    assert said(Fill(start, None, 900)) == "history: 900 runs"
    assert said(Fill(start, start, 1800, jobs_left=1240, done=True)) == "history: jobs of 1,240 runs to read"
    assert said(Fill(start, half, 900, error=Problem(Kind.NETWORK, "down"))) == "▲ history paused"
    assert said(Fill(start, start, 1800, jobs_left=3, done=True)) == ""  # a run that just ended
    assert said(Fill()) == ""


@given(st.integers(22, 200))
def test_the_title_of_a_run_has_whole_words(width: int) -> None:
    run = replace(boards.RUNNING, branch="feature/tool-choice")
    shown = text_of(graph_title(run, None, None, boards.NOW, width))
    assert width_of((Piece(shown),)) <= width
    words = shown.split(" · ")
    known = ["◐ CI #412  running", "6m 00s", "feature/tool-choice", run.short_sha, "6m ago"]
    for word, whole in zip((word.strip() for word in words), known, strict=False):
        assert word == whole or (whole == known[2] and word.endswith("…") and len(word) >= 8)


def test_others_reviews_are_not_called_yours() -> None:
    board = boards.board()
    gate = replace(board.pending[boards.WAITING.id].value[0], may_approve=False)
    other = replace(board, pending={boards.WAITING.id: Section((gate,), boards.NOW)})
    assert "1 in review" in text_of(header_line(other, boards.NOW, 200))
    over = replace(board, runs=Section((replace(boards.WAITING, status="completed", conclusion="success"),)))
    assert "◆ 1" not in text_of(header_line(over, boards.NOW, 200))


def test_what_waits_or_runs_is_on_top() -> None:
    runs = [boards.run(3), boards.RUNNING, boards.run(2), boards.WAITING, boards.run(1)]
    assert [run.number for run in ordered(runs)] == [218, 412, 3, 2, 1]


@given(st.integers(12, 160))
def test_a_run_keeps_to_its_line(room: int) -> None:
    presenter = RunsPresenter()
    for run in boards.board().runs.value:
        assert width_of(presenter.line(run, room, boards.NOW)) <= room


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("", {410, 411, 412, 218}),
        ("planner", {411}),
        ("status:failed", {411}),
        ("status:waiting", {218}),
        ("status:in_progress", {412}),
        ("status:success", {410}),
        ("branch:main", {410, 412}),
        ("branch:feature/*", {411}),
        ("workflow:cd", {218}),
        ("workflow:ci.yml !status:green", {411, 412}),
        ("event:pull_request", {411}),
        ("actor:mara", {218}),
        ("!actor:octocat", {411, 218}),
        ('"tokens before"', {410}),
        ('"unfinished', set()),
        ("status:", {410, 411, 412, 218}),
        ("#411", {411}),
        ("nothing:here", set()),
    ],
)
def test_the_filter(typed: str, numbers: set[int]) -> None:
    title = "Count tokens before the call, not after"
    runs = [boards.RUNNING, boards.WAITING, boards.FAILED, boards.run(410, title=title)]
    assert {run.number for run in filter.parse(typed).apply(runs)} == numbers


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_filter(typed: str) -> None:
    filter.parse(typed).apply([boards.RUNNING, boards.FAILED])


@given(st.sampled_from(list(Kind)), st.text(max_size=80), st.integers(10, 100))
def test_every_refusal_says_what_to_do(kind: Kind, words: str, width: int) -> None:
    said = notice.refusal(Problem(kind, words, words), boards.NOW)
    assert said.hint and said.title
    assert all(width_of(line) <= max(width, 12) for line in said.draw(width)[1:])


def test_a_person_is_not_told_to_do_what_relman_does() -> None:
    outage = Problem(Kind.SERVER, "502", hint="Try again; if it stays, see https://www.githubstatus.com.")
    said = notice.refusal(outage, boards.NOW)
    assert said.lines == ("If it stays, see https://www.githubstatus.com.",)
    assert said.hint == "relman tries again by itself; r tries now."
    bare = notice.refusal(Problem(Kind.SERVER, "502", hint="Try again."), boards.NOW)
    assert bare.lines == () and bare.hint == said.hint


@pytest.mark.parametrize("kind", [Kind.SERVER, Kind.NETWORK, Kind.RATE_LIMIT])
@pytest.mark.parametrize("hint", ["", "Try again."])
def test_what_nobody_asks_for_again_promises_nothing(kind: Kind, hint: str) -> None:
    problem = Problem(kind, "no", hint="" if kind is Kind.RATE_LIMIT else hint, retry_at=boards.ago(minutes=-3))
    said = notice.refusal(problem, boards.NOW, by_hand=True)
    assert said.lines == ("Not before 12:03 (in 3m 00s).",) and said.hint == "r tries again."


def test_old_data_says_how_old_and_why() -> None:
    error = Problem(Kind.SERVER, "GitHub answered 502", retry_at=boards.NOW + timedelta(seconds=30))
    line = text_of(notice.staleness(Section((), boards.ago(minutes=4), error), boards.NOW))
    assert line == "▲ as of 4m ago · GitHub answered 502 · again in 30s"
    assert notice.staleness(Section((), boards.NOW), boards.NOW) == ()


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (90, "▲ as of 4m ago · GitHub could not answer with the workflow runs (502) · r tries now"),
        (78, "▲ as of 4m ago · GitHub could not answer with the… runs (502) · r tries now"),
        (44, "▲ as of 4m ago · GitHub… (502) · r tries now"),
    ],
)
def test_old_data_says_why_and_what_to_do_in_a_narrow_pane_too(width: int, shown: str) -> None:
    error = Problem(Kind.SERVER, "GitHub could not answer with the workflow runs (502)", status=502)
    line = notice.staleness(Section((), boards.ago(minutes=4), error), boards.NOW)
    assert text_of(piece.narrowed(line, width)) == shown


@given(st.lists(text, max_size=4), st.integers(0, 60))
def test_a_narrowed_line_keeps_to_its_width_and_is_whole_where_there_is_room(
    words: list[str], width: int
) -> None:
    line = [Piece(one) for one in words]
    shown = piece.narrowed(line, width)
    assert width_of(shown) <= width
    if width_of(line) <= width:
        assert shown == tuple(line)


def test_the_times_of_steps_stand_near_their_names() -> None:
    failed = boards.board().jobs[boards.FAILED.id].value[1]
    longest = max(cell_len(step.name) for step in failed.steps)
    for room in (60, 100, 160):
        lines = job.step_lines(failed, room, boards.NOW)
        ends = {cell_len(text_of(line[:3])) for line in lines}
        assert len(ends) == 1 and ends.pop() <= max(30, 2 + longest) + 8
        assert all(any(step.name in text_of(line) for line in lines) for step in failed.steps)
    later = [line[0] for line in lines if line[0].text.startswith("○")]
    assert later and all(piece_.tone is Tone.QUIET for piece_ in later)


def test_a_job_without_steps_has_no_lines_of_them() -> None:
    one = boards.board().jobs[boards.FAILED.id].value[1]
    assert job.step_lines(replace(one, steps=()), 90, boards.NOW) == []


def test_the_reason_stands_before_the_steps() -> None:
    board = boards.board()
    failed = board.jobs[boards.FAILED.id].value[1]
    lines = [text_of(line) for line in job.job_lines(failed, board.annotations[12], 90, boards.NOW)]
    reason = next(at for at, line in enumerate(lines) if "AssertionError" in line)
    steps = next(at for at, line in enumerate(lines) if "Run unit tests" in line)
    remedy = next(at for at, line in enumerate(lines) if line.startswith("What to try"))
    assert reason < steps < remedy
    assert all(cell_len(line) <= 90 for line in lines)


def test_a_job_that_is_held_is_not_measured_against_its_running_time() -> None:
    held = replace(boards.board().jobs[boards.WAITING.id].value[1], started_at=boards.ago(minutes=3))
    assert held.state is State.WAITING
    shown = text_of(job.title(held, 677.0, boards.NOW))
    assert shown == "◆ Deploy to production  waiting · for 3m 00s · usually takes 11m 17s"


@pytest.mark.parametrize(
    ("status", "conclusion", "told"),
    [
        ("completed", "failure", False),
        ("completed", "success", False),
        ("in_progress", None, False),
        ("queued", None, True),
        ("waiting", None, True),
    ],
)
def test_only_what_has_not_begun_is_said_to_wait(status: str, conclusion: str | None, told: bool) -> None:
    """GitHub may leave out when a job started."""
    made = replace(
        boards.job(1, 2, "test", status, conclusion), started_at=None, completed_at=None, runner="", attempt=1
    )
    assert ("waiting" in text_of(job.facts(made, boards.NOW))) is told


def test_a_held_job_says_who_may_answer_and_where() -> None:
    board = boards.board()
    (gate,) = (gate for gate in waiting(board, boards.NOW) if gate.run.id == boards.WAITING.id)
    shown = [text_of(line) for line in job.held_lines([gate], "2", 78, boards.NOW)]
    assert shown == ["◆ production: You may approve or reject this.", "  2 opens Deploys, where it is answered"]
    begun = replace(gate, pending=replace(gate.pending, wait_started_at=boards.ago(minutes=1)))
    assert any("wait timer until" in text_of(line) for line in job.held_lines([begun], "2", 78, boards.NOW))
    theirs = replace(gate, may=MayI(Answer.OTHERS, "You are not a reviewer: team release-managers can approve"))
    shown = [text_of(line) for line in job.held_lines([theirs], "2", 40, boards.NOW)]
    assert shown == ["◆ production: You are not a reviewer:", "  team release-managers can approve."]


def test_annotations_that_may_not_be_read_are_explained() -> None:
    board = boards.board()
    failed = board.jobs[boards.FAILED.id].value[1]
    refused = Section(None, None, Problem(Kind.PERMISSION, "Fine-grained tokens cannot read annotations"))
    shown = " ".join(text_of(line) for line in job.job_lines(failed, refused, 90, boards.NOW))
    assert "Fine-grained tokens cannot read annotations" in shown


def test_a_bar_is_never_empty_and_never_too_long() -> None:
    assert job.bar(0) == ""
    assert job.bar(0.0001) == "╸"
    assert len(job.bar(1)) == len(job.bar(7)) == 16


def test_tones_are_not_the_only_sign() -> None:
    for run in boards.board().runs.value:
        line = RunsPresenter().line(run, 100, boards.NOW)
        assert line[0].text.strip() or line[1].text.strip()
        assert any(one.tone is not Tone.PLAIN for one in line)


def test_a_sequence_of_signs_takes_the_cells_that_terminals_give_it() -> None:
    shown = piece.safe("family 👨‍👩‍👧‍👦 e\u0301 ✔\ufe0f 👍🏽")
    assert shown == "family 👨👩👧👦 é ✔ 👍"
    assert piece.safe("feature/x-1") == "feature/x-1"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("status:bogus", "no status bogus"),
        ("status:faild", "no status faild, failed?"),
        ("status:timed", ""),  # there is such a status, and no such run
        ("status:startup_failure status:gre", ""),
        ("branch:main status:", ""),
        ("workflow:schedled", "no workflow schedled, scheduled.yml?"),
        ("branch:mian", "no branch mian, main?"),
        ("event:push actor:nobody", "no actor nobody"),
        ("!status:bogus", "no status bogus"),
        ("bogus", ""),
    ],
)
def test_a_name_that_is_known_nowhere_is_said(typed: str, said: str) -> None:
    assert filter.doubt(filter.parse(typed), boards.board().runs.value) == said


@pytest.mark.parametrize("conclusion", [*_CONCLUSION, "a word GitHub adds later"])
def test_a_job_of_any_conclusion_has_its_place_in_the_graph(conclusion: str) -> None:
    run_id = boards.FAILED.id
    jobs = (
        boards.job(1, run_id, "lint", conclusion=conclusion),
        boards.job(2, run_id, "test", conclusion="failure"),
    )
    picture = free_picture(jobs, {}, "", finished=True)
    assert picture.node(picture.of_interest()) is not None
    assert {picture.job(node.key).id for node in picture.nodes} == {1, 2}
