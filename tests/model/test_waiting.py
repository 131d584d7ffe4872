"""Who may answer what waits, and why not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.environment import (
    Approval,
    CustomRule,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)
from relman.model.repository import User
from relman.model.run import Job, Run
from relman.model.waiting import Answer, begun, may_review, ordered, reviews_of, waiting

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ME, AMARA, TEAM = Reviewer("User", 1, "me"), Reviewer("User", 2, "amara"), Reviewer("Team", 3, "release")
RUN = Run(
    7, "CD", "v1.9.0", 41, 1, "push", "waiting", None, "v1.9.0", "c" * 40, 2, "cd.yml", triggering_actor="amara"
)
PENDING = PendingDeployment(2, "production", reviewers=(AMARA, TEAM))
RULE = ProtectionRule("required_reviewers", reviewers=(AMARA, TEAM), prevent_self_review=True)
PRODUCTION = Environment(2, "production", rules=(RULE,))
DENIED = Problem(Kind.PERMISSION, "Refused", "Resource not accessible by personal access token")


def approved(user="amara", state="approved", environments=("production",)):
    return Approval(state, user, "", environments)


def may(run=RUN, pending=PENDING, viewer="me", environment=PRODUCTION, now=NOW, **facts):
    return may_review(run, pending, viewer=viewer, environment=environment, now=now, **facts)


YES = replace(PENDING, may_approve=True)
TIMER = PendingDeployment(2, "production", 5, NOW - timedelta(minutes=2))


@pytest.mark.parametrize(
    ("facts", "answer", "words"),
    [
        ({"pending": YES}, Answer.YES, "You may"),
        ({"pending": YES, "read_only": True}, Answer.READ_ONLY, "read-only"),
        ({"pending": YES, "refused": DENIED}, Answer.TOKEN, "Deployments: write (Resource not accessible"),
        ({"viewer": ""}, Answer.SIGNED_OUT, "Nobody is signed in"),
        ({}, Answer.OTHERS, "not a reviewer: amara, team release can"),
        ({"viewer": "amara"}, Answer.SELF, "You started this run"),
        ({"viewer": "amara", "run": replace(RUN, attempt=2)}, Answer.SELF, "You ran it again"),
        (
            {"viewer": "amara", "run": replace(RUN, triggering_actor="", actor="amara")},
            Answer.SELF,
            "You started this run",
        ),
        (
            {"viewer": "me", "pending": replace(PENDING, reviewers=(ME, AMARA))},
            Answer.BARRED,
            "You are a reviewer, but GitHub does not let you",
        ),
        ({"pending": TIMER, "environment": None}, Answer.TIMER, "Nothing to approve"),
        (
            {"pending": TIMER, "environment": None, "custom": [CustomRule(1, "datadog")]},
            Answer.TIMER,
            "Nothing to approve",
        ),
        (
            {
                "pending": replace(TIMER, wait_started_at=NOW - timedelta(hours=1)),
                "environment": None,
                "custom": [CustomRule(1, "datadog")],
            },
            Answer.APP,
            "The app datadog decides",
        ),
        (
            {
                "pending": PendingDeployment(2, "production"),
                "environment": None,
                "custom": [CustomRule(1, "x")],
            },
            Answer.APP,
            "no person can answer",
        ),
        (
            {"pending": PendingDeployment(2, "production"), "environment": None},
            Answer.UNKNOWN,
            "names no reviewer",
        ),
        ({"approvals": [approved()]}, Answer.REVIEWED, "Approved by amara"),
        # A later job of the same environment waits once more: the first one's review does not answer it.
        ({"pending": YES, "approvals": [approved()]}, Answer.YES, "You may"),
        ({"approvals": [approved("amara", "rejected")]}, Answer.REVIEWED, "Rejected by amara"),
        (
            {"pending": replace(TIMER, may_approve=True), "approvals": [approved()]},
            Answer.REVIEWED,
            "Approved by amara; the wait timer runs until",
        ),
        # A review of the first attempt does not answer the second.
        ({"pending": YES, "run": replace(RUN, attempt=2), "approvals": [approved()]}, Answer.YES, "You may"),
        ({"pending": YES, "approvals": [approved(environments=("staging",))]}, Answer.YES, "You may"),
        ({"pending": YES, "approvals": [approved(state="pending")]}, Answer.YES, "You may"),
    ],
)
def test_whether_i_may_and_why_not(facts, answer, words):
    found = may(**facts)
    assert (found.answer, found.yes) == (answer, answer is Answer.YES)
    assert words in found.why and not found.why.endswith(".")


def test_while_a_timer_runs_nobody_can_tell_an_earlier_job_s_review_from_this_one_s():
    timed = replace(TIMER, may_approve=True)
    during = may(pending=timed, approvals=[approved()])
    assert "earlier job of this environment" in during.why
    assert during.why.endswith("it needs another review when the timer ends")
    # Then GitHub either lets it go, or takes another review, and that is offered.
    assert may(pending=timed, approvals=[approved()], now=NOW + timedelta(minutes=5)).answer is Answer.YES
    assert "another review" not in may(approvals=[approved()]).why
    assert "another review" not in may(pending=timed, approvals=[approved(state="rejected")]).why


@given(st.integers(1, 5), st.lists(st.sampled_from(["approved", "rejected", "pending"]), max_size=6))
def test_a_review_counts_only_when_it_must_be_of_this_attempt(attempt, states):
    given_ = [approved(state=state) for state in states]
    counted = [one for one in given_ if one.state != "pending"]
    assert reviews_of(given_, "production", attempt) == (
        tuple(counted) if counted and len(counted) >= attempt else ()
    )


def gate(run_id, minutes, *, mine):
    run = replace(RUN, id=run_id)
    pending = replace(
        PENDING, may_approve=mine, wait_minutes=5, wait_started_at=NOW - timedelta(minutes=minutes)
    )
    board = Board(
        "o/r",
        viewer=Section(User("me", 1)),
        runs=Section((run,)),
        environments=Section((PRODUCTION,)),
        pending={run_id: Section((pending,))},
    )
    return waiting(board, NOW)[0]


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=8))
def test_mine_first_then_the_oldest(waits):
    gates = [gate(number, minutes, mine=mine) for number, (minutes, mine) in enumerate(waits)]
    shown = ordered(gates)
    assert sorted(one.run.id for one in shown) == sorted(one.run.id for one in gates)
    mine = [one.may.yes for one in shown]
    assert mine == sorted(mine, reverse=True)
    for yes in (True, False):
        times = [one.since for one in shown if one.may.yes is yes]
        assert times == sorted(times)
    assert ordered(shown[::-1]) == shown  # the order they came in does not matter


def test_what_waits_on_a_board():
    other = replace(RUN, id=8, status="completed", conclusion="cancelled")
    board = Board(
        "o/r",
        viewer=Section(User("me", 1)),
        runs=Section((RUN, other)),
        environments=Section((PRODUCTION,)),
        jobs={7: Section((Job(1, 7, 1, "build", "completed", "success"), Job(2, 7, 1, "deploy", "waiting")))},
        pending={7: Section((YES,)), 8: Section((YES,))},
    )
    found = waiting(board, NOW)
    assert [(one.key, one.jobs, one.asked_by, one.may.yes) for one in found] == [
        ((7, 1, 2), ("deploy",), "amara", True)
    ]
    assert waiting(board, NOW, read_only=True)[0].may.answer is Answer.READ_ONLY
    assert waiting(board, NOW, refused=DENIED)[0].may.answer is Answer.TOKEN


def test_only_what_begins_to_wait_for_me_is_news():
    mine, others = gate(1, 3, mine=True), gate(2, 3, mine=False)
    assert begun(None, [mine]) == ()  # at the start nothing begins
    assert begun({}, [mine, others]) == (mine,)
    assert begun({mine.key: mine}, [mine]) == ()
    became = replace(others, may=mine.may)
    assert begun({others.key: others}, [became]) == (became,)
