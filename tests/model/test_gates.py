"""What a gate passes and what it does not, case by case and by property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from semver import Version

from relman.errors import Kind, Problem
from relman.model.checks import CheckRun, CommitStatus
from relman.model.environment import Deployment, DeploymentStatus
from relman.model.gates import (
    CommitChecks,
    Staging,
    applies,
    branch_gate,
    ci_gate,
    latest_checks,
    rules_gate,
    staging_gate,
    staging_of,
    tag_gate,
)
from relman.model.health import Health
from relman.model.plan import Verdict
from relman.model.release import Release
from relman.model.roles import Roles
from relman.model.ruleset import Ruleset
from relman.model.run import Run
from relman.model.version_tags import VersionTag

SHA = "a" * 40
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CI, CD, NIGHTLY = ".github/workflows/ci.yml", ".github/workflows/cd.yml", ".github/workflows/nightly.yml"
ROLES = Roles(CI, CD, NIGHTLY)
PASSED, FAILED, UNKNOWN = Verdict.PASSED, Verdict.FAILED, Verdict.UNKNOWN


def run(**more: Any) -> Run:
    known: dict[str, Any] = {
        "id": 1, "name": "CI", "title": "", "number": 7, "attempt": 1, "event": "push", "status": "completed",
        "conclusion": "success", "branch": "main", "sha": SHA, "workflow_id": 1, "path": CI,
        "check_suite_id": 10,
    }  # fmt: skip
    return Run(**{**known, **more})


def check(name: str = "test", conclusion: str | None = "success", **more: Any) -> CheckRun:
    status = "completed" if conclusion else "in_progress"
    return CheckRun(**{"id": 1, "name": name, "status": status, "conclusion": conclusion,
                       "app": "github-actions", "suite_id": 10, **more})  # fmt: skip


GREEN = CommitChecks((run(),), (check("lint"), check("test", id=2)))


def verdict(found: CommitChecks, roles: Roles = ROLES) -> Verdict:
    return ci_gate(SHA, found, roles).verdict


def test_green_is_green_with_its_evidence() -> None:
    gate = ci_gate(SHA, GREEN, ROLES)
    assert gate.verdict is PASSED
    assert "CI #7, attempt 1: success" in gate.evidence
    assert "2 checks passed" in gate.evidence


@pytest.mark.parametrize(
    ("conclusion", "expected"),
    [("success", PASSED), ("skipped", PASSED), ("neutral", PASSED), ("failure", FAILED), ("cancelled", FAILED),
     ("stale", FAILED), ("action_required", FAILED), ("timed_out", FAILED), ("startup_failure", FAILED),
     ("a word of next year", FAILED), (None, FAILED)],
)  # fmt: skip
def test_every_conclusion_of_a_check(conclusion: str | None, expected: Verdict) -> None:
    assert verdict(CommitChecks((run(),), (check("lint"), check("x", conclusion, id=9)))) is expected


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "requested", "pending"])
def test_a_conclusion_counts_only_when_completed(status: str) -> None:
    assert verdict(CommitChecks((run(),), (check("x", "success", status=status),))) is FAILED


@pytest.mark.parametrize("state", ["error", "failure", "pending"])
def test_statuses_count_like_check_runs(state: str) -> None:
    assert verdict(replace(GREEN, statuses=(CommitStatus("deploy/preview", state),))) is FAILED
    assert verdict(replace(GREEN, statuses=(CommitStatus("deploy/preview", "success"),))) is PASSED


def test_the_latest_attempt_decides_both_ways() -> None:
    red, green = check("test", "failure", id=5), check("test", "success", id=6)
    assert verdict(CommitChecks((run(),), (green, red))) is PASSED
    assert verdict(CommitChecks((run(),), (replace(green, id=5), replace(red, id=6)))) is FAILED


def test_a_job_of_one_name_in_another_workflow_hides_nothing() -> None:
    lint = run(id=2, path=".github/workflows/lint.yml", name="Lint", check_suite_id=11)
    red, green = check("test", "failure", id=5), check("test", "success", id=6, suite_id=11)
    assert verdict(CommitChecks((run(), lint), (red, green))) is FAILED


@pytest.mark.parametrize(
    ("path", "event"), [(CD, "push"), (NIGHTLY, "push"), (".github/workflows/x.yml", "schedule")]
)
def test_deployments_and_nights_on_the_same_commit_are_judged_elsewhere(path: str, event: str) -> None:
    other = run(id=2, path=path, event=event, check_suite_id=12, conclusion="failure")
    assert verdict(CommitChecks((run(), other), (check(), check("deploy", "failure", suite_id=12)))) is PASSED


def test_another_apps_failure_counts() -> None:
    assert (
        verdict(CommitChecks((run(),), (check(), check("cov", "failure", app="codecov", suite_id=99))))
        is FAILED
    )


@pytest.mark.parametrize("runs", [(), (run(conclusion="failure"),), (run(status="queued", conclusion=None),)])
def test_the_ci_run_itself_has_to_be_there_and_green(runs: tuple[Run, ...]) -> None:
    assert verdict(CommitChecks(runs, (check(suite_id=None),))) is FAILED


def test_the_newest_ci_run_decides() -> None:
    older, newer = run(id=1, conclusion="failure"), run(id=2)
    assert verdict(CommitChecks((newer, older), (check(),))) is PASSED
    assert verdict(CommitChecks((run(id=3, conclusion="cancelled"), newer), (check(),))) is FAILED


def test_a_pull_request_s_run_does_not_stand_for_the_commit_s() -> None:
    """It tests what a merge would give, and is often the newer one on the same commit."""
    merge = run(id=9, event="pull_request", check_suite_id=19)
    red, green = check("test", "failure", id=5), check("test", "success", id=6, suite_id=19)
    assert verdict(CommitChecks((run(conclusion="failure"), merge), (red, green))) is FAILED
    assert verdict(CommitChecks((run(), replace(merge, conclusion="failure")), (check(),))) is PASSED
    assert verdict(CommitChecks((merge,), (green,))) is PASSED


def test_a_workflow_that_could_not_start_has_no_check_and_counts() -> None:
    broken = run(id=2, path=".github/workflows/security.yml", check_suite_id=12, conclusion="startup_failure")
    assert verdict(CommitChecks((run(), broken), (check(),))) is FAILED


def test_required_and_missing() -> None:
    assert verdict(replace(GREEN, required=("lint", "test"))) is PASSED
    gate = ci_gate(SHA, replace(GREEN, required=("lint", "security")), ROLES)
    assert gate.verdict is FAILED
    assert "security: required, and missing" in gate.evidence
    assert verdict(replace(GREEN, required=("ext",), statuses=(CommitStatus("ext", "success"),))) is PASSED


def test_nothing_at_all_is_not_green() -> None:
    assert verdict(CommitChecks(), Roles()) is FAILED
    assert verdict(CommitChecks((), (check(suite_id=None),)), Roles()) is PASSED


def test_a_token_that_may_not_read_checks_judges_by_runs() -> None:
    blind = CommitChecks((run(),), None, problems=(Problem(Kind.PERMISSION, "no checks"),))
    gate = ci_gate(SHA, blind, ROLES)
    assert gate.verdict is PASSED
    assert any("cannot be read with this token" in line for line in gate.evidence)
    other = run(id=2, path=".github/workflows/x.yml", conclusion="failure", check_suite_id=13)
    assert verdict(replace(blind, runs=(run(), other))) is FAILED
    assert verdict(replace(blind, runs=())) is FAILED
    assert verdict(replace(GREEN, statuses=None)) is FAILED


def test_where_no_workflow_is_known_as_ci_the_evidence_says_so_and_what_was_taken() -> None:
    lone = CommitChecks((run(path="x.yml"),), (check("spelling", id=1), check("licence", id=2)))
    gate = ci_gate(SHA, replace(lone, statuses=(CommitStatus("ext", "success"),)), Roles())
    assert gate.verdict is PASSED
    assert gate.evidence[0].startswith("no workflow is known as CI")
    assert gate.evidence[0].endswith("taken instead: ext, licence, spelling")
    assert not any("known as CI" in line for line in ci_gate(SHA, GREEN, ROLES).evidence)
    many = CommitChecks((), tuple(check(f"c{number}", id=number + 1) for number in range(9)))
    assert ci_gate(SHA, many, Roles()).evidence[0].endswith("c0, c1, c2, c3, c4, c5 and 3 more")


CHECKS = st.builds(
    check,
    st.sampled_from(["lint", "test", "build"]),
    st.sampled_from(
        ["success", "skipped", "neutral", "failure", "cancelled", "stale", "action_required", None]
    ),
    id=st.integers(1, 50),
    suite_id=st.sampled_from([10, 11, None]),
    app=st.sampled_from(["github-actions", "other"]),
)


@given(st.lists(CHECKS, unique_by=lambda one: one.id))
def test_the_gate_passes_exactly_when_the_latest_of_each_name_does(checks: list[CheckRun]) -> None:
    found = CommitChecks((run(),), tuple(checks))
    latest: dict[tuple[str, str], CheckRun] = {}
    for one in sorted(checks, key=lambda one: one.id):
        latest[CI if one.suite_id == 10 else one.app, one.name] = one
    good = all(one.conclusion in ("success", "skipped", "neutral") for one in latest.values())
    assert (verdict(found) is PASSED) is good
    assert set(latest_checks(checks, {10: CI})) == set(latest.values())


def deployment(number: int, state: str, sha: str = SHA, minutes: int = 10) -> Deployment:
    at = NOW - timedelta(minutes=minutes)
    return Deployment(
        number, "staging", sha, "main", created_at=at, statuses=(DeploymentStatus(number, state, at),)
    )


WELL = Health("api", "http://s", True, 200, checked_at=NOW)
LIVE = Staging("staging", (deployment(2, "success"), deployment(1, "inactive", "b" * 40)), (WELL,), True)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (LIVE, PASSED),
        (Staging(), PASSED),
        (replace(LIVE, probed=False, health=()), PASSED),
        (replace(LIVE, health=()), FAILED),
        (replace(LIVE, health=(replace(WELL, ok=False, error="refused"),)), FAILED),
        (replace(LIVE, health=(WELL, replace(WELL, ok=False))), FAILED),
        (replace(LIVE, health=(replace(WELL, checked_at=NOW - timedelta(minutes=6)),)), FAILED),
        (replace(LIVE, health=(replace(WELL, checked_at=None),)), FAILED),
        (replace(LIVE, deployments=()), FAILED),
        (replace(LIVE, deployments=(deployment(2, "success", "b" * 40),)), FAILED),
        (replace(LIVE, deployments=(deployment(3, "in_progress"), *LIVE.deployments)), FAILED),
        (replace(LIVE, deployments=(deployment(3, "failure", "c" * 40), *LIVE.deployments)), FAILED),
        (replace(LIVE, deployments=(deployment(2, "inactive"),)), FAILED),
        (replace(LIVE, problem=Problem(Kind.PERMISSION, "hidden")), UNKNOWN),
    ],
)
def test_staging(found: Staging, expected: Verdict) -> None:
    gate = staging_gate(SHA, found, NOW)
    assert gate.verdict is expected
    assert gate.evidence


def test_no_health_check_is_said() -> None:
    gate = staging_gate(SHA, replace(LIVE, probed=False, health=()), NOW)
    assert any("no health check" in line for line in gate.evidence)


@pytest.mark.parametrize(
    ("names", "found"),
    [(["production", "staging"], "staging"), (["prod", "eu-staging"], "eu-staging"), (["production"], ""),
     (["pre-prod", "prod"], "pre-prod"), (["qa", "stage"], "stage"), (["backstage"], "")],
)  # fmt: skip
def test_which_environment_is_staging(names: list[str], found: str) -> None:
    assert staging_of(names) == found


def test_the_branch() -> None:
    assert branch_gate(SHA, "main", SHA).verdict is PASSED
    moved = branch_gate(SHA, "main", "b" * 40)
    assert (moved.verdict, moved.evidence) == (FAILED, ("main is at bbbbbbb",))
    assert branch_gate(SHA, "main", None).verdict is UNKNOWN


def test_the_tag() -> None:
    there = VersionTag("v1.2.3", Version(1, 2, 3), SHA)
    assert tag_gate("v1.2.3", SHA).verdict is PASSED
    assert tag_gate("v1.2.3", SHA, same=(there,)).verdict is FAILED
    assert tag_gate("v1.2.3", SHA, same=(there,), resumed=True).verdict is PASSED
    elsewhere = replace(there, sha="b" * 40)
    assert tag_gate("v1.2.3", SHA, same=(there, elsewhere), resumed=True).verdict is FAILED
    assert tag_gate("v1.2.3", SHA, same=(replace(there, local=True),)).verdict is FAILED
    assert tag_gate("v1.2.3", SHA, releases=(Release(1, "v1.2.3", "", draft=True),)).verdict is FAILED
    gone = tag_gate("v1.2.3", SHA, withdrawn="rolled back by v1.2.4")
    assert gone.verdict is FAILED
    assert not gone.overridable


RULES = Ruleset(1, "tags", "tag", "active", ("refs/tags/v*",), (), ("creation",), "never")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), PASSED),
        ((RULES,), FAILED),
        ((replace(RULES, bypass="always"),), PASSED),
        ((replace(RULES, bypass="pull_requests_only"),), FAILED),
        ((replace(RULES, bypass=""),), UNKNOWN),
        ((replace(RULES, enforcement="evaluate"),), PASSED),
        ((replace(RULES, enforcement="disabled"),), PASSED),
        ((replace(RULES, rules=("update", "deletion")),), PASSED),
        ((replace(RULES, target="branch"),), PASSED),
        ((replace(RULES, include=("refs/tags/release-*",)),), PASSED),
        ((replace(RULES, include=("~ALL",)),), FAILED),
        ((replace(RULES, exclude=("refs/tags/v1.*",)),), PASSED),
        ((replace(RULES, include=("refs/tags/" + "*a" * 40,)),), FAILED),  # not worth a minute to find out
        (None, UNKNOWN),
    ],
)
def test_rulesets(rules: tuple[Ruleset, ...] | None, expected: Verdict) -> None:
    assert rules_gate("v1.2.3", rules).verdict is expected


def test_a_plan_without_rulesets_has_none() -> None:
    assert rules_gate("v1.2.3", None, Problem(Kind.PLAN, "upgrade")).verdict is PASSED
    assert rules_gate("v1.2.3", None, Problem(Kind.PERMISSION, "no")).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("pattern", "ref", "fits"),
    [("refs/tags/*", "refs/tags/a/b", False), ("refs/tags/**/*", "refs/tags/a/b", True),
     ("refs/tags/v[0-9]*", "refs/tags/v1", True), ("refs/tags/v[!0-9]*", "refs/tags/v1", False),
     ("refs/tags/v?", "refs/tags/v1", True), ("refs/tags/v[9-0]", "refs/tags/v[9-0]", True)],
)  # fmt: skip
def test_patterns_of_refs(pattern: str, ref: str, fits: bool) -> None:
    assert applies(replace(RULES, include=(pattern,)), ref) is fits


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_pattern_is_read(pattern: str, ref: str) -> None:
    applies(replace(RULES, include=(pattern,)), ref)


def test_an_overridden_gate_lets_pass_only_with_a_reason() -> None:
    red = CommitChecks((run(conclusion="failure"),), (check(conclusion="failure"),))
    assert ci_gate(SHA, red, ROLES).blocks
    assert ci_gate(SHA, red, ROLES, " ").blocks
    assert not ci_gate(SHA, red, ROLES, "known flake").blocks
