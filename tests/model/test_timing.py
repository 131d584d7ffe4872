from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timed_jobs import NOW, USUAL, at, job

from relman.model.graph import RunGraph, build, reconcile
from relman.model.run import Job, Step
from relman.model.timing import JobTime, RunTime, expectations, fast_keys, full_keys, job_time, short, time_run
from relman.model.workflow_reader import read_workflow

REFERENCE = """\
  lint: {runs-on: u}
  test: {runs-on: u}
  security: {runs-on: u}
  build: {runs-on: u, needs: [lint, test, security]}
  performance: {runs-on: u, needs: build, if: github.event_name == 'pull_request'}
"""


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (job("a", "success", 0, 5, 65), JobTime(5, 60)),
        (job("a", "skipped", 0, 5, 5), JobTime(None, None)),
        (job("a", "success", 0, 5, 4), JobTime(5, 0)),  # completed before it started
        (job("a", "success", 9, 5, 65), JobTime(0, 60)),
        (job("a", "in_progress", 0, 5), JobTime(5, 95)),
        (job("a", "queued", 0, 0), JobTime(100, None)),  # GitHub sets a start while it waits
        (job("a", "waiting", 40), JobTime(60, None)),
        (job("a", "cancelled", 0, 5, 65, runner=""), JobTime(None, None)),
        (job("a", "cancelled", 0, 5, 65), JobTime(5, 60)),
        (job("a", "success", None, None, None), JobTime(None, None)),
    ],
)
def test_job_time(one: Job, expected: JobTime) -> None:
    assert job_time(one, at(100)) == expected


def test_expected_is_the_median_of_recent_successes() -> None:
    history = [job("a", "success", n, n, n + took) for n, took in enumerate([10, 30, 20, 1000])]
    history += [job("a", "failure", 9, 9, 10), job("b", "in_progress", 0, 0), job("a", "success", 0, None, 9)]
    assert expectations(history) == {"a": 25}
    assert expectations(history, recent=3) == {"a": 30}


def timed(jobs: list[Job], finished: bool = False, text: str = REFERENCE) -> tuple[RunGraph, RunTime]:
    run = reconcile(build(read_workflow(f"on: push\njobs:\n{text}")), jobs, finished)
    return run, time_run(run, USUAL, at(100))


def test_a_running_run() -> None:
    _, time = timed(
        [job("lint", "success", 0, 10, 90), job("test", "in_progress", 0, 10), job("security", "queued")]
    )
    assert time.nodes["test"].elapsed == 90 and time.nodes["test"].progress == 90 / 480
    assert time.nodes["build"].expected == 240 and time.nodes["build"].elapsed is None
    assert time.critical == ("test", "build", "performance")
    assert time.remaining == (480 - 90) + 240 + 360


def test_a_late_job_has_nothing_left() -> None:
    text = "  lint: {runs-on: u}\n"
    _, time = timed([job("lint", "in_progress", -400, -300)], text=text)
    assert time.remaining == 0 and (time.nodes["lint"].progress or 0) > 1


def test_a_finished_run() -> None:
    _, time = timed(
        [
            job("lint", "success", 0, 0, 50),
            job("test", "success", 0, 0, 40),
            job("security", "success", 0, 0, 30),
            job("build", "success", 50, 50, 90),
            job("performance", "skipped", 90, 90, 90),
        ],
        finished=True,
    )
    assert time.remaining is None
    assert time.critical == ("lint", "build")
    assert (time.fast.wall, time.fast.total, time.fast.jobs) == (90, 160, 4)
    assert (time.full.wall, time.full.total, time.full.jobs) == (90, 160, 4)
    assert time.full.complete and time.full.absent == 1 and not time.full.estimated
    assert time.paths == (("fast path", time.fast),)


def test_a_finished_failed_run_counts_only_what_ran() -> None:
    _, time = timed(
        [
            job("lint", "success", 0, 0, 50),
            job("test", "failure", 0, 0, 40),
            job("security", "cancelled", 0, 5, 65, runner=""),  # before it started
            job("build", "skipped", 50, 50, 50),
        ],
        finished=True,
    )
    assert time.critical == ("lint",)
    ((name, path),) = time.paths
    assert (name, path.wall, path.total) == ("what ran", 50, 90)
    assert (path.jobs, path.measured, path.absent, path.complete) == (2, 2, 3, True)


def test_an_active_run_says_how_much_is_measured() -> None:
    _, time = timed(
        [
            job("lint", "success", 0, 10, 90),
            job("test", "in_progress", 0, 10),
            job("security", "success", 0, 0, 30),
        ]
    )
    assert [name for name, _ in time.paths] == ["fast path", "full path"]
    assert (time.full.jobs, time.full.measured, time.full.estimated) == (5, 2, True)
    assert time.fast.wall == 480 + 240 and time.fast.total == 80 + 480 + 30 + 240


def test_a_job_skipped_in_an_active_run_counts_no_more() -> None:
    _, time = timed([job("lint", "in_progress", 0, 10), job("performance", "skipped", 90, 90, 90)])
    assert time.full.absent == 1 and time.full.jobs == time.fast.jobs == 4
    assert time.paths[0][0] == "fast path"


def test_a_run_that_is_over_without_jobs_has_no_path() -> None:
    _, time = timed([], finished=True)
    assert time.paths == () and time.full.absent == 5 and time.full.wall == 0


STATES = ("success", "failure", "skipped", "cancelled", "in_progress", "queued", "waiting")


@given(
    st.dictionaries(
        st.sampled_from(sorted(USUAL)),
        st.tuples(st.sampled_from(STATES), st.integers(0, 99), st.integers(0, 99)),
    ),
    st.booleans(),
)
def test_paths_of_any_run(found: dict[str, tuple[str, int, int]], finished: bool) -> None:
    over = finished and all(state not in STATES[4:] for state, _, _ in found.values())
    jobs = [job(name, state, 0, start, start + took) for name, (state, start, took) in found.items()]
    _, time = timed(jobs, over)
    for path in (time.fast, time.full):
        assert 0 <= path.measured <= path.jobs
        assert path.wall <= path.total + 1e-9
    assert time.full.jobs + time.full.absent == 5 and time.fast.jobs + time.fast.absent == 4
    assert time.fast.wall <= time.full.wall
    if over:
        ran = {name for name, (state, _, _) in found.items() if state != "skipped"}
        assert time.full.jobs == time.full.measured == len(ran)
        assert time.full.total == sum(time.nodes[name].elapsed or 0 for name in ran)


def test_unknown_times_are_said() -> None:
    run = reconcile(build(read_workflow(f"on: push\njobs:\n{REFERENCE}")), [], False)
    time = time_run(run, {}, NOW)
    assert time.remaining is None and not time.fast.complete
    assert time.critical == ("lint", "build", "performance")


def test_fast_path_leaves_out_what_needs_an_event() -> None:
    graph = build(read_workflow(f"on: push\njobs:\n{REFERENCE}  after: {{runs-on: u, needs: performance}}\n"))
    assert fast_keys(graph) == {"lint", "test", "security", "build"}
    assert full_keys(graph) == {"lint", "test", "security", "build", "performance", "after"}


@pytest.mark.parametrize(
    ("condition", "fast", "full"),
    [
        ("always()", True, True),
        ("success() || failure()", True, True),
        ("'!cancelled()'", True, True),
        ("failure()", False, False),
        ("github.ref == 'refs/heads/main'", False, True),
        ("inputs.deploy", False, True),
        ("needs.a.outputs.changed == 'true'", True, True),
    ],
)
def test_conditions_of_the_paths(condition: str, fast: bool, full: bool) -> None:
    graph = build(
        read_workflow(f"on: push\njobs:\n  a: {{runs-on: u}}\n  b: {{runs-on: u, needs: a, if: {condition}}}\n")
    )
    assert ("b" in fast_keys(graph)) is fast
    assert ("b" in full_keys(graph)) is full


def test_where_every_job_asks_for_a_branch_fast_is_full() -> None:
    graph = build(read_workflow("on: push\njobs:\n  a: {runs-on: u, if: github.ref == 'x'}\n"))
    assert fast_keys(graph) == full_keys(graph) == {"a"}


def test_a_call_takes_from_its_first_start_to_its_last_end() -> None:
    text = "  d: {uses: ./x.yml}\n"
    _, time = timed([job("d / a", "success", 0, 10, 40), job("d / b", "success", 40, 45, 95)], True, text)
    assert time.nodes["d"].elapsed == 85 and time.nodes["d"].total == 80


def test_steps_show_that_a_cancelled_job_ran() -> None:
    one = job("a", "cancelled", 0, 5, 65, runner="")
    ran = Job(
        **{
            **{name: getattr(one, name) for name in one.__slots__},
            "steps": (Step(1, "s", "completed", "cancelled", at(5)),),
        }
    )
    assert job_time(ran, at(100)).run == 60


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (4800, "1h20m"),
        (3599.9, "1h00m"),
        (200_000, "2d7h"),
    ],
)
def test_short(seconds: float | None, text: str) -> None:
    assert short(seconds) == text
