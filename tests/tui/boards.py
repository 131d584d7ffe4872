"""Boards made by hand, a store that holds them, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from relman.actions.tools import Tools
from relman.board.store import Store
from relman.board.view import View
from relman.model.board import Board, Section
from relman.model.environment import Deployment, DeploymentStatus, Environment, PendingDeployment
from relman.model.health import Health
from relman.model.repository import Budget, Repository
from relman.model.run import Annotation, Job, Run, Step, WorkflowSource
from relman.tui.app import RelmanApp
from relman.tui.settings import DashboardSettings

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

CI = """\
name: CI
on: [push, pull_request]
jobs:
  lint:
    runs-on: ubuntu-latest
    steps: [{run: black --check .}]
  test:
    runs-on: ubuntu-latest
    steps: [{run: pytest}]
  security:
    runs-on: ubuntu-latest
    steps: [{run: bandit -r app}]
  build:
    needs: [lint, test, security]
    runs-on: ubuntu-latest
    steps: [{run: docker build .}]
  performance:
    needs: build
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps: [{run: k6 run smoke.js}]
"""
EXPECTED = {"lint": 150.0, "test": 420.0, "security": 160.0, "build": 200.0, "performance": 340.0}


def ago(**amount: float) -> datetime:
    return NOW - timedelta(**amount)


def run(number: int, status: str = "completed", conclusion: str | None = "success", **other: object) -> Run:
    made = Run(
        id=1000 + number,
        name="CI",
        title=f"Change number {number}",
        number=number,
        attempt=1,
        event="push",
        status=status,
        conclusion=conclusion,
        branch="main",
        sha=f"{number:07x}" + "c" * 33,
        workflow_id=1,
        path=".github/workflows/ci.yml",
        actor="octocat",
        created_at=ago(minutes=30 + 10 * (500 - number)),
        started_at=ago(minutes=30 + 10 * (500 - number)),
        updated_at=ago(minutes=20 + 10 * (500 - number)),
        url=f"https://github.com/acme/agentic-backend/actions/runs/{1000 + number}",
    )
    return replace(made, **other)


def job(
    id: int, run_id: int, name: str, status: str = "completed", conclusion: str | None = "success",
    took: float = 60, start: float = 600, steps: tuple[Step, ...] = (),
) -> Job:  # fmt: skip
    began = None if status in ("queued", "waiting", "pending") else ago(seconds=start)
    return Job(
        id=id,
        run_id=run_id,
        attempt=1,
        name=name,
        status=status,
        conclusion=conclusion,
        created_at=ago(seconds=start + 4),
        started_at=began,
        completed_at=began + timedelta(seconds=took) if began and status == "completed" else None,
        steps=steps,
        url=f"https://github.com/acme/agentic-backend/actions/runs/{run_id}/job/{id}",
        check_run_id=id,
        runner="ubuntu-latest",
    )


def step(number: int, name: str, start: float, took: float | None, conclusion: str | None = "success") -> Step:
    began = ago(seconds=start)
    status = "completed" if took is not None else "in_progress"
    return Step(
        number, name, status, conclusion if took is not None else None, began,
        began + timedelta(seconds=took) if took is not None else None,
    )  # fmt: skip


RUNNING = run(
    412, "in_progress", None, title="Retry the vector search with a smaller batch", started_at=ago(minutes=6),
    created_at=ago(minutes=6), updated_at=ago(seconds=20),
)  # fmt: skip
WAITING = run(
    218, "waiting", None, name="CD", title="Release v1.9.0", branch="v1.9.0", event="push", actor="mara",
    path=".github/workflows/cd.yml", created_at=ago(minutes=14), started_at=ago(minutes=14),
)  # fmt: skip
FAILED = run(
    411, "completed", "failure", title="Let the planner choose its own tools", branch="feature/tool-choice",
    event="pull_request", actor="jonas", created_at=ago(minutes=52), started_at=ago(minutes=52),
    updated_at=ago(minutes=44),
)  # fmt: skip
NIGHTLY = run(
    61, name="Scheduled Tasks", title="Scheduled Tasks", event="schedule", path=".github/workflows/scheduled.yml",
    created_at=ago(hours=10), started_at=ago(hours=10), updated_at=ago(hours=9, minutes=40),
)  # fmt: skip


def failed_steps() -> tuple[Step, ...]:
    return (
        step(1, "Set up job", 3100, 2),
        step(2, "Initialize containers", 3098, 21),
        step(3, "Run actions/checkout@v4", 3077, 1),
        step(4, "Set up Python 3.11", 3076, 9),
        step(5, "Install dependencies", 3067, 48),
        step(6, "Run unit tests", 3019, 216, "failure"),
        Step(7, "Run integration tests", "completed", "skipped"),
        Step(8, "Upload coverage to Codecov", "completed", "skipped"),
        step(9, "Stop containers", 2803, 1),
    )


def board() -> Board:
    runs = [
        RUNNING,
        WAITING,
        FAILED,
        run(410, title="Count tokens before the call, not after"),
        run(
            409,
            title="Bump httpx from 0.27.2 to 0.28.1",
            actor="dependabot[bot]",
            branch="dependabot/pip/httpx",
        ),
        NIGHTLY,
        run(408, conclusion="cancelled", title="wip"),
        *(run(number) for number in range(407, 380, -1)),
    ]
    fetched = ago(seconds=5)
    return Board(
        repo="acme/agentic-backend",
        repository=Section(Repository("acme/agentic-backend", "main"), fetched),
        runs=Section(tuple(runs), fetched),
        environments=Section((Environment(1, "staging"), Environment(2, "production")), fetched),
        deployments={
            "staging": Section((deployment(9, "staging", "main", "success"),), fetched),
            "production": Section(
                (deployment(8, "production", "v1.9.0", "waiting"), deployment(7, "production", "v1.8.2", "success")),
                fetched,
            ),
        },
        health={
            "staging": Section((Health("api", "https://staging/health", True, 200),), fetched),
            "production": Section((Health("api", "https://live/health", True, 200),), fetched),
        },
        pending={
            WAITING.id: Section((PendingDeployment(2, "production", 5, ago(minutes=9), True),), fetched),
        },
        jobs={
            RUNNING.id: Section(
                (
                    job(1, RUNNING.id, "lint", took=141, start=352),
                    job(
                        2, RUNNING.id, "test", "in_progress", None, start=350,
                        steps=(
                            step(1, "Set up job", 350, 2),
                            step(2, "Install dependencies", 348, 52),
                            step(3, "Run unit tests", 296, 190),
                            step(4, "Run integration tests", 106, None),
                        ),
                    ),
                    job(3, RUNNING.id, "security", took=166, start=351),
                ),
                fetched,
            ),
            FAILED.id: Section(
                (
                    job(11, FAILED.id, "lint", took=139, start=3100),
                    job(12, FAILED.id, "test", conclusion="failure", took=298, start=3100, steps=failed_steps()),
                    job(13, FAILED.id, "security", took=171, start=3100),
                    job(14, FAILED.id, "build", conclusion="skipped", took=0, start=2800),
                    job(15, FAILED.id, "performance", conclusion="skipped", took=0, start=2800),
                ),
                fetched,
            ),
            WAITING.id: Section(
                (
                    job(21, WAITING.id, "Build and push image", took=201, start=830),
                    job(22, WAITING.id, "Deploy to production", "waiting", None),
                ),
                fetched,
            ),
        },
        sources={
            run_.id: Section(WorkflowSource(".github/workflows/ci.yml", run_.sha, CI), fetched)
            for run_ in (RUNNING, FAILED)
        },
        annotations={
            12: Section(
                (
                    Annotation(
                        "failure",
                        "AssertionError: assert 403 == 200\n  where 403 = <Response [403 Forbidden]>.status_code",
                        "test_admin_permissions",
                        "tests/unit/test_rbac.py",
                        42,
                        42,
                    ),
                    Annotation("warning", "Node.js 16 actions are deprecated.", "", ".github", 1, 1),
                ),
                fetched,
            )
        },
        expected={".github/workflows/ci.yml": EXPECTED},
        budget=Budget(5000, 4812),
    )  # fmt: skip


def deployment(id: int, environment: str, ref: str, state: str) -> Deployment:
    status = DeploymentStatus(id * 10, state, ago(minutes=20))
    return Deployment(
        id, environment, "4f2c9a1" + "0" * 33, ref, created_at=ago(minutes=22), statuses=(status,)
    )


class FixedClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Poller:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.refreshed = 0
        self.asked: list[object] = []

    def look(self, view: View) -> None:
        self.views.append(view)

    def refresh_now(self, *what: object) -> None:
        self.refreshed += 1
        self.asked += what


class NoLogs:
    async def job_log(
        self, job_id: int, attempt: int, progress: Callable[[int, int | None], None] | None = None
    ) -> Path:
        raise AssertionError("no log is read here")


class Watch:
    """A board that changes only when a test says so."""

    def __init__(self, first: Board) -> None:
        self.store = Store(first)
        self.poller = Poller()
        self.fetch = NoLogs()
        self.started = 0

    def start(self) -> None:
        self.started += 1

    async def stop(self) -> None:
        self.started = 0


def app(
    first: Board | None = None,
    app_class: type[RelmanApp] = RelmanApp,
    *,
    tools: Tools | None = None,
    **settings: object,
) -> RelmanApp:
    OPENED.clear()
    return app_class(
        Watch(first or board()),
        DashboardSettings(**{"theme": "dark", **settings}),
        FixedClock(),
        None if tools is None else lambda: tools,
        opener=OPENED.append,
    )


OPENED: list[str] = []


def dump(app_: RelmanApp) -> str:
    """The screen as text."""
    width, height = app_.size
    strips = app_.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip) for strip in strips]
    assert all(True for _ in lines) and width and height
    return "\n".join(line.rstrip() for line in lines)
