"""The README's examples do what it says, with the rights it says, on the embedded world."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import worlds

from relman.cli import arguments

if TYPE_CHECKING:
    from tests.cli.conftest import Line

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.S))
EXAMPLES = [shlex.split(line, comments=True) for line in re.findall(r"^(?:\S*/)?relman\b(.*)$", SHELL, re.M)]
ON_A_WORLD = [words[2:] for words in EXAMPLES if words[:2] == ["demo", "--"]]
NAMES = {"Commit statuses": "statuses", "Pull requests": "pull_requests"}
LOOKING = re.search(r"\*\*Least rights\.\*\*(.*?);", README, re.S)


def test_every_example_is_a_line_that_relman_takes() -> None:
    assert len(EXAMPLES) > 15
    for words in EXAMPLES:
        arguments.parse(words)


@pytest.mark.parametrize("words", ON_A_WORLD, ids=" ".join)
def test_what_the_readme_shows_on_the_world_works_there(line: Line, words: list[str]) -> None:
    answer = line(*words)
    assert answer.code == (1 if words == ["status"] else 0), answer  # something always waits there
    assert answer.out and not answer.err


def rights(*written: str) -> dict[str, str]:
    """What a fine-grained token may: what the README names for looking, and to write what is ``written``."""
    assert LOOKING is not None
    names = dict.fromkeys(re.findall(r"\*\*([A-Z][a-z ]+)\*\*", " ".join(LOOKING[1].split())), "read")
    assert "Actions" in names and "Commit statuses" in names
    names |= dict.fromkeys(written, "write")
    known = ("actions", "checks", "contents", "deployments", "environments", "metadata", "pull_requests",
             "statuses", "workflows", "administration", "secrets", "variables")  # fmt: skip
    told = {NAMES.get(name, name.lower()): level for name, level in names.items()}
    assert told.keys() <= set(known), told
    return dict.fromkeys(known, "none") | told


def row(action: str) -> tuple[str, ...]:
    """The rights that the README's table names for ``action``, without those it names for a case of their own."""
    table = README.partition("| to | fine-grained")[2].splitlines()[2:]
    found = next(line for line in table if action in line.split("|")[1])
    cell = re.sub(r",? and Workflows .*", "", found.split("|")[2])
    return tuple(name.strip() for name in cell.split(","))


@pytest.fixture
def lively(line: Line) -> Iterator[Line]:
    """A world of its own that may be changed, and whose time goes on."""
    with worlds.world(seed=5, speed=20) as world:
        line.world, kept = world, line.world
        yield line
        line.world = kept


def test_the_rights_of_the_readme_are_enough(lively: Line) -> None:
    line = lively

    def allow(*written: str) -> None:
        line.move("token", kind="fine-grained", permissions=rights(*written))

    allow()
    assert line("status").code == 1
    assert line("graph").code == 0
    plan = line("release", "plan", "--json")
    assert plan.code == 0, plan
    assert plan.json()["tag"]
    failed = line.ask("GET", f"/repos/{line.world.repo}/actions/runs?status=failure")["workflow_runs"][0]["id"]
    for action, words in (
        ("approve", ("approve", "production", "--confirm", "production")),
        ("run again", ("rerun", str(failed), "--failed", "--yes")),
        ("dispatch", ("dispatch", "scheduled.yml", "--yes")),
        ("release create", ("release", "create", "--confirm", plan.json()["tag"])),
        ("hotfix", ("hotfix", "--yes")),
    ):
        allow()
        refused = line(*words)
        assert refused.code in {1, 3, 4} and "write" in refused.err, (action, refused)
        allow(*row(action))
        done = line(*words)
        assert done.code == 0, (action, done)
