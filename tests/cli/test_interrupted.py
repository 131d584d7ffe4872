"""Whether a ctrl+c is behind an exception."""

from __future__ import annotations

from relman.__main__ import _was_interrupted


def test_an_interrupt_is_found_behind_other_exceptions() -> None:
    error = ValueError()
    error.__context__ = RuntimeError()
    assert not _was_interrupted(error)
    error.__context__.__cause__ = KeyboardInterrupt()
    assert _was_interrupted(error)


def test_exceptions_that_lead_back_to_one_another_come_to_an_end() -> None:
    one, other = ValueError(), RuntimeError()
    one.__cause__, other.__context__ = other, one
    assert not _was_interrupted(one)
