"""``relman hotfix``: the branch of a hotfix, and its pull request."""

from __future__ import annotations

from argparse import Namespace

from relman.actions.hotfix import HotfixAction
from relman.actions.tools import Tools
from relman.cli.act import change
from relman.errors import Exit
from relman.model.hotfix_plan import HotfixIntent


async def hotfix(tools: Tools, arguments: Namespace) -> Exit:
    """One round: the branch, or once it has commits, the pull request."""
    return await change(tools, HotfixAction(tools), HotfixIntent(arguments.version), arguments)
