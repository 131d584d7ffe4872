"""The world's dice: one stream for each purpose, so that no event shifts another's numbers."""

from __future__ import annotations

from random import Random


def dice(*parts: object) -> Random:
    """A stream that depends on these parts alone; the first is the world's seed."""
    return Random("/".join(map(str, parts)))
