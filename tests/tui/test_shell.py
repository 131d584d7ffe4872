"""The shell: footer, help, palette, themes, keys, copying, and hostile text everywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import groupby
from unicodedata import combining

import pytest
from msgspec import Struct
from msgspec.structs import replace
from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.tui import terminal
from relman.tui.browser import may_open
from relman.tui.present.piece import Piece
from relman.tui.screens.deploys import DeploysScreen
from relman.tui.screens.palette import PaletteScreen
from relman.tui.screens.pipeline import PipelineScreen
from relman.tui.theme import CONTRAST, DARK, LIGHT, THEMES, theme_name
from relman.tui.widgets.key_bar import Entry, KeyBar
from relman.tui.widgets.line_bar import LineBar
from tests.tui import boards

SIZES = [(80, 24), (120, 36), (160, 45)]
HOSTILE = [
    "x [/red]",
    "[@click=app.quit]ok[/]",
    "[bold]dependabot[bot] fix [#123] [skip ci]",
    "\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07title",
    "\x1b[2J\x1b[31mred\x9b31m\x9d0;x\x9c",
    "a\x00b\x07c\x7fd\x85e",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "🚀🧨👩‍👩‍👧‍👦" * 20,
    "x" * 10_000,
    "漢字" * 200,
    "",
    "   ",
    "line\nbreak\ttab\r\nmore",
    "\ud800lone",
    "%s {0} {{ }} $x `id`",
    "Z" + "\u0335\u0322\u0347\u0301" * 200 + "algo",
    "e\u0301" * 3_000,
    "name\nwith\x0bbreaks\u2028and\u2029more\x85lines",
    "\u202dleft\u202c \u2067right\u2069 \u061c\u200e\u200f",
]


BIDI = "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def poisoned(value: object, text: str) -> object:
    """The same facts with ``text`` in every piece of free text and every identifier."""
    keep = {"status", "conclusion", "state", "url", "html_url", "kind", "path", "full_name", "repo", "level"}
    if isinstance(value, Struct):
        changes = {}
        for name in value.__struct_fields__:
            held = getattr(value, name)
            if isinstance(held, str) and name not in keep:
                changes[name] = text
            elif isinstance(held, tuple | Struct):
                changes[name] = poisoned(held, text)
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(text if isinstance(one, str) else poisoned(one, text) for one in value)
    return value


def hostile_board(text: str) -> Board:
    plain = boards.board()
    return replace(
        plain,
        repo=text or "a/b",
        repository=poisoned(plain.repository, text),
        runs=poisoned(plain.runs, text),
        environments=poisoned(plain.environments, text),
        jobs={key: poisoned(section, text) for key, section in plain.jobs.items()},
        annotations={key: poisoned(section, text) for key, section in plain.annotations.items()},
        deployments={text: poisoned(plain.deployments["production"], text)},
        health={text: poisoned(plain.health["production"], text)},
        pending={key: poisoned(section, text) for key, section in plain.pending.items()},
        workflows=Section(None, None, Problem(Kind.SERVER, text, text, text)),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_reaches_no_terminal(text: str) -> None:
    app = boards.app(hostile_board(text))
    async with app.run_test(size=(120, 36)) as pilot:
        for keys in (
            ("j", "j"),
            ("slash", "escape"),
            ("tab", "tab"),
            ("y",),
            ("Y",),
            ("question_mark", "escape"),
            ("colon", "escape"),
            ("slash", "t", "enter", "n", "N", "escape"),
            ("z", "z", "C", "o", "r"),
        ):
            await pilot.press(*keys)
            await pilot.pause()
            shown = boards.dump(app)
            assert not any((ord(one) < 32 and one != "\n") or 0x7F <= ord(one) < 0xA0 for one in shown)
            assert not any(one in shown for one in BIDI)
            assert not any(one in shown for one in "\x0b\x0c\u2028\u2029")
            assert all(len(list(run)) < 20 for marked, run in groupby(shown, combining) if marked)
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    assert "@click" not in (segment.style.meta if segment.style else {})
                assert strip.cell_length <= 120
        for at in ((5, 4), (5, 6), (60, 5), (60, 26)):
            await pilot.click(offset=at)
        assert app.is_running


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_in_what_is_said_and_asked(text: str) -> None:
    """Toasts, notices in place of panes, the title of the terminal, a search, and a tab's badge."""
    from relman.tui.present.header import terminal_title
    from relman.tui.present.notice import refusal, too_small
    from relman.tui.present.piece import text_of
    from relman.tui.terminal import copy_sequences, title_sequence

    problem = Problem(Kind.PERMISSION, text, text, text)
    app = boards.app(Board(text or "a/b", runs=Section(None, None, problem)), problems=(problem,))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.tell(text)
        app.copy_text(text.encode("utf-8", "replace").decode(), text[:100].replace("\ud800", "?"))
        app.open_url_in_browser(text)
        await pilot.pause()
        shown = boards.dump(app)
        assert not any(
            (ord(one) < 32 and one != "\n") or 0x7F <= ord(one) < 0xA0 or one in BIDI for one in shown
        )
        for line in refusal(problem, boards.NOW).draw(40):
            assert "\n" not in text_of(line) and "\x1b" not in text_of(line)
        assert app.is_running
    title = title_sequence(terminal_title(Board(text)))
    assert title.startswith("\x1b]2;") and title.endswith("\x07") and len(title) < 200
    assert not any(ord(one) < 32 or ord(one) == 0x9C for one in title[4:-1])
    assert "\x1b" not in copy_sequences(text.replace("\ud800", ""), {})[1:]
    assert too_small(1, 1, (72, 20)).draw(1)


async def test_the_footer_never_grows() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        before = len(app.screen.query("*"))
        for turn in range(200):
            app.screen.refresh_bindings()
            await pilot.press("j" if turn % 2 else "k")
        await pilot.pause()
        assert len(app.screen.query("*")) == before


async def test_the_footer_shows_only_what_works() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        bar = app.screen.query_one(KeyBar)
        assert "Copy commands" not in [entry.text for entry in bar.entries]
        await pilot.press("j", "j")
        await pilot.pause()
        assert "Copy commands" in [entry.text for entry in bar.entries]
    empty = boards.app(Board("a/b", runs=Section((), boards.NOW)))
    async with empty.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        shown = [entry.text for entry in empty.screen.query_one(KeyBar).entries]
        assert "Log" not in shown and "Browser" not in shown and "Quit" in shown


async def test_a_click_on_the_footer_presses_the_key() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        bar = app.screen.query_one(KeyBar)
        line = boards.dump(app).split("\n")[-1]
        await pilot.click("#keys", offset=(line.index("Refresh"), 0))
        await pilot.pause()
        assert app.watch_.poller.refreshed == 1 and bar.entries


async def test_the_footer_while_somebody_types() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("slash", "c", "i")
        await pilot.pause()
        line = boards.dump(app).split("\n")[-1]
        assert line.split() == ["enter", "Keep", "esc", "Take", "back"]
        await pilot.click("#keys", offset=(line.index("esc"), 0))
        await pilot.pause()
        assert app.screen.focused is app.screen._runs
        assert len(app.screen._runs.items) == len(app.board.runs.value)
        assert "enter Open" in boards.dump(app).split("\n")[-1]


async def test_help_is_made_from_the_live_keys() -> None:
    app = boards.app(keys={"refresh": "f5"})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("r")
        assert app.watch_.poller.refreshed == 0
        await pilot.press("f5")
        assert app.watch_.poller.refreshed == 1
        await pilot.press("question_mark", "r", "e", "f", "r", "e", "s", "h")
        await pilot.pause()
        row = next(line for line in boards.dump(app).split("\n") if "Refresh now" in line)
        assert "f5" in row
        await pilot.press("enter")
        await pilot.pause()
        assert app.watch_.poller.refreshed == 2


async def test_a_command_without_a_key_can_have_one() -> None:
    app = boards.app(keys={"theme-light": "f9", "menu-close": "f2"})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        text = boards.dump(app)
        assert "f2 closes" in text and "esc" not in text.split("closes")[0]
        await pilot.press(*"light")
        await pilot.pause()
        assert re.search(r"f9 +Theme: light", boards.dump(app))
        await pilot.press("f2", "f9")
        await pilot.pause()
        assert app.theme == "relman-light"
        assert app.screen is app.screen_stack[0]


@pytest.mark.parametrize("size", [(72, 20), (80, 24), (160, 45)])
async def test_what_the_help_has_no_room_for_in_a_row_stands_below_it(size: tuple[int, int]) -> None:
    app = boards.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("question_mark", "down", "down", "down", "down")
        await pilot.pause()
        lines = boards.dump(app).split("\n")
        shown = " ".join(" ".join(line.split("│")[1].split()) for line in lines if line.count("│") >= 2)
        assert (
            "Runs by words, branch: status: workflow: event: actor:, ! for not; a job in the graph; text"
            in shown
        )
        await pilot.press(*"nothing like it")
        await pilot.pause()
        assert "Nothing fits what is typed." in boards.dump(app)
        await pilot.resize_terminal(120, 36)
        await pilot.press(*["backspace"] * 20)
        await pilot.pause()
        assert "Into the graph, into a group, to the job, to its log." in boards.dump(app)


async def test_the_palette_offers_only_what_can_run() -> None:
    app = boards.app(user_file="~/.config/relman/config.toml")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        text = boards.dump(app)
        assert "Theme: light" in text
        assert "Copy what to try" not in text
        for character in "themelight":
            await pilot.press(character)
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme == LIGHT
        told = [note.message for note in app._notifications]
        assert told == ['Until you leave; theme = "light" in ~/.config/relman/config.toml keeps it.']
        await pilot.press("ctrl+p", "escape")
        await pilot.pause()
        assert app.is_running and len(app.screen_stack) == 1


async def test_a_key_that_comes_before_its_screen_is_drawn_does_no_harm() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)):
        for early in (PaletteScreen(app.screen), PipelineScreen(), DeploysScreen()):
            for name in type(early).commands():
                early.action_run_command(name)


async def test_ages_tick_and_nothing_else_is_rebuilt() -> None:
    app = boards.app()
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("j")
        await pilot.pause()
        before = len(app.screen.query("*"))
        for seconds in range(1, 4):
            app.clock.time = boards.NOW + timedelta(seconds=seconds)
            app._tick()
            await pilot.pause()
        assert "8s old" in boards.dump(app)
        assert "6m 03s" in boards.dump(app)
        assert len(app.screen.query("*")) == before


async def test_monitor_says_read_only_at_every_size() -> None:
    for size in SIZES:
        app = boards.app(read_only=True)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            sign = "■ read-only" if size[0] > 80 else " ■"
            assert boards.dump(app).split("\n")[0].rstrip().endswith(sign)


async def test_a_screen_behind_waits_and_catches_up() -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        app.push_screen(Screen())
        await pilot.pause()
        app.watch_.store.publish(replace(app.board, runs=Section((boards.run(999),), boards.NOW)))
        await pilot.pause()
        behind = app.screen_stack[0]
        assert len(behind._runs.items) > 1
        app.pop_screen()
        await pilot.pause()
        assert [run.number for run in app.screen._runs.items] == [999]


async def test_the_terminal_is_told_what_waits() -> None:
    from relman.tui.present.header import terminal_title

    assert terminal_title(boards.board()) == "◆ 1 waiting · acme/agentic-backend"
    assert terminal_title(Board("a\x07/\x1b]b")) == "a/b · relman" or "\x1b" not in terminal_title(
        Board("\x1b]b")
    )


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        ("https://github.com/acme/x/actions/runs/1", True),
        ("https://github.com.evil.example/acme", False),
        ("https://github.com@evil.example/", False),
        ("https://user:pw@github.com/", False),
        ("http://github.com/", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("https://github.com:8443/", False),
        ("https://github.com/\\evil", False),
        ("https://github.com/a\nb", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_pages_of_the_forge_open(url: str, opens: bool) -> None:
    assert may_open(url, "https://github.com") is opens


def test_a_loopback_forge_opens_its_own_pages() -> None:
    assert may_open("http://127.0.0.1:8080/acme/x", "http://127.0.0.1:8080")
    assert not may_open("http://127.0.0.1:8081/acme/x", "http://127.0.0.1:8080")


def test_copying_passes_through_multiplexers() -> None:
    plain = terminal.copy_sequences("https://x", {})
    assert plain == "\x1b]52;c;aHR0cHM6Ly94\x07"
    inside = terminal.copy_sequences("https://x", {"TMUX": "/tmp/tmux"})
    assert inside == plain + "\x1bPtmux;\x1b" + plain + "\x1b\\"
    assert terminal.copy_sequences("y" * 2000, {"STY": "1"}).count("\x1bP") == 4


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_tones_can_be_read_and_told_apart(theme: object) -> None:
    from rich.color import Color, ColorSystem

    names = ("tone-good", "tone-bad", "tone-active", "tone-waiting", "tone-quiet", "border")
    colours = {name: theme.variables[name] for name in names} | {"text": theme.foreground}
    grounds = {"background": theme.background, "surface": theme.surface, "raised": theme.panel}

    def in_256(colour: str) -> Color:
        return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT)

    for name, colour in colours.items():
        for ground, of in grounds.items():
            least = 7.0 if theme.name == CONTRAST and ground != "raised" else 4.5
            assert contrast(colour, of) >= least, (name, ground)
            few = [in_256(one).get_truecolor().hex for one in (colour, of)]
            assert contrast(*few) >= 4.5, (name, ground, "256 colours")
    assert len({in_256(colour).number for colour in colours.values()}) == len(colours)
    if theme.name != CONTRAST:  # its header and its panes are black alike
        assert len({in_256(ground).number for ground in (*grounds.values(), theme.variables["line"])}) == 4
    assert in_256(theme.panel).number != in_256(theme.background).number
    cursor = theme.variables["input-cursor-foreground"], theme.variables["input-cursor-background"]
    assert contrast(*cursor) >= 4.5


def test_the_theme_follows_the_wish_then_the_terminal() -> None:
    assert theme_name("", colours=1 << 24) == DARK
    assert theme_name("", colours=16) == CONTRAST
    assert theme_name("light", colours=16) == LIGHT
    assert theme_name("relman-dark", colours=2) == DARK


async def test_a_line_is_drawn_for_the_width_it_has() -> None:
    """Whether or not it was told of that width."""

    class Bars(App[None]):
        def compose(self) -> ComposeResult:
            self.bar = LineBar(lambda width: (Piece(f"{width} cells"),))
            self.bar.disable_messages(events.Resize)
            yield self.bar

    app = Bars()
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert app.bar.render_line(0).text.startswith("60 cells")
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert app.bar.render_line(0).text.startswith("80 cells")


async def test_the_footer_follows_a_change_right_behind_a_resize(monkeypatch: pytest.MonkeyPatch) -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        bar = app.screen.query_one(KeyBar)
        assert "Open" in {entry.text for entry in bar.entries}
        monkeypatch.setattr(bar, "_made", lambda: (Entry("x", "Something else", "x"),))
        bar.on_resize()  # its event may come behind a paint
        app.screen.refresh_bindings()
        await pilot.pause(0.1)
        assert "Something else" in boards.dump(app).split("\n")[-1]


@pytest.mark.parametrize("keys", [(":",), ("?",), ("2", "ctrl+p"), ("/", "x")], ids=str)
async def test_a_change_that_ends_late_takes_nobody_away(keys: tuple[str, ...]) -> None:
    app = boards.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("3", *keys)
        await pilot.pause()
        screen, front = app.screen_stack[0], app.screen
        screen._lead_to(boards.FAILED.id, True)
        await pilot.pause()
        assert app.screen is front
        await pilot.press("escape", "escape")
        screen._lead_to(boards.FAILED.id, True)
        await pilot.pause()
        await pilot.pause()
        assert app.screen.run_shown is not None and app.screen.run_shown.id == boards.FAILED.id
        assert app.current_mode == "pipeline"
