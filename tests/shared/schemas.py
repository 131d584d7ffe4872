"""Holds an answer to the schema that is shipped for it."""

import json
from pathlib import Path
from typing import Any

import jsonschema

import relman.cli.output

SCHEMAS = Path(relman.cli.output.__file__).parent / "schemas"


def validate(answer: Any) -> None:
    """Fails when the answer is not what its schema says, or when it names none."""
    name = answer["schema"].removeprefix("relman.").partition("/")[0]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    assert schema["$id"] == answer["schema"]
    jsonschema.Draft202012Validator(schema).validate(answer)
