"""Workflows, runs, jobs, steps and annotations."""

from __future__ import annotations

import re

from relman.github.fields import (
    Fields,
    child,
    children,
    each,
    exact,
    line,
    link,
    login,
    number,
    strings,
    text,
    when,
)
from relman.github.parse import page, single
from relman.github.reply import Reply
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.run import Annotation, Job, ReferencedWorkflow, Run, Step, Workflow

_FILE = re.compile(r"(.+?\.ya?ml)(?:@.*)?", re.DOTALL)


def workflows(reply: Reply, request: Request) -> Page[Workflow]:
    return page(reply, request, _workflow, "workflows")


def runs(reply: Reply, request: Request) -> Page[Run]:
    return page(reply, request, _run, "workflow_runs")


def run(reply: Reply, request: Request) -> Run:
    return single(reply, request, _run)


def jobs(reply: Reply, request: Request) -> Page[Job]:
    return page(reply, request, _job, "jobs")


def job(reply: Reply, request: Request) -> Job:
    return single(reply, request, _job)


def annotation_page(reply: Reply, request: Request) -> Page[Annotation]:
    return page(reply, request, _annotation)


def workflow_file(reply: Reply, request: Request) -> str:
    """The file's text, exactly: positions in it have to stay true."""
    return reply.body.decode("utf-8-sig", errors="replace")


def workflow_path(path: str, repo: str) -> str:
    """The file's path without ``@ref`` and without this repository's own name in front."""
    matched = _FILE.fullmatch(path)
    path = matched[1] if matched else path.partition("@")[0]
    own = f"{repo}/"
    return path[len(own) :] if repo and path.lower().startswith(own.lower()) else path


def _workflow(fields: Fields) -> Workflow | None:
    workflow_id = number(fields, "id")
    if workflow_id is None:
        return None
    return Workflow(
        id=workflow_id,
        name=exact(fields, "name"),
        path=exact(fields, "path"),
        state=exact(fields, "state") or "active",
        url=link(fields, "html_url"),
    )


def _run(fields: Fields) -> Run | None:
    run_id = number(fields, "id")
    if run_id is None:
        return None
    commit = child(fields, "head_commit")
    message = text(commit, "message")
    head_repository = exact(child(fields, "head_repository"), "full_name")
    return Run(
        id=run_id,
        name=exact(fields, "name"),
        title=line(fields, "display_title") or message.partition("\n")[0].strip(),
        number=number(fields, "run_number") or 0,
        attempt=number(fields, "run_attempt") or 1,
        event=exact(fields, "event"),
        status=exact(fields, "status"),
        conclusion=exact(fields, "conclusion") or None,
        branch=exact(fields, "head_branch") or None,
        sha=exact(fields, "head_sha"),
        workflow_id=number(fields, "workflow_id") or 0,
        path=workflow_path(exact(fields, "path"), exact(child(fields, "repository"), "full_name")),
        actor=login(fields, "actor"),
        triggering_actor=login(fields, "triggering_actor"),
        created_at=when(fields, "created_at"),
        started_at=when(fields, "run_started_at"),
        updated_at=when(fields, "updated_at"),
        url=link(fields, "html_url"),
        message=message,
        check_suite_id=number(fields, "check_suite_id"),
        pull_requests=each(children(fields, "pull_requests"), lambda item: number(item, "number")),
        referenced_workflows=each(children(fields, "referenced_workflows"), _referenced),
        head_repository=head_repository or None,
    )


def _referenced(fields: Fields) -> ReferencedWorkflow | None:
    path = exact(fields, "path")
    if not path:
        return None
    return ReferencedWorkflow(path, exact(fields, "sha"), exact(fields, "ref") or None)


def _job(fields: Fields) -> Job | None:
    job_id = number(fields, "id")
    if job_id is None:
        return None
    check_run = exact(fields, "check_run_url").rstrip("/").rpartition("/")[2]
    return Job(
        id=job_id,
        run_id=number(fields, "run_id") or 0,
        attempt=number(fields, "run_attempt") or 1,
        name=exact(fields, "name"),
        status=exact(fields, "status"),
        conclusion=exact(fields, "conclusion") or None,
        created_at=when(fields, "created_at"),
        started_at=when(fields, "started_at"),
        completed_at=when(fields, "completed_at"),
        steps=tuple(_step(item, place) for place, item in enumerate(children(fields, "steps"), 1)),
        url=link(fields, "html_url"),
        check_run_id=number({"id": check_run}, "id"),
        runner=line(fields, "runner_name"),
        labels=strings(fields, "labels"),
        sha=exact(fields, "head_sha"),
    )


def _step(fields: Fields, place: int) -> Step:
    at = number(fields, "number")
    return Step(
        number=place if at is None else at,
        name=exact(fields, "name"),
        status=exact(fields, "status"),
        conclusion=exact(fields, "conclusion") or None,
        started_at=when(fields, "started_at"),
        completed_at=when(fields, "completed_at"),
    )


def _annotation(fields: Fields) -> Annotation:
    return Annotation(
        level=exact(fields, "annotation_level") or "notice",
        message=text(fields, "message"),
        title=line(fields, "title"),
        path=exact(fields, "path"),
        start_line=number(fields, "start_line"),
        end_line=number(fields, "end_line"),
    )
