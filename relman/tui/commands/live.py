"""The commands that can be asked for right now, with the keys they have now."""

from __future__ import annotations

from typing import NamedTuple

from textual.screen import Screen

from relman.tui.commands.command import Command, CommandHost


class Live(NamedTuple):
    """An available command. ``keys`` as a person reads them, ``presses`` the first as Textual names it
    ("" without keys)."""

    command: Command
    host: CommandHost
    keys: tuple[str, ...]
    presses: str

    def run(self) -> None:
        self.host.action_run_command(self.command.name)


def run_live(screen: Screen[object], name: str) -> None:
    """Runs the command of that name, if it can run now."""
    for live in live_commands(screen):
        if live.command.name == name:
            live.run()
            return


def live_commands(screen: Screen[object]) -> list[Live]:
    """The commands of ``screen`` and of the app that are available, in the order they are declared."""
    found: dict[str, tuple[Command, CommandHost, list[str], str]] = {}
    for key, active in screen.active_bindings.items():
        host, binding = active.node, active.binding
        if not isinstance(host, CommandHost) or binding.id is None or not active.enabled:
            continue
        declared = type(host).commands().get(binding.id)
        if declared is None:
            continue
        shown = screen.app.get_key_display(binding)
        entry = found.setdefault(declared.name, (declared, host, [], key))
        if shown not in entry[2]:
            entry[2].append(shown)
    for host in (screen, screen.app):
        if isinstance(host, CommandHost):
            for declared in type(host).commands().values():
                if not declared.keys and declared.available(host):
                    found.setdefault(declared.name, (declared, host, [], ""))
    return [Live(declared, host, tuple(keys), presses) for declared, host, keys, presses in found.values()]
