"""The command line's shape. Only what works is here."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from relman import __version__
from relman.errors import usage_error
from relman.secret import without_credentials

_EXIT_CODES = (
    "exit codes: 0 fine, 1 failed or a check found something, 2 wrong usage, 3 refused, "
    "4 not authenticated, 5 outcome unknown, 130 interrupted"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Never:
        title, hint = _in_our_words(message, f"See `{self.prog} --help`.")
        raise usage_error(title, hint=hint)


def _in_our_words(message: str, otherwise: str) -> tuple[str, str]:
    """argparse's words as title and hint. What is not known of them stays as it is."""
    if missing := re.fullmatch(r"the following arguments are required: (.+)", message):
        names = missing[1].split(", ")
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing", otherwise
    if wrong := re.fullmatch(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.+)\)", message, re.S):
        from difflib import get_close_matches

        name, given, known = wrong[1], wrong[2], re.findall(r"[\w-]+", wrong[3])
        near = get_close_matches(given, known, n=1, cutoff=0.7)
        hint = f"Did you mean {near[0]}?" if near else otherwise
        if name == "COMMAND":
            return f"There is no command {given!r}", hint
        return f"{name}: {given!r} is not {' or '.join(known)}", hint
    title = re.sub(r"^argument (?=\S+: )", "", message)
    return title if title != message else message[:1].upper() + message[1:], otherwise


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, not {text!r}") from None
    if not 0 < value <= 10000:
        raise argparse.ArgumentTypeError(f"expected a factor above 0, not {text!r}")
    return value


def add_consent(parser: argparse.ArgumentParser) -> None:
    """The options of every command that changes something."""
    group = parser.add_argument_group("before it changes something")
    group.add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
    group.add_argument("--yes", action="store_true", help="do not ask; not enough for production")
    group.add_argument(
        "--confirm", default="", metavar="WORD", help="the word that a change to production asks for"
    )


def run_number(text: str) -> int:
    """A run's id, or the address of its page."""
    match = re.fullmatch(r"(?:https?://[^\s]*/actions/runs/)?(\d{1,19})(?:[/?#][^\s]*)?", text)
    if not match:
        shown = without_credentials(text)
        raise argparse.ArgumentTypeError(f"expected a run's id or its address, not {shown!r}")
    return int(match[1])


def _add_globals(parser: argparse.ArgumentParser, *, first: bool) -> None:
    """The global options; :mod:`relman.cli.start` knows them too.

    Behind a command they have no default, so that they do not undo earlier ones.
    """

    def none(value: object) -> object:
        return value if first else argparse.SUPPRESS

    group = parser.add_argument_group("global options")
    group.add_argument(
        "-C", dest="directory", type=Path, metavar="DIR", default=none(Path()), help="start in DIR"
    )
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=none(None),
        help="the team's file, instead of relman.toml",
    )
    group.add_argument(
        "--repo", metavar="OWNER/NAME", default=none(None), help="the repository, instead of the git remote's"
    )
    group.add_argument(
        "--api-url", metavar="URL", default=none(None), help="GitHub's API (also RELMAN_API_URL)"
    )
    group.add_argument("--read-only", action="store_true", default=none(False), help="never change anything")


def build() -> argparse.ArgumentParser:
    """The parser. Errors are raised as :class:`relman.errors.RelmanError` with kind USAGE."""
    from relman.cli import release_arguments, run_arguments

    parser = _Parser(
        prog="relman",
        description="One terminal for the whole release. Without a command: the dashboard.",
        epilog=_EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"relman {__version__}")
    _add_globals(parser, first=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(
        name: str, help: str, *, json: bool = True, epilog: str | None = None
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=help, description=help[:1].upper() + help[1:] + ".", epilog=epilog, allow_abbrev=False
        )
        _add_globals(sub, first=False)
        if json:
            sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    command("monitor", "the dashboard, read-only", json=False)

    demo = command(
        "demo",
        "the embedded world, and the dashboard or a command on it",
        json=False,
        epilog="Example: relman demo -- status --json",
    )
    demo.add_argument("--serve", action="store_true", help="only start the world and print where it is")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="another world (default 1)")
    demo.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="how fast its time goes (default 1)"
    )
    demo.add_argument(
        "argv", nargs="*", metavar="COMMAND", help="after --: any relman command, run on a fresh world"
    )

    command("status", "the header and every section in short; exit 1 when something needs attention")

    graph = command("graph", "the job graph of a run, or of a workflow file without any network")
    graph.add_argument(
        "run",
        nargs="?",
        type=run_number,
        metavar="RUN",
        help="a run's id or address; default: the newest CI run",
    )
    graph.add_argument("--workflow", type=Path, metavar="FILE", help="a workflow file, read from disk")

    logs = command("logs", "logs of a run's finished jobs")
    logs.add_argument("run", type=run_number, metavar="RUN", help="a run's id or address")
    logs.add_argument("--job", metavar="NAME", help="only the job of that name or id")
    logs.add_argument("--failed", action="store_true", help="only jobs that failed")
    logs.add_argument(
        "--raw", action="store_true", help="exactly as the runner wrote it, terminal escapes included"
    )

    for name, then in (("approve", ""), ("reject", "; its run then fails")):
        review = command(name, f"{name} what waits for an environment{then}")
        review.add_argument(
            "environment",
            nargs="+",
            metavar="ENV",
            help="an environment, as GitHub writes it; several have to wait in one run",
        )
        review.add_argument(
            "--run",
            type=run_number,
            metavar="ID",
            help="the run's id or address; default: the only one that waits for it",
        )
        review.add_argument("--comment", default="", metavar="TEXT", help="why, for whoever reads the run")
        add_consent(review)

    run_arguments.add(command, add_consent, run_number)
    release_arguments.add(command, add_consent)

    command("bug-report", "versions and settings without secrets, for an issue")
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments as a namespace; ``command`` is None for the dashboard."""
    argv = list(argv)
    # What follows `--` belongs to the command inside the world, its options included.
    rest: list[str] = []
    if "--" in argv:
        at = argv.index("--")
        argv, rest = argv[:at], argv[at + 1 :]
    arguments = build().parse_args(argv)
    if arguments.command == "demo":
        arguments.argv += rest
        if arguments.serve and arguments.argv:
            raise usage_error("--serve starts only the world", hint="Leave --serve out to run a command on it.")
        if arguments.argv[:1] == ["demo"]:
            raise usage_error("A world inside a world is not possible", hint="Leave the second `demo` out.")
    elif rest:
        raise usage_error("Only `relman demo` takes a command after --", hint="See `relman --help`.")
    if arguments.command == "graph" and arguments.workflow and arguments.run:
        raise usage_error("Give a RUN or --workflow FILE, not both")
    return arguments
