"""Reads what a rollback is decided by: what ran in an environment, and how it gets there again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from relman.actions.one_run import login, read_run
from relman.actions.ports import GitHubReader
from relman.actions.release_survey import Survey, may_push, optional
from relman.actions.tools import Tools
from relman.errors import Kind, Problem, RelmanError
from relman.model.deployed import Stay, running_stay, stays
from relman.model.push_filter import starts_on_tag
from relman.model.rerun import Which, run_again
from relman.model.rollback import Target, chosen, targets
from relman.model.rollback_plan import RollbackFacts, RollbackIntent, way_of
from relman.model.run import Run
from relman.model.workflow import WorkflowFile
from relman.model.workflow_reader import WorkflowError, read_workflow
from relman.text import clean_line

DEPLOYMENTS = 20
"""So many deployments of an environment are read, each with its statuses: one request each."""


async def survey(tools: Tools, intent: RollbackIntent) -> RollbackFacts:
    """Everything both ways need. Raises where the environment is not one of the repository's."""
    reader, read = tools.reader, Survey.of(tools)
    places = {one.name: one for one in (await reader.environments()).value}
    if intent.environment not in places:
        raise RelmanError(
            Problem(
                Kind.USAGE,
                f"There is no environment {clean_line(intent.environment)}",
                hint=f"The environments are {', '.join(map(clean_line, places)) or 'none'}.",
            )
        )
    deployments, (tags, releases, gone, refs), parts, viewer, repository = await asyncio.gather(
        read.deployments(intent.environment, DEPLOYMENTS),
        read.versions(),
        read.roles(),
        login(reader),
        reader.repository(),
    )
    found = stays(deployments, prefix=tags.prefix)
    running = running_stay(found, deployments)
    offered = targets(found, gone, running=running, prefix=tags.prefix)
    facts = RollbackFacts(
        at=tools.clock.now(),
        deployments=deployments,
        stays=found,
        running=running,
        offered=offered,
        tags=tags,
        releases=releases,
        withdrawn=gone,
        refs=refs,
        cd=parts.cd or "",
        who=viewer,
        may_push=may_push(viewer, repository.value.permissions),
        place=places[intent.environment],
    )
    target = chosen(offered, intent.to)
    if target is None:
        return facts
    facts = await _about(tools, facts, target)
    way = way_of(facts, target, intent.environment)
    if way is None or way.run is None:
        return facts
    one = await read_run(tools, way.run.id)
    again = run_again(Which.ALL, one.jobs, file=one.file, source=one.source, known=one.known)
    return replace(facts, again=again, at=tools.clock.now())


async def _about(tools: Tools, facts: RollbackFacts, target: Target) -> RollbackFacts:
    reader = tools.reader
    text, run, files, newest, (rules, problem) = await asyncio.gather(
        _workflow_text(reader, facts.cd, target),
        _run(reader, target.stay.run_id),
        _files(reader, target, facts.running),
        reader.runs(per_page=1),
        optional(reader.rulesets("tag")),
    )
    at = tools.clock.now()
    return replace(
        facts,
        run=run,
        workflow=_parsed(text),
        files=files,
        newest_run=max((one.id for one in newest.value.items), default=0),
        rulesets=rules,
        rulesets_problem=problem,
        # The new tag's own file decides, which is the target's: the same commit.
        starts=starts_on_tag(text, facts.tags.name_for("1.0.0")) if text is not None else None,
        at=at,
        offset=timedelta(0) if newest.server_time is None else newest.server_time - at,
    )


async def _workflow_text(reader: GitHubReader, path: str, target: Target) -> str | None:
    """The deployment's workflow as it is at the target: that file is what would run."""
    if not path:
        return None
    text, _ = await optional(reader.workflow_file(path, target.stay.sha))
    return text


def _parsed(text: str | None) -> WorkflowFile | None:
    try:
        return None if text is None else read_workflow(text, accepted=True)
    except WorkflowError:
        return None


async def _run(reader: GitHubReader, run_id: int | None) -> Run | None:
    """The run that deployed; None where it was deleted or is not known."""
    if run_id is None:
        return None
    run, _ = await optional(reader.run(run_id))
    return run


async def _files(reader: GitHubReader, target: Target, running: Stay | None) -> tuple[str, ...] | None:
    """What differs from the target to what runs. (The other way round GitHub shows nothing.)"""
    if running is None:
        return None
    compared, _ = await optional(reader.compare(target.stay.sha, running.sha))
    return None if compared is None or compared.status not in ("ahead", "identical") else compared.files


async def moved_on(tools: Tools, facts: RollbackFacts, environment: str) -> Problem | None:
    """Another deployment of the environment since the facts were read."""
    page = (await tools.reader.deployments(environment=environment, per_page=1)).value
    newest = next(iter(page.items), None)
    before = next(iter(facts.deployments), None)
    if newest is None or (before is not None and newest.id == before.id):
        return None
    return Problem(
        Kind.REFUSED,
        f"{clean_line(environment)} was deployed to since the plan was made",
        f"a deployment of {clean_line(newest.ref)} ({newest.sha[:7]})",
        "Look at it once more and start again.",
    )
