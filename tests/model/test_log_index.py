"""The index against the plain way: split the whole log and look at every line."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from relman.model import log_index
from relman.model.cells import apart
from relman.model.job_log import Level, level_of, parse_line
from relman.model.log_folds import Folds
from relman.model.log_index import Group, LogIndex, Scanner
from relman.model.log_rows import Rows, Tall, hidden_by
from relman.model.log_search import Wanted
from relman.text import clean_log

TIME = b"2026-10-08T11:22:33.1234567Z "
PIECES = [
    TIME,
    TIME[:-1],
    b"##[group]",
    b"##[endgroup]",
    b"##[error]",
    b"##[warning]",
    b"::group::",
    b"::endgroup::",
    b"::error file=a.py,line=1::",
    b"##[",
    b"::",
    b"\n",
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"word ",
    b"Word",
    b"\x1b[31m",
    b"\x1b[",
    b"31m",
    b"\x1b]0;t\x07",
    b"\xff",
    b"\xc2\x9b",
    "é ü".encode(),
    "É".encode(),
    b"\xe2\x80\xae",
    b"x" * 40,
    b"\t",
    b"2026",
]
logs = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)


def lines_of(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def indexed(data: bytes, cuts: list[int], block: int, *, slices: bool = False) -> LogIndex:
    before, log_index.BLOCK = log_index.BLOCK, block
    try:
        scanner, index = Scanner(), LogIndex()
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for start, end in itertools.pairwise(edges):
            scanner.feed(data[start:end])
            if slices:
                index.add(scanner.take(finished=True))  # as a file that grows
        index.add(scanner.take(finished=True))
        return index
    finally:
        log_index.BLOCK = before


@given(logs, st.lists(st.integers(0, 4000), max_size=8), st.integers(1, 60), st.booleans())
def test_lines_and_marks_are_those_of_the_plain_way(
    data: bytes, cuts: list[int], block: int, slices: bool
) -> None:
    index = indexed(data, cuts, block, slices=slices)
    lines = lines_of(data)
    assert index.line_count == len(lines)
    got: list[bytes] = []
    for number in range(index.block_count):
        part = index.block(number)
        assert part.first == len(got)
        chunk = data[part.start : part.end]
        got += lines_of(chunk)
        assert part.lines == len(lines_of(chunk))
    assert got == lines
    for line in range(len(lines)):
        part = index.block(index.block_of(line))
        assert part.first <= line < part.first + part.lines
    if not slices:
        assert index.errors == [n for n, line in enumerate(lines) if level_of(line) is Level.ERROR]
        assert index.warnings == [n for n, line in enumerate(lines) if level_of(line) is Level.WARNING]
        assert [group.first for group in index.groups()] == [
            n for n, line in enumerate(lines) if level_of(line) is Level.GROUP
        ]


@given(logs, st.lists(st.integers(0, 4000), max_size=4))
def test_groups_nest_or_stand_apart_and_a_forgotten_end_swallows_no_other_group(
    data: bytes, cuts: list[int]
) -> None:
    index = indexed(data, cuts, 50)
    groups = index.groups()
    lines = lines_of(data)
    for group in groups:
        assert 0 <= group.first <= group.last < len(lines)
        assert group.closed == (level_of(lines[group.last]) is Level.ENDGROUP and group.last > group.first)
        assert group.failed == any(
            level_of(line) is Level.ERROR for line in lines[group.first : group.last + 1]
        )
        for other in groups:
            if other.first > group.first:
                assert other.first > group.last or other.last <= group.last
                if not group.closed:
                    assert other.first > group.last


def test_an_error_in_an_open_end_is_found_and_stays_single_when_the_file_grows() -> None:
    scanner, index = Scanner(), LogIndex()
    scanner.feed(TIME + b"##[error]fir")
    index.add(scanner.take(finished=True))
    assert (index.errors, index.line_count) == ([0], 1)
    scanner.feed(b"st\nsecond\n")
    index.add(scanner.take(finished=True))
    assert (index.errors, index.line_count) == ([0], 2)


def test_marks_have_a_bound() -> None:
    scanner, index = Scanner(), LogIndex()
    scanner.feed(b"##[error]\n" * (log_index.MOST_MARKS + 5))
    index.add(scanner.take(finished=True))
    assert len(index.errors) == log_index.MOST_MARKS
    assert index.overflow
    assert index.line_count == log_index.MOST_MARKS + 5


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], dict[int, int]]:
    count = draw(st.integers(0, 40))
    edges = sorted(draw(st.sets(st.integers(0, max(0, count - 1)), max_size=10))) if count else []
    hidden = [(edges[i], edges[i + 1] - 1) for i in range(0, len(edges) - 1, 2)]
    tall = draw(st.dictionaries(st.integers(0, max(0, count - 1)), st.integers(1, 5))) if count else {}
    return count, hidden, tall


@given(layouts(), st.integers(-50, 50))
def test_rows_are_those_of_the_plain_way(
    layout: tuple[int, list[tuple[int, int]], dict[int, int]], by: int
) -> None:
    count, hidden, tall_lines = layout
    tall = Tall()
    tall.extend(sorted(tall_lines), [tall_lines[line] for line in sorted(tall_lines)])
    rows = Rows(count, hidden, tall)
    gone = {line for first, last in hidden for line in range(first, last + 1)}
    plain = [
        (line, sub) for line in range(count) if line not in gone for sub in range(1 + tall_lines.get(line, 0))
    ]
    assert rows.total == len(plain)
    assert [rows.at(row) for row in range(len(plain))] == plain
    assert rows.at(len(plain)) == (count, 0)
    shown = [line for line in range(count) if line not in gone]
    assert rows.visible == len(shown)
    for line in range(count):
        assert rows.is_hidden(line) == (line in gone)
        expected = next((row for row, (each, _) in enumerate(plain) if each >= line), len(plain))
        assert rows.row_of(line) == expected
        if line not in gone:
            assert rows.height(line) == 1 + tall_lines.get(line, 0)
            assert rows.step(line, by) == shown[min(max(0, shown.index(line) + by), len(shown) - 1)]
        elif shown:
            assert rows.step(line, by) in shown


@given(logs, st.sets(st.integers(0, 60)))
def test_collapsed_groups_hide_all_but_their_titles(data: bytes, wish: set[int]) -> None:
    groups = indexed(data, [], 50).groups()
    hidden = hidden_by(groups, wish)
    gone = {line for first, last in hidden for line in range(first, last + 1)}
    assert gone == {
        line for group in groups if group.first in wish for line in range(group.first + 1, group.last + 1)
    }
    assert all(a[1] < b[0] for a, b in itertools.pairwise(hidden))


@given(
    logs, st.sampled_from(["word", "Word", "é", "É", "x", "31m", "2026", "\ufffd", "rd W", "group", "[", ""])
)
def test_search_finds_what_a_person_sees(data: bytes, text: str) -> None:
    wanted = Wanted(text)
    seen = [parse_line(line).text for line in data.split(b"\n")]
    fold = text == text.lower()
    expected = [n for n, line in enumerate(seen) if text and text in (line.lower() if fold else line)]
    assert wanted.lines(data) == expected
    for line in seen:
        for start, end in wanted.spans(line):
            assert (line[start:end].lower() if fold else line[start:end]) == text


@given(logs, st.lists(st.tuples(st.sampled_from(["toggle", "reveal", "all"]), st.integers(0, 59)), max_size=8))
def test_folds_hide_and_show_what_they_say(data: bytes, wishes: list[tuple[str, int]]) -> None:
    index = indexed(data, [], 50)
    count, groups = index.line_count, index.groups()
    folds = Folds()
    folds.update(groups)
    assert all(folds.folded(group) == (group.closed and not group.failed) for group in groups)

    def hides(line: int) -> list[Group]:
        return [group for group in groups if folds.folded(group) and group.first < line <= group.last]

    for what, wish in wishes:
        if not count:
            break
        line = wish % count
        inner = [group for group in groups if group.first <= line <= group.last]
        assert folds.around(line) == (inner[-1] if inner else None)
        if what == "toggle":
            before = inner and folds.folded(inner[-1])
            assert folds.toggle(line) == (inner[-1].first if inner else None)
            assert not inner or folds.folded(inner[-1]) != before
        elif what == "reveal":
            hidden = bool(hides(line))
            assert folds.reveal(line) == hidden
            assert not hides(line)
        else:
            folds.toggle_all()
            assert len({folds.folded(group) for group in groups}) <= 1
        rows = Rows(count, folds.hidden)
        for each in range(count):
            assert rows.is_hidden(each) == bool(hides(each))
            holder = folds.holder(each)
            assert holder == min((group.first for group in hides(each)), default=each)
            assert not hides(holder)
            title = folds.title(each)
            assert (title is not None) == any(group.first == each for group in groups)


def test_no_character_that_is_not_shown_hides_a_text_from_the_search() -> None:
    every = "a".join(chr(code) for code in range(0xA0, 0x110000) if not 0xD800 <= code < 0xE000)
    left = set(apart(clean_log(every)))
    gone = set(every) - left
    assert {"\u00ad", "\u034f", "\u180e", "\u3164", "\uffa0", "\u200d", "\ufe0f", "\u202e"} <= gone
    for character in gone - {"\u2028", "\u2029"}:
        assert Wanted("foobar").lines(f"foo{character}bar\n".encode()) == [0], hex(ord(character))
