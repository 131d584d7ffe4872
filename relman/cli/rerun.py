"""``relman rerun``: a run, its failed jobs or one job once more."""

from __future__ import annotations

from relman.actions.rerun import Rerun, RerunAction
from relman.actions.tools import Tools
from relman.cli.act import Consent, perform
from relman.errors import Exit, usage_error
from relman.model.rerun import Which


async def rerun(
    tools: Tools,
    run_id: int,
    *,
    failed: bool,
    job: str | None,
    debug: bool,
    consent: Consent,
    as_json: bool,
) -> Exit:
    """``job`` is a name, a part of one, or an id. Raises where no plan can be made."""
    if failed and job is not None:
        raise usage_error("Give --failed or --job, not both")
    which = Which.JOB if job is not None else Which.FAILED if failed else Which.ALL
    intent = Rerun(run_id, which, job, debug)
    return await perform(tools.operator, RerunAction(tools), intent, consent, as_json=as_json)
