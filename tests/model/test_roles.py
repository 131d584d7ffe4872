"""Which workflow plays which part, where the newest runs do not show every workflow."""

from __future__ import annotations

from relman.model.roles import Roles, roles
from relman.model.run import Run, Workflow

CI, CD, BOT = (f".github/workflows/{name}.yml" for name in ("ci", "deploy", "labels"))


def flood(path: str = BOT) -> list[Run]:
    return [
        Run(number, "Labels", "", number, 1, "issues", "completed", "success", "main", "a" * 40, 3, path)
        for number in range(100, 0, -1)
    ]


def test_a_workflow_that_the_newest_runs_do_not_show_is_found_by_its_name() -> None:
    assert roles(flood()) == Roles()
    listed = [Workflow(1, "CI", CI), Workflow(2, "Deploy", CD), Workflow(3, "Labels", BOT)]
    assert roles(flood(), workflows=listed) == Roles(CI, CD)
    assert roles((), workflows=listed) == Roles(CI, CD)


def test_what_is_switched_off_or_has_no_file_plays_no_part() -> None:
    off = [Workflow(1, "CI", CI, "disabled_manually"), Workflow(2, "Build", "dynamic/pages/build")]
    assert roles(flood(), workflows=off) == Roles()
    assert roles(flood(CI), workflows=off).ci == CI  # it ran


def test_the_team_s_word_wins() -> None:
    assert roles((), workflows=[Workflow(1, "CI", CI)], ci="labels.yml").ci == BOT
