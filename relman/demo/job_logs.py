"""A job's log as GitHub stores it: a time on every line, groups, commands in colour, errors marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from relman.demo.chance import dice
from relman.demo.failures import FAILURES, WARNINGS
from relman.demo.job_output import ACTIONS, COMMANDS, ENVIRONMENTS, Scene, output
from relman.demo.job_output_failed import failed_output
from relman.demo.job_tables import BY_ID
from relman.demo.records import JobRecord, RunRecord, StepRecord

_TICKS = 10_000_000
_BOM = b"\xef\xbb\xbf"
_CYAN, _RESET = "\x1b[36;1m", "\x1b[0m"


def write_log(
    job: JobRecord,
    run: RunRecord,
    *,
    failure: str | None,
    warnings: Sequence[str],
    serving: tuple[str, str] | None = None,
    debug: bool = False,
) -> bytes:
    """UTF-8 with a byte order mark, CR-less lines. Empty for a job that never started.

    ``serving``: version and commit that answer in the end, where they are not the run's own. ``debug``:
    with the lines of debug logging.
    """
    version = run.branch.removeprefix("v") if run.ref.startswith("refs/tags/") else f"main-{run.sha[:7]}"
    scene = Scene(
        sha=run.sha,
        branch=run.branch,
        pull_request=run.pull_request,
        version=version,
        serving=serving or (version, run.sha),
        environment=ENVIRONMENTS[BY_ID[run.workflow_id].file],
        rng=dice(job.id, "log"),
    )
    lines: list[str] = []
    last = 0  # in ticks of a ten-millionth of a second since the job began
    for step in job.steps:
        if step.conclusion == "skipped" or step.started_at is None or step.completed_at is None:
            continue
        seconds = int((step.completed_at - step.started_at).total_seconds())
        text = list(_step_lines(job, step, scene, seconds, failure, warnings))
        if debug:
            text = _with_debug(step, text)
        begin = int((step.started_at - job.started_at).total_seconds()) * _TICKS
        span = seconds * _TICKS or _TICKS // 3
        for line, ticks in zip(text, _moments(text, span, scene.rng), strict=True):
            last = max(last + 1, begin + ticks)
            at = job.started_at + timedelta(seconds=last // _TICKS)
            lines.append(f"{at:%Y-%m-%dT%H:%M:%S}.{last % _TICKS:07d}Z {line}\n")
    return _BOM + "".join(lines).encode() if lines else b""


def _with_debug(step: StepRecord, text: list[str]) -> list[str]:
    """What the runner says besides when debug logging is on. The step's heading stays its first line."""
    heading = text.index("##[endgroup]") + 1 if text and text[0].startswith("##[group]") else 1
    before = (
        f"Evaluating condition for step: '{step.name}'",
        "Evaluating: success()",
        "=> true",
        "Result: true",
        f"Starting: {step.name}",
    )
    marked = [f"##[debug]{line}" for line in before]
    # An error is what ends a step, so the last debug line stands before it.
    last = next((n for n, line in enumerate(text) if line.startswith("##[error]")), len(text))
    ending = f"##[debug]Finishing: {step.name}"
    return [*text[:heading], *marked, *text[heading:last], ending, *text[last:]]


def _moments(text: Sequence[str], span: int, rng: Random) -> list[int]:
    """Ticks after the step's beginning: the heading at once, the output over the whole time."""
    heading = text.index("##[endgroup]") + 1 if text and text[0].startswith("##[group]") else 0
    at_once = [200 + 40 * number for number in range(heading)]
    over_time = sorted(int(span * rng.random()) for _ in text[heading:])
    # An error is what ends a step.
    last = [span if line.startswith("##[error]") else 0 for line in text[heading:]]
    return at_once + [max(pair) for pair in zip(over_time, last, strict=True)]


def _step_lines(
    job: JobRecord,
    step: StepRecord,
    scene: Scene,
    seconds: int,
    failure: str | None,
    warnings: Sequence[str],
) -> Iterator[str]:
    if step.name == "Set up job":
        yield from _set_up(job, scene)
        return
    if step.name.startswith("Post ") or step.name in {"Stop containers", "Complete job"}:
        yield from _clean_up(step.name)
        return
    if step.name == "Initialize containers":
        yield from _containers()
        return
    yield from _heading(step.name, scene)
    if step.conclusion == "failure" and failure is not None:
        yield from failed_output(failure, scene, seconds)
        for annotation in FAILURES[failure].annotations:
            if annotation.path == ".github":
                yield f"##[error]{annotation.message}"
        return
    text = list(output(step.name, scene, seconds))
    if step.conclusion == "cancelled":
        yield from text[: len(text) // 2]
        yield "##[error]The operation was canceled."
        return
    yield from text
    last = {"performance-regression": "Compare with the baseline", "dependency-check": "Outdated packages"}
    for name in warnings:
        if step.name == last.get(job.key, "Report coverage"):
            annotation = WARNINGS[name][1]
            yield f"##[{annotation.level}]{annotation.message}"


def _containers() -> Iterator[str]:
    yield "##[group]Checking docker version"
    yield "##[command]/usr/bin/docker version --format '{{.Server.APIVersion}}'"
    yield "##[endgroup]"
    for image in ("redis:7.4-alpine", "qdrant/qdrant:v1.12.1"):
        yield f"##[command]/usr/bin/docker pull {image}"
        yield f"Status: Downloaded newer image for {image}"
    yield "##[group]Waiting for all services to be ready"
    yield "redis service is healthy."
    yield "##[endgroup]"


def _heading(name: str, scene: Scene) -> Iterator[str]:
    if name in ACTIONS:
        action, inputs = ACTIONS[name]
        yield f"##[group]Run {action}"
        if inputs:
            yield "with:"
            yield from (f"  {key}: {value}" for key, value in inputs)
    else:
        commands = COMMANDS[name].split("\n")
        yield f"##[group]Run {commands[0]}"
        yield from (f"{_CYAN}{line}{_RESET}" for line in commands)
        yield "shell: /usr/bin/bash --noprofile --norc -e -o pipefail {0}"
    yield "env:"
    yield from (f"  {key}: {value}" for key, value in scene.environment.items())
    yield "##[endgroup]"


def _set_up(job: JobRecord, scene: Scene) -> Iterator[str]:
    yield "Current runner version: '2.329.0'"
    yield "##[group]Runner Image Provisioner"
    yield "Hosted Compute Agent"
    yield "Version: 20251016.436"
    yield "##[endgroup]"
    yield "##[group]Operating System"
    yield from ("Ubuntu", "24.04.3", "LTS")
    yield "##[endgroup]"
    yield "##[group]GITHUB_TOKEN Permissions"
    yield from ("Contents: read", "Metadata: read")
    yield "##[endgroup]"
    yield "Secret source: Actions"
    yield "Prepare workflow directory"
    yield "Prepare all required actions"
    yield "Getting action download info"
    used = [ACTIONS[step.name][0] for step in job.steps if step.name in ACTIONS]
    for action in dict.fromkeys(used):
        yield f"Download action repository '{action}'"
    yield f"Complete job name: {job.name}"


def _clean_up(name: str) -> Iterator[str]:
    if name == "Complete job":
        yield "Cleaning up orphan processes"
        return
    if name == "Stop containers":
        for image in ("qdrant/qdrant:v1.12.1", "redis:7.4-alpine"):
            yield f"Print service container logs: {image}"
            yield "##[command]/usr/bin/docker rm --force"
        yield "Remove container network"
        return
    yield "Post job cleanup."
    if name == "Post Check out":
        yield "[command]/usr/bin/git version"
        yield "git version 2.51.0"
        yield "[command]/usr/bin/git config --local --unset-all http.https://github.com/.extraheader"
    elif "Python" in name or "baseline" in name:
        yield "Cache hit occurred on the primary key, not saving cache."
