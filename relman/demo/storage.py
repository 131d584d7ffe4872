"""The second origin: where logs and archives lie. It knows signatures only, and refuses a token like Azure."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.datastructures import Headers, QueryParams

from relman.demo.exchange import Reply
from relman.demo.records import JobRecord, RunRecord, StepRecord
from relman.demo.site import Site
from relman.demo.world import World

JOB_LOG = "/actions-results/job-logs/{job}.txt"
RUN_LOGS = "/actions-results/run-logs/{run}/{attempt}.zip"
_JOB_LOG = re.compile(r"/actions-results/job-logs/([0-9]+)\.txt")
_RUN_LOGS = re.compile(r"/actions-results/run-logs/([0-9]+)/([0-9]+)\.zip")


def address(site: Site, path: str) -> str:
    """A signed address of a stored thing, good for about a minute."""
    return f"{site.storage_url}{path}?{site.signer.query(path)}"


def answer(site: Site, method: str, path: str, query: QueryParams, headers: Headers) -> Reply:
    if "authorization" in headers:
        return _refused(
            400,
            "InvalidAuthenticationInfo",
            "Authentication information is not given in the correct format. "
            "Check the value of Authorization header.",
        )
    if method not in ("GET", "HEAD"):
        return _refused(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
    if not site.signer.valid(path, query.get("se", ""), query.get("sig", "")):
        return _refused(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature.",
        )
    if found := _JOB_LOG.fullmatch(path):
        job = find_job(site.world, int(found[1]))
        if job is not None and has_log(job):
            return _stored(site.world.log(job), "text/plain; charset=utf-8", job.completed_at)
    elif found := _RUN_LOGS.fullmatch(path):
        run = site.world.runs.get(int(found[1]))
        if run is not None and 1 <= int(found[2]) <= len(run.attempts):
            return _stored(run_archive(site, run, int(found[2])), "application/zip", None)
    return _refused(404, "BlobNotFound", "The specified blob does not exist.")


def find_job(world: World, job_id: int) -> JobRecord | None:
    return next((job for jobs in world.jobs.values() for job in jobs if job.id == job_id), None)


def has_log(job: JobRecord) -> bool:
    """A log is written when a job ends, and only if it ever began."""
    return job.status == "completed" and job.conclusion != "skipped" and any(s.started_at for s in job.steps)


def run_archive(site: Site, run: RunRecord, attempt: int) -> bytes:
    """The zip of a run's logs, named as GitHub names them: a whole log a job, and one a step beside it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        jobs = [job for job in site.world.attempt_jobs(run.id, attempt) if has_log(job)]
        for position, job in enumerate(jobs):
            name = archive_name(job.name)
            log = site.world.log(job)
            archive.writestr(_entry(f"{position}_{name}.txt", job.completed_at), log)
            for number, title, text in steps_of(job, log):
                archive.writestr(_entry(f"{name}/{number}_{archive_name(title)}.txt", job.completed_at), text)
    return buffer.getvalue()


def archive_name(name: str) -> str:
    """A job's or step's name as a file name: what file systems dislike is left out."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "", name)[:90].strip()


def steps_of(job: JobRecord, log: bytes) -> list[tuple[int, str, bytes]]:
    """The log cut where each step began: at the first line, from its second on, that can open such a step."""
    started = [step for step in job.steps if step.started_at is not None and step.conclusion != "skipped"]
    texts: list[list[bytes]] = [[] for _ in started]
    position = 0
    for line in log.splitlines(keepends=True):
        following = started[position + 1] if position + 1 < len(started) else None
        if following is not None and _opens(following, line):
            position += 1
        if started:
            texts[position].append(line)
    return [(step.number, step.name, b"".join(text)) for step, text in zip(started, texts, strict=True)]


_OPENINGS = {
    "Complete job": b"Cleaning up orphan processes",
    "Stop containers": b"Print service container logs",
}
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def _opens(step: StepRecord, line: bytes) -> bool:
    """Times alone do not tell: several steps can begin in one second."""
    time, _, message = line.partition(b" ")
    found = _TIME.match(time)
    if found is None or step.started_at is None:
        return False
    opening = b"Post job cleanup." if step.name.startswith("Post ") else _OPENINGS.get(step.name, b"##[group]")
    began = step.started_at.strftime("%Y-%m-%dT%H:%M:%S").encode()
    return found[0] >= began and message.startswith(opening)


def _entry(name: str, at: datetime | None) -> zipfile.ZipInfo:
    moment = at or datetime(2020, 1, 1, tzinfo=UTC)
    entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _stored(body: bytes, media: str, at: datetime | None) -> Reply:
    headers = {"x-ms-blob-type": "BlockBlob", "server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"}
    if at is not None:
        headers["last-modified"] = format_datetime(at, usegmt=True)
    return Reply(body, headers=headers, media=media)


def _refused(status: int, code: str, message: str) -> Reply:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    )
    return Reply(body.encode(), status, {"x-ms-error-code": code}, media="application/xml")
