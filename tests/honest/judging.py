"""One exchange with the world held against GitHub's own description of its API."""

from __future__ import annotations

from typing import Any

import httpx

from relman.demo.routes import EVERY
from relman.demo.routing import Router
from tests.honest.openapi import Description

# Statuses that GitHub really gives and the description leaves out at some endpoints.
_UNDECLARED = {400, 401, 403, 404, 409, 422}


class Judge:
    """Validates what is sent and what comes back; remembers which endpoints did what they were asked."""

    def __init__(self, description: Description, client: httpx.Client) -> None:
        self._description = description
        self._client = client
        self._router = Router(EVERY)
        self._validators: dict[tuple[str, str, object], Any] = {}
        self.seen: set[tuple[str, str]] = set()

    def get(self, path: str, *, status: int = 200) -> Any:
        return self._ask("GET", path, None, status=status)

    def send(self, method: str, path: str, body: object = None, *, status: int, sound: bool = True) -> Any:
        """``sound``: the body itself is one that GitHub describes."""
        return self._ask(method, path, body, status=status, sound=sound)

    def _ask(self, method: str, path: str, body: object, *, status: int, sound: bool = True) -> Any:
        bare = path.partition("?")[0]
        operation = self._description.operation(method.lower(), bare)
        assert operation is not None, f"GitHub has no {method} {bare}"
        template, described = operation
        if body is not None and sound:
            schema = self._description.request_schema(described)
            assert schema is not None, f"{template} takes no body"
            self._check((method, template, "request"), schema, body, path)
        answer = self._client.request(method, path, json=body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:300])
        found = self._router.find(method, bare)
        if found is not None and status < 400:
            self.seen.add((method, found[0].template))
        schema = self._description.schema(described, status)
        if status >= 400:
            self._check_error(answer)
        if schema is None:
            assert status in _UNDECLARED, f"{method} {template} never answers {status}"
            return answer.json()
        if not schema:
            assert status != 204 or not answer.content
            return answer.json() if status >= 400 else answer.headers
        self._check((method, template, status), schema, answer.json(), path)
        return answer.json()

    def _check(self, key: tuple[str, str, object], schema: dict[str, Any], body: object, path: str) -> None:
        import jsonschema_rs  # may not be here; the fixture says so

        if key not in self._validators:
            self._validators[key] = jsonschema_rs.Draft4Validator(schema, validate_formats=True)
        errors = [
            f"{error.instance_path}: {error.message[:200]}" for error in self._validators[key].iter_errors(body)
        ]
        assert not errors, (path, errors[:5])

    def _check_error(self, answer: httpx.Response) -> None:
        body = answer.json()
        assert body["message"]
        assert body["documentation_url"].startswith("https://docs.github.com/")
        assert body["status"] == str(answer.status_code)
