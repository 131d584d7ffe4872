"""Which remedy a failed job is offered, and that none is offered where nothing points to one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.model.remedy import FailureKind, failure_kind, remedy_for
from relman.model.run import Annotation, Job, Step


def failed(name: str, step: str = "", conclusion: str = "failure") -> Job:
    steps = (
        (Step(1, "Set up job", "completed", "success"), Step(2, step, "completed", "failure")) if step else ()
    )
    return Job(1, 1, 1, name, "completed", conclusion, steps=steps)


@pytest.mark.parametrize(
    ("job", "said", "kind"),
    [
        (failed("lint"), "", FailureKind.LINT),
        (failed("Quality", "Check formatting with Black"), "", FailureKind.LINT),
        (failed("CI", "flake8 app/"), "", FailureKind.LINT),
        (failed("test"), "", FailureKind.TEST),
        (failed("test (3.12)", "Run pytest"), "", FailureKind.TEST),
        (failed("unit-tests"), "", FailureKind.TEST),
        (failed("build"), "", FailureKind.BUILD),
        (failed("Build", "docker buildx build"), "", FailureKind.BUILD),
        (failed("deploy-staging", "Connect over SSH"), "", FailureKind.SSH),
        (failed("deploy"), "Permission denied (publickey).", FailureKind.SSH),
        (failed("deploy"), "ssh: connect to host x port 22: Connection refused", FailureKind.SSH),
        (failed("deploy-production", conclusion="timed_out"), "", FailureKind.TIMEOUT),
        (failed("deploy-production", "Rolling update"), "the operation timed out", FailureKind.TIMEOUT),
        (failed("deploy-production", "Health check api-2"), "", FailureKind.HEALTH),
        (failed("deploy-production", "Run smoke tests"), "", FailureKind.HEALTH),
        (failed("deploy-staging", "Rolling update"), "api-1 is unhealthy", FailureKind.HEALTH),
        (failed("latest-image-scan", "Trivy"), "", FailureKind.BUILD),
        (failed("security", "Safety"), "", None),
        (failed("contest"), "", None),
        (failed("performance", "k6 load test"), "", None),
        (failed("test", "Setup ssh agent"), "", FailureKind.TEST),
    ],
)
def test_kinds(job: Job, said: str, kind: FailureKind | None) -> None:
    notes = (Annotation("failure", said),) if said else ()
    assert failure_kind(job, notes) is kind


@pytest.mark.parametrize("conclusion", ["success", "cancelled", "skipped", "neutral", None, "brand_new"])
def test_only_a_failure_has_a_remedy(conclusion: str | None) -> None:
    job = Job(1, 1, 1, "lint", "completed" if conclusion else "in_progress", conclusion)
    assert remedy_for(job) is None


def test_warnings_decide_nothing() -> None:
    warning = Annotation("warning", "Permission denied (publickey)")
    assert failure_kind(failed("lint"), (warning,)) is FailureKind.LINT


@pytest.mark.parametrize("name", ["lint", "test", "build"])
def test_commands_are_lines_to_copy(name: str) -> None:
    remedy = remedy_for(failed(name))
    assert remedy is not None and remedy.commands
    assert all(line and "\n" not in line for line in remedy.commands)


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=400))
def test_any_text_gives_an_answer(name: str, step: str, said: str) -> None:
    failure_kind(failed(name, step), (Annotation("failure", said),))
