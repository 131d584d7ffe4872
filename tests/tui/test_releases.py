"""The releases screen: what it reads and when, what its keys mean, and how it looks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from small_change import bench
from textual import events
from textual.widgets import Input

from relman.errors import Kind, Problem, RelmanError
from relman.model.board import Board, Section
from relman.model.release import Branch
from relman.model.release_facts import ReleaseIntent
from relman.model.repository import Budget
from relman.model.rollback_plan import REDEPLOY, TAG, RollbackIntent
from relman.tui.app import RelmanApp
from relman.tui.release_reading import PACE
from relman.tui.screens.release_form import ReleaseForm
from relman.tui.screens.releases import ReleasesScreen
from relman.tui.screens.rollback_form import RollbackForm
from relman.tui.settings import DashboardSettings
from tests.tui import boards
from tests.tui import release_boards as there
from tests.tui.release_boards import Look, looked, sha

SIZES = [(80, 24), (120, 36), (160, 45)]
DUMPS = Path(__file__).parent / "dumps"


class Stage:
    """The releases screen in front."""

    def __init__(self, app: RelmanApp, pilot: Any, look: Look) -> None:
        self.app, self.pilot, self.look = app, pilot, look

    @property
    def screen(self) -> ReleasesScreen:
        screen = self.app.screen
        assert isinstance(screen, ReleasesScreen), screen
        return screen

    @property
    def text(self) -> str:
        return boards.dump(self.app)

    def pass_(self, **time: float) -> None:
        self.app.clock.time += timedelta(**time)

    async def publish(self, board: Board) -> None:
        self.app.watch_.store.publish(board)
        await self.settle()

    async def settle(self) -> None:
        await self.pilot.pause()
        reading = [one for one in self.app.workers if one.group.startswith("release")]
        if reading and self.look.hold is None:
            await self.app.workers.wait_for_complete(reading)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def until(self, holds: Callable[[], bool]) -> None:
        end = asyncio.get_running_loop().time() + 20
        while not holds():
            assert asyncio.get_running_loop().time() < end, self.text
            await self.pilot.pause(0.01)
        await self.pilot.pause()


@asynccontextmanager
async def staged(
    size: tuple[int, int] = (120, 36), first: Board | None = None, look: Look | None = None, tools: Any = None,
    **settings: object,
) -> AsyncIterator[Stage]:  # fmt: skip
    eyes = look or Look()
    app = RelmanApp(
        boards.Watch(first or there.board()),
        DashboardSettings(**{"theme": "dark", **settings}),
        boards.FixedClock(),
        None if tools is None else lambda: tools,
        look=lambda: eyes,
        opener=boards.OPENED.append,
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("3")
        await pilot.pause()
        stage = Stage(app, pilot, eyes)
        await stage.settle()
        yield stage


# ── what is read, and when ───────────────────────────────────────────────────────────────────


async def test_nothing_is_read_before_somebody_looks() -> None:
    eyes = Look()
    app = RelmanApp(
        boards.Watch(there.board()), DashboardSettings(theme="dark"), boards.FixedClock(), look=lambda: eyes
    )
    async with app.run_test() as pilot:
        await pilot.press("2", "1")
        await pilot.pause()
        assert eyes.asked == 0


async def test_it_is_read_once_and_again_only_when_something_changed() -> None:
    async with staged() as stage:
        assert stage.look.asked == 1 and "v1.9.0 after v1.8.2" in stage.text
        stage.pass_(minutes=10)
        stage.screen.tick()
        await stage.publish(replace(stage.app.board, budget=Budget(5000, 4000)))
        assert stage.look.asked == 1
        await stage.publish(replace(stage.app.board, tags=Section(there.TAGS[:2], boards.NOW)))
        assert stage.look.asked == 2


async def test_a_new_commit_is_read_at_once_anything_else_not_more_often_than_the_pace() -> None:
    async with staged() as stage:
        moved = replace(stage.app.board, head=Section(Branch("main", sha(1)), boards.NOW))
        stage.look.found = looked((there.commit(1, "fix: now"), *there.COMMITS))
        await stage.publish(moved)
        assert stage.look.asked == 2
        tags = replace(stage.app.board, tags=Section(there.TAGS[:1], boards.NOW))
        await stage.publish(tags)
        assert stage.look.asked == 2
        stage.app.clock.time += PACE
        stage.screen.tick()
        await stage.settle()
        assert stage.look.asked == 3


async def test_nothing_is_read_while_another_tab_is_in_front() -> None:
    async with staged() as stage:
        await stage.pilot.press("1")
        stage.pass_(minutes=5)
        await stage.publish(replace(stage.app.board, head=Section(Branch("main", sha(1)), boards.NOW)))
        assert stage.look.asked == 1
        await stage.press("3")
        assert stage.look.asked == 2


async def test_r_reads_again_and_a_thin_budget_reads_only_then() -> None:
    async with staged() as stage:
        await stage.press("r")
        assert stage.look.asked == 2 and stage.app.watch_.poller.refreshed == 1
        stage.pass_(minutes=5)
        thin = replace(stage.app.board, budget=Budget(5000, 100), tags=Section(there.TAGS[:1], boards.NOW))
        await stage.publish(thin)
        assert stage.look.asked == 2
        await stage.press("r")
        assert stage.look.asked == 3
        spent = Budget(5000, 0, boards.NOW + timedelta(hours=1))
        await stage.publish(replace(stage.app.board, budget=spent))
        await stage.press("r")
        assert stage.look.asked == 3


async def test_a_failure_keeps_what_was_read_with_its_age_and_is_tried_again_later() -> None:
    async with staged() as stage:
        stage.look.error = RelmanError(Problem(Kind.NETWORK, "No connection to GitHub"))
        stage.pass_(minutes=3)
        await stage.press("r")
        stage.screen.tick()
        await stage.pilot.pause()
        assert stage.look.asked == 2
        assert "as of 3m ago" in stage.text and "No connection to GitHub" in stage.text
        assert "v1.9.0 after v1.8.2" in stage.text
        stage.screen.tick()
        await stage.settle()
        assert stage.look.asked == 2
        stage.look.error = None
        stage.pass_(minutes=1)
        stage.screen.tick()
        await stage.settle()
        assert stage.look.asked == 3 and "No connection" not in stage.text


async def test_a_first_failure_is_a_designed_state() -> None:
    eyes = Look()
    eyes.error = RelmanError(
        Problem(Kind.PERMISSION, "The token may not read this", hint="Give it Contents: read.")
    )
    async with staged(look=eyes) as stage:
        assert "The token may not read this" in stage.text and "Give it Contents: read." in stage.text
        assert "not read" in stage.text and "v1.8.2" in stage.text  # the versions are there all the same


async def test_a_version_is_read_from_near_once_when_the_highlight_rests_on_it() -> None:
    async with staged() as stage:
        await stage.press("j", "j", "j")
        await stage.until(lambda: bool(stage.look.about_asked))
        await stage.settle()
        assert stage.look.about_asked == [("v1.8.2", sha(0x182), sha(0x181))]
        assert "Commits 2 since v1.8.1" in stage.text and "rolls back v1.8.1" in stage.text
        await stage.press("k", "j")
        await asyncio.sleep(0.4)
        await stage.settle()
        assert len(stage.look.about_asked) <= 2  # the one above may have been rested on, this one is known


async def test_the_poller_is_told_what_is_in_view() -> None:
    async with staged() as stage:
        view = stage.app.watch_.poller.views[-1]
        assert (view.screen, view.run_id, view.environment) == ("releases", None, "production")


# ── what keys mean ───────────────────────────────────────────────────────────────────────────


async def test_the_selection_is_a_tag_on_a_commit_whatever_moves() -> None:
    async with staged() as stage:
        await stage.press("j", "j", "j")
        chosen = stage.screen.selected()
        assert (chosen.tag, chosen.sha, chosen.environment) == ("v1.8.2", sha(0x182), "production")
        more = (there.Tag("v1.8.3", sha(0x183)), *there.TAGS)
        await stage.publish(replace(stage.app.board, tags=Section(more, boards.NOW)))
        assert stage.screen.selected() == chosen
        assert stage.screen.url.endswith("/releases/tag/v1.8.2")


async def test_y_and_o_mean_the_selected_version() -> None:
    boards.OPENED.clear()
    async with staged() as stage:
        await stage.press("Y")
        assert stage.app.clipboard == there.HEAD
        await stage.press("j", "j", "j", "Y", "o")
        assert stage.app.clipboard == sha(0x182)
        assert [f"https://github.com/{there.REPO}/releases/tag/v1.8.2"] == boards.OPENED


async def test_enter_goes_to_the_run_and_else_into_the_details() -> None:
    async with staged() as stage:
        await stage.press("enter")
        assert stage.screen.in_details
        await stage.press("escape", "j", "j", "j", "enter")
        await stage.pilot.pause()
        assert stage.app.current_mode == "pipeline" and stage.app.screen.run_shown.id == there.RUN.id


async def test_filter_and_find() -> None:
    async with staged() as stage:
        await stage.press("slash", *"rolled", "enter")
        assert "Releases 1 of 5" in stage.text and "/ rolled" in stage.text
        await stage.press("escape")
        assert "Releases 5" in stage.text
        await stage.press("enter", "slash", *"gates", "enter")
        assert "1 of 1" in stage.text
        await stage.press("escape")
        assert stage.screen.in_details and "1 of 1" not in stage.text
        await stage.press("escape")
        assert not stage.screen.in_details


async def test_no_letter_overtakes_the_key_that_asks_for_a_filter() -> None:
    async with staged() as stage:
        for key, character in (("slash", "/"), *((letter, letter) for letter in "rolled")):
            stage.app.post_message(events.Key(key, character))
        await stage.pilot.pause()
        assert stage.screen.query_one("#prompt-input", Input).value == "rolled"
        assert "Releases 1 of 5" in stage.text


async def test_where_nothing_may_be_changed_no_such_key_exists() -> None:
    async with staged() as stage:  # no tools
        assert "read-only: nothing can be tagged here" in stage.text
        for keys in (("t",), ("H",), ("R",), ("j", "t"), ("H",), ("R",), ("k",)):
            await stage.press(*keys)
            assert isinstance(stage.app.screen, ReleasesScreen)


async def test_a_token_that_may_not_push_has_no_key_either(tmp_path: Path) -> None:
    eyes = Look(there.outlook(there.REPO, there.history(), there.evidence(may_push=False)))
    async with staged(look=eyes, tools=bench(tmp_path).tools) as stage:
        await stage.press("t")
        assert isinstance(stage.app.screen, ReleasesScreen) and "This token may not push" in stage.text


async def test_the_keys_are_on_every_screen_of_runs(tmp_path: Path) -> None:
    async with staged(tools=bench(tmp_path).tools) as stage:
        for tab in "123":
            await stage.press(tab, "t")
            assert isinstance(stage.app.screen, ReleaseForm), tab
            await stage.press("escape")
        await stage.press("1", "R")
        assert not isinstance(stage.app.screen, RollbackForm)  # no environment is selected there


# ── the forms ────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def release_form(
    look: Look | None = None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Stage, list[Any]]]:
    async with staged(size, look=look) as stage:
        ended: list[Any] = []
        stage.app.push_screen(ReleaseForm(stage.app.release_reading), ended.append)
        await stage.settle()
        yield stage, ended


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (("enter",), ReleaseIntent(sha=there.HEAD)),
        (("j", "enter"), ReleaseIntent(sha=there.HEAD, bump="patch")),
        (("j", "j", "j", "enter"), ReleaseIntent(sha=there.HEAD, bump="major")),
        (("tab", *"rc", "enter"), ReleaseIntent(sha=there.HEAD, channel="rc")),
        (("down", "tab", *"rc", "enter"), ReleaseIntent(sha=there.HEAD, bump="patch", channel="rc")),
        (("down", "down", "down", "down", *"2.0.0", "enter"), ReleaseIntent(sha=there.HEAD, version="2.0.0")),
    ],
)
async def test_the_form_gives_what_was_chosen(keys: tuple[str, ...], wanted: ReleaseIntent) -> None:
    async with release_form() as (stage, ended):
        await stage.press(*keys)
        assert ended == [wanted]


async def test_the_form_shows_each_version_and_refuses_what_is_none() -> None:
    async with release_form() as (stage, ended):
        for words in (
            "as proposed   v1.9.0",
            "patch         v1.8.3",
            "major         v2.1.0",
            "main at 9e1d2c3",
        ):
            assert words in stage.text, words
        await stage.press("tab", *"r c", "enter")
        assert ended == [] and "is not a channel" in stage.text
        await stage.press("down", "down", "down", "down", *"two", "enter")
        assert ended == [] and "“two” is no version" in stage.text
        await stage.press("escape")
        assert ended == [None]


async def test_while_it_is_read_the_plan_tells_the_version() -> None:
    eyes = Look()
    eyes.hold = asyncio.Event()
    async with release_form(eyes) as (stage, ended):
        assert "reading…" in stage.text and "v1.9.0 " not in stage.text.split("Tag a release")[1]
        await stage.press("down", "enter")
        assert ended == [ReleaseIntent(bump="patch")]  # no commit that nobody saw
        eyes.hold.set()


async def test_the_form_reads_afresh_what_is_old() -> None:
    async with staged() as stage:
        stage.pass_(minutes=2)
        stage.app.push_screen(ReleaseForm(stage.app.release_reading))
        await stage.settle()
        assert stage.look.asked == 2


@asynccontextmanager
async def rollback_form(
    to: str | None = None, look: Look | None = None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Stage, list[Any]]]:
    async with staged(size, look=look) as stage:
        ended: list[Any] = []
        form = RollbackForm(stage.look, ("staging", "production"), "production", to)
        stage.app.push_screen(form, ended.append)
        await stage.settle()
        await stage.until(lambda: form._ways is not None or form._problem is not None)
        yield stage, ended


async def test_the_way_back_is_a_version_that_ran_there() -> None:
    async with rollback_form() as (stage, ended):
        assert "runs v1.8.2" in stage.text and "v1.8.0" in stage.text
        assert "deployed 8d ago, ran 5d 20h" in stage.text
        await stage.press("enter")
        assert ended == [(REDEPLOY, RollbackIntent("production", "v1.8.0", sha(0x182)))]


async def test_a_new_tag_takes_a_reason() -> None:
    async with rollback_form() as (stage, ended):
        await stage.press("tab", "right")
        assert "A higher version on the old commit" in stage.text
        await stage.press("tab", *"slow", "enter")
        assert ended == [(TAG, RollbackIntent("production", "v1.8.0", sha(0x182), "slow"))]


async def test_a_version_that_is_no_way_back_is_named() -> None:
    async with rollback_form("v1.8.1") as (stage, ended):
        assert "v1.8.1 is none of them" in stage.text
        await stage.press("escape")
        assert ended == [None]


async def test_an_environment_without_a_way_back_and_one_that_cannot_be_read() -> None:
    async with rollback_form() as (stage, ended):
        await stage.press("shift+tab", "right")
        await stage.until(lambda: "Nothing else was ever deployed there" in stage.text)
        await stage.press("enter")
        assert ended == []
        stage.look.error = RelmanError(Problem(Kind.NETWORK, "No connection to GitHub"))
        await stage.press("right")
        await stage.until(lambda: "No connection to GitHub" in stage.text)
        await stage.press("enter", "escape")
        assert ended == [None]


# ── the whole screen ─────────────────────────────────────────────────────────────────────────


async def view_unreleased(stage: Stage) -> None:
    await stage.press("g")


async def view_version(stage: Stage) -> None:
    await stage.press("j", "j", "j")
    near = ("v1.8.2", sha(0x182), sha(0x181))
    await stage.until(lambda: near in stage.app.release_reading.about)


async def view_release_form(stage: Stage) -> None:
    stage.app.push_screen(ReleaseForm(stage.app.release_reading))
    await stage.settle()


async def view_rollback_form(stage: Stage) -> None:
    form = RollbackForm(stage.look, ("staging", "production"), "production", None)
    stage.app.push_screen(form)
    await stage.until(lambda: form._ways is not None)


VIEWS = {
    "releases": view_unreleased,
    "releases-version": view_version,
    "release-form": view_release_form,
    "rollback-form": view_rollback_form,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", VIEWS)
async def test_screen(
    name: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    async with staged(size, tools=bench(tmp_path).tools) as stage:
        await VIEWS[name](stage)
        await stage.pilot.pause()
        shown = stage.text + "\n"
    path = DUMPS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("RELMAN_WRITE_DUMPS"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_repository_says_so(size: tuple[int, int]) -> None:
    bare = replace(
        there.board(), tags=Section((), boards.NOW), releases=Section((), boards.NOW), deployments={},
        environments=Section((), boards.NOW),
    )  # fmt: skip
    none = there.history(base=None, since=None, tags=type(there.history().tags)(), releases=())
    eyes = Look(there.outlook(there.REPO, none, there.evidence()))
    async with staged(size, bare, eyes) as stage:
        assert "→ v0.1.0 (first)" in stage.text and "no version exists yet" in stage.text
        assert "R Roll back" not in stage.text


async def test_nothing_known_at_all() -> None:
    async with staged(first=Board("acme/agentic-backend")) as stage:
        assert "Reading the releases" in stage.text and stage.look.asked == 0


@pytest.mark.parametrize(
    ("part", "problem", "hint"),
    [
        ("viewer", Problem(Kind.AUTH, "GitHub does not take this token"), "gh auth login"),
        ("repository", Problem(Kind.PERMISSION, "The token may not read the repository"), "permission"),
    ],
)
async def test_what_nobody_asks_for_is_not_said_to_be_read(part: str, problem: Problem, hint: str) -> None:
    refused = {part: Section(None, None, problem), "tags": Section(None, None, problem)}
    if part == "viewer":
        del refused["tags"]
    async with staged((160, 45), Board("acme/agentic-backend", **refused)) as stage:  # type: ignore[arg-type]
        assert stage.text.count(problem.title) == 2 and hint in stage.text  # in both panes
        assert "Reading" not in stage.text and stage.look.asked == 0


async def test_the_mouse_selects_and_a_second_click_opens() -> None:
    async with staged() as stage:
        await stage.pilot.click("#versions-list", offset=(6, 4))
        await stage.settle()
        assert stage.screen.entry.row.name == "v1.8.2"
        await stage.pilot.click("#versions-list", offset=(6, 4), times=2)
        await stage.settle()
        assert stage.app.current_mode == "pipeline"
