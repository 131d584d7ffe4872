"""``relman cancel``: a run is asked to stop, or made to."""

from __future__ import annotations

from relman.actions.cancel import Cancel, CancelAction
from relman.actions.tools import Tools
from relman.cli.act import Consent, perform
from relman.errors import Exit


async def cancel(tools: Tools, run_id: int, *, force: bool, consent: Consent, as_json: bool) -> Exit:
    """Raises where no plan can be made."""
    return await perform(
        tools.operator, CancelAction(tools), Cancel(run_id, force=force), consent, as_json=as_json
    )
