"""What stands in a box of a drawn graph, and the room that it takes in each form."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from relman.model.cells import steady, width
from relman.model.layout import Size
from relman.model.state import Tone


class Form(StrEnum):
    """How much room a card takes."""

    ROOMY = "roomy"
    SNUG = "snug"  # the time close to the name, the bar below both
    FLAT = "flat"  # and without a border: the cells beside the text stay free, or mark the selected one

    @property
    def frame(self) -> int:
        """Rows a border takes above, and below."""
        return 0 if self is Form.FLAT else 1

    @property
    def sides(self) -> int:
        """Cells beside the text, both sides together."""
        return 2 * (1 + self.frame)


class Row(Struct, frozen=True):
    """A row inside a box: a part of a matrix, or a count. Text is cleaned when it is drawn.

    ``key`` is what choosing the row means; "" for one that cannot be chosen.
    """

    text: str
    glyph: str = ""
    tone: Tone = Tone.PLAIN
    note: str = ""
    key: str = ""


class Card(Struct, frozen=True):
    """What stands in a box: glyph and name, ``note`` at the right or beside the bar, and ``rows`` below.

    ``progress`` is elapsed over expected time (above 1: late); None draws no bar. ``goal`` is the time that
    the bar runs towards, said where there is room for it.
    """

    name: str
    glyph: str = ""
    tone: Tone = Tone.PLAIN
    note: str = ""
    progress: float | None = None
    rows: tuple[Row, ...] = ()
    critical: bool = False
    dim: bool = False
    goal: str = ""


BAR_CELLS = 6  # a bar shorter than this says nothing
INDENT = 2  # of the rows below a name that no border holds together


@lru_cache(maxsize=4096)
def _cells_of(text: str) -> int:
    return width(steady(text))


def card_size(card: Card, limit: int = 34, form: Form = Form.ROOMY) -> Size:
    """The box ``card`` needs, at most ``limit`` cells wide."""
    inner = (2 if card.glyph else 0) + _cells_of(card.name)
    note = width(card.note)
    below = 0 if form.frame else INDENT
    if form is not Form.ROOMY:
        inner += note + 1 if note else 0
        inner = max(inner, below + BAR_CELLS if card.progress is not None else 0)
    elif card.progress is not None:
        beside = width(beside_bar(card))
        inner = max(inner, BAR_CELLS + (beside + 1 if beside else 0))
    else:
        inner += note + 2 if note else 0
    for row in card.rows:
        used = (2 if row.glyph else 0) + _cells_of(row.text) + (width(row.note) + 2 if row.note else 0)
        inner = max(inner, below + used)
    height = 2 * form.frame + 1 + len(card.rows) + (card.progress is not None)
    return Size(max(4 + form.sides, min(inner + form.sides, limit)), height)


def beside_bar(card: Card) -> str:
    """The times that stand beside the bar of a roomy box."""
    return f"{card.note}/{card.goal}" if card.goal else card.note


def lines_above(card: Card, form: Form) -> int:
    """Lines of a box before its rows: the border, the name, and the bar."""
    return form.frame + 1 + (card.progress is not None)
