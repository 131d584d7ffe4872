"""Which jobs of a run are in the middle of a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest

import relman.kit
from relman.model.cancel import deploying, is_deploy
from relman.model.run import Job, Step
from relman.model.workflow_reader import read_workflow

CD = read_workflow((Path(relman.kit.__file__).parent / "workflows" / "cd.yml").read_text(encoding="utf-8"))


def job(name: str, status: str = "in_progress", *steps: Step) -> Job:
    return Job(hash(name) & 0xFFFF, 1, 1, name, status, steps=steps)


def test_the_kits_production_deploy() -> None:
    step = Step(5, "Roll api-2", "in_progress")
    (found,) = deploying([job("build", "completed"), job("deploy-production", "in_progress", step)], file=CD)
    assert (found.environment, found.step) == ("production", step)
    assert found.lost == ("rollback-production",) and found.rescue == ()
    words = " ".join(found.words())
    assert "Roll api-2" in words and "nothing rolls back by itself" in words


def test_the_kits_way_back() -> None:
    """Broken off in the middle it leaves production between two versions."""
    for patterns in (("deploy*",), ("ship*",)):
        (found,) = deploying([job("rollback-production")], file=CD, patterns=patterns)
        assert found.job.name == "rollback-production"


def test_only_what_is_at_work() -> None:
    assert deploying([job("deploy-production", "waiting"), job("build")], file=CD) == ()


def test_by_name_where_there_is_no_file() -> None:
    found = deploying([job("Deploy to live"), job("call / deploy"), job("test"), job("redeploy")])
    assert [one.job.name for one in found] == ["Deploy to live", "call / deploy"]
    assert deploying([job("ship it")], patterns=["ship*"])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("deploy", True),
        ("DEPLOY-x", True),
        ("undeploy", False),
        ("ci / deploy-a (1)", True),
        ("deploy / test", True),
    ],
)
def test_names(name: str, answer: bool) -> None:
    assert is_deploy(name) is answer


def test_a_job_that_cleans_up_is_told() -> None:
    file = read_workflow(
        "on: push\njobs:\n  ship:\n    runs-on: x\n    environment: staging\n    steps: []\n"
        "  tidy:\n    needs: ship\n    if: always()\n    runs-on: x\n    steps: []\n"
    )
    (found,) = deploying([job("ship")], file=file)
    assert found.rescue == ("tidy",) and "all the same" in " ".join(found.words())
