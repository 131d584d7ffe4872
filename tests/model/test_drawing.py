from __future__ import annotations

import unicodedata
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timed_jobs import NOW, USUAL, job

from relman.model.card import Card, Form, Row, card_size
from relman.model.cards import draw, file_cards, run_cards
from relman.model.cells import cut, pad, steady, width
from relman.model.drawing import Direction, Drawing, Role, Spot, paint
from relman.model.graph import build, reconcile
from relman.model.layout import Size, arrange
from relman.model.run import Job
from relman.model.state import Tone
from relman.model.timing import time_run
from relman.model.workflow_reader import read_workflow


class Box(NamedTuple):
    key: str
    level: int
    needs: tuple[str, ...] = ()


REFERENCE = """\
  lint: {runs-on: u}
  test: {runs-on: u}
  security: {runs-on: u}
  build: {runs-on: u, needs: [lint, test, security]}
  performance: {runs-on: u, needs: build}
"""


def drawing_of(jobs: str, **options: object) -> Drawing:
    graph = build(read_workflow(f"on: push\njobs:\n{jobs}"))
    return draw(graph, file_cards(graph), path=graph.critical_path(), **options)  # type: ignore[arg-type]


def lines(drawing: Drawing) -> list[str]:
    return ["".join(run.text for run in row).rstrip() for row in drawing.rows]


def test_the_reference_pipeline() -> None:
    assert lines(drawing_of(REFERENCE, gap=0)) == [
        "┏━━━━━━━━━━┓",
        "┃ lint     ┣━┓",
        "┗━━━━━━━━━━┛ ┃",
        "┌──────────┐ ┃ ┏━━━━━━━┓   ┏━━━━━━━━━━━━━┓",
        "│ test     ├─╄━┫ build ┣━━━┫ performance ┃",
        "└──────────┘ │ ┗━━━━━━━┛   ┗━━━━━━━━━━━━━┛",
        "┌──────────┐ │",
        "│ security ├─┘",
        "└──────────┘",
    ]


def run_drawing(form: Form, selected: str | None = None) -> Drawing:
    jobs = [
        job("lint", "success", -100, -90, -30), job("test", "in_progress", -100, -60), job("security", "queued", -100),
    ]  # fmt: skip
    graph = build(read_workflow(f"on: push\njobs:\n{REFERENCE}"))
    run = reconcile(graph, jobs, False)
    times = time_run(run, USUAL, NOW)
    cards = run_cards(run, times)
    sizes = {key: card_size(card, form=form) for key, card in cards.items()}
    layout = arrange(graph.nodes, sizes, gap=0)
    return paint(layout, cards, form=form, selected=selected, path=times.critical)


def test_a_snug_box_has_the_time_beside_the_name_and_the_bar_below_both() -> None:
    assert lines(run_drawing(Form.SNUG)) == [
        "┌──────────────────┐",
        "│ ✓ lint     1m00s ├─┐",
        "└──────────────────┘ │",
        "┏━━━━━━━━━━━━━━━━━━┓ │ ┏━━━━━━━━━━━━━━━━┓   ┏━━━━━━━━━━━━━━━━━━━━━━┓",
        "┃ ◐ test     1m00s ┣━┿━┫ ○ build ~4m00s ┣━━━┫ ○ performance ~6m00s ┃",
        "┃ ━━────────────── ┃ │ ┗━━━━━━━━━━━━━━━━┛   ┗━━━━━━━━━━━━━━━━━━━━━━┛",
        "┗━━━━━━━━━━━━━━━━━━┛ │",
        "┌──────────────────┐ │",
        "│ ○ security 1m40s ├─┘",
        "└──────────────────┘",
    ]


def test_flat_boxes_are_lines_of_text_and_the_selected_one_has_a_bar_before_it() -> None:
    drawing = run_drawing(Form.FLAT, selected="test")
    assert lines(drawing) == [
        " ✓ lint     1m00s ─┐",
        "▌◐ test     1m00s ━┿━ ○ build ~4m00s ━━━ ○ performance ~6m00s",
        "▌  ━━────────────  │",
        " ○ security 1m40s ─┘",
    ]
    assert drawing.margin == 0 and run_drawing(Form.SNUG).margin == 1


def test_a_line_begins_at_the_end_of_a_flat_name_that_has_no_time() -> None:
    names = {"a": "a", "long-name": "long-name", "z": "z"}
    boxes = [Box("a", 0), Box("long-name", 0), Box("z", 1, ("a", "long-name"))]
    cards = {key: Card(name, "○", note="" if key == "a" else "~1m") for key, name in names.items()}
    layout = arrange(boxes, {key: card_size(card, form=Form.FLAT) for key, card in cards.items()}, gap=0)
    drawing = paint(layout, cards, form=Form.FLAT)
    assert lines(drawing) == [" ○ a ─────────────┬─ ○ z ~1m", " ○ long-name ~1m ─┘"]
    assert drawing.at(8, 0) == "a"


@pytest.mark.parametrize("form", Form)
def test_every_form_is_as_large_as_measured(form: Form) -> None:
    drawing = run_drawing(form)
    for row in drawing.rows:
        assert width("".join(run.text for run in row)) == drawing.width
    assert not any("…" in line for line in lines(drawing))


def test_lines_that_only_cross_make_no_junction() -> None:
    shown = "\n".join(
        lines(
            drawing_of(
                "  a: {runs-on: u}\n  b: {runs-on: u}\n  c: {runs-on: u}\n"
                "  x: {runs-on: u, needs: [a, b]}\n  y: {runs-on: u, needs: [b, c]}\n"
                "  z: {runs-on: u, needs: [a, c]}\n"
            )
        )
    )
    assert "┼" not in shown and "╋" not in shown


def test_rows_are_as_wide_as_the_drawing_and_say_whose_they_are() -> None:
    drawing = drawing_of(REFERENCE)
    assert len(drawing.rows) == drawing.height
    for y, row in enumerate(drawing.rows):
        x = 0
        for run in row:
            for _ in range(width(run.text)):
                assert drawing.at(x, y) == run.key
                x += 1
        assert x == drawing.width


def test_moves() -> None:
    drawing = drawing_of(REFERENCE)
    assert drawing.neighbour("lint", "l") == "build"
    assert drawing.neighbour("build", "h") == "test"  # the nearest of three
    assert drawing.neighbour("lint", Direction.DOWN) == "test"
    assert drawing.neighbour("test", "k") == "lint"
    for key, direction in [
        ("lint", "k"),
        ("security", "j"),
        ("lint", "h"),
        ("performance", "l"),
        ("nobody", "l"),
    ]:
        assert drawing.neighbour(key, direction) is None


def test_the_selected_box_and_its_edges_are_lit() -> None:
    graph = build(read_workflow(f"on: push\njobs:\n{REFERENCE}"))
    drawing = draw(graph, file_cards(graph), selected="build")
    lit = {run.key for row in drawing.rows for run in row if run.style.lit and run.key}
    assert lit == {"build"}
    edges = [run for row in drawing.rows for run in row if run.style.role is Role.LINE]
    assert edges and all(run.style.lit for run in edges)


def box_of(card: Card, size: Size | None = None, form: Form = Form.ROOMY) -> Drawing:
    graph = build(read_workflow("on: push\njobs: {a: {runs-on: u}}"))
    return paint(arrange(graph.nodes, {"a": size or card_size(card, form=form)}), {"a": card}, form=form)


def test_the_bar_shows_elapsed_against_expected() -> None:
    half = box_of(Card("a", "◐", Tone.ACTIVE, "1m", progress=0.5, goal="2m"))
    assert "1m/2m" in lines(half)[2]
    bar = [(run.style.role, len(run.text)) for run in half.rows[2] if run.style.role in (Role.BAR, Role.REST)]
    assert bar == [(Role.BAR, 3), (Role.REST, 3)]
    late = box_of(Card("a", "◐", Tone.ACTIVE, "9m", progress=1.5))
    assert any(run.style.role is Role.OVER for run in late.rows[2])
    assert not any(run.style.role is Role.REST for run in late.rows[2])


def test_what_does_not_fit_is_cut() -> None:
    drawing = box_of(
        Card("a very long name indeed", "✓", Tone.GOOD, "10m00s", rows=(Row("12345678901234567890"),)),
        Size(16, 4),
    )
    assert lines(drawing) == ["┌──────────────┐", "│ ✓ a … 10m00s │", "│ 12345678901… │", "└──────────────┘"]


def test_wide_characters_keep_the_border_straight() -> None:
    shown = lines(box_of(Card("測試 🚀 x", "✓", Tone.GOOD), Size(14, 3)))
    assert [width(line) for line in shown] == [14, 14, 14]


HOSTILE = st.text(
    alphabet=st.characters(codec="utf-8")
    | st.sampled_from("\x1b[]\x9b\u202e\u200d\ufe0f🚀👩测e\u0301\x00\n\t[/red]"),
    max_size=40,
)


@given(HOSTILE, HOSTILE, st.integers(8, 40), st.sampled_from(Form))
@settings(max_examples=300)
def test_hostile_names_stay_in_their_box(name: str, row: str, size: int, form: Form) -> None:
    card = Card(name, "✓", Tone.GOOD, "1m", 0.3, (Row(row, "×"),))
    drawing = box_of(card, Size(size, card_size(card, form=form).height), form)
    for painted in drawing.rows:
        text = "".join(run.text for run in painted)
        assert width(text) == drawing.width
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
        assert "\u202e" not in text and "\u200d" not in text


@given(st.text(max_size=30), st.integers(0, 20))
def test_cut_and_pad(text: str, cells: int) -> None:
    clean = steady(text)
    assert width(cut(clean, cells)) <= cells
    assert width(pad(clean, cells)) == cells
    if width(clean) <= cells:
        assert cut(clean, cells) == clean


def run_card(jobs: list[Job], text: str, opened: frozenset[str] = frozenset()) -> dict[str, Card]:
    run = reconcile(build(read_workflow(f"on: push\njobs:\n{text}"), opened), jobs, False)
    return run_cards(run, time_run(run, USUAL, NOW))


def test_cards_of_a_run() -> None:
    cards = run_card([job("lint", "success", -100, -90, -30), job("test", "in_progress", -100, -60)], REFERENCE)
    assert (cards["lint"].glyph, cards["lint"].note, cards["lint"].progress) == ("✓", "1m00s", None)
    assert (cards["test"].note, cards["test"].goal) == ("1m00s", "8m00s")
    assert cards["test"].progress == 60 / 480
    assert cards["build"].dim and cards["build"].note == "~4m00s"
    assert cards["test"].critical and not cards["lint"].critical


MATRIX = "  t: {runs-on: u, strategy: {matrix: {v: [1, 2, 3]}}}\n"


def test_a_folded_matrix_counts_and_an_opened_one_lists() -> None:
    jobs = [
        job("t (1)", "failure", 0, 0, 5),
        job("t (2)", "success", 0, 0, 65),
        job("t (3)", "in_progress", 0, 0),
    ]
    assert [row.text for row in run_card(jobs, MATRIX)["t"].rows] == ["×1 ◐1 ✓1"]
    rows = run_card(jobs, MATRIX, frozenset({"t"}))["t"].rows
    assert [(row.glyph, row.text, row.note) for row in rows] == [
        ("×", "1", "5s"),
        ("✓", "2", "1m05s"),
        ("◐", "3", ""),
    ]


def opened_matrix(row: str = "", form: Form = Form.ROOMY) -> Drawing:
    jobs = [job(f"t ({number})", "success", 0, 0, 5) for number in (1, 2, 3)]
    cards = run_card(jobs, MATRIX, frozenset({"t"}))
    layout = arrange([Box("t", 0)], {"t": card_size(cards["t"], form=form)})
    return paint(layout, cards, selected="t", row=row, form=form)


def test_one_walks_through_the_rows_of_an_opened_matrix() -> None:
    drawing = opened_matrix()
    rows = drawing.choices("t")
    assert len(set(rows)) == 3
    down = [Spot("t")]
    while (after := drawing.step(down[-1], "j")) is not None:
        down.append(after)
    assert down == [Spot("t"), *(Spot("t", row) for row in rows)]
    up = [down[-1]]
    while (after := drawing.step(up[-1], "k")) is not None:
        up.append(after)
    assert up == down[::-1]


@pytest.mark.parametrize("form", Form)
def test_a_cell_knows_its_row_and_a_row_its_line(form: Form) -> None:
    drawing = opened_matrix(form=form)
    for row in drawing.choices("t"):
        y = drawing.row_of(Spot("t", row))
        assert y is not None and drawing.spot(3, y) == Spot("t", row)
        shown = lines(opened_matrix(row, form))
        assert [at for at, line in enumerate(shown) if "▶" in line] == [y]
    assert drawing.spot(3, form.frame) == Spot("t") and drawing.row_of(Spot("t")) is None
    assert drawing.row_of(Spot("t", "gone")) is None and drawing.spot(500, 1) is None


def test_without_edges_one_walks_from_column_to_column() -> None:
    boxes = [Box(str(number), number // 3) for number in range(7)]
    layout = arrange(boxes, {box.key: Size(10, 3) for box in boxes})
    drawing = paint(layout, {box.key: Card(box.key) for box in boxes})
    assert [drawing.neighbour(key, "l") for key in "0146"] == ["3", "4", "6", None]
    assert [drawing.neighbour(key, "h") for key in "0146"] == [None, None, "1", "3"]


def test_many_members_are_counted() -> None:
    jobs = [job(f"t ({n})", "queued") for n in range(60)]
    dynamic = "  t: {runs-on: u, strategy: {matrix: '${{ fromJSON(inputs.m) }}'}}\n"
    rows = run_card(jobs, dynamic, frozenset({"t"}))["t"].rows
    assert len(rows) == 41 and rows[-1].text == "and 20 more"


@pytest.mark.parametrize(
    ("job_text", "fact"),
    [
        ("{runs-on: u, strategy: {matrix: {a: [1, 2]}}}", "matrix of 2"),
        ("{runs-on: u, strategy: {matrix: '${{ fromJSON(inputs.m) }}'}}", "matrix, known in the run"),
        ("{uses: ./.github/workflows/x.yml}", "calls x.yml"),
        ("{runs-on: u, environment: production}", "→ production"),
    ],
)
def test_facts_of_a_file(job_text: str, fact: str) -> None:
    graph = build(read_workflow(f"on: push\njobs: {{a: {job_text}}}"))
    assert [row.text for row in file_cards(graph)["a"].rows] == [fact]
