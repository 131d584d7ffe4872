"""A list whose highlight belongs to a key, never to a row.

Drawn line by line: only the lines in view are ever computed, and a tick redraws only those that changed.
When items move, the highlight moves with its item; when its item goes, the highlight stays at its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from relman.model.state import Tone
from relman.tui.present.piece import Line, Piece
from relman.tui.widgets.ink import Ink, on_ground
from relman.tui.widgets.moves import Move, moved

if TYPE_CHECKING:
    from relman.tui.present.list_row import Presenter

T = TypeVar("T")

_BAR = "▌"


class KeyedList(ScrollView, Generic[T], can_focus=True, inherit_bindings=False):
    """Items in lines. The first line is the header of the columns and does not scroll."""

    ALLOW_SELECT = False

    class Highlighted(Message):
        """Another item, or none, is highlighted."""

        def __init__(self, widget: KeyedList[Any], key: Hashable | None) -> None:
            super().__init__()
            self.widget = widget
            self.key = key

        @property
        def control(self) -> KeyedList[Any]:
            return self.widget

    class Opened(Message):
        """The highlighted item was clicked or entered."""

        def __init__(self, widget: KeyedList[Any], key: Hashable) -> None:
            super().__init__()
            self.widget = widget
            self.key = key

        @property
        def control(self) -> KeyedList[Any]:
            return self.widget

    def __init__(
        self,
        presenter: Presenter[T],
        now: Callable[[], datetime],
        *,
        id: str | None = None,
        header: bool = True,
    ) -> None:
        super().__init__(id=id)
        self.presenter = presenter
        self._now = now
        self._items: Sequence[T] = ()
        self._keys: list[Hashable] = []
        self._index: dict[Hashable, int] = {}
        self._at: int | None = None
        self._head = 1 if header else 0
        self._ink = Ink(self)
        self._drawn: dict[int, Line] = {}  # by item index, for the lines now in view
        self._hover: int | None = None

    # ── items and the highlight ──────────────────────────────────────────────────────────────

    @property
    def items(self) -> Sequence[T]:
        return self._items

    @property
    def key(self) -> Hashable | None:
        """The key of the highlighted item."""
        return None if self._at is None else self._keys[self._at]

    @property
    def item(self) -> T | None:
        """The highlighted item as it is now."""
        return None if self._at is None else self._items[self._at]

    def set_items(self, items: Sequence[T]) -> None:
        """Shows these items; of two with the same key the first counts."""
        before, place = self.key, self._at
        kept: list[T] = []
        index: dict[Hashable, int] = {}
        for item in items:
            key = self.presenter.key(item)
            if key not in index:
                index[key] = len(kept)
                kept.append(item)
        moved_ = list(index) != self._keys
        self._items, self._keys, self._index = kept, list(index), index
        if before is not None and before in index:
            self._at = index[before]
        elif kept:
            self._at = min(place or 0, len(kept) - 1)
        else:
            self._at = None
        if moved_:
            distance = None if place is None else place - int(self.scroll_offset.y)
            self._resize()
            if before is not None and before in index and distance is not None and self._at is not None:
                # The item stays where the eye is, even when others came in above it.
                self._scroll_y(self._at - distance)
            self._reveal()
            self._drawn.clear()
            self.refresh()
        else:
            self.tick()
        if self.key != before:
            self.post_message(self.Highlighted(self, self.key))

    def highlight(self, key: Hashable) -> bool:
        """Moves the highlight to that item; False when it is not in the list."""
        at = self._index.get(key)
        if at is None:
            return False
        self._go(at)
        return True

    def tick(self) -> None:
        """Redraws the lines in view whose text changed."""
        for at, before in list(self._drawn.items()):
            if at >= len(self._items) or self._line(at) != before:
                self._refresh_line(at)

    def move(self, to: Move) -> None:
        if self._items:
            self._go(moved(to, self._at, len(self._items), self._page))

    def step(self, by: int) -> None:
        """To the next or previous item, round the ends."""
        if self._items:
            self._go(((self._at or 0) + by) % len(self._items))

    def open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def _go(self, at: int) -> None:
        if at == self._at:
            self._reveal()
            return
        before, self._at = self._at, at
        if before is not None:
            self._refresh_line(before)
        self._refresh_line(at)
        self._reveal()
        self.post_message(self.Highlighted(self, self.key))

    # ── drawing ──────────────────────────────────────────────────────────────────────────────

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - self._head)

    @property
    def _room(self) -> int:
        """Cells for an item's line: one for the bar before it, one free after it."""
        return max(0, self.scrollable_content_region.width - 2)

    def _line(self, at: int) -> Line:
        return self.presenter.line(self._items[at], self._room, self._now())

    def _resize(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width, len(self._items) + self._head)

    def _scroll_y(self, y: int) -> None:
        self.scroll_to(y=max(0, y), animate=False, immediate=True, force=True)

    def _reveal(self) -> None:
        if self._at is None or not self.scrollable_content_region.height:
            return
        top = int(self.scroll_offset.y)
        if self._at < top:
            self._scroll_y(self._at)
        elif self._at >= top + self._page:
            self._scroll_y(self._at - self._page + 1)

    def _refresh_line(self, at: int) -> None:
        self._drawn.pop(at, None)
        y = at - int(self.scroll_offset.y) + self._head
        if self._head <= y < self.scrollable_content_region.height:
            self.refresh(Region(0, y, self.scrollable_content_region.width, 1))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        base = self._ink.base
        if y < self._head:
            line = (Piece(" "), *self.presenter.header(self._room))
            return self._ink.strip(line, width, base)
        at = y - self._head + int(self.scroll_offset.y)
        if at >= len(self._items):
            return Strip.blank(width, base)
        line = self._line(at)
        self._drawn[at] = line
        bar = Piece(" ")
        if at == self._at:
            here = self.has_focus or not self.can_focus  # a menu's list is led by its input
            base = base + on_ground(self, "raised" if here else "surface")
            bar = Piece(_BAR, Tone.QUIET, accent=here)
        elif at == self._hover:
            base = base + on_ground(self, "surface")
        return self._ink.strip((bar, *line), width, base).apply_style(Style.from_meta({"row": at}))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink.clear()
        self.refresh()

    def on_mount(self) -> None:
        self._resize()

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._drawn.clear()
        self._resize()
        self._reveal()
        self.refresh()

    def on_focus(self) -> None:
        self._redraw_cursor()

    def on_blur(self) -> None:
        self._redraw_cursor()

    def _redraw_cursor(self) -> None:
        if self._at is not None:
            self._refresh_line(self._at)

    # ── the mouse ────────────────────────────────────────────────────────────────────────────

    def on_click(self, event: events.Click) -> None:
        """One click highlights, a second one on the same item opens it."""
        at = event.style.meta.get("row")
        if isinstance(at, int) and 0 <= at < len(self._items):
            if event.chain >= 2 and at == self._at:
                self.open()
            else:
                self._go(at)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        at = event.style.meta.get("row")
        self._set_hover(at if isinstance(at, int) else None)

    def on_leave(self) -> None:
        self._set_hover(None)

    def _set_hover(self, at: int | None) -> None:
        if at == self._hover:
            return
        before, self._hover = self._hover, at
        for changed in (before, at):
            if changed is not None:
                self._refresh_line(changed)
