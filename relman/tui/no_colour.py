"""A screen without colour: what ``NO_COLOR`` asks for, in the terminal's own two colours.

Textual turns colours into greys, which are colours still: on a light terminal they make a dark program.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class WithoutColour(LineFilter):
    """Leaves bold, underlined and reversed text. What was quiet becomes dim, and the cursor reversed.

    ``theme`` gives the colours of what is quiet, and that of the cursor's ground.
    """

    def __init__(self, theme: Callable[[], tuple[frozenset[str], str]]) -> None:
        super().__init__()
        self._theme = theme

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        quiet, cursor = self._theme()
        return [
            Segment(text, None if style is None else _plain(style, quiet, cursor), control)
            for text, style, control in segments
        ]


@lru_cache(1024)
def _plain(style: Style, quiet: frozenset[str], cursor: str) -> Style:
    faint = _is(style.color, quiet) and not style.reverse
    here = _is(style.bgcolor, {cursor}) and not style.reverse
    plain = style.without_color + Style.from_meta(style.meta)  # the mouse finds its way by the meta
    return plain + Style(dim=faint or None, reverse=here or None)


def _is(colour: RichColor | None, names: frozenset[str] | set[str]) -> bool:
    return colour is not None and colour.triplet is not None and colour.triplet.hex in names
