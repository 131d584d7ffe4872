"""The form in which a graph is drawn: the roomiest one that shows the whole of it in the window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

import pytest

from relman.model.card import Form
from relman.model.drawing import Drawing
from relman.model.layout import Size
from relman.model.run import Job, WorkflowSource
from relman.model.workflow_reader import read_workflow
from relman.tui.present.graph import Painter, Picture, file_picture, free_picture
from tests.tui import boards

CI = """\
  lint: {runs-on: u}
  test: {runs-on: u}
  security: {runs-on: u}
  build: {runs-on: u, needs: [lint, test, security]}
  performance: {runs-on: u, needs: build}
"""
CD = """\
  build: {runs-on: u}
  deploy-staging: {runs-on: u, needs: build}
  deploy-production: {runs-on: u, needs: build}
  release: {runs-on: u, needs: deploy-production}
  rollback-production: {runs-on: u, needs: deploy-production}
"""
NAMES = {text: [line.split(":")[0].strip() for line in text.splitlines()] for text in (CI, CD)}
EXPECTED = {
    "lint": 146.0, "test": 397.0, "security": 133.0, "build": 182.0, "performance": 332.0,
    "deploy-staging": 290.0, "deploy-production": 656.0, "release": 8.0, "rollback-production": 0.0,
}  # fmt: skip
# The windows of the graph on the Pipeline screen in a terminal of 80 × 24, 120 × 36 and 160 × 45.
SMALL, MIDDLE, LARGE = Size(80, 7), Size(73, 15), Size(97, 20)
TERMINALS = {(80, 24): SMALL, (120, 36): MIDDLE, (160, 45): LARGE}
STATES = ("success", "in_progress", "")  # "": not created


def picture(text: str, states: Sequence[str]) -> Picture:
    made = []
    for id_, (name, state) in enumerate(zip(NAMES[text], states, strict=True), 1):
        if state:
            made.append(the_job(id_, name, state))
    file = read_workflow(f"on: push\njobs:\n{text}")
    return file_picture(
        WorkflowSource(".github/workflows/ci.yml", "main", "", file=file), tuple(made), EXPECTED, finished=False
    )


def the_job(id_: int, name: str, state: str) -> Job:
    over = state == "success"
    created, started = boards.ago(minutes=14, seconds=30), boards.ago(minutes=14)
    return Job(
        id=id_,
        run_id=1,
        attempt=1,
        name=name,
        status="completed" if over else state,
        conclusion=state if over else None,
        created_at=created,
        started_at=None if state == "queued" else started,
        completed_at=started + timedelta(minutes=12, seconds=34) if over else None,
        runner="u",
    )


def painted(shown: Picture, room: Size, painter: Painter | None = None) -> Drawing:
    return (painter or Painter()).paint(shown, shown.times(boards.NOW), None, room=room)


def text_of(drawing: Drawing) -> str:
    return "\n".join("".join(run.text for run in row) for row in drawing.rows)


@pytest.mark.parametrize(
    ("text", "room"),
    [(CI, SMALL), (CI, MIDDLE), (CI, LARGE), (CD, SMALL), (CD, LARGE)],
    ids=["CI-80x24", "CI-120x36", "CI-160x45", "CD-80x24", "CD-160x45"],
)
def test_the_reference_graphs_are_seen_whole_whatever_runs(text: str, room: Size) -> None:
    forms = set()
    for states in product(STATES, repeat=len(NAMES[text])):
        drawing = painted(picture(text, states), room)
        assert drawing.height <= room.height
        rows = [" " * drawing.margin + row for row in text_of(drawing).split("\n")]
        assert not any(row[room.width :].strip() for row in rows)
        shown = "\n".join(rows)
        assert "…" not in shown and all(name in shown for name in NAMES[text])
        forms.add(drawing.form)
    assert len(forms) == 1  # it does not change with every job that starts


def test_where_the_time_of_a_last_job_does_not_fit_its_name_does() -> None:
    for states in product(STATES, repeat=5):
        drawing = painted(picture(CD, states), MIDDLE)
        assert drawing.form is Form.FLAT
        rows = [row[: MIDDLE.width] for row in text_of(drawing).split("\n")]
        assert all(any(name in row for row in rows) for name in NAMES[CD])


@pytest.mark.parametrize("size", TERMINALS, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_these_are_the_windows_of_the_screen(size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("j")  # to a run without a remark above its graph
        await pilot.pause()
        there = app.screen.query_one("#graph-view").size
        assert Size(there.width, there.height) == TERMINALS[size]


@pytest.mark.parametrize(
    ("text", "room", "form"),
    [(CI, LARGE, Form.ROOMY), (CI, MIDDLE, Form.SNUG), (CI, SMALL, Form.FLAT), (CD, SMALL, Form.FLAT)],
)
def test_the_roomiest_form_that_fits(text: str, room: Size, form: Form) -> None:
    assert painted(picture(text, ["success"] * 5), room).form is form


def test_lines_stay_free_between_flat_boxes_where_there_is_room() -> None:
    assert painted(picture(CI, ["success"] * 5), Size(80, 7)).height == 5
    assert painted(picture(CI, ["success"] * 5), Size(80, 4)).height == 3


def many(count: int) -> Picture:
    jobs = "".join(f"  job-{n}: {{runs-on: u}}\n" for n in range(count))
    jobs += f"  last: {{runs-on: u, needs: [{', '.join(f'job-{n}' for n in range(count))}]}}\n"
    file = read_workflow(f"on: push\njobs:\n{jobs}")
    return file_picture(
        WorkflowSource(".github/workflows/ci.yml", "main", "", file=file), (), {}, finished=False
    )


def test_what_fits_in_no_form_keeps_its_boxes_where_the_window_is_high() -> None:
    tall = painted(many(40), Size(97, 24))
    assert (tall.form, tall.height) == (Form.ROOMY, 40 * 4 - 1)
    short = painted(many(40), SMALL)
    assert (short.form, short.height) == (Form.FLAT, 40)
    assert painted(many(9), Size(97, 24)).form is Form.FLAT  # nine that run are nine times two rows


def test_another_window_is_another_form_and_the_way_back() -> None:
    painter, shown = Painter(), picture(CI, ["success", "in_progress", "queued", "", ""])
    rooms = (Size(0, 0), LARGE, SMALL, Size(0, 0), SMALL, MIDDLE, LARGE)
    forms = [painted(shown, room, painter).form for room in rooms]
    assert forms == [painted(shown, room).form for room in rooms]


def test_jobs_without_edges_stand_side_by_side_in_every_form() -> None:
    jobs = tuple(the_job(n, f"job-{n}", "success") for n in range(1, 13))
    shown = free_picture(jobs, {}, "no file", finished=True)
    for room in (SMALL, MIDDLE, LARGE):
        drawing = painted(shown, room)
        assert drawing.width + 2 * drawing.margin <= room.width
        assert len({box.x for box in drawing.layout.boxes}) > 1
