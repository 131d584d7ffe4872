from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from relman.tui.present.log import LINE_SHOWN
from relman.tui.theme import DARK, THEMES
from relman.tui.widgets.log_view import LogView
from relman.tui.widgets.moves import Move

HOSTILE = [
    "[/red] [@click=app.exit]x[/]",
    "\x1b]0;title\x07osc \x1b]52;c;Zm9v\x1b\\ \x1b[2J\x1b[31mcsi\x1b[0m \x9b31m\x90dcs\x9c",
    "\u202eevil\u202c \u200b \u2066x\u2069 \U000e0041",
    "\x00\x01\x7f nul",
    "x" * 10_000,
    "👩‍👩‍👧 你好 é ̈ ️",
    "\x1b[38;2;999;1;1m\x1b[;;;m\x1b[mbroken \x1b[3",
    "tab\tand\ttab",
    "10%\r50%\rdone",
]


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield LogView()

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(
    path: Path, data: bytes, size: tuple[int, int] = (60, 12)
) -> AsyncIterator[tuple[LogView, Pilot[None]]]:
    path.write_bytes(data)
    app = Host()
    async with app.run_test(size=size) as pilot:
        view = app.query_one(LogView)
        view.focus()
        await view.open_file(path)
        await until(lambda: view.status.indexed)
        await pilot.pause()
        yield view, pilot


def screen(view: LogView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def stamped(*lines: str) -> bytes:
    return b"".join(f"2026-10-08T11:22:{n % 60:02}.1234567Z {line}\n".encode() for n, line in enumerate(lines))


STEPS = stamped(
    "Current runner version",
    "##[group]Run make",
    "make all",
    "##[endgroup]",
    *[f"compiling {n}" for n in range(30)],
    "##[group]Report",
    "##[error]broken here",
    "##[endgroup]",
    "after",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job.log"


async def test_opens_at_the_first_error_with_what_led_to_it(path: Path) -> None:
    async with opened(path, STEPS) as (view, _):
        rows = screen(view)
        assert view.status.line == 36
        assert view.status.errors == 1
        assert "  36 │ Error: broken here" in rows
        assert "  35 ▼ Report" in rows
        assert "  37 └" in rows


async def test_without_an_error_it_begins_at_the_top_and_groups_are_folded(path: Path) -> None:
    async with opened(path, STEPS.replace(b"##[error]", b"")) as (view, _):
        rows = screen(view)
        assert rows[0] == "   1   Current runner version"
        assert rows[1] == "   2 ▶ Run make  1 line"
        assert rows[2] == "   5   compiling 0"


async def test_folding(path: Path) -> None:
    async with opened(path, STEPS) as (view, pilot):
        assert view.fold()  # the cursor is within the failed group, and goes to its title
        await pilot.pause()
        assert view.status.line == 35
        assert "  35 ▶ Report  1 line" in screen(view)
        view.fold_all()
        view.move(Move.TOP)
        assert not view.fold()
        view.move(Move.DOWN)
        view.move(Move.DOWN)
        assert screen(view)[2] == "   3 │ make all"
        assert view.fold()
        assert view.status.line == 2
        view.fold_all()
        view.fold_all()
        view.move(Move.BOTTOM)
        assert view.status.line == 38
        for _ in range(3):
            view.move(Move.UP)
        assert view.status.line == 33  # over the fold in one step


async def test_times(path: Path) -> None:
    async with opened(path, STEPS) as (view, _):
        view.toggle_times()
        assert "  36 11:22:35 │ Error: broken here" in screen(view)


async def test_wrapping_breaks_at_the_edge_and_keeps_the_place(path: Path) -> None:
    text = "".join(chr(97 + n % 26) for n in range(120))
    async with opened(path, stamped(*[text] * 20, "##[error]end", "你好" * 40)) as (view, pilot):
        view.toggle_wrap()
        await until(lambda: view.virtual_size.height > 22)
        await pilot.pause()
        assert view.virtual_size.height == 20 * 3 + 1 + 4
        rows = screen(view)
        assert view.status.line == 21
        assert any("Error: end" in row for row in rows)
        view.move(Move.TOP)
        room = 60 - 7 - 1  # gutter and scroll bar
        assert [row[7:] for row in screen(view)[:3]] == [text[:room], text[room : 2 * room], text[2 * room :]]
        view.move(Move.BOTTOM)
        await pilot.pause()
        joined = "".join(row[7:] for row in screen(view)[-4:])
        assert joined == "你好" * 40
        await pilot.resize_terminal(100, 12)
        await until(lambda: view.virtual_size.height == 20 * 2 + 1 + 2)
        view.toggle_wrap()
        assert view.virtual_size.height == 22


async def test_a_line_taller_than_the_screen_can_be_read_to_its_end(path: Path) -> None:
    text = "".join(f"{n:05}" for n in range(400))
    async with opened(path, stamped(text, "last")) as (view, pilot):
        view.toggle_wrap()
        await until(lambda: view.virtual_size.height > 2)
        seen = set()
        for _ in range(60):
            await pilot.pause()
            seen.update(row[7:].strip() for row in screen(view))
            view.move(Move.DOWN)
        assert view.status.line == 2
        assert text == "".join(part for part in sorted(seen - {"last", ""}, key=lambda part: text.find(part)))


async def test_search_finds_as_a_person_sees_goes_round_and_unfolds(path: Path) -> None:
    log = stamped(
        "Needle one", "##[group]Run", "\x1b[31mnee\x1b[0mdle two", "##[endgroup]", "none", "NEEDLE three"
    )
    async with opened(path, log) as (view, pilot):
        view.search("needle")
        await until(lambda: not view.status.more_hits)
        await pilot.pause()
        assert (view.status.line, view.status.hit, view.status.hits) == (1, 1, 3)
        assert view.next()
        assert view.status.line == 3
        assert "   3 │ needle two" in screen(view)
        assert view.next()
        assert (view.status.line, view.status.hit) == (6, 3)
        assert view.next()
        assert view.status.line == 1
        assert view.next(back=True)
        assert view.status.line == 6
        view.search("Needle")
        await until(lambda: not view.status.more_hits)
        assert view.status.hits == 1
        view.search("2026")
        await until(lambda: not view.status.more_hits)
        assert view.status.hits == 0
        assert not view.next()
        view.cancel_search()
        assert view.status.searched == ""
        assert view.status.line == 1


async def test_what_is_found_comes_into_view_sideways_too(path: Path) -> None:
    far, wide = "x" * 300 + " needle " + "y" * 90, "長い行" * 60 + " needle"
    async with opened(path, stamped(far, "needle at the beginning", wide, *"abc")) as (view, pilot):
        view.search("needle")
        await until(lambda: not view.status.more_hits)
        await pilot.pause()
        for line in (1, 2, 3, 1):
            assert view.status.line == line
            assert "needle" in screen(view)[line - 1]
            assert ("…" in screen(view)[line - 1][:10]) is (line != 2)
            assert (view.status.column == 1) is (line == 2)
            view.next()
            await pilot.pause()
        view.toggle_wrap()
        await pilot.pause()
        assert view.status.column == 1


async def test_without_a_search_n_walks_the_errors(path: Path) -> None:
    async with opened(path, stamped("a", "##[error]1", "b", "##[error]2", "c")) as (view, _):
        assert view.status.line == 2
        lines = []
        for back in (False, False, True):
            assert view.next(back=back)
            lines.append(view.status.line)
        assert lines == [4, 2, 4]


async def test_matches_and_colours_are_drawn(path: Path) -> None:
    async with opened(path, stamped("plain \x1b[1;31mred\x1b[0m end")) as (view, pilot):

        def style(text: str) -> object:
            return next(part.style for part in view.render_line(0) if part.text.strip() == text)

        red = style("red")
        assert red.bold  # type: ignore[attr-defined]
        plain = style("plain")
        view.search("end")
        await until(lambda: view.status.hits == 1)
        await pilot.pause()
        assert style("end") != plain
        assert style("red") == red


async def test_nothing_hostile_reaches_the_screen(path: Path) -> None:
    async with opened(path, stamped(*HOSTILE), (80, 24)) as (view, pilot):
        for _ in range(2):
            rows = screen(view)
            assert rows[0].endswith("[/red] [@click=app.exit]x[/]")
            for y in range(24):
                strip = view.render_line(y)
                assert strip.cell_length == view.scrollable_content_region.width
                assert not set(strip.text) & set("\x1b\x00\x07\x7f\x90\x9b\r\t\u202e\u200b\u2066")
                assert not any("@click" in (part.style.meta if part.style else {}) for part in strip)
            view.toggle_wrap()
            await pilot.pause()
            await pilot.click(LogView, offset=(12, 0))
        assert pilot.app.return_code is None
        for x in range(0, 60, 7):
            view.scroll_to(x=x, animate=False, force=True, immediate=True)
            assert {view.render_line(y).cell_length for y in range(24)} == {
                view.scrollable_content_region.width
            }


@pytest.mark.parametrize(
    ("data", "lines"),
    [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"\xff\xfe\n", 1), (b"\xef\xbb\xbf", 0), (b"\r\n\r\n", 2)],
)
async def test_small_and_odd_files(path: Path, data: bytes, lines: int) -> None:
    async with opened(path, data) as (view, pilot):
        assert view.status.lines == lines
        for move in Move:
            view.move(move)
        view.fold()
        view.fold_all()
        view.toggle_wrap()
        view.toggle_times()
        view.next()
        view.search("a")
        await until(lambda: not view.status.more_hits)
        await pilot.pause()
        screen(view)
        assert isinstance(view.copied()[0], str)


async def test_a_line_of_ten_megabytes_is_cut_with_a_mark(path: Path) -> None:
    data = stamped("before") + b"y" * 10_000_000 + b"\n" + stamped("##[error]behind")
    async with opened(path, data) as (view, pilot):
        assert view.status.line == 3
        view.move(Move.UP)
        text, what = view.copied()
        assert (len(text), what) == (LINE_SHOWN, "the line")
        view.scroll_to(x=view.virtual_size.width, animate=False, force=True, immediate=True)
        await pilot.pause()
        assert screen(view)[1].endswith("… 9.9 MB more in this line")
        view.toggle_wrap()
        await until(lambda: view.virtual_size.height > 1000)


async def test_what_lies_behind_the_shown_part_of_a_line_is_not_searched_and_that_is_said(path: Path) -> None:
    data = (
        b"short\n"
        + b"y" * (LINE_SHOWN - 6)
        + b"INSIDE"
        + b"BEYOND"
        + b"y" * 5_000_000
        + b"NEEDLE\nafter NEEDLE\n"
    )
    async with opened(path, data) as (view, _):
        view.search("after")
        await until(lambda: not view.status.more_hits)
        for text, hits in (("INSIDE", 1), ("BEYOND", 0), ("NEEDLE", 1)):
            view.search(text)
            await until(lambda: not view.status.more_hits)
            assert view.status.hits == hits and view.status.searched_in_part
        view.search("")
        view.move(Move.TOP)
        cut = []
        for _ in range(3):
            cut.append(view.status.cut)
            view.move(Move.DOWN)
        assert sum(map(bool, cut)) == 1 and max(cut) == len("BEYOND" + "NEEDLE\n") + 5_000_000
    short = data.replace(b"y" * 5_000_000, b"").replace(b"BEYOND", b"").replace(b"y", b"", 40)
    async with opened(path, short) as (view, _):
        view.search("NEEDLE")
        await until(lambda: not view.status.more_hits)
        assert view.status.hits == 2 and not view.status.searched_in_part


async def test_a_file_that_grows_goes_on(path: Path) -> None:
    async with opened(path, stamped("one", "two") + b"thr") as (view, pilot):
        view.search("three")
        await until(lambda: not view.status.more_hits)
        assert screen(view)[2] == "   3   thr"
        with path.open("ab") as file:
            file.write(b"ee\nfour\n")
        await view.open_file(path)
        await until(lambda: view.status.lines == 4 and view.status.hits == 1)
        await pilot.pause()
        assert screen(view)[2:4] == ["   3   three", "   4   four"]


async def test_a_file_that_is_replaced_is_read_afresh(path: Path, tmp_path: Path) -> None:
    async with opened(path, stamped("one", "two")) as (view, pilot):
        other = tmp_path / "other"
        other.write_bytes(b"new\n")
        other.replace(path)
        await view.open_file(path)
        await until(lambda: view.status.lines == 1)
        await pilot.pause()
        assert screen(view)[0] == "   1   new"


async def test_a_file_that_is_cut_short_or_gone_shows_what_is_left(path: Path) -> None:
    async with opened(path, stamped(*[f"line {n} " + "z" * 50 for n in range(2000)])) as (view, _):
        with path.open("r+b") as file:
            file.truncate(100)
        path.unlink()
        view.move(Move.BOTTOM)
        assert screen(view)[-1].startswith("2000")
        with pytest.raises(FileNotFoundError):
            await view.open_file(path)


async def test_the_selection_is_copied_without_line_numbers(path: Path) -> None:
    async with opened(path, stamped("first line", "second \x1b[32mline\x1b[0m", "third line")) as (view, pilot):
        assert view.copied() == ("first line", "the line")
        await pilot.mouse_down(LogView, offset=(7 + 6, 0))
        await pilot.hover(LogView, offset=(7 + 5, 2))
        await pilot.mouse_up(LogView, offset=(7 + 5, 2))
        await pilot.pause()
        text, what = view.copied()
        assert what == "the selection"
        assert text.startswith("line\nsecond line\nthird")
        view.toggle_times()  # rows move: nothing is selected any more
        assert view.text_selection is None


async def test_a_click_puts_the_cursor_and_on_the_sign_it_folds(path: Path) -> None:
    async with opened(path, STEPS.replace(b"##[error]", b"")) as (view, pilot):
        await pilot.click(LogView, offset=(20, 3))
        assert view.status.line == 6
        await pilot.click(LogView, offset=(5, 1))
        await pilot.pause()
        assert screen(view)[2] == "   3 │ make all"


async def test_half_pages_and_sides(path: Path) -> None:
    async with opened(path, stamped(*[f"{n} " + "w" * 200 for n in range(100)])) as (view, pilot):
        view.move(Move.HALF_DOWN)
        assert view.status.line == 7
        view.move(Move.HALF_UP)
        assert view.status.line == 1
        view.move(Move.PAGE_DOWN)
        assert view.status.line == 13
        await pilot.pause()
        view.move(Move.RIGHT)
        assert view.status.column > 1
        shown = screen(view)[0]
        assert shown.endswith("…" + "w" * 50 + "…")  # the line goes on at both sides
        for _ in range(20):
            view.move(Move.RIGHT)
        assert screen(view)[0].rstrip().endswith("w") and "…w" in screen(view)[0]
        for _ in range(30):
            view.move(Move.LEFT)
        assert "…" in screen(view)[0] and "…w" not in screen(view)[0]
        assert view.status.column == 1


async def test_every_theme_keeps_the_colours_of_a_log_legible(path: Path) -> None:
    from relman.tui.widgets.log_paint import LEAST_CONTRAST, contrast, ground_of

    names = "".join(f"\x1b[{code}m{code} \x1b[0m" for code in (*range(30, 38), *range(90, 98)))
    async with opened(
        path, stamped(names, "\x1b[38;5;16mblack\x1b[0m \x1b[30;40mboth\x1b[0m \x1b[7mturned")
    ) as (view, pilot):
        for theme in THEMES:
            view.app.theme = theme.name
            await pilot.pause()
            for y in range(2):
                for part in list(view.render_line(y))[2:]:
                    if part.text.strip() and part.style is not None:
                        front, behind = ground_of(part.style)
                        assert contrast(front, behind) >= LEAST_CONTRAST - 0.01
