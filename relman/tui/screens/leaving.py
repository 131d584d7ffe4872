"""A screen goes once, however often it is told to, and what comes for it afterwards comes too late."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object


class LeavesOnce(_Screen):
    """Mixed in before Textual's class.

    That one takes off whatever is in front, or fails where nothing is left, when a second key comes to a screen
    that has not quite gone. It also still calls what was asked for while the screen's widgets are taken away,
    although what is looked for then is no longer there.
    """

    @property
    def stands(self) -> bool:
        """Whether it is in front, or behind another, in a dashboard that is not being left."""
        app = self.app
        return app.return_code is None and any(self in stack for stack in app._screen_stacks.values())

    def dismiss(self, result: Any = None) -> AwaitComplete:
        if not self.is_active:
            return AwaitComplete()
        self.workers.cancel_node(self)  # Textual does once its widgets are gone
        return super().dismiss(result)

    def call_after_refresh(self, callback: Callable[..., object], *args: Any, **kwargs: Any) -> bool:
        """As Textual's; nothing is called once the screen has gone."""

        def call() -> object:
            return callback(*args, **kwargs) if self.stands else None

        return super().call_after_refresh(call)
