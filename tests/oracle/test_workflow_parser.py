"""Workflow reading against GitHub's own parser (``@actions/workflow-parser``), which nobody here wrote.

Needs npm and a registry; without them the test is skipped, or fails where ``RELMAN_REQUIRE_ORACLES`` is 1.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import relman.kit
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import WorkflowError, read_workflow

PARSER = "@actions/workflow-parser@0.3.61"
BUNDLER = "esbuild@0.28.2"
SCRIPT = """\
import {parseWorkflow, convertWorkflowTemplate} from "@actions/workflow-parser";
import fs from "fs";
const trace = {verbose() {}, info() {}, error() {}};
async function main() {
  const answers = [];
  for (const content of JSON.parse(fs.readFileSync(0, "utf8"))) {
    const parsed = parseWorkflow({name: "w.yml", content}, trace);
    const template = parsed.value
      ? await convertWorkflowTemplate(parsed.context, parsed.value, undefined, {errorPolicy: 1})
      : {};
    answers.push({
      errors: parsed.context.errors.getErrors().map(e => ({message: e.rawMessage ?? e.message, at: e.range?.start})),
      on: Object.keys(template.events ?? {}),
      jobs: (template.jobs ?? []).map(job => [job.id.value, (job.needs ?? []).map(need => need.value)]),
    });
  }
  console.log(JSON.stringify(answers));
}
main();
"""
KIT = sorted((Path(relman.kit.__file__).parent / "workflows").glob("*.yml"))
EXAMPLE = """\
name: Example
on: {push: {branches: main}, workflow_dispatch: {inputs: {env: {type: choice, options: [a, b]}}}}
concurrency: {group: g, cancel-in-progress: true}
jobs:
  lint: {runs-on: u, steps: &steps [{run: true}, {uses: actions/checkout@v4, with: {a: 1}}]}
  test:
    name: Test ${{ matrix.os }}
    needs: lint
    runs-on: ${{ matrix.os }}
    strategy: {fail-fast: false, matrix: {os: [a, b], include: [{os: a, x: 1}], exclude: [{os: b}]}}
    steps: *steps
  call: {needs: [lint, test], uses: ./.github/workflows/call.yml, with: {a: b}, secrets: inherit}
  deploy:
    needs: call
    if: ${{ !cancelled() && github.ref == 'refs/heads/main' }}
    environment: {name: production, url: "https://${{ vars.HOST }}"}
    runs-on: {group: big}
    continue-on-error: ${{ github.event_name == 'push' }}
    timeout-minutes: 30
    services: {redis: {image: redis, ports: ['1:1']}}
    steps: [{run: a, id: x, if: always()}, {run: b}]
"""


def absent(reason: str) -> None:
    if os.environ.get("RELMAN_REQUIRE_ORACLES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        absent("npm is not installed")
    folder = tmp_path_factory.mktemp("parser")
    (folder / "package.json").write_text("{}")
    (folder / "read.mjs").write_text(SCRIPT)
    try:
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", PARSER, BUNDLER]
        subprocess.run(install, cwd=folder, check=True, timeout=300, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        absent(f"npm could not install GitHub's parser: {error}")
    bundle = ["read.mjs", "--bundle", "--platform=node", "--format=cjs", "--outfile=read.cjs"]
    subprocess.run(
        [str(folder / "node_modules" / ".bin" / "esbuild"), *bundle],
        cwd=folder,
        check=True,
        timeout=120,
        capture_output=True,
    )
    return folder / "read.cjs"


def ask(parser: Path, texts: list[str]) -> list[dict[str, Any]]:
    answer = subprocess.run(
        ["node", str(parser)], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=300
    )
    return json.loads(answer.stdout)  # type: ignore[no-any-return]


def mine(text: str) -> WorkflowFile | WorkflowError:
    try:
        return read_workflow(text)
    except WorkflowError as error:
        return error


# Where this reader is stricter or more lenient on purpose.
def differs_on_purpose(theirs: dict[str, Any], ours: WorkflowFile | WorkflowError) -> bool:
    said = [error["message"] for error in theirs["errors"]]
    if isinstance(ours, WorkflowError):
        # The service refuses these; the editor's parser leaves them to it.
        return any("workflow reference" in finding.message for finding in ours.findings)
    # The schema lets an expression stand for a mapping; the parser stumbles over it later.
    return all("BasicExpressionToken" in message for message in said)


def compare(parser: Path, texts: list[str]) -> tuple[int, int]:
    """How many texts were refused and how many read; asserts that both agree about each."""
    refused = read = 0
    for text, theirs in zip(texts, ask(parser, texts), strict=True):
        ours = mine(text)
        if bool(theirs["errors"]) != isinstance(ours, WorkflowError):
            assert differs_on_purpose(theirs, ours), (text, theirs["errors"], ours)
        elif isinstance(ours, WorkflowError):
            refused += 1
            first = ours.findings[0]
            # YAML's own errors are reported where each library notices them.
            if "YAML" in first.message or "alias" in first.message or "tag" in first.message:
                continue
            if any("workflow reference" in finding.message for finding in ours.findings):
                continue
            lines = {error["at"]["line"] for error in theirs["errors"] if error["at"]}
            multiline = "expression" in first.message and first.line + 1 in lines
            assert first.line in lines or multiline, (text, theirs["errors"], ours.findings)
        else:
            read += 1
            assert list(ours.on) == theirs["on"], text
            assert [[job.id, list(job.needs)] for job in ours.jobs] == theirs["jobs"], text
    return refused, read


def test_the_kit_and_an_example(parser: Path) -> None:
    texts = [path.read_text() for path in KIT] + [EXAMPLE]
    assert compare(parser, texts) == (0, len(texts))


VALUES = [
    "yes",
    "[a, b]",
    "{a: b}",
    "~",
    "10",
    '"${{ github.foo }}"',
    "${{ matrix.x }}",
    "${{ bad",
    "main",
    "1.50",
    '""',
]
KEYS = [
    "needs",
    "uses",
    "runs-on",
    "name",
    "if",
    "strategy",
    "foo",
    "with",
    "env",
    "steps",
    "on",
    "environment",
]


def spoilt(dice: random.Random, text: str) -> str:
    """``text`` with one or two lines changed: lost, doubled, indented, renamed, given another value."""
    lines = text.split("\n")
    for _ in range(dice.choice([1, 1, 2])):
        at = dice.randrange(len(lines))
        line = lines[at]
        kind = dice.randrange(6)
        if kind == 0:
            lines[at] = ""
        elif kind == 1:
            lines.insert(at, dice.choice(lines))
        elif kind == 2:
            lines[at] = line.removeprefix("  ") if dice.random() < 0.5 else "  " + line
        elif kind == 3 and ":" in line:
            lines[at] = f"{line.split(':', 1)[0]}: {dice.choice(VALUES)}"
        elif kind == 4 and ":" in line:
            key, rest = line.split(":", 1)
            lines[at] = f"{key[: len(key) - len(key.lstrip())]}{dice.choice(KEYS)}:{rest}"
        else:
            lines[at] = line.replace("- ", "", 1)
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_spoilt_files_are_refused_and_read_alike(parser: Path, seed: int) -> None:
    dice = random.Random(seed)
    originals = [path.read_text() for path in KIT] + [EXAMPLE] * 4
    refused, read = compare(parser, [spoilt(dice, dice.choice(originals)) for _ in range(300)])
    assert refused > 50 and read > 50
