"""The world's hand-written tables against the kit's files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from relman import kit
from relman.demo.failures import FAILURES, WARNINGS
from relman.demo.job_output import ACTIONS, COMMANDS, ENVIRONMENTS
from relman.demo.job_tables import WORKFLOWS, JobTable, StepTable, WorkflowTable, descendants

# A step whose action cleans up after the job.
WITH_POST = (
    "actions/checkout",
    "actions/setup-python",
    "actions/cache",
    "docker/setup-buildx-action",
    "docker/build-push-action",
    "docker/login-action",
)
JOBS = [pytest.param(table, job, id=f"{table.file}:{job.key}") for table in WORKFLOWS for job in table.jobs]


def kit_file(table: WorkflowTable) -> dict[str, Any]:
    found = yaml.load(kit.workflow(table.file), Loader=yaml.BaseLoader)
    assert isinstance(found, dict)
    return found


def when(step: StepTable) -> str | None:
    return None if step.when == "success" else f"{step.when}()"


@pytest.mark.parametrize("table", WORKFLOWS, ids=lambda table: table.file)
def test_workflow(table: WorkflowTable) -> None:
    file = kit_file(table)
    assert table.name == file["name"]
    assert table.path in kit.workflows()
    assert list(ENVIRONMENTS[table.file]) == list(file["env"])
    assert table.by_hand == ("workflow_dispatch" in file["on"])
    assert [job.key for job in table.jobs] == list(file["jobs"])
    assert all("name" not in job for job in file["jobs"].values())


@pytest.mark.parametrize(("table", "job"), JOBS)
def test_job(table: WorkflowTable, job: JobTable) -> None:
    file = kit_file(table)["jobs"][job.key]
    environment = file.get("environment")
    assert list(job.needs) == file.get("needs", [])
    assert job.condition == file.get("if", "")
    assert (job.holds is None) == (job.condition == "")
    assert job.environment == (environment and environment["name"])
    assert job.lock == file.get("concurrency", {}).get("group")
    assert job.containers == ("services" in file)
    assert job.goes_live is None or job.goes_live in {step.name for step in job.steps}


@pytest.mark.parametrize(("table", "job"), JOBS)
def test_steps(table: WorkflowTable, job: JobTable) -> None:
    file = kit_file(table)["jobs"][job.key]["steps"]
    assert [(step.name, when(step)) for step in job.steps] == [(step["name"], step.get("if")) for step in file]
    for step, real in zip(job.steps, file, strict=True):
        action = real.get("uses", "").split("@")[0]
        assert (step.post is not None) == (action in WITH_POST), step.name
        if action:
            assert ACTIONS[step.name][0] == real["uses"]
        else:
            assert COMMANDS[step.name]


@pytest.mark.parametrize(("table", "job"), JOBS)
def test_a_job_fits_into_its_time_limit(table: WorkflowTable, job: JobTable) -> None:
    limit = int(kit_file(table)["jobs"][job.key]["timeout-minutes"]) * 60
    assert sum(step.seconds + (step.post or 0) for step in job.steps) * 1.7 < limit


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_happen_in_steps_that_exist(kind: str) -> None:
    failure = FAILURES[kind]
    table = next(table for table in WORKFLOWS if table.file == failure.workflow)
    assert failure.step in {step.name for step in table.job(failure.job).steps}


def test_warnings_belong_to_jobs_that_exist() -> None:
    keys = {job.key for table in WORKFLOWS for job in table.jobs}
    assert {job for job, _ in WARNINGS.values()} <= keys


def test_descendants_follow_needs() -> None:
    ci, cd, _ = WORKFLOWS
    assert descendants(ci, {"lint"}) == {"lint", "build", "performance"}
    assert descendants(ci, {"performance"}) == {"performance"}
    assert descendants(cd, {"deploy-production"}) == {"deploy-production", "release", "rollback-production"}
