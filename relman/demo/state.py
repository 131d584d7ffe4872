"""Everything the world holds, as data, and the numbers it gives to new things."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from relman.demo.chance import dice
from relman.demo.git_objects import Tree
from relman.demo.records import (
    CommitRecord,
    DeploymentRecord,
    EnvironmentRecord,
    JobRecord,
    PullRecord,
    ReleaseRecord,
    RulesetRecord,
    RunRecord,
    TagRecord,
    WorkflowRecord,
)


class Refusal(Exception):  # noqa: N818  GitHub refuses; nothing went wrong here
    """The world does not do this, with the reason in GitHub's words.

    ``status`` is what GitHub answers over HTTP; ``errors`` the list that some of its answers carry.
    """

    def __init__(self, message: str, status: int = 422, *, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors


class Numbers:
    """Ids as on GitHub: unique within their kind, rising, with gaps."""

    def __init__(self, seed: int) -> None:
        self._gaps = dice(seed, "numbers")
        self._last = {
            "run": 18_412_060_000,
            "job": 52_630_180_000,
            "check_suite": 46_118_200_000,
            "deployment": 2_960_410_000,
            "status": 5_204_300_000,
            "release": 241_380_000,
            "pull": 612,
        }

    def next(self, kind: str) -> int:
        self._last[kind] += 1 if kind == "pull" else self._gaps.randint(1, 37)
        return self._last[kind]


@dataclass(slots=True)
class Live:
    """What a deployed service runs."""

    version: str
    commit: str
    since: datetime


@dataclass(slots=True)
class State:
    numbers: Numbers
    workflows: list[WorkflowRecord]
    environments: list[EnvironmentRecord]
    commits: dict[str, CommitRecord] = field(default_factory=dict)
    trees: dict[str, Tree] = field(default_factory=dict)  # by commit
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, TagRecord] = field(default_factory=dict)  # by the ref's name
    tag_objects: dict[str, TagRecord] = field(default_factory=dict)  # by sha; with or without a ref
    pulls: dict[int, PullRecord] = field(default_factory=dict)
    releases: list[ReleaseRecord] = field(default_factory=list)  # newest first
    rulesets: list[RulesetRecord] = field(default_factory=list)
    runs: dict[int, RunRecord] = field(default_factory=dict)
    jobs: dict[int, list[JobRecord]] = field(default_factory=dict)  # every attempt, oldest first
    attempts: dict[int, list[dict[str, JobRecord]]] = field(default_factory=dict)
    """By run, then by attempt: its jobs by key. A job that was not run again stands in several."""
    deployments: list[DeploymentRecord] = field(default_factory=list)  # newest first
    live: dict[str, Live] = field(default_factory=dict)  # by environment

    def environment(self, name: str) -> EnvironmentRecord:
        return next(one for one in self.environments if one.name == name)

    def workflow(self, key: int | str) -> WorkflowRecord:
        """By id or by file name."""
        for one in self.workflows:
            if key == one.id or one.path.endswith(f"/{key}"):
                return one
        raise Refusal(f"Workflow {key} does not exist")
