"""The Pipeline screen on boards made by hand: what it shows, what keys do, what survives a refresh."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from relman.errors import Kind, Problem, RelmanError
from relman.model.board import Board, Section
from relman.model.drawing import Spot
from relman.model.run import WorkflowSource
from relman.tui.app import RelmanApp
from relman.tui.screens.pipeline import PipelineScreen
from relman.tui.selected import Selected
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.moves import Move
from tests.tui import boards

SIZES = [(80, 24), (120, 36), (160, 45)]


def pipeline(app: RelmanApp) -> PipelineScreen:
    screen = app.screen
    assert isinstance(screen, PipelineScreen)
    return screen


@pytest.mark.parametrize("size", SIZES)
async def test_first_frame_shows_the_kept_board(size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = boards.dump(app)
        lines = text.split("\n")
        assert "agentic-b" in lines[0]
        assert "v1.8.2" in lines[0]
        assert "5s" in lines[0]  # the age of the data
        assert "CD #218" in text and "Release v1.9.0" in text
        assert "Deploy to production" in text
        assert "Open" in lines[-1]
        assert len(lines) == size[1]
        assert app.watch_.started == 1


@pytest.mark.parametrize("size", SIZES)
async def test_graph_of_a_running_run(size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("j")
        await pilot.pause()
        await pilot.pause()
        text = boards.dump(app)
        assert "◐ test" in text and "fast" in text and "full" in text
        assert pipeline(app).job is not None and pipeline(app).job.name == "test"
        for name in ("lint", "security", "build ", "performance ", "5m50s", "5m 50s of usually 7m 00s"):
            assert name in text
        assert ("5m50s/7m00s" in text) is (size[0] == 160)  # beside the bar, where there is room
        assert ("Run integration tests" in text) is (size[0] > 80)


async def test_a_failed_job_says_why_and_what_to_try() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 64)) as pilot:
        await pilot.press("j", "j")
        await pilot.pause()
        text = boards.dump(app)
        assert "tests/unit/test_rbac.py:42" in text
        assert "assert 403 == 200" in text
        assert "What to try: test failure" in text
        assert "pytest tests/ -v" in text
        await pilot.press("C")
        assert app.clipboard.startswith("docker-compose up -d redis qdrant\npytest tests/ -v")


async def test_walk_along_the_edges() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j", "enter")
        screen = pipeline(app)
        assert screen.focused is screen._graph
        seen = []
        for key in ("g", "j", "l", "l", "h", "h", "k"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(screen._graph.selected)
        assert seen == ["lint", "test", "build", "performance", "build", "test", "lint"]
        await pilot.press("enter")
        assert screen.focused is screen._lines
        await pilot.press("escape", "escape")
        assert screen.focused is screen._runs


async def test_a_click_selects_a_box_and_runs_nothing() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j")
        await pilot.pause()
        screen = pipeline(app)
        box = screen._graph.drawing.layout.by_key["build"]
        await pilot.click("#graph-view", offset=(box.x + 4, box.y + 1))
        await pilot.pause()
        assert screen._graph.selected == "build"
        assert "not created yet" in boards.dump(app).lower()
        await pilot.click("#runs-list", offset=(6, 4))
        await pilot.pause()
        assert screen.run_shown.id == boards.run(410).id
        assert boards.OPENED == [] and app.watch_.poller.refreshed == 0


async def test_selection_is_by_id_when_rows_move() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "j")
        screen = pipeline(app)
        chosen = screen.run_shown
        first = app.board.runs
        newer = [boards.run(number, "in_progress", None) for number in range(500, 505)]
        app.watch_.store.publish(replace(app.board, runs=Section((*newer, *first.value), boards.NOW)))
        await pilot.pause()
        assert screen.run_shown == chosen
        assert screen.url == chosen.url
        left = tuple(run for run in first.value if run.id != chosen.id)
        app.watch_.store.publish(replace(app.board, runs=Section(left, boards.NOW)))
        await pilot.pause()
        assert screen.run_shown is not None and screen.run_shown != chosen


async def test_chosen_job_survives_every_refresh() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j", "enter", "k")
        await pilot.pause()
        screen = pipeline(app)
        assert screen._graph.selected == "lint"
        for took in range(5):
            jobs = tuple(
                replace(job, completed_at=boards.ago(seconds=took)) if job.name == "security" else job
                for job in app.board.jobs[boards.RUNNING.id].value
            )
            section = Section(tuple(reversed(jobs)), boards.NOW)
            app.watch_.store.publish(replace(app.board, jobs={**app.board.jobs, boards.RUNNING.id: section}))
            await pilot.pause()
        assert screen._graph.selected == "lint" and screen.job.name == "lint"


async def test_filter_and_its_way_back() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("slash")
        for character in "status:failed":
            await pilot.press("colon" if character == ":" else character)
        await pilot.pause()
        screen = pipeline(app)
        assert [run.number for run in screen._runs.items] == [411]
        await pilot.press("enter")
        assert screen.focused is screen._runs
        assert "status:failed" in boards.dump(app)
        await pilot.press("escape")
        assert len(screen._runs.items) == len(app.board.runs.value)
        await pilot.press("slash", "z", "z", "z")
        await pilot.pause()
        assert "No run fits the filter" in boards.dump(app)
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen._runs.items) == len(app.board.runs.value)
        assert app.is_running


async def test_an_ellipsis_stands_where_the_graph_goes_on() -> None:
    wider = "  publish-to-the-registry: {needs: performance, runs-on: u, steps: [{run: a}]}\n"
    source = WorkflowSource(boards.RUNNING.path, boards.RUNNING.sha, boards.CI + wider)
    app = boards.app(_with(boards.board(), sources={boards.RUNNING.id: Section(source, boards.NOW)}))
    async with app.run_test(size=(72, 24)) as pilot:
        await pilot.press("j", "enter")
        await pilot.pause()

        def rows() -> list[str]:
            lines = boards.dump(app).split("\n")
            top = next(at for at, line in enumerate(lines) if "CI #412  running" in line)
            bottom = next(
                at for at, line in enumerate(lines) if line.startswith((" ◐ test  run", " ○ publish"))
            )
            return [line.ljust(72) for line in lines[top + 1 : bottom]]

        right = [row for row in rows() if "performance" in row]
        assert right and all(row.rstrip().endswith("…") for row in right)
        assert not any(row.startswith("…") for row in rows())
        await pilot.press("l", "l", "l")
        await pilot.pause()
        left = [row for row in rows() if "performance" in row]
        assert left and all(row.startswith("…") and not row.rstrip().endswith("…") for row in left)


async def test_what_waits_names_the_way_to_its_answer() -> None:
    app = boards.app(keys={"go-deploys": "f2"})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g")
        await pilot.pause()
        text = boards.dump(app)
        assert "◆ production: You may approve or reject this." in text
        assert "f2 opens Deploys" in text


async def test_a_file_that_may_differ_is_a_footnote_and_one_that_does_a_warning() -> None:
    doubt = "GitHub ran the file of the merge commit"
    run_id = boards.RUNNING.id
    board = boards.board()
    unsure = replace(board.sources[run_id].value, exact=False, reason=doubt)
    sources = {**board.sources, run_id: Section(unsure, boards.NOW)}
    app = boards.app(replace(board, sources=sources))
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j")
        await pilot.pause()
        assert f"Edges may differ: {doubt}." in boards.dump(app) and "not exact" not in boards.dump(app)
        other = replace(unsure, text=unsure.text.replace("lint", "format"))
        app.watch_.store.publish(replace(app.board, sources={**sources, run_id: Section(other, boards.NOW)}))
        await pilot.pause()
        assert f"▲ not exact: {doubt}; " in boards.dump(app) and "Edges may differ" not in boards.dump(app)


async def test_a_run_that_ended_without_jobs_promises_none() -> None:
    board = boards.board()

    def without(conclusion: str, error: Problem | None = None) -> Board:
        run = replace(boards.FAILED, conclusion=conclusion)
        jobs = {run.id: Section((), boards.NOW, error)}
        return replace(board, runs=Section((run,), boards.NOW), jobs=jobs, pending={})

    app = boards.app(without("failure"))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        text = boards.dump(app)
        assert "This run ended without jobs" in text and "none will come" in text
        assert "not created yet" not in text.lower() and pipeline(app).node is None
        app.watch_.store.publish(without("success"))
        await pilot.pause()
        assert "GitHub has not listed them yet" in boards.dump(app)
        cut = Problem(Kind.SERVER, "GitHub gave 0 of 5 jobs")
        app.watch_.store.publish(without("failure", cut))
        await pilot.pause()
        assert "▲ GitHub gave 0 of 5 jobs" in boards.dump(app) and "ended without" not in boards.dump(app)


async def test_a_job_that_a_run_that_is_over_never_had_is_not_promised() -> None:
    board = boards.board()
    jobs = tuple(job for job in board.jobs[boards.FAILED.id].value or () if job.name != "build")
    app = boards.app(replace(board, jobs={**board.jobs, boards.FAILED.id: Section(jobs, boards.NOW)}))
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j", "j", "enter", "l")
        await pilot.pause()
        assert pipeline(app).node is not None and pipeline(app).node.key == "build"
        assert "Not in this run: it ended" in boards.dump(app)


async def test_the_title_of_a_log_names_the_run_as_the_list_does() -> None:
    app = boards.app()

    async def soon(*_: object) -> Path:
        raise RelmanError(Problem(Kind.NOT_YET, "not yet"))

    app.watch_.fetch = SimpleNamespace(job_log=soon)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "L")
        await pilot.pause()
        assert " CI #411 · test " in boards.dump(app)
    long = replace(boards.FAILED, name="Continuous integration, delivery and everything else " * 2)
    board, name = boards.board(), "test (integration, linux, 3.12)"
    jobs = {long.id: Section((boards.job(12, long.id, name),), boards.NOW)}
    app = boards.app(replace(board, runs=Section((long,), boards.NOW), jobs=jobs))
    app.watch_.fetch = SimpleNamespace(job_log=soon)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g", "L")
        await pilot.pause()
        assert f"… #411 · {name} " in boards.dump(app)


async def test_typing_a_filter_does_not_wander() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "j", "slash")
        screen = pipeline(app)
        begun = screen.run_shown
        assert begun is not None
        for letter in "number 385":  # each beginning of it fits other runs
            await pilot.press(letter if letter != " " else "space")
            await pilot.pause()
            runs = screen._runs.items
            assert screen.run_shown == (begun if begun in runs else runs[0])
        assert screen.run_shown.number == 385
        await pilot.press("escape")  # taken back
        await pilot.pause()
        assert screen.run_shown == begun


async def test_search_in_the_graph() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j", "enter", "g", "slash", "e", "enter")
        await pilot.pause()
        screen = pipeline(app)
        assert screen._graph.selected == "test"
        found = []
        for key in ("n", "n", "N"):
            await pilot.press(key)
            await pilot.pause()
            found.append(screen._graph.selected)
        assert found == ["security", "performance", "security"]


async def test_a_search_in_the_graph_begins_where_one_is_and_says_when_nothing_fits() -> None:
    app = boards.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "enter", "g", "slash")
        screen = pipeline(app)
        chosen = []
        for key in ("t", "x", "backspace", "backspace"):
            await pilot.press(key)
            await pilot.pause()
            chosen.append(screen._graph.selected)
            assert ("no job of that name" in boards.dump(app)) is (key == "x")
        assert chosen == ["lint", "lint", "lint", "lint"]
        await pilot.press(*"perf")
        await pilot.pause()
        assert screen._graph.selected == "performance"
        await pilot.press("escape")  # taken back
        await pilot.pause()
        assert screen._graph.selected == "lint"
        await pilot.press("slash", *"nowhere", "enter", "n")
        await pilot.pause()
        assert [one.message for one in app._notifications] == ["No job of that name: nowhere"]


async def test_search_in_the_job() -> None:
    app = boards.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "j", "tab", "tab", "slash", *"UNIT", "enter")
        await pilot.pause()
        screen = pipeline(app)
        lines = screen._lines
        assert screen.focused is lines and screen.node.key == "test"
        assert lines.hits == (1, 3) and "find UNIT  1/3" in boards.dump(app)
        places = []
        for key in ("n", "n", "N"):
            await pilot.press(key)
            await pilot.pause()
            places.append(lines.hits[0])
            shown = [line for line in boards.dump(app).split("\n") if line.startswith("▌") and "unit" in line]
            assert len(shown) == 1
        assert places == [2, 3, 2]
        assert "Run unit tests" in shown[0]
        assert "Find text" in boards.dump(app).split("\n")[-1]
        await pilot.press("slash", "z", "z")
        await pilot.pause()
        assert "not found" in boards.dump(app)
        await pilot.press("escape", "escape")  # takes the new words back, then ends the search
        await pilot.pause()
        assert screen.focused is lines and not lines.searching
        await pilot.press("escape")
        assert screen.focused is screen._graph


async def test_what_a_key_acts_on_is_an_identity() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j")
        await pilot.pause()
        screen = pipeline(app)
        run = boards.FAILED
        assert screen.selected() == Selected(run_id=run.id, attempt=1, sha=run.sha)
        await pilot.press("tab")
        assert screen.selected() == Selected(run_id=run.id, attempt=1, job_id=12, sha=run.sha)
        newer = tuple(boards.run(number, "in_progress", None) for number in range(500, 505))
        app.watch_.store.publish(replace(app.board, runs=Section((*newer, *app.board.runs.value), boards.NOW)))
        await pilot.pause()
        assert screen.selected().run_id == run.id
    empty = boards.app(Board("a/b"))
    async with empty.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert pipeline(empty).selected() == Selected()


async def test_nothing_of_the_run_before_is_within_reach_of_a_key() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j", "tab")
        await pilot.pause()
        screen = pipeline(app)
        assert screen.run_shown == boards.FAILED and screen.job is not None
        screen._runs.move(Move.UP)  # and the graph is not drawn yet
        assert screen.run_shown == boards.RUNNING
        assert screen.job is None and screen.node is None and screen.picture is None
        assert screen.selected() == Selected(run_id=boards.RUNNING.id, attempt=1, sha=boards.RUNNING.sha)
        assert screen.url == boards.RUNNING.url and screen.remedy is None
        screen.tick()
        assert screen._job_pane.notice is None  # and it does not say meanwhile that there is no job
        await pilot.pause()
        assert screen.job is not None and screen.job.run_id == boards.RUNNING.id
        again = replace(boards.FAILED, attempt=2, status="queued", conclusion=None)
        screen._runs.move(Move.DOWN)
        await pilot.pause()
        assert screen.picture is not None and screen.picture.shows(boards.FAILED)
        assert not screen.picture.shows(again)


async def test_what_was_chosen_in_the_graph_of_the_run_before_is_not_chosen_in_this_one() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j", "j", "tab")
        await pilot.pause()
        screen = pipeline(app)
        assert screen._graph.selected == "test"
        screen._graph.choose(Spot("lint"))
        screen._graph.open()
        screen._runs.move(Move.UP)
        screen._show_run()  # before the graph was heard
        await pilot.pause()
        assert screen.run_shown == boards.RUNNING and screen._graph.selected == "test"
        assert screen.focused is screen._graph


async def test_the_footer_says_what_slash_does_here() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        said = []
        for key in ("j", "tab", "tab"):
            await pilot.press(key)
            await pilot.pause()
            said.append(
                next(entry.text for entry in app.screen.query_one(KeyBar).entries if entry.shown == "/")
            )
        assert said == ["Filter", "Find job", "Find text"]


async def test_q_typed_into_the_filter_does_not_quit() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("slash", "q", "r")
        assert app.is_running
        assert app.screen.query_one("#prompt-input", Input).value == "qr"


async def test_zoom() -> None:
    app = boards.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "enter", "z")
        await pilot.pause()
        screen = pipeline(app)
        assert screen._graph.size.height >= 18 and not screen._runs_pane.display
        assert "security" in boards.dump(app)
        await pilot.press("tab")
        await pilot.pause()
        assert screen.focused is screen._lines and screen._lines.size.height >= 18
        await pilot.press("escape")
        await pilot.pause()
        assert screen._runs_pane.display


async def test_every_plain_key() -> None:
    boards.OPENED.clear()
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j")
        await pilot.press("y")
        assert app.clipboard == boards.RUNNING.url
        await pilot.press("Y")
        assert app.clipboard == boards.RUNNING.sha
        await pilot.press("o")
        assert [boards.RUNNING.url] == boards.OPENED
        await pilot.press("r")
        assert app.watch_.poller.refreshed == 1
        screen = pipeline(app)
        await pilot.press("G")
        assert screen.run_shown.number == 381
        await pilot.press("g")
        assert screen.run_shown.number == 218
        await pilot.press("ctrl+d", "ctrl+u", "pagedown", "pageup", "down", "up", "end", "home")
        assert screen.run_shown.number == 218
        await pilot.press("shift+tab")
        assert screen.focused is screen._lines
        await pilot.press("tab")
        assert screen.focused is screen._runs
        await pilot.press("escape", "escape", "escape")
        assert app.is_running
        await pilot.press("q")
    assert app.return_code == 0
    boards.OPENED.clear()


async def test_ctrl_c_quits_even_while_typing() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("slash", "a", "ctrl+c")
    assert app.return_code == 0


async def test_the_poller_knows_what_is_in_view() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "j")
        await pilot.pause()
        view = app.watch_.poller.views[-1]
        assert (view.screen, view.run_id, view.job_id) == ("pipeline", boards.FAILED.id, 12)


def _with(board: Board, **sections: object) -> Board:
    return replace(board, **sections)


STATES = {
    "first time": (
        lambda: Board("acme/agentic-backend"),
        "Reading the runs",
    ),
    "no token": (
        lambda: Board("a/b", runs=Section(None, None, Problem(Kind.AUTH, "No token was found"))),
        "Set GH_TOKEN",
    ),
    "refused": (
        lambda: Board(
            "a/b",
            runs=Section(
                None, None, Problem(Kind.PERMISSION, "The token may not read runs", "needs actions: read")
            ),
        ),
        "needs actions: read",
    ),
    "no network": (
        lambda: Board("a/b", runs=Section(None, None, Problem(Kind.NETWORK, "GitHub cannot be reached"))),
        "tries again by itself",
    ),
    "empty": (
        lambda: Board("acme/agentic-backend", runs=Section((), boards.NOW)),
        "No workflow has run yet",
    ),
    "stale": (
        lambda: _with(
            boards.board(),
            runs=replace(
                boards.board().runs,
                fetched_at=boards.ago(minutes=4),
                error=Problem(Kind.NETWORK, "GitHub did not answer"),
            ),
        ),
        "as of 4m ago",
    ),
    "outage": (
        lambda: _with(
            boards.board(),
            runs=replace(
                boards.board().runs,
                fetched_at=boards.ago(minutes=4),
                error=Problem(Kind.SERVER, "GitHub could not answer with the workflow runs (502)"),
            ),
        ),
        "(502) · r tries now",
    ),
    "jobs refused": (
        lambda: _with(
            boards.board(),
            runs=Section((boards.run(410),), boards.NOW),
            jobs={1410: Section(None, None, Problem(Kind.PERMISSION, "The token may not read the jobs"))},
            sources={1410: boards.board().sources[boards.RUNNING.id]},
        ),
        "The token may not read the jobs",
    ),
    "startup failure": (
        lambda: _with(
            boards.board(),
            runs=Section((boards.run(412, conclusion="startup_failure"),), boards.NOW),
            jobs={1412: Section((), boards.NOW)},
        ),
        "GitHub could not start this run",
    ),
    "bad workflow file": (
        lambda: _with(
            boards.board(),
            runs=Section((boards.RUNNING,), boards.NOW),
            sources={boards.RUNNING.id: Section(WorkflowSource("ci.yml", "x", "jobs: [nothing"), boards.NOW)},
        ),
        "without edges",
    ),
    "file refused": (
        lambda: _with(
            boards.board(),
            runs=Section((boards.RUNNING,), boards.NOW),
            sources={boards.RUNNING.id: Section(None, None, Problem(Kind.PERMISSION, "needs contents: read"))},
        ),
        "needs contents: read",
    ),
}


async def test_without_a_run_the_message_has_the_screen_and_no_key_lies() -> None:
    problem = Problem(
        Kind.SSO, "Not authorised", "words " * 60, "Authorise it at https://github.com/orgs/acme/sso"
    )
    app = boards.app(Board("acme/agentic-backend", runs=Section(None, None, problem)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "https://github.com/orgs/acme/sso" in boards.dump(app)
        keys = {entry.text for entry in app.screen.query_one(KeyBar).entries}
        assert keys == {"Help", "Refresh", "Commands", "Quit"}
        app.watch_.store.publish(boards.board())
        await pilot.pause()
        await pilot.pause()
        assert "CD #218" in boards.dump(app) and "deploy" in boards.dump(app).lower()
        assert app.screen.focused is app.screen._runs


async def test_runs_that_go_and_come_back_have_the_focus_again() -> None:
    app = boards.app(boards.board())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        app.watch_.store.publish(replace(boards.board(), runs=Section((), boards.NOW)))
        await pilot.pause()
        assert app.screen.focused is None
        app.watch_.store.publish(boards.board())
        await pilot.pause()
        assert app.screen.focused is app.screen._runs
        before = app.screen._runs.key
        await pilot.press("j")
        assert app.screen._runs.key != before


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STATES)
async def test_designed_states(name: str, size: tuple[int, int]) -> None:
    make, words = STATES[name]
    app = boards.app(make())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("tab", "j", "h", "l", "slash", "escape", "escape")
        text = " ".join(boards.dump(app).split())
        assert words in text
        assert app.is_running


async def test_a_followed_run_stays_in_front_when_the_filter_loses_it() -> None:
    """Run again from among the failed ones: the answer that it runs may come before or after it is followed."""
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("slash", *"status:failure", "enter")
        pipeline(app).follow(boards.FAILED.id)
        await pilot.pause()
        assert len(pipeline(app)._runs.items) == 1  # it still counts as failed
        again = replace(boards.FAILED, status="in_progress", conclusion=None, attempt=2)
        runs = tuple(again if run.id == again.id else run for run in app.board.runs.value or ())
        app.watch_.store.publish(replace(app.board, runs=Section(runs, boards.NOW)))
        await pilot.pause()
        assert pipeline(app).run_shown == again
        await pilot.press("slash", *"status:success", "enter")
        await pilot.pause()
        assert pipeline(app).run_shown != again  # a filter that is set after it holds
