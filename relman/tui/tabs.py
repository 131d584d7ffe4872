"""The tabs there are: one line each, and a screen has its key, its tab, its palette entry and its help row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from relman.model.board import Board
from relman.model.state import State, Tone
from relman.tui.commands.command import Command
from relman.tui.present.header import waiting_counts
from relman.tui.present.piece import Piece

if TYPE_CHECKING:
    from relman.tui.screens.live import LiveScreen

Badge = Callable[[Board], Piece | None]
"""What a tab says of the board in one or two cells; None while there is nothing to say."""


class Tab(Struct, frozen=True):
    """A screen of the first rank. ``screen`` is ``module:class`` under ``relman.tui.screens``.

    The module is loaded when the tab is first opened: a tab that nobody opens costs nothing. ``mode`` is the
    screen's ``NAME``, which the poller hears as well.
    """

    number: int
    title: str
    screen: str
    badge: Badge | None = None

    @property
    def mode(self) -> str:
        return self.title.casefold()

    @property
    def command(self) -> str:
        """The name of the command that opens it."""
        return f"go-{self.mode}"

    def screen_class(self) -> type[LiveScreen]:
        module, name = self.screen.split(":")
        return cast("type[LiveScreen]", getattr(import_module(f"relman.tui.screens.{module}"), name))

    def make(self) -> LiveScreen:
        return self.screen_class()()


def _waiting_badge(board: Board) -> Piece | None:
    """How many deployments wait for you, or for others."""
    mine, others = waiting_counts(board)
    if mine:
        return Piece(f"{State.WAITING.glyph}{mine}", Tone.WAITING, strong=True)
    return Piece(f"{State.WAITING.glyph}{others}", Tone.QUIET) if others else None


TABS: tuple[Tab, ...] = (
    Tab(1, "Pipeline", "pipeline:PipelineScreen"),
    Tab(2, "Deploys", "deploys:DeploysScreen", _waiting_badge),
    Tab(3, "Releases", "releases:ReleasesScreen"),
)


def tab_commands(
    tabs: Sequence[Tab], go: Callable[[object, Tab], None], when: Callable[[object], bool]
) -> tuple[Command, ...]:
    """One command for each tab; ``go`` is given the host and the tab, ``when`` the host."""

    def does(tab: Tab) -> Callable[[object], None]:
        return lambda host: go(host, tab)

    return tuple(
        Command(
            tab.command,
            (str(tab.number),),
            f"Go to {tab.title}",
            f"The {tab.title} screen; once more, its first view.",
            "Screens",
            does=does(tab),
            when=when,
        )
        for tab in tabs
    )
