"""The dashboard (Textual).

Textual's application loads Textual's command palette with everything that is in it: a tree, a directory, a choice,
an input with its validators. relman has a palette of its own and switches that one off, so it is left out here: a
tenth of what a start loads, most of it never used. What stands in its place are the names that Textual itself takes
from there while it is loaded; whoever asks for another one gets the real module's. A program that has loaded Textual
before keeps the whole.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import textual

_PALETTE = "textual.command"
_NAMES = frozenset(
    {"CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "Provider", "SimpleProvider"}
)


class _StandIn(ModuleType):
    """Has the names that are taken at once, and makes way for the real module when it is asked for more."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        sys.modules.pop(_PALETTE, None)
        return getattr(import_module(_PALETTE), name)


def _leave_palette_out() -> None:
    if "textual.app" in sys.modules or _PALETTE in sys.modules:
        return
    stand_in = _StandIn(_PALETTE, "Left out by relman: the application's own palette is switched off.")
    stand_in.__spec__ = ModuleSpec(_PALETTE, None)
    for name in _NAMES:
        setattr(stand_in, name, type(name, (), {"__module__": _PALETTE}))
    sys.modules[_PALETTE] = textual.command = stand_in


_leave_palette_out()
