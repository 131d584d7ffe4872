"""A screen on the board: the header, the footer, movement, zoom, and when to draw."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, on
from textual.app import ComposeResult
from textual.errors import NoWidget
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from relman.model.board import Board
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.header import header_line
from relman.tui.present.notice import too_small
from relman.tui.present.piece import Line
from relman.tui.present.tabs import tabs_line
from relman.tui.screens.leaving import LeavesOnce
from relman.tui.selected import Selected
from relman.tui.widgets.key_bar import TYPING, KeyBar
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.lines_view import LinesView
from relman.tui.widgets.moves import Move, moving
from relman.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_MOVE = "Move"


def movable(screen: LiveScreen) -> bool:
    """When a command that only moves is there."""
    return moving(screen.focused) is not None


class LiveScreen(CommandHost, LeavesOnce, Screen[None], can_focus=False, inherit_bindings=False):
    """Draws the board while it is in front; behind another screen it waits, and catches up on return."""

    NAME: ClassVar[str] = ""
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self._is_new = True
        self._small: LinesView | None = None  # covers all in a window that is too small
        # Textual takes a new screen for one that an older style sheet has drawn, and would read all again.
        self._css_update_count = self.app._css_update_count

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        self._say_size()
        self._header_bar = LineBar(self._header, id="header")
        self._tab_bar = LineBar(self._tabs, id="tabs")
        yield self._header_bar
        yield self._tab_bar
        yield from self.compose_body()
        yield KeyBar(id="keys", typing=lambda: TYPING)

    def _say_size(self) -> None:
        """Sets the breakpoints' classes. Textual does after the first layout, and must then make another one."""
        width, height = self.app.size
        for size, points in (
            (width, self.app.HORIZONTAL_BREAKPOINTS),
            (height, self.app.VERTICAL_BREAKPOINTS),
        ):
            if reached := [point for point in points or () if size >= point[0]]:
                # What it holds has no styles yet, and no rule is about the screen itself.
                self.add_class(max(reached)[1], update=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The ground, one line for all: nearly all of it is covered, and Textual would make and style each."""
        line = Strip.blank(crop.width, self.rich_style)
        for one in self.get_line_filters():
            line = line.apply_filter(one, self.background_colors[1])
        return [line] * crop.height

    def _compositor_refresh(self) -> None:
        """Draws nothing during a batch: Textual would, and throw the whole screen away."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    @on(events.Resize)
    def _cover_if_small(self, event: events.Resize) -> None:
        """Covers what could not be read, and leaves it and its focus as they are."""
        width, height = event.size
        least = self.relman.LEAST
        if self.too_small and self._small is None and self.is_attached:
            self._small = LinesView(id="too-small")
            self._small.can_focus = False
            self.mount(self._small)
        if self._small is not None:
            self._small.display = self.too_small
            if self.too_small:
                self._small.set_lines(too_small(width, height, least).draw(width - 2))

    def compose_body(self) -> ComposeResult:
        """What stands between the header and the footer."""
        yield from ()

    def apply(self, board: Board) -> None:
        """Shows this board."""

    def catch_up(self) -> None:
        """Shows what was put off, before anything but a movement is judged by it and done. Whether a command is
        there is also asked while the footer is painted: that may draw nothing."""

    def selected(self) -> Selected:
        """What an action acts on if its key is pressed now."""
        return Selected()

    def tick(self) -> None:
        """A second has passed."""
        self._update_bars()

    def on_mount(self) -> None:
        self.relman.board_signal.subscribe(self, self._published)
        self.apply(self.relman.board)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        if self._is_new:  # it has its styles and shows the board since it was mounted
            self._is_new = event.refresh_styles = False
        elif self.is_mounted:
            self.apply(self.relman.board)
            self.tick()

    @property
    def in_view(self) -> bool:
        """Whether it can be seen: nothing but menus stand before it. (``is_current`` says yes once too often.)"""
        stack = self.app.screen_stack
        return self in stack and all(screen.is_modal for screen in stack[stack.index(self) + 1 :])

    def _published(self, board: Board) -> None:
        if self.in_view:
            # By now a newer board may stand; only the newest is worth drawing.
            del board
            self.apply(self.relman.board)
            self._update_bars()

    def _update_bars(self) -> None:
        self._header_bar.update()
        self._tab_bar.update()

    def _header(self, width: int) -> Line:
        app = self.relman
        return header_line(app.board, app.now(), width, read_only=app.settings.read_only)

    def _tabs(self, width: int) -> Line:
        return tabs_line(self.relman.TABS, self.app.current_mode, self.relman.board, width)

    # ── panes ────────────────────────────────────────────────────────────────────────────────

    @property
    def panes(self) -> list[Pane]:
        return [pane for pane in self.query(Pane) if pane.display]

    @property
    def pane(self) -> Pane | None:
        """The pane that has the focus."""
        return next((pane for pane in self.query(Pane) if pane.has_focus_within), None)

    @command(
        "next-pane",
        "tab",
        title="",
        help="To the next pane.",
        group=_MOVE,
        footer="Pane",
        rank=32,
        when=lambda screen: len(screen.bodies) > 1 or screen.zoomed,
    )
    def next_pane(self) -> None:
        self._turn(1)

    @command(
        "previous-pane",
        "shift+tab",
        title="",
        help="To the pane before.",
        group=_MOVE,
        when=lambda screen: len(screen.bodies) > 1 or screen.zoomed,
    )
    def previous_pane(self) -> None:
        self._turn(-1)

    def get_focusable_widget_at(self, x: int, y: int) -> Widget | None:
        """A click on a pane's title goes to its body; one on the bars leaves the focus where it is."""
        found = super().get_focusable_widget_at(x, y)
        if found is None:
            with suppress(NoWidget):
                pane = next(
                    (one for one in self.get_widget_at(x, y)[0].ancestors if isinstance(one, Pane)), None
                )
                found = pane.body if pane is not None and pane.notice is None else None
        return found

    @property
    def bodies(self) -> list[Widget]:
        """The bodies of the panes that show their content."""
        return [pane.body for pane in self.query(Pane) if pane.notice is None]

    def _turn(self, by: int) -> None:
        bodies = self.bodies
        if not bodies:
            return
        focused = self.focused
        at = bodies.index(focused) if focused in bodies else -1 if by > 0 else 0
        target = bodies[(at + by) % len(bodies)]
        if self.zoomed:
            self._zoom(target)
        self.set_focus(target)

    # ── zoom ─────────────────────────────────────────────────────────────────────────────────

    @property
    def zoomed(self) -> bool:
        return self.has_class("-zoomed")

    @command(
        "zoom",
        "z",
        title="Zoom the pane",
        help="The pane alone on the screen, and back.",
        group="Pane",
        footer="Zoom",
        rank=34,
        when=lambda screen: screen.zoomed or (screen.pane is not None and screen.pane.notice is None),
    )
    def zoom(self) -> None:
        pane = self.pane
        self._zoom(None if self.zoomed or pane is None else pane.body)

    def _zoom(self, body: Widget | None) -> None:
        self.set_class(body is not None, "-zoomed")
        for pane in self.query(Pane):
            pane.set_class(body is not None and pane.body is body, "-zoom")
        for holder in self.query(".-zoom-path"):
            holder.remove_class("-zoom-path")
        for pane in self.query(Pane):
            if pane.has_class("-zoom") and pane.parent is not None and pane.parent is not self:
                cast("Widget", pane.parent).add_class("-zoom-path")
        self.refresh_bindings()

    # ── movement ─────────────────────────────────────────────────────────────────────────────

    def _move(self, to: Move) -> None:
        pane = moving(self.focused)
        if pane is not None:
            pane.move(to)

    @command(
        "down",
        "j",
        "down",
        title="",
        help="Down; in the graph to the next job of the column.",
        group=_MOVE,
        when=movable,
    )
    def down(self) -> None:
        self._move(Move.DOWN)

    @command("up", "k", "up", title="", help="Up; in the graph to the job above.", group=_MOVE, when=movable)
    def up(self) -> None:
        self._move(Move.UP)

    @command(
        "left", "h", "left", title="", help="In the graph to a job this one needs.", group=_MOVE, when=movable
    )
    def left(self) -> None:
        self._move(Move.LEFT)

    @command(
        "right",
        "l",
        "right",
        title="",
        help="In the graph to a job that needs this one.",
        group=_MOVE,
        when=movable,
    )
    def right(self) -> None:
        self._move(Move.RIGHT)

    @command("top", "g", "home", title="", help="To the beginning.", group=_MOVE, when=movable)
    def top(self) -> None:
        self._move(Move.TOP)

    @command("bottom", "G", "end", title="", help="To the end.", group=_MOVE, when=movable)
    def bottom(self) -> None:
        self._move(Move.BOTTOM)

    @command("half-down", "ctrl+d", title="", help="Half a page down.", group=_MOVE, when=movable)
    def half_down(self) -> None:
        self._move(Move.HALF_DOWN)

    @command("half-up", "ctrl+u", title="", help="Half a page up.", group=_MOVE, when=movable)
    def half_up(self) -> None:
        self._move(Move.HALF_UP)

    @command("page-down", "pagedown", title="", help="A page down.", group=_MOVE, when=movable)
    def page_down(self) -> None:
        self._move(Move.PAGE_DOWN)

    @command("page-up", "pageup", title="", help="A page up.", group=_MOVE, when=movable)
    def page_up(self) -> None:
        self._move(Move.PAGE_UP)


MOVEMENTS: Final = frozenset(
    declared.binding().action for declared in LiveScreen.commands().values() if declared.when is movable
)
"""The actions that only move: what moves fast catches up when it has come to rest."""
