"""The program's beginning. It imports a room only when a command needs it: start-up time is a feature."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from relman.board.ports import GitHubReader
    from relman.model.run import Job, Run

_TYPICAL_RUNS = 8


def run() -> None:
    """The console script ``relman``."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Runs one command and gives its exit code. Nothing escapes but ``SystemExit`` of ``--help``."""
    if list(argv) == ["--version"]:  # before anything is imported
        from relman import __version__

        print(f"relman {__version__}")  # noqa: T201
        return 0
    from relman.cli.arguments import wants_json
    from relman.cli.output import write_error
    from relman.errors import Exit, Kind, Problem, RelmanError

    environ = os.environ if environ is None else environ
    as_json = wants_json(argv)
    try:
        code = _command(argv, environ)
        sys.stdout.flush()
    except RelmanError as error:
        write_error(error.problem, as_json=as_json)
        code = error.problem.exit_code
    except BrokenPipeError:
        # Whoever read us has enough. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # the last one: a report instead of a traceback
        from relman import places, report

        report.tell(error, places.find(environ).state, report.secrets_in(environ))
        if as_json:
            write_error(Problem(Kind.LOCAL, "relman failed unexpectedly", type(error).__name__), as_json=True)
        code = Exit.FAILED
    return int(code)


def _command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
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
    import asyncio

    commands = {"status": _status, "graph": _graph, "logs": _logs}
    return int(asyncio.run(commands[arguments.command](arguments, environ)))


def _dashboard(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman.cli.arguments import has_terminal
    from relman.errors import usage_error

    if not has_terminal():
        raise usage_error(
            "The dashboard needs a terminal for input and output",
            hint="Without one, use `relman status`, with --json for a program.",
        )
    from relman import wiring

    made = wiring.session(arguments, environ, read_only=arguments.command == "monitor")
    return wiring.dashboard(made)


def _demo(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """The embedded world in a process of its own, and a command on it with a fresh memory."""
    import tempfile

    from relman.cli.arguments import has_terminal
    from relman.demo import embed
    from relman.errors import Exit, Kind, Problem, RelmanError
    from relman.places import HOME_VARIABLE

    if arguments.serve:
        from relman.demo.__main__ import main as serve

        return serve(["--seed", str(arguments.seed), "--speed", str(arguments.speed)])
    shown = list(arguments.argv)
    if not shown and not has_terminal():
        shown = ["status"]
    try:
        world = embed.start(seed=arguments.seed, speed=arguments.speed)
    except embed.EmbeddedError as error:
        raise RelmanError(
            Problem(
                Kind.LOCAL,
                "The embedded world did not start",
                str(error),
                "Report it with `relman bug-report`.",
            )
        ) from None
    with world, tempfile.TemporaryDirectory(prefix="relman-demo-") as memory:
        inside = {**environ, "RELMAN_TOKEN": world.token, HOME_VARIABLE: memory}
        # Options of the person come last: they win.
        command = ["--config", str(world.config), "--repo", world.repo, "--api-url", world.api_url]
        code = main([*command, *(["--read-only"] if arguments.read_only else []), *shown], inside)
    # Something always waits in the embedded world: shown on request it is a finding, as a demonstration it is not.
    return Exit.OK if not arguments.argv and code == Exit.FAILED and not has_terminal() else code


async def _graph(arguments: Namespace, environ: Mapping[str, str]) -> int:
    import asyncio
    import dataclasses

    from relman import wiring
    from relman.board.once import read_once
    from relman.board.refresh import Refresher
    from relman.board.sections import Ask, Part
    from relman.board.store import Store
    from relman.cli import graph
    from relman.errors import Kind, Problem, RelmanError
    from relman.model.board import Section
    from relman.model.roles import roles

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        run_id = arguments.run
        first = {Part.REPOSITORY} if run_id is not None else {Part.REPOSITORY, Part.RUNS}
        board = await read_once(eyes.reader, eyes.clock, eyes.board, sections=first, memory=eyes.history)
        if run_id is None:
            if board.runs.error is not None:
                raise RelmanError(board.runs.error)
            runs = board.runs.value or ()
            words = made.settings.workflows
            path = roles(runs, ci=words.ci, cd=words.cd, nightly=words.nightly).ci
            newest = next((one for one in runs if path in (None, one.path)), None)
            if newest is None:
                raise RelmanError(
                    Problem(
                        Kind.NOT_FOUND, "There is no run yet", hint="Draw a file: relman graph --workflow FILE."
                    )
                )
            run = newest
        else:
            run = (await eyes.reader.run(run_id)).value
            board = dataclasses.replace(board, runs=Section((run,), eyes.clock.now()))
        store = Store(board)
        refresher = Refresher(store, eyes.reader, eyes.clock, memory=eyes.history)
        await asyncio.gather(
            refresher.refresh(Ask(Part.JOBS, run.id)), refresher.refresh(Ask(Part.SOURCE, run.id))
        )
        jobs = store.board.jobs[run.id]
        if jobs.value is None:
            raise RelmanError(jobs.error or Problem(Kind.SERVER, "The jobs could not be read"))
        source = store.board.sources.get(run.id, Section())
        earlier = await eyes.history.newest_runs(200)
        known = list((await eyes.history.jobs_of([one.id for one in earlier if one.path == run.path])).values())
        if not known and source.value is not None:
            known = await _recent_jobs(eyes.reader, run)
    out = sys.stdout
    return graph.show_run(
        run, jobs.value, source.value,
        now=eyes.clock.now() + store.board.clock_offset, json=arguments.json, out=out,
        history=[job for some in known for job in some],
        width=graph.columns(out), colour=graph.has_colour(out),
    )  # fmt: skip


async def _recent_jobs(reader: GitHubReader, run: Run) -> list[tuple[Job, ...]]:
    """Jobs of the last successful runs of the same workflow: what is typical, before there is a history."""
    import asyncio

    from relman.errors import RelmanError

    try:
        page = await reader.runs(workflow=run.workflow_id, status="success", per_page=_TYPICAL_RUNS)
        answers = await asyncio.gather(*(reader.jobs(one.id) for one in page.value.items if one.id != run.id))
    except RelmanError:
        return []  # the graph is complete without it; what is expected stays unknown
    return [answer.value for answer in answers]


async def _logs(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.cli import graph, logs

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        return await logs.show_logs(
            eyes.reader,
            arguments.run,
            job=arguments.job,
            failed=arguments.failed,
            raw=arguments.raw,
            as_json=arguments.json,
            colour=graph.has_colour(sys.stdout),
        )


async def _status(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import wiring
    from relman.board.once import read_once
    from relman.cli import status
    from relman.model.roles import roles

    made = wiring.session(arguments, environ)
    async with wiring.looking(made) as eyes:
        board = await read_once(
            eyes.reader, eyes.clock, eyes.board, health=eyes.health, checks=eyes.checks, memory=eyes.history
        )
        if board.runs.error is None:
            await eyes.history.keep_board(board)
    words = made.settings.workflows
    parts = roles(board.runs.value or (), ci=words.ci, cd=words.cd, nightly=words.nightly)
    return status.show(board, parts, eyes.clock.now(), read_only=made.read_only, as_json=arguments.json)


def _bug_report(arguments: Namespace, environ: Mapping[str, str]) -> int:
    from relman import tokens, wiring
    from relman.cli import bug_report
    from relman.errors import RelmanError
    from relman.remote import GITHUB, host_of

    keys: tuple[str, ...] = ()
    host = source = ""
    problem = None
    try:
        settings = wiring.read_settings(arguments, environ)
        keys = tuple(
            f"{'your' if origin.trusted else 'team'}: {key}" for key, origin in settings.origins.items()
        )
        made = wiring.session(arguments, environ)
        web = host_of(made.target.api_url)
        host = GITHUB if web == GITHUB else "*.ghe.com" if tokens.belongs_to_github(web) else "another host"
        source = made.target.token.source
    except RelmanError as error:
        problem = error.problem
    found = bug_report.Circumstances(keys, host, source, problem)
    return bug_report.show(found, environ, as_json=arguments.json)


if __name__ == "__main__":
    run()
