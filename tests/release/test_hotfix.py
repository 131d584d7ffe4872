"""A hotfix on the world: the branch from what production runs, then its pull request, each exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worlds
from command_shop import OVERRIDES, R, Shop
from schemas import validate


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with worlds.world(seed=1, frozen=True) as world:
        yield Shop(world, tmp_path / "home")


def facts(shop: Shop, *argv: str) -> dict[str, Any]:
    told = shop.here("hotfix", "--dry-run", "--json", *argv)
    assert told.code == 0, told.err
    validate(told.json())
    found: dict[str, Any] = told.json()["details"]
    return found


def head(shop: Shop, branch: str) -> str:
    return str(shop.look(f"{R}/branches/{branch.replace('/', '%2F')}")["commit"]["sha"])


def requests(shop: Shop, branch: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.look(f"{R}/pulls?head=acme:{branch}&state=open")
    return [one for one in found if one["head"]["ref"] == branch]


def test_from_production_to_a_release(shop: Shop) -> None:
    live = shop.here("rollback", "production", "--dry-run", "--json").json()["details"]["running"]
    found = facts(shop)
    assert found["source"] == live
    branch = found["branch"]
    assert branch == f"hotfix/{found['version']}"
    assert found["version"].startswith(live.removeprefix("v").rpartition(".")[0])
    shop.killed_at("POST", r"/git/refs$", "hotfix", "--yes")
    again = shop.here("hotfix", "--yes", "--json")
    assert again.code == 0, again.err
    assert head(shop, branch) == shop.tags()[live]
    assert not requests(shop, branch)

    fix = shop.commit("fix: the critical one", branch=branch)
    shop.commit("feat: sneaked in", branch=branch)
    shop.killed_at("POST", r"/pulls$", "hotfix", "--yes")
    done = shop.here("hotfix", "--yes", "--json")
    assert done.code == 0, done.err
    (request,) = requests(shop, branch)
    assert request["base"]["ref"] == "main"
    assert "Expedited review" in request["body"]
    told = done.json()["plan"]
    assert [one["sha"] for one in told["details"]["forward_port"]][-1] == fix
    assert any("sneaked in" in warning and "stays a patch" in warning for warning in told["warnings"])

    tag = shop.next_tag("--ref", branch)
    assert tag == f"v{found['version']}"
    release = shop.here("release", "create", "--ref", branch, "--confirm", tag, "--json", *OVERRIDES)
    assert release.code == 0, release.err
    (made,) = shop.releases(tag)
    latest = shop.look(f"{R}/releases/latest")["tag_name"]
    assert made["prerelease"] is False
    assert latest
    assert shop.tags()[tag] == head(shop, branch)
    assert facts(shop, live)["version"] != found["version"]  # used now


def test_a_branch_of_something_else_stops_it(shop: Shop) -> None:
    side = shop.commit("fix: on a line of its own", branch="side")
    shop.act("tag", tag="v30.0.0", commit=side)
    there = shop.commit("fix: from main", branch="hotfix/30.0.1")
    told = shop.here("hotfix", "v30.0.0", "--yes")
    assert told.code == 3
    assert "does not come from v30.0.0" in told.err
    assert there[:7] in told.err
    assert side[:7] in told.err
    assert head(shop, "hotfix/30.0.1") == there


def test_a_version_without_a_tag(shop: Shop) -> None:
    told = shop.here("hotfix", "8.8.8", "--yes")
    assert told.code == 3
    assert "There is no tag of 8.8.8" in told.err


def test_later_patches_of_the_line_are_named(shop: Shop) -> None:
    for tag in ("v30.0.0", "v30.0.1", "v30.0.2"):
        shop.act("tag", tag=tag, commit=shop.commit("fix: more"))
    told = shop.here("hotfix", "v30.0.0", "--dry-run", "--json").json()
    assert told["details"]["version"] == "30.0.3"
    assert any("v30.0.2 fixed things that this hotfix will not have" in one for one in told["warnings"])
    assert any("passed over" in one and "v30.0.1" in one for one in told["warnings"])
    assert any("production runs" in one for one in told["warnings"])


def test_two_at_once_make_one_branch(shop: Shop) -> None:
    branch = facts(shop)["branch"]
    processes = [shop.start("hotfix", "--yes", "--json", home=shop.home / str(number)) for number in range(2)]
    told = [shop.end(process) for process in processes]
    assert {one.code for one in told} <= {0, 3}
    assert 0 in {one.code for one in told}
    assert head(shop, branch)


def test_production_environments_that_run_different_versions_are_both_named(shop: Shop) -> None:
    live = facts(shop)["source"]
    listed = shop.look(f"{R}/environments")
    (real,) = [one for one in listed["environments"] if one["name"] == "production"]
    twin = {**real, "id": real["id"] + 1000, "name": "prod-eu"}
    deployments = shop.look(f"{R}/deployments?environment=production&per_page=30")
    there = next(one for one in deployments[5:] if one["ref"] not in (live, "main"))
    other = there["ref"]
    success = {"id": 1, "state": "success", "created_at": there["created_at"], "environment": "prod-eu"}
    for match, body in (
        (r"/environments\?", {"total_count": 2, "environments": [*listed["environments"], twin]}),
        (r"/deployments\?.*environment=prod-eu", [{**there, "environment": "prod-eu"}]),
        (rf"/deployments/{there['id']}/statuses", [success]),
    ):
        shop.fault("body", match, body=body, times=None)
    told = shop.here("hotfix", "--dry-run")
    assert told.code == 3, told
    assert "run different versions" in told.err
    assert f"production runs {live}" in told.err and f"prod-eu runs {other}" in told.err
    named = shop.here("hotfix", live, "--dry-run", "--json")
    assert named.code == 0, named.err
    assert f"prod-eu runs {other}, not {live}" in named.json()["warnings"]
