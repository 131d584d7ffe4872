"""The one sanitiser: nothing that a terminal would obey leaves it, nothing that a person reads is lost."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.text import clean, clean_line, clean_log, is_clean

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            ["\x1b]52;c;aGk=\x07", "\x1b]0;t\x1b\\", "\x1b[2J", "\x9b31m", "\x9d0;x\x9c", "\x1bc", "\x1b[31m"]
        ),
        st.sampled_from(["\x1b", "\x1b[", "\x1b]", "\x90", "\r", "\x00", "\x7f", "\ud800", *BIDI]),
        st.text(max_size=8),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("a\x1b[31mred\x1b[0mb", "aredb"),
        ("a\x1b]52;c;c2VjcmV0\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x1b]0;never ended\nb", "a0;never ended\nb"),
        ("cut\x1b[", "cut"),
        ("nul\x00bell\x07del\x7f", "nulbelldel"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("one\r\ntwo\rthree\u2028four\u0085five", "one\ntwo\nthree\nfour\nfive"),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
        ("👩\u200d🚀 family stays", "👩\u200d🚀 family stays"),
        ("lone\ud800surrogate", "lonesurrogate"),
        ("hidden\u200bspace\ufeff", "hiddenspace"),
        ("so\u00adft fi\u115f\u1160\u3164\uffa0ll jo\u034fin sep\u180e", "soft fill join sep"),
    ],
)
def test_clean(raw: str, expected: str) -> None:
    assert clean(raw) == expected


@given(HOSTILE)
def test_nothing_a_terminal_obeys_is_left(raw: str) -> None:
    result = clean(raw)
    assert all(c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"} for c in result)
    assert not set(result) & set(BIDI)
    assert clean(result) == result
    result.encode()


@given(HOSTILE)
def test_a_log_line_keeps_colour_and_nothing_else(raw: str) -> None:
    result = clean_log(raw)
    assert clean(result) == clean(re.sub(r"\x1b\[[0-9;:]*m", "", result))
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;:]*m", "", result)
    assert clean_log(result) == result


def test_a_log_line_keeps_colour() -> None:
    assert clean_log("\x1b[1;31mred\x1b[0m\x1b[2J\x1b]0;t\x07 end") == "\x1b[1;31mred\x1b[0m end"


def test_a_log_loses_the_same_characters_as_any_other_text() -> None:
    breaks = "\r\x0b\x0c\x85\u2028\u2029"  # a log has been cut into lines already
    text = "a".join(chr(code) for code in range(0x110000) if chr(code) not in breaks)
    assert clean_log(text) == clean(text)


def test_an_ordinary_text_is_the_same_object() -> None:
    text = "feat(api): ordinary – text 👩\u200d🚀"
    assert clean(text) is text


@given(HOSTILE)
def test_a_line_is_one_line(raw: str) -> None:
    line = clean_line(raw)
    assert "\n" not in line
    assert "\t" not in line
    assert line == line.strip()


def test_a_line_is_cut_with_a_mark() -> None:
    assert clean_line("x" * 10_000, 20) == "x" * 19 + "…"
    assert clean_line("short", 20) == "short"


@pytest.mark.parametrize(
    ("name", "ok"), [("v1.2.3", True), ("v1\u202e", False), ("a\nb", False), (" v1", False)]
)
def test_an_identifier_that_reads_differently_is_told(name: str, ok: bool) -> None:
    assert is_clean(name) is ok


def test_a_megabyte_of_beginnings_is_cleaned_in_one_pass() -> None:
    for start in ("\x90", "\x9d", "\x1b]", "\x9b", "\x1b[0", "\x1b[ "):  # hours, were it searched once for each
        assert not set(clean(start * 1_000_000)) & set("\x1b\x90\x9b\x9d")


def test_marks_pile_no_higher_than_a_language_needs() -> None:
    word = "Z" + "\u0335\u0322\u0347\u0301" * 200 + "algo e\u0301"
    for shown in (clean(word), clean_line(word), clean_log(word)):
        assert shown == "Z" + "\u0335\u0322\u0347\u0301" * 2 + "algo e\u0301"
    assert clean("Z" + "\u0301" * 6 + "\x00" + "\u0301" * 6) == "Z" + "\u0301" * 8
    assert clean("ṩ̣̇ ́é") == "ṩ̣̇ ́é"
