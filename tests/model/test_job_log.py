from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.model import ansi
from relman.model.ansi import PLAIN, Look, Span, Styled, styled
from relman.model.job_log import LONGEST, Level, begins_step, level_of, parse_line, read_lines
from relman.text import clean

TIME = "2026-10-08T11:22:33.1234567Z"


@pytest.mark.parametrize(
    ("raw", "time", "level", "text"),
    [
        (f"{TIME} hello", TIME, Level.TEXT, "hello"),
        (f"\ufeff{TIME} hello\r\n", TIME, Level.TEXT, "hello"),
        (f"{TIME} ", TIME, Level.TEXT, ""),
        (f"{TIME}", TIME, Level.TEXT, ""),
        (f"{TIME}\r\n", TIME, Level.TEXT, ""),
        (f"{TIME}  two spaces", TIME, Level.TEXT, " two spaces"),
        (f"{TIME}x", "", Level.TEXT, f"{TIME}x"),
        ("2026-10-08T11:22:33Z hello", "2026-10-08T11:22:33Z", Level.TEXT, "hello"),
        ("no time at all", "", Level.TEXT, "no time at all"),
        ("", "", Level.TEXT, ""),
        (f"{TIME} ##[group]Run pytest -q", TIME, Level.GROUP, "Run pytest -q"),
        (f"{TIME} ##[endgroup]", TIME, Level.ENDGROUP, ""),
        (
            f"{TIME} ##[error]Process completed with exit code 1.",
            TIME,
            Level.ERROR,
            "Process completed with exit code 1.",
        ),
        ("##[warning]w", "", Level.WARNING, "w"),
        ("##[notice]w", "", Level.NOTICE, "w"),
        ("##[debug]w", "", Level.DEBUG, "w"),
        ("##[command]git version", "", Level.COMMAND, "git version"),
        ("[command]git version", "", Level.COMMAND, "git version"),
        ("##[section]Starting", "", Level.TEXT, "Starting"),
        ("::group::title", "", Level.GROUP, "title"),
        ("::endgroup::", "", Level.ENDGROUP, ""),
        ("::error file=a.py,line=3,title=A b::bad", "", Level.ERROR, "bad"),
        ("::error::bad ::error:: again", "", Level.ERROR, "bad ::error:: again"),
        ("::error", "", Level.TEXT, "::error"),
        ("std::error::bad", "", Level.TEXT, "std::error::bad"),
        ("tests/a.py::error::x", "", Level.TEXT, "tests/a.py::error::x"),
        (" ##[error]indented", "", Level.TEXT, " ##[error]indented"),
        ("##[other]x", "", Level.TEXT, "##[other]x"),
        ('\x1b[36;1mecho "::group::x"\x1b[0m', "", Level.TEXT, 'echo "::group::x"'),
        ("10%\r50%\r100%", "", Level.TEXT, "100%"),
        ("10%\r50%\r", "", Level.TEXT, "50%"),
        ("10%\r\x1b[K", "", Level.TEXT, "10%"),
        ("10%\r   ", "", Level.TEXT, "   "),
        ("a\x1b]0;title\x07b\x1b]52;c;Zm9v\x1b\\c\x1b[2Jd\x9b31me", "", Level.TEXT, "abcde"),
        ("a\u202eb\u200bc", "", Level.TEXT, "abc"),
        ("fam 👩\u200d👩\u200d👧 ✔\ufe0f so\u00adft", "", Level.TEXT, "fam 👩👩👧 ✔ soft"),
        ("[/red] [@click=app.quit]x[/]", "", Level.TEXT, "[/red] [@click=app.quit]x[/]"),
    ],
)
def test_lines(raw: str, time: str, level: Level, text: str) -> None:
    line = parse_line(raw.encode())
    assert (line.time, line.level, line.text) == (time, level, text)
    assert level_of(raw.encode().rstrip(b"\r\n")) is level


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert parse_line(b"a\xff\xfeb").text == "a\ufffd\ufffdb"


def test_colour_of_earlier_frames_stays() -> None:
    assert parse_line(b"\x1b[31m1%\r\x1b[1m2%").body == "\x1b[31m\x1b[1m2%"


def test_time() -> None:
    assert parse_line(f"{TIME} x".encode()).moment == datetime(2026, 10, 8, 11, 22, 33, 123456, UTC)
    assert parse_line(f"{TIME} x".encode()).clock == "11:22:33"
    assert parse_line(b"2026-99-08T11:22:33.1Z x").moment is None
    assert parse_line(b"x").moment is None
    assert parse_line(b"x").clock == ""


@given(
    st.text(
        alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]m;:0123456789#\r\t\x9b\x07Z")), max_size=80
    )
)
def test_nothing_but_colour_survives(text: str) -> None:
    raw = text.replace("\n", " ").encode("utf-8", "surrogatepass")
    line = parse_line(raw)
    assert clean(line.text) == line.text
    assert "\n" not in line.body
    assert clean(re.sub(r"\x1b\[[0-9;:]*m", "", line.body)) == line.text
    shown, spans = styled(line.body)
    assert shown == shown.expandtabs()
    assert "\x1b" not in shown
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(shown)
        assert span.look != PLAIN
        at = span.end


def test_long_lines_come_in_pieces_and_ends_are_cut_off() -> None:
    data = b"\xef\xbb\xbfone\r\ntwo\n" + b"x" * (LONGEST + 3) + b"\n\nlast"
    lines = list(read_lines(io.BytesIO(data)))
    assert lines == [b"one", b"two", b"x" * LONGEST, b"xxx", b"", b"last"]
    assert list(read_lines(io.BytesIO(b""))) == []


def test_where_steps_begin() -> None:
    assert begins_step(parse_line(b"##[group]Run make"))
    assert begins_step(parse_line(b"Post job cleanup."))
    assert not begins_step(parse_line(b"##[group]Runner Image"))
    assert not begins_step(parse_line(b"Run make"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain", Styled("plain")),
        ("\x1b[31mred\x1b[0m no", Styled("red no", (Span(0, 3, Look(foreground=1)),))),
        ("\x1b[31mred\x1b[m no", Styled("red no", (Span(0, 3, Look(foreground=1)),))),
        ("\x1b[1;92mok", Styled("ok", (Span(0, 2, Look(foreground=10, bold=True)),))),
        ("\x1b[38;5;208mo", Styled("o", (Span(0, 1, Look(foreground=208)),))),
        ("\x1b[38;2;1;2;3;4mo", Styled("o", (Span(0, 1, Look(foreground=(1, 2, 3), underline=True)),))),
        ("\x1b[38:2::1:2:3mo", Styled("o", (Span(0, 1, Look(foreground=(1, 2, 3))),))),
        ("\x1b[38:2:1:2:3mo", Styled("o", (Span(0, 1, Look(foreground=(1, 2, 3))),))),
        ("\x1b[38:5:9;3mo", Styled("o", (Span(0, 1, Look(foreground=9, italic=True)),))),
        ("\x1b[48;5;22;107mo", Styled("o", (Span(0, 1, Look(background=15)),))),
        ("\x1b[4:0;7;9mo", Styled("o", (Span(0, 1, Look(reverse=True, strike=True)),))),
        ("\x1b[4:3mo", Styled("o", (Span(0, 1, Look(underline=True)),))),
        ("\x1b[2mo\x1b[22;39;49mp", Styled("op", (Span(0, 1, Look(dim=True)),))),
        ("\x1b[31ma\x1b[31mb", Styled("ab", (Span(0, 2, Look(foreground=1)),))),
        ("\x1b[38;5;999mo", Styled("o")),
        ("\x1b[38;2;999;0;0mo", Styled("o")),
        ("\x1b[38mo", Styled("o")),
        ("\x1b[38;5mo", Styled("o")),
        ("\x1b[38;7mo", Styled("o")),
        ("\x1b[99999999999999999999mo", Styled("o")),
        ("\x1b[::;;mo", Styled("o")),
        ("\x1b[5;8mo", Styled("o")),  # neither blinking nor hidden
        ("a\tb", Styled("a       b")),
        ("ab\x1b[31m\tc\td", Styled("ab      c       d", (Span(2, 17, Look(foreground=1)),))),
        ("12345678\x1b[1m\tx", Styled("12345678        x", (Span(8, 17, Look(bold=True)),))),
    ],
)
def test_colours(line: str, expected: Styled) -> None:
    assert styled(line) == expected


@given(st.text(alphabet="ab\t", max_size=30), st.integers(0, 30))
def test_colour_moves_no_tab_stop(text: str, at: int) -> None:
    assert styled(text[:at] + "\x1b[31m" + text[at:]).text == text.expandtabs(ansi.TAB)


def test_switches_off() -> None:
    look = Look(1, 2, True, True, True, True, True, True)
    assert ansi.apply(look, "22;23;24;27;29;39;49") == PLAIN
    assert ansi.apply(look, "") == PLAIN
