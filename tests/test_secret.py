"""A secret shows itself only when asked by name."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from relman.secret import MASK, Secret

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
