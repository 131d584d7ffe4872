"""Every change on a real server on this machine: exactly what is sent, once, and what each answer means."""

from datetime import UTC, datetime

import pytest
from github_bodies import SHA, pull_request, ref, release, tag_object
from loopback import Say
from writes import EVERY, ROOT

from relman import __version__
from relman.errors import Kind, RelmanError
from relman.model.release import Notes

TAG = "refs/tags/v1.2.3"

SENT = [
    (
        "review",
        lambda writer: writer.review(7, (3, 4), "approved", "go"),
        "POST",
        "/actions/runs/7/pending_deployments",
        {"environment_ids": [3, 4], "state": "approved", "comment": "go"},
        Say([]),
        None,
    ),
    (
        "reject",
        lambda writer: writer.review(7, (3,), "rejected", ""),
        "POST",
        "/actions/runs/7/pending_deployments",
        {"environment_ids": [3], "state": "rejected", "comment": ""},
        Say([]),
        None,
    ),
    ("rerun", lambda writer: writer.rerun(7), "POST", "/actions/runs/7/rerun", None, Say({}, 201), None),
    (
        "rerun failed, debug",
        lambda writer: writer.rerun(7, failed_only=True, debug=True),
        "POST",
        "/actions/runs/7/rerun-failed-jobs",
        {"enable_debug_logging": True},
        Say({}, 201),
        None,
    ),
    (
        "rerun job",
        lambda writer: writer.rerun_job(9, debug=True),
        "POST",
        "/actions/jobs/9/rerun",
        {"enable_debug_logging": True},
        Say({}, 201),
        None,
    ),
    ("cancel", lambda writer: writer.cancel(7), "POST", "/actions/runs/7/cancel", None, Say({}, 202), None),
    (
        "force",
        lambda writer: writer.cancel(7, force=True),
        "POST",
        "/actions/runs/7/force-cancel",
        None,
        Say(status=202),
        None,
    ),
    ("delete", lambda writer: writer.delete_run(7), "DELETE", "/actions/runs/7", None, Say(status=204), None),
    (
        "dispatch",
        lambda writer: writer.dispatch("cd.yml", "v1.2.3", {"environment": "production"}),
        "POST",
        "/actions/workflows/cd.yml/dispatches",
        {"ref": "v1.2.3", "inputs": {"environment": "production"}, "return_run_details": True},
        Say({"workflow_run_id": 99, "run_url": "https://api/x", "html_url": "https://x"}),
        99,
    ),
    (
        "dispatch without an id",
        lambda writer: writer.dispatch(12, "main", {}),
        "POST",
        "/actions/workflows/12/dispatches",
        {"ref": "main", "inputs": {}, "return_run_details": True},
        Say(status=204),
        None,
    ),
    (
        "tag object",
        lambda writer: writer.create_tag_object("v1.2.3", "First\n\nRelman-X: y\n", SHA),
        "POST",
        "/git/tags",
        {"tag": "v1.2.3", "message": "First\n\nRelman-X: y\n", "object": SHA, "type": "commit"},
        Say(tag_object(), 201),
        "a" * 40,
    ),
    (
        "tag object of somebody",
        lambda writer: writer.create_tag_object(
            "v1.2.3", "x", SHA, tagger=("Mona", "m@x.org"), at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        ),
        "POST",
        "/git/tags",
        {
            "tag": "v1.2.3",
            "message": "x",
            "object": SHA,
            "type": "commit",
            "tagger": {"name": "Mona", "email": "m@x.org", "date": "2026-01-02T03:04:05Z"},
        },
        Say(tag_object(), 201),
        "a" * 40,
    ),
    (
        "ref",
        lambda writer: writer.create_ref(TAG, SHA),
        "POST",
        "/git/refs",
        {"ref": TAG, "sha": SHA},
        Say(ref(TAG), 201),
        None,
    ),
    (
        "notes",
        lambda writer: writer.generate_notes("v1.2.3", target=SHA, previous="v1.2.2"),
        "POST",
        "/releases/generate-notes",
        {"tag_name": "v1.2.3", "previous_tag_name": "v1.2.2", "target_commitish": SHA},
        Say({"name": "v1.2.3", "body": "## What\x1b[2J\n* a"}),
        Notes("v1.2.3", "## What\n* a"),
    ),
    (
        "pull request",
        lambda writer: writer.create_pull_request(title="T", head="hotfix/1", base="main", body="B"),
        "POST",
        "/pulls",
        {"title": "T", "head": "hotfix/1", "base": "main", "body": "B", "draft": False},
        Say(pull_request(), 201),
        ...,
    ),
    (
        "release",
        lambda writer: writer.create_release("v1.2.3", name="N", body="B"),
        "POST",
        "/releases",
        {
            "tag_name": "v1.2.3",
            "name": "N",
            "body": "B",
            "draft": False,
            "prerelease": False,
            "generate_release_notes": False,
            "make_latest": "true",
        },
        Say(release(), 201),
        ...,
    ),
    (
        "draft",
        lambda writer: writer.create_release("v1.2.3", name="", body="", draft=True),
        "POST",
        "/releases",
        {
            "tag_name": "v1.2.3",
            "name": "",
            "body": "",
            "draft": True,
            "prerelease": False,
            "generate_release_notes": False,
            "make_latest": "false",
        },
        Say(release(), 201),
        ...,
    ),
    (
        "only the text of a release",
        lambda writer: writer.update_release(5, body="new"),
        "PATCH",
        "/releases/5",
        {"body": "new"},
        Say(release(5)),
        ...,
    ),
    (
        "publish a draft",
        lambda writer: writer.update_release(5, draft=False, name="N", prerelease=True),
        "PATCH",
        "/releases/5",
        {"draft": False, "name": "N", "prerelease": True},
        Say(release(5)),
        ...,
    ),
    (
        "publish a draft of an older line",
        lambda writer: writer.update_release(5, draft=False, prerelease=False, latest=False),
        "PATCH",
        "/releases/5",
        {"draft": False, "prerelease": False, "make_latest": "false"},
        Say(release(5)),
        ...,
    ),
    (
        "a pre-release is never the latest",
        lambda writer: writer.update_release(5, draft=False, prerelease=True, latest=True),
        "PATCH",
        "/releases/5",
        {"draft": False, "prerelease": True, "make_latest": "false"},
        Say(release(5)),
        ...,
    ),
]


@pytest.mark.parametrize(
    ("do", "method", "path", "body", "said", "result"), [one[1:] for one in SENT], ids=[one[0] for one in SENT]
)
@pytest.mark.parametrize("prefix", ["", "/api/v3"])
async def test_what_is_sent(writing, token, do, method, path, body, said, result, prefix):
    async with writing(lambda asked: said, prefix=prefix) as (server, writer):
        given = await do(writer)
    (asked,) = server.asked
    assert (asked.method, asked.target) == (method, prefix + ROOT + path)
    assert asked.json == body
    assert asked.headers["authorization"].split(" ") in (["Bearer", token], ["token", token])
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["user-agent"] == f"relman/{__version__}"
    assert "transfer-encoding" not in asked.headers
    assert asked.headers.get("content-type") == ("application/json" if body is not None else None)
    if result is not ...:
        assert given == result


async def test_a_release_and_a_pull_request_come_back_as_records(writing):
    async with writing(lambda asked: Say(release(8, tag_name="v9", draft=True), 201)) as (_, writer):
        made = await writer.create_release("v9", name="", body="", draft=True)
        assert (made.id, made.tag, made.draft) == (8, "v9", True)
    async with writing(lambda asked: Say(pull_request(42), 201)) as (_, writer):
        made = await writer.create_pull_request(title="T", head="h", base="main", body="")
        assert (made.number, made.head, made.head_sha) == (42, "hotfix/1.2.4", SHA)


@pytest.mark.parametrize("prerelease", [True, False])
async def test_only_a_final_release_is_the_latest(writing, prerelease):
    async with writing(lambda asked: Say(release(), 201)) as (server, writer):
        await writer.create_release("v1", name="", body="", prerelease=prerelease)
        await writer.create_release("v1", name="", body="", latest=False)
    assert [asked.json["make_latest"] for asked in server.asked] == ["false" if prerelease else "true", "false"]


async def test_without_a_token_nothing_is_sent(writing):
    async with writing(lambda asked: Say({}), token=None) as (server, writer):
        for do in EVERY.values():
            with pytest.raises(RelmanError) as caught:
                await do(writer)
            assert caught.value.problem.kind is Kind.AUTH
    assert not server.asked


HARMFUL = [
    "v1\u202e",
    "v1\x1b[2J",
    "v1\n",
    " v1",
    "v1\u200b",
    "v1..2",
    "v1.lock",
    "a//b",
    "",
    "-^",
    "v 1",
    "x@{1}",
]


@pytest.mark.parametrize("name", HARMFUL)
async def test_a_name_that_shows_otherwise_than_it_is_goes_nowhere(writing, name):
    async with writing(lambda asked: Say({})) as (server, writer):
        for do in (
            lambda: writer.create_ref(f"refs/tags/{name}" if name else "", SHA),
            lambda: writer.create_tag_object(name, "m", SHA),
            lambda: writer.create_release(name, name="", body=""),
            lambda: writer.generate_notes(name, target=SHA, previous=None),
            lambda: writer.generate_notes("v1", target=name, previous=None),
            lambda: writer.generate_notes("v1", target=SHA, previous=name),
            lambda: writer.dispatch("cd.yml", name, {}),
            lambda: writer.create_pull_request(title="", head=name, base="main", body=""),
            lambda: writer.create_pull_request(title="", head="x", base=name, body=""),
        ):
            with pytest.raises(RelmanError) as caught:
                await do()
            assert caught.value.problem.kind is Kind.REFUSED
            assert "Nothing was sent" in caught.value.problem.sentence()
    assert not server.asked


@pytest.mark.parametrize("sha", ["abc", "", SHA.upper(), SHA + "\n", "main"])
async def test_a_change_takes_a_whole_sha(writing, sha):
    async with writing(lambda asked: Say({})) as (server, writer):
        for do in (lambda: writer.create_ref(TAG, sha), lambda: writer.create_tag_object("v1", "m", sha)):
            with pytest.raises(RelmanError) as caught:
                await do()
            assert caught.value.problem.kind is Kind.REFUSED
    assert not server.asked


async def test_only_branches_and_tags_are_made_and_workflows_by_one_segment(writing):
    async with writing(lambda asked: Say(status=204)) as (server, writer):
        with pytest.raises(RelmanError):
            await writer.create_ref("refs/notes/x", SHA)
        with pytest.raises(RelmanError):
            await writer.dispatch("cd.yml\u202e", "main", {})
        assert not server.asked
        await writer.dispatch("../../../user/x", "main", {})
    assert server.asked[0].target == f"{ROOT}/actions/workflows/..%2F..%2F..%2Fuser%2Fx/dispatches"


@pytest.mark.parametrize(
    ("do", "body"),
    [
        ("ref", ref("refs/tags/v1.2.33")),
        ("ref", {"data": 1}),
        ("ref", []),
        ("tag object", {"sha": ""}),
        ("release", {"tag_name": "v1"}),
        ("pull request", {"title": "x"}),
        ("ref", "<html>Please log in</html>"),
        ("cancel", "<html>Please log in</html>"),
        ("release", '{"id": 1, "tag_n'),
    ],
)
async def test_an_answer_that_does_not_say_what_was_asked_leaves_it_open(writing, unknown, do, body):
    async with writing(lambda asked: Say(body, 201)) as (server, writer):
        await unknown(EVERY[do](writer))
    assert len(server.asked) == 1
