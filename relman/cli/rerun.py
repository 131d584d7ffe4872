"""``relman rerun``: a run, its failed jobs or one job once more."""

from __future__ import annotations

from argparse import Namespace

from relman.actions.rerun import Rerun, RerunAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit, usage_error
from relman.model.rerun import Which


async def rerun(tools: Tools, arguments: Namespace) -> Exit:
    """Raises where no plan can be made."""
    job = arguments.job
    if arguments.failed and job is not None:
        raise usage_error("Give --failed or --job, not both")
    which = Which.JOB if job is not None else Which.FAILED if arguments.failed else Which.ALL
    intent = Rerun(arguments.run, which, job, arguments.debug)
    return await change(tools, RerunAction(tools), intent, arguments)
