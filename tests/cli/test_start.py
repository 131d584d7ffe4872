"""The short way of reading a command line gives what the parser gives, or leaves it to the parser."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.cli import arguments, start
from relman.errors import RelmanError

WORDS = [
    *("-C", "--config", "--repo", "--api-url", "--read-only", "--json", "--help", "--version", "--", "-", ""),
    *(
        "--repo=a/b",
        "--api-url=http://x",
        "--config=",
        "--read-only=1",
        "-Cdir",
        "-C=dir",
        "--rep",
        "--repo=-x",
    ),
    *("a/b", "dir", "status", "monitor", "demo", "-1", "--repo=a=b", "http://x"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_both_ways_read_the_same(argv: list[str]) -> None:
    short = start.dashboard(argv)
    if short is not None:
        assert vars(short) == vars(arguments.parse(argv))


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--read-only"],
        ["--repo", "a/b", "-C", "x", "--config", "y", "--api-url", "http://x"],
        ["--repo=a/b", "--config=y", "--read-only"],
    ],
)
def test_what_a_dashboard_is_started_with_needs_no_parser(argv: list[str]) -> None:
    assert start.dashboard(argv) is not None


@pytest.mark.parametrize("argv", [["--repo"], ["--repo", "--read-only"], ["status"], ["--rep", "a"], ["-Cx"]])
def test_the_rest_is_the_parsers(argv: list[str]) -> None:
    assert start.dashboard(argv) is None
    if argv[0] in ("--repo", "--rep"):
        with pytest.raises(RelmanError):
            arguments.parse(argv)


def test_the_short_way_loads_no_parser() -> None:
    code = "import sys; from relman.cli import start; start.dashboard(['--repo', 'a/b'])"
    code += "; print('argparse' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def told(home: Path, **environ: str) -> tuple[int, str]:
    """What a start of the dashboard in a pseudo-terminal says, where it says something and ends."""
    pty = pytest.importorskip("pty")
    main, other = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "relman", "--repo", "a/b"],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "RELMAN_HOME": str(home), "RELMAN_TOKEN": "", "GH_TOKEN": "", "PATH": "", **environ},
        timeout=60,
        check=False,
    )
    said = b""
    while select.select([main], [], [], 0)[0]:
        said += os.read(main, 65536)
    os.close(main)
    os.close(other)
    assert b"\x1b" not in said
    return done.returncode, said.decode()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TERM": "dumb"}, ["can draw on", "'dumb' (TERM)", "relman status"]),
        ({"TERM": "unknown"}, ["'unknown' (TERM)"]),
        (
            {"TERM": "xterm", "PYTHONIOENCODING": "latin-1"},
            ["UTF-8, and PYTHONIOENCODING says", "Unset it", "relman status"],
        ),
    ],
)
def test_a_terminal_that_cannot_show_it_is_refused(
    environ: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    code, said = told(tmp_path, **environ)
    assert code == 2
    for word in words:
        assert word in said


class Stream:
    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "environ", "named"),
    [
        ("utf-8", {}, ""),
        ("UTF-8", {"TERM": ""}, ""),
        ("ascii", {"LC_ALL": "C"}, ""),  # written as UTF-8
        ("gb18030", {"LANG": "zh_CN.GB18030"}, ""),  # has them all
        ("iso8859-1", {"LC_ALL": "de_DE", "LANG": "C.UTF-8"}, "LC_ALL"),
        ("iso8859-1", {"LC_ALL": "", "LANG": "de_DE"}, "LANG"),
        ("cp850", {}, "LC_ALL"),
    ],
)
def test_the_encoding_that_is_in_the_way_is_named(
    encoding: str, environ: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Stream(encoding))
    why, hint = start.no_screen(environ)
    assert bool(why) == bool(named)
    if named:
        assert f"{named} says that this terminal reads {encoding}" in why
        assert f"Set {named} to a locale with UTF-8" in hint
