"""A secret shows itself only when asked by name."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from relman.secret import MASK, Secret, without_credentials

TOKEN = "ghp_sentinel0123456789"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>30}".format, "%s".__mod__, ascii])
def test_no_way_of_printing_shows_it(show: object) -> None:
    assert callable(show)
    assert TOKEN not in show(Secret(TOKEN))
    assert TOKEN not in repr([Secret(TOKEN)])


def test_reveal_gives_it() -> None:
    assert Secret(TOKEN).reveal() == TOKEN


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_never_serialised(copier: object) -> None:
    assert callable(copier)
    with pytest.raises(TypeError, match="never serialised"):
        copier(Secret(TOKEN))


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match=MASK) as caught:
        fail(Secret(TOKEN))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "secret = " in shown
    assert TOKEN not in shown


def test_equality_and_fingerprint() -> None:
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret("other")
    assert Secret(TOKEN) != TOKEN
    assert len({Secret(TOKEN), Secret(TOKEN)}) == 1
    assert Secret(TOKEN).fingerprint() == Secret(TOKEN).fingerprint() != Secret("other").fingerprint()
    assert TOKEN not in Secret(TOKEN).fingerprint()
    assert bool(Secret("")) is False


def test_masking_a_text() -> None:
    assert Secret(TOKEN).mask_in(f"Authorization: Bearer {TOKEN}!") == f"Authorization: Bearer {MASK}!"
    assert Secret("").mask_in("text") == "text"


@pytest.mark.parametrize("piece", ["a:", "://", "a@", "'", "?#", "a:b@", "a:/", " ://u:p@h?q"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """Read from every colon to the end, these would take minutes."""
    without_credentials(piece * 300_000)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pa/ss@host/x", "https://•••@host/x"),
        ("https://host/x?token=abc#d", "https://host/x?•••"),
        ("'https://u:p@h/?q=1'", "'https://•••@h/?•••'"),
        ("user:pass@host", "•••@host"),
        ("git@github.com:acme/app.git", "git@github.com:acme/app.git"),
        ("C:/Users/me@home", "C:/Users/me@home"),
        ("no address at all: a word", "no address at all: a word"),
        ("https://host?", "https://host?"),
    ],
)
def test_what_may_hold_a_password_is_masked(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
