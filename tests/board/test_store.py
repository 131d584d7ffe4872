import logging

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from relman.board.sections import Ask, Part, section_of, with_key, with_section
from relman.board.store import Store
from relman.errors import Kind, Problem
from relman.model.board import Board, Section


def test_only_what_changed_loses_its_identity(make):
    board = Board("acme/app", runs=Section((make.run(1),)), jobs={1: Section(()), 2: Section(())})
    changed = with_section(board, Ask(Part.JOBS, 2), Section((make.job(5, make.run(2)),)))
    assert changed.runs is board.runs
    assert changed.jobs[1] is board.jobs[1]
    assert changed.jobs[2] is not board.jobs[2]
    assert all(
        getattr(changed, name) is getattr(board, name) for name in board.__struct_fields__ if name != "jobs"
    )


def test_every_part_has_a_place():
    for part in Part:
        key = {"deployments": "x", "health": "x"}.get(part, 7)
        assert section_of(Board("acme/app"), Ask(part, key)) == Section()


def test_publishing_the_same_tells_nobody():
    store = Store(Board("acme/app"))
    told = []
    store.subscribe(told.append)
    assert not store.publish(Board("acme/app"))
    assert store.replace(Ask(Part.RUNS), Section(()))
    assert not store.replace(Ask(Part.RUNS), Section(()))
    assert len(told) == 1
    assert told[0] is store.board


def test_a_broken_subscriber_stops_nobody(caplog):
    store = Store(Board("acme/app"))
    told = []

    def broken(board):
        raise ValueError("a pane fell over")

    store.subscribe(broken)
    store.subscribe(told.append)
    with caplog.at_level(logging.ERROR):
        store.replace(Ask(Part.RUNS), Section(()))
    assert len(told) == 1
    assert "subscriber" in caplog.text


def test_subscriptions_end_even_while_telling():
    store = Store(Board("acme/app"))
    told = []
    ends = []

    def first(board):
        ends[1]()

    ends.append(store.subscribe(first))
    ends.append(store.subscribe(told.append))
    store.replace(Ask(Part.RUNS), Section(()))
    assert told == []
    ends[0]()
    ends[0]()
    store.replace(Ask(Part.TAGS), Section(()))


def test_a_subscriber_that_publishes_leaves_everybody_with_the_newest():
    store = Store(Board("acme/app"))
    first, second = [], []

    def answer(board):
        first.append(board)
        if board.tags.value is None:
            store.replace(Ask(Part.TAGS), Section(()))

    store.subscribe(answer)
    store.subscribe(second.append)
    store.replace(Ask(Part.RUNS), Section(()))
    assert second[-1] is store.board
    assert first[-1] is store.board
    assert store.board.tags.value == ()


@given(st.lists(st.integers(0, 100), max_size=200), st.integers(1, 10))
def test_keyed_sections_are_bounded_and_keep_the_newest(keys, kept):
    mapping = {}
    for key in keys:
        mapping = with_key(mapping, key, key * 2, kept)
    newest = list(dict.fromkeys(reversed(keys)))[:kept]
    assert list(mapping) == newest[::-1]
    assert all(mapping[key] == key * 2 for key in mapping)


def test_an_error_never_takes_the_value(make):
    section = Section((make.run(1),), make.START)
    failed = structs.replace(section, error=Problem(Kind.NETWORK, "down"))
    assert failed.value is section.value
