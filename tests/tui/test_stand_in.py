"""What stands in for Textual's command palette, which the dashboard does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest


def ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_palette_is_left_out() -> None:
    code = "import sys, relman.tui.app; print({'textual.command', 'textual.types'} & set(sys.modules))"
    assert ran(code).strip() == "{'textual.command'}"


@pytest.mark.parametrize(
    "code",
    [
        "from textual.command import Matcher; print(Matcher.__module__)",
        "import textual.command; print(textual.command.Command.__module__)",
        "import importlib.util; print(importlib.util.find_spec('textual.command').name)",
    ],
)
def test_whoever_asks_for_more_gets_the_real_one(code: str) -> None:
    said = ran(f"import relman.tui.app; {code}")
    assert said.strip() in {"textual.fuzzy", "textual.command"}


def test_where_textual_was_there_before_it_stays_whole() -> None:
    said = ran("import textual.app, relman.tui.app, textual.command; print(textual.command.Matcher.__module__)")
    assert said.strip() == "textual.fuzzy"
