"""The Deploys screen on boards made by hand: what it shows, whom it asks, and what a key acts on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from hostile import HOSTILE, UNSAFE
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from relman.actions.tools import Tools
from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.environment import (
    Approval,
    BranchPolicy,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)
from relman.model.health import Health
from relman.model.operation import Ended, Outcome
from relman.model.repository import User
from relman.model.review import Review, Target
from relman.model.waiting import waiting
from relman.tui.app import RelmanApp
from relman.tui.present.deploys import DeploysPresenter, Entry
from relman.tui.present.piece import text_of
from relman.tui.screens.deploys import DeploysScreen
from relman.tui.screens.pipeline import PipelineScreen
from relman.tui.screens.review import ReviewScreen
from tests.tui import boards

RULES = (
    ProtectionRule(
        "required_reviewers", reviewers=(Reviewer("User", 1, "jonas"), Reviewer("Team", 2, "release"))
    ),
    ProtectionRule("wait_timer", wait_minutes=5),
)
PRODUCTION = Environment(
    2, "production", "https://github.com/acme/agentic-backend/deployments/p", RULES, custom_policies=True
)
GATE = PendingDeployment(2, "production", 5, boards.ago(minutes=2), True, (Reviewer("User", 1, "jonas"),))


def board(**changes: Any) -> Board:
    fetched = boards.ago(seconds=5)
    made = replace(
        boards.board(),
        viewer=Section(User("jonas", 1), fetched),
        environments=Section((Environment(1, "staging"), PRODUCTION), fetched),
        policies={"production": Section((BranchPolicy(1, "v*", "tag"),), fetched)},
        pending={boards.WAITING.id: Section((GATE,), fetched)},
        approvals={boards.WAITING.id: Section((), fetched)},
    )
    return replace(made, **changes)


class Acts:
    """Stands where the dialog would: remembers what was asked of it."""

    def __init__(self, app: RelmanApp) -> None:
        self.asked: list[tuple[str, Review]] = []
        self.after: Callable[[Ended], None] | None = None
        app.act = self._act  # type: ignore[method-assign]

    def _act(self, action: Any, intent: Any, *, after: Callable[[Ended], None] | None = None) -> None:
        self.asked.append((action.name, intent))
        self.after = after


def tools() -> Tools:
    """Enough to offer a change; nothing in here is used before the dialog."""
    return cast("Tools", type("NoTools", (), {"reader": None, "repo": "acme/agentic-backend"})())


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[RelmanApp]:
    made = boards.app(board())
    monkeypatch.setattr(RelmanApp, "may_change", property(lambda self: True))
    monkeypatch.setattr(RelmanApp, "tools", property(lambda self: tools()))
    yield made


async def opened(app: RelmanApp, pilot: Pilot[None]) -> DeploysScreen:
    await pilot.pause()
    await pilot.press("2")
    await pilot.pause()
    assert isinstance(app.screen, DeploysScreen)
    return app.screen


def publish(app: RelmanApp, made: Board) -> None:
    cast("boards.Watch", app.watch_).store.publish(made)


async def test_what_waits_stands_on_top_with_everything_to_decide(app: RelmanApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        shown = boards.dump(app)
        assert screen.gate is not None and screen.gate.key == (boards.WAITING.id, 1, 2)
        for words in (
            "1 waiting, 1 for you", "production waits", "v1.8.2 → v1.9.0", "in 3m 00s", "You may approve or reject",
            "a approves, x rejects", "Only tags v*", "Waits 5 minutes first", "one review is enough",
            "Deploy to production",
        ):  # fmt: skip
            assert words in shown, words
        view = cast("boards.Watch", app.watch_).poller.views[-1]
        assert (view.screen, view.run_id, view.environment) == ("deploys", boards.WAITING.id, "production")


def test_the_time_until_it_opens_is_whole_at_every_width() -> None:
    (gate,) = waiting(board(), boards.NOW)
    for room in (52, 68, 78):
        line = text_of(DeploysPresenter().line(Entry(gate=gate), room, boards.NOW))
        assert line.endswith(" 3m 00s") and "you may approve" in line


async def test_an_environment_says_what_runs_there(app: RelmanApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("j")
        await pilot.pause()
        shown = boards.dump(app)
        assert "4f2c9a1 of main" in shown and "healthy" in shown
        assert "No protection: every branch and tag deploys at once" in shown


@pytest.mark.parametrize("keys", [(), ("j",), ("G",)], ids=str)
@pytest.mark.parametrize("width", [72, 80, 100])
async def test_help_keeps_its_place_on_the_footer(app: RelmanApp, keys: tuple[str, ...], width: int) -> None:
    async with app.run_test(size=(width, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press(*keys)
        await pilot.pause()
        footer = boards.dump(app).splitlines()[-1]
        assert "? Help" in footer and "t Tag" in footer and len(footer) <= width


@pytest.mark.parametrize(("key", "state"), [("a", "approved"), ("x", "rejected")])
async def test_a_review_is_bound_to_what_was_highlighted(app: RelmanApp, key: str, state: str) -> None:
    acts = Acts(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, ReviewScreen)
        publish(app, board(pending={}))  # it moves away under the form
        await pilot.press(*"ok", "enter")
        await pilot.pause()
        run = boards.WAITING
        target = Target(2, "production")
        assert acts.asked == [("review", Review(run.id, 1, run.sha, (target,), state, "ok"))]


async def test_enter_in_the_same_burst_does_not_overtake_the_comment(app: RelmanApp) -> None:
    acts = Acts(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("a")
        await pilot.pause()
        for key in (*"no: too late", "enter", "enter"):
            app.post_message(events.Key("space" if key == " " else key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert [intent.comment for _, intent in acts.asked] == ["no: too late"]


async def test_escape_from_the_form_asks_nothing(app: RelmanApp) -> None:
    acts = Acts(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("a")
        await pilot.pause()
        assert "enter See the plan" in boards.dump(app)
        await pilot.press(*"no", "escape")
        await pilot.pause()
        assert isinstance(app.screen, DeploysScreen) and acts.asked == []


async def test_several_environments_of_one_run(app: RelmanApp) -> None:
    acts = Acts(app)
    other = replace(GATE, environment_id=3, environment="staging-eu")
    closed = replace(GATE, environment_id=4, environment="lab", may_approve=False)
    publish(app, board(pending={boards.WAITING.id: Section((GATE, other, closed), boards.NOW)}))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("a")
        await pilot.pause()
        shown = boards.dump(app)
        assert "● production" in shown and "○ staging-eu" in shown
        assert "● lab" not in shown and "○ lab" not in shown  # not mine to answer
        await pilot.press("tab", "down", "space")
        await pilot.pause()
        assert "● staging-eu" in boards.dump(app)
        await pilot.press("up", "space", "enter")
        await pilot.pause()
        assert [intent.targets for _, intent in acts.asked] == [(Target(3, "staging-eu"),)]


async def test_with_none_chosen_there_is_nothing_to_go_on_with(app: RelmanApp) -> None:
    other = replace(GATE, environment_id=3, environment="staging-eu")
    publish(app, board(pending={boards.WAITING.id: Section((GATE, other), boards.NOW)}))
    acts = Acts(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("a", "tab", "space", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ReviewScreen) and acts.asked == []


async def test_after_a_review_its_run_is_followed_in_place(app: RelmanApp) -> None:
    acts = Acts(app)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.press("a", "enter")
        await pilot.pause()
        assert acts.after is not None
        said = Section((Approval("approved", "jonas", "go", ("production",)),), boards.NOW)
        running = replace(boards.WAITING, status="in_progress")
        runs = tuple(running if one.id == running.id else one for one in board().runs.value or ())
        publish(app, board(pending={}, approvals={running.id: said}, runs=Section(runs, boards.NOW)))
        acts.after(Ended(Outcome.DONE, "done", run_id=running.id), True)
        await pilot.pause()
        assert screen.entry is not None and screen.entry.key == ("place", "production")
        shown = boards.dump(app)
        assert "jonas approved production" in shown and "Build and push image" in shown
        assert cast("boards.Watch", app.watch_).poller.views[-1].run_id == running.id
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, PipelineScreen) and app.screen.run_shown is not None
        assert app.screen.run_shown.id == running.id


async def test_a_token_without_the_right_is_told_from_then_on(app: RelmanApp) -> None:
    acts = Acts(app)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("a", "enter")
        await pilot.pause()
        assert acts.after is not None
        denied = Problem(Kind.PERMISSION, "Refused", "Resource not accessible by personal access token")
        acts.after(Ended(Outcome.REFUSED, "refused", denied), True)
        await pilot.pause()
        shown = boards.dump(app)
        assert "token may not" in shown and "Deployments: write" in shown
        await pilot.press("a")  # it may have the right by now
        await pilot.pause()
        assert isinstance(app.screen, ReviewScreen)


@pytest.mark.parametrize("keys", [("a",), ("x",)])
async def test_read_only_there_is_no_review(keys: tuple[str, ...]) -> None:
    made = boards.app(board(), read_only=True)
    async with made.run_test(size=(120, 40)) as pilot:
        screen = await opened(made, pilot)
        await pilot.press(*keys)
        await pilot.pause()
        assert made.screen is screen and "read-only" in boards.dump(made)


async def test_what_is_not_mine_offers_no_key_and_says_who_can(app: RelmanApp) -> None:
    gate = replace(GATE, may_approve=False, reviewers=(Reviewer("User", 9, "linnea"),))
    publish(app, board(pending={boards.WAITING.id: Section((gate,), boards.NOW)}))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        shown = boards.dump(app)
        assert "You are not a reviewer: linnea can approve" in shown
        assert "a Approve" not in shown and "a approves" not in shown
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, DeploysScreen)


NETWORK = Problem(Kind.NETWORK, "No connection to GitHub")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environments": Section((), boards.NOW)}, "This repository has no environments"),
        ({"environments": Section()}, "Reading the environments"),
        (
            {"environments": Section(None, None, Problem(Kind.PLAN, "Not available on this plan", "Upgrade"))},
            "Not available on this plan",
        ),
        (
            {"environments": Section(None, None, Problem(Kind.PERMISSION, "May not"))},
            "Give the token this permission",
        ),
    ],
)
async def test_designed_states_without_environments(changes: dict[str, Any], words: str) -> None:
    made = boards.app(board(**{"deployments": {}, "health": {}, "pending": {}, **changes}))
    async with made.run_test(size=(120, 40)) as pilot:
        await opened(made, pilot)
        assert words in boards.dump(made)
        await pilot.press("a", "x", "enter", "o", "y", "Y", "j", "k")
        await pilot.pause()


REFUSED = Problem(Kind.PERMISSION, "This token may not read deployments", hint="Give it Deployments: read.")
DEAD = Problem(Kind.AUTH, "GitHub does not take this token")
HEALTHY = {"production": Section((Health("api", "https://live/health", True, 200),), boards.NOW)}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environments": Section(None, None, REFUSED)}, (REFUSED.title, "Give it Deployments: read.")),
        ({"deployments": {"production": Section(None, None, REFUSED)}}, (REFUSED.title, REFUSED.hint)),
        ({"environments": Section(), "viewer": Section(None, None, DEAD)}, (DEAD.title, "gh auth login")),
    ],
)
async def test_an_environment_that_cannot_be_read_says_why_and_what_to_do(
    changes: dict[str, Any], words: tuple[str, ...], size: tuple[int, int]
) -> None:
    made = boards.app(board(**{"deployments": {}, "health": HEALTHY, "pending": {}, **changes}))
    async with made.run_test(size=size) as pilot:
        await opened(made, pilot)
        await pilot.press("G")
        await pilot.pause()
        shown = boards.dump(made)
        for word in (*words, "■ production · not readable", "unknown"):
            assert word in shown, word
        assert "Reading" not in shown


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize("listed", [(), (PRODUCTION,)], ids=["none", "others"])
async def test_an_environment_that_github_does_not_have(
    listed: tuple[Environment, ...], size: tuple[int, int]
) -> None:
    health = {"prod-eu": HEALTHY["production"]}
    environments = Section(listed, boards.NOW)
    made = boards.app(board(environments=environments, deployments={}, health=health, pending={}))
    async with made.run_test(size=size) as pilot:
        await opened(made, pilot)
        await pilot.press("G")
        await pilot.pause()
        shown = boards.dump(made)
        for word in ("○ prod-eu · not on GitHub", "never deployed", "environment: prod-eu"):
            assert word in shown, word
        assert "Reading" not in shown


@pytest.mark.parametrize(
    ("deployments", "said"),
    [
        ({"production": Section(None, None, REFUSED)}, "unknown → v1.9.0"),
        ({"production": Section()}, "unknown → v1.9.0"),
        ({}, "unknown → v1.9.0"),
        (
            {"production": Section((boards.deployment(8, "production", "v1.9.0", "waiting"),))},
            "nothing → v1.9.0",
        ),
        (
            {"production": Section((replace(boards.deployment(7, "production", "v1.8.2", ""), statuses=()),))},
            "unknown → v1.9.0",
        ),
    ],
)
async def test_what_a_gate_replaces_is_not_guessed(app: RelmanApp, deployments: Any, said: str) -> None:
    publish(app, board(deployments=deployments))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        shown = boards.dump(app)
        assert said in shown
        assert (REFUSED.title in shown) is (deployments.get("production", Section()).error is not None)


async def test_what_github_leaves_out_leaves_no_hole(app: RelmanApp) -> None:
    bare = replace(boards.WAITING, title="", branch=None, actor="", triggering_actor="")
    runs = tuple(bare if one.id == bare.id else one for one in board().runs.value or ())
    publish(app, board(runs=Section(runs, boards.NOW)))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        shown = boards.dump(app)
        sha = bare.short_sha
        for words in (f"v1.8.2 → {sha}\n", f"{sha}, of which GitHub tells no title", "somebody, push 14m ago"):
            assert words in shown, words


async def test_a_gate_of_an_environment_that_the_list_does_not_know_yet(app: RelmanApp) -> None:
    publish(app, board(environments=Section((), boards.NOW), deployments={}, health={}))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        shown = boards.dump(app)
        assert "not on GitHub" not in shown and "unknown → v1.9.0" in shown


async def test_old_data_stays_and_says_its_age(app: RelmanApp) -> None:
    listed = board().deployments["production"]
    stale = replace(listed, error=NETWORK, fetched_at=boards.ago(minutes=12))
    publish(app, board(deployments={**board().deployments, "production": stale}))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        shown = boards.dump(app)
        assert "as of 12m ago" in shown and "No connection to GitHub" in shown and "v1.8.2" in shown


async def test_a_service_that_says_another_version_stands_out(app: RelmanApp) -> None:
    answer = Health("api", "https://live/health", True, 200, 0.03, "1.8.1")
    health = {"production": Section((answer,), boards.NOW)}
    publish(
        app,
        board(
            health=health,
            pending={},
            deployments={"production": Section(board().deployments["production"].value[1:], boards.NOW)},
        ),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await pilot.press("G")
        await pilot.pause()
        assert "The service says 1.8.1, deployed was v1.8.2" in boards.dump(app)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 36), (160, 45)], ids=str)
async def test_hostile_names_at_every_size(app: RelmanApp, size: tuple[int, int]) -> None:
    environment = replace(PRODUCTION, name=HOSTILE)
    gate = replace(GATE, environment=HOSTILE)
    run = replace(
        boards.WAITING, sha=HOSTILE, title=HOSTILE, branch=HOSTILE, name=HOSTILE, triggering_actor=HOSTILE
    )
    said = Section((Approval("approved", HOSTILE, HOSTILE, (HOSTILE,)),), boards.NOW)
    publish(
        app,
        board(
            runs=Section((run,), boards.NOW),
            environments=Section((environment,), boards.NOW),
            pending={run.id: Section((gate,), boards.NOW)},
            approvals={run.id: said},
            deployments={
                HOSTILE: Section(
                    (replace(boards.deployment(8, HOSTILE, HOSTILE, "success"), creator=HOSTILE, sha=HOSTILE),),
                    boards.NOW,
                )
            },
        ),
    )
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        for key in ("j", "k", "a", "escape", "enter", "2", "z", "z", "tab", "j"):
            await pilot.press(key)
            await pilot.pause()
            shown = boards.dump(app)
            assert not UNSAFE.search(shown.replace("\n", ""))
            assert max(map(len, shown.splitlines())) <= size[0]


async def test_the_mouse(app: RelmanApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await pilot.click("#deploys-list", offset=(6, 2))
        await pilot.pause()
        assert screen.entry is not None and screen.entry.environment == "staging"


async def test_the_tab_says_how_many_wait(app: RelmanApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "2 Deploys ◆1" in boards.dump(app)


class Silent:
    """What the app writes to the terminal."""

    def __init__(self, app: RelmanApp) -> None:
        self.said: list[str] = []
        app._write = self.said.append  # type: ignore[method-assign]


@pytest.mark.parametrize("title", [True, False])
async def test_it_calls_when_something_begins_to_wait(title: bool) -> None:
    made = boards.app(
        board(
            pending={boards.WAITING.id: Section((), boards.NOW)}, runs=Section(board().runs.value, boards.NOW)
        ),
        title=title,
    )
    wrote = Silent(made)
    async with made.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        publish(
            made,
            board(
                pending={boards.WAITING.id: Section((), boards.NOW)},
                runs=Section(board().runs.value, boards.NOW),
                notices=(NETWORK,),
            ),
        )
        await pilot.pause()
        assert not any(text[-1:] == "\a" and "]9;" in text for text in wrote.said)
        publish(made, board(runs=Section(board().runs.value, boards.NOW)))
        await pilot.pause()
        assert sum("]9;production waits for you" in text for text in wrote.said) == 1
        assert "production waits for you" in [*made._notifications][-1].message
        assert any("]2;◆ 1 waiting" in text for text in wrote.said) is title
