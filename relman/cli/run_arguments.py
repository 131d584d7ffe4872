"""The options of ``relman rerun``, ``cancel``, ``dispatch`` and ``prune-runs``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path


def add(
    command: Callable[[str, str], argparse.ArgumentParser],
    consent: Callable[[argparse.ArgumentParser], None],
    run_number: Callable[[str], int],
) -> None:
    """Adds the four commands. ``consent`` adds the options of what changes something."""
    rerun = command("rerun", "start a run again: all jobs, what failed, or one job")
    rerun.add_argument("run", type=run_number, metavar="RUN", help="a run's id or address")
    rerun.add_argument("--failed", action="store_true", help="only jobs that failed, and what needs them")
    rerun.add_argument("--job", metavar="NAME", help="only the job of that name or id, and what needs it")
    rerun.add_argument("--debug", action="store_true", help="with debug logging")
    consent(rerun)

    cancel = command("cancel", "ask a run to stop, and wait until it has ended")
    cancel.add_argument("run", type=run_number, metavar="RUN", help="a run's id or address")
    cancel.add_argument(
        "--force", action="store_true", help="end it by force, where a plain cancel took over a minute"
    )
    consent(cancel)

    dispatch = command("dispatch", "start a workflow by hand, and find its run")
    dispatch.add_argument("workflow", metavar="WORKFLOW", help="the workflow's file, name or id")
    dispatch.add_argument("--ref", help="the branch or tag it runs on; default: the default branch")
    dispatch.add_argument(
        "-i",
        "--input",
        dest="inputs",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input of the workflow; once for each",
    )
    dispatch.add_argument(
        "--again",
        default="",
        metavar="REASON",
        help="start it although an earlier start of the same is in doubt",
    )
    consent(dispatch)

    prune = command("prune-runs", "delete old workflow runs, after keeping them in a file")
    prune.add_argument(
        "--older-than",
        type=age,
        default=timedelta(days=30),
        metavar="AGE",
        help="only runs older than this, such as 30d, 12w or 36h; default 30d",
    )
    prune.add_argument(
        "--keep",
        type=_count,
        default=10,
        metavar="N",
        help="the newest ended runs of each workflow that stay; default 10",
    )
    prune.add_argument("--workflow", metavar="WORKFLOW", help="only this workflow's: its file, name or id")
    prune.add_argument(
        "--export", type=Path, metavar="FILE", help="the file that keeps the runs, instead of relman's own"
    )
    consent(prune)


def age(text: str) -> timedelta:
    """ "30d", "12w", "36h"."""
    match = re.fullmatch(r"(\d{1,5})([hdw])", text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"expected an age such as 30d, 12w or 36h, not {text!r}")
    return timedelta(hours=int(match[1]) * {"h": 1, "d": 24, "w": 168}[match[2]])


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise argparse.ArgumentTypeError(f"expected a number, 0 or more, not {text!r}")
    return int(text)
