"""The graph as rows of styled text: boxes, their content, and lines with the right junctions.

Pure, and used by the headless text and by the widget alike. A row is a list of :class:`Run`; a run says what
it is (its :class:`Style`), a theme decides how that looks. Cells are counted from 0, y downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple, overload

from msgspec import Struct

from relman.model.card import BAR_CELLS, INDENT, Card, Form, beside_bar, lines_above
from relman.model.cells import cut, pad, steady, width
from relman.model.layout import Box, Layout, Stroke
from relman.model.state import Tone


class Role(StrEnum):
    """What a run of text is."""

    BLANK = "blank"
    BORDER = "border"
    LINE = "line"  # an edge
    GLYPH = "glyph"  # the state, in its tone
    NAME = "name"
    NOTE = "note"  # times and counts
    BAR = "bar"  # the part of the expected time that has passed
    REST = "rest"  # the part that is left
    OVER = "over"  # the whole bar, once the expected time is over


class Style(Struct, frozen=True, gc=False):
    """``critical``: on the critical path; ``dim``: not created yet; ``lit``: the selected box and its edges."""

    role: Role
    tone: Tone = Tone.PLAIN
    critical: bool = False
    dim: bool = False
    lit: bool = False


class Run(NamedTuple):
    """A piece of one row; ``key`` is the node whose box it belongs to."""

    text: str
    style: Style
    key: str | None = None


class Spot(NamedTuple):
    """Where one can be: a box, or with ``row`` (the key of a :class:`Row`) a row of it."""

    key: str
    row: str = ""


BLANK = Style(Role.BLANK)


class Direction(StrEnum):
    """Moves, by their keys."""

    PARENT = "h"
    DOWN = "j"
    UP = "k"
    CHILD = "l"


class Rows(Sequence[tuple[Run, ...]]):
    """The rows of a drawing, each painted when it is first looked at: a window shows few of a large graph."""

    def __init__(self, height: int, paint: Callable[[int], Iterable[Run]]) -> None:
        self._painted: list[tuple[Run, ...] | None] = [None] * height
        self._paint = paint

    def __len__(self) -> int:
        return len(self._painted)

    @overload
    def __getitem__(self, at: int) -> tuple[Run, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[Run, ...]]: ...
    def __getitem__(self, at: int | slice) -> tuple[Run, ...] | list[tuple[Run, ...]]:
        if isinstance(at, slice):
            return [self[y] for y in range(*at.indices(len(self)))]
        row = self._painted[at]
        if row is None:
            row = self._painted[at] = tuple(self._paint(at % len(self._painted)))
        return row


class Drawing:
    """The painted graph."""

    def __init__(self, layout: Layout, rows: Rows, cards: Mapping[str, Card], form: Form = Form.ROOMY) -> None:
        self.layout = layout
        self.rows = rows
        self.form = form
        self._cards = cards

    @property
    def margin(self) -> int:
        """Cells to leave free at either side of it: flat boxes bring theirs."""
        return self.form.frame

    @property
    def width(self) -> int:
        return self.layout.width

    @property
    def height(self) -> int:
        return self.layout.height

    def at(self, x: int, y: int) -> str | None:
        """The node whose box holds a cell."""
        return next((box.key for box in self.layout.boxes if box.holds(x, y)), None)

    def choices(self, key: str) -> tuple[str, ...]:
        """The keys of a box's rows that can be chosen, from above to below."""
        card = self._cards.get(key)
        return () if card is None else tuple(row.key for row in card.rows if row.key)

    def spot(self, x: int, y: int) -> Spot | None:
        """What a cell belongs to."""
        key = self.at(x, y)
        if key is None:
            return None
        card = self._cards[key]
        at = y - self.layout.by_key[key].y - lines_above(card, self.form)
        return Spot(key, card.rows[at].key if 0 <= at < len(card.rows) else "")

    def row_of(self, spot: Spot) -> int | None:
        """The line in which a row of a box is drawn; None for the box itself."""
        card, box = self._cards.get(spot.key), self.layout.by_key.get(spot.key)
        if card is None or box is None or not spot.row:
            return None
        at = next((at for at, row in enumerate(card.rows) if row.key == spot.row), None)
        return None if at is None else box.y + lines_above(card, self.form) + at

    def step(self, spot: Spot, direction: Direction | str) -> Spot | None:
        """As :meth:`neighbour`, and up and down through the rows of a box that can be chosen."""
        direction = Direction(direction)
        if direction in (Direction.UP, Direction.DOWN):
            rows = ("", *self.choices(spot.key))
            at = (rows.index(spot.row) if spot.row in rows else 0) + (1 if direction is Direction.DOWN else -1)
            if 0 <= at < len(rows):
                return Spot(spot.key, rows[at])
        key = self.neighbour(spot.key, direction)
        return None if key is None else Spot(key)

    def neighbour(self, key: str, direction: Direction | str) -> str | None:
        """Where a move from ``key`` leads: along an edge to the nearest parent or child, or to the box above
        or below in the same layer. Where nothing has an edge, to the nearest box at that side. None at the end.
        """
        here = self.layout.by_key.get(key)
        if here is None:
            return None
        direction = Direction(direction)
        if direction in (Direction.UP, Direction.DOWN):
            column = sorted((box for box in self.layout.boxes if box.x == here.x), key=lambda box: box.y)
            at = column.index(here) + (1 if direction is Direction.DOWN else -1)
            return column[at].key if 0 <= at < len(column) else None
        if not self.layout.lines:
            side = 1 if direction is Direction.CHILD else -1
            boxes = [box for box in self.layout.boxes if (box.x - here.x) * side > 0]
        else:
            if direction is Direction.PARENT:
                ends = [line.source for line in self.layout.lines if line.target == key]
            else:
                ends = [line.target for line in self.layout.lines if line.source == key]
            boxes = [self.layout.by_key[end] for end in ends]
        near = min(
            boxes, key=lambda box: (abs(box.x - here.x), abs(_middle(box) - _middle(here))), default=None
        )
        return near.key if near else None


def _middle(box: Box) -> int:
    return 2 * box.y + box.height


# By the weight (none, light, heavy) of the arms up, right, down, left, as digits of a number in base three.
_GLYPHS = " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋"
# What meets in one cell is a number: two bits for each arm (light, heavy), and these.
_UP, _RIGHT, _DOWN, _LEFT = 0, 2, 4, 6
_TURNS = 1 << 8
_LIT = 1 << 9
_ARMS = _TURNS - 1
_HEAVY_ARMS = 0b10101010


@cache
def _glyph(cell: int) -> str:
    up, right, down, left = ((0, 1, 2, 2)[cell >> arm & 3] for arm in (_UP, _RIGHT, _DOWN, _LEFT))
    if not cell & _TURNS and (up or down) and (right or left):
        # Two lines that only cross: one passes over the other, so that it does not look like a junction.
        if max(right, left) > max(up, down):
            up = down = 0
        else:
            right = left = 0
    return _GLYPHS[up * 27 + right * 9 + down * 3 + left]


def paint(
    layout: Layout,
    cards: Mapping[str, Card],
    *,
    selected: str | None = None,
    row: str = "",
    path: Sequence[str] = (),
    form: Form = Form.ROOMY,
) -> Drawing:
    """Draws ``layout``. ``path`` is the critical path (its edges are heavy); ``cards`` by node key, and
    ``form`` the one that their sizes were measured for.

    ``row`` is the chosen row of the ``selected`` box.
    """
    painter = _Painter(layout, cards, selected, row, frozenset(pairwise(path)), form)
    return Drawing(layout, Rows(layout.height, painter.row), cards, form)


class _Painter:
    def __init__(
        self,
        layout: Layout,
        cards: Mapping[str, Card],
        selected: str | None,
        row: str,
        heavy: frozenset[tuple[str, str]],
        form: Form,
    ) -> None:
        self._layout = layout
        self._cards = cards
        self._selected = selected
        self._row = row
        self._heavy = heavy
        self._form = form
        self._contents: dict[str, list[list[Run]]] = {}

    def row(self, y: int) -> Iterator[Run]:
        cells: dict[int, int] = {}
        for stroke in self._layout.strokes_in[y]:
            self._stroke(cells, stroke)
        pieces: list[tuple[int, Run]] = []
        borders: list[tuple[int, int, Style, str]] = []
        for box in self._layout.boxes_in[y]:
            self._box(cells, pieces, borders, box, y)
        for low, high, style, key in borders:
            glyphs = "".join([_glyph(cells.pop(x) & (_ARMS | _TURNS)) for x in range(low, high + 1)])
            pieces.append((low, Run(glyphs, style, key)))
        pieces.extend(_line_runs(cells))
        pieces.sort(key=_column)
        return _joined(pieces, self._layout.width)

    def _stroke(self, cells: dict[int, int], stroke: Stroke) -> None:
        source, target, x0, x1, up, down, turn = stroke
        if turn:
            cells[x0] = cells.get(x0, 0) | _TURNS
            return
        weight = 2 if (source, target) in self._heavy else 1
        lit = _LIT if self._selected in (source, target) else 0
        if up or down:
            arms = (weight << _UP if up else 0) | (weight << _DOWN if down else 0)
            cells[x0] = cells.get(x0, 0) | arms | lit
            return
        cells[x0] = cells.get(x0, 0) | weight << _RIGHT | lit
        passing = weight << _LEFT | weight << _RIGHT | lit
        for x in range(x0 + 1, x1):
            cells[x] = cells.get(x, 0) | passing
        cells[x1] = cells.get(x1, 0) | weight << _LEFT | lit

    def _box(
        self,
        cells: dict[int, int],
        pieces: list[tuple[int, Run]],
        borders: list[tuple[int, int, Style, str]],
        box: Box,
        y: int,
    ) -> None:
        """The part of a box in one row."""
        card = self._cards[box.key]
        lit = box.key == self._selected
        weight = 2 if card.critical else 1
        if self._form.frame:
            border = Style(Role.BORDER, card.tone, card.critical, card.dim, lit)
            if y in (box.y, box.bottom):
                side = weight << (_DOWN if y == box.y else _UP)
                flat = weight << _LEFT | weight << _RIGHT | _TURNS
                cells[box.x] = weight << _RIGHT | side | _TURNS
                for x in range(box.x + 1, box.right):
                    cells[x] = flat
                cells[box.right] = weight << _LEFT | side | _TURNS
                borders.append((box.x, box.right, border, box.key))
                return
            upright = weight << _UP | weight << _DOWN | _TURNS
            for x in (box.x, box.right):
                cells[x] = cells.get(x, 0) | upright
                borders.append((x, x, border, box.key))
            leaving = 0
        else:  # the ends of the lines stay free
            cells.pop(box.x, None)
            leaving = cells.pop(box.right, 0)
        runs = list(self._inside(card, box, y - box.y - self._form.frame, lit))
        if leaving:
            self._reach(cells, runs, box.right, leaving)
        x = box.x + self._form.frame
        for run in runs:
            pieces.append((x, run._replace(key=box.key)))
            x += width(run.text)

    def _reach(self, cells: dict[int, int], runs: list[Run], right: int, leaving: int) -> None:
        """Where no time stands behind a flat name, the line that leaves it begins there and not far off."""
        name = runs[-2]
        free = len(name.text) - len(name.text.rstrip())
        if free < 2:
            return
        runs[-2:] = [name._replace(text=name.text[: 1 - free])]
        along = leaving | (leaving >> _RIGHT & 3) << _LEFT
        for x in range(right - free + 1, right + 1):
            cells[x] = along

    def _inside(self, card: Card, box: Box, at: int, lit: bool) -> Iterator[Run]:
        """The line ``at`` of what a box holds, with a cell at each side."""
        contents = self._contents.get(box.key)
        room = box.width - self._form.sides
        if contents is None:
            contents = self._contents[box.key] = list(_content(card, room, lit, self._row, self._form))
        inside = Style(Role.NAME, lit=lit)
        index = at + self._form.frame - lines_above(card, self._form)
        if lit and self._row and 0 <= index < len(card.rows) and card.rows[index].key == self._row:
            yield Run("▶", Style(Role.LINE, lit=True))
        elif lit and not self._form.frame:
            yield Run("▌", Style(Role.BORDER, lit=True))
        else:
            yield Run(" ", inside)
        yield from contents[at] if at < len(contents) else [Run(" " * room, inside)]
        yield Run(" ", inside)


def _column(piece: tuple[int, Run]) -> int:
    return piece[0]


def _line_runs(cells: Mapping[int, int]) -> Iterator[tuple[int, Run]]:
    """The cells of a row that hold lines, side by side in one run as long as they look alike."""
    start = at = -1
    look = -1
    glyphs: list[str] = []
    for x in sorted(cells):
        cell = cells[x]
        style = (1 if cell & _HEAVY_ARMS else 0) | (2 if cell & _LIT else 0)
        if x != at or style != look:
            if glyphs:
                yield start, Run("".join(glyphs), _LINE_STYLES[look])
            start, look, glyphs = x, style, []
        glyphs.append(_glyph(cell & (_ARMS | _TURNS)))
        at = x + 1
    if glyphs:
        yield start, Run("".join(glyphs), _LINE_STYLES[look])


_LINE_STYLES = tuple(
    Style(Role.LINE, critical=critical, lit=lit) for lit in (False, True) for critical in (False, True)
)


def _joined(pieces: Sequence[tuple[int, Run]], end: int) -> Iterator[Run]:
    """The pieces of a row with blanks between them; neighbours of one style and box become one run."""
    at = 0
    texts: list[str] = []
    style, key = BLANK, None
    for x, run in pieces:
        if x > at:
            if texts and (style is not BLANK or key is not None):
                yield Run("".join(texts), style, key)
                texts = []
            texts.append(" " * (x - at))
            style, key = BLANK, None
        if texts and (run.key != key or run.style != style):
            yield Run("".join(texts), style, key)
            texts = []
        texts.append(run.text)
        style, key = run.style, run.key
        at = x + width(run.text)
    if texts:
        yield Run("".join(texts), style, key)
    if at < end:
        yield Run(" " * (end - at), BLANK)


def _content(card: Card, cells: int, lit: bool, chosen: str, form: Form) -> Iterator[list[Run]]:
    """The rows inside a box, each exactly ``cells`` wide; the one ``chosen`` in a lit box stands out."""
    name = Style(Role.NAME, Tone.PLAIN, card.critical, card.dim, lit)
    note = Style(Role.NOTE, Tone.PLAIN, False, card.dim, lit)
    roomy = form is Form.ROOMY
    indent = [] if form.frame else [Run(" " * INDENT, name)]
    below = cells if form.frame else cells - INDENT
    beside = card.note if card.progress is None or not roomy else ""
    yield _row(card.glyph, card.tone, card.name, beside, cells, name, note)
    if card.progress is not None:
        yield [*indent, *_bar(card, beside_bar(card) if roomy else "", below, note, lit)]
    for row in card.rows:
        text = name if lit and chosen and row.key == chosen else note
        yield [*indent, *_row(row.glyph, row.tone, row.text, row.note, below, text, note)]


def _row(glyph: str, tone: Tone, text: str, note: str, cells: int, name: Style, beside: Style) -> list[Run]:
    runs: list[Run] = []
    if glyph:
        runs.append(Run(glyph, Style(Role.GLYPH, tone, False, name.dim, name.lit)))
        runs.append(Run(" ", name))
        cells -= 2
    text = steady(text)
    note = cut(note, max(0, cells - 1 - min(3, width(text)))) if note else ""
    room = cells - (width(note) + 1 if note else 0)
    runs.append(Run(pad(text, room), name))
    if note:
        runs.append(Run(" " + note, beside))
    return runs


def _bar(card: Card, note: str, cells: int, beside: Style, lit: bool) -> list[Run]:
    assert card.progress is not None
    note = cut(note, max(0, cells - BAR_CELLS - 1))
    room = cells - (width(note) + 1 if note else 0)
    if card.progress > 1:
        runs = [Run("━" * room, Style(Role.OVER, card.tone, False, card.dim, lit))]
    else:
        done = round(max(0.0, card.progress) * room)
        runs = [
            Run("━" * done, Style(Role.BAR, card.tone, False, card.dim, lit)),
            Run("─" * (room - done), Style(Role.REST, Tone.PLAIN, False, card.dim, lit)),
        ]
    if note:
        runs.append(Run(" " + note, beside))
    return [run for run in runs if run.text]
