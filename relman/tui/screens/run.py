"""A screen on which a run, and maybe a job of it, is highlighted: what can be opened and copied of them."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

from relman.model.board import Section
from relman.model.run import Annotation, Job, Run
from relman.tui.commands.command import command
from relman.tui.present.piece import safe
from relman.tui.screens.release_acts import ReleaseActs
from relman.tui.selected import Selected

if TYPE_CHECKING:
    from relman.board.ports import Progress
    from relman.model.remedy import Remedy

OPEN = "Open"


class RunScreen(ReleaseActs):
    """Screens give :attr:`run_shown`, :attr:`job` and :attr:`on_run`; the commands here need no more."""

    @property
    def run_shown(self) -> Run | None:
        """The highlighted run as it is now."""
        return None

    @property
    def job(self) -> Job | None:
        """The selected job of it; None for one that is not created yet."""
        return None

    @property
    def on_run(self) -> bool:
        """Whether a key means the whole run rather than its job."""
        return True

    def selected(self) -> Selected:
        run, job = self.run_shown, self.job
        if run is None:
            return Selected()
        job_id = job.id if job is not None and not self.on_run else None
        return Selected(run_id=run.id, attempt=run.attempt, job_id=job_id, sha=run.sha or None)

    @property
    def notes(self) -> Section[tuple[Annotation, ...]]:
        job = self.job
        return Section() if job is None else self.relman.board.annotations.get(job.id, Section())

    @property
    def remedy(self) -> Remedy | None:
        job = self.job
        if job is None or not job.state.failed:
            return None
        from relman.model.remedy import remedy_for

        return remedy_for(job, self.notes.value or ())

    @property
    def url(self) -> str:
        """The page of what a key means: the run's or the job's."""
        run, job = self.run_shown, self.job
        if job is not None and job.url and not self.on_run:
            return job.url
        return run.url if run is not None else ""

    @property
    def sha(self) -> str:
        """The commit of what a key means."""
        run = self.run_shown
        return run.sha if run is not None else ""

    @command(
        "log",
        "L",
        title="Open the log",
        help="The log of the selected job.",
        group=OPEN,
        footer="Log",
        rank=15,
        when=lambda screen: screen.job is not None,
    )
    def open_log(self) -> None:
        job, run = self.job, self.run_shown
        if job is not None and run is not None:
            from relman.tui.screens.log import LogScreen

            fetch, attempt = self.relman.watch_.fetch, job.attempt
            title = f"#{run.number} · {safe(job.name, 120)}"
            if attempt > 1:
                title += f" · attempt {attempt}"

            def open_log(progress: Progress) -> Awaitable[Path]:
                return fetch.job_log(job.id, attempt, progress)

            def now_known() -> Job | None:
                jobs = self.relman.board.jobs.get(job.run_id, Section()).value or ()
                return next((one for one in jobs if one.id == job.id), None)

            self.app.push_screen(LogScreen(title, open_log, now_known, workflow=safe(run.name, 60) or "run"))

    @command(
        "browser",
        "o",
        title="Open in the browser",
        help="The selected job's or run's page on GitHub.",
        group=OPEN,
        footer="Browser",
        rank=40,
        when=lambda screen: bool(screen.url),
    )
    def open_in_browser(self) -> None:
        self.relman.open_url_in_browser(self.url)

    @command(
        "copy-url",
        "y",
        title="Copy the URL",
        help="The page of the selected job or run, to the clipboard.",
        group="Copy",
        footer="Copy URL",
        rank=45,
        when=lambda screen: bool(screen.url),
    )
    def copy_url(self) -> None:
        self.relman.copy_text(safe(self.url, 2000), "the URL")

    @command(
        "copy-sha",
        "Y",
        title="Copy the commit",
        help="The full sha of the run's commit, to the clipboard.",
        group="Copy",
        footer="Copy sha",
        rank=50,
        when=lambda screen: bool(screen.sha),
    )
    def copy_sha(self) -> None:
        self.relman.copy_text(safe(self.sha, 100), "the sha")

    @command(
        "copy-remedy",
        "C",
        title="Copy what to try",
        help="The commands for this kind of failure.",
        group="Copy",
        footer="Copy commands",
        rank=20,
        when=lambda screen: screen.remedy is not None,
    )
    def copy_remedy(self) -> None:
        remedy = self.remedy
        if remedy is not None:
            self.relman.copy_text("\n".join(remedy.commands), f"{len(remedy.commands)} commands")
