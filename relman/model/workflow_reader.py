"""Reads a workflow file's text.

:func:`read_workflow` refuses what GitHub refuses and says every reason with line and column. Free text is not
cleaned here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from relman.errors import Kind, Problem, RelmanError
from relman.model.expression import has_expression
from relman.model.matrix import DYNAMIC, Matrix
from relman.model.matrix_reader import read_matrix
from relman.model.run import WorkflowSource
from relman.model.workflow import Concurrency, Environment, Input, WorkflowFile, WorkflowJob
from relman.model.workflow_schema import findings
from relman.model.yaml_reader import Finding, Mapping, Node, Scalar, Sequence, YamlError, compose, plain_text

__all__ = ["Finding", "WorkflowError", "read_source", "read_workflow"]

Provider = Callable[[str], str | None]
"""Gives the text of a called workflow by its path (``./…`` or ``owner/repo/path@ref``), or None."""

MAX_CALL_DEPTH = 20  # more than GitHub has ever allowed: the guard is ours, the limit GitHub's
MAX_CALLS = 200


class WorkflowError(RelmanError):
    """GitHub would refuse the file; ``findings`` are all the reasons, in the order of the file."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(
            Problem(
                Kind.INVALID,
                "GitHub would refuse this workflow file",
                f"line {first.line}, column {first.column}: {first.message}{more}",
                "Correct the file and look again",
            )
        )
        self.findings = findings


def read_workflow(text: str, *, provider: Provider | None = None, accepted: bool = False) -> WorkflowFile:
    """Reads a workflow file and, through ``provider``, the files it calls.

    ``accepted`` says that GitHub has run this file: keys, events and functions this version does not know
    are then passed over. Raises :class:`WorkflowError` for what GitHub refuses.
    """
    return _Reader(provider, accepted).read(text, "", ())


def read_source(source: WorkflowSource) -> WorkflowFile:
    """The file of a run, with the files it calls. Raises :class:`WorkflowError`."""
    return _read(source.text, source.callees)


@lru_cache(maxsize=16)  # most runs of a workflow have the same file
def _read(text: str, callees: tuple[tuple[str, str], ...]) -> WorkflowFile:
    return read_workflow(text, provider=dict(callees).get, accepted=True)


class _Reader:
    """One file and, behind it, those it calls; counts them all so that no set of files runs away."""

    def __init__(self, provider: Provider | None, accepted: bool) -> None:
        self._provider = provider
        self._accepted = accepted
        self._files: dict[str, WorkflowFile | str] = {}

    def read(self, text: str, path: str, callers: tuple[str, ...]) -> WorkflowFile:
        try:
            root = compose(text)
        except YamlError as error:
            raise WorkflowError((error.finding,)) from None
        if root is None:
            raise WorkflowError((Finding("The file is empty", 1, 1),))
        found = findings(root, accepted=self._accepted)
        jobs = root.get("jobs") if isinstance(root, Mapping) else None
        if isinstance(jobs, Mapping):
            found.extend(_check_jobs(jobs))
        if found:
            raise WorkflowError(tuple(sorted(set(found), key=lambda finding: (finding.line, finding.column))))
        assert isinstance(root, Mapping)
        assert isinstance(jobs, Mapping)
        return _file(root, jobs, partial(self.callee, path=path, callers=callers))

    def callee(self, uses: str, *, path: str, callers: tuple[str, ...]) -> tuple[WorkflowFile | None, str]:
        """The called file, or None and the reason in words."""
        target = _absolute(uses, path)
        if self._provider is None:
            return None, "called workflows were not looked for"
        if target in callers or target == path:
            return None, f"{target} calls itself"
        if len(callers) >= MAX_CALL_DEPTH:
            return None, f"calls are nested deeper than {MAX_CALL_DEPTH} levels"
        known = self._files.get(target)
        if known is None:
            if len(self._files) >= MAX_CALLS:
                return None, f"more than {MAX_CALLS} called workflows"
            known = self._read_callee(target, callers)
            self._files[target] = known
        return (None, known) if isinstance(known, str) else (known, "")

    def _read_callee(self, target: str, callers: tuple[str, ...]) -> WorkflowFile | str:
        assert self._provider is not None
        text = self._provider(target)
        if text is None:
            return f"{target} could not be read"
        try:
            file = self.read(text, target, (*callers, target))
        except WorkflowError as error:
            first = error.findings[0]
            return f"{target}, line {first.line}: {first.message}"
        return file if "workflow_call" in file.on else f"{target} is not made to be called (no workflow_call)"


def _absolute(uses: str, caller: str) -> str:
    """``./path`` in a file of another repository means that repository at the same commit."""
    path = "./" + uses[2:] if uses.startswith("$/") else uses
    if path.startswith("./") and "@" in caller and not caller.startswith("./"):
        owner, repository, *_ = caller.split("/")
        return f"{owner}/{repository}/{path[2:]}@{caller.rsplit('@', 1)[1]}"
    return path


_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,98}", re.ASCII)


def _check_jobs(jobs: Mapping) -> Iterator[Finding]:
    """Ids and needs. Ids are compared without case, as GitHub does."""
    declared: dict[str, tuple[str, Node]] = {}
    for key, value in jobs.pairs:
        if not _ID.fullmatch(key.text):
            yield Finding(
                f"The identifier '{key.text[:100]}' is invalid. IDs may only contain alphanumeric characters, "
                "'_', and '-'. IDs must start with a letter or '_' and must be less than 100 characters.",
                key.line,
                key.column,
            )
        elif key.text.startswith("__"):
            yield Finding(
                f"The identifier '{key.text}' is invalid. IDs starting with '__' are reserved.",
                key.line,
                key.column,
            )
        declared.setdefault(key.text.lower(), (key.text, value))
        if isinstance(value, Mapping):
            yield from _check_call(value)
            yield from _check_steps(value.get("steps"))
    if not declared:
        yield Finding(
            "The workflow must contain at least one job with no dependencies.", jobs.line, jobs.column
        )
        return
    needs = {job: _needs(value) for job, (_, value) in declared.items()}
    if all(needs.values()):
        yield Finding(
            "The workflow must contain at least one job with no dependencies.", jobs.line, jobs.column
        )
    edges = {job: {need.text.lower() for need in wanted} & declared.keys() for job, wanted in needs.items()}
    circle = _circles(edges)
    for job, wanted in needs.items():
        name = declared[job][0]
        for need in wanted:
            target = need.text.lower()
            if target not in declared:
                message = f"Job '{name}' depends on unknown job '{need.text}'."
            elif circle.get(job) is not None and circle.get(job) == circle.get(target):
                message = (
                    f"Job '{name}' depends on job '{need.text}' which creates a cycle in the dependency graph."
                )
            else:
                continue
            yield Finding(message, need.line, need.column)


def _needs(job: Node) -> list[Scalar]:
    value = job.get("needs") if isinstance(job, Mapping) else None
    items = value.items if isinstance(value, Sequence) else [value]
    return [item for item in items if isinstance(item, Scalar) and item.text]


def _circles(edges: dict[str, set[str]]) -> dict[str, int]:
    """The jobs that lie on a cycle, each with the number of its strongly connected component."""
    reverse: dict[str, list[str]] = {job: [] for job in edges}
    waiting = {job: len(needs) for job, needs in edges.items()}
    for job, needs in edges.items():
        for need in needs:
            reverse[need].append(job)
    # Peel off what has a beginning, then what leads nowhere: only cycles and paths between them remain.
    ready = [job for job, count in waiting.items() if not count]
    while ready:
        for after in reverse[ready.pop()]:
            waiting[after] -= 1
            if not waiting[after]:
                ready.append(after)
    rest = [job for job in edges if waiting[job]]
    component: dict[str, int] = {}
    for number, job in enumerate(rest):
        if job not in component:
            both = _reached(job, edges) & _reached(job, reverse)
            component.update(dict.fromkeys(both, number))
    return component


def _reached(start: str, edges: dict[str, set[str]] | dict[str, list[str]]) -> set[str]:
    """What can be reached from ``start`` in one step or more."""
    reached: set[str] = set()
    todo = [start]
    while todo:
        for job in edges[todo.pop()]:
            if job not in reached:
                reached.add(job)
                todo.append(job)
    return reached


_REMOTE = re.compile(r"[^/@]+/[^/@]+/[^@]+@.+")


def _check_call(job: Mapping) -> Iterator[Finding]:
    uses = job.get("uses")
    if not isinstance(uses, Scalar) or not uses.text or has_expression(uses.text):
        return
    if uses.text.startswith(("./", "$/")):
        if "@" in uses.text:
            message = "invalid value workflow reference: cannot specify version when calling local workflows"
            yield Finding(message, uses.line, uses.column)
    elif "@" not in uses.text:
        yield Finding("invalid value workflow reference: no version specified", uses.line, uses.column)
    elif not _REMOTE.fullmatch(uses.text):
        message = "invalid value workflow reference: expected owner/repository/path/to/file.yml@ref"
        yield Finding(message, uses.line, uses.column)


def _check_steps(steps: Node | None) -> Iterator[Finding]:
    seen: set[str] = set()
    for step in steps.items if isinstance(steps, Sequence) else ():
        named = step.get("id") if isinstance(step, Mapping) else None
        if not isinstance(named, Scalar) or not named.text:
            continue
        if not _ID.fullmatch(named.text) or named.text.startswith("__"):
            yield Finding(f"The identifier '{named.text[:100]}' is invalid.", named.line, named.column)
        elif named.text.lower() in seen:
            message = f"The identifier '{named.text}' may not be used more than once within the same scope."
            yield Finding(message, named.line, named.column)
        seen.add(named.text.lower())


_Callee = Callable[[str], tuple[WorkflowFile | None, str]]


def _file(root: Mapping, jobs: Mapping, callee: _Callee) -> WorkflowFile:
    ids = {key.text.lower(): key.text for key, _ in jobs.pairs}
    on = root.get("on")
    return WorkflowFile(
        name=_text(root.get("name")) or None,
        on=_events(on),
        jobs=tuple(_job(key, value, ids, callee) for key, value in jobs.pairs if isinstance(value, Mapping)),
        run_name=_text(root.get("run-name")) or None,
        concurrency=_concurrency(root.get("concurrency")),
        inputs=_inputs(on),
    )


def _events(on: Node | None) -> tuple[str, ...]:
    if isinstance(on, Mapping):
        names = [key.text for key, _ in on.pairs]
    elif isinstance(on, Sequence):
        names = [item.text for item in on.items if isinstance(item, Scalar)]
    else:
        names = [_text(on)]
    return tuple(dict.fromkeys(names))


def _inputs(on: Node | None) -> tuple[Input, ...]:
    dispatch = on.get("workflow_dispatch") if isinstance(on, Mapping) else None
    inputs = dispatch.get("inputs") if isinstance(dispatch, Mapping) else None
    return tuple(_input(key.text, value) for key, value in inputs.pairs) if isinstance(inputs, Mapping) else ()


def _input(name: str, node: Node) -> Input:
    if not isinstance(node, Mapping):
        return Input(name)
    return Input(
        name,
        _text(node.get("type")) or "string",
        _text(node.get("required")) == "true",
        _text(node.get("default")),
        _texts(node.get("options")),
        _text(node.get("description")),
    )


def _job(key: Scalar, node: Mapping, ids: dict[str, str], callee: _Callee) -> WorkflowJob:
    at = {name.text: value for name, value in node.pairs}
    uses = _text(at.get("uses")) or None
    called, reason = callee(uses) if uses else (None, "")
    strategy = at.get("strategy")
    matrix: Matrix | None = None
    options: dict[str, Node] = {}
    if isinstance(strategy, Mapping):
        options = {name.text: value for name, value in strategy.pairs}
        if "matrix" in options:
            matrix = read_matrix(options["matrix"])
    elif strategy is not None:
        matrix = DYNAMIC
    steps = at.get("steps")
    return WorkflowJob(
        id=key.text,
        line=key.line,
        column=key.column,
        name=_text(at.get("name")) or None,
        needs=tuple(dict.fromkeys(ids[need.text.lower()] for need in _needs(node))),
        condition=_text(at.get("if")).strip() or None,
        matrix=matrix,
        fail_fast=_text(options.get("fail-fast")) or "true",
        max_parallel=_text(options.get("max-parallel")) or None,
        runs_on=_labels(at.get("runs-on")),
        uses=uses,
        callee=called,
        callee_reason=reason,
        environment=_environment(at.get("environment")),
        concurrency=_concurrency(at.get("concurrency")),
        continue_on_error=_text(at.get("continue-on-error")) or "false",
        timeout=_text(at.get("timeout-minutes")) or None,
        steps=tuple(_step(step) for step in steps.items) if isinstance(steps, Sequence) else (),
    )


def _environment(node: Node | None) -> Environment | None:
    if isinstance(node, Mapping):
        deployment = _text(node.get("deployment")) != "false"
        return Environment(_text(node.get("name")), _text(node.get("url")) or None, deployment)
    name = _text(node)
    return Environment(name) if name else None


def _concurrency(node: Node | None) -> Concurrency | None:
    if isinstance(node, Mapping):
        return Concurrency(
            _text(node.get("group")),
            _text(node.get("cancel-in-progress")) or "false",
            _text(node.get("queue")) or "single",
        )
    group = _text(node)
    return Concurrency(group) if group else None


def _labels(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, Mapping):
        return _texts(node.get("labels"))
    return _texts(node)


def _step(node: Node) -> str | None:
    return (_text(node.get("name")) or None) if isinstance(node, Mapping) else None


def _text(node: Node | None) -> str:
    return plain_text(node.value) if isinstance(node, Scalar) else ""


def _texts(node: Node | None) -> tuple[str, ...]:
    if isinstance(node, Sequence):
        return tuple(item.text for item in node.items if isinstance(item, Scalar))
    text = _text(node)
    return (text,) if text else ()
