"""From pieces to what Textual draws. The only place where a tone becomes a colour."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from relman.model.state import Tone
from relman.tui.present.piece import Piece

TARGET = "target"  # where a piece's target stands in what the mouse meets


def coloured(widget: Widget, name: str) -> Style:
    """Text in the theme's colour of that name.

    Straight from the theme: as component classes, which Textual resolves for each widget again whenever
    styles are applied, these few colours took half of all the time spent on style sheets.
    """
    return Style(color=Color.parse(widget.app.theme_variables[name]).rich_color)


def on_ground(widget: Widget, name: str) -> Style:
    """The theme's colour of that name as the ground."""
    return Style(bgcolor=Color.parse(widget.app.theme_variables[name]).rich_color)


def toned(widget: Widget, tone: Tone) -> Style:
    """Text of that tone; plain text has the colour that stands there."""
    return Style() if tone is Tone.PLAIN else coloured(widget, f"tone-{tone.value}")


class Ink:
    """The styles of a widget's tones, looked up once per theme."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Tone, bool, bool], Style] = {}
        self._base: Style | None = None

    def clear(self) -> None:
        """The widget's styles changed, or the theme."""
        self._styles.clear()
        self._base = None

    @property
    def base(self) -> Style:
        """Text and ground of the widget. Textual works them out anew, through all ancestors, for every line."""
        if self._base is None:
            self._base = self._widget.rich_style
        return self._base

    def style(self, piece: Piece) -> Style:
        wanted = (piece.tone, piece.strong, piece.accent)
        found = self._styles.get(wanted)
        if found is None:
            found = coloured(self._widget, "accent") if piece.accent else toned(self._widget, piece.tone)
            if piece.strong:
                found += Style(bold=True)
            self._styles[wanted] = found
        return found

    def _aimed(self, piece: Piece) -> Style:
        style = self.style(piece)
        return style + Style.from_meta({TARGET: piece.target}) if piece.target else style

    def strip(self, line: Iterable[Piece], width: int, base: Style) -> Strip:
        """The line on the ``base`` style, in exactly ``width`` cells."""
        segments = [Segment(piece.text, base + self._aimed(piece)) for piece in line if piece.text]
        return Strip(segments).adjust_cell_length(width, base)
