from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import worlds

from relman.__main__ import main


@dataclass
class Answer:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Line:
    """The command line on a running world, with a home of its own."""

    world: worlds.OwnWorld
    home: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def environ(self) -> dict[str, str]:
        return {"RELMAN_TOKEN": self.world.token, "RELMAN_HOME": str(self.home), "PATH": ""}

    def __call__(self, *argv: str, environ: dict[str, str] | None = None) -> Answer:
        place = ["--api-url", self.world.api_url, "--config", str(self.world.config), "--repo", self.world.repo]
        self.capsys.readouterr()
        code = main([*place, *argv], self.environ if environ is None else environ)
        out, err = self.capsys.readouterr()
        return Answer(code, out, err)

    def move(self, what: str, **wish: Any) -> Any:
        """Moves the hand behind the world."""
        return self.ask("POST", f"/_world/{what}", wish)

    def ask(self, method: str, path: str, wish: Any = None) -> Any:
        request = urllib.request.Request(
            self.world.api_url + path,
            method=method,
            data=None if wish is None else json.dumps(wish).encode(),
            headers={"Authorization": f"Bearer {self.world.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)


@pytest.fixture(scope="session")
def world() -> Iterator[worlds.OwnWorld]:
    with worlds.world(seed=3, frozen=True) as running:
        yield running


@pytest.fixture
def line(world: worlds.OwnWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Line]:
    """The shared world, left as it was found."""
    there = Line(world, tmp_path / "home", capsys)
    yield there
    there.move("clear")
