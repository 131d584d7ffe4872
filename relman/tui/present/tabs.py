"""The tab strip as lines: in full, and shorter."""

from __future__ import annotations

from collections.abc import Sequence

from relman.model.board import Board
from relman.model.state import Tone
from relman.tui.present.fill import fill_line
from relman.tui.present.piece import Line, Piece, fit, spread, width_of
from relman.tui.tabs import Tab

_HERE = "▌"


def tabs_line(tabs: Sequence[Tab], active: str, board: Board, width: int) -> Line:
    """The strip in at most ``width`` cells: with every title where they fit, else with the active one only.

    Where there is room, the right end tells what is read in the background.
    """
    forms = tab_forms(tabs, active, board)
    strip = next((form for form in forms if width_of(form) <= width), fit(forms[-1], width))
    fill = fill_line(board)
    if fill and width_of(strip) + 2 + width_of(fill) + 1 <= width:
        return (*spread(strip, fill, width - 1), Piece(" "))
    return strip


def tab_forms(tabs: Sequence[Tab], active: str, board: Board) -> tuple[Line, ...]:
    """Longest first: every title; only the title of the ``active`` mode; that tab alone.

    The target of a piece is its tab's command.
    """
    alone = [tab for tab in tabs if tab.mode == active]
    return (
        _strip(tabs, active, board, brief=False),
        _strip(tabs, active, board, brief=True),
        _strip(alone, active, board, brief=True),
    )


def _strip(tabs: Sequence[Tab], active: str, board: Board, *, brief: bool) -> Line:
    pieces: list[Piece] = []
    for number, tab in enumerate(tabs):
        here = tab.mode == active
        target = tab.command
        if number and not brief:
            pieces.append(Piece(" "))
        pieces.append(Piece(_HERE if here else " ", accent=here, target=target))
        pieces.append(Piece(str(tab.number), accent=True, strong=True, target=target))
        if here or not brief:
            tone = Tone.PLAIN if here else Tone.QUIET
            pieces.append(Piece(f" {tab.title}", tone, strong=here, target=target))
        badge = tab.badge(board) if tab.badge is not None else None
        if badge is not None:
            gap = "" if brief and not here else " "
            pieces.append(badge._replace(text=gap + badge.text, target=target))
    return tuple(pieces)
