"""The ``relman.toml`` that fits a running world."""

from __future__ import annotations

import json
from pathlib import Path

from relman.demo.service import HEALTH_PATH, environment_url
from relman.demo.site import Site

_HEAD = """\
# Made for a running embedded world; the addresses change with every start.
repository = {repository}

[workflows]
ci = "ci.yml"
cd = "cd.yml"
nightly = "scheduled.yml"
"""
_ENVIRONMENT = """
[environments.{name}]
url = {url}

[[environments.{name}.health]]
name = "api"
url = {health}
version = "version"
"""


def write_config(site: Site, directory: Path) -> Path:
    """Writes it into ``directory`` and gives its path."""
    parts = [_HEAD.format(repository=_quoted(f"{site.world.owner}/{site.world.name}"))]
    for one in site.world.environments:
        url = environment_url(site, one.name)
        parts.append(_ENVIRONMENT.format(name=one.name, url=_quoted(url), health=_quoted(url + HEALTH_PATH)))
    path = directory / "relman.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _quoted(text: str) -> str:
    """A TOML basic string; for these it is the same as in JSON."""
    return json.dumps(text)
