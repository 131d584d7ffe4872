from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from relman.board.merge import keep_identity, newest_page, order, with_runs


def test_an_equal_answer_is_the_same_object(make):
    old = (make.run(2), make.run(1))
    assert keep_identity(old, (make.run(2), make.run(1))) is old
    assert keep_identity(None, old) is old


def test_unchanged_items_of_a_changed_list_keep_identity(make):
    old = (make.run(2, status="in_progress"), make.run(1))
    new = keep_identity(old, (make.run(3), make.run(2), make.run(1)))
    assert new[2] is old[1]
    assert new[1] is not old[0]


def at(make, number):
    return make.run(number, at=make.START + timedelta(minutes=number))


def test_older_runs_stay_and_deleted_ones_go(make):
    known = tuple(at(make, number) for number in (5, 4, 3, 2, 1))
    page = (at(make, 6), at(make, 5), at(make, 3))
    assert [run.id for run in newest_page(known, page, more=True)] == [6, 5, 3, 2, 1]
    assert [run.id for run in newest_page(known, page, more=False)] == [6, 5, 3]


def test_an_empty_answer_that_says_more_is_not_believed(make):
    known = (at(make, 1),)
    assert newest_page(known, (), more=True) is known


def test_a_later_attempt_wins_and_an_earlier_one_does_not(make):
    first, second = make.run(1), make.run(1, attempt=2, status="in_progress")
    assert with_runs((first,), (second,)) == (second,)
    assert with_runs((second,), (first,)) == (second,)
    stale = make.run(1, status="in_progress")
    assert with_runs((first,), (stale,)) == (first,)


def test_active_runs_stay_beyond_the_number_kept(make):
    old = structs.replace(at(make, 0), status="waiting", conclusion=None)
    merged = with_runs((old,), tuple(at(make, number) for number in range(1, 1200)))
    assert len(merged) == 1001
    assert merged[-1] is old


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.booleans())
def test_the_result_is_in_order_and_without_doubles(make, known, page, more):
    runs = {number: at(make, number) for number in known | page}
    listed = [tuple(runs[number] for number in sorted(ids, reverse=True)) for ids in (known, page)]
    for merged in (newest_page(*listed, more=more), with_runs(*listed)):
        assert list(merged) == sorted(set(merged), key=order, reverse=True)
    assert {run.id for run in with_runs(*listed)} == known | page
    assert page <= {run.id for run in newest_page(*listed, more=more)}
