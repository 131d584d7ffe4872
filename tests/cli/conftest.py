from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import worlds
from world_hand import Done, Hand

from relman.__main__ import main


@dataclass
class Line(Hand):
    """The command line on a running world, with a home of its own."""

    world: worlds.OwnWorld
    home: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def environ(self) -> dict[str, str]:
        return {"RELMAN_TOKEN": self.world.token, "RELMAN_HOME": str(self.home), "PATH": ""}

    def __call__(self, *argv: str, environ: dict[str, str] | None = None) -> Done:
        self.capsys.readouterr()
        code = main([*self.place, *argv], self.environ if environ is None else environ)
        out, err = self.capsys.readouterr()
        return Done(code, out, err)


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
