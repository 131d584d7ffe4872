"""Commands: one declaration each, consistent over all screens, and keys given by a configuration."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.keys import Keys, _character_to_key
from textual.widgets import Input

from relman import rebinding
from relman.tui.commands.catalogue import scopes
from relman.tui.commands.keymap import keys_of
from tests.architecture import key_reference


@pytest.mark.parametrize("scope", scopes(), ids=lambda scope: scope.title)
def test_no_two_commands_of_a_scope_share_a_key(scope: object) -> None:
    seen: dict[str, str] = {}
    for declared in scope.commands:
        for key in keys_of(declared, {}):
            assert key not in seen, f"{key}: {declared.name} and {seen.get(key)}"
            seen[key] = declared.name


def test_every_command_is_described_and_named_once() -> None:
    for scope in scopes():
        names = [declared.name for declared in scope.commands]
        assert len(names) == len(set(names))
        for declared in scope.commands:
            assert declared.help.endswith((".", "?")) and declared.group
            assert declared.name == declared.name.lower() and " " not in declared.name
            assert declared.keys or declared.title, declared.name


def test_no_plain_key_needs_a_chord_that_terminals_lose() -> None:
    for scope in scopes():
        for declared in scope.commands:
            assert not any(key.startswith(("ctrl+shift", "super+", "alt+")) for key in keys_of(declared, {})), (
                declared.name
            )


def test_what_may_be_known_without_the_dashboard_is_what_it_has() -> None:
    assert key_reference.MODULE.read_text(encoding="utf-8") == key_reference.module(), (
        "run: python tests/architecture/key_reference.py"
    )


def test_keys_have_the_names_that_textual_gives_them() -> None:
    known = {key.value for key in Keys}
    assert known >= rebinding.NAMED
    for number in range(32, 0x250):
        sign = chr(number)
        if sign.isprintable():
            assert rebinding.key_named(sign) == _character_to_key(sign), sign
    assert {key for one in Input.BINDINGS for key in one.key.split(",")} - rebinding.FIELD == {
        *("ctrl+c", "super+c", "super+backspace")  # leaves relman; and what no terminal sends
    }
    for declared in (declared for scope in scopes() for declared in scope.commands):
        for key in keys_of(declared, {}):
            assert rebinding.key_named(key) == key or key == "shift+tab", declared.name


FRAME = """
import asyncio, sys
from tests.tui import boards
async def main():
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "CD #218" in boards.dump(app)
asyncio.run(main())
heavy = ["github", "asyncssh", "requests", "cryptography", "markdown_it", "httpx", "numpy", "relman.github",
         "relman.tui.screens.help", "relman.tui.screens.palette", "relman.tui.screens.log"]
sys.stdout.write(",".join(name for name in heavy if name in sys.modules))
"""


def test_the_first_frame_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", FRAME], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""
