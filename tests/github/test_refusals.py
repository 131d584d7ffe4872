"""Every refusal of a change ends as a sentence: what failed, in whose words, which right, what to do."""

import json

import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st
from loopback import Say
from writes import EVERY

from relman.errors import Exit, Kind
from relman.github.deeds import ACTIONS, CONTENTS, DEPLOYMENTS, WITH_WORKFLOWS, Deed
from relman.github.refusals import refusal_of
from relman.github.reply import Reply

FINE_GRAINED = "Resource not accessible by personal access token"


def said(status, message=None, errors=None, **headers):
    value = {"documentation_url": "https://docs.github.com/rest", "status": str(status)}
    if message is not None:
        value["message"] = message
    if errors is not None:
        value["errors"] = errors
    return Say(value, status, {name.replace("_", "-"): text for name, text in headers.items()})


CASES = [
    ("ref", said(422, "Reference already exists"), Kind.CONFLICT, ["it exists already", "not moved"]),
    ("ref", said(409, "Git Repository is empty."), Kind.CONFLICT, ["Push a first one"]),
    ("ref", said(422, "Object does not exist"), Kind.NOT_FOUND, ["does not have the commit", "Push it"]),
    (
        "ref",
        said(
            422, "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n"
        ),
        Kind.PERMISSION,
        ["A rule forbids to create refs/tags/v1.2.3", "creations being restricted", "ruleset"],
    ),
    ("ref", said(404, "Not Found"), Kind.NOT_FOUND, ["may be absent", "Workflows: write", "workflow"]),
    (
        "ref",
        said(404, "Not Found", X_Accepted_GitHub_Permissions="contents=write; contents=write,workflows=write"),
        Kind.NOT_FOUND,
        ["Contents: write, or Contents: write and Workflows: write"],
    ),
    (
        "ref",
        said(
            403,
            "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` "
            "without `workflow` scope",
        ),
        Kind.PERMISSION,
        ["changes workflow files", "scope workflow"],
    ),
    (
        "release",
        said(
            422, "Validation Failed", [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
        ),
        Kind.CONFLICT,
        ["exists already", "tag_name already exists"],
    ),
    (
        "release",
        said(
            422,
            "Validation Failed",
            [{"resource": "Release", "code": "custom", "message": "tag_name was used by an immutable release"}],
        ),
        Kind.CONFLICT,
        ["burnt", "next version", "tag_name was used by an immutable release"],
    ),
    (
        "release",
        said(422, "Validation Failed", ["Published releases must have a valid tag"]),
        Kind.INVALID,
        ["needs its tag", "Create the tag"],
    ),
    (
        "release",
        said(404, "Not Found", X_OAuth_Scopes="repo", X_Accepted_OAuth_Scopes="repo"),
        Kind.NOT_FOUND,
        ["Workflows: write where workflow files change (a classic token: repo and workflow)"],
    ),
    (
        "review",
        said(403, FINE_GRAINED, X_Accepted_GitHub_Permissions="deployments=write"),
        Kind.PERMISSION,
        ["may not approve what run 7 waits for", FINE_GRAINED, "Give the token Deployments: write"],
    ),
    ("review", said(403, FINE_GRAINED), Kind.PERMISSION, ["Deployments: write", "write access"]),
    (
        "review",
        said(422, "No pending deployment requests to approve or reject"),
        Kind.CONFLICT,
        ["nothing waits for a review any more", "somebody may have reviewed"],
    ),
    (
        "review",
        said(422, "Validation Failed", ["You cannot approve your own deployment: self-review is not allowed"]),
        Kind.PERMISSION,
        ["You may not approve", "Somebody else"],
    ),
    (
        "review",
        said(403, "User is not a required reviewer for this environment"),
        Kind.PERMISSION,
        ["Somebody else"],
    ),
    (
        "cancel",
        said(409, "Cannot cancel a workflow run that is completed."),
        Kind.CONFLICT,
        ["Could not cancel run 7", "Cannot cancel a workflow run that is completed", "Look again"],
    ),
    (
        "rerun",
        said(
            403, "Must have admin rights to Repository.", X_OAuth_Scopes="gist", X_Accepted_OAuth_Scopes="repo"
        ),
        Kind.PERMISSION,
        ["Give the token the scope repo"],
    ),
    (
        "rerun",
        said(
            403, "Must have admin rights to Repository.", X_OAuth_Scopes="repo", X_Accepted_OAuth_Scopes="repo"
        ),
        Kind.PERMISSION,
        ["scopes suffice", "write access"],
    ),
    (
        "rerun",
        said(403, "Unable to retry this workflow run because it was created over a month ago"),
        Kind.GONE,
        ["too old", "30 days"],
    ),
    ("rerun", said(403, "This workflow run has no failed jobs"), Kind.CONFLICT, ["none failed"]),
    ("delete", said(403, "Could not delete the workflow run"), Kind.CONFLICT, ["cancel it first"]),
    (
        "rerun job",
        said(403, "Only jobs of the latest attempt"),
        Kind.CONFLICT,
        ["would not re-run", "Look again"],
    ),
    ("review", said(403, "You cannot review this deployment request"), Kind.PERMISSION, ["Somebody else"]),
    ("review", said(403), Kind.PERMISSION, ["Deployments: write"]),
    ("rerun", said(403, "This workflow is already running"), Kind.CONFLICT, ["still running"]),
    ("delete", said(403, "Repository was archived so is read-only."), Kind.REFUSED, ["archived", "Unarchive"]),
    (
        "dispatch",
        said(422, "Workflow does not have 'workflow_dispatch' trigger"),
        Kind.INVALID,
        ["on: workflow_dispatch"],
    ),
    (
        "dispatch",
        said(422, "Required input 'environment' not provided"),
        Kind.INVALID,
        ["'environment'", "Compare"],
    ),
    ("dispatch", said(422, 'Unexpected inputs provided: ["a"]'), Kind.INVALID, ["Compare"]),
    ("dispatch", said(422, "No ref found for: main"), Kind.NOT_FOUND, ["branch or a tag"]),
    (
        "dispatch",
        said(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow"),
        Kind.CONFLICT,
        ["switched off", "Enable"],
    ),
    (
        "pull request",
        said(
            422,
            "Validation Failed",
            [{"code": "custom", "message": "A pull request already exists for acme:hotfix/1."}],
        ),
        Kind.CONFLICT,
        ["there is one already", "acme:hotfix/1"],
    ),
    (
        "pull request",
        said(422, "Validation Failed", [{"message": "No commits between main and x"}]),
        Kind.CONFLICT,
        ["do not differ"],
    ),
    ("rerun job", said(410, "Gone"), Kind.GONE, ["no longer keeps"]),
    ("tag object", said(401, "Bad credentials"), Kind.AUTH, ["does not accept the token"]),
    ("tag object", said(403, "You have exceeded a secondary rate limit."), Kind.RATE_LIMIT, ["slow down"]),
    (
        "tag object",
        said(
            403,
            "Resource protected by organization SAML enforcement.",
            X_GitHub_SSO="required; url=https://x/y",
        ),
        Kind.SSO,
        ["https://x/y"],
    ),
    ("review", said(403, "Upgrade to GitHub Pro or make this repository public."), Kind.PLAN, ["plan"]),
    (
        "cancel",
        Say("<html>Blocked</html>", 403, {"Content-Type": "text/html"}),
        Kind.NETWORK,
        ["not GitHub", "HTTPS_PROXY"],
    ),
    ("ref", Say("<html>Blocked</html>", 403, {"Content-Type": "text/html"}), Kind.NETWORK, ["not GitHub"]),
    ("ref", Say(b"", 451), Kind.PERMISSION, ["legal"]),
    ("ref", Say(b"", 418), Kind.INVALID, ["(418)"]),
]


@pytest.mark.parametrize(
    ("do", "answer", "kind", "words"), CASES, ids=[f"{one[0]}-{at}" for at, one in enumerate(CASES)]
)
async def test_a_refusal_says_what_it_is_and_what_to_do(writing, refused, do, answer, kind, words):
    async with writing(lambda asked: answer) as (server, writer):
        problem = await refused(EVERY[do](writer))
    sentence = problem.sentence()
    assert problem.kind is kind, sentence
    for each in words:
        assert each in sentence
    assert problem.hint
    assert problem.status == answer.status
    assert "does not exist" not in problem.title + problem.hint
    assert len(server.asked) == 1


SHAPES = {
    "objects": {"message": "No", "errors": [{"resource": "X", "code": "missing_field", "field": "name"}]},
    "strings": {"message": "No", "errors": ["one", "two"]},
    "one string": {"message": "No", "errors": "one"},
    "none": {"message": "No"},
    "no words": {},
    "a list": [{"message": "No"}],
    "a number": 7,
    "a string": '"No"',
    "null": b"null",
    "html": "<html><body>No</body></html>",
    "nothing": b"",
    "broken": '{"message": "No',
    "not text": b"\xff\xfe\x00",
    "rights": {"message": "No rights"},
    "message of another sort": {"message": {"text": "No"}, "errors": [[], None, 3]},
}


@pytest.mark.parametrize("do", ["ref", "release", "dispatch", "review", "cancel"])
@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_every_shape_of_a_refusal_is_one(writing, refused, do, status, shape):
    async with writing(lambda asked: Say(SHAPES[shape], status)) as (server, writer):
        problem = await refused(EVERY[do](writer))
    assert problem.title
    assert problem.hint
    assert problem.status == status
    if shape in ("objects", "strings", "one string", "none"):
        assert "No" in problem.detail
    if shape == "strings":
        assert problem.detail == "No: one; two"
    if shape == "objects":
        assert "name missing field" in problem.detail
    assert len(server.asked) == 1


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_a_refusal_that_breaks_off_is_still_one(writing, refused, do):
    cut = b'HTTP/1.1 422 No\r\nContent-Length: 999\r\n\r\n{"mess'
    async with writing(lambda asked: Say(raw=cut, cut=True)) as (_, writer):
        assert (await refused(EVERY[do](writer))).kind is Kind.INVALID


@pytest.mark.parametrize("do", ["ref", "cancel"])
async def test_the_server_s_words_cannot_move_the_cursor(writing, refused, do):
    body = {"message": HOSTILE, "errors": [HOSTILE, {"message": HOSTILE}]}
    async with writing(lambda asked: Say(body, 422)) as (_, writer):
        problem = await refused(EVERY[do](writer))
    assert "markup" in problem.detail
    assert not UNSAFE.search(problem.sentence())
    assert len(problem.sentence()) < 1000


async def test_refusals_lead_to_the_exit_codes_that_scripts_know(writing, refused):
    async with writing(lambda asked: said(403, FINE_GRAINED)) as (server, writer):
        assert (await refused(EVERY["review"](writer))).exit_code is Exit.REFUSED
        server.answer = lambda asked: said(401, "Bad credentials")
        assert (await refused(EVERY["review"](writer))).exit_code is Exit.AUTH
        server.answer = lambda asked: said(409, "x")
        assert (await refused(EVERY["cancel"](writer))).exit_code is Exit.FAILED


@given(
    status=st.integers(300, 499),
    body=st.one_of(
        st.binary(max_size=60), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)
    ),
    headers=st.dictionaries(
        st.sampled_from(
            ["location", "retry-after", "x-github-sso", "x-accepted-oauth-scopes", "x-oauth-scopes"]
        ),
        st.text(max_size=40),
    ),
    right=st.sampled_from([ACTIONS, CONTENTS, DEPLOYMENTS, WITH_WORKFLOWS]),
)
def test_no_answer_is_left_without_a_sentence(status, body, headers, right):
    reply = Reply(status, headers, body if isinstance(body, bytes) else body.encode())
    problem = refusal_of(reply, Deed("do it", right))
    assert problem.kind is not Kind.UNKNOWN
    assert problem.title
    assert problem.hint
    assert not UNSAFE.search(problem.sentence())
