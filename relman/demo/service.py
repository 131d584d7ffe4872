"""The third origin: the deployed service itself, one path per environment."""

from __future__ import annotations

from urllib.parse import unquote

from relman.demo.exchange import Reply
from relman.demo.site import Site

HEALTH_PATH = "/api/v1/health"


def environment_url(site: Site, environment: str) -> str:
    return f"{site.service_url}/{environment}"


def answer(site: Site, method: str, path: str) -> Reply:
    _, environment, rest = unquote(path).split("/", 2) if path.count("/") > 1 else ("", "", "")
    known = any(e.name == environment for e in site.world.environments)
    if not known or f"/{rest}" != HEALTH_PATH:
        return Reply({"detail": "Not Found"}, 404, media="application/json")
    if method not in ("GET", "HEAD"):
        return Reply({"detail": "Method Not Allowed"}, 405, {"allow": "GET"}, media="application/json")
    status, body = site.world.health(environment)
    return Reply(body, status, {"cache-control": "no-store"}, media="application/json")
