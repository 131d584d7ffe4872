from datetime import timedelta

import pytest
from msgspec import structs

from relman.board.history import History
from relman.board.once import STATUS, read_once
from relman.board.refresh import DEEP_EVERY, Refresher
from relman.board.sections import Ask, Part, section_of
from relman.board.store import Store
from relman.errors import Kind
from relman.model.board import Board, Section
from relman.model.environment import live_of
from relman.model.health import Health, HealthCheck
from relman.model.repository import Budget


class Pulse:
    async def check(self, checks):
        return tuple(Health(check.name, check.url, True, 200, version="1.2.3") for check in checks)

    async def aclose(self):
        return None


CHECKS = {"staging": (HealthCheck("api", "http://127.0.0.1/health"),)}


@pytest.fixture
def store():
    return Store(Board("acme/app"))


@pytest.fixture
async def history(tmp_path):
    history = History.open(tmp_path, "https://api.github.com", "acme/app")
    yield history
    await history.close()


@pytest.fixture
def refresher(store, source, clock):
    return Refresher(store, source, clock, health=Pulse(), checks=CHECKS)


@pytest.fixture
def filled(source, make):
    """A repository where every section has something, and the ask for each."""
    run = make.run(1, status="waiting")
    source.all_runs = [run]
    source.all_jobs = {1: (make.job(11, run, status="in_progress"),)}
    source.files = {(make.CI, run.sha): "jobs: {}"}
    source.waiting = {1: (make.pending(2, "production"),)}
    source.decided = {1: (make.approval("approved", "mona", "", ("production",)),)}
    source.all_deployments = [make.deployment(5)]
    source.statuses = {5: (make.status(6, "success", run=1),)}
    return [
        Ask(Part.RUNS),
        *(
            Ask(part)
            for part in Part
            if part in {Part.REPOSITORY, Part.VIEWER, Part.WORKFLOWS, Part.ENVIRONMENTS}
        ),
        Ask(Part.RELEASES),
        Ask(Part.TAGS),
        Ask(Part.HEAD),
        Ask(Part.JOBS, 1),
        Ask(Part.SOURCE, 1),
        Ask(Part.PENDING, 1),
        Ask(Part.APPROVALS, 1),
        Ask(Part.ANNOTATIONS, 11),
        Ask(Part.DEPLOYMENTS, "staging"),
        Ask(Part.HEALTH, "staging"),
        Ask(Part.ANY_PROTECTED),
        Ask(Part.POLICIES, "staging"),
        Ask(Part.CUSTOM_RULES, "staging"),
    ]


async def test_every_section_is_read_and_an_unchanged_answer_is_the_same_object(
    refresher, store, filled, clock
):
    assert {ask.part for ask in filled} == set(Part) - {Part.RUN, Part.PAST}
    for ask in filled:
        assert await refresher.refresh(ask) is None
        assert section_of(store.board, ask).value, ask
    before = store.board
    clock.pass_(60)
    for ask in filled:
        await refresher.refresh(ask)
        section = section_of(store.board, ask)
        assert section.value is section_of(before, ask).value
        assert section.fetched_at == clock.now()


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_failure_keeps_the_value_with_its_age_and_says_what_is_wrong(
    refresher, store, source, filled, clock, make, kind
):
    for ask in filled:
        await refresher.refresh(ask)
    before = store.board
    source.fail["*"] = make.problem(kind)
    clock.pass_(90)
    for ask in filled:
        if ask.part in {Part.HEALTH, Part.SOURCE} and kind is Kind.NOT_FOUND:
            continue
        problem = await refresher.refresh(ask)
        section = section_of(store.board, ask)
        assert section.value is section_of(before, ask).value
        if ask.part is not Part.HEALTH:
            assert problem is not None
            assert section.error == problem
            assert section.age(clock.now()) == timedelta(seconds=90)
    source.fail.clear()
    for ask in filled:
        assert await refresher.refresh(ask) is None
        assert section_of(store.board, ask).error is None


async def test_a_fault_of_relman_itself_is_a_problem_of_one_section(refresher, store, source):
    source.fail["releases"] = ZeroDivisionError("a bug")
    problem = await refresher.refresh(Ask(Part.RELEASES))
    assert problem.kind is Kind.SERVER
    assert store.board.releases.error == problem
    assert await refresher.refresh(Ask(Part.TAGS)) is None


async def test_an_ask_without_its_key_is_refused_as_a_problem(refresher):
    assert (await refresher.refresh(Ask(Part.JOBS))).kind is Kind.SERVER


async def test_the_servers_clock_and_budget_reach_the_board(refresher, store, source, clock):
    source.budget = Budget(limit=5000, remaining=4000)
    source.clock = type(clock)()
    source.clock.pass_(600)
    await refresher.refresh(Ask(Part.VIEWER))
    assert store.board.budget.remaining == 4000
    assert abs(store.board.clock_offset - timedelta(minutes=10)) <= timedelta(seconds=1)
    offset = store.board.clock_offset
    source.clock.pass_(0.7)
    await refresher.refresh(Ask(Part.VIEWER))
    assert store.board.clock_offset is offset


async def test_annotations_refused_to_a_fine_grained_token_are_unavailable(
    refresher, store, source, filled, make
):
    source.fail["annotations"] = make.problem(Kind.PERMISSION, status=403)
    await refresher.refresh(Ask(Part.RUNS))
    await refresher.refresh(Ask(Part.JOBS, 1))
    await refresher.refresh(Ask(Part.ANNOTATIONS, 11))
    error = store.board.annotations[11].error
    assert error.kind is Kind.PERMISSION
    assert "unavailable" in error.title
    assert store.board.jobs[1].error is None


async def test_an_old_run_started_again_is_noticed(refresher, store, source, make, clock):
    newer = [make.run(1000 + n, at=make.START + timedelta(minutes=n)) for n in range(150)]
    source.all_runs = [*newer, make.run(5, status="in_progress", attempt=2), make.run(6, status="waiting")]
    await refresher.refresh(Ask(Part.RUNS))
    assert {run.id for run in store.board.runs.value} >= {5, 6}
    clock.pass_(20)
    calls = len(source.calls)
    await refresher.refresh(Ask(Part.RUNS))
    assert len(source.calls) == calls + 1
    source.all_runs = [*newer, make.run(5, attempt=2), make.run(6)]
    clock.pass_(DEEP_EVERY.total_seconds())
    await refresher.refresh(Ask(Part.RUNS))
    assert store.board.run(5).state.finished
    assert store.board.run(6).state.finished


async def test_an_active_run_that_was_deleted_goes(refresher, store, source, make, clock):
    newer = [make.run(1000 + n, at=make.START + timedelta(minutes=n)) for n in range(150)]
    source.all_runs = [*newer, make.run(5, status="in_progress")]
    await refresher.refresh(Ask(Part.RUNS))
    source.all_runs = newer
    clock.pass_(DEEP_EVERY.total_seconds())
    await refresher.refresh(Ask(Part.RUNS))
    assert store.board.run(5) is None
    assert store.board.runs.error is None


async def test_a_run_left_unfinished_by_an_earlier_session_is_followed_to_its_end(
    store, source, clock, make, history
):
    await history.keep_runs([make.run(5, status="in_progress")], b"")
    source.all_runs = [make.run(1000 + n, at=make.START + timedelta(minutes=n)) for n in range(150)]
    source.all_runs.append(make.run(5))
    await Refresher(store, source, clock, memory=history).refresh(Ask(Part.RUNS))
    assert await history.unfinished() == ()
    assert store.board.run(5).state.finished


async def test_one_run_by_its_id_joins_the_list(refresher, store, source, make):
    source.all_runs = [make.run(5)]
    assert await refresher.refresh(Ask(Part.RUN, 5)) is None
    assert store.board.run(5) is not None
    assert (await refresher.refresh(Ask(Part.RUN, 6))).kind is Kind.NOT_FOUND
    assert store.board.runs.error is None


async def test_what_is_finished_is_asked_once(store, source, clock, make, history):
    run = make.run(1)
    source.all_runs, source.all_jobs = [run], {1: (make.job(11, run),)}
    source.files = {(make.CI, run.sha): "jobs: {}"}
    asks = [Ask(Part.RUNS), Ask(Part.JOBS, 1), Ask(Part.SOURCE, 1)]
    for _ in range(2):  # the second time as after a new start
        store = Store(Board("acme/app"))
        refresher = Refresher(store, source, clock, memory=history)
        for ask in asks:
            await refresher.refresh(ask)
        assert store.board.jobs[1].value == source.all_jobs[1]
        assert store.board.sources[1].value.text == "jobs: {}"
    assert source.asked("jobs") == 1
    assert source.asked("workflow_file") == 1
    assert source.asked("runs") == 2


async def test_an_empty_or_cut_off_list_of_jobs_is_not_final(store, source, clock, make, history):
    run = make.run(1)
    jobs = (make.job(11, run, "lint"), make.job(12, run))
    source.all_runs = [run]
    refresher = Refresher(store, source, clock, memory=history)
    await refresher.refresh(Ask(Part.RUNS))
    assert await refresher.refresh(Ask(Part.JOBS, 1)) is None
    assert store.board.jobs[1].value == ()
    source.all_jobs, source.cut_off = {1: jobs}, {1: 1}
    problem = await refresher.refresh(Ask(Part.JOBS, 1))
    assert problem.title == "GitHub gave 1 of 2 jobs"
    assert store.board.jobs[1].value == jobs[:1] and store.board.jobs[1].error == problem
    source.cut_off = {}
    for _ in range(2):
        assert await refresher.refresh(Ask(Part.JOBS, 1)) is None
        assert store.board.jobs[1].value == jobs and store.board.jobs[1].error is None
    assert source.asked("jobs") == 3  # the whole list is kept


async def test_an_empty_list_of_jobs_that_is_kept_is_asked_for_when_somebody_looks(
    store, source, clock, make, history
):
    run = make.run(1)
    await history.keep_jobs(run, (), b"[]")
    source.all_runs, source.all_jobs = [run], {1: (make.job(11, run),)}
    refresher = Refresher(store, source, clock, memory=history)
    await refresher.refresh(Ask(Part.RUNS))
    await refresher.refresh(Ask(Part.JOBS, 1))
    assert store.board.jobs[1].value == source.all_jobs[1] == await history.jobs(1, 1)


async def test_statuses_are_read_back_to_what_is_live_and_not_again(refresher, store, source, make, clock):
    source.all_deployments = [make.deployment(number) for number in range(1, 21)]
    source.statuses = {
        20: (make.status(120, "in_progress", run=1),),
        19: (make.status(119, "failure"),),
        18: (make.status(118, "inactive"), make.status(117, "success")),
    }
    await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    assert source.asked("statuses") == 3
    value = store.board.deployments["staging"].value
    assert [one.state for one in value[:4]] == ["in_progress", "failure", "inactive", ""]
    for _ in range(3):
        clock.pass_(60)
        await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    assert source.asked("statuses") == 3
    source.statuses[20] = (make.status(121, "success", run=1),)
    source.all_deployments[-1] = structs.replace(
        source.all_deployments[-1], updated_at=make.START + timedelta(minutes=5)
    )
    await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    assert store.board.deployments["staging"].value[0].state == "success"


async def test_an_unfinished_deployment_is_looked_at_when_its_run_goes_on(
    refresher, store, source, make, clock
):
    source.all_runs = [make.run(1, status="waiting")]
    source.all_deployments = [make.deployment(5)]
    source.statuses = {5: (make.status(6, "waiting", run=1),)}
    await refresher.refresh(Ask(Part.RUNS))
    await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    source.all_runs = [make.run(1)]
    source.statuses = {5: (make.status(7, "success", run=1),)}
    await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    assert store.board.deployments["staging"].value[0].state == "waiting"
    await refresher.refresh(Ask(Part.RUNS))
    await refresher.refresh(Ask(Part.DEPLOYMENTS, "staging"))
    assert store.board.deployments["staging"].value[0].state == "success"


async def test_status_reads_everything_once(source, clock, filled):
    board = await read_once(source, clock, Board("acme/app"), health=Pulse(), checks=CHECKS)
    assert board.repository.value
    assert board.pending[1].value
    assert set(board.deployments) == {"staging", "production"}
    assert board.health["staging"].value[0].version == "1.2.3"
    assert board.tags == Section()
    assert len(source.calls) == 9


async def test_status_tells_every_failure_and_raises_none(source, clock, make):
    source.fail["*"] = make.problem(Kind.NETWORK)
    board = await read_once(source, clock, Board("acme/app"))
    asked = [Ask(part) for part in STATUS - {Part.PENDING, Part.DEPLOYMENTS, Part.HEALTH}]
    assert all(section_of(board, ask).error.kind is Kind.NETWORK for ask in asked)


async def test_an_older_deployment_that_goes_live_after_a_newer_one_is_noticed(
    refresher, store, source, make, clock
):
    """It waited for a review while a later one was made and succeeded."""
    source.all_deployments = [make.deployment(20), make.deployment(21)]
    source.statuses = {20: (make.status(200, "waiting"),), 21: (make.status(210, "success"),)}
    ask = Ask(Part.DEPLOYMENTS, "staging")
    await refresher.refresh(ask)
    assert live_of(section_of(store.board, ask).value).id == 21
    clock.pass_(600)
    source.all_deployments[0] = make.deployment(20, changed=clock.now())
    done = structs.replace(make.status(201, "success"), created_at=clock.now())
    source.statuses[20] = (done, *source.statuses[20])
    await refresher.refresh(ask)
    assert live_of(section_of(store.board, ask).value).id == 20


async def test_past_deployments_are_read_once_and_only_what_is_missing(refresher, store, source, make, clock):
    source.all_deployments = [make.deployment(number) for number in range(1, 9)]
    source.statuses = {number: (make.status(number * 10, "success"),) for number in range(1, 9)}
    ask = Ask(Part.DEPLOYMENTS, "staging")
    await refresher.refresh(ask)
    known = section_of(store.board, ask)
    assert [bool(one.statuses) for one in known.value] == [True] + [False] * 7
    assert await refresher.refresh(Ask(Part.PAST, "staging")) is None
    filled = section_of(store.board, ask)
    assert all(one.state == "success" for one in filled.value)
    assert filled.fetched_at == known.fetched_at and source.asked("statuses") == 8
    await refresher.refresh(Ask(Part.PAST, "staging"))
    await refresher.refresh(ask)
    assert source.asked("statuses") == 8 and section_of(store.board, ask).value is filled.value
    source.fail["statuses"] = make.problem(Kind.NETWORK)
    source.all_deployments.append(make.deployment(0))
    await refresher.refresh(ask)
    assert (await refresher.refresh(Ask(Part.PAST, "staging"))).kind is Kind.NETWORK
    assert section_of(store.board, ask).error is None  # the list itself is well
