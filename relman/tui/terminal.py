"""What relman says to the terminal itself: its title, and the clipboard through OSC 52."""

from __future__ import annotations

import base64
import errno
import os
from collections.abc import Mapping

from relman.text import clean_line

WINDOWS = os.name == "nt"
PUSH_TITLE = "\x1b[22;2t"
POP_TITLE = "\x1b[23;2t"


def is_gone() -> bool:
    """Whether the terminal on standard input was closed. One that never was none is not gone."""
    try:
        import termios
    except ImportError:  # Windows: the console takes the program with it
        return False
    try:
        termios.tcgetattr(0)
    except termios.error as error:
        return bool(error.args) and error.args[0] == errno.EIO
    except OSError:
        return False
    return False


def title_sequence(title: str) -> str:
    return f"\x1b]2;{clean_line(title, 120)}\x07"


def copy_sequences(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Escape sequences that put ``text`` on the clipboard of the terminal in front of the person.

    Inside tmux both ways are taken: the plain one works with ``set-clipboard on``, the wrapped one with
    ``allow-passthrough on``; what tmux does not take it drops.
    """
    environment = os.environ if environment is None else environment
    plain = f"\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07"
    if environment.get("TMUX"):
        doubled = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{doubled}\x1b\\"
    if environment.get("STY"):  # screen passes strings of at most 768 bytes
        chunks = [plain[at : at + 700] for at in range(0, len(plain), 700)]
        return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
    return plain
