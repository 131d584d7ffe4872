"""``relman rollback``: deploy an earlier version again, or make a new tag on its commit."""

from __future__ import annotations

from argparse import Namespace

from relman.actions.operator import Action
from relman.actions.redeploy import RedeployAction
from relman.actions.rollback_tag import RollbackTagAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.cli.release_arguments import overrides_of
from relman.errors import Exit
from relman.model.rollback_plan import RollbackFacts, RollbackIntent


async def rollback(tools: Tools, arguments: Namespace) -> Exit:
    """One of the two ways. The freeze does not hold it back; the journal says so."""
    intent = RollbackIntent(
        arguments.environment,
        arguments.to,
        reason=arguments.reason,
        overrides=overrides_of(arguments),
    )
    action: Action[RollbackIntent, RollbackFacts] = (
        RollbackTagAction(tools) if arguments.via == "tag" else RedeployAction(tools)
    )
    return await change(tools, action, intent, arguments)
