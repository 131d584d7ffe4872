"""Which run a command means, and what is read of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from msgspec import Struct

from relman.board.memory import Memory
from relman.board.ports import Clock, GitHubReader
from relman.board.refresh import Refresher, jobs_final
from relman.board.sections import Ask, Part, section_of
from relman.board.store import Store
from relman.cli.output import narrate
from relman.errors import Kind, Problem, RelmanError
from relman.model.board import Board
from relman.model.roles import roles
from relman.model.run import Job, Run, WorkflowSource

_EARLIER: Final = 5
"""Successful runs whose jobs say what is usual."""


class OneRun(Struct, frozen=True):
    """``source`` is None where the workflow file cannot be read, ``why`` then says it."""

    run: Run
    jobs: tuple[Job, ...]
    source: WorkflowSource | None
    why: Problem | None
    earlier: tuple[Job, ...]  # of successful runs of the same workflow
    clock_offset: timedelta  # the server's clock minus this machine's


async def read_run(
    run_id: int | None,
    reader: GitHubReader,
    clock: Clock,
    board: Board,
    *,
    memory: Memory,
    ci: str | None = None,
) -> OneRun:
    """The run of that id, or else the newest CI run, one in progress before one that ended.

    ``ci`` is the CI workflow's file as the team named it. Raises where the run or its jobs cannot be read;
    an answer that is not whole is taken, and said on stderr.
    """
    store = Store(board)
    refresher = Refresher(store, reader, clock, memory=memory)

    async def need(ask: Ask) -> None:
        before = section_of(store.board, ask).fetched_at
        problem = await refresher.refresh(ask)
        if problem is None:
            return
        if section_of(store.board, ask).fetched_at == before:  # what is there is of another day
            raise RelmanError(problem)
        narrate(problem.sentence())

    await need(Ask(Part.RUNS) if run_id is None else Ask(Part.RUN, run_id))
    run = _newest(store.board, ci) if run_id is None else store.board.run(run_id)
    if run is None:
        raise RelmanError(
            Problem(
                Kind.NOT_FOUND, "No CI run is known", hint="Name a run by its id or the address of its page."
            )
        )
    repository = Ask(Part.REPOSITORY)
    _, why, earlier = await asyncio.gather(
        need(Ask(Part.JOBS, run.id)),
        _in_order(refresher, repository, Ask(Part.SOURCE, run.id)),
        _usual(run, reader, memory),
    )
    now = store.board
    return OneRun(
        run,
        now.jobs[run.id].value or (),
        now.sources[run.id].value if run.id in now.sources else None,
        why,
        earlier,
        now.clock_offset,
    )


async def _in_order(refresher: Refresher, *asks: Ask) -> Problem | None:
    """The default branch is known before it is needed for the file; only the last problem counts."""
    problem = None
    for ask in asks:
        problem = await refresher.refresh(ask)
    return problem


def _newest(board: Board, ci: str | None) -> Run | None:
    runs = board.runs.value or ()
    path = roles(runs, ci=ci).ci
    mine = [run for run in runs if run.path == path]
    return next((run for run in mine if run.state.active), next(iter(mine), None))


async def _usual(run: Run, reader: GitHubReader, memory: Memory) -> tuple[Job, ...]:
    """Jobs of the newest successful runs of the same workflow; what cannot be read is left out."""
    try:
        answer = await reader.runs(workflow=run.workflow_id, status="success", per_page=_EARLIER + 1)
    except RelmanError:
        return ()
    runs = [one for one in answer.value.items if one.id != run.id][:_EARLIER]
    found = await asyncio.gather(*(_jobs(one, reader, memory) for one in runs))
    return tuple(job for jobs in found for job in jobs)


async def _jobs(run: Run, reader: GitHubReader, memory: Memory) -> tuple[Job, ...]:
    kept = await memory.jobs(run.id, run.attempt)
    if kept:
        return kept
    try:
        answer = await reader.jobs(run.id)
    except RelmanError:
        return ()
    if run.attempt == 1 and jobs_final(answer):
        await memory.keep_jobs(run, answer.value, answer.raw)
    return answer.value
