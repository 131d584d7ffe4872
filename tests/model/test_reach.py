"""Which environments a workflow leads to; the kit's own files are the first case."""

from __future__ import annotations

from pathlib import Path

import pytest

import relman.kit
from relman.model.reach import (
    environment_words,
    known_of_dispatch,
    known_of_run,
    production_of,
    reached,
)
from relman.model.run import Run
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import read_workflow

KIT = Path(relman.kit.__file__).parent / "workflows"


def cd() -> WorkflowFile:
    return read_workflow((KIT / "cd.yml").read_text(encoding="utf-8"))


def run(event: str = "push", **more: object) -> Run:
    base: dict[str, object] = {
        "id": 1, "name": "CD", "title": "", "number": 1, "attempt": 1, "event": event, "status": "completed",
        "conclusion": "success", "branch": "main", "sha": "a" * 40, "workflow_id": 1, "path": "cd.yml",
    }  # fmt: skip
    return Run(**{**base, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "environments"),
    [
        (known_of_dispatch("refs/heads/main", {"environment": "staging", "version": ""}), ("staging",)),
        (known_of_dispatch("refs/tags/v1.2.0", {"environment": "production", "version": ""}), ("production",)),
        (known_of_run(run(), "refs/heads/main"), ("staging",)),
        (known_of_run(run(), "refs/tags/v1.2.0"), ("production",)),
        (
            known_of_run(run("workflow_dispatch"), "refs/heads/main"),
            ("staging, perhaps", "production, perhaps"),
        ),
        (known_of_run(run(), None), ("staging, perhaps", "production, perhaps")),
    ],
)
def test_the_kit(known: dict[str, object], environments: tuple[str, ...]) -> None:
    assert environment_words(reached(cd(), known)) == environments  # type: ignore[arg-type]


def file(jobs: str) -> WorkflowFile:
    callee = "on: workflow_call\njobs:\n  put:\n    runs-on: x\n    environment: ${{ inputs.where }}\n    steps: []\n"
    return read_workflow(f"on: workflow_dispatch\njobs:\n{jobs}", provider=lambda _: callee)


def test_what_needs_a_job_that_cannot_run_cannot_run() -> None:
    made = file(
        "  a:\n    runs-on: x\n    if: false\n    steps: []\n"
        "  b:\n    needs: a\n    runs-on: x\n    environment: production\n    steps: []\n"
        "  c:\n    needs: b\n    if: always()\n    runs-on: x\n    environment: live\n    steps: []\n"
    )
    jobs = reached(made, {})
    assert [(job.key, job.sure) for job in jobs] == [("c", False)]
    assert production_of(jobs) == "live"


def test_a_name_that_only_the_run_tells_may_be_production() -> None:
    jobs = reached(file("  a:\n    runs-on: x\n    environment: ${{ vars.WHERE }}\n    steps: []\n"), {})
    assert jobs[0].unknown
    assert production_of(jobs) == "production"
    known = known_of_dispatch("refs/heads/main", {"where": "staging"})
    jobs = reached(file("  a:\n    runs-on: x\n    environment: ${{ inputs.where }}\n    steps: []\n"), known)
    assert production_of(jobs) == ""


def test_a_called_file_has_inputs_of_its_own() -> None:
    known = known_of_dispatch("refs/heads/main", {"where": "staging"})
    jobs = reached(file("  go:\n    uses: ./.github/workflows/put.yml\n"), known)
    assert [job.key for job in jobs] == ["go", "go/put"]
    assert production_of(jobs) == "production"  # what the caller gives it is not read


def test_no_environment_is_no_production() -> None:
    assert production_of(reached(file("  production:\n    runs-on: x\n    steps: []\n"), {})) == ""


@pytest.mark.parametrize(
    ("job", "uses", "leads"),
    [
        ("ship", "o/shared/.github/workflows/deploy.yml@v1", "production"),
        ("release", "o/shared/.github/workflows/cd.yml@v1", "production"),
        ("lint", "o/shared/.github/workflows/lint.yml@v1", ""),
    ],
)
def test_a_called_file_that_cannot_be_read_may_lead_to_production(job: str, uses: str, leads: str) -> None:
    made = read_workflow(f"on: workflow_dispatch\njobs:\n  {job}:\n    uses: {uses}\n")
    assert made.jobs[0].callee is None
    assert production_of(reached(made, known_of_dispatch("refs/heads/main", {}))) == leads
