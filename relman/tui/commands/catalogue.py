"""All commands there are, by the screen whose keys work at the same time. Loads every screen."""

from __future__ import annotations

from relman.tui.commands.command import Command, CommandHost
from relman.tui.commands.keymap import Scope, keys_of


def scopes() -> tuple[Scope, ...]:
    """One scope for each screen, the app's own commands in all of them."""
    from textual.screen import ModalScreen

    from relman.tui.app import RelmanApp
    from relman.tui.screens.confirm import ConfirmScreen
    from relman.tui.screens.dispatch import DispatchScreen
    from relman.tui.screens.help import HelpScreen
    from relman.tui.screens.journal import JournalScreen
    from relman.tui.screens.log import LogScreen
    from relman.tui.screens.palette import PaletteScreen
    from relman.tui.screens.release_form import ReleaseForm
    from relman.tui.screens.review import ReviewScreen
    from relman.tui.screens.rollback_form import RollbackForm
    from relman.tui.tabs import TABS

    tabs = (tab.screen_class() for tab in TABS)
    hosts: tuple[type[CommandHost], ...] = (
        *tabs,
        LogScreen,
        HelpScreen,
        PaletteScreen,
        ReviewScreen,
        ReleaseForm,
        RollbackForm,
        DispatchScreen,
        ConfirmScreen,
        JournalScreen,
    )
    behind = tuple(RelmanApp.commands().values())
    return tuple(
        Scope(host.__name__, (*host.commands().values(), *_other(behind, host)), issubclass(host, ModalScreen))
        for host in hosts
    )


def _other(behind: tuple[Command, ...], host: type[CommandHost]) -> list[Command]:
    """The app's commands that the screen does not replace by one of the same key on purpose."""
    own = host.commands().values()
    taken = {key for declared in own for key in keys_of(declared, {})}
    return [declared for declared in behind if not taken.intersection(keys_of(declared, {}))]
