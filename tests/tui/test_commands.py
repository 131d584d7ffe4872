"""Commands: one declaration each, consistent over all screens, and keys given by a configuration."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.tui.commands.catalogue import scopes
from relman.tui.commands.keymap import keymap, keys_of


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


@pytest.mark.parametrize(
    ("wish", "key"),
    [("F5", "f5"), ("Ctrl+R", "ctrl+r"), ("K", "K"), ("f5, Ctrl+R", "f5,ctrl+r"), ("delete", "delete")],
)
def test_keys_as_people_write_them(wish: str, key: str) -> None:
    taken = keymap({"refresh": wish}, scopes())
    assert taken.overrides == {"refresh": key} and not taken.problems


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("refrsh", "f5", "Did you mean 'refresh'?"),
        ("refresh", "f55", "There is no key 'f55' for refresh"),
        ("refresh", "", "There is no key"),
        ("refresh", "hyper+r", "There is no key 'hyper+r'"),
        ("refresh", "q", "taken by quit"),
        ("refresh", "L", "taken by log"),
    ],
)
def test_wishes_that_do_not_hold(name: str, wish: str, words: str) -> None:
    taken = keymap({name: wish}, scopes())
    assert not taken.overrides
    assert words in taken.problems[0].sentence()


def test_two_commands_may_swap_their_keys() -> None:
    taken = keymap({"copy-url": "Y", "copy-sha": "y"}, scopes())
    assert dict(taken.overrides) == {"copy-url": "Y", "copy-sha": "y"} and not taken.problems


@given(st.dictionaries(st.sampled_from(["refresh", "quit", "zoom", "x"]), st.text(max_size=12), max_size=4))
def test_any_wishes_give_an_answer(wishes: dict[str, str]) -> None:
    taken = keymap(wishes, scopes())
    assert set(taken.overrides) <= set(wishes)


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
