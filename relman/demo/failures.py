"""What can go wrong in a job: where, how the log tells it, and what GitHub annotates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from relman.demo.records import AnnotationRecord


@dataclass(frozen=True, slots=True)
class Failure:
    workflow: str  # file name
    job: str
    step: str
    annotations: tuple[AnnotationRecord, ...]
    share: float = 1.0  # how often, against the workflow's other failures
    passing: bool = False  # gone when run again


def _exit(code: int = 1) -> AnnotationRecord:
    return AnnotationRecord("failure", f"Process completed with exit code {code}.", None, ".github", 1, 1)


def _at(level: str, path: str, line: int, title: str, message: str) -> AnnotationRecord:
    return AnnotationRecord(level, message, title, path, line, line)


FAILURES: dict[str, Failure] = {
    "format": Failure(
        "ci.yml",
        "lint",
        "Black",
        (_at("failure", "app/tools/web.py", 42, "Black", "would reformat app/tools/web.py"), _exit()),
    ),
    "types": Failure(
        "ci.yml",
        "lint",
        "MyPy",
        (
            _at(
                "failure",
                "app/memory/store.py",
                88,
                "MyPy",
                'Argument 1 to "upsert" has incompatible type "list[float] | None"; expected "list[float]"'
                "  [arg-type]",
            ),
            _exit(),
        ),
    ),
    "unit": Failure(
        "ci.yml",
        "test",
        "Unit tests",
        (
            _at(
                "failure",
                "tests/unit/test_rbac.py",
                57,
                "test_admin_permissions",
                "AssertionError: assert {'agents:read'...ols:invoke'} == {'agents:read'...ers:manage'}"
                "\n\n  Extra items in the right set:\n  'users:manage'",
            ),
            _at(
                "failure",
                "tests/unit/test_rbac.py",
                71,
                "test_role_inherits_permissions",
                "KeyError: 'users:manage'",
            ),
            _at(
                "warning",
                "app/auth/roles.py",
                31,
                "PydanticDeprecatedSince20",
                "The `dict` method is deprecated; use `model_dump` instead.",
            ),
            _exit(),
        ),
        share=2.0,
    ),
    "qdrant": Failure(
        "ci.yml",
        "test",
        "Integration tests",
        (
            _at(
                "failure",
                "tests/integration/test_memory.py",
                24,
                "test_recall_after_restart",
                "qdrant_client.http.exceptions.ResponseHandlingException: timed out",
            ),
            _exit(),
        ),
        share=2.0,
        passing=True,
    ),
    "vulnerability": Failure(
        "ci.yml",
        "security",
        "Safety",
        (
            _at(
                "failure",
                "requirements.txt",
                14,
                "Vulnerability found",
                "aiohttp 3.9.5 is affected by CVE-2026-21877: request smuggling; fixed in 3.10.11",
            ),
            _exit(64),
        ),
        share=0.7,
    ),
    "image": Failure(
        "ci.yml",
        "build",
        "Build the image",
        (
            AnnotationRecord(
                "failure",
                "buildx failed with: ERROR: failed to build: failed to solve: process "
                '"/bin/sh -c pip install --no-cache-dir -r requirements.txt" did not complete successfully: '
                "exit code: 1",
                None,
                ".github",
                1,
                1,
            ),
        ),
        share=0.8,
    ),
    "threshold": Failure(
        "ci.yml",
        "performance",
        "Load smoke test",
        (
            _at(
                "failure",
                "tests/performance/smoke.js",
                12,
                "Threshold crossed",
                "http_req_duration: p(95)<500 was 611.37 ms",
            ),
            _exit(99),
        ),
        share=1.2,
    ),
    "registry": Failure(
        "cd.yml",
        "build",
        "Build and push",
        (
            AnnotationRecord(
                "failure",
                "buildx failed with: ERROR: failed to push ghcr.io/acme/agentic-backend: unexpected status "
                "from PUT request: 502 Bad Gateway",
                None,
                ".github",
                1,
                1,
            ),
        ),
        passing=True,
    ),
    "ssh": Failure(
        "cd.yml",
        "deploy-staging",
        "Pull the image",
        (
            AnnotationRecord(
                "failure", "ssh: connect to host staging port 22: Connection timed out", None, ".github", 1, 1
            ),
            _exit(255),
        ),
        passing=True,
    ),
    "staging-health": Failure(
        "cd.yml",
        "deploy-staging",
        "Smoke tests",
        (
            AnnotationRecord("failure", "/api/v1/health answered 503 for 60 s", "Smoke tests", ".github", 1, 1),
            _exit(),
        ),
        share=0.6,
    ),
    "production-health": Failure(
        "cd.yml",
        "deploy-production",
        "Roll api-1",
        (
            AnnotationRecord(
                "failure",
                "api-1 did not become healthy within 120 s: 503 from http://localhost:8001/api/v1/health",
                "Health check",
                ".github",
                1,
                1,
            ),
            _exit(),
        ),
        share=0.0,
    ),
    "audit": Failure(
        "scheduled.yml",
        "dependency-check",
        "pip-audit",
        (
            _at(
                "failure",
                "requirements.txt",
                14,
                "pip-audit",
                "aiohttp 3.9.5 has 1 known vulnerability (GHSA-27mf-ghqm-j3j8), fixed in 3.10.11",
            ),
            _exit(),
        ),
        share=2.0,
    ),
    "regression": Failure(
        "scheduled.yml",
        "performance-regression",
        "Compare with the baseline",
        (
            AnnotationRecord(
                "failure",
                "http_req_duration p(95) 361.80 ms against 318.44 ms in the baseline: +13.6 % (limit 10 %)",
                "Performance regression",
                ".github",
                1,
                1,
            ),
            _exit(),
        ),
    ),
    "backup-age": Failure(
        "scheduled.yml",
        "backup-health",
        "Verify the age of the backups",
        (
            AnnotationRecord(
                "failure",
                "The newest Redis backup is 26.3 h old (limit 25 h)",
                "Backup too old",
                ".github",
                1,
                1,
            ),
            _exit(),
        ),
    ),
}

WARNINGS: dict[str, tuple[str, AnnotationRecord]] = {
    "drift": (
        "performance-regression",
        AnnotationRecord(
            "warning",
            "http_req_duration p(95) 338.62 ms against 318.44 ms in the baseline: +6.3 % (limit 10 %)",
            "Slower than the baseline",
            ".github",
            1,
            1,
        ),
    ),
    "outdated": (
        "dependency-check",
        AnnotationRecord(
            "notice", "7 packages are outdated, 2 of them by a major version", "Outdated", ".github", 1, 1
        ),
    ),
    "coverage": (
        "test",
        AnnotationRecord(
            "warning", "Coverage fell from 87.4 % to 86.9 %", "Coverage", "app/tools/browser.py", 1, 1
        ),
    ),
}
"""What a job that succeeds may still say: the job's key and the annotation."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What will go wrong in a run, decided when it begins. ``steady``: durations close to the typical."""

    failure: str | None = None
    warnings: Sequence[str] = ()
    steady: bool = False

    def failure_in(self, job: str, attempt: int) -> str | None:
        """The failure a job of this attempt meets."""
        if self.failure is None or FAILURES[self.failure].job != job:
            return None
        return None if attempt > 1 and FAILURES[self.failure].passing else self.failure


FINE = Fate(steady=True)


def draw_fate(rng: Random, workflow: str, event: str) -> Fate:
    """A run's fate. Deploys of a tag never fail by chance: a production failure is always told as a story."""
    rate = {"ci.yml": 0.022, "cd.yml": 0.016, "scheduled.yml": 0.03}[workflow]
    if event == "pull_request":
        rate *= 2.2
    warnings = []
    if workflow == "scheduled.yml":
        warnings = [name for name, chance in (("outdated", 0.6), ("drift", 0.12)) if rng.random() < chance]
    elif workflow == "ci.yml" and rng.random() < 0.05:
        warnings = ["coverage"]
    failure = None
    if rng.random() < rate:
        kinds = [
            kind
            for kind, one in FAILURES.items()
            if one.workflow == workflow and one.share and (kind != "threshold" or event == "pull_request")
        ]
        failure = rng.choices(kinds, [FAILURES[kind].share for kind in kinds])[0]
        if FAILURES[failure].job == "performance-regression":
            warnings = [name for name in warnings if name != "drift"]
    return Fate(failure, warnings)
