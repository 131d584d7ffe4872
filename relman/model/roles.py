"""Which workflow plays which part: the team's word, or a guess from names and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from relman.model.run import Run, Workflow

_CI = ("ci", "continuous-integration", "build", "test", "tests", "main", "check", "checks")
_CD = ("cd", "deploy", "deployment", "continuous-deployment", "release", "publish")
_FILES = ".github/workflows/"
_NIGHTLY = ("scheduled", "nightly", "schedule", "cron", "daily")


class Roles(Struct, frozen=True):
    """Paths of workflow files (``.github/workflows/ci.yml``); None where nothing plays the part."""

    ci: str | None = None
    cd: str | None = None
    nightly: str | None = None


def roles(
    runs: Sequence[Run],
    *,
    workflows: Sequence[Workflow] = (),
    ci: str | None = None,
    cd: str | None = None,
    nightly: str | None = None,
) -> Roles:
    """The parts as far as ``runs`` (newest first) and the names of ``workflows`` show them.

    A busy repository's newest runs need not hold one of every workflow. ``ci``, ``cd`` and ``nightly`` are
    files that the team named.
    """
    listed = [one.path for one in workflows if one.state == "active" and one.path.startswith(_FILES)]
    paths = list(dict.fromkeys((*(run.path for run in runs), *listed)))
    events: dict[str, Counter[str]] = {path: Counter() for path in paths}
    for run in runs:
        events[run.path][run.event] += 1

    def named(names: Iterable[str]) -> str | None:
        by_stem = {stem(path): path for path in reversed(paths)}
        return next((by_stem[name] for name in names if name in by_stem), None)

    def most(event: str, fits: Callable[[str], bool]) -> str | None:
        found = [path for path in paths if events[path][event] and fits(path)]
        return max(found, key=lambda path: events[path][event], default=None)

    night = (
        _chosen(nightly, paths)
        or named(_NIGHTLY)
        or most("schedule", lambda path: not events[path]["push"] and not path.startswith("dynamic/"))
    )
    deploy = _chosen(cd, paths) or named(_CD)
    check = (
        _chosen(ci, paths)
        or named(_CI)
        or most("push", lambda path: path not in (night, deploy) and not path.startswith("dynamic/"))
    )
    return Roles(check, deploy, night)


def stem(path: str) -> str:
    """A workflow file's name as people say it: ``.github/workflows/CI.yml`` is ``ci``."""
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower().replace("_", "-")


def _chosen(wanted: str | None, paths: Sequence[str]) -> str | None:
    """The path a team's word means; a word no run has shown yet is taken as a file in the usual place."""
    if wanted is None:
        return None
    found = next((path for path in paths if path == wanted or path.rsplit("/", 1)[-1] == wanted), None)
    return found or (wanted if "/" in wanted else f"{_FILES}{wanted}")
