"""The short way of reading a command line gives what the parser gives, or leaves it to the parser."""

from __future__ import annotations

import subprocess
import sys

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
