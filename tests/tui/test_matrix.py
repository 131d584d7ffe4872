"""A matrix in the graph: folded with counts, opened, and each of its jobs within reach."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from relman.model.board import Board, Section
from relman.model.drawing import Spot
from relman.model.run import Job, WorkflowSource
from relman.tui.app import RelmanApp
from relman.tui.screens.pipeline import PipelineScreen
from tests.tui import boards

RUN = boards.RUNNING.id
FILE = """\
on: push
jobs:
  prepare: {runs-on: u, steps: [{run: a}]}
  test:
    needs: prepare
    strategy: {matrix: {python: ["3.11", "3.12", "3.13"], os: [linux, mac]}}
    runs-on: u
    steps: [{run: a}]
  publish: {needs: test, runs-on: u, steps: [{run: a}]}
"""
MEMBERS = [f"test ({version}, {system})" for version in ("3.11", "3.12", "3.13") for system in ("linux", "mac")]


def board(*failed: str, file: str = FILE) -> Board:
    jobs: list[Job] = [boards.job(500, RUN, "prepare", start=700)]
    for number, name in enumerate(MEMBERS, 501):
        jobs.append(boards.job(number, RUN, name, conclusion="failure" if name in failed else "success"))
    first = boards.board()
    source = WorkflowSource(boards.RUNNING.path, boards.RUNNING.sha, file)
    return replace(
        first,
        jobs={**first.jobs, RUN: Section(tuple(jobs), boards.NOW)},
        sources={**first.sources, RUN: Section(source, boards.NOW)},
    )


def screen_of(app: RelmanApp) -> PipelineScreen:
    screen = app.screen
    assert isinstance(screen, PipelineScreen)
    return screen


async def opened(pilot: Pilot[None]) -> None:
    """In the opened matrix: its box is what asks for attention."""
    await pilot.press("j", "enter", "enter")
    await pilot.pause()


async def test_every_job_of_an_opened_matrix_can_be_chosen() -> None:
    app = boards.app(board("test (3.12, mac)", "test (3.13, linux)"))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "enter")
        await pilot.pause()
        assert "×2 ✓4" in boards.dump(app) and "3.12, mac " not in boards.dump(app)
        await pilot.press("enter")
        await pilot.pause()
        screen = screen_of(app)
        assert screen.job is not None and screen.job.name == "test (3.12, mac)"  # the first that failed
        seen = []
        for _ in MEMBERS:
            await pilot.press("j")
            await pilot.pause()
            seen.append(screen.job.name)
            label = seen[-1].removeprefix("test (").removesuffix(")")
            assert any("▶" in line and label in line for line in boards.dump(app).split("\n"))
            assert f"{seen[-1]}  " in boards.dump(app)  # the pane below
        assert seen == MEMBERS
        await pilot.press("j")  # nothing stands below
        await pilot.pause()
        assert screen.job.name == MEMBERS[-1]
        assert screen.selected().job_id is not None and app.watch_.poller.views[-1].job_id == screen.job.id


async def test_a_chosen_job_stays_chosen_through_refreshes_and_leaves_with_its_run() -> None:
    app = boards.app(board("test (3.12, mac)"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("j", "j")
        await pilot.pause()
        screen = screen_of(app)
        chosen = screen.job
        assert chosen is not None and chosen.name == MEMBERS[1]
        app.watch_.store.publish(board("test (3.11, linux)"))
        await pilot.pause()
        assert screen.job is not None and screen.job.id == chosen.id
        others = tuple(replace(job, id=job.id + 100) for job in app.board.jobs[RUN].value or ())
        app.watch_.store.publish(
            replace(app.board, jobs={**app.board.jobs, RUN: Section(others, boards.NOW)})
        )  # run again: other jobs
        await pilot.pause()
        assert screen._graph.spot == Spot("test") and screen.job.name == "test (3.11, linux)"


async def test_enter_on_a_job_of_the_matrix_leads_to_it_and_on_the_box_closes_it() -> None:
    app = boards.app(board())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "enter", "g", "l", "enter", "j", "enter")
        await pilot.pause()
        screen = screen_of(app)
        assert screen.focused is screen._lines and screen.job is not None and screen.job.name == MEMBERS[0]
        await pilot.press("escape", "k", "enter")
        await pilot.pause()
        assert "✓6" in boards.dump(app) and "3.12, mac" not in boards.dump(app)


async def test_the_search_in_the_graph_finds_jobs_of_an_opened_matrix() -> None:
    app = boards.app(board())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("j", "enter", "g", "l", "enter", "slash", *"3.12", "enter")
        await pilot.pause()
        screen = screen_of(app)
        assert screen.job is not None and screen.job.name == "test (3.12, linux)"
        await pilot.press("n")
        await pilot.pause()
        assert screen.job.name == "test (3.12, mac)"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_click_chooses_a_job_of_the_matrix(size: tuple[int, int]) -> None:
    app = boards.app(board("test (3.12, mac)"))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        lines = boards.dump(app).split("\n")
        y = next(at for at, line in enumerate(lines) if "✓ 3.11, mac" in line)
        await pilot.click(offset=(lines[y].index("✓ 3.11, mac") + 3, y))
        await pilot.pause()
        screen = screen_of(app)
        assert screen.job is not None and screen.job.name == "test (3.11, mac)"


async def test_jobs_without_edges_stand_side_by_side_and_each_is_in_reach() -> None:
    flat = "on: push\njobs:\n" + "".join(
        f"  job-{number}: {{runs-on: u, steps: [{{run: a}}]}}\n" for number in range(7)
    )
    first = board(file=flat)
    jobs = tuple(boards.job(700 + number, RUN, f"job-{number}") for number in range(7))
    app = boards.app(replace(first, jobs={**first.jobs, RUN: Section(jobs, boards.NOW)}))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j", "enter", "g")
        await pilot.pause()
        screen = screen_of(app)
        reached = {screen._graph.selected}
        for keys in ("j", "kl", "j", "kl", "j", "kl"):
            await pilot.press(*keys)
            await pilot.pause()
            reached.add(screen._graph.selected)
        lines = boards.dump(app).split("\n")
        assert any(all(f"job-{number}" in line for number in (0, 2, 4, 6)) for line in lines)
        assert reached == {f"job-{number}" for number in range(7)}
