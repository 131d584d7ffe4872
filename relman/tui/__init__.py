"""The dashboard (Textual).

Textual's application loads Textual's command palette with everything that is in it: a tree, a directory, a choice,
an input with its validators. relman has a palette of its own and switches that one off, so it is left out here: a
tenth of what a start loads, most of it never used. What is left in its place are the names that Textual itself
imports from there. A program that has loaded Textual before keeps the whole.
"""

import sys
from types import ModuleType

_PALETTE = "textual.command"
_NAMES = ("CommandListItem", "CommandPalette", "DiscoveryHit", "Hit", "Hits", "Provider", "SimpleProvider")


def _leave_palette_out() -> None:
    if "textual.app" in sys.modules or _PALETTE in sys.modules:
        return
    stand_in = ModuleType(_PALETTE, "Left out by relman: the application's own palette is switched off.")
    for name in _NAMES:
        setattr(stand_in, name, type(name, (), {"__module__": _PALETTE}))
    sys.modules[_PALETTE] = stand_in


_leave_palette_out()
