"""``relman prune-runs``: old workflow runs are kept in a file and deleted."""

from __future__ import annotations

from argparse import Namespace

from relman.actions.prune_runs import PruneRuns, PruneRunsAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit


async def prune_runs(tools: Tools, arguments: Namespace) -> Exit:
    """Raises where no plan can be made."""
    export = arguments.export
    if export is not None:
        export = (arguments.directory / export.expanduser()).absolute()
    intent = PruneRuns(arguments.older_than, arguments.keep, arguments.workflow, export)
    return await change(tools, PruneRunsAction(tools), intent, arguments)
