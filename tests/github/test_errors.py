"""Every refusal ends as a problem of its kind, with a sentence that says what to do."""

import json
from datetime import UTC, datetime

import pytest
from github_bodies import run
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st

from relman.errors import Exit, Kind
from relman.github.errors import is_limit, message_of, needed_rights, permissions_of, problem_of
from relman.github.reply import Reply
from relman.github.requests import Request

ASKED = Request("/x", "the jobs of run 7")


def reply(status, message=None, errors=None, body=None, **headers):
    if body is None:
        value = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        if errors is not None:
            value["errors"] = errors
        body = json.dumps(value).encode()
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


def problem(*args, authenticated=True, retry_at=None, **more):
    return problem_of(reply(*args, **more), ASKED, authenticated=authenticated, retry_at=retry_at)


FINE_GRAINED = "Resource not accessible by personal access token"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, "Bad credentials"), Kind.AUTH, "does not accept the token"),
        (
            reply(403, "API rate limit exceeded for user ID 1.", x_ratelimit_remaining="0"),
            Kind.RATE_LIMIT,
            "used up",
        ),
        (reply(429, "API rate limit exceeded", x_ratelimit_remaining="0"), Kind.RATE_LIMIT, "used up"),
        (
            reply(403, "You have exceeded a secondary rate limit.", retry_after="60"),
            Kind.RATE_LIMIT,
            "slow down",
        ),
        (reply(403, "You have exceeded a secondary rate limit."), Kind.RATE_LIMIT, "slow down"),
        (reply(403, "You have triggered an abuse detection mechanism."), Kind.RATE_LIMIT, "slow down"),
        (reply(429, body=b"<html>Too many requests"), Kind.RATE_LIMIT, "slow down"),
        (
            reply(
                403, "Resource protected by organization SAML enforcement. You must grant your token access."
            ),
            Kind.SSO,
            "Configure SSO",
        ),
        (
            reply(
                403, "x", x_github_sso="required; url=https://github.com/orgs/acme/sso?authorization_request=A1"
            ),
            Kind.SSO,
            "https://github.com/orgs/acme/sso?authorization_request=A1",
        ),
        (reply(403, "Upgrade to GitHub Pro or make this repository public."), Kind.PLAN, "plan"),
        (
            reply(403, FINE_GRAINED, x_accepted_github_permissions="actions=read"),
            Kind.PERMISSION,
            "Give the token Actions: read.",
        ),
        (
            reply(
                403,
                FINE_GRAINED,
                x_accepted_github_permissions="contents=write; contents=write,workflows=write",
            ),
            Kind.PERMISSION,
            "Contents: write, or Contents: write and Workflows: write",
        ),
        (
            reply(
                403,
                "Must have admin rights to Repository.",
                x_accepted_oauth_scopes="repo",
                x_oauth_scopes="gist",
            ),
            Kind.PERMISSION,
            "Give the token the scope repo.",
        ),
        (reply(403, "Must have admin rights to Repository."), Kind.PERMISSION, "Must have admin rights"),
        (
            reply(403, "the organization has an IP allow list enabled, and 1.2.3.4 is not"),
            Kind.PERMISSION,
            "VPN",
        ),
        (reply(403, body=b"<html>Blocked", content_type="text/html"), Kind.NETWORK, "proxy"),
        (reply(404, "Not Found"), Kind.NOT_FOUND, "may be absent, or the token may not see it"),
        (
            reply(404, "Not Found", x_accepted_github_permissions="actions=read"),
            Kind.NOT_FOUND,
            "Actions: read",
        ),
        (reply(407, body=b""), Kind.NETWORK, "HTTPS_PROXY"),
        (reply(409, "Git Repository is empty."), Kind.CONFLICT, "first commit"),
        (reply(409, "Cannot cancel a workflow run that is completed."), Kind.CONFLICT, "Look again"),
        (reply(410, "Server Error"), Kind.GONE, "retention"),
        (reply(422, "Validation Failed"), Kind.INVALID, "Validation Failed"),
        (reply(451, "Repository access blocked"), Kind.PERMISSION, "legal"),
        (reply(500, "Failed to generate URL to download logs"), Kind.SERVER, "Failed to generate URL"),
        (
            reply(502, body=b"<html><body>Unicorn</body></html>", content_type="text/html"),
            Kind.SERVER,
            "githubstatus",
        ),
        (reply(503, body=b""), Kind.SERVER, "503"),
        (reply(302, body=b"", location="https://elsewhere"), Kind.SERVER, "moved"),
        (reply(418, "I'm a teapot"), Kind.INVALID, "teapot"),
    ],
)
def test_each_refusal_has_its_kind_and_says_what_to_do(answer, kind, words):
    found = problem_of(answer, ASKED, authenticated=True)
    assert found.kind is kind
    assert found.status == answer.status
    assert words in found.sentence()
    assert found.hint


def test_a_404_is_never_worded_as_absence():
    for authenticated in (True, False):
        said = problem(404, "Not Found", authenticated=authenticated).sentence().lower()
        assert "does not exist" not in said
        assert "may be absent" in said


def test_without_a_token_the_way_to_one_is_named():
    assert "GH_TOKEN" in problem(404, "Not Found", authenticated=False).hint
    assert "GH_TOKEN" in problem(401, "Requires authentication", authenticated=False).hint
    assert "GH_TOKEN" in problem(403, "Must have admin rights", authenticated=False).hint


def test_a_dead_token_ends_with_the_code_for_authentication():
    assert problem(401, "Bad credentials").exit_code is Exit.AUTH
    assert problem(403, FINE_GRAINED).exit_code is Exit.REFUSED


def test_a_limit_says_until_when():
    until = datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)
    found = problem(403, "API rate limit exceeded", x_ratelimit_remaining="0", retry_at=until)
    assert found.retry_at == until
    assert "10:00:05 UTC" in found.hint


def test_a_token_that_has_the_scope_lacks_something_else():
    found = problem(404, "Not Found", x_accepted_oauth_scopes="repo", x_oauth_scopes="repo, workflow")
    assert "scope" not in found.hint
    assert not needed_rights(reply(403, x_accepted_oauth_scopes="repo_deployment", x_oauth_scopes="repo"))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://evil", "https://x/\x1b[2Jy", "", "https://[", "ftp://x"]
)
def test_only_an_encrypted_address_is_offered_for_single_sign_on(url):
    found = problem(403, "x", x_github_sso=f"required; url={url}")
    assert found.kind is Kind.SSO
    assert not UNSAFE.search(found.url)
    assert found.url == "" or found.url.startswith("https://")


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([{"resource": "Release", "code": "already_exists", "field": "tag_name"}], "tag_name already exists"),
        ([{"resource": "Release", "code": "custom", "message": "tag_name is bad"}], "tag_name is bad"),
        ([{"resource": "Release", "code": "missing"}], "Release missing"),
        (["Could not resolve to a node"], "Could not resolve to a node"),
        (["one", {"message": "two"}], "one; two"),
        ("just words", "just words"),
        ([], "Validation Failed"),
        (None, "Validation Failed"),
        ([None, 7, [], {}], "Validation Failed"),
        ({"field": "name", "code": "invalid"}, "name invalid"),
    ],
)
def test_the_details_of_a_422_in_every_shape(errors, words):
    assert words in problem(422, "Validation Failed", errors).detail


def test_permissions_in_words():
    assert permissions_of("actions=read") == "Actions: read"
    assert permissions_of("organization_self_hosted_runners=write") == "Organization self hosted runners: write"
    assert permissions_of("; ,") == ""


def test_the_servers_words_are_clean_and_short():
    words = message_of(reply(422, HOSTILE, [HOSTILE]))
    assert words
    assert not UNSAFE.search(words)
    assert "\n" not in words
    assert len(words) <= 600


def test_what_is_fine_is_no_limit():
    assert not is_limit(Reply(200, {"x-ratelimit-remaining": "0"}, json.dumps(run()).encode()))
    assert not is_limit(reply(404, "secondary rate limit"))


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-github-sso",
            "x-accepted-github-permissions",
            "x-accepted-oauth-scopes",
            "x-oauth-scopes",
            "retry-after",
            "x-ratelimit-remaining",
            "content-type",
            "location",
            "date",
        ]
    ),
    st.text(max_size=30),
)
BODIES = st.binary(max_size=60) | st.recursive(
    st.none() | st.text(max_size=20) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "errors", "field", "code"]), inner)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@given(status=st.integers(300, 599), headers=HEADERS, body=BODIES, authenticated=st.booleans())
def test_every_refusal_becomes_a_clean_problem(status, headers, body, authenticated):
    found = problem_of(Reply(status, headers, body), ASKED, authenticated=authenticated)
    assert found.title
    assert not UNSAFE.search(found.sentence() + found.url)
    assert "\n" not in found.sentence()
