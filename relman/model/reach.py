"""Which environments a workflow file would lead to, before it runs: jobs whose conditions cannot hold left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from relman.model.condition import Known, Value, filled, holds
from relman.model.plan import is_production
from relman.model.run import Run
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.text import clean_line

_HELD = ("inputs.", "github.event.inputs.")
_LEADS = ("deploy", "release", "rollout", "rollback", "promote", "prod", "live")
"""In the name of a called file that cannot be read: it may lead to production."""


class Reached(Struct, frozen=True):
    """A job that may run. ``key`` is its key in an opened graph (``deploy/JOB`` inside a call).

    ``environment`` is the name it would have, None for a job without one; ``unknown`` where its name is an
    expression that only the run can tell, and then ``environment`` is that expression; or that of a called file
    that cannot be read, and then it is that file. ``sure`` is False where only the run can tell whether the job
    runs.
    """

    key: str
    name: str
    environment: str | None = None
    unknown: bool = False
    sure: bool = True
    deployment: bool = True

    @property
    def production(self) -> bool:
        """Whether it may change production; a name that cannot be known may be production's."""
        return self.environment is not None and (self.unknown or is_production(self.environment))


def reached(file: WorkflowFile, known: Known) -> tuple[Reached, ...]:
    """The jobs that may run, those of called files included, in the order of the file."""
    found: list[Reached] = []
    _walk(file, known, "", True, found)
    return tuple(found)


def _walk(file: WorkflowFile, known: Known, prefix: str, sure: bool, found: list[Reached]) -> None:
    runs: dict[str, bool | None] = {}
    for job in _in_order(file.jobs):
        runs[job.id] = _runs(job, known, [runs[need] for need in job.needs])
    for job in file.jobs:
        may = runs[job.id]
        if may is False:
            continue
        certain = sure and may is True
        key = prefix + job.id
        environment, unknown = _environment(job, known)
        deployment = job.environment is None or job.environment.deployment
        found.append(Reached(key, job.display, environment, unknown, certain, deployment))
        if job.callee is not None:
            inside = {name: value for name, value in known.items() if not name.startswith(_HELD)}
            _walk(job.callee, inside, key + "/", certain, found)


def _runs(job: WorkflowJob, known: Known, needed: list[bool | None]) -> bool | None:
    condition = holds(job.condition, known)
    if condition is False:
        return False
    if any(need is False for need in needed) and not job.status_condition:
        return False  # what it needs is skipped, and so is it
    return True if condition and all(needed) else None


def _in_order(jobs: Iterable[WorkflowJob]) -> list[WorkflowJob]:
    """The jobs, each behind what it needs."""
    waiting = list(jobs)
    ordered: list[WorkflowJob] = []
    done: set[str] = set()
    while waiting:
        ready = [job for job in waiting if done.issuperset(job.needs)]
        ordered += ready
        done.update(job.id for job in ready)
        waiting = [job for job in waiting if job.id not in done]
    return ordered


def _environment(job: WorkflowJob, known: Known) -> tuple[str | None, bool]:
    if job.uses is not None and job.callee is None:
        words = f"{job.id} {job.display} {job.uses}".casefold()
        return (job.uses, True) if any(word in words for word in _LEADS) else (None, False)
    if job.environment is None or not job.environment.name:
        return None, False
    name = filled(job.environment.name, known)
    return (job.environment.name, True) if name is None else (name or None, False)


def is_way_back(job: str) -> bool:
    """Whether a job's name (the last part of it, for a called workflow's) says that it rolls back."""
    last = job.rsplit(" / ", 1)[-1].casefold()
    return "".join(sign for sign in last if sign.isalpha()).startswith("rollback")


def production_of(jobs: Iterable[Reached]) -> str:
    """The production environment that these jobs lead to: its name, "production" where only the run tells it,
    "" for none."""
    leading = [job for job in jobs if job.production]
    named = next((job.environment for job in leading if not job.unknown and job.environment), None)
    return named or ("production" if leading else "")


def known_of_dispatch(ref: str, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """What is known of a run that is dispatched. ``ref`` is full (``refs/tags/v1.2.3``); of ``inputs`` every
    one the file has, in its type."""
    known = _known_of_ref("workflow_dispatch", ref)
    for name, value in inputs.items():
        known[f"inputs.{name.lower()}"] = value
        words = ("true" if value else "false") if isinstance(value, bool) else value
        known[f"github.event.inputs.{name.lower()}"] = words
    return known | {"inputs.*": None, "github.event.inputs.*": None}


def known_of_run(run: Run, ref: str | None) -> dict[str, Value]:
    """What is known of a run. ``ref`` is its full ref, None where that is not clear. A run does not say with
    which inputs it was started."""
    known = _known_of_ref(run.event, ref)
    if run.event != "workflow_dispatch":
        known |= {"inputs.*": None, "github.event.inputs.*": None}
    return known


def _known_of_ref(event: str, ref: str | None) -> dict[str, Value]:
    known: dict[str, Value] = {"github.event_name": event}
    if ref is not None:
        kind = "tag" if ref.startswith("refs/tags/") else "branch"
        name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        known |= {"github.ref": ref, "github.ref_name": name, "github.ref_type": kind}
    return known


def environment_words(jobs: Iterable[Reached]) -> tuple[str, ...]:
    """The environments in words, each once: "staging", "production, perhaps"."""
    told: dict[str, bool] = {}
    for job in jobs:
        if job.environment is not None:
            name = clean_line(job.environment)
            told[name] = told.get(name, False) or (job.sure and not job.unknown)
    return tuple(name if sure else f"{name}, perhaps" for name, sure in told.items())
