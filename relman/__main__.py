"""The program's beginning. It imports a room only when a command needs it: start-up time is a feature."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from relman.wiring import Session


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
            from relman.cli import bug_report

            return bug_report.show(_session(arguments, environ), as_json=arguments.json)
        case "status":
            return _status(arguments, environ)
        case "graph":
            return _graph(arguments, environ)
        case "logs":
            return _logs(arguments, environ)
        case _:
            return _dashboard(arguments, environ)
