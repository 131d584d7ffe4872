"""The kit's workflow files: valid, pinned, careful with secrets and with what strangers write."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from relman import kit

PINNED = re.compile(r"uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def parsed(name: str) -> dict[str, Any]:
    found = yaml.load(kit.workflow(name), Loader=yaml.BaseLoader)
    assert isinstance(found, dict)
    return found


def steps(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(key, step) for key, job in parsed(name)["jobs"].items() for step in job["steps"]]


def test_paths_are_where_github_looks() -> None:
    assert set(kit.workflows()) == {
        ".github/workflows/ci.yml",
        ".github/workflows/cd.yml",
        ".github/workflows/scheduled.yml",
    }


@pytest.mark.parametrize(
    ("name", "triggers"),
    [
        (
            "ci.yml",
            {"push": {"branches": ["main", "develop"]}, "pull_request": {"branches": ["main", "develop"]}},
        ),
        ("scheduled.yml", {"schedule": [{"cron": "0 2 * * *"}], "workflow_dispatch": ""}),
    ],
)
def test_triggers(name: str, triggers: dict[str, Any]) -> None:
    assert parsed(name)["on"] == triggers


def test_delivery_starts_on_main_on_version_tags_and_by_hand() -> None:
    triggers = parsed("cd.yml")["on"]
    assert triggers["push"] == {"branches": ["main"], "tags": ["v*"]}
    assert set(triggers["workflow_dispatch"]["inputs"]) == {"environment", "version"}
    assert triggers["workflow_dispatch"]["inputs"]["environment"]["options"] == ["staging", "production"]


@pytest.mark.parametrize("name", kit.NAMES)
def test_every_action_is_pinned_to_a_commit_with_its_version(name: str) -> None:
    used = [line.strip() for line in kit.workflow(name).splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("name", kit.NAMES)
def test_one_action_has_one_pin(name: str) -> None:
    pins: dict[str, set[str]] = {}
    for text in map(kit.workflow, kit.NAMES):
        for action, pin in re.findall(r"uses: (\S+)@(\S+)", text):
            pins.setdefault(action, set()).add(pin)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", kit.NAMES)
def test_rights_and_time_are_limited(name: str) -> None:
    workflow = parsed(name)
    assert workflow["permissions"] == {"contents": "read"}
    for key, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 60, key
        assert job.get("permissions", {}) != "write-all"
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


@pytest.mark.parametrize("name", kit.NAMES)
def test_scripts_take_values_from_the_environment_only(name: str) -> None:
    """An expression inside a script is text that a stranger's branch name could turn into a command."""
    assert [key for key, step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", kit.NAMES)
def test_scripts_are_bash(name: str) -> None:
    assert parsed(name)["defaults"]["run"]["shell"].startswith("bash")
    for key, step in steps(name):
        if "run" in step:
            done = subprocess.run(
                ["bash", "-n"], input=step["run"], text=True, capture_output=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), (key, step["name"])


def test_scripts_for_the_servers_are_posix() -> None:
    """What goes to a server runs under its sh, and nothing in it may read the script as its own input."""
    remote = [
        body
        for _, step in steps("cd.yml")
        for body in re.findall(r"<<'REMOTE'\n(.*?)\nREMOTE", step.get("run", ""), re.DOTALL)
    ]
    assert len(remote) == 5
    for body in remote:
        done = subprocess.run(["sh", "-n"], input=body, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert all("< /dev/null" in line for line in body.splitlines() if "compose exec" in line)


def test_needs_follow_the_drawing() -> None:
    ci = parsed("ci.yml")["jobs"]
    assert ci["build"]["needs"] == ["lint", "test", "security"]
    assert ci["performance"]["needs"] == ["build"]
    cd = parsed("cd.yml")["jobs"]
    assert cd["release"]["needs"] == cd["rollback-production"]["needs"] == ["deploy-production"]
    assert set(ci["test"]["services"]) == {"redis", "qdrant"}


def test_a_rollback_needs_a_rollout_that_had_begun() -> None:
    cd = parsed("cd.yml")["jobs"]
    assert "needs.deploy-production.outputs.changed == 'true'" in cd["rollback-production"]["if"]
    assert "environment" not in cd["rollback-production"]
    names = [step["name"] for step in cd["deploy-production"]["steps"]]
    assert names.index("Back up Redis and Qdrant") < names.index("Roll api-1") < names.index("Roll api-2")
    first = next(step for step in cd["deploy-production"]["steps"] if step.get("id") == "first")
    assert first["name"] == "Roll api-1"
    assert first["run"].startswith('echo "changed=true" >> "$GITHUB_OUTPUT"')


def test_deploys_never_cancel_each_other() -> None:
    for key in ("deploy-staging", "deploy-production", "rollback-production"):
        assert parsed("cd.yml")["jobs"][key]["concurrency"] == {"group": key, "cancel-in-progress": "false"}
