"""The board on the embedded world, over real HTTP."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from relman.board.clock import SystemClock
from relman.board.fill import Filler
from relman.board.history import History
from relman.board.once import read_once
from relman.board.refresh import Refresher
from relman.board.schedule import Rhythm
from relman.board.sections import Ask, Part, section_of
from relman.board.store import Store
from relman.board.view import View
from relman.board.watch import Watch
from relman.demo import embed
from relman.errors import Kind
from relman.github.reader import Reader
from relman.model.board import Board
from relman.model.state import State
from relman.secret import Secret


class Hand:
    """Moves the world from outside."""

    def __init__(self, world):
        self.world = world

    def __call__(self, path="", **wish):
        request = urllib.request.Request(
            self.world.api_url.rstrip("/") + "/_world" + path,
            data=json.dumps(wish).encode() if wish or path not in {"", "/requests"} else None,
            headers={"Authorization": f"Bearer {self.world.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def charged(self):
        return self()["charged"]


@pytest.fixture(scope="module")
def world():
    with embed.start(seed=1, frozen=True, now=datetime(2026, 10, 14, 14, 0, tzinfo=UTC)) as world:
        yield world


@pytest.fixture
def hand(world):
    hand = Hand(world)
    hand("/clear")
    yield hand
    hand("/clear")


@pytest.fixture
async def reader(world):
    reader = Reader(world.repo, api_url=world.api_url, token=Secret(world.token))
    yield reader
    await reader.aclose()


another_reader = reader


@pytest.fixture
def store(world):
    return Store(Board(world.repo))


@pytest.fixture
def refresher(store, reader):
    return Refresher(store, reader, SystemClock())


@pytest.fixture
async def history(tmp_path, world):
    history = History.open(tmp_path, world.api_url, world.repo)
    yield history
    await history.close()


async def read_everything(refresher, store):
    """Reads every section there is and gives the asks."""
    first = (
        Part.RUNS,
        Part.REPOSITORY,
        Part.VIEWER,
        Part.WORKFLOWS,
        Part.ENVIRONMENTS,
        Part.RELEASES,
        Part.TAGS,
    )
    asks = [Ask(part) for part in first]
    for ask in asks:
        await refresher.refresh(ask)
    runs = store.board.runs.value
    active = next(run for run in runs if run.state is State.RUNNING)
    waiting = next(run for run in runs if run.state is State.WAITING)
    failed = next(run for run in runs if run.state is State.FAILURE)
    later = [Ask(Part.JOBS, failed.id), Ask(Part.JOBS, active.id), Ask(Part.SOURCE, active.id)]
    later += [Ask(Part.PENDING, waiting.id), Ask(Part.APPROVALS, waiting.id), Ask(Part.RUN, active.id)]
    later += [Ask(Part.DEPLOYMENTS, name) for name in ("staging", "production")]
    for ask in later:
        await refresher.refresh(ask)
    job = next(job for job in store.board.jobs[failed.id].value if job.state is State.FAILURE)
    annotations = Ask(Part.ANNOTATIONS, job.id)
    await refresher.refresh(annotations)
    return [*asks, *later, annotations]


async def test_every_section_has_what_the_world_has(refresher, store, hand):
    asks = await read_everything(refresher, store)
    for ask in asks:
        section = section_of(store.board, ask)
        assert section.error is None, (ask, section.error)
        assert section.value or ask.part is Part.APPROVALS, ask
    assert store.board.budget.remaining < store.board.budget.limit
    assert store.board.deployments["production"].value[0].statuses


async def test_asking_again_costs_nothing_and_gives_the_same_objects(refresher, store, hand):
    asks = await read_everything(refresher, store)
    before, charged = store.board, hand.charged()
    for ask in asks:
        assert await refresher.refresh(ask) is None
        assert section_of(store.board, ask).value is section_of(before, ask).value, ask
    assert hand.charged() == charged


FAULTS = [
    {"kind": "server-error"},
    {"kind": "status", "status": 503, "message": "Service Unavailable"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "body", "body": '{"something": "else"}'},
    {"kind": "permission"},
    {"kind": "sso"},
    {"kind": "status", "status": 404, "message": "Not Found"},
    {"kind": "status", "status": 401, "message": "Bad credentials"},
]


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip()
)
async def test_faults_on_every_endpoint_keep_the_data_and_say_what_is_wrong(
    refresher, another_reader, store, hand, fault
):
    asks = await read_everything(refresher, store)
    before = store.board
    # As after a new start: an answer "unchanged" has no body that could be broken.
    refresher = Refresher(store, another_reader, SystemClock())
    hand("/faults", **fault, times=None)
    problems = await asyncio.gather(*(refresher.refresh(ask) for ask in asks))
    for ask, problem in zip(asks, problems, strict=True):
        if ask.part is Part.SOURCE and fault["kind"] == "body":
            continue  # any text is a file's text
        section = section_of(store.board, ask)
        assert section.value is section_of(before, ask).value, ask
        assert problem is not None, ask
        assert problem.title
        assert problem.hint or problem.detail, problem
        if ask.part is not Part.RUN:
            assert section.error is not None, ask
            assert section.fetched_at == section_of(before, ask).fetched_at
    hand("/clear")
    for ask in asks:
        assert await refresher.refresh(ask) is None, ask
        assert section_of(store.board, ask).error is None


async def test_a_limit_pauses_everything_until_it_ends(refresher, store, hand):
    hand("/faults", kind="secondary", retry_after=30, times=1)
    problem = await refresher.refresh(Ask(Part.RUNS))
    assert problem.kind is Kind.RATE_LIMIT
    until = store.board.budget.paused_until
    assert timedelta(seconds=20) < until - datetime.now(UTC) < timedelta(seconds=40)


async def test_a_fine_grained_token_has_everything_but_annotations(refresher, store, hand):
    hand("/token", kind="fine-grained")
    asks = await read_everything(refresher, store)
    for ask in asks:
        error = section_of(store.board, ask).error
        if ask.part is Part.ANNOTATIONS:
            assert "unavailable" in error.title
        else:
            assert error is None, (ask, error)


async def test_status_reads_once_in_few_requests(reader, world, hand):
    board = await read_once(reader, SystemClock(), Board(world.repo))
    assert board.runs.value
    assert board.deployments["production"].value
    assert any(section.value for section in board.pending.values())
    assert len(hand("/requests")["requests"]) <= 20, [one["path"] for one in hand("/requests")["requests"]]


async def test_the_fill_finds_every_run_also_behind_a_cap(reader, store, history, world, hand, eventually):
    hand("/cap", results=100, total="all")
    total = (await reader.runs(per_page=1)).value.total
    filler = Filler(store, reader, history, SystemClock(), pace=0, cap=100)
    task = asyncio.create_task(filler.run())
    try:
        await asyncio.sleep(0)
        await Refresher(store, reader, SystemClock(), memory=history).refresh(Ask(Part.RUNS))
        await eventually(lambda: store.board.fill.done)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    kept = await history.newest_runs(10_000)
    assert len(kept) == total
    assert len({run.id for run in kept}) == total


QUICK = Rhythm(
    **{
        field.name: field.default / 25
        for field in structs.fields(Rhythm)
        if field.name not in {"unfocused", "first_retry", "longest_retry"}
    }
)


@pytest.fixture
async def watch(world, tmp_path):
    history = History.open(tmp_path / "history", world.api_url, world.repo)
    reader = Reader(world.repo, api_url=world.api_url, token=Secret(world.token), validators=history.validators)
    watch = Watch(
        world.repo, lambda: reader, history, SystemClock(), tmp_path / "logs", rhythm=QUICK, fill_pace=0
    )
    yield watch
    await watch.stop()


async def test_a_running_run_is_followed_and_the_fill_ends(watch, hand, eventually):
    watch.start()
    await eventually(lambda: watch.store.board.runs.value and watch.store.board.environments.value)
    run = next(run for run in watch.store.board.runs.value if run.state is State.RUNNING)
    watch.poller.look(View(run_id=run.id))
    await eventually(lambda: run.id in watch.store.board.jobs and run.id in watch.store.board.sources)
    await eventually(lambda: watch.store.board.fill.done)
    hand("/advance", seconds=3600)
    await eventually(lambda: watch.store.board.run(run.id).state.finished)
    await eventually(lambda: all(job.state.finished for job in watch.store.board.jobs[run.id].value))
    path = await watch.fetch.job_log(watch.store.board.jobs[run.id].value[0].id, 1)
    assert path.read_bytes().count(b"\n") > 10, path.read_bytes()[:500]
