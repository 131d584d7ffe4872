"""Holds the current board and tells who asked to be told. Everything happens on one thread."""

from __future__ import annotations

import logging
from collections.abc import Callable

from relman.board.sections import Ask, with_section
from relman.model.board import Board, Section

Subscriber = Callable[[Board], None]
Unsubscribe = Callable[[], None]

_log = logging.getLogger(__name__)


class Store:
    """The current board. ``publish`` replaces it; subscribers are called at once, in their order."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._subscribers: dict[int, Subscriber] = {}
        self._next = 0

    @property
    def board(self) -> Board:
        return self._board

    def publish(self, board: Board) -> bool:
        """Makes ``board`` the current one and tells everybody; False when nothing differs."""
        if board is self._board or board == self._board:
            return False
        self._board = board
        for number, subscriber in list(self._subscribers.items()):
            if number not in self._subscribers:  # an earlier subscriber ended this subscription
                continue
            if self._board is not board:  # an earlier subscriber published: the newer board was told to all
                break
            try:
                subscriber(board)
            except Exception:  # one broken pane must not keep the news from the others
                _log.exception("a subscriber of the board failed")
        return True

    def replace(self, ask: Ask, section: Section[object]) -> bool:
        """Publishes the current board with one section replaced."""
        return self.publish(with_section(self._board, ask, section))

    def change(self, edit: Callable[[Board], Board]) -> bool:
        """Publishes what ``edit`` makes of the current board."""
        return self.publish(edit(self._board))

    def subscribe(self, subscriber: Subscriber) -> Unsubscribe:
        """Calls ``subscriber`` with every new board until the returned function is called."""
        number = self._next
        self._next += 1
        self._subscribers[number] = subscriber

        def unsubscribe() -> None:
            self._subscribers.pop(number, None)

        return unsubscribe
