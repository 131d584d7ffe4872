"""Finding: the order of hits, and marks that change nothing but the look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.model.state import Tone
from relman.tui.present.find import hits_in, marked, next_hit, pattern
from relman.tui.present.piece import Piece, text_of

LINES = st.lists(
    st.builds(
        Piece, st.text(alphabet="abAB ß漢.*", max_size=8), st.sampled_from(list(Tone)), accent=st.just(False)
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("here", "by", "found"),
    [
        ("a", 0, "b"),
        ("b", 0, "b"),
        ("b", 1, "d"),
        ("d", 1, "b"),
        ("b", -1, "d"),
        ("d", -1, "b"),
        (None, 0, "b"),
    ],
)
def test_the_next_hit_goes_round(here: str | None, by: int, found: str) -> None:
    assert next_hit(list("abcd"), here, {"b", "d"}, by) == found


@given(st.lists(st.integers(0, 9), unique=True), st.sets(st.integers(0, 9)), st.sampled_from([-1, 0, 1]))
def test_going_on_meets_every_hit(order: list[int], hits: set[int], by: int) -> None:
    here = order[0] if order else None
    met = set()
    for _ in order:
        here = next_hit(order, here, hits, by or 1)
        met.add(here)
    assert met - {None} == hits & set(order)


@given(LINES, st.text(alphabet="abß漢.*", min_size=1, max_size=3))
def test_marks_change_no_text(pieces: list[Piece], words: str) -> None:
    wanted = pattern(words)
    line = marked(tuple(pieces), wanted)
    assert text_of(line) == text_of(pieces)
    lit = "".join(piece.text for piece in line if piece.accent)
    assert lit == "".join(match.group() for match in wanted.finditer(text_of(pieces)))
    assert hits_in([tuple(pieces)], wanted) == ([0] if lit else [])


def test_words_are_no_expression() -> None:
    assert pattern("  ") is None
    assert hits_in([(Piece("a+b"),), (Piece("aab"),)], pattern("A+b")) == [0]
