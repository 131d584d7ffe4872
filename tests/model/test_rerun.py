"""What runs again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import relman.kit
from relman.model.reach import is_way_back, known_of_run, production_of
from relman.model.rerun import Which, checks, failed_jobs, obstacle, run_again
from relman.model.run import Job, Run
from relman.model.workflow_reader import read_workflow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CD = read_workflow((Path(relman.kit.__file__).parent / "workflows" / "cd.yml").read_text(encoding="utf-8"))
NAMES = [job.display for job in CD.jobs]


def run(status: str = "completed", conclusion: str | None = "failure", age: float = 1.0) -> Run:
    return Run(
        7, "CD", "", 1, 1, "push", status, conclusion, "v1.2.0", "a" * 40, 1, ".github/workflows/cd.yml",
        created_at=NOW - timedelta(days=age),
    )  # fmt: skip


def jobs(**conclusions: str) -> list[Job]:
    ids = count(1)
    return [
        Job(next(ids), 7, 1, name.replace("_", "-"), "completed", conclusion)
        for name, conclusion in conclusions.items()
    ]


TAG = known_of_run(run(), "refs/tags/v1.2.0")
FAILED = jobs(
    build="success", deploy_staging="skipped", deploy_production="failure", release="skipped",
    rollback_production="success",
)  # fmt: skip


def test_failed_jobs_and_what_needs_them() -> None:
    again = run_again(Which.FAILED, FAILED, file=CD, known=TAG)
    assert again.names == ("deploy-production", "rollback-production")
    assert again.perhaps == ("release",)
    assert production_of(again.environments) == "production"
    assert again.reason == ""


def test_a_way_back_without_an_environment_is_known_by_its_name() -> None:
    back = FAILED[4]
    again = run_again(Which.JOB, FAILED, job_id=back.id, file=CD, known=TAG)
    assert again.names == ("rollback-production",)
    assert production_of(again.environments) and all(is_way_back(one.name) for one in again.environments)
    both = run_again(Which.FAILED, FAILED, file=CD, known=TAG)
    assert not all(is_way_back(one.name) for one in both.environments)


def test_all_jobs_without_those_that_cannot_run() -> None:
    again = run_again(Which.ALL, FAILED, file=CD, known=TAG)
    assert again.names == ("build", "deploy-production", "rollback-production")
    assert "deploy-staging" not in again.perhaps  # a tag does not go to staging


def test_one_job_and_what_needs_it() -> None:
    again = run_again(Which.JOB, FAILED, job_id=FAILED[0].id, file=CD, known=TAG)
    assert again.names == ("build", "deploy-production", "rollback-production")
    last = run_again(Which.JOB, FAILED, job_id=FAILED[3].id, file=CD, known=TAG)
    assert (last.names, last.perhaps, production_of(last.environments)) == ((), ("release",), "")


def test_on_main_nothing_reaches_production() -> None:
    found = jobs(build="success", deploy_staging="failure", deploy_production="skipped", release="skipped")
    for which in (Which.ALL, Which.FAILED):
        again = run_again(which, found, file=CD, known=known_of_run(run(), "refs/heads/main"))
        assert production_of(again.environments) == ""


def test_without_the_file_names_have_to_do() -> None:
    again = run_again(Which.FAILED, FAILED)
    assert again.names == ("deploy-production",)
    assert "not known" in again.reason
    assert production_of(again.environments)


def test_what_speaks_against_it() -> None:
    assert obstacle(run(), FAILED, Which.FAILED, NOW) is None
    going = obstacle(run("in_progress", None), FAILED, Which.ALL, NOW)
    assert going is not None and "not ended" in going.title
    assert obstacle(run(age=30), FAILED, Which.ALL, NOW) is None
    old = obstacle(run(age=30.1), FAILED, Which.ALL, NOW)
    assert old is not None and "30 days" in old.title
    good = jobs(build="success", release="skipped")
    nothing = obstacle(run(conclusion="success"), good, Which.FAILED, NOW)
    assert nothing is not None and nothing.title == "Nothing failed"
    assert obstacle(run(conclusion="success"), good, Which.ALL, NOW) is None


def test_checks_do_not_change_with_the_minute() -> None:
    later = NOW + timedelta(minutes=3)
    assert checks(run(), FAILED, Which.FAILED, NOW) == checks(run(), FAILED, Which.FAILED, later)


CONCLUSIONS = st.sampled_from(["success", "failure", "cancelled", "skipped", "timed_out"])


@given(st.lists(CONCLUSIONS, min_size=len(NAMES), max_size=len(NAMES)))
def test_failed_is_never_more_than_all(conclusions: list[str]) -> None:
    found = [
        Job(at, 7, 1, name, "completed", end)
        for at, (name, end) in enumerate(zip(NAMES, conclusions, strict=True), 1)
    ]
    some = run_again(Which.FAILED, found, file=CD)
    every = run_again(Which.ALL, found, file=CD)
    assert set(some.names) <= set(every.names)
    assert {job.name for job in failed_jobs(found)} <= set(some.names)
    assert not set(some.names) & set(some.perhaps)
    for job in found:
        one = run_again(Which.JOB, found, job_id=job.id, file=CD)
        assert set(one.names) <= set(every.names)
        if job.conclusion in ("failure", "cancelled", "timed_out"):
            assert job.name in one.names and set(one.names) <= set(some.names)
