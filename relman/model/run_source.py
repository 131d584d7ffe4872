"""Which version of a workflow file a run used, and the reusable files it calls.

GitHub keeps no copy of the file that ran. For most events it is the one at the run's commit; for others
GitHub took it from a merge commit or from the default branch, and what is read here may differ.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from relman.errors import Kind, Problem, RelmanError
from relman.model.run import Run, WorkflowSource
from relman.text import clean_line

ReadFile = Callable[[str, str], Awaitable[str]]
"""``(path, ref) -> text``; raises :class:`RelmanError`."""

_EXACT = frozenset(
    {
        "push",
        "workflow_dispatch",
        "schedule",
        "release",
        "merge_group",
        "repository_dispatch",
        "create",
        "deployment",
    }
)
_PULL_REQUEST = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
_FILES_READ = 40
"""Callees read for one run: more than GitHub allows, few enough for a file made to annoy."""
_USES = re.compile(
    r"""\buses\s*:\s*["']?(?P<uses>(?:\./|[\w.-]+/[\w.-]+/)\.github/workflows/[^\s"'@#,}\]]+(?:@[^\s"'#,}\]]+)?)"""
)


async def read_source(run: Run, repo: str, default_branch: str | None, read: ReadFile) -> WorkflowSource:
    """The file of ``run`` and its callees. ``repo`` is "owner/name". Raises :class:`RelmanError`."""
    if not run.path.startswith(".github/workflows/"):
        raise RelmanError(
            Problem(
                Kind.NOT_FOUND,
                "This workflow has no file in the repository",
                clean_line(run.path, 200),
                "GitHub or the organisation provides it; the jobs are listed without the graph.",
            )
        )
    ref, reason = _where(run, default_branch)
    try:
        text = await read(run.path, ref)
    except RelmanError as error:
        if error.problem.kind is not Kind.NOT_FOUND or not default_branch or ref == default_branch:
            raise
        ref = default_branch
        reason = (
            f"the file at {run.short_sha} cannot be read (a fork, or a commit that is gone);"
            f" this one is from {clean_line(default_branch)} as it is now"
        )
        text = await read(run.path, ref)
    used = {referenced.path: referenced.sha for referenced in run.referenced_workflows}
    callees = await _callees(used, repo, ref, text, read)
    return WorkflowSource(run.path, ref, text, callees, exact=not reason, reason=reason)


async def read_at(path: str, ref: str, repo: str, read: ReadFile) -> WorkflowSource:
    """The file as it is at ``ref`` and its callees: what a run started there would use."""
    text = await read(path, ref)
    return WorkflowSource(path, ref, text, await _callees({}, repo, ref, text, read))


def _where(run: Run, default_branch: str | None) -> tuple[str, str]:
    """The ref to read at, and why it may not be what ran ("" when it is)."""
    if run.event in _EXACT:
        return run.sha, ""
    if run.event in _PULL_REQUEST:
        return run.sha, (
            f"GitHub ran the file of the merge commit; this one is from the pull request's head {run.short_sha}"
        )
    if run.event == "pull_request_target" and default_branch:
        return default_branch, (
            f"GitHub ran the base branch's file; this one is from {clean_line(default_branch)} as it is now"
        )
    return (
        run.sha,
        f"for the event {clean_line(run.event)} GitHub may have run another version than {run.short_sha}",
    )


def called_files(text: str) -> tuple[str, ...]:
    """What a workflow's text calls with ``uses`` and is a workflow file, in order, each once.

    Found by shape, not by parsing: one too many (in a comment) costs a request and nothing else.
    """
    return tuple(dict.fromkeys(match["uses"] for match in _USES.finditer(text)))


async def _callees(
    used: Mapping[str, str], repo: str, ref: str, text: str, read: ReadFile
) -> tuple[tuple[str, str], ...]:
    """Reads what can be read, in the order met. A file's own ``./`` calls are at the commit of that file.

    ``used`` gives the commit by path where a run said it.
    """
    found: dict[str, str] = {}
    queue = [(uses, ref) for uses in called_files(text)]
    tried: set[str] = set()
    while queue and len(tried) < _FILES_READ:
        uses, at = queue.pop(0)
        if uses in tried:
            continue
        tried.add(uses)
        place = _place(uses, repo, at, used)
        if place is None:
            continue
        try:
            callee = await read(*place)
        except RelmanError as error:
            if error.problem.kind in {Kind.NOT_FOUND, Kind.PERMISSION, Kind.SSO, Kind.INVALID}:
                continue  # the graph draws what it calls as one closed group
            raise
        found[uses] = callee
        queue += [(inner, place[1]) for inner in called_files(callee)]
    return tuple(found.items())


def _place(uses: str, repo: str, at: str, used: Mapping[str, str]) -> tuple[str, str] | None:
    """The path in this repository and the ref of a callee; None for another repository's."""
    if uses.startswith("./"):
        return uses[2:], at
    whole, _, ref = uses.partition("@")
    owner, name, path = whole.split("/", 2)
    if f"{owner}/{name}".lower() != repo.lower():
        return None
    return path, used.get(uses, ref)
