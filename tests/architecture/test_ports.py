"""The parts that wiring hands to actions and board have the shapes that these ask for.

The rooms may not import each other, so no type checker sees both sides in one place but where they are wired.
"""

import inspect
from typing import Any

import pytest

from relman.actions import ports as actions
from relman.board import ports as board
from relman.github.reader import Reader
from relman.github.writer import Writer


def methods(shape: type[Any]) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member)
        for name, member in vars(shape).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("port", "part"),
    [(actions.GitHubReader, Reader), (actions.GitHubWriter, Writer), (board.GitHubReader, Reader)],
)
def test_a_part_fits_its_port_parameter_by_parameter(port: type[Any], part: type[Any]) -> None:
    wanted, there = methods(port), methods(part)
    assert len(wanted) > 5
    assert not wanted.keys() - there.keys()
    for name, signature in wanted.items():
        assert str(there[name]) == str(signature), name
        assert inspect.iscoroutinefunction(getattr(part, name)) == inspect.iscoroutinefunction(
            getattr(port, name)
        )


def test_a_writer_can_do_nothing_that_actions_do_not_ask_for() -> None:
    assert methods(Writer).keys() == methods(actions.GitHubWriter).keys()
