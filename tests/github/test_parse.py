"""Parsers: GitHub's own shapes, shapes with holes, and anything at all."""

import json
from datetime import UTC, datetime

import pytest
from github_bodies import (
    SHA,
    annotation,
    approval,
    commit,
    comparison,
    deployment,
    deployment_status,
    environment,
    job,
    pending,
    policy,
    release,
    repository,
    run,
    tag,
    user,
    workflow,
)
from hostile import HOSTILE, UNSAFE
from hypothesis import given, settings
from hypothesis import strategies as st

from relman.errors import Kind, RelmanError
from relman.github import parse, parse_deployments, parse_repository, parse_runs
from relman.github.parse_runs import workflow_path
from relman.github.reply import Reply, decoded
from relman.github.requests import Request
from relman.model.answer import Page
from relman.model.environment import (
    Approval,
    BranchPolicy,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)
from relman.model.release import Comparison, Release, Tag
from relman.model.repository import Budget, Repository, User
from relman.model.run import Annotation, Job, ReferencedWorkflow, Run, Step, Workflow
from relman.model.state import State

ASKED = Request("/repos/acme/agentic-backend/x", "the things", (("per_page", "2"), ("page", "1")))
REVIEWERS = (Reviewer("User", 583231, "octocat"), Reviewer("Team", 1, "release-managers"))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def parsed(parser, value, **headers):
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return parser(Reply(200, names, json.dumps(value).encode()), ASKED)


def test_a_run():
    assert parsed(parse_runs.run, run()) == Run(
        id=30433642,
        name="Build",
        title="Update README.md",
        number=562,
        attempt=2,
        event="push",
        status="completed",
        conclusion="failure",
        branch="master",
        sha=SHA,
        workflow_id=159038,
        path=".github/workflows/build.yml",
        actor="octocat",
        triggering_actor="hubot",
        created_at=at("2026-01-22T19:33:08"),
        started_at=at("2026-01-22T19:35:08"),
        updated_at=at("2026-01-22T19:40:08"),
        url="https://github.com/acme/agentic-backend/actions/runs/30433642",
        message="Update README.md\n\nBecause it was wrong.",
        check_suite_id=42,
        pull_requests=(7,),
        referenced_workflows=(
            ReferencedWorkflow(
                f"acme/agentic-backend/.github/workflows/deploy.yml@{SHA}", SHA, "refs/heads/main"
            ),
            ReferencedWorkflow("other/repo/.github/workflows/x.yml@v1", SHA, None),
        ),
        head_repository="somebody/agentic-backend",
    )


def test_a_job_with_its_steps():
    assert parsed(parse_runs.job, job()) == Job(
        id=399444496,
        run_id=29679449,
        attempt=1,
        name="test (3.12, ubuntu-latest)",
        status="completed",
        conclusion="success",
        created_at=at("2026-01-20T17:42:30"),
        started_at=at("2026-01-20T17:42:40"),
        completed_at=at("2026-01-20T17:44:39"),
        steps=(
            Step(1, "Set up job", "completed", "success", at("2026-01-20T17:42:40"), at("2026-01-20T17:42:41")),
            Step(5, "Run tests", "completed", "success", at("2026-01-20T17:42:45"), at("2026-01-20T17:44:30")),
        ),
        url="https://github.com/acme/agentic-backend/actions/runs/29679449/job/399444496",
        check_run_id=399444496,
        runner="my runner",
        labels=("self-hosted", "linux"),
        sha=SHA,
    )


def test_the_other_records():
    assert parsed(parse_repository.repository, repository()) == Repository(
        "acme/agentic-backend",
        "develop",
        private=True,
        url="https://github.com/acme/agentic-backend",
        permissions=frozenset({"maintain", "push", "triage", "pull"}),
    )
    assert parsed(parse_repository.tags, [tag()]).items == (Tag("v1.0.0", SHA),)
    assert parsed(parse_repository.releases, [release()]).items == (
        Release(
            id=1,
            tag="v1.0.0",
            name="First one",
            body="What changed:\n\n* all of it",
            immutable=True,
            target="main",
            author="octocat",
            created_at=at("2026-02-27T19:35:32"),
            published_at=at("2026-02-27T20:35:32"),
            url="https://github.com/acme/agentic-backend/releases/tag/v1.0.0",
        ),
    )
    assert parsed(parse_runs.workflows, {"total_count": 1, "workflows": [workflow()]}).items == (
        Workflow(
            161335,
            "CI",
            ".github/workflows/ci.yml",
            "disabled_inactivity",
            "https://github.com/acme/agentic-backend/blob/main/.github/workflows/ci.yml",
        ),
    )
    assert parsed(parse_runs.annotation_page, [annotation()]).items == (
        Annotation("failure", "assert 1 == 2\n  in test_one", "AssertionError", "tests/test_api.py", 2, 3),
    )
    assert parsed(parse_deployments.environments, {"environments": [environment()]}).items == (
        Environment(
            161088068,
            "production",
            "https://github.com/acme/agentic-backend/deployments/activity_log?environments_filter=production",
            (
                ProtectionRule("wait_timer", 30),
                ProtectionRule("required_reviewers", None, REVIEWERS, prevent_self_review=False),
                ProtectionRule("branch_policy"),
            ),
            custom_policies=True,
            updated_at=at("2026-01-23T22:00:40"),
        ),
    )
    assert parsed(parse_deployments.branch_policies, {"branch_policies": [policy()]}).items == (
        BranchPolicy(364662, "v*", "tag"),
    )
    assert parsed(parse_deployments.pending_deployments, [pending()]) == (
        PendingDeployment(
            161088068, "production", 30, at("2026-01-23T22:00:40"), may_approve=True, reviewers=REVIEWERS
        ),
    )
    assert parsed(parse_deployments.approvals, [approval()]) == (
        Approval("approved", "octocat", "Ship it!\nReally.", ("production",)),
    )
    assert parsed(parse_deployments.deployments, [deployment()]).items == (
        Deployment(
            1,
            "production",
            SHA,
            "v1.2.3",
            creator="octocat",
            created_at=at("2026-01-20T01:19:13"),
            updated_at=at("2026-01-20T01:19:14"),
        ),
    )
    statuses = parsed(parse_deployments.deployment_statuses, [deployment_status()]).items
    assert statuses == (
        DeploymentStatus(
            1,
            "success",
            at("2026-01-20T01:19:13"),
            "Deployment finished successfully.",
            "https://yourdomain.com",
            "https://github.com/acme/agentic-backend/actions/runs/30433642/job/399444496",
            "octocat",
        ),
    )
    compared = parsed(parse_repository.comparison, comparison([commit()], total=300))
    assert (compared.status, compared.ahead_by, compared.behind_by, compared.total) == ("ahead", 4, 1, 300)
    (one,) = compared.commits
    assert (one.author, one.parents, one.authored_at) == ("Monalisa Octocat", 2, at("2026-04-14T16:00:49"))
    assert one.message == "Fix all the bugs\n\nAll."


def test_only_a_classic_token_says_its_scopes():
    assert parsed(parse_repository.viewer, user()) == User("octocat", 583231)
    classic = parsed(parse_repository.viewer, user() | {"name": "Mona"}, x_oauth_scopes="repo, workflow")
    assert classic == User("octocat", 583231, "Mona", ("repo", "workflow"))
    assert parsed(parse_repository.viewer, user(), x_oauth_scopes="").scopes == ()


def test_the_rate_limit_with_and_without_the_old_top_level():
    core = {"limit": 5000, "used": 1, "remaining": 4999, "reset": 1769112000}
    both = {"resources": {"core": core, "search": {"limit": 30, "remaining": 18}}, "rate": core}
    expected = Budget(5000, 4999, datetime(2026, 1, 22, 20, 0, tzinfo=UTC))
    assert parsed(parse_repository.rate_limit, both) == expected
    assert parsed(parse_repository.rate_limit, {"resources": both["resources"]}) == expected
    assert parsed(parse_repository.rate_limit, {"rate": core}) == expected
    assert parsed(parse_repository.rate_limit, {}) == Budget()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        (".github/workflows/ci.yml@refs/heads/a@b", ".github/workflows/ci.yml"),
        (".github/workflows/a@b.yaml@v1", ".github/workflows/a@b.yaml"),
        ("Acme/Agentic-Backend/.github/workflows/ci.yml@main", ".github/workflows/ci.yml"),
        ("other/repo/.github/workflows/ci.yml@main", "other/repo/.github/workflows/ci.yml"),
        ("dynamic/pages/pages-build-deployment", "dynamic/pages/pages-build-deployment"),
        ("dynamic/x@main", "dynamic/x"),
        ("", ""),
    ],
)
def test_the_path_of_a_workflow_file(path, expected):
    assert workflow_path(path, "acme/agentic-backend") == expected


def test_values_that_github_adds_later_pass_through():
    later = parsed(parse_runs.run, run(status="hibernating", conclusion=None))
    assert (later.status, later.conclusion, later.state, later.word) == (
        "hibernating",
        None,
        State.UNKNOWN,
        "hibernating",
    )
    assert parsed(parse_runs.job, job(conclusion="half_done")).word == "half done"


def test_a_run_of_nothing_but_its_id():
    assert parsed(parse_runs.run, {"id": 1}) == Run(1, "", "", 0, 1, "", "", None, None, "", 0, "")


def test_the_title_comes_from_the_commit_where_github_gives_none():
    old = run()
    del old["display_title"]
    assert parsed(parse_runs.run, old).title == "Update README.md"


@pytest.mark.parametrize("name", sorted(run()))
def test_a_missing_or_strange_field_costs_only_itself(name):
    if name == "id":
        return
    whole = parsed(parse_runs.run, run())
    for strange in (None, [], {}, "x\x00", -1, 1e999, 10**30, True, [None], {"id": []}):
        holed = parsed(parse_runs.run, run(**{name: strange}))
        assert holed.id == whole.id
        if name != "conclusion":
            assert holed.conclusion == whole.conclusion
        if name != "actor":
            assert holed.actor == whole.actor
        if name != "created_at":
            assert holed.created_at == whole.created_at


def test_a_bad_item_never_loses_the_page():
    page = parsed(
        parse_runs.runs, {"total_count": 9, "workflow_runs": [run(1), None, {}, 7, {"id": "x"}, run(2)]}
    )
    assert [one.id for one in page.items] == [1, 2]
    assert page.total == 9


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00Z", "yesterday", "", "9999-99-99", 12, "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time_is_none(time):
    assert parsed(parse_runs.job, job(completed_at=time)).completed_at is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "https://x/\x1b[2J", "https://x y", 7]
)
def test_an_address_that_no_browser_should_open_is_none(url):
    assert parsed(parse_runs.run, run(html_url=url)).url == ""


def test_free_text_is_clean_and_identifiers_are_exact():
    hostile = parsed(
        parse_runs.run, run(display_title=HOSTILE, head_branch="evil\x1b[2J", head_commit={"message": HOSTILE})
    )
    assert not UNSAFE.search(hostile.title)
    assert "\n" not in hostile.title
    assert not UNSAFE.search(hostile.message)
    assert hostile.branch == "evil\x1b[2J"
    for text in (
        parsed(parse_runs.annotation_page, [annotation() | {"message": HOSTILE}]).items[0].message,
        parsed(parse_deployments.approvals, [approval() | {"comment": HOSTILE}])[0].comment,
        parsed(parse_deployments.deployment_statuses, [deployment_status(description=HOSTILE)])
        .items[0]
        .description,
        parsed(parse_repository.releases, [release(body=HOSTILE)]).items[0].body,
        parsed(parse_repository.viewer, user() | {"name": HOSTILE}).name,
        parsed(parse_repository.comparison, comparison([commit(message=HOSTILE)])).commits[0].message,
    ):
        assert text
        assert not UNSAFE.search(text)


LINK_NEXT = '<https://api.github.com/x?page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last"'
LINK_LAST = '<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=1>; rel="first"'


@pytest.mark.parametrize(
    ("items", "total", "link", "more"),
    [
        (2, 5, LINK_NEXT, True),
        (2, 5, LINK_LAST, False),  # the cap of 1,000 results: the total says more than is given
        (2, 5, "", True),  # a proxy took the header away
        (1, 5, "", False),
        (2, 2, "", False),
        (2, 5, '<https://x>; rel="last next"', True),
        (2, 5, "<https://x>; rel=next", True),
        (2, 5, '<https://x>; title="next"; rel="prev"', False),
    ],
)
def test_whether_another_page_follows(items, total, link, more):
    body = {"total_count": total, "workflow_runs": [run(number) for number in range(items)]}
    assert parsed(parse_runs.runs, body, link=link).more is more


def test_a_list_that_an_organisation_shortened_says_so():
    body = {"total_count": 0, "workflow_runs": []}
    assert parsed(parse_runs.runs, body, x_github_sso="partial-results; organizations=1,2").partial
    assert not parsed(parse_runs.runs, body).partial


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><title>Unicorn!</title></html>", "web page"),
        (b'{"total_count": 2, "workflow_runs": [{"id": 1}, {"id"', "cut off"),
        (b'{"workflow_runs": ', "cut off"),
        (b"\xff\xfe\x00", "broken"),
        (b"[" * 100_000, "broken"),
        (b"[1" + b"0" * 10_000 + b"]", "broken"),
        (b"null", "broken"),
        (b"[]", "broken"),
        (b'{"workflow_runs": {}}', "broken"),
        (b'{"message": "hm"}', "broken"),
    ],
)
def test_a_body_that_is_something_else_is_a_problem_of_the_server(body, words):
    with pytest.raises(RelmanError) as caught:
        parse_runs.runs(Reply(200, {}, body), ASKED)
    problem = caught.value.problem
    assert problem.kind is Kind.SERVER
    assert words in problem.detail
    assert "the things" in problem.title


def test_a_workflow_file_keeps_every_position():
    text = "on: push\r\njobs:\r\n  a: \x1b{}\n"
    reply = Reply(200, {}, b"\xef\xbb\xbf" + text.encode())
    assert parse_runs.workflow_file(reply, ASKED) == text


PARSERS = [
    parse_runs.workflows,
    parse_runs.runs,
    parse_runs.run,
    parse_runs.jobs,
    parse_runs.job,
    parse_runs.annotation_page,
    parse_runs.workflow_file,
    parse_deployments.environments,
    parse_deployments.branch_policies,
    parse_deployments.pending_deployments,
    parse_deployments.approvals,
    parse_deployments.deployments,
    parse_deployments.deployment_statuses,
    parse_repository.repository,
    parse_repository.viewer,
    parse_repository.rate_limit,
    parse_repository.tags,
    parse_repository.releases,
    parse_repository.comparison,
]
LISTS = [
    "workflow_runs",
    "jobs",
    "workflows",
    "environments",
    "branch_policies",
    "resources",
    "core",
    "reset",
    "rate",
    "total_count",
]
NAMES = st.sampled_from(
    sorted({*run(), *job(), *environment(), *pending(), *approval(), *release(), *comparison([]), *LISTS})
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["2026-01-22T19:33:08Z", "0001-01-01T00:00:00Z", "\ud800", "https://x", "User", "Team", "9" * 19]
    )
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=8),
    max_leaves=25,
)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@settings(max_examples=60, deadline=None)
@given(value=ANYTHING, link=st.text(max_size=40))
def test_no_json_makes_a_parser_fail_otherwise(parser, value, link):
    body = json.dumps(value, ensure_ascii=True).encode()
    try:
        parser(Reply(200, {"link": link}, body), ASKED)
    except RelmanError as error:
        assert error.problem.kind is Kind.SERVER


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=200))
def test_no_bytes_make_a_parser_fail_otherwise(parser, body):
    try:
        parser(Reply(200, {}, body), ASKED)
    except RelmanError as error:
        assert error.problem.kind is Kind.SERVER


def test_the_shape_of_a_page():
    page = parsed(parse_repository.tags, [tag("a"), tag("b")])
    assert page == Page((Tag("a", SHA), Tag("b", SHA)))
    assert isinstance(parsed(parse_repository.comparison, comparison([])), Comparison)


def test_a_page_is_decoded_item_by_item(monkeypatch):
    sizes = []

    def noting(body):
        sizes.append(len(bytes(body)))
        return decoded(body)

    monkeypatch.setattr(parse, "decoded", noting)
    whole = json.dumps({"total_count": 40, "workflow_runs": [run(id=number) for number in range(40)]}).encode()
    found = parse_runs.runs(Reply(200, {}, whole), ASKED)
    assert [one.id for one in found.items] == list(range(40))
    assert max(sizes) < len(whole) / 20


@settings(max_examples=60, deadline=None)
@given(ANYTHING, st.sampled_from([None, "items"]))
def test_item_by_item_is_the_same_as_at_once(value, name):
    fields = {"total_count": 3, "items": value} if name else value
    body = json.dumps(fields).encode()
    one_by_one, at_once = parse._one_by_one(body, name), parse._at_once(json.loads(body), name)
    if one_by_one is not None:  # where it says nothing, everything is decoded at once
        assert str((list(one_by_one[0]), one_by_one[1])) == str(at_once)  # NaN is unlike itself


@pytest.mark.parametrize("strange", ['"\\ud800 half"', "NaN", '"\\u0000"', "1" * 40])
def test_json_that_only_a_lenient_reader_takes_costs_nothing(strange):
    body = f'{{"total_count": 1, "workflow_runs": [{{"id": 7, "name": {strange}}}]}}'.encode()
    assert [one.id for one in parse_runs.runs(Reply(200, {}, body), ASKED).items] == [7]
    with_mark = b"\xef\xbb\xbf" + body
    assert [one.id for one in parse_runs.runs(Reply(200, {}, with_mark), ASKED).items] == [7]


def _page_as_python_reads_it(body, name):
    """What a page of the body is for Python's own reader: its items, or the kind of the refusal."""
    try:
        value = json.loads(body)
        listed = value.get(name) if name and isinstance(value, dict) else None if name else value
        if not isinstance(listed, list):
            return Kind.SERVER
    except (ValueError, RecursionError):
        return Kind.SERVER
    return [str(item) for item in listed if isinstance(item, dict)]


SPACES = st.text(" \n\t\r", max_size=3)
KEYS = st.sampled_from([b'"a"', b'"\\u0061"', b'"b["'])
SPELLED = st.recursive(
    st.sampled_from(
        [b"null", b"1", b"-0.5e3", b'"]"', b'"}"', b'"\\"], ["', b'"\\u005d\\n"', b'"\\ud83d\\ude00"']
    )
    | LEAVES.map(lambda value: json.dumps(value).encode()),
    lambda inner: (
        st.tuples(SPACES, st.lists(inner, max_size=4)).map(
            lambda of: b"[" + (of[0] + "," + of[0]).encode().join(of[1]) + of[0].encode() + b"]"
        )
        | st.tuples(SPACES, st.lists(st.tuples(KEYS, inner), max_size=4)).map(
            lambda of: b"{" + b",".join(of[0].encode() + key + b":" + value for key, value in of[1]) + b"}"
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_page_is_what_python_reads_however_it_is_spelled_or_cut(data):
    items = data.draw(st.lists(SPELLED, max_size=5))
    name = data.draw(st.sampled_from([None, "items"]))
    body = b" [" + b" ,\n".join(items) + b"] "
    if name:
        twice = data.draw(st.sampled_from([b"", b'"items": {"message": "no"}, ', b'"items": [{"a": 1}], ']))
        body = b"{" + twice + b'"items":' + body + b"}"
    cut = data.draw(st.none() | st.integers(0, len(body)))
    body = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + body[:cut]
    try:
        found = list(parse.page(Reply(200, {}, body), ASKED, str, name).items)
    except RelmanError as error:
        found = error.problem.kind
    assert found == _page_as_python_reads_it(body, name)


@pytest.mark.parametrize(
    "body", [b'{"message": "Not Found", "workflow_runs": null}', b'{"message": "x"}', b"[]", b"[" * 50_000]
)
def test_an_answer_without_the_list_is_refused(body):
    with pytest.raises(RelmanError) as caught:
        parse_runs.runs(Reply(200, {}, body), ASKED)
    assert caught.value.problem.kind is Kind.SERVER
    with pytest.raises(RelmanError):
        parse_repository.tags(Reply(200, {}, b'{"message": "Moved", "url": "x"}'), ASKED)
