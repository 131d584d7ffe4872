"""From pieces to what Textual draws. The only place where a tone becomes a colour."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from relman.model.state import Tone
from relman.tui.present.piece import Piece

# Style sheets give these classes their colours (see app.tcss).
INK_CLASSES = {f"ink--{tone.value}" for tone in Tone} | {"ink--accent"}
TARGET = "target"  # where a piece's target stands in what the mouse meets


class Ink:
    """The styles of a widget's tones, looked up once per theme."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Tone, bool, bool], Style] = {}

    def clear(self) -> None:
        """The theme changed."""
        self._styles.clear()

    def style(self, piece: Piece) -> Style:
        wanted = (piece.tone, piece.strong, piece.accent)
        found = self._styles.get(wanted)
        if found is None:
            name = "ink--accent" if piece.accent else f"ink--{piece.tone.value}"
            found = self._widget.get_component_rich_style(name, partial=True)
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
