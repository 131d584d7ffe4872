"""What a test does to a running world beside the program it tests, and how that program is told where it is."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Running(Protocol):
    """As :class:`relman.demo.embed.Embedded` tells it."""

    api_url: str
    repo: str
    token: str
    config: Path


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Hand:
    """For whoever has a ``world``."""

    world: Running

    @property
    def place(self) -> list[str]:
        """The options that lead a command to the world."""
        return ["--api-url", self.world.api_url, "--config", str(self.world.config), "--repo", self.world.repo]

    def ask(self, method: str, path: str, wish: Any = None) -> Any:
        request = urllib.request.Request(
            self.world.api_url + path,
            method=method,
            data=None if wish is None else json.dumps(wish).encode(),
            headers={"Authorization": f"Bearer {self.world.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            body = reply.read()
            return json.loads(body) if body else None

    def move(self, what: str, **wish: Any) -> Any:
        """Asks the world for something that GitHub has no request for."""
        return self.ask("POST", f"/_world/{what}", wish)
