"""What is read of a run before it is re-run or cancelled."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from msgspec import Struct

from relman.actions.ports import GitHubReader
from relman.actions.tools import Tools
from relman.errors import Kind, Problem, RelmanError
from relman.model.condition import Known
from relman.model.reach import known_of_run
from relman.model.repository import Repository
from relman.model.run import Job, Run, WorkflowSource
from relman.model.run_source import read_source
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import read_source as read_file

_HOPELESS = frozenset({Kind.AUTH, Kind.RATE_LIMIT, Kind.NETWORK, Kind.SERVER})


class OneRun(Struct, frozen=True):
    """``jobs`` are the latest of each. ``file`` is None where the workflow file cannot be read, ``why`` then
    says it. ``at`` is this machine's time, ``offset`` the server's clock minus this machine's."""

    run: Run
    jobs: tuple[Job, ...]
    repository: Repository
    who: str
    at: datetime
    offset: timedelta
    known: Known
    source: WorkflowSource | None = None
    file: WorkflowFile | None = None
    why: str = ""

    @property
    def server_now(self) -> datetime:
        return self.at + self.offset


async def read_run(tools: Tools, run_id: int) -> OneRun:
    """Raises where the run or its jobs cannot be read."""
    reader = tools.reader
    answer, repository, who = await asyncio.gather(reader.run(run_id), reader.repository(), login(reader))
    at = tools.clock.now()
    offset = answer.clock_offset(at)
    run = answer.value
    jobs, ref, (source, file, why) = await asyncio.gather(
        reader.jobs(run_id), _ref(tools, run), _file(tools, run, repository.value.default_branch)
    )
    known = known_of_run(run, ref)
    return OneRun(run, jobs.value, repository.value, who, at, offset, known, source, file, why)


async def login(reader: GitHubReader) -> str:
    """The login that acts; "" for a token that is nobody's (an app's)."""
    try:
        return (await reader.viewer()).value.login
    except RelmanError as error:
        if error.problem.kind in (Kind.PERMISSION, Kind.NOT_FOUND):
            return ""
        raise


async def _ref(tools: Tools, run: Run) -> str | None:
    """The run's full ref. GitHub gives only the short name, which may be a branch's or a tag's."""
    name = run.branch
    if name is None or run.event.startswith("pull_request"):
        return None
    if run.event == "schedule":
        return f"refs/heads/{name}"
    tag, branch = await asyncio.gather(tools.reader.tag_ref(name), tools.reader.branch(name))
    if tag.value is None and branch.value is None:
        return None  # it was deleted since
    if tag.value is not None and branch.value is not None:
        return None
    return f"refs/heads/{name}" if tag.value is None else f"refs/tags/{name}"


async def _file(
    tools: Tools, run: Run, default_branch: str
) -> tuple[WorkflowSource | None, WorkflowFile | None, str]:
    async def read(path: str, ref: str) -> str:
        return (await tools.reader.workflow_file(path, ref)).value

    try:
        source = await read_source(run, tools.repo, default_branch, read)
        return source, read_file(source), ""
    except RelmanError as error:
        if error.problem.kind in _HOPELESS:
            raise
        return None, None, error.problem.sentence()


def newer_attempt(seen: int | None, run: Run) -> Problem | None:
    """What has changed since a person saw attempt ``seen`` of ``run``."""
    if seen is None or seen == run.attempt:
        return None
    by = f" by {run.triggering_actor}" if run.triggering_actor else ""
    return Problem(
        Kind.REFUSED,
        f"Run {run.id} has another attempt by now",
        f"attempt {run.attempt}, started{by}, is {run.word}; you saw attempt {seen}",
        "Look at it first, then ask again.",
    )
