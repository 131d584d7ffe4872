"""The menu of `e`: what of a run runs again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import Screen

from relman.actions.rerun import Rerun
from relman.model.rerun import Which, failed_jobs
from relman.model.run import Job, Run
from relman.tui.present.menu import MenuRow, matching
from relman.tui.present.piece import safe
from relman.tui.screens.menu import MenuScreen

_PLAIN, _DEBUG = "As it was", "With debug logging"


def rerun_rows(run: Run, jobs: Sequence[Job], job: Job | None) -> list[MenuRow]:
    """``jobs`` as far as they are known, ``job`` the selected one."""
    failed = failed_jobs(jobs)
    several = (
        f"{len(failed)} jobs and what needs them" if len(failed) != 1 else f"{failed[0].name} and what needs it"
    )
    rows = []
    for group, tail in ((_PLAIN, ""), (_DEBUG, "-debug")):
        rows += [
            MenuRow(
                f"{Which.FAILED}{tail}",
                group,
                "",
                "Failed jobs",
                safe(several) if failed else "nothing failed",
                bool(failed) or not jobs,
            ),
            MenuRow(f"{Which.ALL}{tail}", group, "", "All jobs", f"of run {run.number}, from the start"),
        ]
        if job is not None:
            name = safe(job.name, 80)
            rows.append(MenuRow(f"{Which.JOB}{tail}", group, "", "This job", f"{name} and what needs it"))
    return rows


def intent_of(name: str, run: Run, job: Job | None) -> Rerun:
    """The intent of a row that was chosen."""
    which, _, debug = name.partition("-")
    chosen = Which(which)
    job_id = job.id if job is not None and chosen is Which.JOB else None
    return Rerun(run.id, chosen, job_id, bool(debug), run.attempt)


class RerunMenu(MenuScreen):
    HEADING = "Run again"
    HINT = "enter shows the plan"

    def __init__(self, behind: Screen[object], run: Run, jobs: Sequence[Job], job: Job | None) -> None:
        super().__init__(behind)
        self._rows = rerun_rows(run, jobs, job)

    def rows(self, text: str) -> Sequence[MenuRow]:
        return matching(self._rows, text)
