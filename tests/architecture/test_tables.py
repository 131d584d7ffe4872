"""Tables by the members of an enumeration: one that is looked into with ``[]`` knows every member.

A member that is missing ends the dashboard on the day when GitHub first says it.
"""

from __future__ import annotations

import ast
import importlib
from enum import Enum
from pathlib import Path

import relman
from relman.model import graph
from relman.model.state import State
from relman.tui.widgets import graph_view

_ASKED_FIRST = {(graph_view.__name__, "_DIRECTIONS")}  # looked into only behind an `in`


def _modules() -> list[str]:
    base = Path(relman.__file__).parent
    names = [".".join(("relman", *path.relative_to(base).with_suffix("").parts)) for path in base.rglob("*.py")]
    return sorted(
        name.removesuffix(".__init__") for name in names if ".kit." not in name and "__main__" not in name
    )


def _looked_into(source: str) -> set[str]:
    """The names that ``source`` reads with ``[]``."""
    return {
        node.value.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
    }


def test_every_table_that_is_looked_into_is_complete() -> None:
    seen, missing = set(), {}
    for name in _modules():
        module = importlib.import_module(name)
        read = _looked_into(Path(str(module.__file__)).read_text())
        for each, table in vars(module).items():
            if each not in read or (name, each) in _ASKED_FIRST or not isinstance(table, dict) or not table:
                continue
            kinds = {type(key) for key in table}
            if len(kinds) == 1 and issubclass(kind := kinds.pop(), Enum):
                seen.add(f"{name}.{each}")
                if absent := [member.name for member in kind if member not in table]:
                    missing[f"{name}.{each}"] = absent
    assert missing == {}
    assert {"relman.model.state._LOOK", "relman.tui.present.graph._ATTENTION"} <= seen


def test_the_states_of_a_box_with_many_jobs_are_all_in_order() -> None:
    assert sorted(graph._ORDER) == sorted(State)
