import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from relman.board.board_codec import decode, decode_board, encode, encode_board
from relman.errors import Kind, Problem
from relman.model.board import Board, Fill, Section
from relman.model.environment import (
    Approval,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)
from relman.model.health import Health
from relman.model.release import Release, Tag
from relman.model.repository import Budget, Repository, User
from relman.model.run import Annotation, Job, ReferencedWorkflow, Run, Step, Workflow, WorkflowSource

TEXT = st.text(st.characters(), max_size=20)
TIMES = st.one_of(
    st.none(),
    st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.sampled_from([UTC])),
)
for plain in (str,):
    st.register_type_strategy(plain, TEXT)
st.register_type_strategy(datetime, TIMES.filter(lambda at: at is not None))
FACTS = [
    Approval,
    Annotation,
    Deployment,
    DeploymentStatus,
    Environment,
    Health,
    Job,
    PendingDeployment,
    ProtectionRule,
    ReferencedWorkflow,
    Release,
    Repository,
    Reviewer,
    Run,
    Step,
    Tag,
    User,
    Workflow,
    WorkflowSource,
]


@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_fact_comes_back_as_it_was(kind, data):
    fact = data.draw(st.builds(kind))
    assert decode(kind, encode(fact)) == fact


def full_board(make):
    run = make.run(1, referenced_workflows=(ReferencedWorkflow("x", "y"),), pull_requests=(4, 5))
    return Board(
        "acme/app",
        repository=Section(Repository("acme/app", "main", permissions=frozenset({"pull", "push"})), make.START),
        viewer=Section(User("mona", 1, scopes=("repo",)), make.START),
        runs=Section((run,), make.START + timedelta(microseconds=123456)),
        environments=Section((Environment(1, "p", rules=(ProtectionRule("wait_timer", 5),)),), make.START),
        jobs={1: Section((make.job(5, run),), make.START)},
        sources={1: Section(WorkflowSource("a", "b", "c", (("./x", "text"),), False, "why"), make.START)},
        deployments={
            "staging": Section((make.deployment(3, statuses=(make.status(1, "success"),)),), make.START)
        },
        health={"staging": Section((Health("api", "http://x", True, 200, 0.25, "1.2"),), make.START)},
        expected={make.CI: {"test": 61.5}},
    )


def test_the_board_comes_back_without_what_belongs_to_the_session(make):
    board = full_board(make)
    session = structs.replace(
        board,
        tags=Section(None, None, Problem(Kind.NETWORK, "down")),
        budget=Budget(limit=5),
        fill=Fill(runs=5),
        clock_offset=timedelta(minutes=5),
        pending={1: Section(None, None, Problem(Kind.NETWORK, "down"))},
    )
    kept = decode_board(encode_board(session), "acme/app")
    assert kept == board
    with pytest.raises(TypeError):
        kept.jobs[2] = Section()


def test_times_of_other_zones_are_the_same_moment(make):
    at = datetime(2026, 10, 14, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert decode(Step, encode(Step(1, "x", "completed", started_at=at))).started_at == make.START


def test_times_kept_as_seconds_are_read(make):
    kept = json.loads(encode(make.run(1)))
    kept["created_at"] = int(make.run(1).created_at.timestamp())
    assert decode(Run, json.dumps(kept)) == make.run(1)


def test_a_fact_kept_as_bytes_that_are_no_utf8_is_read(make):
    job = make.job(5, make.run(1), name="half \ud83d")
    kept = json.dumps(json.loads(encode(job)), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert decode(Job, kept) == job


@pytest.mark.parametrize("kept", ["", "[]", '{"id":1}', '{"id":"x","created_at":NaN}', "[" * 50_000, b"\xff"])
def test_what_is_no_fact_is_a_value_error(kept):
    with pytest.raises(ValueError):
        decode(Job, kept)


def test_what_was_looked_at_one_by_one_is_bounded(make):
    many = {number: Section((), make.START) for number in range(60)}
    kept = decode_board(
        encode_board(structs.replace(full_board(make), jobs=many, annotations=many)), "acme/app"
    )
    assert list(kept.jobs) == list(range(52, 60))


def test_fields_of_other_versions_are_passed_over_or_take_their_default(make):
    kept = json.loads(encode(make.run(1, message="hello")))
    kept["invented_later"] = {"deep": [1]}
    del kept["message"]
    assert decode(Run, json.dumps(kept)) == make.run(1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"version":2', '"version":3'),
        lambda text: text.replace('"repo":"acme/app"', '"repo":"acme/other"'),
        lambda text: text[:-20],
        lambda text: "",
        lambda text: "[]",
        lambda text: '{"version":2,"board":{"repo":"acme/app","runs":{"value":[[]]}}}',
        lambda text: '{"version":2,"board":{"repo":"acme/app","jobs":[[1]]}}',
        lambda text: '{"version":2,"board":{"repo":"acme/app","runs":{"fetched_at":1e300}}}',
    ],
)
def test_anything_unreadable_is_no_board(make, damage):
    text = encode_board(full_board(make)).decode()
    assert decode_board(text.encode(), "acme/app") is not None
    assert decode_board(damage(text).encode(), "acme/app") is None


@given(st.binary(max_size=200))
def test_noise_is_no_board(data):
    assert decode_board(data, "acme/app") is None
