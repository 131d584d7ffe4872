"""What the steps print when nothing goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

ACTIONS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "Check out": (
        "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
        (("repository", "acme/agentic-backend"), ("token", "***"), ("persist-credentials", "false")),
    ),
    "Set up Python": (
        "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c",
        (("python-version", "3.12"), ("cache", "pip")),
    ),
    "Report coverage": (
        "codecov/codecov-action@5a1091511ad55cbe89839c7260b706298ca349f7",
        (("files", "coverage.xml"), ("token", "***"), ("fail_ci_if_error", "false")),
    ),
    "Keep the test reports": (
        "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02",
        (("name", "test-reports"), ("path", "reports/"), ("retention-days", "14")),
    ),
    "Keep the results": (
        "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02",
        (("name", "k6"), ("if-no-files-found", "ignore")),
    ),
    "Set up Docker Buildx": ("docker/setup-buildx-action@e468171a9de216ec08956ac3ada2f0791b6bd435", ()),
    "Build the image": (
        "docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83",
        (("context", "."), ("load", "true"), ("cache-from", "type=gha"), ("cache-to", "type=gha,mode=max")),
    ),
    "Log in to the registry": (
        "docker/login-action@184bdaa0721073962dff0199f1fb9940f07167d1",
        (("registry", "ghcr.io"), ("password", "***")),
    ),
    "Name the image": (
        "docker/metadata-action@c1e51972afc2121e065aed6d45c65596fe445f3f",
        (("images", "ghcr.io/acme/agentic-backend"),),
    ),
    "Build and push": (
        "docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83",
        (("context", "."), ("push", "true"), ("cache-from", "type=gha"), ("cache-to", "type=gha,mode=max")),
    ),
    "Fetch the baseline": (
        "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830",
        (("path", "baseline.json"), ("key", "k6-baseline")),
    ),
    "Upload the findings": (
        "github/codeql-action/upload-sarif@f443b600d91635bebf5b0d9ebc620189c0d6fba5",
        (("sarif_file", "findings"), ("category", "trivy")),
    ),
}
COMMANDS: dict[str, str] = {
    "Install linters": "pip install -r requirements.txt black isort flake8 mypy",
    "Black": "black --check --diff .",
    "isort": "isort --check-only --diff .",
    "Flake8": "flake8 app/ tests/",
    "MyPy": "mypy app/",
    "Install dependencies": "pip install -r requirements.txt pytest pytest-asyncio pytest-cov",
    "Unit tests": "pytest tests/unit/ -v --color=yes --junitxml=reports/unit.xml --cov=app --cov-report=",
    "Integration tests": (
        "# The Qdrant image has no shell tool for a health check: wait for its port here.\n"
        "timeout 60 sh -c 'until curl -fsS \"$QDRANT_URL/readyz\"; do sleep 1; done'\n"
        "pytest tests/integration/ -v --color=yes --junitxml=reports/integration.xml \\\n"
        "  --cov=app --cov-append --cov-report=xml --cov-report=term"
    ),
    "Install scanners": 'pip install "safety>=2.3,<3" bandit',
    "Safety": "safety check -r requirements.txt --full-report",
    "Bandit": "bandit -r app/ -ll",
    "Smoke test": 'docker run --rm "agentic-backend:$GITHUB_SHA" python -c "import app; print(\'OK\')"',
    "Start services": "cp .env.example .env\ndocker compose up -d redis qdrant api-1",
    "Install k6": 'curl -fsSL "https://github.com/grafana/k6/releases/download/$K6_VERSION/…" | sudo tar -xz',
    "Load smoke test": "k6 run --summary-export=summary.json tests/performance/smoke.js",
    "Verify thresholds": "p95=$(jq -er '.metrics.http_req_duration[\"p(95)\"]' summary.json)",
    "Stop services": "docker compose down --volumes",
    "Set up SSH": "install -d -m 700 ~/.ssh\ninstall -m 600 /dev/null ~/.ssh/key\nssh server true",
    "Pull the image": (
        "ssh server \"cd '$DIRECTORY' && VERSION='$VERSION' docker compose pull api-1 api-2 api-3\""
    ),
    "Rolling update": (
        "ssh server \"cd '$DIRECTORY' && VERSION='$VERSION' docker compose up -d --wait --wait-timeout 180\""
    ),
    "Smoke tests": 'curl -fsS --max-time 5 "$URL/api/v1/health"',
    "Notify": 'echo "$VERSION, $OUTCOME" >> "$GITHUB_STEP_SUMMARY"',
    "Back up Redis and Qdrant": 'ssh server sh -eu -s -- "$DIRECTORY" "$VERSION"',
    "Roll api-1": 'ssh server sh -eu -s -- "$DIRECTORY" "$VERSION" api-1 8001',
    "Roll api-2": 'ssh server sh -eu -s -- "$DIRECTORY" "$VERSION" api-2 8002',
    "Roll api-3": 'ssh server sh -eu -s -- "$DIRECTORY" "$VERSION" api-3 8003',
    "Create the release": 'gh release create "$GITHUB_REF_NAME" --verify-tag --generate-notes',
    "Restore Redis from the backup": "./scripts/restore-redis.sh ./backups/redis/redis_backup_latest",
    "Restart with the previous image": 'ssh server sh -eu -s -- "$DIRECTORY"',
    "Verify health": "timeout 60 sh -c 'until curl -fsS \"$URL/api/v1/health\"; do sleep 3; done'",
    "pip-audit": "pip-audit -r requirements.txt",
    "Outdated packages": "pip list --outdated --format=json > outdated.json",
    "Open an issue": 'gh issue create --title "Vulnerable dependencies"',
    "Load test": "k6 run --summary-export=summary.json tests/performance/load.js",
    "Compare with the baseline": "[ -f baseline.json ] || cp summary.json baseline.json",
    "Verify the age of the backups": "ssh production \"stat -L -c %Y '$DIRECTORY/backups/…'\"",
    "Verify integrity": "docker run --rm redis:7.4-alpine redis-check-rdb /dump.rdb",
    "Restore on staging": "./scripts/restore-redis.sh ./backups/redis/restore-test",
    "Scan the repository": "docker run --rm aquasec/trivy:0.58.1 fs --scanners vuln,secret,misconfig",
    "Scan the image": "docker run --rm aquasec/trivy:0.58.1 image",
    "Delete old runs": 'before=$(date -u -d "$KEEP_DAYS days ago" +%Y-%m-%dT%H:%M:%SZ)',
}

_PLACE = {"IMAGE": "ghcr.io/acme/agentic-backend", "DIRECTORY": "/opt/agentic-backend"}
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "ci.yml": {"PYTHON_VERSION": "3.12", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    "cd.yml": _PLACE,
    "scheduled.yml": {"PYTHON_VERSION": "3.12", **_PLACE},
}

GREEN, YELLOW, RED, BAD, END = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[31m\x1b[1m", "\x1b[0m"
_PACKAGES = (
    "fastapi",
    "pydantic",
    "httpx",
    "redis",
    "qdrant-client",
    "uvicorn",
    "orjson",
    "openai",
    "structlog",
)
UNIT_TESTS = {
    "test_rbac": ("test_admin_permissions", "test_role_inherits_permissions", "test_unknown_role"),
    "test_tokens": ("test_expired", "test_retired_key", "test_clock_difference", "test_audience"),
    "test_loop": (
        "test_stops_after_limit",
        "test_resumes",
        "test_parallel_tools",
        "test_order",
        "test_summary",
    ),
    "test_passages": ("test_splits", "test_code_blocks", "test_empty", "test_right_to_left", "test_long_words"),
    "test_web": ("test_redirects", "test_timeout", "test_encoding", "test_too_large"),
    "test_engine": ("test_retry", "test_cancel", "test_signal", "test_schedule", "test_time_zone"),
    "test_metrics": ("test_names", "test_build_info", "test_tokens_by_model"),
    "test_store": ("test_filters", "test_quotes", "test_scores", "test_forget", "test_share"),
}
TOLD = frozenset({"test_admin_permissions", "test_role_inherits_permissions", "test_recall_after_restart"})
"""The tests whose failure a log tells."""
INTEGRATION_TESTS = {
    "test_memory": ("test_recall", "test_recall_after_restart", "test_forget", "test_two_tenants"),
    "test_api": ("test_health", "test_stream", "test_cancel", "test_pages", "test_conflict", "test_limits"),
    "test_agents": ("test_run_and_resume", "test_tools", "test_hand_over"),
    "test_workflows": ("test_survives_restart", "test_lock_released", "test_two_workers"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a log mentions of its run."""

    sha: str
    branch: str
    pull_request: int | None
    version: str  # of the image
    serving: tuple[str, str]  # version and commit that the service answers with
    environment: Mapping[str, str]  # the workflow's own variables
    rng: Random


def pytest_head(folder: str, count: int) -> Iterator[str]:
    yield "\x1b[1m============================= test session starts ==============================\x1b[0m"
    yield "platform linux -- Python 3.12.11, pytest-8.3.4, pluggy-1.5.0 -- /opt/hostedtoolcache/bin/python"
    yield "cachedir: .pytest_cache"
    yield "rootdir: /home/runner/work/agentic-backend/agentic-backend"
    yield f"configfile: pyproject.toml ({folder})"
    yield "plugins: asyncio-0.24.0, cov-6.0.0"
    yield f"\x1b[1mcollecting ... \x1b[0mcollected {count} items"
    yield ""


def pytest_cases(folder: str, tables: dict[str, tuple[str, ...]]) -> list[str]:
    """The tests' ids; those without a failure to tell about run with three parameters."""
    return [
        f"tests/{folder}/{module}.py::{test}{case}"
        for module, tests in tables.items()
        for test in tests
        for case in (("",) if test in TOLD else ("[plain]", "[small]", "[large]"))
    ]


def pytest_tail(passed: int, seconds: float, *, failed: int = 0, warned: int = 0) -> str:
    """The last line."""
    colour = RED if failed else GREEN
    parts = [f"{BAD}{failed} failed{END}"] if failed else []
    parts.append(f"{GREEN}{passed} passed{END}")
    parts.extend([f"{YELLOW}{warned} warning{END}"] if warned else [])
    rule = "=" * 20
    middle = f"{colour}, {END}".join(parts)
    return f"{colour}{rule} {END}{middle}{colour} in {seconds:.2f}s {rule}{END}"


def pytest_lines(folder: str, tables: dict[str, tuple[str, ...]], failing: frozenset[str]) -> Iterator[str]:
    """Every test on its line, with the progress in percent."""
    names = pytest_cases(folder, tables)
    yield from pytest_head(folder, len(names))
    colour = GREEN
    for number, name in enumerate(names, 1):
        bad = name.rsplit("::", 1)[1] in failing
        colour = RED if bad else colour
        word = f"{RED}FAILED" if bad else f"{GREEN}PASSED"
        yield f"{name} {word}{END}{colour} [{100 * number // len(names):3d}%]{END}"
    yield ""


def pip_lines(rng: Random) -> Iterator[str]:
    for package in _PACKAGES:
        yield f"Collecting {package} (from -r requirements.txt)"
        yield f"  Using cached {package.replace('-', '_')}-py3-none-any.whl ({rng.randint(30, 900)} kB)"
    yield "Installing collected packages: " + ", ".join(_PACKAGES)
    yield "Successfully installed " + " ".join(_PACKAGES)


def image_lines(rng: Random, tag: str) -> Iterator[str]:
    yield '#0 building with "builder" instance using docker-container driver'
    yield "#1 [internal] load build definition from Dockerfile"
    yield "#1 transferring dockerfile: 268B done"
    yield "#2 [internal] load metadata for docker.io/library/python:3.12-slim"
    yield f"#2 DONE {rng.uniform(0.3, 1.2):.1f}s"
    yield "#5 importing cache manifest from gha"
    yield "#6 [1/5] FROM docker.io/library/python:3.12-slim"
    yield "#6 CACHED"
    yield "#8 [3/5] COPY requirements.txt ."
    yield "#8 CACHED"
    yield "#9 [4/5] RUN pip install --no-cache-dir -r requirements.txt"
    for package in _PACKAGES:
        yield f"#9 {rng.uniform(1, 40):.1f} Collecting {package}"
    yield f"#9 DONE {rng.uniform(38, 60):.1f}s"
    yield "#10 [5/5] COPY app app"
    yield "#10 DONE 0.1s"
    yield "#11 exporting to image"
    yield f"#11 naming to {tag} done"
    yield f"#11 DONE {rng.uniform(6, 14):.1f}s"


def k6_lines(rng: Random, p95: float, users: int, minutes: int) -> Iterator[str]:
    yield "     execution: local"
    yield "        script: tests/performance"
    yield f"     scenarios: (100.00%) 1 scenario, {users} max VUs, {minutes}m30s max duration"
    yield ""
    for minute in range(1, minutes + 1):
        done = minute * users * rng.randint(780, 820)
        yield f"running ({minute:02d}m00.0s), {users:02d}/{users:02d} VUs, {done} complete iterations"
    yield ""
    yield f"{GREEN}     ✓ healthy{END}"
    iterations = minutes * users * 800
    yield f"     checks.........................: 100.00% {iterations} out of {iterations}"
    yield (
        f"     http_req_duration..............: avg={p95 * 0.44:.2f}ms min=3.1ms med={p95 * 0.38:.2f}ms "
        f"max={p95 * 3.2:.2f}ms p(90)={p95 * 0.81:.2f}ms p(95)={p95:.2f}ms"
    )
    yield f"     http_req_failed................: {rng.uniform(0, 0.08):.2f}%"
    yield f"     iterations.....................: {iterations}"


def _checked_out(scene: Scene) -> Iterator[str]:
    yield "Syncing repository: acme/agentic-backend"
    yield "##[group]Getting Git version info"
    yield "Working directory is '/home/runner/work/agentic-backend/agentic-backend'"
    yield "[command]/usr/bin/git version"
    yield "git version 2.51.0"
    yield "##[endgroup]"
    yield "##[group]Fetching the repository"
    ref = f"refs/remotes/pull/{scene.pull_request}/merge" if scene.pull_request else scene.branch
    yield f"[command]/usr/bin/git -c protocol.version=2 fetch --no-tags --depth=1 origin +{scene.sha}:{ref}"
    yield "##[endgroup]"
    yield "[command]/usr/bin/git log -1 --format=%H"
    yield scene.sha


def _coverage(rng: Random) -> Iterator[str]:
    yield "Name                          Stmts   Miss  Cover"
    yield "-------------------------------------------------"
    for module in ("agents/loop", "api/routes", "auth/tokens", "memory/store", "rag/passages", "tools/web"):
        lines = rng.randint(90, 420)
        missed = rng.randint(4, lines // 6)
        yield f"app/{module + '.py':<26}{lines:>5}{missed:>7}{100 - 100 * missed // lines:>6}%"


def _rolled(service: str, port: int, scene: Scene) -> Iterator[str]:
    yield f" Container agentic-backend-{service}-1  Recreate"
    yield f" Container agentic-backend-{service}-1  Recreated"
    yield f" Container agentic-backend-{service}-1  Starting"
    yield f" Container agentic-backend-{service}-1  Started"
    for _ in range(scene.rng.randint(3, 7)):
        yield f"curl: (56) Recv failure: Connection reset by peer (http://localhost:{port}/api/v1/health)"
    answer = f'{{"status":"ok","version":"{scene.version}","commit":"{scene.sha}","uptime":'
    yield f"{answer}4}}"
    yield f"{answer}36}}"


def output(step: str, scene: Scene, seconds: float) -> Iterator[str]:
    """A step's lines after its heading; none where the step says nothing. ``seconds``: how long it took."""
    rng = scene.rng
    image = f"ghcr.io/acme/agentic-backend:{scene.version}"
    version, commit = scene.serving
    health = f'{{"status":"ok","version":"{version}","commit":"{commit}","uptime":{rng.randint(20, 90)}}}'
    match step:
        case "Check out":
            yield from _checked_out(scene)
        case "Set up Python":
            yield "Installed versions"
            yield "Successfully set up CPython (3.12.11)"
            yield "Cache hit for: setup-python-Linux-x64-24.04-Ubuntu-python-3.12.11-pip"
        case "Install linters" | "Install dependencies" | "Install scanners":
            yield from pip_lines(rng)
        case "Black":
            yield f"{GREEN}All done! ✨ 🍰 ✨{END}"
            yield "38 files would be left unchanged."
        case "Flake8":
            yield "0"
        case "MyPy":
            yield f"{GREEN}Success: no issues found in 24 source files{END}"
        case "Unit tests":
            yield from pytest_lines("unit", UNIT_TESTS, frozenset())
            yield pytest_tail(len(pytest_cases("unit", UNIT_TESTS)), seconds)
        case "Integration tests":
            yield "all shards are ready"
            yield from pytest_lines("integration", INTEGRATION_TESTS, frozenset())
            yield from _coverage(rng)
            yield pytest_tail(len(pytest_cases("integration", INTEGRATION_TESTS)), seconds)
        case "Report coverage":
            yield "info - Found 1 coverage files to report"
            yield "info - Upload complete"
        case "Safety":
            yield "No known security vulnerabilities reported."
        case "Bandit":
            yield "Test results:"
            yield "\tNo issues identified."
            yield f"Total lines of code: {rng.randint(5200, 5900)}"
        case "Build the image" | "Build and push":
            yield from image_lines(rng, image)
        case "Smoke test":
            yield "OK"
        case "Load smoke test":
            yield from k6_lines(rng, rng.uniform(270, 390), 20, 3)
        case "Load test":
            yield from k6_lines(rng, rng.uniform(300, 335), 80, 18)
        case "Start services":
            for service in ("redis", "qdrant", "api-1"):
                yield f" Container agentic-backend-{service}-1  Started"
        case "Pull the image" | "Rolling update":
            for service in ("api-1", "api-2", "api-3"):
                yield f" {service} {'Pulled' if step == 'Pull the image' else 'Healthy'}"
        case "Roll api-1" | "Roll api-2" | "Roll api-3":
            service = step.removeprefix("Roll ")
            yield from _rolled(service, 8000 + int(service[-1]), scene)
        case "Smoke tests" | "Verify health":
            yield health
        case "Back up Redis and Qdrant":
            yield "Background saving started"
            yield f"Copied dump.rdb ({rng.randint(180, 240)} MB)"
            yield "Qdrant snapshot: agentic-backend-full.snapshot"
        case "Restore Redis from the backup" | "Restore on staging":
            yield " Container agentic-backend-redis-1  Stopped"
            yield " Container agentic-backend-redis-1  Started"
            yield str(rng.randint(41_000, 52_000))
        case "Restart with the previous image":
            for service in ("api-1", "api-2", "api-3"):
                yield f" Container agentic-backend-{service}-1  Healthy"
        case "Create the release":
            yield f"https://github.com/acme/agentic-backend/releases/tag/{scene.branch}"
        case "pip-audit":
            yield "No known vulnerabilities found"
        case "Outdated packages":
            yield "7"
        case "Compare with the baseline":
            yield "p95 against the baseline compared"
        case "Verify the age of the backups":
            yield f"The newest Redis backup is {rng.randint(1, 9)} h old"
        case "Verify integrity":
            yield "[offset 0] Checking RDB file /dump.rdb"
            yield f"[info] {rng.randint(41_000, 52_000)} keys read"
            yield "[offset 0] \\o/ RDB looks OK! \\o/"
        case "Scan the repository" | "Scan the image":
            yield "INFO\t[vulndb] Downloading vulnerability DB..."
            yield 'INFO\tDetected OS\tfamily="debian" version="12.8"'
            yield f"INFO\tNumber of language-specific files\tnum={rng.randint(1, 3)}"
        case "Delete old runs":
            for _ in range(rng.randint(6, 24)):
                yield "✓ Request to delete workflow run submitted."
        case _:
            return
