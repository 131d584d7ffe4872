"""What goes wrong on the way out: each ends as the truth, and the next start repeats nothing."""

from __future__ import annotations

from itertools import count

import pytest
from command_shop import OVERRIDES, R, Shop
from world_hand import Done

VERSIONS = count()
OBJECT, REF, RELEASE = r"/git/tags$", r"/git/refs$", r"/releases$"


@pytest.fixture
def tag(shop: Shop) -> str:
    """A commit to release, and the tag that a person chose."""
    shop.commit("fix: for a fault")
    return f"v6.{next(VERSIONS)}.0"


def create(shop: Shop, tag: str, *argv: str) -> Done:
    return shop.here("release", "create", "--version", tag, "--confirm", tag, "--json", *OVERRIDES, *argv)


@pytest.mark.parametrize("write", [OBJECT, REF, RELEASE])
@pytest.mark.parametrize("kind", ["reset", "html"])
def test_done_all_the_same_is_seen_by_looking(shop: Shop, tag: str, write: str, kind: str) -> None:
    shop.fault(kind, write, method="POST", after=True)
    told = create(shop, tag)
    assert told.code == 0, told.err
    assert told.json()["result"]["outcome"] == "done"
    assert len(shop.releases(tag)) == len(shop.runs(tag)) == 1
    assert shop.message(tag)


def test_another_workflow_that_the_tag_starts_is_not_the_one_to_follow(shop: Shop, tag: str) -> None:
    sha = shop.look(f"{R}/branches/main")["commit"]["sha"]
    some = shop.look(f"{R}/actions/runs?per_page=1")["workflow_runs"][0]
    path = ".github/workflows/lint.yml"
    lint = {**some, "id": 1, "name": "Lint", "path": path, "head_branch": tag, "head_sha": sha, "event": "push"}
    shop.fault("body", "event=push", body={"total_count": 1, "workflow_runs": [lint]})
    told = create(shop, tag)
    assert told.code == 0, told.err
    (deployment,) = shop.runs(tag)
    assert told.json()["result"]["run_id"] == deployment["id"]


@pytest.mark.parametrize("kind", ["reset", "html"])
def test_an_object_that_never_came_is_made_again(shop: Shop, tag: str, kind: str) -> None:
    shop.fault(kind, OBJECT, method="POST")
    assert create(shop, tag).code == 0
    assert tag in shop.tags()


@pytest.mark.parametrize("write", [REF, RELEASE])
def test_a_limit_stops_before_anything_is_sent(shop: Shop, tag: str, write: str) -> None:
    shop.fault("rate-limit", write, method="POST")
    told = create(shop, tag)
    assert told.code == 1
    assert told.json()["result"]["outcome"] == "failed"
    assert len(shop.releases(tag)) == 0
    shop.move("clear")
    assert create(shop, tag).code == 0
    assert len(shop.releases(tag)) == 1


def test_a_ruleset_that_forbids_is_a_gate(shop: Shop, tag: str) -> None:
    shop.move("rules", creation=True)
    told = create(shop, tag)
    assert told.code == 3
    (gate,) = [check for check in told.json()["plan"]["checks"] if check["key"] == "rules"]
    assert gate["verdict"] == "failed"
    assert "Version tags" in gate["evidence"][0]
    assert tag not in shop.tags()


def test_a_ruleset_that_nobody_listed_refuses_in_githubs_words(shop: Shop, tag: str) -> None:
    words = "Repository rule violations found\n\nCannot create ref due to creations being restricted."
    shop.fault("status", REF, method="POST", status=422, message=words)
    told = create(shop, tag)
    assert told.code == 3
    assert "creations being restricted" in told.err
    assert tag not in shop.tags()


def test_the_release_without_the_workflow_right_leaves_the_tag_and_says_how_to_go_on(
    shop: Shop, tag: str
) -> None:
    shop.fault("status", RELEASE, method="POST", status=404, message="Not Found")
    told = create(shop, tag)
    assert told.code in (1, 3)
    assert "orkflow" in told.err
    assert f"The tag {tag} is there; the same command again makes only the release" in told.err
    assert tag in shop.tags()
    assert create(shop, tag).code == 0
    assert len(shop.releases(tag)) == 1


def test_permission_lost_in_the_middle(shop: Shop, tag: str) -> None:
    shop.fault("permission", RELEASE, method="POST")
    told = create(shop, tag)
    assert told.code == 3
    assert told.json()["result"]["outcome"] == "refused"
    steps = {entry["step"]: entry.get("result") for entry in shop.journal() if entry["phase"] == "after"}
    assert steps["tag"] == "done"
    assert steps["release"] == "refused"


def test_a_token_that_may_only_read_is_told_before(shop: Shop, tag: str) -> None:
    shop.move("token", role="read")
    told = create(shop, tag)
    assert told.code == 3
    assert "may not push" in told.err
    assert tag not in shop.tags()


def test_a_tag_on_another_commit_stops_with_both_named(shop: Shop, tag: str) -> None:
    other = next(sha for name, sha in sorted(shop.tags().items()) if name.startswith("v1."))
    shop.act("tag", tag=tag, commit=other)
    head = shop.commit("fix: the planned one")
    told = create(shop, tag)
    assert told.code == 3
    assert other[:12] in told.err
    assert head[:12] in told.err
    assert shop.tags()[tag] == other


def test_a_draft_counts_as_used(shop: Shop, tag: str) -> None:
    shop.ask("POST", f"{R}/releases", {"tag_name": tag, "name": "soon", "draft": True})
    told = create(shop, tag)
    assert told.code == 3
    assert "a draft release" in told.err
    assert tag not in shop.tags()


def test_no_run_appeared_explains_itself(shop: Shop, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relman.actions.tagging.RUN_WAIT", 0.0)
    shop.move("token", kind="workflow")
    told = create(shop, tag)
    assert told.code == 1
    assert "workflow's own token start nothing" in told.err
    assert f"relman dispatch cd.yml --ref {tag}" in told.err
    assert len(shop.releases(tag)) == 1


def test_the_wrong_word_changes_nothing(shop: Shop, tag: str) -> None:
    told = shop.here("release", "create", "--version", tag, "--confirm", "v6", *OVERRIDES)
    assert told.code == 3
    assert tag not in shop.tags()
    told = shop.here("release", "create", "--version", tag, "--yes", *OVERRIDES)
    assert told.code == 3
    assert f"--confirm {tag}" in told.err


def test_a_gate_that_does_not_hold_refuses_and_says_its_key(shop: Shop, tag: str) -> None:
    told = shop.here("release", "create", "--version", tag, "--confirm", tag)
    assert told.code == 3
    assert "(ci)" in told.err
    assert tag not in shop.tags()
