"""One exchange with a client: what it asked, what it gets, and how it is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers, QueryParams

from relman.demo.site import Site
from relman.demo.view import View
from relman.demo.world import World

DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request in origin form: ``path`` still percent-encoded and without any ``/api/v3``."""

    method: str
    path: str
    query: QueryParams
    headers: Headers
    body: bytes
    site: Site
    view: View
    params: dict[str, str]  # of the path, decoded

    @property
    def world(self) -> World:
        return self.site.world

    def integer(self, name: str) -> int:
        return int(self.params[name])

    def accepts(self, *media: str) -> bool:
        """Whether the Accept header names one of GitHub's own formats, such as ``raw``."""
        accept = self.headers.get("accept", "")
        return any(f"application/vnd.github{version}.{m}" in accept for m in media for version in ("", ".v3"))


@dataclass(slots=True)
class Reply:
    """An answer before GitHub's headers are put on it. A ``body`` of bytes is sent as it is, else as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json; charset=utf-8"
    modified: datetime | None = None

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if self.body is None:
            return b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Refusal(Exception):  # noqa: N818  GitHub refuses; nothing went wrong here
    """An answer with GitHub's error shape. An empty ``docs`` is completed from the route."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[Any] | None = None,
        headers: dict[str, str] | None = None,
        docs: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.docs = docs

    def reply(self, docs: str = "") -> Reply:
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        body["documentation_url"] = self.docs or docs or DOCS
        body["status"] = str(self.status)
        return Reply(body, self.status, dict(self.headers))


def not_found() -> Refusal:
    """Absent or not visible: GitHub does not say which."""
    return Refusal(404, "Not Found")
