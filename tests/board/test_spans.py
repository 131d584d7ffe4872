import itertools

from hypothesis import given
from hypothesis import strategies as st

from relman.board.spans import cut, joined, missing, reached

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def seconds(spans):
    return {at for since, until in spans for at in range(since, until)}


@given(SPANS)
def test_joined_spans_are_the_same_seconds_apart_and_in_order(spans):
    result = joined(spans)
    assert seconds(result) == seconds(spans)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(result))


@given(SPANS, st.integers(0, 60), st.integers(0, 60))
def test_missing_is_what_is_not_covered(spans, since, until):
    gaps = missing(spans, since, until)
    assert seconds(gaps) == set(range(since, until)) - seconds(spans)
    assert gaps == sorted(gaps, reverse=True)


@given(st.integers(0, 50), st.integers(0, 200), st.integers(1, 30))
def test_pieces_are_the_whole_newest_first(since, length, longest):
    pieces = cut((since, since + length), longest)
    assert seconds(pieces) == set(range(since, since + length))
    assert sum(until - begin for begin, until in pieces) == length
    assert all(0 < until - begin <= longest for begin, until in pieces)
    assert pieces == sorted(pieces, reverse=True)


@given(SPANS, st.integers(0, 60))
def test_reached_is_the_start_of_what_is_known_without_a_hole(spans, now):
    at = reached(spans, now)
    if at is not None:
        assert set(range(at, now)) <= seconds(spans)
        assert at - 1 not in seconds(spans)
