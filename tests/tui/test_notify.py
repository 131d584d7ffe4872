"""When relman calls, and what it writes for it."""

import pytest
from hostile import HOSTILE, UNSAFE
from msgspec.structs import replace

from relman.model.board import Section
from relman.model.environment import PendingDeployment
from relman.tui.notify import BELL, Herald, notification_sequences, summary
from tests.tui import boards

GATE = PendingDeployment(2, "production", 5, boards.ago(minutes=9), True)


def board(*gates: PendingDeployment, fetched: object = boards.NOW) -> object:
    run = boards.WAITING
    return replace(
        boards.board(),
        runs=Section((run,), fetched),
        pending={run.id: Section(gates, fetched)},
    )


def herald(**wishes: bool) -> Herald:
    return Herald(boards.NOW, **wishes)


def heard(one: Herald, seen: object) -> str:
    return one.heard(seen, boards.NOW)[1]


def test_what_waited_before_does_not_call_and_what_begins_calls_once():
    one = herald()
    other = replace(GATE, environment_id=3, environment="production-us")
    assert heard(one, board(GATE)) == ""  # it stood there when relman was opened
    fresh, said = one.heard(board(GATE, other), boards.NOW)
    assert [gate.pending.environment for gate in fresh] == ["production-us"] and said.endswith(BELL)
    assert "production-us waits for you" in said
    assert heard(one, board(GATE, other)) == ""
    assert (
        heard(one, board()) == "" and heard(one, board(GATE, other)) == ""
    )  # a list that was empty for a moment


def test_the_board_of_an_earlier_day_is_no_beginning():
    one = herald()
    assert heard(one, board(fetched=boards.ago(hours=9))) == ""
    assert heard(one, board(GATE)) == ""  # began while relman was closed
    assert heard(herald(), board(GATE, fetched=None)) == ""


def test_what_waits_for_others_calls_nobody_until_it_waits_for_you():
    one = herald()
    others = replace(GATE, may_approve=False)
    assert heard(one, board()) == "" and heard(one, board(others)) == ""
    assert heard(one, board(GATE)) != ""


@pytest.mark.parametrize(
    ("wishes", "bell", "message"),
    [({}, True, True), ({"bell": False}, False, True), ({"desktop": False}, True, False),
     ({"bell": False, "desktop": False}, False, False)],
)  # fmt: skip
def test_each_way_can_be_switched_off(wishes, bell, message):
    one = herald(**wishes)
    heard(one, board())
    said = heard(one, board(GATE))
    assert said.endswith(BELL) and not said.endswith("\x07\x07") if bell and not message else True
    assert ("]777;notify;relman;" in said) is message
    assert (said == BELL) is (bell and not message) and (said == "") is (not bell and not message)


def test_a_terminal_multiplexer_passes_it_on():
    plain = notification_sequences("production waits", {})
    assert plain == "\x1b]9;production waits\x07\x1b]777;notify;relman;production waits\x07"
    wrapped = notification_sequences("production waits", {"TMUX": "/tmp/x"})
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]9;") and wrapped.endswith("\x07\x1b\\")
    assert "\x1b]" not in wrapped.replace("\x1b\x1b", "")
    assert notification_sequences("x", {"STY": "1"}).count("\x1bP") == 2


def test_hostile_names_cannot_leave_the_message():
    one = herald()
    heard(one, board())
    nasty = replace(GATE, environment=HOSTILE)
    fresh, said = one.heard(board(nasty), boards.NOW)
    inside = said.removesuffix(BELL).split("\x07")
    assert [part.split(";", 1)[0] for part in inside[:-1]] == ["\x1b]9", "\x1b]777"]
    assert all(not UNSAFE.search(part[1:]) for part in inside if part)
    assert len(summary(fresh)) < 300
    assert ";" not in notification_sequences("4;3;50", {}).split("]9;")[1].split("\x07")[0]
