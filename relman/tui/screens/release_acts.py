"""What leads to another version in production: tagging a release, a hotfix, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relman.tui.commands.command import command, takes_letters
from relman.tui.screens.live import LiveScreen

if TYPE_CHECKING:
    from relman.model.operation import Ended
    from relman.model.release_facts import ReleaseIntent
    from relman.model.rollback_plan import RollbackIntent

_GROUP = "Release"


def _may_tag(screen: ReleaseActs) -> bool:
    return screen.relman.may_change and screen.may_push


def _may_roll_back(screen: ReleaseActs) -> bool:
    return _may_tag(screen) and screen.selected().environment is not None


class ReleaseActs(LiveScreen):
    """The identity of what is selected is taken when the key is pressed; every change ends in its run."""

    @property
    def may_push(self) -> bool:
        """False where GitHub said that this token may not."""
        reading = self.relman.release_read
        outlook = reading.unreleased.value if reading is not None else None
        return outlook is None or outlook.evidence.may_push is not False

    @property
    def rollback_to(self) -> str | None:
        """The version that is selected to return to; None for the newest one there is."""
        return None

    @command(
        "tag",
        "t",
        title="Tag a release",
        help="The default branch's newest commit becomes a version, after a look at the plan.",
        group=_GROUP,
        footer="Tag",
        rank=26,
        changes=True,
        when=_may_tag,
    )
    def tag(self) -> None:
        from relman.tui.screens.release_form import ReleaseForm

        self.app.push_screen(ReleaseForm(self.relman.release_reading), self._release)

    def _release(self, intent: ReleaseIntent | None) -> None:
        tools = self.relman.tools
        if intent is None or tools is None:
            return
        from relman.actions.release import ReleaseAction

        self.relman.act(ReleaseAction(tools), intent, after=self._follow)

    @command(
        "hotfix",
        "H",
        title="Begin a hotfix",
        help="A branch from the selected version, else from the one in production; then its pull request.",
        group=_GROUP,
        footer="Hotfix",
        rank=47,
        changes=True,
        when=_may_tag,
    )
    def hotfix(self) -> None:
        tools = self.relman.tools
        if tools is None:
            return
        from relman.actions.hotfix import HotfixAction
        from relman.model.hotfix_plan import HotfixIntent

        self.relman.act(HotfixAction(tools), HotfixIntent(self.selected().tag), after=self._follow)

    @command(
        "rollback",
        "R",
        title="Roll back",
        help="An environment returns to a version that ran there: deployed again, or by a new tag.",
        group=_GROUP,
        footer="Roll back",
        rank=27,
        changes=True,
        when=_may_roll_back,
    )
    def rollback(self) -> None:
        tools, environment = self.relman.tools, self.selected().environment
        if tools is None or environment is None:
            return
        from relman.actions.release_look import ReleaseLook
        from relman.tui.screens.rollback_form import RollbackForm

        names = [one.name for one in self.relman.board.environments.value or ()]
        known = names if environment in names else [environment, *names]
        form = RollbackForm(ReleaseLook.of(tools), known, environment, self.rollback_to)
        self.app.push_screen(form, self._roll_back)

    def _roll_back(self, chosen: tuple[str, RollbackIntent] | None) -> None:
        tools = self.relman.tools
        if chosen is None or tools is None:
            return
        from relman.actions.redeploy import RedeployAction
        from relman.actions.rollback_tag import RollbackTagAction
        from relman.model.rollback_plan import TAG

        via, intent = chosen
        action = RollbackTagAction(tools) if via == TAG else RedeployAction(tools)
        self.relman.act(action, intent, after=self._follow)

    def _follow(self, ended: Ended, seen: bool) -> None:
        """To the run that was started, where there is one."""
        from relman.model.operation import Outcome

        if ended.outcome is Outcome.DONE and ended.run_id is not None:
            self._lead_to(ended.run_id, seen)

    def _lead_to(self, run_id: int, seen: bool) -> None:
        """To the run that a change has started, unless the person is at something else by then: neither in
        front of the change's dialog when it ended (``seen``) nor on the screen where it was begun."""
        front = self.app.screen
        here = front is self or (seen and isinstance(front, LiveScreen))
        if here and not takes_letters(self.app.focused):
            self.relman.show_run(run_id)
