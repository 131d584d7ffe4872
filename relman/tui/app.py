"""The dashboard's application: screens, themes, signals, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, cast

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.driver import Driver
from textual.screen import Screen
from textual.signal import Signal

from relman.board.clock import SystemClock
from relman.board.view import View
from relman.errors import Problem
from relman.model.board import Board
from relman.tui import crash, terminal
from relman.tui.browser import may_open, open_page
from relman.tui.commands.command import CommandHost, command, key_shown, takes_letters
from relman.tui.commands.live import run_live
from relman.tui.keyboard import KeysInOrder
from relman.tui.notify import Herald, summary
from relman.tui.present.header import terminal_title
from relman.tui.present.piece import cut, safe
from relman.tui.screens.live import MOVEMENTS, LiveScreen
from relman.tui.settings import DashboardSettings
from relman.tui.tabs import TABS, Tab, tab_commands
from relman.tui.theme import THEMES, FirstTheme, theme_commands, theme_name

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from relman.actions.operator import Action
    from relman.actions.release_look import ReleaseLook
    from relman.actions.tools import Tools
    from relman.tui.acting import Acting, After, Course
    from relman.tui.ports import Clock, Watching
    from relman.tui.release_reading import ReleaseReading
    from relman.tui.screens.menu import MenuScreen


def _driver_class() -> type[Driver] | None:
    """Ours on terminals that can vanish; Textual's choice on Windows."""
    if terminal.WINDOWS:
        return None
    from relman.tui.driver import TerminalDriver

    return TerminalDriver


_COLOURS = {"truecolor": 1 << 24, "256": 256, "windows": 16, "standard": 16}


def _on_screen(app: object) -> bool:
    """Whether no menu or dialog stands in front, and nobody types a filter."""
    app = cast("RelmanApp", app)
    return isinstance(app.screen, LiveScreen) and not takes_letters(app.focused)


class RelmanApp(CommandHost, KeysInOrder, FirstTheme, App[None], inherit_bindings=False):
    """The dashboard on a board. It asks nothing of the network itself.

    ``tools`` gives what actions work with; it is called once, when something is first to be changed, and not
    at all where relman is read-only. ``look`` gives what reads releases from near; it is called when somebody
    looks.
    """

    # With the first screen's: reading it later would parse every style sheet once more before the first frame.
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", f"screens/{TABS[0].mode}.tcss"]
    TITLE = "relman"
    ENABLE_COMMAND_PALETTE = False
    TABS: ClassVar[tuple[Tab, ...]] = TABS
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {tab.mode: tab.make for tab in TABS}
    DEFAULT_MODE = TABS[0].mode
    MORE_COMMANDS = (
        *tab_commands(TABS, lambda app, tab: cast("RelmanApp", app).go(tab), _on_screen),
        *theme_commands(),
    )
    # Laid out for 80 × 24; a multiplexer takes a line or two of that.
    LEAST: ClassVar[tuple[int, int]] = (72, 20)
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (an instance variable of Textual's)
        (0, "-narrow"),
        (100, "-medium"),
        (140, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        watch: Watching,
        settings: DashboardSettings | None = None,
        clock: Clock | None = None,
        tools: Callable[[], Tools] | None = None,
        *,
        look: Callable[[], ReleaseLook] | None = None,
        opener: Callable[[str], None] = open_page,
    ) -> None:
        if os.environ.get("NO_COLOR") == "":  # the convention: empty is as good as absent
            del os.environ["NO_COLOR"]
        super().__init__(driver_class=_driver_class())
        if self.no_color:
            from textual.filter import Monochrome

            from relman.tui.no_colour import WithoutColour

            plain = WithoutColour(self._colours_that_mean)
            self._filters = [plain if isinstance(one, Monochrome) else one for one in self._filters]
        self.watch_ = watch
        self.settings = settings or DashboardSettings()
        self.clock: Clock = clock or SystemClock()
        self.board_signal: Signal[Board] = Signal(self, "board")
        self._opener = opener
        self._acting: Acting | None = None
        self._open_tools = None if self.settings.read_only else tools
        self._tools: Tools | None = None
        self._open_look = look
        self.release_read: ReleaseReading | None = None  # None until it is first wanted
        self._unsubscribe: Callable[[], None] | None = None
        self._view = View()
        self.first_frame = asyncio.Event()  # the first frame is out
        self._leave: Callable[[], None] | None = None  # wanted before that
        self._told: tuple[Problem, ...] = ()
        self._terminal_title = ""
        self._herald = Herald(self.clock.now(), bell=self.settings.bell, desktop=self.settings.desktop)
        for theme in THEMES:
            self.register_theme(theme)
        self.begin_with_theme(
            theme_name(self.settings.theme, colours=_COLOURS.get(self.console.color_system or "", 2))
        )

    def _colours_that_mean(self) -> tuple[frozenset[str], str]:
        """The theme's quiet colours, and the ground of the cursor, for terminals that want none."""
        theme = self.current_theme
        quiet = frozenset({theme.variables["tone-quiet"], theme.variables["line"]})
        return quiet, theme.variables["input-cursor-background"]

    # ── the board ────────────────────────────────────────────────────────────────────────────

    @property
    def board(self) -> Board:
        return self.watch_.store.board

    def now(self) -> datetime:
        return self.clock.now()

    def look(
        self,
        *,
        screen: str,
        run_id: int | None = None,
        job_id: int | None = None,
        environment: str | None = None,
    ) -> None:
        """Tells the poller what is in view."""
        self._tell(View(screen, run_id, job_id, self.app_focus, environment))

    def _tell(self, view: View) -> None:
        self._view = view
        if self.first_frame.is_set():  # before that nobody asks, and building the poller can wait
            self.watch_.poller.look(view)

    def on_load(self) -> None:
        if self.settings.keys:  # screens name keys
            self.set_keymap(dict(self.settings.keys))

    def on_mount(self) -> None:
        self._unsubscribe = self.watch_.store.subscribe(self._published)
        self.set_interval(1.0, self._tick, name="seconds")
        self.call_after_refresh(self._first_frame_is_out)

    def _first_frame_is_out(self) -> None:
        self.first_frame.set()
        if self._leave is not None:
            self._leave()
            return
        self.watch_.start()
        if self.may_change:
            self.refresh_bindings()
        self.watch_.poller.look(self._view)
        self._tell_problems(self.settings.problems)
        self._say_title()

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _published(self, board: Board) -> None:
        self.board_signal.publish(board)
        self._say_title()
        self._call(board)
        if board.notices != self._told:
            fresh = tuple(notice for notice in board.notices if notice not in self._told)
            self._told = board.notices
            self._tell_problems(fresh)

    def _tick(self) -> None:
        if not self.is_headless and terminal.is_gone():  # closed without a signal: nobody will ever see this
            self._end_by_signal(getattr(signal, "SIGHUP", signal.SIGTERM))
            return
        screen = self.screen_stack[-1] if self.screen_stack else None  # none while the app is taken apart
        if isinstance(screen, LiveScreen) and screen.is_mounted:
            screen.tick()

    def on_app_focus(self, event: events.AppFocus) -> None:
        del event
        self._tell(replace(self._view, focused=True))

    def on_app_blur(self, event: events.AppBlur) -> None:
        del event
        self._tell(replace(self._view, focused=False))

    def get_key_display(self, binding: Binding) -> str:
        return key_shown(binding.key)

    # ── what is told to the person and the terminal ──────────────────────────────────────────

    def tell(self, text: str, *, problem: bool = False) -> None:
        """A short message that goes away by itself, one that says what to do after longer."""
        self.notify(
            safe(text, 300),
            severity="warning" if problem else "information",
            markup=False,
            timeout=12 if problem else 5,
        )

    def _tell_problems(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            self.tell(problem.sentence(), problem=True)

    def copy_text(self, text: str, what: str) -> None:
        """Puts ``text`` on the clipboard, and shows it for terminals that do not take it."""
        self._clipboard = text
        self._write(terminal.copy_sequences(text))
        first = text.split("\n", 1)[0]
        self.tell(f"Copied {what}: {cut(first, 120)}")

    def open_url_in_browser(self, url: str) -> None:
        """Opens a page of the forge; anything else is refused."""
        if may_open(url, self.settings.web_url):
            self._opener(url)
            self.tell(f"Opening {cut(url, 120)}")
        else:
            self.tell(f"Not opened: this is no page of {self.settings.web_url}.", problem=True)

    def _call(self, board: Board) -> None:
        """Something began to wait for this person: they may look elsewhere."""
        fresh, sequences = self._herald.heard(board, self.now() + board.clock_offset)
        if fresh:
            self.tell(summary(fresh))
            self._write(sequences)

    def _say_title(self) -> None:
        title = terminal_title(self.board)
        if self.settings.title and title != self._terminal_title:
            self._terminal_title = title
            self._write(terminal.title_sequence(title))

    def _write(self, sequences: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequences)

    # ── changes ──────────────────────────────────────────────────────────────────────────────

    @property
    def may_change(self) -> bool:
        """False where relman is read-only, and until the first frame is out: no command may offer a change then."""
        return self._open_tools is not None and self.first_frame.is_set()

    @property
    def tools(self) -> Tools | None:
        """What actions work with, built when it is first wanted; None where nothing may be changed."""
        if self._tools is None and self._open_tools is not None and self.may_change:
            self._tools = self._open_tools()
        return self._tools

    async def put_tools_away(self) -> None:
        """Closes what they have open, where they were ever built."""
        if self._tools is not None:
            await self._tools.writer.aclose()

    @property
    def release_reading(self) -> ReleaseReading | None:
        """What reads releases beyond the board, built when it is first wanted; None where nothing can."""
        if self.release_read is None and self._open_look is not None:
            from relman.tui.release_reading import ReleaseReading

            self.release_read = ReleaseReading(self, self._open_look())
        return self.release_read

    @property
    def key_overrides(self) -> Mapping[str, str]:
        """Keys a person configured, by command name."""
        return self.settings.keys

    def act(self, action: Action[Any, Any], intent: object, *, after: After | None = None) -> None:
        """Reads, asks in a dialog, carries out: the one way to a change from any screen.

        ``after`` is called once, when it was carried out, however that ended, and told whether its dialog was
        in front then. Where it ended well with a run to follow, the dialog has closed by then.
        """
        from relman.tui.acting import Acting

        if (tools := self.tools) is None:
            self.tell("relman is read-only here.", problem=True)
            return
        if self._acting is None:
            self._acting = Acting(self, tools)
        self._acting.act(action, intent, after)

    @command(
        "under-way",
        title="Show the change under way",
        help="The dialog of the change that still runs.",
        group="relman",
        when=lambda app: app.under_way is not None and _on_screen(app),
    )
    def show_under_way(self) -> None:
        if self._acting is not None:
            self._acting.show_running()

    @command(
        "journal",
        "!",
        title="Journal",
        help="What relman changed, when, and how it ended.",
        group="relman",
        rank=80,
        changes=True,
        when=lambda app: app.may_change and _on_screen(app) and app.screen.NAME != "journal",
    )
    def show_journal(self) -> None:
        from relman.tui.screens.journal import JournalScreen

        if (tools := self.tools) is not None:
            self.push_screen(JournalScreen(tools.operator))

    @property
    def under_way(self) -> Course | None:
        """The change that is being carried out."""
        return None if self._acting is None else self._acting.running

    # ── tabs ─────────────────────────────────────────────────────────────────────────────────

    def go(self, tab: Tab) -> None:
        """To a tab as it was left; from within that tab, to its first view."""
        if self.current_mode != tab.mode:
            self.switch_mode(tab.mode)
            return
        for screen in self.screen_stack[:0:-1]:
            screen.dismiss()

    def show_run(self, run_id: int) -> None:
        """To the Pipeline with that run highlighted, also where the board does not know it yet."""
        from relman.tui.screens.pipeline import PipelineScreen

        if self.current_mode != PipelineScreen.NAME:
            self.switch_mode(PipelineScreen.NAME)
        for screen in self.screen_stack[:0:-1]:
            screen.dismiss()
        first = self.screen_stack[0]
        if isinstance(first, PipelineScreen):
            self.call_after_refresh(first.follow, run_id)

    async def run_action(
        self,
        action: Any,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """A command is judged and done by what is selected now, not by what is still shown."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, LiveScreen) and action not in MOVEMENTS:
            screen.catch_up()
        return await super().run_action(action, default_namespace, namespaces)

    # ── commands that work everywhere ────────────────────────────────────────────────────────

    @command(
        "refresh",
        "r",
        title="Refresh now",
        help="Ask GitHub again for everything in view.",
        group="relman",
        footer="Refresh",
        rank=70,
    )
    def refresh_now(self) -> None:
        self.watch_.poller.refresh_now()
        self.tell("Asking again.")

    @command(
        "palette",
        "ctrl+p",
        ":",
        title="",
        help="Find a command by its name and run it.",
        group="relman",
        footer="Commands",
        rank=85,
        when=_on_screen,
    )
    def show_palette(self) -> None:
        from relman.tui.screens.palette import PaletteScreen

        self._choose_from(PaletteScreen(self.screen))

    @command(
        "help",
        "?",
        title="Help",
        help="Keys and what they do, as they are now.",
        group="relman",
        footer="Help",
        rank=36,
        pinned=True,
        when=_on_screen,
    )
    def show_help(self) -> None:
        from relman.tui.screens.help import HelpScreen

        self._choose_from(HelpScreen(self.screen, dict(self.key_overrides)))

    def _choose_from(self, menu: MenuScreen) -> None:
        """Runs the command chosen in ``menu``, if it can still run."""
        behind = menu.behind

        def run(name: str | None) -> None:
            if name is not None:
                run_live(behind, name)

        self.push_screen(menu, run)

    @command("quit", "q", title="Quit", help="Leave relman.", group="relman", footer="Quit", rank=90)
    def quit_now(self) -> None:
        if self._acting is None or self._acting.may_leave():
            self.exit()

    @command(
        "interrupt",
        "ctrl+c",
        title="",
        help="Leave relman, whatever has the focus.",
        group="relman",
        priority=True,
    )
    def interrupt(self) -> None:
        self.quit_now()

    # ── the end ──────────────────────────────────────────────────────────────────────────────

    def listen_to_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGTERM, SIGHUP and SIGINT end the program the way a key does: with the terminal restored."""
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            number = getattr(signal, name, None)
            if number is not None:
                # Not on Windows, and only on the main thread.
                with contextlib.suppress(ValueError, RuntimeError):
                    loop.add_signal_handler(number, self._end_by_signal, number)

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """Ends it, but not before the first frame is out: what is still being mounted then would fail."""
        leave = partial(super().exit, result, return_code, message)
        if self.first_frame.is_set():
            leave()
        elif self._leave is None:
            self._leave = leave

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _handle_exception(self, error: Exception) -> None:
        """Replaces Textual's hook, which prints local variables: tokens among them."""
        self._return_code = crash.CRASHED
        if self._exception is None:
            path = self.settings.report(error)
            from rich.text import Text

            self._exit_renderables.append(Text(crash.last_words(error, path)))
            self._exception = error  # a test that drives the app raises it again
            self._exception_event.set()
        self._close_messages_no_wait()

    def panic(self, *renderables: Any) -> None:
        """Textual ends here for faults it finds itself (a style sheet). Their text holds no data."""
        self._return_code = crash.CRASHED
        super().panic(*renderables)
