"""GitHub's own description of its API, fetched as a package, and a validator for each operation's answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
_MEMBER = "package/generated/api.github.com.json"
_MANY = {"ref", "path", "basehead", "branch", "tag"}  # parameters that may hold slashes


def fetch(directory: Path) -> Path:
    """The description as a file; raises OSError or CalledProcessError where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm")
    subprocess.run(
        [npm, "pack", "--silent", PACKAGE], cwd=directory, check=True, timeout=180, capture_output=True
    )
    with tarfile.open(next(directory.glob("*.tgz"))) as archive:
        archive.extract(_MEMBER, directory, filter="data")
    return directory / _MEMBER


class Description:
    def __init__(self, path: Path) -> None:
        self.whole: dict[str, Any] = json.loads(path.read_bytes())
        _nullable(self.whole)
        self._patterns = sorted(
            ((_pattern(template), template) for template in self.whole["paths"]),
            key=lambda pair: (pair[1].count("{"), -len(pair[1])),
        )

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The most literal template that fits, with its operation."""
        for pattern, template in self._patterns:
            if pattern.fullmatch(path) and method in self.whole["paths"][template]:
                return template, self.whole["paths"][template][method]
        return None

    def schema(self, operation: dict[str, Any], status: int) -> dict[str, Any] | None:
        """The JSON schema of an answer, with only the components it needs; {} for one without a body."""
        response = operation["responses"].get(str(status))
        if response is None:
            return None
        response = self._resolved(response)
        content = response.get("content", {}).get("application/json")
        if content is None:
            return {}
        schema = content["schema"]
        needed: dict[str, Any] = {}
        self._collect(schema, needed)
        return {"allOf": [schema], "components": {"schemas": needed}}

    def request_schema(self, operation: dict[str, Any]) -> dict[str, Any] | None:
        """The JSON schema of what is sent; None where nothing is."""
        wanted = operation.get("requestBody")
        if wanted is None:
            return None
        schema = self._resolved(wanted)["content"]["application/json"]["schema"]
        needed: dict[str, Any] = {}
        self._collect(schema, needed)
        return {"allOf": [schema], "components": {"schemas": needed}}

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self.whole
            for key in node["$ref"].split("/")[1:]:
                found = found[key]
            node = found
        return node

    def _collect(self, node: Any, needed: dict[str, Any]) -> None:
        if isinstance(node, list):
            for one in node:
                self._collect(one, needed)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
                name = reference.rsplit("/", 1)[-1]
                if name not in needed:
                    needed[name] = self.whole["components"]["schemas"][name]
                    self._collect(needed[name], needed)
            for one in node.values():
                self._collect(one, needed)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    pattern = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        pattern += (".+" if name in _MANY else "[^/]+") + re.escape(literal)
    return re.compile(pattern)


def _nullable(node: Any) -> None:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema; what only adorns is left out."""
    if isinstance(node, list):
        for one in node:
            _nullable(one)
        return
    if not isinstance(node, dict):
        return
    for one in node.values():
        _nullable(one)
    if node.get("format") == "email":  # GitHub's own bots have addresses that no strict reader takes
        del node["format"]
    if node.get("nullable") is True:
        del node["nullable"]
        inner = dict(node)
        node.clear()
        node["anyOf"] = [inner, {"type": "null"}]
