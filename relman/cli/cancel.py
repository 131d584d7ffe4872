"""``relman cancel``: a run is asked to stop, or made to."""

from __future__ import annotations

from argparse import Namespace

from relman.actions.cancel import Cancel, CancelAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit


async def cancel(tools: Tools, arguments: Namespace) -> Exit:
    """Raises where no plan can be made."""
    intent = Cancel(arguments.run, force=arguments.force)
    return await change(tools, CancelAction(tools), intent, arguments)
