import pytest

from relman.errors import Kind, Problem, RelmanError
from relman.model.run import ReferencedWorkflow
from relman.model.run_source import called_files, read_source

CI = ".github/workflows/ci.yml"


def reader(files):
    calls = []

    async def read(path, ref):
        calls.append((path, ref))
        if (path, ref) not in files:
            raise RelmanError(Problem(Kind.NOT_FOUND, "not found or not visible"))
        found = files[path, ref]
        if isinstance(found, Problem):
            raise RelmanError(found)
        return found

    read.calls = calls
    return read


async def test_the_file_at_the_runs_commit_is_exact(make):
    run = make.run(1)
    source = await read_source(run, "acme/app", "main", reader({(CI, run.sha): "jobs: {}"}))
    assert (source.ref, source.text, source.exact, source.reason) == (run.sha, "jobs: {}", True, "")


@pytest.mark.parametrize(
    ("event", "at_head", "words"),
    [
        ("pull_request", True, "merge commit"),
        ("pull_request_target", False, "base branch"),
        ("workflow_run", True, "workflow_run"),
        ("issue_comment", True, "issue_comment"),
    ],
)
async def test_other_events_say_why_it_may_not_be_what_ran(make, event, at_head, words):
    run = make.run(1, event=event)
    ref = run.sha if at_head else "main"
    source = await read_source(run, "acme/app", "main", reader({(CI, ref): "text"}))
    assert source.ref == ref
    assert not source.exact
    assert words in source.reason


async def test_an_unreachable_head_falls_back_to_the_default_branch(make):
    run = make.run(1, event="pull_request")
    source = await read_source(run, "acme/app", "main", reader({(CI, "main"): "text"}))
    assert (source.ref, source.exact) == ("main", False)
    assert run.short_sha in source.reason


async def test_without_a_known_default_branch_the_absence_is_told(make):
    with pytest.raises(RelmanError):
        await read_source(make.run(1), "acme/app", None, reader({}))


@pytest.mark.parametrize(
    "path", ["dynamic/pages/pages-build-deployment", "acme/policies/.github/workflows/x.yml"]
)
async def test_a_workflow_without_a_file_here_asks_nothing(make, path):
    read = reader({})
    with pytest.raises(RelmanError) as caught:
        await read_source(make.run(1, path=path), "acme/app", "main", read)
    assert caught.value.problem.kind is Kind.NOT_FOUND
    assert read.calls == []


async def test_callees_are_read_through_levels_and_rings(make):
    run = make.run(
        1, referenced_workflows=(ReferencedWorkflow("acme/app/.github/workflows/d.yml@v1", "d" * 40, "v1"),)
    )
    texts = {
        CI: "jobs:\n a:\n  uses: ./.github/workflows/b.yml\n d:\n  uses: acme/app/.github/workflows/d.yml@v1\n"
        " r:\n  uses: other/repo/.github/workflows/r.yml@main\n s: {steps: [{uses: actions/checkout@v4}]}",
        ".github/workflows/b.yml": "jobs:\n c:\n  uses: './.github/workflows/c.yml'",
        ".github/workflows/c.yml": "jobs:\n b:\n  uses: ./.github/workflows/b.yml\n"
        " x:\n  uses: ./.github/workflows/no.yml",
    }
    files = {(path, run.sha): text for path, text in texts.items()}
    files[".github/workflows/d.yml", "d" * 40] = "jobs: {}"
    read = reader(files)
    source = await read_source(run, "acme/app", "main", read)
    assert [uses for uses, _ in source.callees] == [
        "./.github/workflows/b.yml",
        "acme/app/.github/workflows/d.yml@v1",
        "./.github/workflows/c.yml",
    ]
    assert len(read.calls) == len(set(read.calls))


async def test_a_file_made_to_annoy_is_bounded(make):
    run = make.run(1)
    text = "\n".join(f"uses: ./.github/workflows/{number}.yml" for number in range(5000))
    read = reader({(CI, run.sha): text})
    await read_source(run, "acme/app", "main", read)
    assert len(read.calls) < 60


async def test_a_broken_connection_is_not_an_absent_callee(make):
    run = make.run(1)
    files = {(CI, run.sha): "uses: ./.github/workflows/b.yml"}
    files[".github/workflows/b.yml", run.sha] = Problem(Kind.NETWORK, "down")
    with pytest.raises(RelmanError):
        await read_source(run, "acme/app", "main", reader(files))


def test_calls_are_found_by_shape():
    text = """
    jobs:
      a: {uses: ./.github/workflows/a.yml, with: {x: 1}}
      b:
        uses: "./.github/workflows/b.yaml"  # said twice
      c:
        uses: ./.github/workflows/a.yml
      d:
        steps: [{uses: ./.github/actions/local}, {uses: actions/checkout@v4}]
    """
    assert called_files(text) == ("./.github/workflows/a.yml", "./.github/workflows/b.yaml")
