"""Running the dashboard: the terminal before and after it, and an end that waits for nobody."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from types import FrameType

from relman.tui import terminal
from relman.tui.app import RelmanApp
from relman.tui.crash import CRASHED

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of malloc.h
_PATIENCE = 1.5  # seconds for what is on its way to notice that it was cancelled

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))
_Handler = Callable[[int, FrameType | None], object] | int | None


def run_dashboard(app: RelmanApp) -> int:
    """Runs ``app`` in the terminal and gives the exit code. The terminal is restored when it returns.

    The caller may have switched the garbage collector off; it is on again when the first frame is out.

    Threads that are still busy (a name that does not resolve) are left behind: the caller ends the process
    without waiting for them.
    """
    loop = asyncio.new_event_loop()
    earlier = {number: signal.getsignal(number) for number in _SIGNALS}
    app.listen_to_signals(loop)  # before the terminal is changed
    settling = loop.create_task(_settle_memory(app.first_frame))
    _write_utf8()
    _say(terminal.PUSH_TITLE)
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(app.run_async())
    except KeyboardInterrupt:
        return 130
    finally:
        settling.cancel()
        _say(terminal.POP_TITLE)
        with contextlib.suppress(TimeoutError):
            loop.run_until_complete(asyncio.wait_for(_stop(app), _PATIENCE))
        _cancel_all(loop)
        asyncio.set_event_loop(None)
        _close(loop, earlier)
    return app.return_code if app.return_code is not None else CRASHED


def _close(loop: asyncio.AbstractEventLoop, earlier: Mapping[int, _Handler]) -> None:
    """Closes it, and puts back who heard signals before: closing leaves the system's own handlers, of which the
    process dies before the caller has tidied up. A signal that comes in between is heard behind it."""
    can_hold = hasattr(signal, "pthread_sigmask")  # not on Windows
    held = signal.pthread_sigmask(signal.SIG_BLOCK, earlier) if can_hold else set()
    try:
        loop.close()
        for number, handler in earlier.items():
            if handler is not None:  # one that is not Python's
                with contextlib.suppress(ValueError):  # only on the main thread
                    signal.signal(number, handler)
    finally:
        if can_hold:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _write_utf8() -> None:
    """Where no locale is set Python would write ``\\u25cb`` for ○; what is read is UTF-8 in any case."""
    stream = sys.__stderr__  # where Textual writes
    if isinstance(stream, TextIOWrapper) and codecs.lookup(stream.encoding).name == "ascii":
        stream.reconfigure(encoding="utf-8")


async def _settle_memory(first_frame: asyncio.Event) -> None:
    await first_frame.wait()
    gc.freeze()  # what a start makes stays to the end: no collection need look at it again
    gc.enable()
    if sys.platform == "linux":
        import ctypes

        # glibc gives every thread a pool of its own, and most of each stays unused: 7 MB with the threads of a
        # dashboard, which take turns anyway. Another C library lacks the call.
        with contextlib.suppress(OSError, AttributeError):
            allocator = ctypes.CDLL(None)
            allocator.mallopt(_ARENA_MAX, 1)
            # An answer of GitHub comes, is read and goes: in a place of its own it leaves no hole behind.
            allocator.mallopt(_MMAP_THRESHOLD, 64 * 1024)


async def _stop(app: RelmanApp) -> None:
    await app.put_tools_away()
    await app.watch_.stop()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_PATIENCE))
    loop.run_until_complete(loop.shutdown_asyncgens())


def _say(sequence: str) -> None:
    stream = sys.__stderr__  # where Textual writes
    if stream is not None and stream.isatty():
        stream.write(sequence)
        stream.flush()
