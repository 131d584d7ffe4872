"""What to try when a job failed: the pipeline documentation's troubleshooting, found by kind of failure.

A remedy is advice: commands to copy and read, never something relman runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from relman.model.run import Annotation, Job
from relman.model.state import State


class FailureKind(StrEnum):
    LINT = "lint failure"
    TEST = "test failure"
    BUILD = "build failure"
    SSH = "SSH connection failed"
    TIMEOUT = "deployment timeout"
    HEALTH = "health check failed"


class Remedy(Struct, frozen=True):
    """Commands with a line of purpose each: ``steps`` are pairs of purpose and commands, in order."""

    kind: FailureKind
    steps: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def commands(self) -> tuple[str, ...]:
        return tuple(line for _, lines in self.steps for line in lines)


_REMEDIES: dict[FailureKind, Remedy] = {
    kind: Remedy(kind, steps)
    for kind, steps in {
        FailureKind.LINT: (
            ("Fix locally", ("black .", "isort .", "flake8 app/")),
            ("Commit the fixes", ("git add .", 'git commit -m "fix: Linting issues"', "git push")),
        ),
        FailureKind.TEST: (
            ("Run the tests locally", ("docker-compose up -d redis qdrant", "pytest tests/ -v")),
            ("One test alone", ("pytest tests/unit/test_rbac.py::test_admin_permissions -v",)),
        ),
        FailureKind.BUILD: (
            ("Build the image locally", ("docker build -t test-build .",)),
            ("Try it", ("docker run --rm test-build python -c \"import app; print('OK')\"",)),
        ),
        FailureKind.SSH: (
            ("Test the SSH key", ("ssh -i ~/.ssh/deploy_key deploy@production",)),
            ("On the server", ("journalctl -u ssh -n 100",)),
        ),
        FailureKind.TIMEOUT: (
            ("Look at the server's resources", ("ssh deploy@production", "df -h", "free -m", "docker ps")),
        ),
        FailureKind.HEALTH: (
            (
                "Application logs and service status",
                ("docker-compose logs api-1 --tail=100", "docker-compose ps"),
            ),
            ("Ask the health endpoint", ("curl -v http://localhost:8000/api/v1/health",)),
        ),
    }.items()
}

# A name is split into words first, so that "latest" is no test and "rebuild-index" no build.
_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_LINT = {"lint", "linting", "linter", "black", "isort", "flake", "mypy", "ruff", "pylint", "eslint", "prettier"}
_LINT |= {"format", "formatting", "style", "typecheck"}
_TEST = {"test", "tests", "testing", "pytest", "unittest", "jest", "vitest", "tox", "nox", "coverage", "unit"}
_BUILD = {"build", "builds", "image", "docker", "buildx", "compile", "package"}
_DEPLOY = {"deploy", "deploys", "deployment", "rollout", "rolling", "release", "staging", "production", "prod"}
_SSH = (
    r"\bssh:|permission denied \(publickey|host key verification failed|kex_exchange_identification"
    r"|connect to host \S+ port \d+|\bport 22\b|load key .*(?:invalid|error)|no route to host"
)
_HEALTH = (
    r"health.?checks?\b|\bunhealthy\b|/health\b|smoke tests? failed|readiness|did not become (?:healthy|ready)"
)
_TIMEOUT = r"\btimed? ?out\b|\bdeadline exceeded\b|maximum execution time"


def failure_kind(job: Job, annotations: Iterable[Annotation] = ()) -> FailureKind | None:
    """What sort of failure it is, from what was said, then the step that failed, then the job's name.

    None for a job that did not fail, and where nothing points to one of the kinds.
    """
    if not job.state.failed:
        return None
    said = "\n".join(f"{note.title}\n{note.message}" for note in annotations if note.level == "failure")
    steps = [step.name for step in job.steps if step.state.failed]
    deploying = bool(_words(job.name) & _DEPLOY)
    for words in (*(_words(step) for step in steps), frozenset[str]()):
        if "ssh" in words and "setup" not in words:
            return FailureKind.SSH
    if re.search(_SSH, said, re.IGNORECASE):
        return FailureKind.SSH
    if deploying and (job.state is State.TIMED_OUT or re.search(_TIMEOUT, said, re.IGNORECASE)):
        return FailureKind.TIMEOUT
    if any(re.search(_HEALTH, step, re.IGNORECASE) or "smoke" in _words(step) for step in steps if deploying):
        return FailureKind.HEALTH
    if re.search(_HEALTH, said, re.IGNORECASE) and (deploying or not _words(job.name) & (_TEST | _LINT)):
        return FailureKind.HEALTH
    for name in (*steps, job.name):
        words = _words(name)
        if words & _LINT:
            return FailureKind.LINT
        if words & _TEST and not words & {"smoke", "load", "performance"}:
            return FailureKind.TEST
        if words & _BUILD and not deploying:
            return FailureKind.BUILD
    return None


def remedy_for(job: Job, annotations: Iterable[Annotation] = ()) -> Remedy | None:
    """The remedy for the way this job failed, or None."""
    kind = failure_kind(job, annotations)
    return None if kind is None else _REMEDIES[kind]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in re.findall(_WORDS, text[:300]))
