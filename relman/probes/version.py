"""Where an answer says its version: ``header:NAME``, or a JSON path such as ``build.parts[0].version``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from relman.text import clean_line

_PATH = re.compile(r"(?:[^.\[\]]+|\[\d{1,6}\])(?:\.[^.\[\]]+|\[\d{1,6}\])*")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_LONGEST = 100  # characters


def read_version(where: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The version at ``where``, clean and on one line; None where there is none.

    ``headers`` have their names in lower case. Never raises.
    """
    if where.lower().startswith("header:"):
        return _shown(headers.get(where[len("header:") :].strip().lower()))
    if not _PATH.fullmatch(where):
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for index, name in _STEP.findall(where):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    return _shown(value)


def _shown(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return clean_line(str(value), _LONGEST) or None
    except ValueError:  # a number of thousands of digits is not written out
        return None
