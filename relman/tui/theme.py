"""Three themes: dark, light and high contrast. One accent; every state tone keeps apart in 256 colours.

The accent marks where you are (focus, selection, keys) and nothing else. State has its own tones, each
always beside a glyph and a word. The grounds are nearly grey: with 256 colours a tinted dark one would
become black or blue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import App
from textual.theme import Theme

from relman.tui.commands.command import Command

if TYPE_CHECKING:
    from relman.tui.app import RelmanApp

    _App = App[None]
else:
    _App = object

DARK = "relman-dark"
LIGHT = "relman-light"
CONTRAST = "relman-contrast"

TITLES = {DARK: "Dark", LIGHT: "Light", CONTRAST: "High contrast"}


def _theme(
    name: str,
    *,
    dark: bool,
    background: str,
    surface: str,
    raised: str,
    foreground: str,
    quiet: str,
    line: str,
    accent: str,
    good: str,
    bad: str,
    active: str,
    waiting: str,
) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=accent,
        accent=accent,
        success=good,
        warning=waiting,
        error=bad,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=raised,
        text_alpha=1.0,
        variables={
            "tone-good": good,
            "tone-bad": bad,
            "tone-active": active,
            "tone-waiting": waiting,
            "tone-quiet": quiet,
            "line": line,
            "raised": raised,
            "border": accent,
            "border-blurred": line,
            "scrollbar": raised,
            "scrollbar-hover": line,
            "scrollbar-active": accent,
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
            "input-cursor-background": accent,
            "input-cursor-foreground": background,
            "input-selection-background": raised,
        },
    )


THEMES: tuple[Theme, ...] = (
    _theme(
        DARK,
        dark=True,
        background="#131519",
        surface="#1a1d21",
        raised="#2a2e34",
        foreground="#d6dbe3",
        quiet="#969fae",
        line="#4b515b",
        accent="#b8a1f5",
        good="#7ec98f",
        bad="#f47c7c",
        active="#6cb8f0",
        waiting="#e8b958",
    ),
    _theme(
        LIGHT,
        dark=False,
        background="#fafaf9",
        surface="#efeeec",
        raised="#e2e0dc",
        foreground="#22272e",
        quiet="#545b65",
        line="#b3b1ad",
        accent="#5f2db8",
        good="#17703a",
        bad="#b51f30",
        active="#0a5ab0",
        waiting="#6f4d00",
    ),
    _theme(
        CONTRAST,
        dark=True,
        background="#000000",
        surface="#000000",
        raised="#303030",
        foreground="#ffffff",
        quiet="#c6c6c6",
        line="#7a7a7a",  # with 16 colours the dark grey, not the white of quiet text
        accent="#ff87ff",
        good="#5fff5f",
        bad="#ff8787",
        active="#5fd7ff",
        waiting="#ffd700",
    ),
)


def theme_name(wish: str, *, colours: int) -> str:
    """The theme for a wish ("dark", "light", "contrast", "" for none) on a terminal of so many colours.

    With 16 colours or fewer only the plain ones of the high contrast theme keep apart.
    """
    names = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "high-contrast": CONTRAST}
    return names.get(wish.removeprefix("relman-")) or (CONTRAST if colours <= 16 else DARK)


class FirstTheme(_App):
    """Mixed into the app before Textual's class: no style sheet is read for a theme that nobody sees."""

    _has_theme = False

    def begin_with_theme(self, theme: str) -> None:
        """The first theme. Setting it would read every style sheet once more, twice, before the first frame."""
        self.set_reactive(App.theme, theme)
        dark = self.current_theme.dark
        self.set_class(dark, "-dark-mode", update=False)
        self.set_class(not dark, "-light-mode", update=False)
        self.add_class(f"-theme-{theme}", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self._has_theme = True
        self.stylesheet.set_variables(self.get_css_variables())

    def get_css_variables(self) -> dict[str, str]:
        """The theme's. Textual asks while the app is made, for those of a theme of its own."""
        return super().get_css_variables() if self._has_theme else {}


def theme_commands() -> tuple[Command, ...]:
    """One command of the app for each theme; the one in use is not offered."""

    def made(word: str, title: str, help: str, theme: str) -> Command:
        def use(host: object) -> None:
            app = cast("RelmanApp", host)
            app.theme = theme
            where = app.settings.user_file or "your own file"
            app.tell(f'Until you leave; theme = "{word}" in {where} keeps it.')

        def another(host: object) -> bool:
            return cast("RelmanApp", host).theme != theme

        help = f'{help} theme = "{word}" in your own file keeps it.'
        return Command(f"theme-{word}", (), f"Theme: {title}", help, "relman", does=use, when=another)

    return (
        made("dark", "dark", "Light text on a dark ground.", DARK),
        made("light", "light", "Dark text on a light ground.", LIGHT),
        made("contrast", "high contrast", "Strong colours on black.", CONTRAST),
    )
