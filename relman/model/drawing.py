"""The graph as rows of styled text: boxes, their content, and lines with the right junctions.

Pure, and used by the headless text and by the widget alike. A row is a list of :class:`Run`; a run says what
it is (its :class:`Style`), a theme decides how that looks. Cells are counted from 0, y downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from relman.model.cells import cut, pad, steady, width
from relman.model.layout import Box, Layout, Size
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


class Style(NamedTuple):
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


BLANK = Style(Role.BLANK)


class Direction(StrEnum):
    """Moves, by their keys."""

    PARENT = "h"
    DOWN = "j"
    UP = "k"
    CHILD = "l"


@dataclass(frozen=True, slots=True)
class Row:
    """A row inside a box: a part of a matrix, or a count. Text is cleaned when it is drawn."""

    text: str
    glyph: str = ""
    tone: Tone = Tone.PLAIN
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What stands in a box: glyph and name, ``note`` at the right or beside the bar, and ``rows`` below.

    ``progress`` is elapsed over expected time (above 1: late); None draws no bar.
    """

    name: str
    glyph: str = ""
    tone: Tone = Tone.PLAIN
    note: str = ""
    progress: float | None = None
    rows: tuple[Row, ...] = ()
    critical: bool = False
    dim: bool = False


BAR_CELLS = 6  # a bar shorter than this says nothing


def card_size(card: Card, limit: int = 34) -> Size:
    """The box ``card`` needs, at most ``limit`` cells wide."""
    glyph = 2 if card.glyph else 0
    first = glyph + width(steady(card.name))
    note = width(card.note)
    if card.progress is not None:
        inner = max(first, BAR_CELLS + (note + 1 if note else 0))
    else:
        inner = first + (note + 2 if note else 0)
    for row in card.rows:
        used = (2 if row.glyph else 0) + width(steady(row.text)) + (width(row.note) + 2 if row.note else 0)
        inner = max(inner, used)
    height = 3 + len(card.rows) + (card.progress is not None)
    return Size(max(8, min(inner + 4, limit)), height)


class Drawing:
    """The painted graph."""

    def __init__(self, layout: Layout, rows: Iterable[tuple[Run, ...]]) -> None:
        self.layout = layout
        self.rows = tuple(rows)

    @property
    def width(self) -> int:
        return self.layout.width

    @property
    def height(self) -> int:
        return self.layout.height

    def at(self, x: int, y: int) -> str | None:
        """The node whose box holds a cell."""
        return next((box.key for box in self.layout.boxes if box.holds(x, y)), None)

    def neighbour(self, key: str, direction: Direction | str) -> str | None:
        """Where a move from ``key`` leads: along an edge to the nearest parent or child, or to the box above
        or below in the same layer. None at the end."""
        here = self.layout.by_key.get(key)
        if here is None:
            return None
        direction = Direction(direction)
        if direction in (Direction.UP, Direction.DOWN):
            column = sorted((box for box in self.layout.boxes if box.x == here.x), key=lambda box: box.y)
            at = column.index(here) + (1 if direction is Direction.DOWN else -1)
            return column[at].key if 0 <= at < len(column) else None
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
_UP, _RIGHT, _DOWN, _LEFT = range(4)


class _Cell:
    """What meets in one cell."""

    __slots__ = ("arms", "key", "lit", "turns")

    def __init__(self) -> None:
        self.arms = [0, 0, 0, 0]
        self.turns = False
        self.lit = False
        self.key: str | None = None

    def glyph(self) -> str:
        up, right, down, left = self.arms
        if not self.turns and (up or down) and (right or left):
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
    path: Sequence[str] = (),
) -> Drawing:
    """Draws ``layout``. ``path`` is the critical path (its edges are heavy); ``cards`` by node key."""
    painter = _Painter(layout, selected, frozenset(pairwise(path)))
    for line in layout.lines:
        painter.line(line.source, line.target, line.points)
    for box in layout.boxes:
        painter.box(box, cards[box.key])
    return Drawing(layout, painter.rows())


class _Painter:
    def __init__(self, layout: Layout, selected: str | None, heavy: frozenset[tuple[str, str]]) -> None:
        self._layout = layout
        self._selected = selected
        self._heavy = heavy
        self._cells: list[dict[int, _Cell]] = [{} for _ in range(layout.height)]
        self._text: list[list[tuple[int, Run]]] = [[] for _ in range(layout.height)]
        self._border: dict[str, Style] = {}

    def _cell(self, x: int, y: int) -> _Cell:
        row = self._cells[y]
        cell = row.get(x)
        if cell is None:
            cell = row[x] = _Cell()
        return cell

    def line(self, source: str, target: str, points: Sequence[tuple[int, int]]) -> None:
        weight = 2 if (source, target) in self._heavy else 1
        lit = self._selected in (source, target)
        for (x0, y0), (x1, y1) in pairwise(points):
            if y0 == y1:
                for x in range(x0, x1 + 1):
                    self._stroke(x, y0, _LEFT if x > x0 else None, _RIGHT if x < x1 else None, weight, lit)
            else:
                step = 1 if y1 > y0 else -1
                back, on = (_UP, _DOWN) if step == 1 else (_DOWN, _UP)
                for y in range(y0, y1 + step, step):
                    self._stroke(x0, y, back if y != y0 else None, on if y != y1 else None, weight, lit)
        for x, y in points[1:-1]:
            self._cell(x, y).turns = True

    def _stroke(self, x: int, y: int, back: int | None, on: int | None, weight: int, lit: bool) -> None:
        cell = self._cell(x, y)
        for arm in (back, on):
            if arm is not None:
                cell.arms[arm] = max(cell.arms[arm], weight)
        cell.lit = cell.lit or lit

    def box(self, box: Box, card: Card) -> None:
        lit = box.key == self._selected
        weight = 2 if card.critical else 1
        self._border[box.key] = Style(Role.BORDER, card.tone, card.critical, card.dim, lit)
        for x in range(box.x, box.right + 1):
            for y in (box.y, box.bottom):
                self._edge(box, x, y, _LEFT if x > box.x else None, _RIGHT if x < box.right else None, weight)
        for y in range(box.y, box.bottom + 1):
            for x in (box.x, box.right):
                self._edge(box, x, y, _UP if y > box.y else None, _DOWN if y < box.bottom else None, weight)
        inner = box.width - 4
        for i, runs in enumerate(_content(card, inner, lit)):
            y = box.y + 1 + i
            if y >= box.bottom:
                break
            self._text[y].append((box.x + 1, Run(" ", Style(Role.NAME, lit=lit), box.key)))
            x = box.x + 2
            for run in runs:
                self._text[y].append((x, run._replace(key=box.key)))
                x += width(run.text)
            self._text[y].append((x, Run(" ", Style(Role.NAME, lit=lit), box.key)))

    def _edge(self, box: Box, x: int, y: int, one: int | None, other: int | None, weight: int) -> None:
        cell = self._cell(x, y)
        cell.key = box.key
        cell.turns = True
        for arm in (one, other):
            if arm is not None:
                cell.arms[arm] = weight

    def rows(self) -> Iterator[tuple[Run, ...]]:
        for y in range(self._layout.height):
            pieces = list(self._text[y])
            for x, cell in self._cells[y].items():
                if cell.key is not None:
                    style = self._border[cell.key]
                else:
                    style = Style(Role.LINE, critical=max(cell.arms) == 2, lit=cell.lit)
                pieces.append((x, Run(cell.glyph(), style, cell.key)))
            pieces.sort(key=lambda piece: piece[0])
            yield tuple(_joined(pieces, self._layout.width))


def _joined(pieces: Sequence[tuple[int, Run]], end: int) -> Iterator[Run]:
    """The pieces of a row with blanks between them; neighbours of one style and box become one run."""
    at = 0
    open_run: Run | None = None
    for x, run in pieces:
        gap = [Run(" " * (x - at), BLANK)] if x > at else []
        for piece in (*gap, run):
            if open_run is not None and open_run.style == piece.style and open_run.key == piece.key:
                open_run = Run(open_run.text + piece.text, piece.style, piece.key)
            else:
                if open_run is not None:
                    yield open_run
                open_run = piece
        at = x + width(run.text)
    if open_run is not None:
        yield open_run
    if at < end:
        yield Run(" " * (end - at), BLANK)


def _content(card: Card, cells: int, lit: bool) -> Iterator[list[Run]]:
    """The rows inside a box, each exactly ``cells`` wide."""
    name = Style(Role.NAME, Tone.PLAIN, card.critical, card.dim, lit)
    note = Style(Role.NOTE, Tone.PLAIN, False, card.dim, lit)
    if card.progress is None:
        yield _row(card.glyph, card.tone, card.name, card.note, cells, name, note)
    else:
        yield _row(card.glyph, card.tone, card.name, "", cells, name, note)
        yield _bar(card, cells, note, lit)
    for row in card.rows:
        yield _row(row.glyph, row.tone, row.text, row.note, cells, note, note)


def _row(glyph: str, tone: Tone, text: str, note: str, cells: int, name: Style, beside: Style) -> list[Run]:
    runs: list[Run] = []
    if glyph:
        runs.append(Run(glyph, Style(Role.GLYPH, tone, False, name.dim, name.lit)))
        runs.append(Run(" ", name))
        cells -= 2
    note = cut(note, max(0, cells - 4)) if note else ""
    room = cells - (width(note) + 1 if note else 0)
    runs.append(Run(pad(steady(text), room), name))
    if note:
        runs.append(Run(" " + note, beside))
    return runs


def _bar(card: Card, cells: int, beside: Style, lit: bool) -> list[Run]:
    assert card.progress is not None
    note = cut(card.note, max(0, cells - BAR_CELLS - 1))
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
