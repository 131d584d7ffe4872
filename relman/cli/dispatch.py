"""``relman dispatch``: a workflow is started by hand."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from relman.actions.dispatch import Dispatch, DispatchAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit, usage_error
from relman.text import clean_line


async def dispatch(tools: Tools, arguments: Namespace) -> Exit:
    """Raises where no plan can be made."""
    inputs = inputs_of(arguments.inputs)
    intent = Dispatch(arguments.workflow, arguments.ref, inputs, arguments.again.strip())
    return await change(tools, DispatchAction(tools), intent, arguments)


def inputs_of(given: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` apart; a value may hold ``=``. Raises a USAGE problem for another form, or a name twice."""
    inputs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise usage_error(f"-i takes NAME=VALUE, not {clean_line(text, 100)!r}")
        name = name.strip()
        if name.casefold() in {known.casefold() for known in inputs}:
            raise usage_error(f"The input {clean_line(name, 100)} is given twice")
        inputs[name] = value
    return inputs
