"""The pipeline kit: the workflow files of the reference pipeline, as package data.

``workflows()`` is what a repository needs under ``.github/workflows``.
"""

from __future__ import annotations

from importlib.resources import files

NAMES = ("ci.yml", "cd.yml", "scheduled.yml")


def workflow(name: str) -> str:
    """The text of one of :data:`NAMES`."""
    return files(__name__).joinpath("workflows", name).read_text(encoding="utf-8")


def workflows() -> dict[str, str]:
    """Every workflow file's text by its path in a repository."""
    return {f".github/workflows/{name}": workflow(name) for name in NAMES}
