from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.environment import Deployment, DeploymentStatus, Environment, PendingDeployment
from relman.model.health import Health
from relman.model.release import Release
from relman.model.repository import Repository
from relman.model.roles import Roles, roles
from relman.model.run import Run
from relman.model.summary import summarise, version_of, waits

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CI, CD, NIGHT = (f".github/workflows/{name}.yml" for name in ("ci", "cd", "scheduled"))


def run(number: int, path: str = CI, conclusion: str | None = "success", **more: Any) -> Run:
    values = {
        "id": number,
        "name": path.rsplit("/", 1)[-1],
        "title": "t",
        "number": number,
        "attempt": 1,
        "event": "push",
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "branch": "main",
        "sha": "a" * 40,
        "workflow_id": 1,
        "path": path,
    }
    return Run(**{**values, **more})


def board(*runs: Run, **sections: Any) -> Board:
    return Board(
        "a/b",
        repository=Section(Repository("a/b", "main"), NOW),
        runs=Section(runs, NOW),
        **sections,
    )


def needs(one: Board, parts: Roles = Roles(CI, CD, NIGHT)) -> list[str]:  # noqa: B008 (frozen)
    return [need.what for need in summarise(one, parts).needs]


def test_all_is_well() -> None:
    summary = summarise(board(run(2), run(1, NIGHT)), Roles(CI, CD, NIGHT))
    assert summary.ci is not None and summary.ci.id == 2
    assert summary.nightly is not None and summary.nightly.id == 1
    assert summary.needs == ()


def test_a_running_check_does_not_hide_the_last_verdict() -> None:
    one = board(run(3, conclusion=None), run(2, conclusion="failure"), run(1))
    summary = summarise(one, Roles(CI, CD, NIGHT))
    assert summary.ci is not None and summary.ci.id == 3
    assert summary.ci_verdict is not None and summary.ci_verdict.id == 2
    assert [each.id for each in summary.running] == [3]
    assert needs(one) == ["ci"]


def test_other_branches_forks_and_cancelled_runs_judge_nothing() -> None:
    one = board(
        run(5, conclusion="failure", branch="feature"),
        run(4, conclusion="failure", event="pull_request"),
        run(3, conclusion="cancelled"),
        run(2),
    )
    assert needs(one) == []


def test_a_gate_needs_somebody_only_when_you_may_open_it() -> None:
    waiting = run(7, CD, None, status="waiting", branch="v1.2.0")
    gates = (PendingDeployment(1, "production", may_approve=True), PendingDeployment(2, "staging"))
    one = board(waiting, pending={7: Section(gates, NOW)})
    summary = summarise(one, Roles(CI, CD, NIGHT))
    assert waits(summary.gates) == (1, 1)
    assert [need.what for need in summary.needs] == ["gate"]
    assert "v1.2.0" in summary.needs[0].text
    assert summary.running == ()
    done = board(run(7, CD), pending={7: Section(gates, NOW)})
    assert summarise(done, Roles(CI, CD, NIGHT)).gates == ()


def deployment(number: int, state: str, ref: str = "main", at: datetime = NOW) -> Deployment:
    status = DeploymentStatus(number, state, at, environment_url="https://x.example")
    return Deployment(number, "production", f"{number:040x}", ref, statuses=(status,), created_at=at)


def test_what_is_live_is_the_newest_success() -> None:
    deployed = (
        deployment(3, "failure", "v3"),
        deployment(2, "success", "refs/tags/v1.2.0", NOW - timedelta(hours=3)),
        deployment(1, "inactive"),
    )
    ill = Health("api", "https://x.example/health", ok=False, status=503)
    one = board(
        environments=Section((Environment(1, "production"), Environment(2, "preview")), NOW),
        deployments={"production": Section(deployed, NOW)},
        health={"production": Section((ill,), NOW)},
    )
    production, preview = summarise(one, Roles()).environments
    assert (production.version, production.url) == ("v1.2.0", "https://x.example")
    assert production.since == NOW - timedelta(hours=3)
    assert production.failed is not None and production.deploying is None
    assert (preview.version, preview.live, preview.since) == ("", None, None)
    assert needs(one) == ["environment", "environment"]


def test_the_service_knows_its_version_best() -> None:
    told = Health("api", "u", ok=True, status=200, version="1.2.1")
    one = board(
        deployments={"production": Section((deployment(2, "success"),), NOW)},
        health={"production": Section((told,), NOW)},
    )
    assert summarise(one, Roles()).environments[0].version == "1.2.1"


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("v1.2.3", "v1.2.3"),
        ("refs/tags/1.0", "1.0"),
        ("main", "0000000"),
        ("v1", "0000000"),
        ("1.0/evil", "0000000"),
    ],
)
def test_a_deployment_is_called_by_its_tag(ref: str, version: str) -> None:
    assert version_of(deployment(2, "success", ref)) == version


def test_a_section_that_failed_is_told_with_the_age_of_what_is_shown() -> None:
    problem = Problem(Kind.SERVER, "GitHub answered 502")
    one = board(releases=Section((Release(1, "v1", "v1"),), NOW - timedelta(hours=1), problem))
    summary = summarise(one, Roles())
    assert summary.release is not None and summary.release.tag == "v1"
    (trouble,) = summary.problems
    assert (trouble.section, trouble.data_from) == ("releases", NOW - timedelta(hours=1))
    assert needs(one) == ["section"]


def test_drafts_are_nobodys_release_and_a_full_one_comes_before_a_candidate() -> None:
    releases = (
        Release(3, "v3", "", draft=True),
        Release(2, "v2-rc", "", prerelease=True),
        Release(1, "v1", ""),
    )
    summary = summarise(board(releases=Section(releases, NOW)), Roles())
    assert summary.release is not None and summary.release.tag == "v1"


def test_roles_are_guessed_from_names_then_events() -> None:
    runs = [run(3, CD), run(2, CI), run(1, NIGHT, event="schedule")]
    assert roles(runs) == Roles(CI, CD, NIGHT)
    odd = [
        run(4, ".github/workflows/verify.yml"),
        run(3, ".github/workflows/verify.yml"),
        run(2, "dynamic/pages/pages-build-deployment"),
        run(1, ".github/workflows/audit.yml", event="schedule"),
    ]
    assert roles(odd) == Roles(".github/workflows/verify.yml", None, ".github/workflows/audit.yml")
    assert roles([]) == Roles()


def test_the_teams_word_wins() -> None:
    runs = [run(2, CI), run(1, ".github/workflows/verify.yml")]
    assert roles(runs, ci="verify.yml").ci == ".github/workflows/verify.yml"
    assert roles(runs, ci=".github/workflows/verify.yml").ci == ".github/workflows/verify.yml"
    assert roles(runs, ci="later.yml").ci == ".github/workflows/later.yml"
