"""The way back, by both roads, on the world: what it does, and what it does not do twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import worlds
from command_shop import R, Shop
from schemas import validate
from world_hand import Done

ENV = "production"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A world of its own: what runs in production decides everything here."""
    with worlds.world(seed=1, frozen=True) as world:
        yield Shop(world, tmp_path / "home")


def plan(shop: Shop, *argv: str) -> Done:
    return shop.here("rollback", ENV, "--dry-run", "--json", *argv)


def details(shop: Shop, *argv: str) -> dict[str, str]:
    found: dict[str, str] = plan(shop, *argv).json()["details"]
    return found


def dispatched(shop: Shop, tag: str) -> list[dict[str, str]]:
    found = shop.look(f"{R}/actions/runs?event=workflow_dispatch&per_page=100")["workflow_runs"]
    return [run for run in found if run["head_branch"] == tag]


def test_targets_ran_there_are_not_current_and_not_withdrawn(shop: Shop) -> None:
    told = details(shop)
    names = [one["name"] for one in told["targets"]]  # type: ignore[index]
    assert told["running"] not in names
    assert len(set(names)) == len(names)
    gone = {one["tag_name"] for one in shop.look(f"{R}/releases?per_page=100") if one["prerelease"]}
    assert gone
    assert not gone.intersection(names)
    assert told["to"] == names[0]
    assert all(one["ran_seconds"] > 0 for one in told["targets"])  # type: ignore[index]


@pytest.mark.parametrize("via", ["redeploy", "tag"])
def test_the_current_version_and_one_that_never_ran_are_refused(shop: Shop, via: str) -> None:
    running = details(shop)["running"]
    for wanted, why in ((running, "is what runs there now"), ("v9.9.9", "never deployed")):
        told = plan(shop, "--via", via, "--to", wanted)
        assert told.code == 3
        assert why in told.err


def test_an_environment_that_does_not_exist(shop: Shop) -> None:
    told = shop.here("rollback", "prod", "--dry-run")
    assert told.code == 2
    assert "production" in told.err


def test_redeploy_dispatches_the_old_tag_once_also_after_a_kill(shop: Shop) -> None:
    told = details(shop)
    tag, sha = told["to"], told["commit"]
    before = shop.tags()
    command = ("rollback", ENV, "--confirm", tag)
    shop.killed_at("POST", r"/dispatches$", *command)
    again = shop.here(*command, "--json")
    assert again.code == 0, again.err
    validate(again.json())
    (run,) = dispatched(shop, tag)
    assert again.json()["result"]["run_id"] == run["id"]
    assert again.json()["result"]["sentence"].endswith(
        f"{ENV} changes when CD #{run['run_number']} has deployed"
    )
    assert run["head_sha"] == sha
    assert shop.tags() == before


@pytest.mark.parametrize("kind", ["reset", "html"])
def test_a_dispatch_without_an_answer_is_looked_for(shop: Shop, kind: str) -> None:
    tag = details(shop)["to"]
    shop.fault(kind, r"/dispatches$", method="POST", after=True)
    told = shop.here("rollback", ENV, "--confirm", tag, "--json")
    assert told.code == 0, told.err
    assert len(dispatched(shop, tag)) == 1


def test_a_run_of_the_tag_that_goes_elsewhere_is_not_taken_for_the_rollback(shop: Shop) -> None:
    told = details(shop)
    tag = told["to"]
    staged = shop.here("dispatch", "cd.yml", "--ref", tag, "-i", "environment=staging", "--yes")
    assert staged.code == 0, staged.err
    (other,) = dispatched(shop, tag)
    refused = shop.here("rollback", ENV, "--confirm", tag)
    assert refused.code == 3
    assert "whether it leads to production" in refused.err and str(other["id"]) in refused.err
    assert dispatched(shop, tag) == [other]


STEPS = {
    "tag object": ("POST", r"/git/tags$"),
    "ref": ("POST", r"/git/refs$"),
    "release": ("POST", r"/releases$"),
    "withdraw": ("PATCH", r"/releases/\d+$"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_new_tag_withdraws_the_bad_version_and_survives_a_kill(shop: Shop, step: str) -> None:
    told = details(shop, "--via", "tag")
    tag, good, bad = told["tag"], told["to"], told["running"]
    command = ("rollback", ENV, "--via", "tag", "--confirm", tag, "--reason", "it loses jobs")
    before = shop.tags()
    shop.killed_at(*STEPS[step], *command)
    again = shop.here(*command, "--json")
    assert again.code == 0, again.err
    tags = shop.tags()
    on_good = {name for name, sha in tags.items() if sha == tags[good]}
    # What stood on that commit may itself be an earlier rollback's tag.
    assert on_good == {tag} | {name for name, sha in before.items() if sha == tags[good]}
    message = shop.message(tag)
    assert message.startswith(f"Rollback to {good}\n")
    assert f"Relman-Rollback-Of: {bad}\nRelman-Rollback-To: {good}\n" in message
    assert "it loses jobs" in message
    assert len(shop.releases(tag)) == 1
    assert [one["prerelease"] for one in shop.releases(bad)] == [True]
    (run,) = shop.runs(tag)
    assert again.json()["result"]["run_id"] == run["id"]
    assert again.json()["result"]["sentence"].endswith(f"tagged; {ENV} changes when its run has deployed")


def test_a_freeze_does_not_hold_a_rollback_and_the_journal_says_so(shop: Shop, tmp_path: Path) -> None:
    config = tmp_path / "frozen.toml"
    whole_week = '\n[[freeze]]\nfrom = "Mon 00:00"\nto = "Mon 00:00"\n'
    config.write_text(shop.world.config.read_text() + whole_week)
    shop.world = replace(shop.world, config=config)
    shop.commit("fix: held back")
    tag = shop.next_tag()
    held = shop.here("release", "create", "--confirm", tag)
    assert held.code == 3
    assert "frozen" in held.err
    target = details(shop)["to"]
    told = shop.here("rollback", ENV, "--confirm", target)
    assert told.code == 0, told.err
    assert {entry.get("exempt") for entry in shop.journal()} == {"freeze"}


def test_a_deployment_meanwhile_is_stale(shop: Shop) -> None:
    tag = details(shop)["to"]
    newest = shop.look(f"{R}/deployments?environment={ENV}&per_page=1")[0]
    # Only the last look asks for one deployment: somebody has deployed since the plan.
    shop.fault("body", r"/deployments\?.*per_page=1&", body=[{**newest, "id": newest["id"] + 1}])
    told = shop.here("rollback", ENV, "--confirm", tag)
    assert told.code == 3
    assert "was deployed to since the plan was made" in told.err
    assert not dispatched(shop, tag)


def test_an_app_s_token_that_has_no_person_rolls_back_and_releases(shop: Shop) -> None:
    shop.fault("permission", r"/user$", times=None)
    assert plan(shop).code == 0
    for command in (("release", "create"), ("hotfix",)):
        told = shop.here(*command, "--dry-run", "--json")
        assert told.json()["who"] == "", told.err


def test_staging_runs_a_branch_and_goes_back_by_its_run(shop: Shop) -> None:
    told = shop.here("rollback", "staging", "--dry-run", "--json")
    assert told.code == 0, told.err
    (step,) = told.json()["steps"]
    assert step["request"].endswith("/rerun")
    assert told.json()["confirm"] == ""
    assert any("GitHub runs every job of" in words for words in told.json()["warnings"])
    assert told.json()["details"]["also_reaches"] == []  # of a branch production's jobs do not run
    run = told.json()["steps"][0]["request"].split("/")[-2]
    shop.killed_at("POST", r"/rerun$", "rollback", "staging", "--yes")
    again = shop.here("rollback", "staging", "--yes", "--json")
    assert again.code == 0, again.err
    assert again.json()["result"]["run_id"] == int(run)
    assert shop.look(f"{R}/actions/runs/{run}")["run_attempt"] == 2
    refused = shop.here("rollback", "staging", "--via", "tag", "--dry-run")
    assert refused.code == 3
    assert "does not run a version tag" in refused.err
