"""``relman dispatch``: a workflow is started by hand."""

from __future__ import annotations

from collections.abc import Sequence

from relman.actions.dispatch import Dispatch, DispatchAction
from relman.actions.tools import Tools
from relman.cli.act import Consent, perform
from relman.errors import Exit, usage_error
from relman.text import clean_line


async def dispatch(
    tools: Tools,
    workflow: str,
    *,
    ref: str | None,
    given: Sequence[str],
    again: str,
    consent: Consent,
    as_json: bool,
) -> Exit:
    """``given`` are inputs as ``NAME=VALUE``. Raises where no plan can be made."""
    intent = Dispatch(workflow, ref, inputs_of(given), again.strip())
    return await perform(tools.operator, DispatchAction(tools), intent, consent, as_json=as_json)


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
