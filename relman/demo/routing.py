"""The table of endpoints: which request goes to which function, and what GitHub would want for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from relman.demo.exchange import DOCS, Ask, Reply

Handler = Callable[[Ask], Reply]

_SHAPES = {"": r"[^/]+", "int": r"[0-9]{1,18}", "path": r".+?"}
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Route:
    """An endpoint. In ``template``, ``{x}`` is one segment, ``{x:int}`` a number, ``{x:path}`` any text.

    ``needs`` is the permission a fine-grained token must have (``actions=read``), ``docs`` the page under
    GitHub's REST documentation, ``free`` whether it costs no quota, ``signed_in`` the status an anonymous
    caller gets (0: an answer).
    """

    method: str
    template: str
    handler: Handler
    needs: str
    docs: str
    free: bool = False
    signed_in: int = 0

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = _PARAMETER.split(self.template)
        pattern = re.escape(parts[0])
        for name, shape, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            pattern += f"(?P<{name}>{_SHAPES[shape or '']}){re.escape(literal)}"
        return re.compile(pattern)

    @property
    def writes(self) -> bool:
        return self.method != "GET" and self.needs != ""

    @property
    def documentation(self) -> str:
        return f"{DOCS}/{self.docs}"


class Router:
    """Finds the route of a request; the first that fits."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, list[Route]] = {}
        for route in routes:
            self._routes.setdefault(route.method, []).append(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """``path`` percent-encoded. HEAD is answered as GET. None: GitHub has nothing there for this method."""
        for route in self._routes.get("GET" if method == "HEAD" else method, ()):
            if found := route.pattern.fullmatch(path):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None
