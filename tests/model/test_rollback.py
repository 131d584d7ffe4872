"""Where an environment can go back to, and what going back does not undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from semver import Version

from relman.model.deployed import release_rows, running_stay, stays
from relman.model.environment import (
    Deployment,
    DeploymentStatus,
    Environment,
    ProtectionRule,
    Reviewer,
    live_of,
)
from relman.model.reach import Reached
from relman.model.release import Release, Tag
from relman.model.rerun import Again
from relman.model.rollback import chosen, next_patch, risky, targets
from relman.model.rollback_plan import (
    RollbackFacts,
    RollbackIntent,
    dispatch_inputs,
    may_lead_to,
    redeploy_plan,
    way_of,
)
from relman.model.run import Run
from relman.model.version_tags import Withdrawn, read_version_tags
from relman.model.workflow import Input, WorkflowFile
from relman.model.workflow_reader import read_workflow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def deployed(*items: tuple[str, str, str]) -> tuple[Deployment, ...]:
    """Ref, sha and states (newest first, by comma), newest deployment first, a day apart."""
    found = []
    for age, (ref, sha, states) in enumerate(items, start=1):
        at = NOW - timedelta(days=age)
        statuses = tuple(DeploymentStatus(n, state, at) for n, state in enumerate(states.split(",")))
        found.append(Deployment(100 - age, "production", sha, ref, created_at=at, statuses=statuses))
    return tuple(found)


HISTORY = deployed(
    ("v1.4.0", "e", "pending"),
    ("v1.3.0", "d", "success,in_progress"),
    ("v1.2.1", "a", "inactive,success"),
    ("v1.2.0", "c", "failure,in_progress"),
    ("v1.1.0", "b", "inactive,success"),
    ("v1.0.0", "a", "inactive,success"),
)


def offered(withdrawn: dict[str, str] | None = None) -> list[str]:
    found = stays(HISTORY)
    running = running_stay(found, HISTORY)
    return [one.name for one in targets(found, Withdrawn(withdrawn or {}), running=running)]


def test_only_what_ran_newest_first_and_never_the_current_one() -> None:
    assert offered() == ["v1.2.1", "v1.1.0", "v1.0.0"]
    assert offered({"1.2.1": "bad"}) == ["v1.1.0", "v1.0.0"]


def test_how_long_each_ran() -> None:
    first, second, *_ = stays(HISTORY)
    assert (first.name, first.ended, first.ran(NOW)) == ("v1.3.0", None, 2 * 86400)
    assert (second.name, second.ran(NOW)) == ("v1.2.1", 86400)


def test_what_waited_long_and_succeeded_last_is_what_runs() -> None:
    later, waited = deployed(("v1.3.0", "c", "inactive,success"), ("v1.2.0", "b", "success"))
    waited = replace(waited, statuses=(DeploymentStatus(9, "success", NOW),))
    for first in (later, replace(later, statuses=(DeploymentStatus(8, "success", later.created_at),))):
        assert live_of((first, waited)) is waited
        assert [one.name for one in stays((first, waited))] == ["v1.2.0", "v1.3.0"]


def test_another_tag_of_the_running_commit_is_no_way_back() -> None:
    found = stays(
        deployed(("v1.2.1", "a", "success"), ("v1.0.0", "a", "inactive,success"), ("v0.9.0", "z", "success"))
    )
    assert [one.name for one in targets(found, Withdrawn(), running=found[0])] == ["v0.9.0"]


def test_what_was_just_rolled_back_is_not_where_the_next_rollback_leads() -> None:
    again = deployed(
        ("v1.8.0", "b", "success"), ("v1.9.0", "c", "inactive,success"),
        ("v1.8.0", "b", "inactive,success"), ("v1.7.0", "a", "inactive,success"),
    )  # fmt: skip
    found = stays(again)
    offered = targets(found, Withdrawn(), running=found[0])
    assert [(one.name, one.back) for one in offered] == [("v1.7.0", True), ("v1.9.0", False)]
    default, forward = chosen(offered, None), chosen(offered, "v1.9.0")
    assert default is not None and default.name == "v1.7.0"
    assert forward is not None and not forward.back
    alone = stays(again[:3])
    assert chosen(targets(alone, Withdrawn(), running=alone[0]), None) is None


def test_what_holds_the_run_of_a_rollback_back_is_said_before() -> None:
    history = deployed(("v1.8.0", "b" * 40, "success"), ("v1.7.0", "a" * 40, "inactive,success"))
    found = stays(history)
    facts = RollbackFacts(
        NOW, history, found, found[0], targets(found, Withdrawn(), running=found[0]), read_version_tags([])
    )
    intent = RollbackIntent("production", "v1.7.0")
    review = ProtectionRule(
        "required_reviewers", None, (Reviewer("User", 1, "amara"),), prevent_self_review=True
    )
    timer = ProtectionRule("wait_timer", 5)

    def told(*rules: ProtectionRule) -> list[str]:
        plan = redeploy_plan("o/r", replace(facts, place=Environment(1, "production", rules=rules)), intent)
        return [one for one in plan.warnings if "does not change at once" in one]

    assert told() == []
    assert told(timer) == ["production does not change at once: the wait timer holds it for 5 minutes"]
    assert told(review, timer) == [
        "production does not change at once: the run waits for a review by amara; "
        "you start it, so another person has to give it; the wait timer holds it for 5 minutes"
    ]
    assert "amara; the wait" in told(replace(review, prevent_self_review=False), timer)[0]


@pytest.mark.parametrize(
    ("newer", "words"),
    [
        ((), []),
        ((("v1.9.0", "c" * 40, "pending"),), ["v1.9.0 is pending: end or reject it, or it comes after"]),
        (
            (("v2.0.0", "d" * 40, "pending"), ("v1.9.0", "c" * 40, "waiting")),
            ["v2.0.0 is pending and 1 more waits: end or reject them, or they come after"],
        ),
    ],
)
def test_all_that_would_come_after_the_rollback_is_counted(
    newer: tuple[tuple[str, str, str], ...], words: list[str]
) -> None:
    history = deployed(*newer, ("v1.8.0", "b" * 40, "success"), ("v1.7.0", "a" * 40, "inactive,success"))
    found = stays(history)
    running = next(stay for stay in found if stay.name == "v1.8.0")
    facts = RollbackFacts(
        NOW, history, found, running, targets(found, Withdrawn(), running=running), read_version_tags([])
    )
    plan = redeploy_plan("o/r", facts, RollbackIntent("production", "v1.7.0"))
    assert [one for one in plan.warnings if "end or reject" in one] == [
        f"a deployment of {one} this one" for one in words
    ]


@pytest.mark.parametrize(("to", "exempt"), [("v1.7.0", True), ("v1.9.0", False)])
def test_only_going_back_passes_a_freeze(to: str, exempt: bool) -> None:
    history = deployed(
        ("v1.8.0", "b" * 40, "success"), ("v1.9.0", "c" * 40, "inactive,success"),
        ("v1.8.0", "b" * 40, "inactive,success"), ("v1.7.0", "a" * 40, "inactive,success"),
    )  # fmt: skip
    found = stays(history)
    facts = RollbackFacts(
        NOW, history, found, found[0], targets(found, Withdrawn(), running=found[0]), read_version_tags([])
    )
    plan = redeploy_plan("o/r", facts, RollbackIntent("production", to))
    assert (plan.production, plan.rollback) == (True, exempt)
    assert any("goes forward" in warning for warning in plan.warnings) is not exempt


def by_its_run(environment: str, *reaches: Reached, reason: str = "") -> RollbackFacts:
    """The way back is the run of the old commit once more."""
    history = tuple(
        replace(one, environment=environment)
        for one in deployed(("main", "b" * 40, "success"), ("main", "a" * 40, "inactive,success"))
    )
    found = stays(history)
    run = Run(1, "CD", "", 7, 1, "push", "completed", "success", "main", "a" * 40, 2, "cd.yml", created_at=NOW)
    return RollbackFacts(
        NOW, history, found, found[0], targets(found, Withdrawn(), running=found[0]), read_version_tags([]),
        run=run, again=Again(("deploy",), (), reaches, reason),
    )  # fmt: skip


def test_a_run_again_says_where_else_it_leads_and_asks_for_production_s_word() -> None:
    staging, production = (Reached(name, f"deploy-{name}", name) for name in ("staging", "production"))
    alone = redeploy_plan("o/r", by_its_run("staging", staging), RollbackIntent("staging"))
    assert (alone.word, alone.production, alone.rollback) == ("", False, True)
    assert any("every job of CD #7 again" in words for words in alone.warnings)
    assert not any("also leads to" in words for words in alone.warnings)

    both = redeploy_plan("o/r", by_its_run("staging", staging, production), RollbackIntent("staging"))
    assert any("It also leads to production" in words for words in both.warnings)
    assert (both.word, both.production, both.rollback) == ("aaaaaaa", True, False)
    assert both.details["also_reaches"] == ["production"]

    back = redeploy_plan("o/r", by_its_run("production", staging, production), RollbackIntent("production"))
    assert any("It also leads to staging" in words for words in back.warnings)
    assert (back.production, back.rollback) == (True, True)


@pytest.mark.parametrize(("days", "goes"), [(29, True), (31, False)])
def test_a_run_is_too_old_to_run_again_by_the_server_s_time(days: int, goes: bool) -> None:
    """A machine whose clock is far off neither loses the way back nor offers one that GitHub refuses."""
    facts = by_its_run("staging", Reached("staging", "deploy-staging", "staging"))
    for off in (timedelta(days=-400), timedelta(days=400)):
        seen = replace(facts, at=NOW + timedelta(days=days) - off, offset=off)
        way = way_of(seen, seen.offered[0], "staging")
        assert (way is not None and way.run is not None) is goes


def test_a_job_known_by_its_name_only_is_the_environment_s_own_and_another_region_is_not() -> None:
    named = Reached("job:1", "deploy-production", "deploy-production")
    facts = by_its_run("production", named, reason="the workflow file cannot be read")
    plan = redeploy_plan("o/r", facts, RollbackIntent("production"))
    assert plan.rollback and not any("also leads" in words for words in plan.warnings)
    assert any("may not be all: the workflow file cannot be read" in words for words in plan.warnings)
    regions = by_its_run("prod-us", *(Reached(name, "deploy", name) for name in ("prod-us", "prod-eu")))
    plan = redeploy_plan("o/r", regions, RollbackIntent("prod-us"))
    assert not plan.rollback and any("It also leads to prod-eu" in words for words in plan.warnings)


def test_a_branch_that_was_deployed_is_called_by_its_commit() -> None:
    (stay,) = stays(deployed(("main", "f" * 40, "success")))
    assert (stay.tag, stay.name) == ("", "fffffff")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["v1.0.0", "v1.1.0", "v1.2.0", "main"]),
            st.sampled_from("abc"),
            st.sampled_from(["success", "inactive,success", "failure", "pending", "error,in_progress"]),
        ),
        max_size=10,
    ),
    st.sets(st.sampled_from(["1.0.0", "1.1.0"])),
)
def test_targets_hold_in_any_history(items: list[tuple[str, str, str]], gone: set[str]) -> None:
    history = deployed(*items)
    found = stays(history)
    running = running_stay(found, history)
    names = [one.name for one in targets(found, Withdrawn(dict.fromkeys(gone, "x")), running=running)]
    assert len(set(names)) == len(names)
    for one in targets(found, Withdrawn(dict.fromkeys(gone, "x")), running=running):
        assert any(status.state == "success" for status in one.stay.deployment.statuses)
        assert running is None or (one.name != running.name and one.stay.sha != running.sha)
        assert one.stay.tag.removeprefix("v") not in gone


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (None, "v1.2.1"),
        ("v1.1.0", "v1.1.0"),
        ("1.1.0", "v1.1.0"),
        ("v9.9.9", None),
        ("v1.3.0", None),
        ("", None),
    ],
)
def test_which_target_is_meant(wanted: str | None, name: str | None) -> None:
    found = stays(HISTORY)
    target = chosen(targets(found, Withdrawn(), running=found[0]), wanted)
    assert (target.name if target else None) == name


@pytest.mark.parametrize(
    ("bad", "used", "version"),
    [("1.3.0", [], "1.3.1"), ("1.3.0", ["1.3.1", "v1.3.2"], "1.3.3"), ("1.3.0-rc.1", [], "1.3.0"),
     ("1.3.0+b", ["1.4.0"], "1.3.1")],
)  # fmt: skip
def test_the_new_tag_is_higher_and_unused(bad: str, used: list[str], version: str) -> None:
    made = next_patch(Version.parse(bad), used)
    assert str(made) == version
    assert made > Version.parse(bad)


@pytest.mark.parametrize(
    ("path", "word"),
    [("db/migrations/0042_x.py", "migrations"), ("alembic/versions/a.py", "migrations"), ("schema.sql", "migrations"),
     ("docker-compose.yml", "configuration"), ("compose.prod.yaml", "configuration"), (".env.example", "configuration"),
     ("app/config.py", "configuration"), ("config/app.yaml", "configuration"), ("app/main.py", None),
     ("docs/migrating.md", None), ("tests/unit/test_x.py", None)],
)  # fmt: skip
def test_paths_that_going_back_does_not_undo(path: str, word: str | None) -> None:
    told = risky([path])
    assert [sentence.split()[0] for sentence in told] == ([word] if word else [])


def file(*inputs: Input) -> WorkflowFile:
    return WorkflowFile("CD", ("workflow_dispatch",), (), inputs=inputs)


def test_what_a_dispatch_has_to_be_told() -> None:
    env = Input("environment", "choice", required=True, options=("staging", "production"))
    assert dispatch_inputs(file(env, Input("version")), "production", "v1") == {"environment": "production"}
    assert dispatch_inputs(file(env), "qa", "v1") is None
    assert dispatch_inputs(file(Input("version", required=True)), "production", "v1") == {"version": "v1"}
    assert dispatch_inputs(file(Input("ticket", required=True)), "production", "v1") is None
    assert dispatch_inputs(file(Input("ticket", required=True, default="none")), "production", "v1") == {}
    assert dispatch_inputs(file(Input("where", "environment", required=True)), "qa", "v1") == {"where": "qa"}
    assert dispatch_inputs(file(), "production", "v1") == {}


def test_where_each_release_is_live() -> None:
    tags = read_version_tags(
        [Tag("v1.2.1", "a"), Tag("v1.0.0", "a"), Tag("v1.3.0", "d")], local=[Tag("v2.0.0", "x")]
    )
    releases = [Release(1, "v1.3.0", ""), Release(2, "v9.0.0", "", draft=True)]
    found = {"production": deployed(("v1.2.1", "a", "success")), "staging": deployed(("main", "d", "success"))}
    rows = release_rows(tags, releases, found, Withdrawn({"1.3.0": "bad"}))
    assert [row.name for row in rows] == ["v9.0.0", "v2.0.0", "v1.3.0", "v1.2.1", "v1.0.0"]
    by_name = {row.name: row for row in rows}
    assert by_name["v1.2.1"].live == ("production",)
    assert by_name["v1.0.0"].live == ()  # the same commit, another tag: never inferred
    assert by_name["v1.0.0"].same_commit == ("production",)
    assert by_name["v1.3.0"].same_commit == ("staging",)
    assert by_name["v1.3.0"].withdrawn == "bad"
    assert by_name["v2.0.0"].local


_ELSEWHERE = """
on:
  workflow_dispatch:
    inputs:
      %s: {type: choice, options: [staging, production], default: staging}
jobs:
  there: {runs-on: x, environment: staging, if: inputs.%s == 'staging', steps: []}
  here: {runs-on: x, environment: production, if: inputs.%s == 'production', steps: []}
"""


@pytest.mark.parametrize(("name", "leads"), [("environment", True), ("where", False)])
def test_a_dispatch_that_would_deploy_elsewhere_is_no_way_back(name: str, leads: bool) -> None:
    file = read_workflow(_ELSEWHERE % (name, name, name))
    inputs = dispatch_inputs(file, "production", "v1.7.0")
    assert inputs is not None
    assert may_lead_to(file, "production", "v1.7.0", inputs) is leads
    plain = read_workflow("on: workflow_dispatch\njobs:\n  a: {runs-on: x, steps: []}\n")
    assert may_lead_to(plain, "production", "v1.7.0", {})
