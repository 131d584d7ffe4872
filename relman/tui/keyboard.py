"""One key after the other.

Textual hands a key to what has the focus at the moment it arrives, and what a key does (another focus, a line to
type into, another screen) comes some messages later. Of keys that come in one burst (a fast typist, a paste into
the terminal, a machine that is busy) the second would still go to where the first began: the ``q`` behind a search
would be searched for, the ``a`` behind ``/`` would approve. Here the next key waits until the one before has done
all that it does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump

    _App = App[None]
else:
    _App = object

Typed = events.Key | events.Paste
PATIENCE = 1.0
"""Seconds after which a key counts as done, whatever became of it: no fault may make the keyboard deaf."""

_LEAST_ROUNDS, _MOST_ROUNDS = 2, 6


class Keyboard:
    """The keys and pastes of ``app`` in the order in which they were typed.

    A key is done when a messenger that runs behind it, through the queues of the widgets that saw it up to the
    app, finds nothing left in them. What a key starts beside those queues (a request, a timer) is not waited for.
    ``hand_on`` is what the app does with a key; it is only called in the app's own message loop.
    """

    def __init__(self, app: App[Any], hand_on: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Typed] = deque()
        self._key = 0  # which key is under way: a messenger of an earlier one is not heard
        self._guard: asyncio.TimerHandle | None = None  # there is one while a key is under way

    @property
    def busy(self) -> bool:
        """Whether a key is under way; others may wait behind it."""
        return self._guard is not None

    async def take(self, typed: Typed) -> None:
        """Hands it on at once when nothing is under way, else in its turn."""
        if self._guard is None:
            await self._begin(typed)
        elif self._overtakes(typed):
            await self._hand_on(typed)
        else:
            self._waiting.append(typed)

    def _overtakes(self, typed: Typed) -> bool:
        """The app's own priority keys (leave, whatever has the focus) wait for nothing."""
        if not isinstance(typed, events.Key):
            return False
        _, bindings = self._app.screen._binding_chain[-1]
        return any(binding.priority for binding in bindings.key_to_bindings.get(typed.key, ()))

    async def _begin(self, typed: Typed) -> None:
        self._key += 1
        self._guard = asyncio.get_running_loop().call_later(
            PATIENCE, self._app.call_later, self._done, self._key
        )
        saw = self._now_at
        await self._hand_on(typed)
        self._send(saw, self._key, 1)

    @property
    def _now_at(self) -> MessagePump:
        return self._app.focused or self._app.screen

    def _send(self, to: MessagePump, key: int, round_: int) -> None:
        """The messenger gets in line behind what ``to`` still has to do."""
        while not to.call_later(self._arrived, to, key, round_):
            if to is self._app:
                return  # it ends: there is nobody to type to
            to = self._above(to)

    def _above(self, node: MessagePump) -> MessagePump:
        return node._parent or self._app

    async def _arrived(self, at: MessagePump, key: int, round_: int) -> None:
        if key != self._key or self._guard is None:
            return
        if at is not self._app:
            self._send(self._above(at), key, round_)
        elif round_ < _LEAST_ROUNDS or (round_ < _MOST_ROUNDS and self._something_left()):
            self._send(self._now_at, key, round_ + 1)
        else:
            await self._done(key)

    def _something_left(self) -> bool:
        node = self._now_at
        while node is not self._app:
            if node.message_queue_size:
                return True
            node = self._above(node)
        return False

    async def _done(self, key: int) -> None:
        if key != self._key or self._guard is None:
            return  # patience was lost with it in the same moment
        self._guard.cancel()
        self._guard = None
        if self._waiting and self._app.return_code is None:  # behind the key that leaves nothing counts
            await self._begin(self._waiting.popleft())


class KeysInOrder(_App):
    """Mixed into an app before Textual's class."""

    @cached_property
    def keyboard(self) -> Keyboard:
        return Keyboard(self, super().on_event)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.keyboard.take(event)
        else:
            await super().on_event(event)
