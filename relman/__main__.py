"""The program's beginning. It imports a room only when a command needs it: start-up time is a feature."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # type checkers know the name; importing typing would double what --version takes
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import NoReturn

    from relman.actions.tools import Tools
    from relman.errors import Exit

_VERSION = ["--version"]
_INTERRUPTED = 130  # as in errors.Exit, which may not be loaded yet


def run() -> NoReturn:
    """The console script ``relman``."""
    argv = sys.argv[1:]
    code = _INTERRUPTED
    try:
        if argv != _VERSION:
            _interrupts_end_at_once()
            _take_hooks()
        code = main(argv)
        if argv != _VERSION:
            _interrupts_come_too_late()
    except KeyboardInterrupt:
        pass
    threads = sys.modules.get("threading")
    if threads and any(not one.daemon for one in threads.enumerate() if one is not threads.main_thread()):
        # A thread that still waits for the network (a name that does not resolve) must not keep the process.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _end_at_once(*_: object) -> NoReturn:
    os._exit(_INTERRUPTED)


def _interrupts_end_at_once() -> None:
    """From now on ctrl+c ends the process.

    While relman loads there is nothing to tidy up, and an exception out of the middle of an import can come to
    light as any other one, or not at all.
    """
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it may be ignored
        signal.signal(signal.SIGINT, _end_at_once)


def _interrupts_unwind() -> None:
    """From now on ctrl+c is an exception, and what was begun is put in order."""
    import signal

    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupts_come_too_late() -> None:
    """All is done and said; Python would die of a ctrl+c that comes while it tidies up."""
    import signal

    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _end_at_once):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether a ctrl+c is behind it: Python wraps what is raised while a class is made."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # they may lead back to one another
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _take_hooks() -> None:
    """Every way out that would print a traceback writes a report without secrets instead."""
    import threading

    def tell(error: BaseException | None) -> None:
        if _was_interrupted(error):  # in a place whose exceptions go nowhere
            os._exit(_INTERRUPTED)
        if error is not None and not isinstance(error, SystemExit):
            from relman import places, report

            report.tell(error, places.find(os.environ).state, report.secrets_in(os.environ))

    sys.excepthook = lambda kind, error, trace: tell(error)
    sys.unraisablehook = lambda args: tell(args.exc_value)
    threading.excepthook = lambda args: tell(args.exc_value)


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Runs one command and gives its exit code. Nothing escapes but ``SystemExit`` of ``--help``."""
    if list(argv) == _VERSION:  # before anything is imported
        from relman import __version__

        print(f"relman {__version__}")  # noqa: T201
        return 0
    from relman.cli.output import drop_stdout, write_error
    from relman.cli.start import wants_json
    from relman.errors import Exit, Kind, Problem, RelmanError

    environ = os.environ if environ is None else environ
    as_json = wants_json(argv)
    try:
        code = _command(argv, environ)
        sys.stdout.flush()
    except RelmanError as error:
        from relman import report

        write_error(report.redacted(error.problem, report.secrets_in(environ)), as_json=as_json)
        code = error.problem.exit_code
    except BrokenPipeError:
        drop_stdout()  # whoever read us has enough
        code = Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # the last one: a report instead of a traceback
        if _was_interrupted(error):
            return Exit.INTERRUPTED
        from relman import places, report

        report.tell(error, places.find(environ).state, report.secrets_in(environ))
        if as_json:
            write_error(Problem(Kind.LOCAL, "relman failed unexpectedly", type(error).__name__), as_json=True)
        code = Exit.FAILED
    return int(code)


def _command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from relman.cli import start

    arguments = start.dashboard(argv)
    if arguments is None:
        from relman.cli import arguments as line

        arguments = line.parse(argv)
    match arguments.command:
        case "demo":
            return _demo(arguments, environ)
        case "graph" if arguments.workflow:
            from relman.cli import graph

            return graph.show_file(arguments.directory / arguments.workflow, as_json=arguments.json)
        case "bug-report":
            return _bug_report(arguments, environ)
        case None | "monitor":
            return _dashboard(arguments, environ)
        case "status":
            answer = _status
        case "graph":
            answer = _graph
        case "logs":
            answer = _logs
        case "release" if arguments.what == "plan":
            answer = _release_plan
        case _:
            answer = _change
    import asyncio

    _interrupts_unwind()
    return int(asyncio.run(answer(arguments, environ)))


def _demo(arguments: Namespace, environ: Mapping[str, str]) -> int:
    import signal
    import tempfile

    from relman.cli.start import no_screen
    from relman.errors import Exit, Kind, Problem, RelmanError

    if arguments.serve:
        from relman.demo.__main__ import main as serve

        return serve(["--seed", str(arguments.seed), "--speed", str(arguments.speed)])
    from relman.demo import embed
    from relman.places import PASSING

    # Without a terminal there is no dashboard; its words are the status.
    instead = not arguments.argv and bool(no_screen(environ)[0])
    argv = ["status"] if instead else arguments.argv
    try:
        world = embed.start(seed=arguments.seed, speed=arguments.speed)
    except embed.EmbeddedError as error:
        raise RelmanError(Problem(Kind.LOCAL, "The embedded world did not start", str(error))) from None
    _interrupts_unwind()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    with world, tempfile.TemporaryDirectory(prefix=PASSING) as home:
        place = ["--api-url", world.api_url, "--repo", world.repo, "--config", str(world.config)]
        if arguments.read_only:
            place.append("--read-only")
        # A home of its own: nothing of the world is kept among what is real.
        inner = {**environ, "RELMAN_TOKEN": world.token, "RELMAN_HOME": home}
        code = _command([*place, *argv], inner)
    # Something always waits in the embedded world: asked for it is a finding, as a demonstration it is none.
    return Exit.OK if instead and code == Exit.FAILED else code


def _dashboard(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman.cli import start
    from relman.errors import usage_error

    why, hint = start.no_screen(environ)
    if why:
        raise usage_error(why, hint=hint)
    import gc

    gc.disable()  # there is no garbage in what a start makes; looking for it takes a tenth of the time
    from relman import wiring

    made = wiring.session(arguments, environ, read_only=arguments.command == "monitor")
    return wiring.dashboard(made)


async def _status(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.board.once import read_once
    from relman.cli import status
    from relman.model.roles import roles

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        board = await read_once(
            eyes.reader,
            eyes.clock,
            eyes.last_board(),
            health=eyes.health,
            checks=eyes.checks,
            memory=eyes.history,
        )
        if board.runs.error is None:
            await eyes.history.keep_board(board)
    words = made.settings.workflows
    parts = roles(board.runs.value or (), ci=words.ci, cd=words.cd, nightly=words.nightly)
    return status.show(board, parts, eyes.clock.now(), read_only=made.read_only, as_json=arguments.json)


async def _graph(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.cli import graph
    from relman.cli.one_run import read_run

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        read = await read_run(
            arguments.run,
            eyes.reader,
            eyes.clock,
            eyes.last_board(),
            memory=eyes.history,
            ci=made.settings.workflows.ci,
        )
        now = eyes.clock.now() + read.clock_offset
    out = sys.stdout
    return graph.show_run(
        read.run,
        read.jobs,
        read.source,
        now=now,
        json=arguments.json,
        out=out,
        history=read.earlier,
        width=graph.columns(out),
        colour=graph.has_colour(out),
    )


async def _logs(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.cli import logs
    from relman.cli.graph import has_colour

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        return await logs.show_logs(
            eyes.reader,
            arguments.run,
            job=arguments.job,
            failed=arguments.failed,
            raw=arguments.raw,
            as_json=arguments.json,
            colour=has_colour(sys.stdout),
        )


async def _release_plan(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.actions.release_survey import Survey
    from relman.cli import release

    made = wiring.session(arguments, environ)
    if made.read_only:
        async with wiring.surveying(made) as survey:
            return await release.show(made.target.repo, survey, arguments)
    async with wiring.acting(made) as tools:
        return await release.show(tools.repo, Survey.of(tools), arguments, writer=tools.writer)


async def _change(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring

    change = _change_named(arguments.command)
    async with wiring.acting(wiring.session(arguments, environ)) as tools:
        return await change(tools, arguments)


def _change_named(command: str) -> Callable[[Tools, Namespace], Awaitable[Exit]]:
    """What carries a command out that changes something. Its module alone is imported, not those of the others."""
    match command:
        case "approve" | "reject":
            from relman.cli.review import review

            return review
        case "rerun":
            from relman.cli.rerun import rerun

            return rerun
        case "cancel":
            from relman.cli.cancel import cancel

            return cancel
        case "dispatch":
            from relman.cli.dispatch import dispatch

            return dispatch
        case "prune-runs":
            from relman.cli.prune_runs import prune_runs

            return prune_runs
        case "release":
            from relman.cli.release import create

            return create
        case "hotfix":
            from relman.cli.hotfix import hotfix

            return hotfix
        case "rollback":
            from relman.cli.rollback import rollback

            return rollback
    raise AssertionError(f"a command that nothing carries out: {command}")


def _bug_report(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import tokens, wiring
    from relman.cli import bug_report
    from relman.errors import RelmanError
    from relman.remote import GITHUB, host_of

    keys: list[str] = []
    host = source = ""
    problem = None
    try:
        settings = wiring.read_settings(arguments, environ)
        for key, origin in settings.origins.items():
            told = bug_report.without_names(key, settings.environments)
            keys.append(f"{'your' if origin.trusted else 'team'}: {told}")
        made = wiring.session(arguments, environ)
        web = host_of(made.target.api_url)
        host = GITHUB if web == GITHUB else "*.ghe.com" if tokens.belongs_to_github(web) else "another host"
        source = made.target.token.source
    except RelmanError as error:
        problem = error.problem
    found = bug_report.Circumstances(tuple(dict.fromkeys(keys)), host, source, problem)
    return bug_report.show(found, environ, as_json=arguments.json)


if __name__ == "__main__":
    run()
