"""From a decoded log line to cells: gutter, colours of the log made legible, matches, selection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from rich.cells import split_graphemes
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from relman.model.ansi import Colour, Look
from relman.model.job_log import Level

Channels = tuple[int, int, int]
Layer = tuple[int, int, Style]
"""Characters ``start`` to ``end`` get this style on top."""

LEAST_CONTRAST = 3.5  # of the log's own colours against what is behind them

# The sixteen named colours, even in lightness; they are moved towards the text's colour where too faint.
_NAMED: tuple[Channels, ...] = (
    (0x3B, 0x42, 0x4F),
    (0xE0, 0x6C, 0x75),
    (0x8C, 0xC2, 0x7B),
    (0xD9, 0xB0, 0x62),
    (0x61, 0xA8, 0xE8),
    (0xC0, 0x83, 0xDC),
    (0x56, 0xB6, 0xC2),
    (0xB4, 0xBB, 0xC6),
    (0x7D, 0x87, 0x96),
    (0xF4, 0x87, 0x8E),
    (0xA5, 0xD8, 0x94),
    (0xEB, 0xCB, 0x85),
    (0x82, 0xBF, 0xF5),
    (0xD5, 0xA3, 0xEB),
    (0x7C, 0xD0, 0xDA),
    (0xEE, 0xF1, 0xF5),
)


PARTS = (
    "cursor", "number", "number-cursor", "time", "guide", "mark", "match", "match-current",
    "group", "error", "warning", "notice", "debug", "command",
)  # fmt: skip


class Palette:
    """The styles of the viewer: ``base`` has both colours, each of :data:`PARTS` goes on top of it."""

    def __init__(self, base: Style, parts: Mapping[str, Style], selection: Style) -> None:
        self.base = base
        self.selection = selection
        self._parts = parts
        self._levels = {level: parts[level.value] for level in Level if level.value in parts}

    def __getitem__(self, part: str) -> Style:
        return self._parts[part]

    def of(self, level: Level) -> Style | None:
        return self._levels.get(level)


def channels(colour: Colour) -> Channels:
    """A log's colour as red, green and blue."""
    if isinstance(colour, tuple):
        return colour
    if colour < 16:
        return _NAMED[colour]
    if colour >= 232:
        grey = 8 + (colour - 232) * 10
        return grey, grey, grey
    red, rest = divmod(colour - 16, 36)
    green, blue = divmod(rest, 6)
    return _level(red), _level(green), _level(blue)


def _level(step: int) -> int:
    return 55 + step * 40 if step else 0


def contrast(one: Channels, other: Channels) -> float:
    """The contrast ratio of the web accessibility guidelines: 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Channels) -> float:
    parts = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def legible(colour: Channels, behind: Channels) -> Channels:
    """``colour``, moved towards black or white until it reads on ``behind``."""
    goal = 255 if contrast((255, 255, 255), behind) >= contrast((0, 0, 0), behind) else 0
    for step in range(11):
        moved = (
            colour[0] + (goal - colour[0]) * step // 10,
            colour[1] + (goal - colour[1]) * step // 10,
            colour[2] + (goal - colour[2]) * step // 10,
        )
        if contrast(moved, behind) >= LEAST_CONTRAST:
            return moved
    return goal, goal, goal


@lru_cache(maxsize=1024)
def style_of(look: Look, text: Channels, behind: Channels) -> Style:
    """A log's look on a ground of colour ``behind`` whose own text is ``text``."""
    front = text if look.foreground is None else channels(look.foreground)
    back = behind if look.background is None else channels(look.background)
    if look.reverse:
        front, back = back, front
    front = legible(front, back) if front != text or back != behind else text
    return Style(
        color=Color.from_rgb(*front) if front != text else None,
        bgcolor=Color.from_rgb(*back) if back != behind else None,
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        strike=look.strike or None,
    )


def ground_of(style: Style) -> tuple[Channels, Channels]:
    """The text's colour and the ground's of a style that has both."""
    return _rgb(style.color, (255, 255, 255)), _rgb(style.bgcolor, (0, 0, 0))


def _rgb(colour: Color | None, default: Channels) -> Channels:
    if colour is None or colour.is_default:
        return default
    red, green, blue = colour.get_truecolor()
    return red, green, blue


def painted(text: str, start: int, end: int, base: Style, layers: Iterable[Layer]) -> list[Segment]:
    """``text[start:end]`` as segments; later layers lie on top of earlier ones."""
    inside = [
        (max(start, first), min(end, last), style)
        for first, last, style in layers
        if first < end and last > start
    ]
    edges = sorted({start, end, *(first for first, _, _ in inside), *(last for _, last, _ in inside)})
    segments: list[Segment] = []
    for first, last in pairwise(edges):
        style = base
        for left, right, layer in inside:
            if left <= first and last <= right:
                style += layer
        segments.append(Segment(text[first:last], style))
    return segments


def row(
    text: str, start: int, end: int, at: int, width: int, base: Style, layers: Iterable[Layer]
) -> tuple[Strip, int]:
    """The cells ``at`` to ``at + width`` of the row ``text[start:end]``, filled up; and the index of the
    character it begins with. A wide character at the edge becomes a space."""
    if text.isascii():
        first = min(start + at, end)
        last = min(first + width, end)
        strip = Strip(painted(text, first, last, base, layers), last - first)
        return strip.extend_cell_length(width, base), first
    strip = Strip(painted(text, start, end, base, layers))
    first = start
    if at:
        used = 0
        for grapheme, after, cells in split_graphemes(text[start:end])[0]:
            if used >= at:
                first = start + grapheme
                break
            used += cells
            first = start + after
    return strip.crop_extend(at, at + width, base), first
