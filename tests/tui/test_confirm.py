"""The dialog: what counts as a yes, what it shows, and that what runs goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_change import FAILED_CHECK, PASSED_CHECK, Bench, Intent, bench
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from relman.errors import Kind, Problem, RelmanError
from relman.model.operation import Ended, Outcome
from relman.tui.app import RelmanApp
from relman.tui.screens.confirm import ConfirmScreen
from relman.tui.screens.pipeline import PipelineScreen
from tests.tui import boards


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes counts at once, except where a test is about that."""
    monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)


class Stage:
    """The app with a change in front of it."""

    def __init__(self, app: RelmanApp, pilot: Pilot[None], there: Bench) -> None:
        self.app, self.pilot, self.there = app, pilot, there
        self.ended: list[Ended] = []

    @property
    def text(self) -> str:
        return boards.dump(self.app)

    @property
    def told(self) -> str:
        return " ".join(note.message for note in self.app._notifications)

    @property
    def dialog(self) -> ConfirmScreen:
        assert isinstance(self.app.screen, ConfirmScreen), self.app.screen
        return self.app.screen

    @property
    def open(self) -> bool:
        return isinstance(self.app.screen, ConfirmScreen)

    async def act(self, intent: Intent | None = None) -> None:
        self.app.act(self.there.action, intent or Intent(), after=lambda ended, _: self.ended.append(ended))
        await self.until(lambda: self.open)

    async def asked(self, intent: Intent | None = None) -> None:
        await self.act(intent)
        await self.until(lambda: self.dialog._stood is not None)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        end = asyncio.get_running_loop().time() + 20
        while not holds():
            assert asyncio.get_running_loop().time() < end, self.text
            await self.pilot.pause(0.01)
        await self.pilot.pause()


@contextlib.asynccontextmanager
async def staged(
    directory: Path, size: tuple[int, int] = (100, 32), **settings: object
) -> AsyncIterator[Stage]:
    there = bench(directory)
    app = boards.app(tools=there.tools, **settings)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(app, pilot, there)


async def test_the_plan_is_shown_and_y_carries_it_out(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(checks=(PASSED_CHECK,), warnings=("It is late.",)))
        shown = stage.text
        for words in (
            "Release v1.9.0", "acme/agentic-backend · v1.9.0 at 1a2b3c4 · as mara", "v1.8.2 → v1.9.0",
            "Staging runs 1a2b3c4", "▲ It is late.", "POST /repos/acme/agentic-backend/tags", "Cannot be undone",
            "undone by: delete the tag", "read just now", "y Carry it out", "esc Cancel",
        ):  # fmt: skip
            assert words in shown, words
        assert stage.dialog.focused.id == "confirm-cancel"
        assert stage.there.world.sent == []
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))
        assert stage.there.world.things == {"tag": "v1.9.0", "release": "v1.9.0"}
        assert stage.ended[0].outcome is Outcome.DONE and stage.ended[0].run_id == 4711
        assert not stage.open  # there is a run to follow
        assert stage.app.watch_.poller.refreshed == 2


async def test_enter_carries_nothing_out(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(word="production", production=True))
        await stage.press("tab", *"production", "enter", "enter")
        assert "Enter does nothing here" in stage.text
        await stage.press("tab", "enter")
        assert stage.dialog.focused.id == "confirm-do"
        assert stage.there.world.sent == []
        await stage.press("tab", "enter")  # on Cancel
        assert not stage.open and stage.there.world.sent == []
        await stage.asked(Intent())
        await stage.press("shift+tab", "enter")
        assert stage.dialog.focused.id == "confirm-do"
        assert stage.there.world.sent == [] and stage.open
        await stage.press("space")
        await stage.until(lambda: bool(stage.ended))


async def test_production_needs_the_word(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(word="production", production=True))
        await stage.press("y", "ctrl+y")
        assert stage.there.world.sent == [] and "Type production:" in stage.text
        await stage.press("tab", *"productio", "ctrl+y")
        await stage.press("enter")
        assert stage.there.world.sent == [] and "This is not yet production." in stage.text
        await stage.press("n")
        assert "ctrl+y carries it out" in stage.text
        await stage.press("ctrl+y")
        await stage.until(lambda: bool(stage.ended))
        assert stage.ended[0].outcome is Outcome.DONE


async def test_no_letter_of_the_word_overtakes_the_key_to_its_field(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(word="production", production=True))
        for key in ("tab", *"production"):  # as a terminal sends them
            stage.app.post_message(events.Key(key, key))
        await stage.pilot.pause()
        assert stage.dialog.query_one(Input).value == "production"


@pytest.mark.parametrize("keys", ["yyyyyyyy", ["ctrl+y", "y", "space", "enter"]])
async def test_keys_that_come_too_early_confirm_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str]
) -> None:
    monkeypatch.setattr(ConfirmScreen, "CALM", 3600.0)
    async with staged(tmp_path) as stage:
        await stage.asked()
        await stage.press("shift+tab", *keys)  # the button has the focus
        assert stage.open and stage.there.world.sent == []
        assert "Too early" in stage.text
        monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))


async def test_keys_typed_while_the_plan_is_read_confirm_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.gather_hold = asyncio.Event()
        await stage.act()
        assert "reading…" in stage.text and "Reading what this needs" in stage.text
        await stage.press("y", "y", "enter", "space")
        if not stage.open:  # space presses Cancel, which has the focus
            assert stage.there.world.sent == []
            return
        stage.there.world.gather_hold.set()
        await stage.until(lambda: stage.dialog._stood is not None)
        assert stage.there.world.sent == []


async def test_a_held_key_never_confirms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfirmScreen, "CALM", 0.3)
    async with staged(tmp_path) as stage:
        await stage.asked()
        dialog = stage.dialog
        stood = dialog._stood
        assert stood is not None
        held = [stood + 0.03 * turn for turn in range(60)]  # a second and a half and more
        assert not any(dialog._counts(felt) for felt in held)
        assert dialog._counts(held[-1] + 0.31)


async def test_esc_while_reading_stops_the_reading(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.gather_hold = asyncio.Event()
        await stage.act()
        await stage.press("escape")
        assert not stage.open
        stage.there.world.gather_hold.set()
        await stage.pilot.pause()
        assert not stage.open and stage.there.world.sent == []
        stage.there.world.gather_hold = None
        await stage.asked()  # and the next one is not held up


async def test_what_cannot_be_read_is_said_and_read_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.unreadable = Problem(Kind.NETWORK, "No connection to GitHub", "nothing listens there")
        await stage.act()
        await stage.until(lambda: "No connection" in stage.text)
        assert "Nothing was sent" in stage.text
        stage.there.world.unreadable = None
        await stage.press("y", "r")
        await stage.until(lambda: "What is sent" in stage.text)
        assert stage.there.world.sent == []


async def test_a_refusal_stands_on_top_and_offers_no_yes(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        refused = Problem(Kind.PERMISSION, "The token may not write contents", "Resource not accessible")
        await stage.asked(Intent(word="production", production=True, permission=refused))
        rows = [row.split("│")[1].strip() for row in stage.text.splitlines() if row.count("│") == 2]
        first = next(index for index, row in enumerate(rows) if row.startswith("×"))
        assert "may not write contents" in rows[first]
        assert first < next(index for index, row in enumerate(rows) if "v1.8.2 → v1.9.0" in row)
        assert "Carry it out" not in stage.text and "Type production" not in stage.text
        await stage.press("y", "ctrl+y", "tab", "space")
        assert stage.there.world.sent == []


async def test_a_failing_check_is_overruled_with_a_typed_reason(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(checks=(FAILED_CHECK, PASSED_CHECK)))
        assert "o Overrule" in stage.text and "y Carry" not in stage.text
        await stage.press("y")
        await stage.press("o", "enter")
        assert "A reason is needed." in stage.text
        await stage.press(*"flaky")
        assert "Why overrule ci:" in stage.text
        await stage.press("enter")
        await stage.until(lambda: "overridden: flaky" in stage.text)
        assert stage.there.world.gathers == 2 and stage.there.world.sent == []
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))


async def test_esc_leaves_the_reason_and_then_the_dialog(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked(Intent(checks=(FAILED_CHECK,)))
        await stage.press("o", *"no", "escape")
        assert stage.open and "Why overrule" not in stage.text
        await stage.press("escape")
        assert not stage.open and stage.there.world.gathers == 1


async def test_a_key_pressed_twice_closes_one_screen(tmp_path: Path) -> None:
    """The second one is on its way to the dialog already, as on a machine that is slow."""
    async with staged(tmp_path) as stage:
        behind = stage.app.screen
        await stage.asked()
        dialog = stage.dialog
        assert dialog.focused is not None and dialog.focused.id == "confirm-cancel"
        for _ in range(3):
            dialog.focused.post_message(events.Key("enter", None))
        await stage.until(lambda: stage.app.screen is behind)
        assert stage.app.is_running and stage.there.world.sent == []


async def test_old_facts_are_read_again_before_anything_is_sent(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.asked()
        stage.app.clock.time += timedelta(seconds=61)
        stage.there.clock.time += timedelta(seconds=61)
        stage.there.world.before = "v1.8.3"
        await stage.press("y")
        await stage.until(lambda: "It changed while you looked" in stage.text)
        assert stage.there.world.sent == [] and "v1.8.3 → v1.9.0" in stage.text
        stage.app.clock.time += timedelta(seconds=61)  # old again, and the same
        stage.there.clock.time += timedelta(seconds=61)
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))
        assert stage.there.world.gathers == 3 and stage.ended[0].outcome is Outcome.DONE


async def test_what_runs_goes_on_when_hidden_and_holds_back_a_second(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        hold = stage.there.world.hold = asyncio.Event()
        await stage.asked()
        await stage.press("y", "y", "y")
        await stage.until(lambda: stage.there.world.sent == ["tag"])
        assert "◐ 1" in stage.text and "step 1 of 2" in stage.text and "esc Hide" in stage.text
        await stage.press("escape")
        assert not stage.open and stage.app.under_way is not None
        stage.app.act(stage.there.action, Intent("v2.0.0"))
        await stage.until(lambda: "Only one change at a time" in stage.text)
        await stage.until(lambda: "Release v1.9.0" in stage.text and "◐ 1" in stage.text)
        await stage.press("escape")
        await stage.press("q")
        await stage.until(lambda: "Release v1.9.0 is under way, step 1 of 2" in stage.told)
        assert stage.app.is_running
        hold.set()
        await stage.until(lambda: bool(stage.ended))
        assert stage.there.world.sent == ["tag", "release"] and stage.app.under_way is None
        assert "Release v1.9.0: done" in stage.told


@pytest.mark.parametrize(
    ("keys", "again", "leads"),
    [
        ("jjL", False, False),
        ("!", False, False),
        ("2", False, False),
        ("3", False, False),
        ("", False, True),  # still where it was begun
        ("jjL", True, True),  # the dialog is in front
        ("3", True, True),
    ],
)
async def test_a_hidden_change_leads_to_its_run_only_from_where_it_began(
    tmp_path: Path, keys: str, again: bool, leads: bool
) -> None:
    async def job_log(*_: object) -> Path:
        raise RelmanError(Problem(Kind.NOT_YET, "not yet"))

    async with staged(tmp_path) as stage:
        app, begun_on, ended = stage.app, stage.app.screen, stage.ended
        assert isinstance(begun_on, PipelineScreen)
        app.watch_.fetch = SimpleNamespace(job_log=job_log)
        hold = stage.there.world.hold = asyncio.Event()

        def after(result: Ended, *seen: bool) -> None:
            ended.append(result)
            begun_on._follow(result, *seen)

        app.act(stage.there.action, Intent(), after=after)
        await stage.until(lambda: stage.open and stage.dialog._stood is not None)
        await stage.press("y")
        await stage.until(lambda: stage.there.world.sent == ["tag"])
        await stage.press("escape", *keys)
        front = app.screen
        assert (front is begun_on) is not bool(keys)
        if again:
            app.show_under_way()
            await stage.until(lambda: stage.open)
        hold.set()
        await stage.until(lambda: bool(ended))
        await stage.pilot.pause()
        assert (begun_on._wanted == 4711) is leads
        assert app.screen is (begun_on if leads else front)


async def test_a_second_q_leaves_and_the_journal_has_the_open_step(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.hold = asyncio.Event()
        await stage.asked()
        await stage.press("y")
        await stage.until(lambda: stage.there.world.sent == ["tag"])
        await stage.press("q")
        assert stage.app.is_running
        await stage.press("ctrl+c")
        there = stage.there
    entries = await there.journal.read()
    assert [entry.phase for entry in entries] == ["begin", "before"]
    assert stage.app.return_code == 0


@pytest.mark.parametrize(
    ("problem", "sign"),
    [
        (Problem(Kind.PERMISSION, "The token may not", "Resource not accessible"), "■"),
        (Problem(Kind.INVALID, "GitHub refused it", "tag is too long"), "×"),
    ],
)
async def test_what_ends_badly_stays_in_the_dialog(tmp_path: Path, problem: Problem, sign: str) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.fails["release"] = RelmanError(problem)
        await stage.asked()
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))
        assert stage.open
        shown = stage.text
        assert f"{sign} 2" in shown and "✓ 1" in shown and problem.detail in shown and problem.title in shown
        assert "after 1 of 2 steps" in shown
        await stage.press("enter")
        assert not stage.open


async def test_an_unknown_outcome_says_to_look(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.there.world.unseen = {"tag"}
        await stage.asked()
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))
        assert "? 1" in stage.text and "Look again before anything else" in stage.text
        assert "○ 2" in stage.text and stage.there.world.sent == ["tag"]


async def test_a_long_plan_scrolls_and_says_so(tmp_path: Path) -> None:
    async with staged(tmp_path, size=(80, 24)) as stage:
        await stage.asked(Intent(text="\n".join(f"note {number}" for number in range(200))))
        assert "more below" in stage.text and "note 199" not in stage.text
        await stage.press("j", "pagedown")
        assert "above" in stage.text
        for _ in range(40):
            await stage.press("ctrl+d")
        assert "note 199" in stage.text and "more below" not in stage.text
        assert "y Carry it out" in stage.text and "Cancel" in stage.text


async def test_nothing_acts_where_there_are_no_tools(tmp_path: Path) -> None:
    there = bench(tmp_path)
    for app in (boards.app(), boards.app(tools=there.tools, read_only=True)):
        async with app.run_test() as pilot:
            app.act(there.action, Intent())
            await pilot.pause()
            assert app.tools is None and not isinstance(app.screen, ConfirmScreen)
            assert there.world.gathers == 0


async def test_what_cannot_be_read_cannot_be_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(tmp_path, (80, 24)) as stage:
        await stage.asked()
        await stage.pilot.resize_terminal(60, 15)
        await stage.pilot.pause()
        assert "This window is too small" in stage.text and "v1.9.0" not in stage.text
        assert "esc closes the dialog" in " ".join(stage.text.split())
        await stage.press("y", "ctrl+y")
        assert await stage.pilot.click("#confirm-do") is False  # it lies under the cover
        assert stage.there.world.sent == []
        monkeypatch.setattr(ConfirmScreen, "CALM", 3600.0)
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        assert "Carry it out" in stage.text and "too small" not in stage.text
        await stage.press("y")  # pressed for what was covered a moment ago
        assert stage.there.world.sent == []
        monkeypatch.setattr(ConfirmScreen, "CALM", 0.0)
        await stage.press("y")
        await stage.until(lambda: bool(stage.ended))


async def test_a_button_that_cannot_be_seen_confirms_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, (80, 24)) as stage:
        await stage.asked()
        await stage.press("tab")
        assert stage.dialog.focused.id == "confirm-do"
        await stage.pilot.resize_terminal(60, 15)
        await stage.pilot.pause()
        await stage.press("enter")
        assert stage.there.world.sent == []


async def test_a_dialog_that_is_too_small_can_be_left(tmp_path: Path) -> None:
    async with staged(tmp_path, (60, 15)) as stage:
        await stage.act()
        await stage.pilot.pause()
        assert "This window is too small" in stage.text
        await stage.press("y")
        assert stage.dialog._stood is None and stage.there.world.sent == []
        await stage.press("escape")
        assert not stage.open
