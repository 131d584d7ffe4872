"""The only module that sees every room: it builds readers, writers, the board and the dashboard for a mode."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from relman import config, places, remote, report, target
from relman.secret import Secret

if TYPE_CHECKING:
    from argparse import Namespace
    from types import ModuleType

    from relman.actions.release_look import ReleaseLook
    from relman.actions.release_survey import Survey
    from relman.actions.tools import Tools
    from relman.board.history import History
    from relman.board.ports import Clock, HealthReader
    from relman.clone import Clone
    from relman.github.reader import Reader
    from relman.model.board import Board
    from relman.model.health import HealthCheck


class Session(Struct, frozen=True):
    """What one start of relman works with."""

    settings: config.Settings
    target: target.Target
    places: places.Places
    read_only: bool
    secrets: tuple[Secret, ...]  # what no report may show
    directory: Path  # where it was started
    home: Path | None


class Looking(Struct, frozen=True):
    """Built objects for a command that looks once. Nothing in here can change anything."""

    repo: str
    reader: Reader
    health: HealthReader
    checks: Mapping[str, tuple[HealthCheck, ...]]
    history: History
    clock: Clock

    def last_board(self) -> Board:
        """The board as it was when relman last looked, or an empty one."""
        from relman.model.board import Board

        return self.history.last_board() or Board(self.repo)


def read_settings(arguments: Namespace, environ: Mapping[str, str]) -> config.Settings:
    """The settings of the team's file (found, or named with ``--config``) and of the user's."""
    directory = _directory(arguments)
    if arguments.config is not None:
        team: Path | None = directory / Path(arguments.config).expanduser()
    else:
        team = config.find_team_file(directory, _home(environ))
    user = places.find(environ).user_file
    return config.load(team, user if user.is_file() else None)


def session(arguments: Namespace, environ: Mapping[str, str], *, read_only: bool = False) -> Session:
    """Settings, target and places for this command line. Raises where something is missing or wrong."""
    settings = read_settings(arguments, environ)
    directory, home = _directory(arguments), _home(environ)
    found = target.resolve(
        settings, environ, directory, repo=arguments.repo, api_url=arguments.api_url, home=home
    )
    report.watch_for(found.token.secret)
    secrets = (found.token.secret, *report.secrets_in(environ))
    read_only = read_only or arguments.read_only
    return Session(settings, found, places.find(environ), read_only, secrets, directory, home)


def _directory(arguments: Namespace) -> Path:
    return Path(arguments.directory).expanduser().absolute()


def _home(environ: Mapping[str, str]) -> Path | None:
    """The user's home directory, where the environment says one."""
    said = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(said) if said else None


def _user_file_named(made: Session) -> str:
    """The user's file as a person writes it; "" where nothing is kept."""
    if not made.places.last:
        return ""
    file = made.places.user_file
    if made.home is not None and file.is_relative_to(made.home):
        return f"~/{file.relative_to(made.home).as_posix()}"
    return str(file)


@asynccontextmanager
async def looking(made: Session) -> AsyncIterator[Looking]:
    """Readers and the history, closed at the end."""
    from relman.board.clock import SystemClock

    history = _history_of(made)
    reader = reader_of(made, history)
    health = _probes()
    try:
        yield Looking(made.target.repo, reader, health, health_checks(made.settings), history, SystemClock())
    finally:
        await reader.aclose()
        await health.aclose()
        await history.close()


@asynccontextmanager
async def acting(made: Session) -> AsyncIterator[Tools]:
    """What a command that changes something works with. Raises where relman is read-only: then no writer exists."""
    from relman.actions.gate import READ_ONLY
    from relman.errors import RelmanError

    if made.read_only:
        raise RelmanError(READ_ONLY)
    async with looking(made) as eyes:
        tools = tools_of(made, eyes.reader, eyes.health, eyes.clock)
        try:
            yield tools
        finally:
            await tools.writer.aclose()


@asynccontextmanager
async def surveying(made: Session) -> AsyncIterator[Survey]:
    """What reads a release, for a relman that may not change anything."""
    async with looking(made) as eyes:
        yield survey_of(made, eyes.reader, eyes.health, eyes.clock)


def survey_of(made: Session, reader: Reader, health: HealthReader, clock: Clock) -> Survey:
    """What reads the facts of a release. It only looks."""
    from relman.actions.release_survey import Survey

    words = made.settings.workflows
    return Survey(
        reader,
        health,
        health_checks(made.settings),
        clock,
        ci=words.ci,
        cd=words.cd,
        clone=clone_of(made),
        listed=made.settings.releases.withdrawn,
    )


def look_of(made: Session, reader: Reader, health: HealthReader, clock: Clock) -> ReleaseLook:
    """What the releases screen reads with, in every mode."""
    from relman.actions.release_look import ReleaseLook

    return ReleaseLook(made.target.repo, reader, survey_of(made, reader, health, clock))


def clone_of(made: Session) -> Clone | None:
    """The clone that relman was started in, where it is one of this repository."""
    from relman.clone import Clone

    found = remote.find(made.directory, made.home)
    if found is None or found.repo.lower() != made.target.repo.lower():
        return None
    return Clone(made.directory)


def tools_of(made: Session, reader: Reader, health: HealthReader, clock: Clock) -> Tools:
    """The writer and everything around it. Builds nothing that takes time; the first write does."""
    from relman.actions.gate import Gate
    from relman.actions.journal import Journal
    from relman.actions.operator import Operator
    from relman.actions.tools import Tools
    from relman.github.writer import Writer
    from relman.model.cancel import DEPLOY
    from relman.model.freeze import Freeze

    settings = made.settings
    journal = Journal(made.places.state / "journal.jsonl", partial(report.redact, secrets=made.secrets))
    gate = Gate(made.read_only, tuple(Freeze(one.start, one.end, one.zone) for one in settings.freeze))
    return Tools(
        repo=made.target.repo,
        reader=reader,
        writer=Writer(
            made.target.repo,
            api_url=made.target.api_url,
            token=made.target.token.secret,
            meter=reader.meter,
        ),
        operator=Operator(gate, journal, clock),
        health=health,
        checks=health_checks(settings),
        clock=clock,
        scratch=made.places.state / "scratch",
        web_url=remote.web_url_of(made.target.api_url),
        ci=settings.workflows.ci,
        cd=settings.workflows.cd,
        deploy_jobs=settings.stages.deploy or DEPLOY,
        clone=clone_of(made),
        withdrawn=settings.releases.withdrawn,
    )


def _history_of(made: Session) -> History:
    from relman.board.history import History

    return History.open(made.places.state / "history", made.target.api_url, made.target.repo)


def reader_of(made: Session, history: History) -> Reader:
    """The one reader of GitHub, with what the history keeps of earlier answers."""
    from relman.github.reader import Reader

    # httpx loads its own command line where click is installed, and with it 40 modules that nobody uses here:
    # 3 MB and a third of the time to load it. It does without where that cannot be loaded.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    return Reader(
        made.target.repo,
        api_url=made.target.api_url,
        token=made.target.token.secret,
        validators=history.validators,
    )


def health_checks(settings: config.Settings) -> dict[str, tuple[HealthCheck, ...]]:
    """The checks that can be asked from here, by environment; those over SSH are left out."""
    from relman.model.health import HealthCheck

    found: dict[str, tuple[HealthCheck, ...]] = {}
    for name, environment in settings.environments.items():
        checks = [
            HealthCheck(each_name, url, one.version or "")
            for one in environment.health
            if one.via == "http"
            for each_name, url in _positions(one, environment.services)
        ]
        if checks:
            found[name] = tuple(checks)
    return found


def _positions(one: config.HealthSetting, services: tuple[str, ...]) -> list[tuple[str, str]]:
    """Name and URL, once for each service where the URL has ``{n}``."""
    if "{n}" not in one.url:
        return [(one.name, one.url)]
    return [
        (f"{one.name} {service}", one.url.replace("{n}", str(position)))
        for position, service in enumerate(services or ("1",), start=1)
    ]


def _probes() -> HealthReader:
    from relman.probes import Probes

    return Probes()


def dashboard(made: Session) -> int:
    """Runs the dashboard until it is left; gives the exit code.

    Where relman is read-only nothing that writes exists in it.
    """
    from relman.board.clock import SystemClock
    from relman.board.watch import Watch
    from relman.github.address import check
    from relman.tui.app import RelmanApp
    from relman.tui.run import run_dashboard
    from relman.tui.settings import DashboardSettings

    # The reader is built when the first frame is out; what it would refuse must be said before.
    check(made.target.repo, made.target.api_url, made.target.token.secret)
    history = _history_of(made)
    clock = SystemClock()
    reader = cache(lambda: reader_of(made, history))
    probes = cache(_probes)
    watch = Watch(
        made.target.repo,
        reader,
        history,
        clock,
        made.places.cache / "logs",
        health=probes,
        checks=health_checks(made.settings),
    )
    settings = DashboardSettings(
        theme=made.settings.theme or "",
        keys=made.settings.keys,
        read_only=made.read_only,
        web_url=remote.web_url_of(made.target.api_url),
        bell=made.settings.notifications.bell,
        desktop=made.settings.notifications.desktop,
        title=made.settings.notifications.title,
        user_file=_user_file_named(made),
        report=lambda error: report.write(error, made.places.state, made.secrets),
    )
    tools = None if made.read_only else lambda: tools_of(made, reader(), probes(), clock)
    app = RelmanApp(watch, settings, tools=tools, look=lambda: look_of(made, reader(), probes(), clock))
    return run_dashboard(app)
