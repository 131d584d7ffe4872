"""What runs where."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.errors import Kind, Problem
from relman.model.board import Board, Section
from relman.model.deploys import branch_of, older, places, ran_before, state_of_deployment, version_named
from relman.model.environment import Deployment, DeploymentStatus, Environment, live_of
from relman.model.health import Health
from relman.model.release import Tag
from relman.model.run import Run
from relman.model.state import State

START = datetime(2026, 11, 1, tzinfo=UTC)
SHA, OTHER = "4f2c9a1" + "0" * 33, "b" * 40


def deployment(number, state="success", ref="v1.9.0", sha=SHA, *, done=None, states=None, run=None):
    at = START + timedelta(hours=number if done is None else done)
    log = f"https://github.com/o/r/actions/runs/{run}/job/1" if run else ""
    said = [state] if states is None else states
    statuses = tuple(
        DeploymentStatus(number * 10 + n, one, at, environment_url="https://live", log_url=log)
        for n, one in enumerate(said)
    )
    return Deployment(
        number,
        "production",
        sha,
        ref,
        created_at=START + timedelta(hours=number),
        creator="bot",
        statuses=statuses,
    )


@pytest.mark.parametrize(
    ("ref", "tags", "version", "branch"),
    [
        ("v1.9.0", (), "v1.9.0", ""),
        ("refs/tags/v1.9.0", (), "v1.9.0", ""),
        ("v1.9.0", (Tag("v1.9.1", SHA),), "v1.9.0", ""),  # the ref decides, whatever else points there
        ("main", (Tag("v1.9.0", SHA),), "4f2c9a1", "main"),
        ("refs/heads/main", (), "4f2c9a1", "main"),
        (SHA, (Tag("v1.9.0", SHA),), "v1.9.0", ""),
        (SHA[:7], (Tag("v1.9.0", SHA), Tag("v1.8.0", OTHER)), "v1.9.0", ""),
        (SHA, (Tag("v1.9.0", SHA), Tag("v1.9.0-rc.1", SHA)), "4f2c9a1", ""),  # two: nobody can tell
        (SHA, (Tag("latest", SHA),), "4f2c9a1", ""),
        (SHA, (Tag("v1.9.0", SHA), Tag("latest", SHA)), "v1.9.0", ""),
        ("refs/tags/nightly", (), "4f2c9a1", ""),
        ("deadbeef", (), "4f2c9a1", "deadbeef"),  # a branch that looks like another commit
    ],
)
def test_the_name_of_what_was_deployed(ref, tags, version, branch):
    one = deployment(1, ref=ref)
    assert (version_named(one, tags), branch_of(one)) == (version, branch)


def test_live_is_what_succeeded_last_not_what_was_made_last():
    waited = deployment(1, done=50)
    later = deployment(2, done=3)
    assert live_of([later, waited]) is waited
    assert live_of([deployment(3, "failure"), deployment(2, "inactive")]) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["success", "inactive", "failure", "queued", ""]), st.integers(0, 99)),
        max_size=8,
    )
)
def test_live_has_succeeded_and_none_succeeded_after_it(facts):
    made = [
        deployment(number, state, done=done, states=[] if not state else None)
        for number, (state, done) in enumerate(facts)
    ]
    live = live_of(made)
    done = [one for one in made if one.state == "success"]
    assert (live is None) == (not done)
    if live is not None:
        assert all(one.succeeded_at <= live.succeeded_at for one in done)


def test_a_commit_that_ran_before_is_a_way_back():
    now = deployment(3, sha=OTHER)
    before = deployment(2, states=["inactive", "success"])
    assert ran_before([now, before], SHA)
    assert not ran_before([now, before], OTHER)  # that is live
    assert not ran_before([now, deployment(2, "failure")], SHA)  # it never ran
    assert not ran_before([before], SHA)  # nothing is live
    assert not ran_before([now, before], "")
    again, bad = deployment(3, "success", sha=SHA), deployment(2, "inactive", sha=OTHER)
    assert not ran_before([again, bad, before], OTHER)  # it came later, and was rolled back


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("success", State.SUCCESS),
        ("inactive", State.NEUTRAL),
        ("error", State.FAILURE),
        ("waiting", State.WAITING),
        ("new", State.UNKNOWN),
    ],
)
def test_the_state_of_a_deployment(state, expected):
    assert state_of_deployment(deployment(1, state)) is expected
    assert state_of_deployment(deployment(1, states=[])) is State.UNKNOWN


def board(*deployments, health=(), runs=()):
    return Board(
        "o/r",
        runs=Section(runs),
        environments=Section((Environment(1, "staging"), Environment(2, "production"))),
        deployments={"production": Section(deployments)},
        health={"production": Section(health)},
    )


def test_a_place():
    run = Run(77, "CD", "t", 1, 1, "push", "completed", "success", "v1.9.0", SHA, 1, "cd.yml", actor="amara")
    failed = deployment(5, "failure", ref="v2.0.0")
    staging, production = places(board(failed, deployment(4, run=77), runs=(run,)))
    assert (staging.name, staging.version, staging.unread, staging.healthy) == ("staging", "", True, None)
    assert (production.version, production.by, production.url) == ("v1.9.0", "amara", "https://live")
    assert production.since == START + timedelta(hours=4)
    assert production.run is run and production.failed is failed and production.on_the_way is None


NO = Problem(Kind.PERMISSION, "may not")
DEAD = Problem(Kind.AUTH, "no token")
ANSWERS = {"prod-eu": Section((Health("api", "https://live", True),))}


@pytest.mark.parametrize(
    ("changes", "refused", "elsewhere"),
    [
        ({}, None, False),
        ({"environments": Section(None, None, NO)}, NO, False),
        ({"viewer": Section(None, None, DEAD)}, DEAD, False),
        ({"deployments": {"prod-eu": Section(None, None, NO)}}, NO, False),
        ({"environments": Section(())}, None, True),
        ({"environments": Section((), None, NO)}, None, True),
        ({"environments": Section((), None, NO), "viewer": Section(None, None, DEAD)}, None, True),
        ({"environments": Section((Environment(1, "prod-eu"),), None, NO)}, None, False),
    ],
)
def test_why_a_place_was_not_read(changes, refused, elsewhere):
    (place,) = places(Board("o/r", health=ANSWERS, **changes))
    assert (place.unread, place.refused, place.elsewhere) == (True, refused, elsewhere)
    assert place.known is elsewhere


def test_only_what_was_read_is_known_to_be_nothing():
    for deployments, known in (
        ((), True),
        ((deployment(1, "failure"),), True),
        ((deployment(1, states=[]),), False),
    ):
        assert places(board(*deployments))[1].known is known


@pytest.mark.parametrize(
    ("told", "ref", "drift"),
    [
        ("1.9.0", "v1.9.0", ""),
        ("v1.9.0", "v1.9.0", ""),
        ("1.8.2", "v1.9.0", "1.8.2"),
        ("main-4f2c9a1", "main", ""),
        ("main-bbbbbbb", "main", "main-bbbbbbb"),
        ("", "v1.9.0", ""),
    ],
)
def test_a_service_that_says_another_version(told, ref, drift):
    answer = Health("api", "https://live", True, 200, version=told)
    (_, production) = places(board(deployment(4, ref=ref), health=(answer,)))
    assert production.drift == drift and production.healthy


def test_older():
    assert older("v1.8.2", "v1.9.0") and not older("v1.9.0", "v1.9.0") and not older("4f2c9a1", "v1.9.0")
    assert older("v1.9.0-rc.1", "1.9.0")
