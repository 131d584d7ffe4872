"""A screen goes once, however often it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object


class LeavesOnce(_Screen):
    """Mixed in before Textual's class, which takes off whatever is in front, or fails where nothing is left.

    A second key that was pressed before the screen had gone still comes to it.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()
