"""ctrl+c and signals at any moment of a start: no fault, no report, the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")
# What Python does before that is Python's: it is said where an interrupt is already caught.
PROGRAM = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have left it ignored
import relman.__main__ as entrance
first = entrance._interrupts_end_at_once
def entered():
    print("entered", flush=True)
    first()
entrance._interrupts_end_at_once = entered
entrance.run()
"""
NOWHERE = ["--api-url", "http://127.0.0.1:9", "--repo", "acme/app"]
MOMENTS = [0.005, 0.03, 0.08, 0.15, 0.25, 0.36, 0.5, 0.8]  # seconds


def ended(number: int, after: float, home: Path, *argv: str) -> tuple[int, bytes]:
    """The exit code as a shell sees it, and what was written, of a start that was sent a signal."""
    main, other = pty.openpty()
    before = termios.tcgetattr(main)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *NOWHERE, *argv],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "TERM": "xterm-256color", "RELMAN_HOME": str(home), "RELMAN_TOKEN": "t" * 20},
        start_new_session=True,
    )
    output, send = b"", float("inf")
    until = time.monotonic() + 30
    while process.poll() is None or select.select([main], [], [], 0)[0]:
        assert time.monotonic() < until, "it does not end"
        if select.select([main], [], [], 0.005)[0]:
            output += os.read(main, 65536)
        if send == float("inf") and b"entered" in output:
            send = time.monotonic() + after
        if time.monotonic() >= send and process.poll() is None:
            process.send_signal(number)
            send = until
    assert termios.tcgetattr(main) == before
    os.close(main)
    os.close(other)
    assert output.count(b"\x1b[?1049h") == output.count(b"\x1b[?1049l")
    assert b"Traceback" not in output and b"unexpectedly" not in output and b"a fault in" not in output
    assert not list(home.glob("state/crash-*"))
    code = process.returncode
    return (code if code >= 0 else 128 - code), output


@pytest.mark.parametrize("after", MOMENTS)
def test_an_interrupt_of_a_start(after: float, tmp_path: Path) -> None:
    assert ended(signal.SIGINT, after, tmp_path)[0] == 130


@pytest.mark.parametrize("after", MOMENTS[::3])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_a_start(number: int, after: float, tmp_path: Path) -> None:
    assert ended(number, after, tmp_path)[0] == 128 + number


@pytest.mark.parametrize("after", MOMENTS[::3])
def test_an_interrupt_of_a_command(after: float, tmp_path: Path) -> None:
    code, output = ended(signal.SIGINT, after, tmp_path, "status")
    assert code == 130 or b"No connection" in output  # it was quicker
