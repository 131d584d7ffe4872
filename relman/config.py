"""Settings: what ``relman.toml`` and the user's file may say, and where each value came from.

A setting is a field with a :class:`Setting` beside its type, whose reader checks the value. An unknown or
wrong key is an error that names file, key, expectation and the nearest name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from relman.errors import Kind, Problem, RelmanError
from relman.secret import without_credentials
from relman.text import clean_line

TEAM_FILE = "relman.toml"

Read = Callable[["_At", Any], Any]
Scope = Literal["team", "user"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = r"(?:\d+(?:\.\d+)?[smhdw])+"
_PART = r"(\d+(?:\.\d+)?)([smhdw])"
_REPOSITORY = r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"
_VERSION = r"v?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}(?:[-+][0-9A-Za-z.+-]+)?"
_MOMENT = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:[01]\d|2[0-3]):[0-5]\d"


class Origin(Struct, frozen=True):
    """Where a value was written.

    ``trusted`` is False for a file that may come from a clone; ``runs`` says that the value names
    something to run.
    """

    file: Path
    key: str  # dotted, with positions: "environments.production.health[0].url"
    trusted: bool
    runs: bool = False

    def __str__(self) -> str:
        return f"{self.file}: {self.key}"


class _At(Struct, frozen=True):
    """The place being read, for messages."""

    file: Path
    key: str
    trusted: bool
    origins: dict[str, Origin]

    def child(self, name: str) -> _At:
        return structs.replace(self, key=f"{self.key}.{name}" if self.key else name)

    def item(self, position: int) -> _At:
        return structs.replace(self, key=f"{self.key}[{position}]")

    def wrong(self, expected: str, value: object) -> RelmanError:
        shown = clean_line(without_credentials(repr(value)), 60)
        return _config_error(f"{self.file}: {self.key} is {shown}, expected {expected}")


def _config_error(title: str, detail: str = "", hint: str = "") -> RelmanError:
    return RelmanError(Problem(Kind.CONFIG, title, detail, hint))


# Readers: each takes the place and TOML's value and gives the setting or raises.


def _text(at: _At, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise at.wrong("a text that is not empty", value)
    return value


def _one_of(*choices: str) -> Read:
    def read(at: _At, value: Any) -> str:
        if value not in choices or not isinstance(value, str):
            raise at.wrong(" or ".join(f'"{choice}"' for choice in choices), value)
        return value

    return read


def _flag(at: _At, value: Any) -> bool:
    if not isinstance(value, bool):
        raise at.wrong("true or false", value)
    return value


def _count(at: _At, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise at.wrong("a whole number from 1", value)
    return value


def _rate(at: _At, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise at.wrong("a rate from 0 to 1, such as 0.95", value)
    return float(value)


def duration(text: str) -> timedelta | None:
    """``"90s"``, ``"5m"``, ``"1h30m"``, ``"28d"``, ``"2w"`` as a duration; None where it is not one."""
    if not re.fullmatch(_DURATION, text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return None


def _duration(at: _At, value: Any) -> timedelta:
    read = duration(value) if isinstance(value, str) else None
    if not read:
        raise at.wrong('a duration such as "30s", "5m", "25h" or "28d"', value)
    return read


def _repository(at: _At, value: Any) -> str:
    if not isinstance(value, str) or not is_repository(value):
        raise at.wrong('a repository as "OWNER/NAME"', value)
    return value


def is_repository(text: str) -> bool:
    """Whether ``text`` is OWNER/NAME; "." and ".." would change the path of a request."""
    return bool(re.fullmatch(_REPOSITORY, text)) and not {".", ".."} & set(text.split("/"))


def _url(at: _At, value: Any) -> str:
    if not isinstance(value, str) or not is_web_address(value):
        raise at.wrong("an address that begins with http:// or https://", value)
    return value


def is_web_address(text: str) -> bool:
    """Whether ``text`` is an http or https URL with a host and nothing that would break a request.

    ``{n}`` (a service's position) may stand for a digit anywhere, in the port too.
    """
    text = text.replace("{n}", "1")
    if not text.isascii() or any(character <= " " or character == "\x7f" for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _moment(at: _At, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_MOMENT, value):
        raise at.wrong('a day and time such as "Fri 16:00"', value)
    return value


def _version(at: _At, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_VERSION, value):
        raise at.wrong('a version such as "1.2.3"', value)
    return value


def _time_zone(at: _At, value: Any) -> str:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(value).key
    except (KeyError, ValueError, TypeError, OSError):
        raise at.wrong('a time zone such as "Europe/Berlin" or "UTC"', value) from None


def _list_of(read: Read) -> Read:
    def read_all(at: _At, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise at.wrong("a list", value)
        return tuple(read(at.item(position), item) for position, item in enumerate(value))

    return read_all


def _table(shape: type) -> Read:
    return lambda at, value: _read_table(shape, at, value)


def _map_of(read: Read) -> Read:
    """A table whose keys are names that the writer chose."""

    def read_all(at: _At, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise at.wrong("a table", value)
        return MappingProxyType({name: read(at.child(name), item) for name, item in value.items()})

    return read_all


def _keys(at: _At, value: Any) -> Mapping[str, str]:
    """Other keys for commands of the dashboard."""
    wishes: Mapping[str, str] = _map_of(_text)(at, value)
    if not wishes:
        return wishes
    from relman import rebinding  # few give other keys, and it takes milliseconds to load

    try:
        return MappingProxyType(rebinding.read(wishes))
    except rebinding.WrongKeyError as wrong:
        here = at.child(wrong.name)
        if wrong.unknown:
            title = f"{at.file}: {clean_line(here.key, 80)} is no command, expected {wrong.expected}"
        else:
            title = here.wrong(wrong.expected, wishes[wrong.name]).problem.title
        raise _config_error(title, hint=wrong.hint) from None


class Setting(NamedTuple):
    """What stands beside the type of a field that a file may set.

    ``runs``: the value names something to run, so its origin matters.
    """

    read: Read
    scope: Scope = "team"
    runs: bool = False


class Workflows(Struct, frozen=True):
    """File names of the workflows that play a part; None: guessed from what the repository has."""

    ci: Annotated[str | None, Setting(_text)] = None
    cd: Annotated[str | None, Setting(_text)] = None
    nightly: Annotated[str | None, Setting(_text)] = None


class Stages(Struct, frozen=True):
    """Patterns of job names; empty: guessed."""

    build: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()
    test: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()
    deploy: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()


class KpiTargets(Struct, frozen=True):
    build_time: Annotated[timedelta, Setting(_duration)] = timedelta(minutes=5)
    test_time: Annotated[timedelta, Setting(_duration)] = timedelta(minutes=10)
    deploy_time: Annotated[timedelta, Setting(_duration)] = timedelta(minutes=15)
    success_rate: Annotated[float, Setting(_rate)] = 0.95
    mean_time_to_deploy: Annotated[timedelta, Setting(_duration)] = timedelta(minutes=30)
    rollback_frequency: Annotated[float, Setting(_rate)] = 0.05
    window: Annotated[timedelta, Setting(_duration)] = timedelta(days=28)


class HealthSetting(Struct, frozen=True):
    """A health URL. ``{n}`` stands for a service's position, from 1."""

    name: Annotated[str, Setting(_text)]
    url: Annotated[str, Setting(_url)]
    via: Annotated[str, Setting(_one_of("http", "ssh"))] = "http"
    version: Annotated[str | None, Setting(_text)] = None  # a JSON path, or header:NAME


class RolloutSetting(Struct, frozen=True):
    gate: Annotated[int, Setting(_count)] = 3  # good answers in a row
    bake: Annotated[timedelta, Setting(_duration)] = timedelta(seconds=30)
    drain: Annotated[str | None, Setting(_text, runs=True)] = None
    smoke: Annotated[tuple[str, ...], Setting(_list_of(_url))] = ()
    restore_data: Annotated[str, Setting(_one_of("never", "ask", "own-backup"))] = "never"
    critical: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()
    notify: Annotated[tuple[str, ...], Setting(_list_of(_text), runs=True)] = ()


class BackupSetting(Struct, frozen=True):
    directory: Annotated[str | None, Setting(_text)] = None
    max_age: Annotated[timedelta, Setting(_duration)] = timedelta(hours=25)
    redis: Annotated[str | None, Setting(_text)] = None  # the service's name
    qdrant: Annotated[str | None, Setting(_url)] = None
    restore: Annotated[str | None, Setting(_text, runs=True)] = None


class EnvironmentSetting(Struct, frozen=True):
    url: Annotated[str | None, Setting(_url)] = None
    hosts: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()
    directory: Annotated[str | None, Setting(_text)] = None
    services: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()
    image: Annotated[str | None, Setting(_text)] = None
    health: Annotated[tuple[HealthSetting, ...], Setting(_list_of(_table(HealthSetting)))] = ()
    rollout: Annotated[RolloutSetting, Setting(_table(RolloutSetting))] = RolloutSetting()
    backup: Annotated[BackupSetting, Setting(_table(BackupSetting))] = BackupSetting()


class SetupSetting(Struct, frozen=True):
    """What the repository is expected to have."""

    secrets: Annotated[tuple[str, ...], Setting(_list_of(_text))] = ()


class ReleasesSetting(Struct, frozen=True):
    """``withdrawn`` are versions that were taken back: never proposed, never a rollback's target."""

    withdrawn: Annotated[tuple[str, ...], Setting(_list_of(_version))] = ()


class FreezeSetting(Struct, frozen=True):
    """A weekly time in which nothing goes to production."""

    start: Annotated[str, Setting(_moment)] = field(name="from")
    end: Annotated[str, Setting(_moment)] = field(name="to")
    zone: Annotated[str, Setting(_time_zone)] = "UTC"


class Notifications(Struct, frozen=True):
    """How relman calls when something begins to wait."""

    bell: Annotated[bool, Setting(_flag)] = True
    desktop: Annotated[bool, Setting(_flag)] = True
    title: Annotated[bool, Setting(_flag)] = True


class Settings(Struct, frozen=True):
    """Everything both files say, over the defaults. ``origins`` has each written key's place."""

    repository: Annotated[str | None, Setting(_repository)] = None
    workflows: Annotated[Workflows, Setting(_table(Workflows))] = Workflows()
    stages: Annotated[Stages, Setting(_table(Stages))] = Stages()
    kpi: Annotated[KpiTargets, Setting(_table(KpiTargets))] = KpiTargets()
    environments: Annotated[Mapping[str, EnvironmentSetting], Setting(_map_of(_table(EnvironmentSetting)))] = (
        MappingProxyType({})
    )
    setup: Annotated[SetupSetting, Setting(_table(SetupSetting))] = SetupSetting()
    releases: Annotated[ReleasesSetting, Setting(_table(ReleasesSetting))] = ReleasesSetting()
    freeze: Annotated[tuple[FreezeSetting, ...], Setting(_list_of(_table(FreezeSetting)))] = ()

    api_url: Annotated[str | None, Setting(_url, scope="user")] = None
    theme: Annotated[str | None, Setting(_one_of("dark", "light", "contrast"), scope="user")] = None
    keys: Annotated[Mapping[str, str], Setting(_keys, scope="user")] = MappingProxyType({})
    notifications: Annotated[Notifications, Setting(_table(Notifications), scope="user")] = Notifications()

    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))
    files: tuple[Path, ...] = ()

    def origin(self, key: str) -> Origin | None:
        """Where ``key`` (dotted) was written; None where the default holds."""
        return self.origins.get(key)

    def untrusted_commands(self) -> tuple[Origin, ...]:
        """Places in an untrusted file whose value would make relman run something of that file's choice."""
        return tuple(origin for origin in self.origins.values() if origin.runs and not origin.trusted)


def _read_table(shape: type[Any], at: _At, value: Any, scope: Scope | None = None) -> Any:
    """A TOML table as ``shape``. ``scope`` limits the keys to those of one kind of file."""
    if not isinstance(value, dict):
        raise at.wrong("a table", value)
    known = settings_of(shape)  # type: ignore[arg-type]  # a class can be hashed
    allowed = {name for name, (_, setting) in known.items() if scope in (None, setting.scope)}
    read: dict[str, Any] = {}
    for name, inner in value.items():
        here = at.child(name)
        if name not in allowed:
            raise _unknown_key(here, name, known.keys() - allowed, allowed)
        item, setting = known[name]
        here.origins[here.key] = Origin(here.file, here.key, here.trusted, setting.runs)
        read[item.name] = setting.read(here, inner)
    for name, (item, _) in known.items():
        if item.required and item.name not in read:
            raise _config_error(f"{at.file}: {at.key} lacks {name}")
    return shape(**read)


@cache
def settings_of(shape: type[Struct]) -> Mapping[str, tuple[structs.FieldInfo, Setting]]:
    """The fields of ``shape`` that a file may set, by the key that stands in the file."""
    found = {}
    for item in structs.fields(shape):
        for said in getattr(item.type, "__metadata__", ()):
            if isinstance(said, Setting):
                found[item.encode_name] = (item, said)
    return found


def _unknown_key(at: _At, name: str, elsewhere: set[str], allowed: set[str]) -> RelmanError:
    shown = clean_line(at.key, 80)
    if name == "api_url":
        return _config_error(
            f"{at.file}: {shown} is not allowed in a repository's file",
            "it would decide where your token is sent",
            "Use --api-url, RELMAN_API_URL or your own configuration file.",
        )
    if name in elsewhere:
        other = "your own configuration file" if name in _user_keys() else TEAM_FILE
        return _config_error(f"{at.file}: {shown} is not known here", hint=f"It belongs in {other}.")
    import difflib

    near = difflib.get_close_matches(name, sorted(allowed), n=1)
    expected = "expected one of " + ", ".join(sorted(allowed))
    return _config_error(
        f"{at.file}: {shown} is not a known key", expected, f'Did you mean "{near[0]}"?' if near else ""
    )


def _user_keys() -> frozenset[str]:
    return frozenset(name for name, (_, setting) in settings_of(Settings).items() if setting.scope == "user")


def _read_file(path: Path, scope: Scope, origins: dict[str, Origin]) -> Settings:
    import tomllib  # many have no file at all, and it takes milliseconds to load

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise _config_error(f"{path} is not valid TOML", clean_line(str(error), 200)) from None
    except UnicodeDecodeError:
        raise _config_error(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise _config_error(f"{path} cannot be read", error.strerror or "") from None
    settings: Settings = _read_table(Settings, _At(path, "", scope == "user", origins), data, scope)
    return settings


def find_team_file(directory: Path, home: Path | None = None) -> Path | None:
    """The nearest ``relman.toml`` from ``directory`` upward, not beyond its repository or the home."""
    for place in (directory, *directory.parents):
        if place == home and place != directory:
            return None
        if (place / TEAM_FILE).is_file():
            return place / TEAM_FILE
        if (place / ".git").exists():
            return None
    return None


def load(team_file: Path | None, user_file: Path | None) -> Settings:
    """The settings of both files (each may be None) over the defaults.

    The team's file is never trusted: it may come from a clone. Raises on a file that is wrong.
    """
    origins: dict[str, Origin] = {}
    team = _read_file(team_file, "team", origins) if team_file else Settings()
    user = _read_file(user_file, "user", origins) if user_file else Settings()
    if not team_file and not user_file:
        return team
    return structs.replace(
        team,
        **{name: getattr(user, name) for name in _user_keys()},
        origins=MappingProxyType(origins),
        files=tuple(path for path in (team_file, user_file) if path),
    )
