"""``relman graph``: the job graph of a workflow file (no network, no token) or of a run, as JSON or drawn."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from relman.cli.graph_text import count, paths_text, plain_line, text
from relman.cli.output import write_json
from relman.errors import Exit, Kind, Problem, RelmanError
from relman.model.card import Card
from relman.model.cards import draw, file_cards, run_cards
from relman.model.graph import Graph, RunGraph, build, reconcile
from relman.model.run import Job, Run, WorkflowSource
from relman.model.timing import PathTime, RunTime, expectations, time_run
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.model.workflow_reader import Finding, WorkflowError, read_source, read_workflow
from relman.model.yaml_reader import MAX_CHARACTERS
from relman.text import clean_line

SCHEMA = "relman.graph/1"


def workflow_json(file: WorkflowFile, graph: Graph) -> dict[str, Any]:
    """The graph of a file. Names, conditions and the like are exact, ``${{ }}`` included."""
    return {
        "schema": SCHEMA,
        "name": file.name,
        "on": list(file.on),
        "jobs": [_job_json(job, graph.by_key[job.id].level) for job in file.jobs],
        "levels": [list(level) for level in graph.levels],
        "critical_path": list(graph.critical_path()),
    }


def _job_json(job: WorkflowJob, level: int) -> dict[str, Any]:
    matrix: bool | str = job.matrix is not None
    if job.matrix is not None and job.matrix.dynamic:
        matrix = "dynamic"
    return {
        "id": job.id,
        "name": job.display,
        "needs": list(job.needs),
        "level": level,
        "matrix": matrix,
        "uses": job.uses,
        "environment": job.environment.name if job.environment else None,
        "if": job.condition,
    }


def errors_json(error: WorkflowError) -> dict[str, Any]:
    return {"errors": [_finding_json(finding) for finding in error.findings]}


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {"message": clean_line(finding.message), "line": finding.line, "column": finding.column}


def show_file(path: Path, *, as_json: bool) -> int:
    """:func:`show_workflow` on standard output, as wide and as colourful as it can be."""
    out = sys.stdout
    return show_workflow(path, json=as_json, out=out, width=columns(out), colour=has_colour(out))


def show_workflow(
    path: Path, *, json: bool, out: TextIO, width: int | None = None, colour: bool = False
) -> int:
    """Prints the graph of the file at ``path``; returns the exit code.

    Called workflows (``./…``) are read from the repository the file lies in. Raises
    :class:`~relman.errors.RelmanError` when the file itself cannot be read.
    """
    try:
        file = read_workflow(_read(path), provider=_beside(path))
    except WorkflowError as error:
        if json:
            write_json(errors_json(error), out)
        else:
            for finding in error.findings:
                plain_line(out, f"{path}:{finding.line}:{finding.column}: {finding.message}")
        return Exit.FAILED
    graph = build(file)
    if json:
        write_json(workflow_json(file, graph), out)
        return Exit.OK
    plain_line(out, f"{file.name or path.name} · {', '.join(file.on)} · {count(len(file.jobs), 'job')}")
    for job in file.jobs:
        if job.matrix is not None and job.matrix.problem:
            plain_line(out, f"▲ {job.id}: {job.matrix.problem}; GitHub will fail this job")
        if job.callee_reason:
            plain_line(out, f"▲ {job.id}: {job.callee_reason}")
    _draw(graph, file_cards(graph), graph.critical_path(), out, width, colour)
    return Exit.OK


def _draw(
    graph: Graph,
    cards: Mapping[str, Card],
    path: tuple[str, ...],
    out: TextIO,
    width: int | None,
    colour: bool,
) -> None:
    drawing = draw(graph, cards, path=path)
    if width is not None and drawing.width > width:
        # Narrower boxes, but never too narrow to be read: then the drawing is wider than the terminal.
        layers = len(graph.levels)
        drawing = draw(graph, cards, path=path, limit=max(14, (width - 4 * (layers - 1)) // layers))
    for line in text(drawing, colour=colour, encoding=out.encoding, limit=width):
        out.write(line + "\n")
    if width is not None and drawing.width > width:
        plain_line(out, f"▶ cut off at {width} of {drawing.width} columns; through a pipe you get all of it")


def _read(path: Path) -> str:
    """The file's text. What is no UTF-8 is a finding; what cannot be opened an error."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_CHARACTERS + 1)
    except OSError as error:
        title = f"{path}: {error.strerror or 'cannot be read'}"
        raise RelmanError(Problem(Kind.USAGE, title, hint="Give the path of a workflow file.")) from None
    if len(raw) > MAX_CHARACTERS:
        raise WorkflowError((Finding("The file is larger than 1 MB", 1, 1),))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        finding = Finding("The file is not UTF-8 text", before.count(b"\n") + 1, column)
        raise WorkflowError((finding,)) from None


def _beside(path: Path) -> Callable[[str], str | None]:
    """Reads ``./…`` from the root of the repository that holds ``path``, and nothing outside it."""
    root = _root(path.resolve())

    def provide(uses: str) -> str | None:
        if root is None or not uses.startswith("./"):
            return None
        target = (root / uses).resolve()
        if not target.is_relative_to(root):
            return None
        try:
            return _read(target)
        except RelmanError:
            return None

    return provide


def _root(path: Path) -> Path | None:
    for folder in path.parents:
        if (folder / ".git").exists():
            return folder
    # A checkout without its .git: workflows lie in ROOT/.github/workflows.
    if path.parent.name == "workflows" and path.parent.parent.name == ".github":
        return path.parent.parent.parent
    return None


def run_json(run: Run, graph: RunGraph | None, time: RunTime | None, jobs: Iterable[Job]) -> dict[str, Any]:
    """The graph of a run: what a file's has, and state, times and API jobs of each job.

    Without a readable file ``graph`` and ``time`` are None, and every API job is free.
    """
    known = [node for node in graph.graph.nodes if node.job is not None] if graph is not None else []
    placed = {job.id for node in known if graph for job in graph.runs[node.key].jobs}
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "name": run.name,
        "on": list(graph.graph.file.on) if graph is not None else [],
        "run": {
            "id": run.id,
            "number": run.number,
            "attempt": run.attempt,
            "title": clean_line(run.title),
            "event": run.event,
            "branch": run.branch,
            "sha": run.sha,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": run.url,
        },
        "exact": graph is not None and graph.exact,
        "reasons": list(graph.reasons) if graph is not None else ["the workflow file could not be read"],
        "jobs": [],
        "levels": [],
        "critical_path": [],
        "remaining_seconds": time.remaining if time is not None else None,
        "fast_path": _path_json(time.fast) if time is not None else None,
        "full_path": _path_json(time.full) if time is not None else None,
        "free": [_api_job(job) for job in jobs if job.id not in placed],
    }
    if graph is None or time is None:
        return answer
    for node in known:
        assert node.job is not None
        mine, times = graph.runs[node.key], time.nodes[node.key]
        single = mine.jobs[0] if len(mine.jobs) == 1 else None
        answer["jobs"].append(
            {
                **_job_json(node.job, node.level),
                "id": node.key,
                "needs": list(node.needs),
                "state": mine.state.value,
                "status": single.status if single else None,
                "conclusion": single.conclusion if single else None,
                "queue_seconds": times.queue,
                "seconds": times.elapsed,
                "expected_seconds": times.expected,
                "runs": [_api_job(job) for job in mine.jobs],
            }
        )
    shown = {node.key for node in known}
    answer["levels"] = [
        keys for level in graph.graph.levels if (keys := [key for key in level if key in shown])
    ]
    answer["critical_path"] = [key for key in time.critical if key in shown]
    return answer


def _path_json(path: PathTime) -> dict[str, Any]:
    return {
        "wall_seconds": path.wall,
        "total_seconds": path.total,
        "jobs": path.jobs,
        "complete": path.complete,
        "measured_jobs": path.measured,
        "absent_jobs": path.absent,
    }


def _api_job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "attempt": job.attempt,
        "status": job.status,
        "conclusion": job.conclusion,
    }


def show_run(
    run: Run,
    jobs: Iterable[Job],
    source: WorkflowSource | None,
    *,
    now: datetime,
    json: bool,
    out: TextIO,
    history: Iterable[Job] = (),
    width: int | None = None,
    colour: bool = False,
) -> int:
    """Prints the graph of a run from what was fetched already; returns the exit code.

    ``source`` is None where no file could be read; ``history`` are earlier jobs of the same workflow, for
    what is expected.
    """
    jobs = tuple(jobs)
    graph: RunGraph | None = None
    time: RunTime | None = None
    problem = "the workflow file could not be read"
    if source is not None:
        try:
            graph = reconcile(build(read_source(source)), jobs, run.state.finished, source)
            time = time_run(graph, expectations(history), now)
        except WorkflowError as error:
            problem = error.problem.sentence()
    if json:
        write_json(run_json(run, graph, time, jobs), out)
        return Exit.OK
    name, title = clean_line(run.name, 100), clean_line(run.title, 200)
    plain_line(out, f"{run.state.glyph} {name} #{run.number} · {run.word} · {title}")
    if not jobs and run.state.finished:
        plain_line(out, "▲ the run ended without jobs")
        return Exit.OK
    if graph is None or time is None:
        plain_line(out, f"▲ the jobs without their graph: {problem}")
        for job in jobs:
            plain_line(out, f"{job.state.glyph} {job.name} · {job.word}")
        return Exit.OK
    for line in paths_text(time):
        plain_line(out, line)
    _draw(graph.graph, run_cards(graph, time), time.critical, out, width, colour)
    for reason in graph.reasons:
        plain_line(out, f"▲ approximate: {reason}")
    return Exit.OK


def columns(out: TextIO) -> int | None:
    """The width to fit into, on a terminal only: a file or a pipe takes the whole drawing."""
    return shutil.get_terminal_size().columns if out.isatty() else None


def has_colour(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
