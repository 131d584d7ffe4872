"""How the dashboard ends: signals and crashes in a real terminal, without a secret and with the terminal restored."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from relman.tui import crash
from relman.tui.run import run_dashboard

pty = pytest.importorskip("pty")
ROOT = Path(__file__).parents[2]
NUMBERS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
SENTINEL = "ghp_sentinel0123456789abcdef"
PROGRAM = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from relman import report
from relman.secret import Secret
from relman.tui.app import RelmanApp
import os
from relman.tui.run import run_dashboard
from relman.tui.settings import DashboardSettings
from tests.tui import boards

class Slow(boards.Watch):
    def start(self):
        import threading, time
        self.task = asyncio.ensure_future(asyncio.to_thread(time.sleep, 60))
        print("started", file=open({mark!r}, "w"))
    async def stop(self):
        self.task.cancel()

def boom():
    token = {sentinel!r}
    headers = {{"Authorization": "Bearer " + token}}
    raise ValueError("no good: " + token + " \\x1b]0;owned\\x07")

app = RelmanApp(Slow(boards.board()), DashboardSettings(
    report=lambda error: report.write(error, Path({state!r}), (Secret({sentinel!r}),))), boards.FixedClock())
if {crash}:
    app.call_later(lambda: app.set_timer(0.3, boom))
os._exit(run_dashboard(app))
"""


class Terminal:
    """The dashboard in a pseudo-terminal of its own."""

    def __init__(self, directory: Path, *, crash: bool = False, **environ: str) -> None:
        self.mark = directory / "started"
        self.state = directory / "state"
        self.main, other = pty.openpty()
        program = PROGRAM.format(
            root=str(ROOT), mark=str(self.mark), state=str(self.state), sentinel=SENTINEL, crash=crash
        )
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **environ}
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=other, stdout=other, stderr=other, env=environment,
            close_fds=True, start_new_session=True,
        )  # fmt: skip
        os.close(other)
        self.output = b""

    def read(self, seconds: float = 0.05) -> None:
        ready, _, _ = select.select([self.main], [], [], seconds)
        if ready:
            try:
                self.output += os.read(self.main, 65536)
            except OSError:
                time.sleep(seconds)

    def until_started(self) -> None:
        end = time.monotonic() + 30
        while not (self.mark.exists() and b"agentic-backend" in self.output):
            assert time.monotonic() < end and self.process.poll() is None, self.output[-2000:]
            self.read()

    def end(self) -> int:
        end = time.monotonic() + 20
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self.read()
        for _ in range(3):
            self.read()
        os.close(self.main)
        return self.process.returncode

    def assert_restored(self) -> None:
        assert self.output.rindex(b"\x1b[?1049l") > self.output.rindex(b"\x1b[?1049h")
        assert self.output.rindex(b"\x1b[?1000l") > self.output.rindex(b"\x1b[?1000h")
        assert b"\x1b[22;2t" in self.output and b"\x1b[23;2t" in self.output
        assert SENTINEL.encode() not in self.output


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_signals_restore_the_terminal(tmp_path: Path, number: int, code: int) -> None:
    terminal = Terminal(tmp_path)
    terminal.until_started()
    terminal.process.send_signal(number)
    assert terminal.end() == code
    terminal.assert_restored()


@pytest.mark.parametrize("signalled", [False, True])
def test_a_terminal_that_goes_away_ends_it(tmp_path: Path, signalled: bool) -> None:
    terminal = Terminal(tmp_path)
    terminal.until_started()
    os.close(terminal.main)
    if signalled:
        time.sleep(0.3)  # what is drawn meanwhile cannot be written
        terminal.process.send_signal(signal.SIGHUP)
    assert terminal.process.wait(timeout=30) == 128 + signal.SIGHUP


@pytest.mark.parametrize("environ", [{"TMUX": ""}, {"TMUX": "/tmp/tmux-0/default,1,0"}])
def test_copies_and_titles_go_out(tmp_path: Path, environ: dict[str, str]) -> None:
    terminal = Terminal(tmp_path, **environ)
    terminal.until_started()
    os.write(terminal.main, b"Y")
    sha = base64.b64encode(b"00000da" + b"c" * 33)
    end = time.monotonic() + 20
    while b"]52;c;" + sha not in terminal.output and time.monotonic() < end:
        terminal.read()
    os.write(terminal.main, b"q")
    assert terminal.end() == 0
    assert b"\x1b]52;c;" + sha + b"\x07" in terminal.output
    assert (b"\x1bPtmux;\x1b\x1b]52;c;" + sha in terminal.output) is bool(environ["TMUX"])
    assert "\x1b]2;◆ 1 waiting · acme/agentic-backend\x07".encode() in terminal.output


SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
COLOURS = {*range(30, 50), *range(90, 108)}


def colours_in(output: bytes) -> set[int]:
    """The numbers of all colours that were asked of the terminal; 39 and 49 are its own."""
    numbers = {int(one) for codes in SGR.findall(output) for one in re.split(rb"[;:]", codes) if one}
    return numbers & COLOURS - {39, 49}


def test_no_color_asks_for_no_colour(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, NO_COLOR="1", COLORTERM="truecolor")
    terminal.until_started()
    os.write(terminal.main, b"j\t/a\rzq")  # in one burst
    assert terminal.end() == 0
    assert not colours_in(terminal.output)
    kept = {one for codes in SGR.findall(terminal.output) for one in codes.split(b";")}
    assert {b"1", b"2", b"7"} <= kept  # strong, quiet, and the cursor


@pytest.mark.parametrize("environ", [{"NO_COLOR": "", "COLORTERM": ""}, {"TERM": "linux", "COLORTERM": ""}])
def test_other_terminals_have_colours(tmp_path: Path, environ: dict[str, str]) -> None:
    terminal = Terminal(tmp_path, **environ)
    terminal.until_started()
    os.write(terminal.main, b"q")
    assert terminal.end() == 0
    assert colours_in(terminal.output)
    if environ.get("TERM") == "linux":
        assert not colours_in(terminal.output) & {38, 48}  # sixteen colours know no palette


@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}])
def test_without_a_locale_the_signs_are_drawn_all_the_same(tmp_path: Path, environ: dict[str, str]) -> None:
    terminal = Terminal(tmp_path, **environ)
    terminal.until_started()
    os.write(terminal.main, b"q")
    assert terminal.end() == 0
    assert "│".encode() in terminal.output and b"\\u2" not in terminal.output


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_quitting_waits_for_no_request(tmp_path: Path, key: bytes) -> None:
    terminal = Terminal(tmp_path)
    terminal.until_started()
    os.write(terminal.main, key)
    assert terminal.end() == 0  # a thread sleeps for a minute meanwhile
    terminal.assert_restored()


def test_a_crash_shows_no_secret(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, crash=True)
    assert terminal.end() == crash.CRASHED
    terminal.assert_restored()
    words = terminal.output.decode(errors="replace")
    assert "relman failed (ValueError)" in words and "owned" not in words and "Traceback" not in words
    (report,) = (tmp_path / "state").iterdir()
    text = report.read_text()
    assert SENTINEL not in text and "\x1b" not in text
    assert "in boom" in text and "ValueError: no good: •••" in text
    assert "Authorization" not in text.replace('headers = {"Authorization"', "")
    assert report.stat().st_mode & 0o777 == 0o600


def test_who_heard_signals_before_hears_them_again() -> None:
    """A caller may have something to tidy up."""

    class Ends:
        return_code = 0

        def __init__(self) -> None:
            self.first_frame = asyncio.Event()
            self.watch_ = SimpleNamespace(stop=self.put_tools_away)

        def listen_to_signals(self, loop: asyncio.AbstractEventLoop) -> None:
            for number in NUMBERS:
                loop.add_signal_handler(number, int)

        async def run_async(self) -> None:
            assert not [one for one in NUMBERS if signal.getsignal(one) is caller]

        async def put_tools_away(self) -> None:
            pass

    def caller(number: int, frame: object) -> None:
        heard.append(number)

    heard: list[int] = []
    before = {number: signal.signal(number, caller) for number in NUMBERS}
    try:
        assert run_dashboard(Ends()) == 0
        assert [signal.getsignal(number) for number in NUMBERS] == [caller] * len(NUMBERS)
        for number in NUMBERS:
            os.kill(os.getpid(), number)
        assert heard == NUMBERS
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_last_words_without_a_report() -> None:
    words = crash.last_words(ValueError(SENTINEL), None)
    assert "No report" in words and SENTINEL not in words
