from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.errors import Kind
from relman.model.expression import ExpressionError, check, fill, parse
from relman.model.run import WorkflowSource
from relman.model.workflow import WorkflowFile, WorkflowJob
from relman.model.workflow_events import is_schedule
from relman.model.workflow_reader import WorkflowError, read_source, read_workflow


def workflow(jobs: str, on: str = "push") -> WorkflowFile:
    return read_workflow(f"on: {on}\njobs:\n{jobs}")


def job(body: str, more: str = "") -> WorkflowJob:
    """The job ``x`` with ``body`` (lines), in a file where ``a`` and ``b`` exist too."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return workflow(f"  a: {{runs-on: u}}\n  b: {{runs-on: u}}\n  x:\n{lines}{more}").jobs[2]


def refused(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(WorkflowError) as caught:
        read_workflow(text)
    assert caught.value.problem.kind is Kind.INVALID
    return [(finding.line, finding.column, finding.message) for finding in caught.value.findings]


# 1. needs


def test_needs_is_a_name_or_a_list() -> None:
    assert job("runs-on: u\nneeds: a").needs == ("a",)
    assert job("runs-on: u\nneeds: [b, a]").needs == ("b", "a")
    assert job("runs-on: u\nneeds: []").needs == ()
    assert job("runs-on: u\nneeds: [a, a]").needs == ("a",)


def test_needs_compares_without_case_and_gives_the_declared_id() -> None:
    file = workflow("  Build: {runs-on: u}\n  test: {runs-on: u, needs: [BUILD, build]}\n")
    assert file.jobs[1].needs == ("Build",)


def test_jobs_keep_their_order() -> None:
    file = workflow("  z: {runs-on: u, needs: a}\n  a: {runs-on: u}\n  m: {runs-on: u}\n")
    assert [job.id for job in file.jobs] == ["z", "a", "m"]


def test_an_unknown_need() -> None:
    found = refused("on: push\njobs:\n  a: {runs-on: u}\n  b:\n    runs-on: u\n    needs: [a, nope]\n")
    assert found == [(6, 16, "Job 'b' depends on unknown job 'nope'.")]


def test_a_cycle_names_only_the_jobs_on_it() -> None:
    found = refused(
        "on: push\njobs:\n  s: {runs-on: u}\n  a: {runs-on: u, needs: [s, b]}\n  b: {runs-on: u, needs: a}\n"
        "  after: {runs-on: u, needs: b}\n"
    )
    assert [(line, column) for line, column, _ in found] == [(4, 30), (5, 26)]
    assert all("cycle" in message for _, _, message in found)


def test_a_job_that_needs_itself() -> None:
    found = refused("on: push\njobs:\n  a: {runs-on: u}\n  b: {runs-on: u, needs: b}\n")
    assert found[0][:2] == (4, 26) and "cycle" in found[0][2]


def test_no_start_job_is_said_beside_its_causes() -> None:
    found = refused("on: push\njobs:\n  a: {runs-on: u, needs: b}\n  b: {runs-on: u, needs: [a, c]}\n")
    assert found[0] == (3, 3, "The workflow must contain at least one job with no dependencies.")
    assert len(found) == 4


# 2. YAML and types


def test_on_is_a_key_and_yes_is_text() -> None:
    file = read_workflow(
        "on: {push: , pull_request: {branches: main}}\njobs: {a: {runs-on: u, steps: [{run: yes}]}}"
    )
    assert file.on == ("push", "pull_request")
    assert read_workflow("'on': [pull_request, push]\njobs: {a: {runs-on: u}}").on == ("pull_request", "push")
    assert read_workflow("on: workflow_dispatch\njobs: {a: {runs-on: u}}").on == ("workflow_dispatch",)


@pytest.mark.parametrize(
    "body",
    [
        "runs-on: u\nsteps:\n  - run: true",
        "runs-on: u\nsteps:\n  - run: 12",
        "runs-on: 12",
        "runs-on: [self-hosted, linux]",
        "runs-on: {group: big, labels: x}",
        "runs-on: u\ntimeout-minutes: 010",
        "runs-on: u\ncontinue-on-error: ${{ github.event_name == 'push' }}",
        "runs-on: u\nenv: {A: 1, B: true, C: }",
        "runs-on: u\nname: ",
        "runs-on: u\nif: ",
        "runs-on: u\nif: false",
        "runs-on: u\nstrategy: {fail-fast: false, max-parallel: 2}",
        "runs-on: u\nsteps:\n  - {parallel: [{run: a}, {run: b}]}\n  - {run: c, background: true, id: k}\n"
        "  - {wait: [k]}\n  - {wait-all: }\n  - {cancel: k}",
        "runs-on: u\nconcurrency: {group: g, queue: max, cancel-in-progress: true}",
        "runs-on: u\ncontainer: {image: x, ports: [80]}\nservices: {r: {image: redis, ports: ['63:63']}}",
        "uses: ./.github/workflows/x.yml\nwith: {a: 1}\nsecrets: inherit",
        "uses: o/r/.github/workflows/x.yml@v1\nsecrets: {A: '${{ secrets.B }}'}",
    ],
)
def test_accepted(body: str) -> None:
    assert job(body).id == "x"


@pytest.mark.parametrize(
    ("body", "line", "column", "word"),
    [
        ("steps: []", 6, 5, "runs-on"),
        ("name: x", 6, 5, "'runs-on' or 'uses'"),
        ("runs-on: u\nuses: ./x.yml", 7, 5, "Unexpected value 'uses'"),
        ("uses: ./x.yml\nsteps: []", 7, 5, "Unexpected value 'steps'"),
        ("uses: ./x.yml@main", 6, 11, "cannot specify version"),
        ("uses: o/r/.github/workflows/x.yml", 6, 11, "no version"),
        ("uses: o@v1", 6, 11, "expected owner"),
        ("runs-on: u\nfoo: 1", 7, 5, "Unexpected value 'foo'"),
        ("runs-on: u\n<<: {a: 1}", 7, 5, "does not merge"),
        ("runs-on: u\nruns-on: v", 7, 5, "already defined"),
        ("runs-on: u\nneeds: {a: b}", 7, 12, "mapping was not expected"),
        ("runs-on: u\nneeds: ", 7, 11, "Unexpected value ''"),
        ("runs-on: u\nsteps: run", 7, 12, "Unexpected value 'run'"),
        ("runs-on: u\nsteps:\n  - {run: a, uses: b}", 8, 18, "Unexpected value 'uses'"),
        ("runs-on: u\nsteps:\n  - {name: a}", 8, 9, "not enough info"),
        ("runs-on: u\nsteps:\n  - {run: a, id: i}\n  - {run: b, id: I}", 9, 22, "more than once"),
        ("runs-on: u\ntimeout-minutes: soon", 7, 22, "soon"),
        ("runs-on: u\ncontinue-on-error: maybe", 7, 24, "maybe"),
        ("runs-on: u\nstrategy: {matrix: {os: a}}", 7, 29, "Unexpected value 'a'"),
        ("runs-on: u\nif: foo == 1", 7, 9, "Unrecognized named-value: 'foo'"),
        ("runs-on: u\nif: github.ref ==", 7, 9, "end of the expression"),
        ("runs-on: u\nif: nope()", 7, 9, "Unrecognized function"),
        ("runs-on: u\nif: ${{ always( }}", 7, 9, "Unexpected"),
        ("runs-on: u\nname: a ${{ secrets.X }}", 7, 13, "secrets"),
        ("runs-on: u\nname: a ${{ github.ref", 7, 11, "not closed"),
        ("runs-on: ''", 6, 14, "Unexpected value ''"),
        ("runs-on: u\nenvironment: {url: x}", 7, 18, "name"),
        ("runs-on: u\npermissions: {contents: admin}", 7, 29, "admin"),
    ],
)
def test_refused_jobs(body: str, line: int, column: int, word: str) -> None:
    lines = "".join(f"    {part}\n" for part in body.splitlines())
    found = refused(f"on: push\njobs:\n  a: {{runs-on: u}}\n  b: {{runs-on: u}}\n  x:\n{lines}")
    assert (line, column) in [(at, column_at) for at, column_at, _ in found]
    assert any(word in message for _, _, message in found)


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("", 1, 1, "empty"),
        ("just text", 1, 1, "Unexpected"),
        ("- a", 1, 1, "sequence"),
        ("on: push", 1, 1, "jobs"),
        ("jobs: {a: {runs-on: u}}", 1, 1, "Required property is missing: on"),
        ("on: push\njobs:", 2, 6, "Unexpected value ''"),
        ("on: push\njobs: {}", 2, 7, "at least one job"),
        ("on: push\njobs: []", 2, 7, "sequence"),
        ("on: pushed\njobs: {a: {runs-on: u}}", 1, 5, "pushed"),
        ("on: {push: {types: [x]}}\njobs: {a: {runs-on: u}}", 1, 13, "types"),
        ("on: {pull_request: {types: [opend]}}\njobs: {a: {runs-on: u}}", 1, 29, "opend"),
        ("on: {schedule: [{cron: '61 * * * *'}]}\njobs: {a: {runs-on: u}}", 1, 24, "cron"),
        ("on: {schedule: {cron: '1 * * * *'}}\njobs: {a: {runs-on: u}}", 1, 16, "mapping"),
        ("on: push\njobs: {1a: {runs-on: u}}", 2, 8, "identifier '1a' is invalid"),
        ("on: push\njobs: {a b: {runs-on: u}}", 2, 8, "invalid"),
        ("on: push\njobs: {__a: {runs-on: u}}", 2, 8, "reserved"),
        (f"on: push\njobs: {{{'a' * 100}: {{runs-on: u}}}}", 2, 8, "less than 100"),
        ("on: push\njobs:\n  a: {runs-on: u}\n  A: {runs-on: u}", 4, 3, "'A' is already defined"),
        ("on: push\njobs: {a: 1}", 2, 11, "Unexpected value '1'"),
        ("on: push\njobs:\n  a:\n", 3, 5, "Unexpected value ''"),
        ("on: push\njobs:\n\ta: 1", 3, 1, "YAML"),
        ("on: push\nname: ${{ github.ref }}\njobs: {a: {runs-on: u}}", 2, 7, "not allowed here"),
    ],
)
def test_refused_files(text: str, line: int, column: int, word: str) -> None:
    found = refused(text)
    assert (line, column) in [(at, column_at) for at, column_at, _ in found], found
    assert any(word in message for _, _, message in found)


def test_all_findings_come_in_the_order_of_the_file() -> None:
    found = refused(
        "on: [push, nope]\njobs:\n  a: {runs-on: u, foo: 1}\n  b: {steps: [], needs: zzz}\n  c: {runs-on: }\n"
    )
    assert [line for line, _, _ in found] == [1, 3, 4, 4, 5]


def test_a_file_that_ran_may_hold_what_is_new() -> None:
    text = "on: [brand_new]\njobs:\n  a: {runs-on: u, brandnew: 1, if: brandnew() }\n"
    assert len(refused(text)) == 3
    file = read_source(WorkflowSource("x.yml", "sha", text))
    assert file.on == ("brand_new",)
    with pytest.raises(WorkflowError):
        read_source(WorkflowSource("x.yml", "sha", "on: push\njobs: {a: {runs-on: u, needs: b}}"))


# 4. names


def test_names() -> None:
    assert job("runs-on: u").display == "x"
    assert job("runs-on: u\nname: Test it").display == "Test it"
    assert job("runs-on: u\nname: Test ${{ matrix.os }}").display == "Test ${{ matrix.os }}"
    assert job("runs-on: u\nname: ''").display == "x"
    assert job("runs-on: u\nname: 3.10").display == "3.1"
    assert workflow("  a: {runs-on: u}\n").name is None
    assert read_workflow("name: CI\non: push\njobs: {a: {runs-on: u}}").name == "CI"


# 5. matrix


def suffixes(matrix: str) -> list[str]:
    found = job(f"runs-on: u\nstrategy:\n  matrix: {matrix}").matrix
    assert found is not None and not found.dynamic
    return [combination.suffix for combination in found.combinations]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{os: [a, b], v: [1, 2]}", ["(a, 1)", "(a, 2)", "(b, 1)", "(b, 2)"]),
        ("{v: [3.10, '3.10', true]}", ["(3.1)", "(3.10)", "(true)"]),
        ("{os: [a, b], v: [1, 2], exclude: [{os: a, v: 1}]}", ["(a, 2)", "(b, 1)", "(b, 2)"]),
        ("{os: [a, b], v: [1, 2], exclude: [{os: a}]}", ["(b, 1)", "(b, 2)"]),
        ("{os: [a, b], include: [{os: a, extra: 1}]}", ["(a, 1)", "(b)"]),
        ("{os: [a, b], include: [{os: c}]}", ["(a)", "(b)", "(c)"]),
        ("{include: [{os: a, v: 1}, {os: b}]}", ["(a, 1)", "(b)"]),
        ("{os: [a], include: [{x: 1}]}", ["(a, 1)"]),
        ("{t: [{n: a, v: 1}, {n: b}]}", ["(a, 1)", "(b)"]),
        # The example of GitHub's documentation.
        (
            "{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, "
            "{fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}",
            [
                "(apple, cat, pink, circle)",
                "(apple, dog, green, circle)",
                "(pear, cat, pink)",
                "(pear, dog, green)",
                "(banana)",
                "(banana, cat)",
            ],
        ),
    ],
)
def test_matrix_combinations(matrix: str, expected: list[str]) -> None:
    assert suffixes(matrix) == expected


@pytest.mark.parametrize(
    "strategy",
    [
        "matrix: ${{ fromJSON(needs.a.outputs.m) }}",
        "matrix: {os: '${{ fromJSON(needs.a.outputs.m) }}'}",
        "matrix: {os: [a], include: '${{ fromJSON(needs.a.outputs.m) }}'}",
        "matrix: {os: [a, '${{ inputs.os }}']}",
    ],
)
def test_a_dynamic_matrix(strategy: str) -> None:
    found = job(f"runs-on: u\nneeds: a\nstrategy:\n  {strategy}").matrix
    assert found is not None and found.dynamic and not found.combinations


def test_strategy_without_matrix() -> None:
    assert job("runs-on: u\nstrategy: {fail-fast: false}").matrix is None
    dynamic = job("runs-on: u\nstrategy: ${{ fromJSON(inputs.s) }}").matrix
    assert dynamic is not None and dynamic.dynamic


def test_matrices_that_fail_their_job_are_no_error_of_the_file() -> None:
    large = ", ".join(map(str, range(20)))
    too_many = job(f"runs-on: u\nstrategy: {{matrix: {{a: [{large}], b: [{large}]}}}}").matrix
    assert too_many is not None and "400" in too_many.problem
    bomb = ", ".join(f"k{n}: [{large}]" for n in range(12))
    assert job(f"runs-on: u\nstrategy: {{matrix: {{{bomb}}}}}").matrix is not None
    empty = job("runs-on: u\nstrategy: {matrix: {a: []}}").matrix
    assert empty is not None and empty.problem


# 9. and 10. calls


def called(text: str, files: dict[str, str]) -> WorkflowFile:
    return read_workflow(text, provider=files.get)


def test_a_called_workflow_is_read_at_the_same_place() -> None:
    local = "on: workflow_call\njobs: {inner: {uses: ./b.yml}}"
    remote = "on: workflow_call\njobs: {deep: {uses: ./c.yml}}"
    leaf = "on: {workflow_call: , push: }\njobs: {leaf: {runs-on: u}}"
    file = called(
        "on: push\njobs:\n  one: {uses: ./a.yml}\n  two: {uses: o/r/x.yml@v1}\n",
        {"./a.yml": local, "./b.yml": leaf, "o/r/x.yml@v1": remote, "o/r/c.yml@v1": leaf},
    )
    one, two = file.jobs
    assert one.callee is not None and one.callee.jobs[0].callee is not None
    assert one.callee.jobs[0].callee.jobs[0].id == "leaf"
    assert two.callee is not None and two.callee.jobs[0].callee is not None


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, "could not be read"),
        ({"./a.yml": "on: push\njobs: {a: {runs-on: u}}"}, "not made to be called"),
        ({"./a.yml": "on: workflow_call\njobs: {a: {}}"}, "line 2"),
        ({"./a.yml": "{"}, "YAML"),
    ],
)
def test_a_call_that_cannot_be_resolved_says_why(files: dict[str, str], word: str) -> None:
    only = called("on: push\njobs: {x: {uses: ./a.yml}}", files).jobs[0]
    assert only.callee is None and word in only.callee_reason


def test_calls_in_a_circle_end() -> None:
    files = {
        "./a.yml": "on: workflow_call\njobs: {x: {uses: ./b.yml}}",
        "./b.yml": "on: workflow_call\njobs: {y: {uses: ./a.yml}}",
    }
    file = called("on: push\njobs: {x: {uses: ./a.yml}}", files)
    first = file.jobs[0].callee
    assert first is not None and first.jobs[0].callee is not None
    assert "calls itself" in first.jobs[0].callee.jobs[0].callee_reason


def test_a_long_chain_of_calls_ends() -> None:
    def provide(path: str) -> str:
        number = int(path.removeprefix("./").removesuffix(".yml"))
        return f"on: workflow_call\njobs: {{x: {{uses: ./{number + 1}.yml}}, y: {{uses: ./{number + 2}.yml}}}}"

    file = read_workflow("on: push\njobs: {x: {uses: ./0.yml}}", provider=provide)
    depth, at = 0, file
    while at.jobs[0].callee is not None:
        depth, at = depth + 1, at.jobs[0].callee
    assert 10 <= depth <= 20 and "deeper" in at.jobs[0].callee_reason


# 12. conditions


@pytest.mark.parametrize(
    ("condition", "asks"),
    [
        ("always()", True),
        ("${{ !cancelled() && github.ref == 'x' }}", True),
        ("github.event_name == 'pull_request'", False),
        ("contains(github.ref, 'always()')", False),
    ],
)
def test_conditions(condition: str, asks: bool) -> None:
    found = job(f'runs-on: u\nif: "{condition}"')
    assert found.condition == condition
    assert found.status_condition is asks


# 13. to 15. the rest of a job


def test_environment() -> None:
    assert job("runs-on: u").environment is None
    plain = job("runs-on: u\nenvironment: production").environment
    assert plain is not None and (plain.name, plain.url, plain.deployment) == ("production", None, True)
    full = job("runs-on: u\nenvironment: {name: staging, url: 'https://${{ vars.HOST }}', deployment: false}")
    assert full.environment is not None
    assert (full.environment.name, full.environment.deployment) == ("staging", False)
    assert full.environment.url == "https://${{ vars.HOST }}"
    raw = job("runs-on: u\nenvironment: ${{ inputs.env }}").environment
    assert raw is not None and raw.name == "${{ inputs.env }}"


def test_concurrency_and_tolerance() -> None:
    found = job("runs-on: u\nconcurrency: deploy\ncontinue-on-error: true\ntimeout-minutes: 30")
    assert found.concurrency is not None and found.concurrency.group == "deploy"
    assert (found.continue_on_error, found.timeout) == ("true", "30")
    mapping = job(
        "runs-on: u\nconcurrency: {group: 'g-${{ github.ref }}', cancel-in-progress: true}"
    ).concurrency
    assert mapping is not None and (mapping.cancel_in_progress, mapping.queue) == ("true", "single")


def test_dispatch_inputs() -> None:
    file = read_workflow(
        "on:\n  workflow_dispatch:\n    inputs:\n"
        "      env: {type: choice, options: [a, b], default: a, required: true}\n"
        "      dry: {type: boolean, description: only look}\njobs: {a: {runs-on: u}}"
    )
    env, dry = file.inputs
    assert (env.name, env.type, env.options, env.default, env.required) == (
        "env",
        "choice",
        ("a", "b"),
        "a",
        True,
    )
    assert (dry.type, dry.description, dry.required) == ("boolean", "only look", False)


def test_anchors() -> None:
    file = read_workflow(
        "on: push\njobs:\n  a: &base\n    runs-on: u\n    steps: &steps\n      - run: x\n  b: *base\n"
        "  c:\n    runs-on: v\n    steps: *steps\n"
    )
    assert [job.runs_on for job in file.jobs] == [("u",), ("u",), ("v",)]


# expressions


@pytest.mark.parametrize(
    "text",
    [
        "github.event.pull_request.head.ref",
        "needs.*.result",
        "github.event.issue.labels.*.name",
        "matrix['os']",
        "fromJSON(needs.a.outputs.m)[0].x",
        "!(a == 'it''s' && b != 1) || c >= -1.5e3",
        "format('{0} {1}', a, 0xFF)",
        "true && null == NaN",
        "(github).ref",
        "case(a, 'x', 'y')",
    ],
)
def test_expressions_are_read(text: str) -> None:
    assert parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a ==", "(a", "a)", "'x", "a.", "a[", "a & b", "a = b", '"x"', "f(,)", "a..b", "1a", "((" * 60],
)
def test_expressions_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_arguments_are_counted() -> None:
    with pytest.raises(ExpressionError, match="arguments"):
        check("contains('a')", frozenset(), {})
    with pytest.raises(ExpressionError, match="arguments"):
        check("case(1, 2)", frozenset(), {})


def test_fill() -> None:
    assert fill("t ${{ matrix.os }} ${{matrix['py']}}", {"os": "a", "py": "3"}) == "t a 3"
    assert fill("t ${{ matrix.no }}", {}) == "t "
    assert fill("t ${{ github.ref }}", {}) is None


@pytest.mark.parametrize("text", ["0 2 * * *", "*/15 0-6 1,15 jan-mar MON-FRI", "5/10 * * * 0"])
def test_schedules(text: str) -> None:
    assert is_schedule(text)


@pytest.mark.parametrize(
    "text", ["@daily", "* * * *", "60 * * * *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *"]
)
def test_no_schedules(text: str) -> None:
    assert not is_schedule(text)


@given(st.text(alphabet="ab:-{}[]&*!|>'\"#%@`, \n\t$}", max_size=120))
def test_any_file_is_read_or_refused(text: str) -> None:
    for candidate in (
        text,
        f"on: push\njobs:\n  a:\n    runs-on: u\n    if: {text}\n",
        f"on: push\njobs: {text}",
    ):
        try:
            read_workflow(candidate)
        except WorkflowError as error:
            assert error.findings
            assert all(finding.line >= 1 and finding.column >= 1 for finding in error.findings)
