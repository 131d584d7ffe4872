"""Where things are, seen from the address a client used, and how GitHub writes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from relman.demo.world import World

JSON = dict[str, Any]
"""An object as it goes out; what is inside is whatever JSON can carry."""

REPOSITORY_ID = 710_405_882
OWNER_ID = 93_114_207


def stamp(at: datetime) -> str:
    """GitHub's time format: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def node_id(kind: str, key: object) -> str:
    """An opaque identifier in the shape of GitHub's GraphQL ids."""
    return base64.urlsafe_b64encode(f"{len(kind):03d}:{kind}{key}".encode()).decode().rstrip("=")


class View:
    """A world and the two addresses its answers point at: ``api`` (no slash at the end) and ``web``."""

    def __init__(self, world: World, api: str, web: str) -> None:
        self.world = world
        self.api = api
        self.web = web
        self.full_name = f"{world.owner}/{world.name}"
        self.repository: JSON = {}  # the nested form, rendered once per view; see render.repository

    def root(self, path: str) -> str:
        """An API address outside the repository."""
        return f"{self.api}{path}"

    def repo(self, path: str = "") -> str:
        """An API address inside the repository."""
        return f"{self.api}/repos/{self.full_name}{path}"

    def page(self, path: str = "") -> str:
        """An address for people."""
        return f"{self.web}/{self.full_name}{path}"


def escape(text: str) -> str:
    """A name as one path segment."""
    return quote(text, safe="")
