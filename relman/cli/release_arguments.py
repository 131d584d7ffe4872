"""The options of ``relman release``, ``relman hotfix`` and ``relman rollback``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from relman.errors import usage_error


def add(
    command: Callable[[str, str], argparse.ArgumentParser], consent: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Adds the three commands. ``consent`` adds the options of what changes something."""
    release = command("release", "the next version, its notes and gates; tag and release it")
    release.add_argument(
        "what",
        choices=("plan", "create"),
        metavar="plan|create",
        help="plan only shows; create tags and releases",
    )
    which = release.add_mutually_exclusive_group()
    which.add_argument("--version", dest="wanted", metavar="V", help="this version, with or without v")
    which.add_argument(
        "--bump", choices=("major", "minor", "patch"), help="this bump, whatever the commits ask for"
    )
    release.add_argument("--ref", metavar="REF", help="a branch, tag or commit; default: the default branch")
    release.add_argument("--pre", metavar="CHANNEL", help="a pre-release of this channel, such as rc")
    release.add_argument(
        "--notes", type=Path, metavar="FILE", help="the notes, instead of those that GitHub writes"
    )
    _add_overrides(release)
    consent(release)

    hotfix = command("hotfix", "begin a hotfix: its branch, and once that has commits, its pull request")
    hotfix.add_argument(
        "version", nargs="?", metavar="VERSION", help="the release to mend; default: what production runs"
    )
    consent(hotfix)

    rollback = command("rollback", "bring an environment back to a version that ran there")
    rollback.add_argument("environment", metavar="ENV", help="the environment, as GitHub writes it")
    rollback.add_argument(
        "--to", metavar="V", help="a tag, version or commit that ran there; default: the one before"
    )
    rollback.add_argument(
        "--via",
        choices=("redeploy", "tag"),
        default="redeploy",
        help="deploy the old version again (default), or make a new, higher tag on its commit",
    )
    rollback.add_argument(
        "--reason", default="", metavar="TEXT", help="why the bad version is withdrawn; with --via tag"
    )
    _add_overrides(rollback)
    consent(rollback)


def _add_overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--override",
        action="append",
        default=[],
        type=_override,
        metavar="KEY=REASON",
        help="pass a gate that does not hold; the reason goes into the tag's message",
    )


def _override(text: str) -> tuple[str, str]:
    key, found, reason = text.partition("=")
    if not found or not key.strip() or not reason.strip():
        raise argparse.ArgumentTypeError(f"expected KEY=REASON, not {text!r}")
    return key.strip(), reason.strip()


def overrides_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The reasons by gate. Raises a usage error where one gate has two."""
    found: dict[str, str] = {}
    for key, reason in arguments.override:
        if key in found:
            raise usage_error(f"Two reasons for the gate {key}", hint="Give one --override for each gate.")
        found[key] = reason
    return found
