from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile import HOSTILE, UNSAFE
from msgspec.structs import replace
from timed_jobs import NOW, job

import relman.cli.graph
from relman.cli.graph import show_run, show_workflow
from relman.errors import Exit, Kind, RelmanError
from relman.model.run import Job, Run, WorkflowSource

SCHEMA = json.loads((Path(relman.cli.graph.__file__).parent / "schemas" / "graph.json").read_text())

CI = """\
name: CI
on:
  push:
    branches: [main]
  pull_request:
jobs:
  lint:
    name: Lint ${{ github.ref_name }}
    runs-on: ubuntu-latest
  test:
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [a, b]}}
  dynamic:
    runs-on: x
    needs: LINT
    strategy: {matrix: "${{ fromJSON(needs.lint.outputs.m) }}"}
  call:
    needs: [test, lint]
    uses: ./.github/workflows/call.yml
  deploy:
    needs: call
    if: github.ref == 'refs/heads/main'
    environment: {name: production, url: https://example.com}
    runs-on: x
"""


class Out(io.StringIO):
    encoding = "utf-8"


def show(path: Path, *, as_json: bool = True) -> tuple[int, str]:
    out = Out()
    code = show_workflow(path, json=as_json, out=out)
    return code, out.getvalue()


def answer_of(text: str) -> Any:
    answer = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer)
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    return workflows


def write(folder: Path, text: str | bytes, name: str = "ci.yml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_as_json(folder: Path) -> None:
    code, text = show(write(folder, CI))
    answer = answer_of(text)
    assert code == Exit.OK
    assert answer["schema"] == "relman.graph/1"
    assert (answer["name"], answer["on"]) == ("CI", ["push", "pull_request"])
    assert answer["jobs"][0] == {
        "id": "lint",
        "name": "Lint ${{ github.ref_name }}",
        "needs": [],
        "level": 0,
        "matrix": False,
        "uses": None,
        "environment": None,
        "if": None,
    }
    jobs = {one["id"]: one for one in answer["jobs"]}
    assert list(jobs) == ["lint", "test", "dynamic", "call", "deploy"]
    assert [one["matrix"] for one in answer["jobs"]] == [False, True, "dynamic", False, False]
    assert jobs["dynamic"]["needs"] == ["lint"]
    assert jobs["call"]["uses"] == "./.github/workflows/call.yml"
    assert jobs["deploy"]["environment"] == "production"
    assert jobs["deploy"]["if"] == "github.ref == 'refs/heads/main'"
    assert answer["levels"] == [["lint", "test"], ["dynamic", "call"], ["deploy"]]
    assert answer["critical_path"] == ["lint", "call", "deploy"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("on: push\njobs:\n  a: {runs-on: u}\n  b: {runs-on: u, needs: [a, c]}\n", [(4, 30)]),
        ("on: push\njobs: {a: {runs-on: u}\n", [(3, 1)]),
        ("", [(1, 1)]),
        (b"on: push\nname: \xff\n", [(2, 7)]),
        ("on: push\nname: a\x1b[31mb\n", [(2, 8)]),
        (b"x" * (1024 * 1024 + 1), [(1, 1)]),
    ],
)
def test_a_refused_file(folder: Path, text: str | bytes, places: list[tuple[int, int]]) -> None:
    path = write(folder, text)
    code, shown = show(path)
    assert code == Exit.FAILED
    errors = answer_of(shown)["errors"]
    assert [(error["line"], error["column"]) for error in errors] == places
    code, shown = show(path, as_json=False)
    assert code == Exit.FAILED
    assert shown.startswith(f"{path}:{places[0][0]}:{places[0][1]}: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.yml", tmp_path):
        with pytest.raises(RelmanError) as caught:
            show(path)
        assert caught.value.problem.kind is Kind.USAGE


def test_as_text(folder: Path) -> None:
    write(folder, "on: workflow_call\njobs: {inner: {runs-on: u}}", "call.yml")
    code, text = show(write(folder, CI), as_json=False)
    first, *rest = text.splitlines()
    assert code == Exit.OK and first == "CI · push, pull_request · 5 jobs"
    assert not any("▲" in line for line in rest)
    assert any("deploy" in line for line in rest) and any("→ production" in line for line in rest)


def test_a_call_that_cannot_be_read_is_said(folder: Path) -> None:
    _, text = show(write(folder, CI), as_json=False)
    assert "▲ call: ./.github/workflows/call.yml could not be read" in text


def test_calls_are_not_read_outside_the_repository(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.yml"
    outside.write_text("on: workflow_call\njobs: {inner: {runs-on: u}}")
    uses = f"./../{outside.name}"
    _, text = show(write(folder, f"on: push\njobs: {{a: {{uses: {uses}}}}}"), as_json=False)
    assert "could not be read" in text


def test_a_narrow_terminal_gets_narrow_boxes(folder: Path) -> None:
    long = "n" * 60
    path = write(
        folder,
        f"on: push\njobs:\n  a: {{runs-on: u, name: {long}}}\n  b: {{runs-on: u, needs: a, name: {long}}}\n",
    )
    out = Out()
    show_workflow(path, json=False, out=out, width=50)
    assert max(map(len, out.getvalue().splitlines())) <= 50


def test_what_is_wider_than_the_terminal_is_cut_and_said(folder: Path) -> None:
    jobs = "".join(f"  j{n}: {{runs-on: u{f', needs: j{n - 1}' if n else ''}}}\n" for n in range(12))
    out = Out()
    show_workflow(write(folder, f"on: push\njobs:\n{jobs}"), json=False, out=out, width=60, colour=True)
    *drawn, hint = re.sub(r"\x1b\[\d*m", "", out.getvalue()).splitlines()
    assert max(map(len, drawn)) == 60 and "cut off at 60" in hint


def test_where_nothing_but_ascii_can_be_shown(folder: Path) -> None:
    class Ascii(Out):
        encoding = "ascii"

    out = Ascii()
    show_workflow(write(folder, CI), json=False, out=out)
    assert out.getvalue().isascii() and "+---" in out.getvalue()


def test_hostile_names_reach_no_terminal_raw(folder: Path) -> None:
    name = '"' + "".join(f"\\U{ord(character):08x}" for character in HOSTILE) + '"'
    path = write(folder, f"name: {name}\non: push\njobs: {{a: {{runs-on: u, name: {name}}}}}")
    for as_json in (True, False):
        code, text = show(path, as_json=as_json)
        assert code == Exit.OK and "markup" in text
        assert not UNSAFE.search(text)


RUN = Run(
    id=7,
    name="CI",
    title="fix: \x1b[31mred",
    number=12,
    attempt=1,
    event="push",
    status="in_progress",
    conclusion=None,
    branch="main",
    sha="0" * 40,
    workflow_id=1,
    path=".github/workflows/ci.yml",
)
JOBS = [
    job("Lint main", "success", 0, 5, 65),
    job("test (a)", "success", 0, 5, 100),
    job("test (b)", "in_progress", 0, 5),
    job("ghost", "failure", 0, 5, 6),
]


def show_jobs(source: WorkflowSource | None, jobs: list[Job], *, as_json: bool = True) -> str:
    out = Out()
    history = [job("test (b)", "success", -900, -900, -600)]
    code = show_run(RUN, jobs, source, now=NOW, json=as_json, out=out, history=history, colour=not as_json)
    assert code == Exit.OK
    return out.getvalue()


def test_a_run_as_json() -> None:
    answer = answer_of(show_jobs(WorkflowSource("ci.yml", "x", CI), JOBS))
    jobs = {one["id"]: one for one in answer["jobs"]}
    assert jobs["lint"]["state"] == "success" and jobs["lint"]["seconds"] == 60
    assert jobs["lint"]["queue_seconds"] == 5 and jobs["lint"]["conclusion"] == "success"
    assert [one["name"] for one in jobs["test"]["runs"]] == ["test (a)", "test (b)"]
    assert jobs["test"]["state"] == "running" and jobs["test"]["expected_seconds"] == 300
    assert jobs["deploy"]["state"] == "not created yet" and jobs["deploy"]["runs"] == []
    assert [one["name"] for one in answer["free"]] == ["ghost"]
    assert answer["exact"] is False and answer["run"]["title"] == "fix: red"
    assert answer["levels"] == [["lint", "test"], ["dynamic", "call"], ["deploy"]]


def test_a_run_without_a_file() -> None:
    for source in (None, WorkflowSource("ci.yml", "x", "{")):
        answer = answer_of(show_jobs(source, JOBS))
        assert answer["jobs"] == [] and len(answer["free"]) == len(JOBS)
        assert "ghost" in show_jobs(source, JOBS, as_json=False)


def test_a_run_as_text() -> None:
    text = show_jobs(
        WorkflowSource("ci.yml", "x", CI, exact=False, reason="the file may be another"), JOBS, as_json=False
    )
    assert text.startswith("◐ CI #12 · running · fix: red\n")
    assert "fast path:" in text and "full path:" in text
    assert "\x1b[32m✓\x1b[0m" in text
    assert "▲ approximate: the file may be another" in text


def test_a_run_that_ended_without_jobs_promises_none() -> None:
    out = Out()
    source = WorkflowSource(RUN.path, RUN.sha, CI)
    over = replace(RUN, status="completed", conclusion="failure")
    assert show_run(over, (), source, now=NOW, json=False, out=out) == Exit.OK
    assert out.getvalue().splitlines()[1:] == ["▲ the run ended without jobs"]
