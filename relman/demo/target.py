"""What a request line asks for, in whichever of its forms it came."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

ENTERPRISE = "/api/v3"


@dataclass(frozen=True, slots=True)
class Target:
    """``path`` is in origin form, percent-encoded, without Enterprise's prefix; ``host`` has the port."""

    form: str  # "origin", "absolute", "prefixed"
    host: str
    prefix: str
    path: str
    query: str

    @property
    def with_query(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def api(self) -> str:
        return f"http://{self.host}{self.prefix}"

    @property
    def web(self) -> str:
        """Where people look: the host without the ``api.`` before it."""
        return f"http://{self.host.removeprefix('api.')}"


def target_of(scope: Scope, headers: Headers) -> Target:
    """A proxy's client (``gh`` with ``http_proxy``) sends the whole address, whose host then counts."""
    raw = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    form = "origin"
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    if not raw.startswith("/"):
        parts = urlsplit(raw)
        form, host, raw = "absolute", parts.netloc or host, parts.path or "/"
    prefix = ""
    if raw == ENTERPRISE or raw.startswith(f"{ENTERPRISE}/"):
        form, prefix, raw = "prefixed", ENTERPRISE, raw.removeprefix(ENTERPRISE) or "/"
    elif raw == "/api/graphql":
        form, raw = "prefixed", "/graphql"
    return Target(form, host, prefix, raw, query)
