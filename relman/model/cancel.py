"""What a cancel would break off: jobs in the middle of a deployment, and what nobody would clean up after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from relman.model.condition import holds
from relman.model.graph import build, reconcile
from relman.model.job_names import slots
from relman.model.reach import Reached, is_way_back
from relman.model.run import Job, Step
from relman.model.state import State
from relman.model.workflow import WorkflowFile
from relman.text import clean_line

DEPLOY = ("deploy*",)
"""Names of deploy jobs where the team names none."""


class Deploying(Struct, frozen=True):
    """A deploy job in progress. ``environment`` is "" where it has none that is known.

    ``rescue`` are jobs that would run after it although it was cancelled (``always()``, ``cancelled()``);
    ``lost`` those that only run when it fails and so will not: an automatic rollback is one.
    """

    job: Job
    environment: str = ""
    rescue: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def step(self) -> Step | None:
        """The step it is at."""
        return next((step for step in self.job.steps if step.status == "in_progress"), None)

    def words(self) -> tuple[str, ...]:
        """What is at stake, in sentences."""
        name = clean_line(self.job.name)
        where = clean_line(self.environment) or "the servers"
        step = self.step
        at = f" at step {step.number}, “{clean_line(step.name)}”" if step is not None else ""
        told = [
            f"{name} is deploying to {where}{at}: it stops there. Servers it has passed may run the new version "
            "while others run the old one; the one it is at may be down."
        ]
        if self.lost:
            told.append(
                f"{', '.join(map(clean_line, self.lost))} runs when the deployment fails, not when it is cancelled: "
                "nothing rolls back by itself."
            )
        elif not self.rescue:
            told.append("Nothing in the workflow cleans up after a cancelled deployment.")
        if self.rescue:
            told.append(f"{', '.join(map(clean_line, self.rescue))} runs all the same after a cancel.")
        return tuple(told)


def deploying(
    jobs: Sequence[Job],
    *,
    file: WorkflowFile | None = None,
    may_run: Mapping[str, Reached] | None = None,
    patterns: Sequence[str] = DEPLOY,
) -> tuple[Deploying, ...]:
    """The deploy jobs in progress: those with an environment, or whose name (the last part of it, for a called
    workflow's) fits a pattern or says that it rolls back. ``may_run`` has the file's jobs by key."""
    running = [job for job in jobs if job.state is State.RUNNING]
    found: dict[int, Deploying] = {}
    if file is not None and running:
        graph = build(file, open=frozenset(slot.key for slot in slots(file) if slot.job.callee is not None))
        run = reconcile(graph, jobs, run_finished=False)
        for node in graph.nodes:
            reach = (may_run or {}).get(node.key)
            if node.job is None or node.job.environment is None:
                continue
            name = (
                node.job.environment.name if reach is None or reach.environment is None else reach.environment
            )
            after = [graph.by_key[key] for key in graph.children[node.key]]
            conditions = {one.name: one.job.condition or "" for one in after if one.job is not None}
            rescue, lost = _after(conditions)
            for job in run.runs[node.key].jobs:
                if job.state is State.RUNNING:
                    found[job.id] = Deploying(job, name, rescue, lost)
    for job in running:
        if job.id not in found and (is_deploy(job.name, patterns) or is_way_back(job.name)):
            found[job.id] = Deploying(job)
    return tuple(found.values())


def _after(conditions: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the jobs behind a deploy job: which run after a cancel, and which only after a failure."""
    rescue: list[str] = []
    lost: list[str] = []
    for name, condition in conditions.items():
        text = condition.casefold()
        if "always()" in text or "cancelled()" in text.replace("!cancelled()", ""):
            if holds(condition, {}) is not False:
                rescue.append(name)
        elif "failure()" in text:
            lost.append(name)
    return tuple(rescue), tuple(lost)


def is_deploy(name: str, patterns: Sequence[str] = DEPLOY) -> bool:
    """Whether a job's name fits a pattern of deploy jobs."""
    last = name.rsplit(" / ", 1)[-1]
    return any(
        fnmatchcase(part.casefold(), pattern.casefold()) for pattern in patterns for part in (name, last)
    )
