from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.model.graph import Graph, Kind, RunGraph, aggregate, build, reconcile
from relman.model.run import Job, Step, WorkflowSource
from relman.model.state import State
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.model.workflow_reader import read_workflow


def graph_of(jobs: str, opened: Iterable[str] = (), **files: str) -> Graph:
    """``files`` are called workflows by name: their ``jobs``."""
    texts = {f"./{name}.yml": f"on: workflow_call\njobs:\n{text}" for name, text in files.items()}
    return build(read_workflow(f"on: push\njobs:\n{jobs}", provider=texts.get), frozenset(opened))


_numbers = iter(range(1, 10**9))


def job(name: str, state: str = "success", attempt: int = 1, steps: Iterable[str] = ()) -> Job:
    running = state in ("queued", "in_progress", "waiting", "pending")
    return Job(
        id=next(_numbers),
        run_id=1,
        attempt=attempt,
        name=name,
        status=state if running else "completed",
        conclusion=None if running else state,
        steps=tuple(Step(n, step, "completed", "success") for n, step in enumerate(steps, 1)),
    )


def states(run: RunGraph) -> dict[str, str]:
    return {key: node.state.value for key, node in run.runs.items()}


def names(run: RunGraph) -> dict[str, list[str]]:
    return {key: [job.name for job in node.jobs] for key, node in run.runs.items() if node.jobs}


REFERENCE = """\
  lint: {runs-on: u}
  test: {runs-on: u}
  security: {runs-on: u}
  build: {runs-on: u, needs: [lint, test, security]}
  performance: {runs-on: u, needs: build, if: github.event_name == 'pull_request'}
"""


def test_levels_and_critical_path_of_the_reference() -> None:
    graph = graph_of(REFERENCE)
    assert graph.levels == (("lint", "test", "security"), ("build",), ("performance",))
    assert graph.critical_path() == ("lint", "build", "performance")
    assert graph.critical_path({"lint": 10, "test": 30, "build": 5, "performance": 1}) == (
        "test",
        "build",
        "performance",
    )
    assert graph.children["build"] == ("performance",)
    assert graph.edges[:2] == (("lint", "build"), ("test", "build"))


def test_level_is_the_longest_path_and_the_file_may_be_in_any_order() -> None:
    graph = graph_of(
        "  d: {runs-on: u, needs: [a, c]}\n  c: {runs-on: u, needs: b}\n"
        "  b: {runs-on: u, needs: a}\n  a: {runs-on: u}\n"
    )
    assert {node.key: node.level for node in graph.nodes} == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert [node.key for node in graph.nodes] == ["d", "c", "b", "a"]
    assert graph.critical_path() == ("a", "b", "c", "d")


def test_a_path_of_durations_ends_where_nothing_takes_time() -> None:
    assert graph_of(REFERENCE).critical_path({"lint": 1.0}) == ("lint",)


def test_kinds() -> None:
    graph = graph_of(
        "  a: {runs-on: u}\n  m: {runs-on: u, strategy: {matrix: {x: [1]}}}\n  c: {uses: ./no.yml}\n"
    )
    assert [node.kind for node in graph.nodes] == [Kind.JOB, Kind.MATRIX, Kind.CALL]
    assert [node.opens for node in graph.nodes] == [False, True, False]


CALLER = "  a: {runs-on: u}\n  deploy: {uses: ./deploy.yml, needs: a}\n  z: {runs-on: u, needs: deploy}\n"
CALLEE = "  push: {runs-on: u}\n  roll: {runs-on: u, needs: push}\n  note: {runs-on: u, needs: push}\n"


def test_a_call_opens_into_its_jobs() -> None:
    folded = graph_of(CALLER, deploy=CALLEE)
    assert [node.key for node in folded.nodes] == ["a", "deploy", "z"]
    graph = graph_of(CALLER, ["deploy"], deploy=CALLEE)
    assert {node.key: node.needs for node in graph.nodes} == {
        "a": (),
        "deploy/push": ("a",),
        "deploy/roll": ("deploy/push",),
        "deploy/note": ("deploy/push",),
        "z": ("deploy/roll", "deploy/note"),
    }
    assert graph.by_key["deploy/roll"].group == "deploy"
    assert graph.by_key["z"].level == 3


def test_calls_open_inside_calls() -> None:
    graph = graph_of(
        CALLER, ["deploy", "deploy/in"], deploy="  in: {uses: ./leaf.yml}\n", leaf="  x: {runs-on: u}\n"
    )
    assert {node.key: node.needs for node in graph.nodes} == {
        "a": (),
        "deploy/in/x": ("a",),
        "z": ("deploy/in/x",),
    }


def test_opening_what_does_not_open_changes_nothing() -> None:
    assert graph_of(CALLER, ["a", "deploy", "nobody"]).nodes == graph_of(CALLER).nodes


@st.composite
def files(draw: st.DrawFn) -> WorkflowFile:
    count = draw(st.integers(1, 10))
    jobs: list[WorkflowJob] = []
    for n in range(count):
        earlier = [job.id for job in jobs]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        jobs.append(WorkflowJob(f"j{n}", 1, 1, needs=tuple(needs)))
    return WorkflowFile(None, ("push",), tuple(draw(st.permutations(jobs))))


@given(files(), st.dictionaries(st.sampled_from([f"j{n}" for n in range(10)]), st.floats(0, 1e6)))
def test_paths_are_chains_and_none_is_longer(file: WorkflowFile, durations: dict[str, float]) -> None:
    graph = build(file)
    assert sorted(key for level in graph.levels for key in level) == sorted(job.id for job in file.jobs)
    for node in graph.nodes:
        assert node.level == 1 + max((graph.by_key[need].level for need in node.needs), default=-1)
    path = graph.critical_path()
    assert len(path) == len(graph.levels)
    assert all(first in graph.by_key[second].needs for first, second in pairwise(path))
    weighted = graph.critical_path(durations)
    longest: dict[str, float] = {}
    for node in sorted(graph.nodes, key=lambda node: node.level):
        before = max((longest[need] for need in node.needs), default=0.0)
        longest[node.key] = before + durations.get(node.key, 0.0)
    assert sum(durations.get(key, 0.0) for key in weighted) == pytest.approx(max(longest.values()))


@given(files(), st.data())
def test_every_job_is_shown_once_whatever_its_order(file: WorkflowFile, data: st.DataObject) -> None:
    graph = build(file)
    jobs = [job(one.id, data.draw(st.sampled_from(["success", "failure", "in_progress"]))) for one in file.jobs]
    jobs += [job("somebody else's")]
    run = reconcile(graph, data.draw(st.permutations(jobs)), False)
    for one in file.jobs:
        assert [found.name for found in run.runs[one.id].jobs] == [one.id]
    assert not run.exact and len(run.graph.nodes) == len(file.jobs) + 1


# reconcile


def test_jobs_not_created_yet() -> None:
    run = reconcile(graph_of(REFERENCE), [job("lint"), job("test", "in_progress"), job("security")], False)
    assert states(run) == {
        "lint": "success",
        "test": "running",
        "security": "success",
        "build": "not created yet",
        "performance": "not created yet",
    }
    assert run.exact and run.reasons == ()


def test_exact_matrix_names_and_the_suffix() -> None:
    graph = graph_of(
        "  test: {runs-on: u, name: Test, strategy: {matrix: {os: [a, b], v: [1]}}}\n"
        "  other: {runs-on: u, name: Test (a), strategy: {matrix: {z: [9]}}}\n"
    )
    run = reconcile(graph, [job("Test (a) (9)"), job("Test (b, 1)", "failure"), job("Test (a, 1)")], False)
    assert names(run) == {"test": ["Test (b, 1)", "Test (a, 1)"], "other": ["Test (a) (9)"]}
    assert run.runs["test"].state is State.FAILURE
    assert run.runs["test"].counts == ((State.FAILURE, 1), (State.SUCCESS, 1))
    assert [member.label for member in run.runs["test"].members] == ["b, 1", "a, 1"]


def test_a_dynamic_matrix_takes_any_suffix() -> None:
    graph = graph_of("  t: {runs-on: u, strategy: {matrix: '${{ fromJSON(inputs.m) }}'}}\n  tt: {runs-on: u}\n")
    run = reconcile(graph, [job("t (x, y)"), job("t ([z])", "queued"), job("tt")], False)
    assert names(run) == {"t": ["t (x, y)", "t ([z])"], "tt": ["tt"]}
    assert run.runs["t"].state is State.RUNNING


def test_a_skipped_matrix_is_one_job_without_suffix() -> None:
    graph = graph_of(
        "  t: {runs-on: u, strategy: {matrix: {v: [1, 2]}}}\n"
        "  n: {runs-on: u, name: 'n ${{ matrix.v }}', strategy: {matrix: {v: [1, 2]}}}\n"
        "  w: {runs-on: u, name: '${{ inputs.name }}'}\n"
    )
    jobs = [job("t", "skipped"), job("n ${{ matrix.v }}", "skipped"), job("inputs.name", "skipped")]
    run = reconcile(graph, jobs, True)
    assert set(states(run).values()) == {"skipped"} and run.exact
    assert names(run) == {"t": ["t"], "n": ["n ${{ matrix.v }}"], "w": ["inputs.name"]}


def test_names_with_expressions() -> None:
    graph = graph_of(
        "  py: {runs-on: u, name: 'test (Python ${{ matrix.py }})', strategy: {matrix: {py: ['3.7', '3.8']}}}\n"
        "  env: {runs-on: u, name: 'Deploy to ${{ inputs.env }}'}\n"
        "  all: {runs-on: u, name: '${{ inputs.title }}'}\n"
    )
    jobs = [
        job("anything at all"),
        job("Deploy to production"),
        job("test (Python 3.8)"),
        job("test (Python 3.7)"),
    ]
    run = reconcile(graph, jobs, True)
    assert names(run) == {
        "py": ["test (Python 3.8)", "test (Python 3.7)"],
        "env": ["Deploy to production"],
        "all": ["anything at all"],
    }
    assert run.exact


def test_called_jobs_and_a_matrix_on_the_caller() -> None:
    caller = "  d: {uses: ./deploy.yml, name: Deploy, strategy: {matrix: {n: [10, 20]}}}\n"
    jobs = [job("Deploy (20) / push"), job("Deploy (10) / push"), job("Deploy (10) / roll", "in_progress")]
    folded = reconcile(graph_of(caller, deploy=CALLEE), jobs, False)
    assert states(folded) == {"d": "running"}
    assert len(folded.runs["d"].jobs) == 3
    opened = reconcile(graph_of(caller, ["d"], deploy=CALLEE), jobs, False)
    assert states(opened) == {"d/push": "success", "d/roll": "running", "d/note": "not created yet"}
    assert len(opened.runs["d/push"].jobs) == 2


def test_calls_inside_calls() -> None:
    run = reconcile(
        graph_of(
            CALLER, ["deploy", "deploy/in"], deploy="  in: {uses: ./leaf.yml}\n", leaf="  x: {runs-on: u}\n"
        ),
        [job("a"), job("deploy / in / x", "failure"), job("z", "skipped")],
        True,
    )
    assert states(run) == {"a": "success", "deploy/in/x": "failure", "z": "skipped"}


def test_a_skipped_call_has_one_job() -> None:
    jobs = [job("a"), job("deploy", "skipped"), job("z", "skipped")]
    assert states(reconcile(graph_of(CALLER, deploy=CALLEE), jobs, True))["deploy"] == "skipped"
    opened = reconcile(graph_of(CALLER, ["deploy"], deploy=CALLEE), jobs, True)
    assert {key: state for key, state in states(opened).items() if "/" in key} == {
        "deploy/push": "skipped",
        "deploy/roll": "skipped",
        "deploy/note": "skipped",
    }
    assert opened.exact


def test_a_call_that_is_half_done_is_running() -> None:
    run = reconcile(graph_of(CALLER, deploy=CALLEE), [job("a"), job("deploy / push")], False)
    assert run.runs["deploy"].state is State.RUNNING
    assert dict(run.runs["deploy"].counts) == {State.SUCCESS: 1, State.EXPECTED: 2}


def test_an_unreadable_call_is_a_group_of_names() -> None:
    run = reconcile(graph_of(CALLER), [job("a"), job("deploy / x"), job("deploy / y", "failure")], True)
    assert names(run)["deploy"] == ["deploy / x", "deploy / y"]
    assert [member.label for member in run.runs["deploy"].members] == ["x", "y"]
    assert not run.exact and any("could not be read" in reason for reason in run.reasons)


def test_duplicate_names_are_told_by_their_steps() -> None:
    graph = graph_of(
        "  a: {runs-on: u, name: Same, steps: [{name: Compile, run: x}]}\n"
        "  b: {runs-on: u, name: Same, steps: [{name: Upload, run: x}]}\n"
    )
    jobs = [
        job("Same", "failure", steps=["Set up job", "Upload"]),
        job("Same", steps=["Set up job", "Compile"]),
    ]
    run = reconcile(graph, jobs, True)
    assert states(run) == {"a": "success", "b": "failure"} and run.exact


def test_duplicate_names_that_nothing_tells_apart_are_unclear() -> None:
    graph = graph_of("  a: {runs-on: u, name: Same}\n  b: {runs-on: u, name: Same}\n")
    for jobs in ([job("Same", "failure"), job("Same")], [job("Same"), job("Same", "failure")]):
        run = reconcile(graph, jobs, True)
        assert all(node.unclear and len(node.jobs) == 2 for node in run.runs.values())
        assert not run.exact and "Same" in run.reasons[0]


def test_what_is_left_over_goes_where_room_is() -> None:
    graph = graph_of(
        "  a: {runs-on: u, name: '${{ inputs.x }}'}\n  b: {runs-on: u, name: 'to ${{ inputs.y }}'}\n"
    )
    run = reconcile(graph, [job("to there"), job("to nowhere")], True)
    assert len(run.runs["b"].jobs) == 1
    assert sum(len(node.jobs) for node in run.runs.values()) == 2


def test_a_name_of_many_expressions_is_matched_by_its_ends() -> None:
    name = "a " + "${{ matrix.x }}" * 40 + " z"
    graph = graph_of(f"  t: {{runs-on: u, name: '{name}'}}\n  s: {{runs-on: u}}\n")
    run = reconcile(graph, [job("a " + "b" * 500 + " z"), job("a " + "b" * 900), job("x" * 5000)], True)
    assert len(run.runs["t"].jobs) == 1 and len(run.graph.nodes) == 4


def test_a_truncated_name() -> None:
    long = "x" * 150
    graph = graph_of(f"  t: {{runs-on: u, name: {long}}}\n  s: {{runs-on: u}}\n")
    run = reconcile(graph, [job("x" * 97 + "..."), job("s")], True)
    assert names(run)["t"] == ["x" * 97 + "..."]


def test_jobs_that_no_file_explains_are_free() -> None:
    run = reconcile(graph_of("  a: {runs-on: u}\n"), [job("a"), job("ghost", "failure")], True)
    free = run.graph.nodes[-1]
    assert (free.kind, free.name, free.needs, free.level) == (Kind.FREE, "ghost", (), 0)
    assert run.runs[free.key].state is State.FAILURE
    assert not run.exact and "ghost" in run.reasons[0]
    assert run.graph.levels == (("a", free.key),)


def test_a_finished_run_without_some_job_is_not_the_files() -> None:
    run = reconcile(graph_of("  a: {runs-on: u}\n  b: {runs-on: u}\n"), [job("a")], True)
    assert run.runs["b"].state is State.UNKNOWN and not run.exact


def test_a_run_that_never_began() -> None:
    assert set(states(reconcile(graph_of(REFERENCE), [], True)).values()) == {"not created yet"}


def test_several_attempts() -> None:
    graph = graph_of("  a: {runs-on: u}\n  b: {runs-on: u}\n")
    run = reconcile(graph, [job("a", "success", 1), job("b", "failure", 1), job("b", "success", 2)], True)
    assert states(run) == {"a": "success", "b": "success"}
    assert run.attempts == (1, 2) and len(run.runs["b"].jobs) == 1


def test_a_tolerated_failure() -> None:
    run = reconcile(graph_of("  a: {runs-on: u, continue-on-error: true}\n"), [job("a", "failure")], True)
    assert run.runs["a"].tolerated and run.runs["a"].state is State.FAILURE


def test_the_source_may_say_that_it_is_not_the_same_file() -> None:
    source = WorkflowSource("ci.yml", "abc", "", exact=False, reason="GitHub ran the merge commit's file")
    run = reconcile(graph_of("  a: {runs-on: u}\n"), [job("a")], True, source)
    assert not run.exact and run.reasons == (source.reason,)
    assert reconcile(graph_of("  a: {runs-on: u}\n"), [job("a")], True, replace(source, exact=True)).exact


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ([], State.EXPECTED),
        ([State.SUCCESS, State.SKIPPED], State.SUCCESS),
        ([State.SKIPPED, State.SKIPPED], State.SKIPPED),
        ([State.SUCCESS, State.QUEUED], State.RUNNING),
        ([State.SUCCESS, State.EXPECTED], State.RUNNING),
        ([State.QUEUED, State.QUEUED], State.QUEUED),
        ([State.RUNNING, State.FAILURE], State.FAILURE),
        ([State.RUNNING, State.WAITING], State.WAITING),
        ([State.CANCELLED, State.SUCCESS], State.CANCELLED),
    ],
)
def test_aggregate(several: list[State], one: State) -> None:
    assert aggregate(several) is one


@given(st.lists(st.sampled_from(list(State))))
def test_aggregate_takes_any_states_in_any_order(several: list[State]) -> None:
    assert aggregate(several) is aggregate(reversed(several))
