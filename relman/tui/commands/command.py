"""What a command is, and how a screen or the app carries its commands.

A method decorated with :func:`command` is a command; those that come from data (one for each tab) stand in
``MORE_COMMANDS``. That one declaration gives the key binding (its name is the binding's id, so a
configuration can give it other keys), the footer entry, the palette entry and the help row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import Struct
from textual.binding import Binding, BindingType

if TYPE_CHECKING:
    from textual.dom import DOMNode as _Node
    from textual.events import Mount
    from textual.widget import Widget
else:
    _Node = object

Method = TypeVar("Method", bound=Callable[..., object])
_MARK = "__command__"
_SHOWN = {
    "escape": "esc", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "page up",
    "pagedown": "page down", "question_mark": "?", "exclamation_mark": "!", "slash": "/", "colon": ":",
}  # fmt: skip


def takes_letters(widget: Widget | None) -> bool:
    """Whether a letter is typed into ``widget`` rather than a key. (To load Input only to ask would take long.)"""
    return widget is not None and widget.check_consume_key("a", "a")


def key_shown(key: str) -> str:
    """A key in Textual's name as it stands on a keyboard; words rather than signs that fonts lack."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _SHOWN.get(last, last)])


class Command(Struct, frozen=True):
    """One thing a person can ask for.

    ``name`` is stable: configurations refer to it. ``footer`` is the short text beside the key ("" keeps
    it out of the footer; a function is given the host and says it for the moment), ``title`` the palette
    entry ("" keeps it out of the palette), ``help`` a sentence. ``rank`` orders the footer: small numbers
    stay longest when the line is short, and what is ``pinned`` stays on any. A command is carried out by the
    host's ``method``, or by ``does``, which is given the host.
    """

    name: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    footer: str | Callable[[Any], str] = ""
    rank: int = 50
    pinned: bool = False
    priority: bool = False  # seen before what has the focus sees the key
    changes: bool = False  # where relman may change nothing it does not exist, and help does not name it
    method: str = ""
    when: Callable[[Any], bool] | None = None
    does: Callable[[Any], object] | None = None

    def available(self, host: CommandHost) -> bool:
        """Whether it does something right now. Nothing changes what nobody can see."""
        if self.changes and host.too_small:
            return False
        return self.when is None or self.when(host)

    def footer_of(self, host: object) -> str:
        """The footer text as it is now."""
        return self.footer(host) if callable(self.footer) else self.footer

    def run(self, host: object) -> None:
        if self.does is not None:
            self.does(host)
        else:
            getattr(host, self.method)()

    def binding(self) -> Binding:
        return Binding(
            ",".join(self.keys),
            f"run_command({self.name!r})",
            self.title or self.help,
            show=bool(self.footer),
            priority=self.priority,
            id=self.name,
        )


def command(
    name: str,
    *keys: str,
    title: str,
    help: str,
    group: str,
    footer: str | Callable[[Any], str] = "",
    rank: int = 50,
    pinned: bool = False,
    priority: bool = False,
    changes: bool = False,
    when: Callable[[Any], bool] | None = None,
) -> Callable[[Method], Method]:
    """Declares the decorated method a command; see :class:`Command`. ``when`` is given the host."""

    def mark(method: Method) -> Method:
        declared = Command(
            name, keys, title, help, group, footer, rank, pinned, priority, changes, method.__name__, when
        )
        setattr(method, _MARK, declared)
        return method

    return mark


class CommandHost(_Node):
    """Carries commands; mixed into a screen or the app before Textual's class."""

    BINDINGS: ClassVar[list[BindingType]] = []
    MORE_COMMANDS: ClassVar[tuple[Command, ...]] = ()

    def __init_subclass__(cls, *args: Any, **kwargs: Any) -> None:
        # Textual merges the bindings of a class while the class is made, so they must stand before.
        own = [declared.binding() for declared in _declared_in(cls) if declared.keys]
        cls.BINDINGS = [*cls.__dict__.get("BINDINGS", ()), *own]
        super().__init_subclass__(*args, **kwargs)

    @property
    def too_small(self) -> bool:
        """Whether the window has too few cells to show what the commands act on."""
        width, height = self.app.size
        least: tuple[int, int] = getattr(self.app, "LEAST", (0, 0))
        return width < least[0] or height < least[1]

    @classmethod
    def commands(cls) -> Mapping[str, Command]:
        """All commands of the class by name, its own first."""
        return _commands_of(cls)

    def _on_mount(self, event: Mount) -> None:
        """A command without a key has no binding that the configuration could give another key."""
        del event
        overrides: Mapping[str, str] = getattr(self.app, "key_overrides", {})
        for name, declared in self.commands().items() if overrides else ():
            if name in overrides and not declared.keys:
                for key in overrides[name].split(","):
                    bound = self._bindings.key_to_bindings
                    # A list of its own: the one that stands there belongs to the class.
                    bound[key] = [*bound.get(key, ()), declared.binding().with_key(key)]

    def action_run_command(self, name: str) -> None:
        """Runs a command of this host, if it may run now: not for a key that comes before the screen is drawn."""
        declared = type(self).commands().get(name)
        if declared is not None and self._is_mounted and declared.available(self):
            declared.run(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual asks before it shows or runs an action; a command that cannot run is not there."""
        if action == "run_command" and parameters:
            declared = type(self).commands().get(str(parameters[0]))
            return declared is not None and declared.available(self)
        return super().check_action(action, parameters)


@cache  # asked for every binding whenever the footer is checked
def _commands_of(host: type) -> Mapping[str, Command]:
    found: dict[str, Command] = {}
    for owner in host.__mro__:
        for declared in _declared_in(owner):
            found.setdefault(declared.name, declared)
    return MappingProxyType(found)


def _declared_in(owner: type) -> Iterator[Command]:
    for member in vars(owner).values():
        declared = getattr(member, _MARK, None)
        if isinstance(declared, Command):
            yield declared
    yield from vars(owner).get("MORE_COMMANDS", ())
