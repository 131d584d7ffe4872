"""What every action works with. Where it does not exist (monitor, ``--read-only``), nothing can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from relman.actions.operator import Operator
from relman.actions.ports import Clock, GitHubReader, GitHubWriter, HealthReader, LocalTags
from relman.model.cancel import DEPLOY
from relman.model.health import HealthCheck


class Tools(Struct, frozen=True):
    """``checks`` gives the health checks by environment; ``ci`` and ``cd`` are workflow files the team named.

    ``scratch`` is a directory of this user for work that has to survive a crash (edited notes); it need not
    exist. ``web_url`` is where the repository's pages live. ``deploy_jobs`` are patterns of the names of jobs
    that deploy. ``clone`` is the clone of this repository that relman was started in, where it was;
    ``withdrawn`` are versions that the team calls withdrawn.
    """

    repo: str
    reader: GitHubReader
    writer: GitHubWriter
    operator: Operator
    health: HealthReader
    checks: Mapping[str, tuple[HealthCheck, ...]]
    clock: Clock
    scratch: Path
    web_url: str = "https://github.com"
    ci: str | None = None
    cd: str | None = None
    deploy_jobs: tuple[str, ...] = DEPLOY
    clone: LocalTags | None = None
    withdrawn: tuple[str, ...] = ()
