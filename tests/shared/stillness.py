"""When the dashboard under test has nothing left to do, told by its event loop and not by the time that passes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from textual._context import active_app

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE = 60.0  # seconds
_ROUNDS = 3  # of the loop, each of which also looks for input and output

_to_thread = asyncio.to_thread
_in_threads: Counter[asyncio.AbstractEventLoop] = Counter()


async def counted(work: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    """``asyncio.to_thread``, for :func:`stillness` to know of."""
    loop = asyncio.get_running_loop()
    _in_threads[loop] += 1
    try:
        return await _to_thread(work, *arguments, **named)
    finally:
        _in_threads[loop] -= 1
        if not _in_threads[loop]:
            del _in_threads[loop]


async def stillness(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Returns when no callback is ready, no frame is waited for and no work of the loop is in a thread.

    Stands in for Textual's own wait, which sleeps at least 20 ms each time and then asks how busy the process
    was: that makes most of a test's time, and takes a process that got no time for one that is done. Work in a
    thread may be to wait, and is waited for ``max_sleep`` seconds; an app that is never done fails the test.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    rounds = 0
    while rounds < _ROUNDS:
        in_threads = _in_threads[loop] and loop.time() < began + max_sleep
        busy = in_threads or _held_back()
        await asyncio.sleep(0.001 if busy else 0)
        rounds = 0 if busy or loop._ready or _hurried() else rounds + 1  # type: ignore[attr-defined]
        assert loop.time() < began + _PATIENCE, "the dashboard does not come to rest"


def _held_back() -> bool:
    """Whether the app paints nothing for now: it changes screens, or many widgets at once."""
    app = active_app.get(None)
    return app is not None and app._running and not app._exit and app._batch_count > 0


def _hurried() -> bool:
    """Does at once what the app would do some milliseconds from now: take a new size, paint the next frame."""
    app = active_app.get(None)
    if app is None or app._exit or not app._running or not app.screen_stack:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    screen = app.screen
    if screen.is_running and screen._update_timer._active.is_set():
        screen._on_timer_update()
        return True
    return False
