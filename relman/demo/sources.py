"""The files of the repository: the kit's workflows and a small, believable Python service."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from relman.demo.job_tables import WORKFLOWS
from relman.demo.subjects import PACKAGES, Subject

_MODULES = {
    "api": "app/api/routes.py",
    "agents": "app/agents/loop.py",
    "auth": "app/auth/tokens.py",
    "memory": "app/memory/store.py",
    "monitoring": "app/monitoring/metrics.py",
    "rag": "app/rag/passages.py",
    "tools": "app/tools/web.py",
    "workflows": "app/workflows/engine.py",
}
_README = """# Agentic Backend

Agents with tools, memory and retrieval behind one HTTP API.

    docker compose up -d redis qdrant
    uvicorn app.main:app --reload

Every push to `main` goes to staging; a tag `v*` goes to production after review.
"""
_DOCKERFILE = """FROM python:3.12-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app app
USER 10001
EXPOSE 8000
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
"""
_COMPOSE = """services:
  api-1: &api
    image: ghcr.io/acme/agentic-backend:${VERSION:-latest}
    ports: ["8001:8000"]
    env_file: .env
    depends_on: [redis, qdrant]
  api-2:
    <<: *api
    ports: ["8002:8000"]
  api-3:
    <<: *api
    ports: ["8003:8000"]
  redis:
    image: redis:7.4-alpine
    volumes: ["redis:/data"]
  qdrant:
    image: qdrant/qdrant:v1.12.1
    volumes: ["qdrant:/qdrant/storage"]
  prometheus:
    image: prom/prometheus:v2.55.1
  grafana:
    image: grafana/grafana:11.3.0
volumes:
  redis:
  qdrant:
"""
_MAIN = '''"""The application."""

from fastapi import FastAPI

from app.api.routes import router

app = FastAPI(title="Agentic Backend")
app.include_router(router, prefix="/api/v1")
'''
_SMOKE = """import http from 'k6/http';
import { check } from 'k6';

export const options = {
  vus: 20,
  duration: '3m',
  thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'] },
};

export default function () {
  check(http.get(`${__ENV.BASE_URL}/api/v1/health`), { healthy: (r) => r.status === 200 });
}
"""
_RESTORE = """#!/bin/sh
# restore-redis.sh DIRECTORY: puts DIRECTORY/dump.rdb in the place of Redis' data.
set -eu
docker compose stop redis
docker compose cp "$1/dump.rdb" redis:/data/dump.rdb
docker compose start redis
"""
# The time limit the test job had before somebody raised it; the raise is part of the history.
_LIMIT = b"timeout-minutes: 20"
_EARLIER_LIMIT = b"timeout-minutes: 15"


@cache
def workflow_texts() -> Mapping[str, bytes]:
    """The kit's workflow files by their path in a repository."""
    folder = files("relman").joinpath("kit", "workflows")
    return {table.path: folder.joinpath(table.file).read_bytes() for table in WORKFLOWS}


def first_files() -> dict[str, bytes]:
    """The repository as the first commit has it."""
    texts = dict(workflow_texts())
    texts[".github/workflows/ci.yml"] = texts[".github/workflows/ci.yml"].replace(_LIMIT, _EARLIER_LIMIT, 1)
    plain = {
        "README.md": _README,
        "Dockerfile": _DOCKERFILE,
        "docker-compose.yml": _COMPOSE,
        "requirements.txt": "".join(f"{name}=={before}\n" for name, before, _ in sorted(PACKAGES)),
        "app/__init__.py": "",
        "app/main.py": _MAIN,
        "docs/operations.md": "# Operations\n",
        ".env.example": "REDIS_URL=redis://redis:6379/0\nQDRANT_URL=http://qdrant:6333\nOPENAI_API_KEY=\n",
        "scripts/restore-redis.sh": _RESTORE,
        "tests/performance/smoke.js": _SMOKE,
        "tests/performance/load.js": _SMOKE.replace("vus: 20", "vus: 80").replace("'3m'", "'18m'"),
        "tests/unit/test_rbac.py": '"""Roles and their permissions."""\n',
        "tests/integration/test_memory.py": '"""Memories against a real Qdrant."""\n',
    }
    modules = {path: f'"""The {name} of the service."""\n' for name, path in _MODULES.items()}
    return {**texts, **{path: text.encode() for path, text in (plain | modules).items()}}


def raised_limit() -> dict[str, bytes]:
    """The change that gives the test job its present time limit."""
    return {".github/workflows/ci.yml": workflow_texts()[".github/workflows/ci.yml"]}


def changes_for(subject: Subject, now: Mapping[str, bytes], *, again: int = 0) -> dict[str, bytes]:
    """The files a commit about ``subject`` writes; ``again`` counts earlier commits on the same matter."""
    name = subject.slug.replace("-", "_") + (f"_{again}" if again else "")
    if subject.kind == "build":
        _, package, _, before, _, after = subject.text.split()
        old = f"{package}=={before}".encode()
        return {"requirements.txt": now["requirements.txt"].replace(old, f"{package}=={after}".encode())}
    if subject.kind in {"docs", "ci", "chore"}:
        path, added = "docs/operations.md", f"\n- {subject.text[0].upper()}{subject.text[1:]} ({name}).\n"
    elif subject.kind == "test":
        path = "tests/integration/test_memory.py"
        added = f"\n\ndef test_{name}(service):\n    assert service.check({name!r})\n"
    else:
        path = _MODULES.get(subject.scope, "app/main.py")
        sentence = f"{subject.text[0].upper()}{subject.text[1:]}."
        added = f'\n\ndef {name}(context):\n    """{sentence}"""\n    return context.apply({name!r})\n'
    return {path: now[path] + added.encode()}
