"""Killed after every step and started again, a release ends with exactly one tag, one release, one run."""

from __future__ import annotations

import pytest
from command_shop import OVERRIDES, Shop

STEPS = {
    "tag object": ("POST", r"/git/tags$"),
    "ref": ("POST", r"/git/refs$"),
    "look back": ("GET", r"/git/tags/[0-9a-f]{40}$"),
    "release": ("POST", r"/releases$"),
    "run": ("GET", r"/actions/runs\?.*event=push"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_release_killed_after_a_step_is_finished_by_the_next_start(shop: Shop, step: str) -> None:
    sha = shop.commit(f"feat: {step}")
    tag = f"v5.{list(STEPS).index(step)}.0"
    create = ("release", "create", "--version", tag, "--confirm", tag, *OVERRIDES)
    shop.killed_at(*STEPS[step], *create)
    again = shop.here(*create, "--json")
    assert again.code == 0, again.err
    result = again.json()["result"]
    assert result["outcome"] == "done"
    assert shop.tags()[tag] == sha
    assert [one["draft"] for one in shop.releases(tag)] == [False]
    (run,) = shop.runs(tag)
    assert run["id"] == result["run_id"]
    message = shop.message(tag)
    assert message.startswith(f"Release {tag}\n")
    assert message.count("Relman-Plan: ") == 1
    assert "Relman-Override: ci: the test's commit has no run yet\n" in message


def test_without_a_version_the_unfinished_one_is_taken_up(shop: Shop) -> None:
    shop.commit("feat: unfinished")
    tag = shop.next_tag()
    shop.killed_at(*STEPS["ref"], "release", "create", "--confirm", tag, *OVERRIDES)
    assert not shop.releases(tag)
    again = shop.here("release", "create", "--confirm", tag, "--json")  # its gates were passed before
    assert again.code == 0, again.err
    assert again.json()["plan"]["details"]["resumed"]
    assert len(shop.releases(tag)) == 1
    nothing = shop.here("release", "create", "--confirm", tag)
    assert nothing.code == 3
    assert f"{tag} is on this commit already" in nothing.err
