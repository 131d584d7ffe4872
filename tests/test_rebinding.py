"""Other keys for commands: what is taken, and what an error says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman import config, rebinding
from relman.command_keys import COMMANDS
from relman.errors import Exit, RelmanError


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        *(("F5", "f5"), ("Ctrl+R", "ctrl+r"), ("K", "K"), ("f5, Ctrl+R", "f5,ctrl+r"), ("delete", "delete")),
        *(
            ("#", "number_sign"),
            ("shift+k", "K"),
            ("Ctrl + Shift + F3", "ctrl+shift+f3"),
            ("ctrl+\\", "ctrl+backslash"),
        ),
        *(("page up,f7", "pageup,f7"), (",", "comma"), ("f5,f5", "f5"), ("Ö", "Ö"), ("ctrl++", "ctrl+plus")),
    ],
)
def test_keys_as_people_write_them(wish: str, key: str) -> None:
    wishes = {"refresh": wish, "page-up": "f12"}  # its own key is free then
    assert rebinding.read(wishes)["refresh"] == key


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("refrsh", "f5", ["keys.refrsh is no command, expected the name", 'Did you mean "refresh"?']),
        ("refresh", "notakey", ["keys.refresh is 'notakey', expected a key such as"]),
        ("refresh", "delte", ['Did you mean "delete"?']),
        ("refresh", "f55", ["keys.refresh is 'f55'", 'Did you mean "f5"?']),
        ("refresh", "hyper+r", ["is 'hyper+r'"]),
        ("refresh", "shift+1", ["is 'shift+1'"]),
        ("refresh", "f5,,f6", ["is 'f5,,f6', expected a key"]),
        (
            "refresh",
            "q",
            ["expected a key that is free", '"q" is that of quit', "Give refresh or quit another one."],
        ),
        ("refresh", "L", ["that of log"]),
        ("quit", "ctrl+c", ["that of interrupt"]),
        ("menu-close", "ctrl+c", ["that of interrupt"]),
        ("confirm-edit", "Y, y", ["that of agree"]),
        # Enter and space never change or confirm anything.
        ("agree", "enter", ["another key than enter and space, which never change or confirm"]),
        ("agree-word", "ctrl+m", ["another key than enter and space"]),
        ("agree", "f9,space", ["another key than enter and space"]),
        ("approve", "space", ["another key than enter and space"]),
        ("tag", "return", ["another key than enter and space"]),
        # What is typed, or edits what is typed, would leave no key for the command.
        ("menu-close", "a", ["a key that types nothing, since there is a line to type into"]),
        ("menu-close", "escape, a", ["a key that types nothing"]),
        ("agree-word", "Y", ["a key that types nothing"]),
        ("review-on", "space", ["a key that types nothing"]),
        ("form-next", "n", ["a key that types nothing"]),
        ("interrupt", "X", ["a key that types nothing"]),
        ("menu-close", "backspace", ["backspace moves, edits or ends what is typed"]),
        ("menu-close", "ctrl+h", ["backspace moves, edits or ends"]),
        ("interrupt", "left", ["left moves"]),
        ("menu-down", "enter", ["enter moves, edits or ends"]),
    ],
)
def test_a_wrong_wish_names_file_key_and_what_was_expected(
    tmp_path: Path, name: str, wish: str, words: list[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[keys]\n{name} = '{wish}'\n")
    with pytest.raises(RelmanError) as caught:
        config.load(None, file)
    sentence = caught.value.problem.sentence()
    assert caught.value.problem.exit_code is Exit.USAGE
    assert sentence.startswith(f"{file}: keys.{name} is ")
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    "wishes",
    [
        {"copy-url": "Y", "copy-sha": "y"},  # swapped
        {"log-reload": "r"},  # its own, although the app's refresh has it too
        {"refresh": "r", "palette": "ctrl+n"},
        {"agree": "Y", "agree-word": "f9", "menu-close": "f10", "review-on": "ctrl+s", "interrupt": "f12"},
        {"release-down": "n,down", "menu-page-down": "ctrl+d", "log-fold": "space", "open": "space"},
        {"theme-dark": "f7", "force-cancel": "K"},
    ],
)
def test_what_works_is_taken(wishes: dict[str, str]) -> None:
    assert set(rebinding.read(wishes)) == set(wishes)


def test_every_command_may_have_its_own_keys() -> None:
    own = {row.name: row.keys for row in COMMANDS if row.keys}
    once = {name for name in own if len({row.keys for row in COMMANDS if row.name == name}) == 1}
    wishes = {name: own[name] for name in once if "shift+tab" not in own[name]}
    assert rebinding.read(wishes) == wishes


@given(st.dictionaries(st.sampled_from(["refresh", "quit", "zoom", "x"]), st.text(min_size=1), max_size=4))
def test_any_wishes_give_an_answer(wishes: dict[str, str]) -> None:
    try:
        assert set(rebinding.read(wishes)) == set(wishes)
    except rebinding.WrongKeyError as wrong:
        assert wrong.name in wishes


def test_nothing_of_it_is_loaded_without_a_wish_and_never_a_screen(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    code = (
        "import sys; from pathlib import Path; from relman import config\n"
        "config.load(None, Path(sys.argv[1]))\n"
        "print([name in sys.modules for name in ('relman.rebinding', 'relman.command_keys', 'textual')])"
    )
    for text, loaded in (('theme = "dark"', [False] * 3), ('[keys]\nrefresh = "f5"', [True, True, False])):
        file.write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.strip() == str(loaded)
