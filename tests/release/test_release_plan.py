"""``relman release plan`` and ``create`` on the world: what they show, and the way of a whole release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import worlds
from command_shop import OVERRIDES, Shop
from schemas import validate


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with worlds.world(seed=1, frozen=True) as world:
        yield Shop(world, tmp_path / "home")


def test_the_plan_has_a_schema_and_needs_no_writer(shop: Shop) -> None:
    told = shop.here("release", "plan", "--json")
    assert told.code == 0, told.err
    answer = told.json()
    validate(answer)
    assert {gate["key"]: gate["verdict"] for gate in answer["gates"]} == dict.fromkeys(
        ("ci", "staging", "branch", "tag", "rules"), "passed"
    )
    assert answer["notes"].startswith("## What's Changed")
    looked = shop.here("--read-only", "release", "plan", "--json")
    assert looked.code == 0, looked.err
    validate(looked.json())
    assert looked.json()["tag"] == answer["tag"]
    assert looked.json()["notes"].startswith("## Features")
    posts = [one for one in shop.look("/_world/requests")["requests"] if one["method"] == "POST"]
    assert [one["path"].rpartition("/")[2] for one in posts if "/_world" not in one["path"]] == [
        "generate-notes"
    ]


def test_a_blocking_gate_is_a_finding(shop: Shop) -> None:
    shop.commit("feat: not yet checked")
    told = shop.here("release", "plan")
    assert told.code == 1
    assert "(ci)" in told.out
    assert "(staging)" in told.out
    assert told.out.index("feat: not yet checked") < told.out.index("Gates")
    passed = shop.here("release", "plan", "--json", *OVERRIDES)
    assert passed.code == 0
    validate(passed.json())
    assert {gate["key"] for gate in passed.json()["gates"] if gate["reason"]} == {"ci", "staging"}


def test_a_red_check_blocks(shop: Shop) -> None:
    told = shop.here("release", "plan", "--json")
    assert told.code == 0
    sha = told.json()["commit"]
    body = {"check_runs": [
        {"id": 1, "name": "test", "status": "completed", "conclusion": "failure",
         "app": {"slug": "github-actions"}, "check_suite": {"id": 1}},
    ], "total_count": 1}  # fmt: skip
    shop.fault("body", rf"/commits/{sha}/check-runs", body=body)
    red = shop.here("release", "plan", "--json")
    assert red.code == 1
    (gate,) = [gate for gate in red.json()["gates"] if gate["key"] == "ci"]
    assert "test: failure" in gate["evidence"]


def test_ci_that_turns_red_between_plan_and_yes_is_stale(shop: Shop) -> None:
    told = shop.here("release", "plan", "--json").json()
    body = {"check_runs": [], "total_count": 0}
    pending = {"id": 9, "name": "late", "status": "in_progress", "conclusion": None, "app": {"slug": "x"}}
    # The plan reads the checks once; the last look is the second time.
    shop.fault("delay", rf"/commits/{told['commit']}/check-runs", times=1)
    shop.fault("body", rf"/commits/{told['commit']}/check-runs", body={**body, "check_runs": [pending]})
    made = shop.here("release", "create", "--confirm", told["tag"])
    assert made.code == 3
    assert "CI is no longer green" in made.err
    assert told["tag"] not in shop.tags()


def test_a_release_from_the_plan_to_its_run(shop: Shop, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Mine\n\n[@click=app.quit]x[/] \x1b]0;title\x07\n")
    tag = shop.next_tag()
    told = shop.here("release", "create", "--notes", str(notes), "--confirm", tag, "--json")
    assert told.code == 0, told.err
    validate(told.json())
    (release,) = shop.releases(tag)
    assert release["body"].startswith("# Mine\n\n[@click=app.quit]x[/]")
    assert "\x1b" not in shop.message(tag)
    (run,) = shop.runs(tag)
    assert told.json()["result"]["run_id"] == run["id"]
    ended = [entry for entry in shop.journal() if entry["phase"] == "end"]
    assert [entry["result"] for entry in ended] == ["done"]
    assert shop.world.token not in "".join(path.read_text() for path in shop.home.rglob("journal.jsonl"))


def test_a_dry_run_changes_nothing_and_read_only_refuses(shop: Shop) -> None:
    before = shop.tags()
    told = shop.here("release", "create", "--dry-run", "--json")
    assert told.code == 0
    validate(told.json())
    assert shop.here("--read-only", "release", "create", "--dry-run").code == 3
    assert shop.here("--read-only", "rollback", "production", "--dry-run").code == 3
    assert shop.here("--read-only", "hotfix", "--dry-run").code == 3
    assert shop.tags() == before


@pytest.mark.parametrize(
    "argv",
    [("release",), ("release", "make"), ("release", "plan", "--version", "soon"),
     ("release", "plan", "--version", "1.2.3", "--bump", "patch"), ("release", "plan", "--override", "ci"),
     ("release", "plan", "--override", "ci=a", "--override", "ci=b"), ("release", "plan", "--override", "moon=a"),
     ("release", "plan", "--notes", "/no/such/file"), ("release", "plan", "--pre", "r c"),
     ("rollback",), ("rollback", "production", "--via", "ssh")],
)  # fmt: skip
def test_a_wrong_command_line(shop: Shop, argv: tuple[str, ...]) -> None:
    told = shop.here(*argv)
    assert told.code == 2, told
    assert told.err.startswith("relman: ")


def test_nothing_new_is_no_finding(shop: Shop) -> None:
    tag = shop.next_tag()
    assert shop.here("release", "create", "--confirm", tag).code == 0
    told = shop.here("release", "plan", "--json")
    assert told.code == 0
    validate(told.json())
    assert told.json()["version"] is None
    assert "Nothing to release" in shop.here("release", "plan").out
