"""Forms from workflow files as people write them, and hostile ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import relman.kit
from relman.errors import Exit, RelmanError
from relman.model.dispatch_inputs import (
    MOST,
    Field,
    fields_of,
    fill,
    problem_of,
    shown,
    typed,
    usage_problem,
    words_of,
)
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import read_workflow

KIT = Path(relman.kit.__file__).parent / "workflows"
JOBS = "jobs:\n  a:\n    runs-on: x\n    steps: []\n"


def file(inputs: str) -> WorkflowFile:
    return read_workflow(f"on:\n  workflow_dispatch:\n    inputs:\n{inputs}{JOBS}", accepted=True)


def test_the_kit() -> None:
    where, version = fields_of(read_workflow((KIT / "cd.yml").read_text(encoding="utf-8")))
    assert (where.kind, where.required, where.default, where.options) == (
        "choice", True, "staging", ("staging", "production"),
    )  # fmt: skip
    assert (version.kind, version.required, version.initial) == ("string", False, "")
    assert fields_of(read_workflow((KIT / "scheduled.yml").read_text(encoding="utf-8"))) == ()


EVERY = file("""
      level: {description: 'How loud', type: choice, options: [info, 1, true], required: true}
      dry: {type: boolean, default: true}
      plain:
      many: {type: number, default: 3.10}
      where: {type: environment, required: true}
      odd: {type: colour, default: blue}
      text:
        default: "a\\nb"
        description: |
          two
          lines
""")


def test_every_type() -> None:
    fields = {field.name: field for field in fields_of(EVERY, ["staging", "production"])}
    assert fields["level"].options == ("info", "1", "true") and fields["level"].initial == "info"
    assert fields["dry"].initial == "true"
    assert (fields["plain"].kind, fields["plain"].initial) == ("string", "")
    assert fields["many"].default == "3.1"  # as YAML has it
    assert fields["where"].options == ("staging", "production")
    assert (fields["odd"].kind, fields["odd"].said) == ("string", "colour")


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("level", "info", True), ("level", "INFO", False), ("level", "", False),
        ("dry", "TRUE", True), ("dry", "yes", False), ("dry", "", True),
        ("many", "-1.5e3", True), ("many", "3,1", False), ("many", "0x10", False), ("many", "\u0663", False),
        ("where", "production", True), ("where", "prod", False), ("where", "", False),
        ("odd", "anything", True), ("plain", "", True),
    ],
)  # fmt: skip
def test_values(name: str, value: str, right: bool) -> None:
    fields = fields_of(EVERY, ["staging", "production"])
    field = next(field for field in fields if field.name == name)
    assert (problem_of(field, value) == "") is right
    filled = fill(fields, {"level": "info", "where": "staging", name: value})
    assert (filled.wrong == {}) is right


def test_names_without_case_and_the_nearest_one() -> None:
    fields = fields_of(EVERY, ["staging"])
    filled = fill(fields, {"LEVEL": "info", "wher": "staging"})
    assert filled.values == {"level": "info"}
    assert filled.wrong == {"wher": "is no input; where is", "where": "is required"}
    problem = usage_problem("x.yml", fields, filled)
    assert problem is not None and problem.exit_code is Exit.USAGE
    assert "level (info, 1 or true, required)" in problem.hint
    assert usage_problem("x.yml", fields, fill(fields, {"level": "1", "where": "staging"})) is None


def test_what_the_run_will_see() -> None:
    fields = fields_of(EVERY, ["staging"])
    seen = typed(fields, {"level": "info", "where": "staging", "dry": "false"})
    assert seen["dry"] is False and seen["many"] == 3.1 and seen["odd"] == "blue" and seen["plain"] == ""


def test_no_more_than_github_takes() -> None:
    many = [Field(f"i{number}") for number in range(MOST + 1)]
    assert "" in fill(many, {field.name: "x" for field in many}).wrong
    assert fill(many, {field.name: "x" for field in many[:MOST]}).wrong == {}
    assert "" in fill(many, {"i0": "x" * 70_000}).wrong


@pytest.mark.parametrize(
    "inputs",
    [
        "      \"\\e]0;x\\a\": {description: \"\\e[31mred\\e[0m\\u202e\"}\n",
        "      a: &a {default: x}\n      b: *a\n",
        "      yes: {type: boolean, default: on}\n",
        "      a: {options: [1, 2, 3], type: choice, default: 9}\n",
        "      a: {type: choice}\n",
        "      a: {required: 'true', default: null}\n",
    ],
)  # fmt: skip
def test_strange_files(inputs: str) -> None:
    try:
        fields = fields_of(file(inputs))
    except RelmanError as refused:  # GitHub refuses it, too
        assert refused.problem.title
        return
    for field in fields:
        assert "\x1b" not in field.description and "\u202e" not in field.description
        assert "\x1b" not in words_of(field)
        fill(fields, {field.name: field.initial})


SCALARS = st.one_of(st.text(max_size=12), st.booleans(), st.integers(-99, 99), st.none())
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "choice", "boolean", "number", "environment", "x"]),
        "required": SCALARS,
        "default": SCALARS,
        "description": SCALARS,
        "options": st.lists(SCALARS, max_size=4),
    },
)


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,8}", fullmatch=True), SHAPES, max_size=6))
def test_any_shape_is_a_form_or_a_finding(inputs: dict[str, object]) -> None:
    import yaml

    text = yaml.safe_dump({"on": {"workflow_dispatch": {"inputs": inputs}}}, allow_unicode=True).replace(
        "'on':", "on:"
    )
    try:
        fields = fields_of(read_workflow(text + JOBS))
    except RelmanError:
        return
    assert len(fields) == len(inputs)
    filled = fill(fields, {field.name: field.initial for field in fields})
    assert set(filled.values) <= {field.name for field in fields}
    assert set(typed(fields, filled.values)) == {field.name for field in fields}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5))
def test_whatever_is_given_only_right_values_pass(given_: dict[str, str]) -> None:
    fields = fields_of(EVERY, ["staging"])
    filled = fill(fields, given_)
    if not filled.wrong:
        for field in fields:
            assert problem_of(field, filled.values.get(field.name, field.initial or "staging")) == ""


@pytest.mark.parametrize(
    ("name", "kind", "masked"),
    [("API_TOKEN", "string", True), ("dbPassword", "string", True), ("client-secret", "string", True),
     ("ssh_key", "string", True), ("apiKey", "string", True), ("credentials", "string", True),
     ("auth", "string", True), ("author", "string", False), ("version", "string", False),
     ("use_token", "boolean", False), ("key", "choice", False), ("token_number", "number", True)],
)  # fmt: skip
def test_what_is_named_like_a_secret_is_shown_masked(name: str, kind: str, masked: bool) -> None:
    fields = (Field(name, kind), Field("other"))
    assert shown(fields, {name: "hunter2", "other": "x"}) == {
        name: "•••" if masked else "hunter2",
        "other": "x",
    }
    assert shown(fields, {name: ""}) == {name: ""}
