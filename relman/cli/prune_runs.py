"""``relman prune-runs``: old workflow runs are kept in a file and deleted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from relman.actions.prune_runs import PruneRuns, PruneRunsAction
from relman.actions.tools import Tools
from relman.cli.act import Consent, perform
from relman.errors import Exit


async def prune_runs(
    tools: Tools,
    *,
    older_than: timedelta,
    keep: int,
    workflow: str | None,
    export: Path | None,
    consent: Consent,
    as_json: bool,
) -> Exit:
    """Raises where no plan can be made."""
    intent = PruneRuns(older_than, keep, workflow, export)
    return await perform(tools.operator, PruneRunsAction(tools), intent, consent, as_json=as_json)
