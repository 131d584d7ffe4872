"""What can be done with the highlighted run: running again, cancelling; and starting a workflow by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relman.errors import Kind, RelmanError
from relman.model.board import Section
from relman.model.run import Run
from relman.tui.commands.command import command, takes_letters
from relman.tui.screens.run import RunScreen

if TYPE_CHECKING:
    from relman.model.operation import Ended

_GROUP = "Change"


def _may_act(screen: RunActs) -> bool:
    return screen.relman.may_change


def _may_rerun(screen: RunActs) -> bool:
    return _may_act(screen) and screen.run_shown is not None and screen.run_shown.state.finished


def _may_cancel(screen: RunActs) -> bool:
    return _may_act(screen) and screen.run_shown is not None and not screen.run_shown.state.finished


class RunActs(RunScreen):
    """The identity of the run is taken when the key is pressed."""

    def __init__(self) -> None:
        super().__init__()
        self._slow: set[tuple[int, int]] = set()  # runs and attempts that a plain cancel did not end in time

    @command(
        "rerun",
        "e",
        title="Run again",
        help="All of the run, what failed, or the selected job; with debug logging if you like.",
        group=_GROUP,
        footer="Run again",
        rank=22,
        changes=True,
        when=_may_rerun,
    )
    def rerun(self) -> None:
        run, job, tools = self.run_shown, self.job, self.relman.tools
        if run is None or tools is None:
            return
        from relman.actions.rerun import RerunAction
        from relman.tui.screens.rerun import RerunMenu, intent_of

        jobs = self.relman.board.jobs.get(run.id, Section()).value or ()

        def chosen(name: str | None) -> None:
            if name is not None:
                self.relman.act(RerunAction(tools), intent_of(name, run, job), after=self._acted)

        self.app.push_screen(RerunMenu(self.app.screen, run, jobs, job), chosen)

    @command(
        "cancel",
        "c",
        title="Cancel the run",
        help="Ask the run to stop; once more where that did not end it, by force.",
        group=_GROUP,
        footer=lambda screen: "Force end" if screen.is_slow else "Cancel",
        rank=24,
        changes=True,
        when=_may_cancel,
    )
    def cancel(self) -> None:
        self._cancel(force=self.is_slow)

    @command(
        "force-cancel",
        title="Force the run to end",
        help="Where a plain cancel did not end it within a minute.",
        group=_GROUP,
        changes=True,
        when=_may_cancel,
    )
    def force_cancel(self) -> None:
        self._cancel(force=True)

    @property
    def is_slow(self) -> bool:
        """Whether a plain cancel from here did not end the highlighted run in time."""
        run = self.run_shown
        return run is not None and (run.id, run.attempt) in self._slow

    def _cancel(self, *, force: bool) -> None:
        run, tools = self.run_shown, self.relman.tools
        if run is None or tools is None:
            return
        from relman.actions.cancel import Cancel, CancelAction

        def ended(result: Ended, _: bool) -> None:
            late = result.problem is not None and result.problem.kind is Kind.NOT_YET
            if late and not force:
                self._slow.add((run.id, run.attempt))
                self.refresh_bindings()

        self.relman.act(CancelAction(tools), Cancel(run.id, force, run.attempt), after=ended)

    @command(
        "dispatch",
        "D",
        title="Start a workflow",
        help="One with a workflow_dispatch trigger, with a form of its inputs.",
        group=_GROUP,
        footer="Start",
        rank=46,
        changes=True,
        when=_may_act,
    )
    def dispatch(self) -> None:
        self.relman.tell("Looking which workflows can be started by hand.")
        self.run_worker(self._dispatch(self.run_shown), group="dispatch-menu", exclusive=True)

    async def _dispatch(self, run: Run | None) -> None:
        tools = self.relman.tools
        if tools is None:
            return
        from relman.actions.dispatch import DispatchAction
        from relman.tui.screens.dispatch import DispatchScreen, WorkflowMenu

        try:
            found = await DispatchAction(tools).startable()
        except RelmanError as error:
            self.relman.tell(error.problem.sentence(), problem=True)
            return
        # By now the person may have opened something else, or types into a field: what they press is meant for
        # that. (``is_current`` is true under a dialog, too.)
        if not self.is_active or takes_letters(self.focused):
            return
        # The highlighted run's workflow first: it is the one that is meant most often.
        ordered = sorted(found, key=lambda one: run is None or one.workflow.id != run.workflow_id)
        by_id = {str(one.workflow.id): one.workflow for one in ordered}

        def started(run_id: int | None) -> None:
            if run_id is not None:
                self.relman.show_run(run_id)

        def chosen(name: str | None) -> None:
            if name in by_id:
                self.app.push_screen(DispatchScreen(tools, by_id[name]), started)

        self.app.push_screen(WorkflowMenu(self.app.screen, ordered), chosen)

    def _acted(self, ended: Ended, seen: bool) -> None:
        if ended.run_id is not None:
            self._lead_to(ended.run_id, seen)
