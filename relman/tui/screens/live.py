"""A screen on the board: the header, the footer, movement, zoom, and when to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from relman.model.board import Board
from relman.tui.commands.command import CommandHost, command
from relman.tui.present.header import header_line
from relman.tui.present.piece import Line
from relman.tui.widgets.key_bar import KeyBar
from relman.tui.widgets.line_bar import LineBar
from relman.tui.widgets.moves import Move, moving
from relman.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

_MOVE = "Move"


def _movable(screen: LiveScreen) -> bool:
    return moving(screen.focused) is not None


class LiveScreen(CommandHost, Screen[None], inherit_bindings=False):
    """Draws the board while it is in front; behind another screen it waits, and catches up on return."""

    NAME: ClassVar[str] = ""
    AUTO_FOCUS = ""

    @property
    def relman(self) -> RelmanApp:
        return cast("RelmanApp", self.app)

    def compose(self) -> ComposeResult:
        yield LineBar(self._header, id="header")
        yield from self.compose_body()
        yield KeyBar(id="keys")

    def compose_body(self) -> ComposeResult:
        """What stands between the header and the footer."""
        yield from ()

    def apply(self, board: Board) -> None:
        """Shows this board."""

    def tick(self) -> None:
        """A second has passed."""
        self._update_header()

    def _update_header(self) -> None:
        for bar in self.query("#header").results(LineBar):  # none while the screen is taken down
            bar.update()

    def on_mount(self) -> None:
        self.relman.board_signal.subscribe(self, self._published)
        self.apply(self.relman.board)

    def on_screen_resume(self) -> None:
        if self.is_mounted:
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
            self._update_header()

    def _header(self, width: int) -> Line:
        app = self.relman
        return header_line(app.board, app.now(), width, read_only=app.settings.read_only)

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
        when=lambda screen: screen.pane is not None,
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
        when=_movable,
    )
    def down(self) -> None:
        self._move(Move.DOWN)

    @command("up", "k", "up", title="", help="Up; in the graph to the job above.", group=_MOVE, when=_movable)
    def up(self) -> None:
        self._move(Move.UP)

    @command(
        "left", "h", "left", title="", help="In the graph to a job this one needs.", group=_MOVE, when=_movable
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
        when=_movable,
    )
    def right(self) -> None:
        self._move(Move.RIGHT)

    @command("top", "g", "home", title="", help="To the beginning.", group=_MOVE, when=_movable)
    def top(self) -> None:
        self._move(Move.TOP)

    @command("bottom", "G", "end", title="", help="To the end.", group=_MOVE, when=_movable)
    def bottom(self) -> None:
        self._move(Move.BOTTOM)

    @command("half-down", "ctrl+d", title="", help="Half a page down.", group=_MOVE, when=_movable)
    def half_down(self) -> None:
        self._move(Move.HALF_DOWN)

    @command("half-up", "ctrl+u", title="", help="Half a page up.", group=_MOVE, when=_movable)
    def half_up(self) -> None:
        self._move(Move.HALF_UP)

    @command("page-down", "pagedown", title="", help="A page down.", group=_MOVE, when=_movable)
    def page_down(self) -> None:
        self._move(Move.PAGE_DOWN)

    @command("page-up", "pageup", title="", help="A page up.", group=_MOVE, when=_movable)
    def page_up(self) -> None:
        self._move(Move.PAGE_UP)
