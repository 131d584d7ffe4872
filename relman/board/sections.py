"""The board's sections by name: what can be asked for, where it lies, how it is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Struct, structs

from relman.model.board import Board, Section

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 64
"""Keyed sections kept of one kind: enough to walk back and forth, bounded for a board that stays open."""


class Part(StrEnum):
    """A section of the board, or (``RUN``) one run that is merged into ``runs``."""

    REPOSITORY = "repository"
    VIEWER = "viewer"
    WORKFLOWS = "workflows"
    RUNS = "runs"
    RUN = "run"  # key: run id
    JOBS = "jobs"  # key: run id
    SOURCE = "source"  # key: run id
    PENDING = "pending"  # key: run id
    APPROVALS = "approvals"  # key: run id
    ANNOTATIONS = "annotations"  # key: job id
    ENVIRONMENTS = "environments"
    ANY_PROTECTED = "protected branches"
    POLICIES = "branch rules"  # key: environment name
    CUSTOM_RULES = "app rules"  # key: environment name
    DEPLOYMENTS = "deployments"  # key: environment name
    PAST = "past deployments"  # key: environment name; the same section, statuses further back
    RELEASES = "releases"
    TAGS = "tags"
    HEAD = "default branch"
    HEALTH = "health"  # key: environment name


class Ask(Struct, frozen=True):
    """One thing to ask for: a section, and for a keyed one its key."""

    part: Part
    key: int | str | None = None

    def __str__(self) -> str:
        return self.part.value if self.key is None else f"{self.part.value} {self.key}"


_FIELDS = {
    Part.REPOSITORY: "repository",
    Part.VIEWER: "viewer",
    Part.WORKFLOWS: "workflows",
    Part.RUNS: "runs",
    Part.RUN: "runs",
    Part.JOBS: "jobs",
    Part.SOURCE: "sources",
    Part.PENDING: "pending",
    Part.APPROVALS: "approvals",
    Part.ANNOTATIONS: "annotations",
    Part.ENVIRONMENTS: "environments",
    Part.ANY_PROTECTED: "any_protected",
    Part.POLICIES: "policies",
    Part.CUSTOM_RULES: "custom_rules",
    Part.DEPLOYMENTS: "deployments",
    Part.PAST: "deployments",
    Part.RELEASES: "releases",
    Part.TAGS: "tags",
    Part.HEAD: "head",
    Part.HEALTH: "health",
}
_UNKEYED: Section[Any] = Section()


def section_of(board: Board, ask: Ask) -> Section[Any]:
    """The section an ask is about; an empty one where it was never asked for."""
    held = getattr(board, _FIELDS[ask.part])
    if isinstance(held, Section):
        return held
    section: Section[Any] = held.get(ask.key, _UNKEYED)
    return section


def with_section(board: Board, ask: Ask, section: Section[Any]) -> Board:
    """``board`` with that one section replaced; every other section keeps its identity."""
    name = _FIELDS[ask.part]
    held = getattr(board, name)
    new: Any = section
    if not isinstance(held, Section):
        if held.get(ask.key) is section:
            return board
        new = with_key(held, ask.key, section)
    return board if new is held else structs.replace(board, **{name: new})


def with_key(mapping: Mapping[K, V], key: K, value: V, kept: int = _KEPT) -> Mapping[K, V]:
    """A new mapping with ``key`` as its newest entry; beyond ``kept`` entries the oldest go."""
    entries = {k: v for k, v in mapping.items() if k != key}
    while len(entries) >= kept:
        del entries[next(iter(entries))]
    entries[key] = value
    return MappingProxyType(entries)
