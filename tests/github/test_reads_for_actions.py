"""The reads that a change is planned from: exact, whole, and None only where there is nothing to see."""

import pytest
from github_bodies import (
    SHA,
    branch,
    check_run,
    commit,
    commit_status,
    comparison,
    pull_request,
    ref,
    release,
    ruleset,
    tag_object,
)
from hostile import HOSTILE
from loopback import Say

from relman.errors import Kind, RelmanError
from relman.model.checks import CommitStatus
from relman.model.release import Branch
from relman.model.ruleset import Ruleset

ROOT = "/repos/acme/agentic-backend"
ABSENT = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


def site(pages):
    """A server that knows these targets (with their query) or paths, and answers 404 to all others."""

    def answer(asked):
        found = pages.get(asked.target, pages.get(asked.path))
        if isinstance(found, Say):
            return found
        return Say(ABSENT, status=404) if found is None else Say(found)

    return answer


def more_at(body, url):
    return Say(body, headers={"Link": f'<http://elsewhere.invalid{url}>; rel="next"'})


async def test_commits_from_a_branch_with_a_slash(reading):
    async with reading(lambda asked: Say([commit("a" * 40), commit("b" * 40)])) as (server, reader):
        page = (await reader.commits("release/1.x", per_page=2, page=3)).value
    assert [one.sha[0] for one in page.items] == ["a", "b"]
    assert server.asked[0].target == f"{ROOT}/commits?sha=release%2F1.x&per_page=2&page=3"


async def test_one_commit_by_any_name(reading):
    async with reading(lambda asked: Say(commit())) as (server, reader):
        assert (await reader.commit("release/1.x")).value.sha == SHA
    assert server.asked[0].path == f"{ROOT}/commits/release%2F1.x"


async def test_no_commit_of_that_sha_reads_as_not_visible(reading):
    said = Say({"message": "No commit found for SHA: abc"}, status=422)
    async with reading(lambda asked: said) as (_, reader):
        with pytest.raises(RelmanError) as caught:
            await reader.commit("abc")
    assert caught.value.problem.kind is Kind.NOT_FOUND
    assert "No commit found" in caught.value.problem.sentence()


async def test_a_branch_or_none(reading):
    async with reading(site({f"{ROOT}/branches/main": branch()})) as (_, reader):
        assert (await reader.branch("main")).value == Branch("main", SHA, protected=True)
        assert (await reader.branch("gone")).value is None


async def test_a_renamed_branch_is_not_the_one_asked_for(reading):
    moved = Say(status=301, headers={"Location": f"{ROOT}/branches/main"})
    pages = {f"{ROOT}/branches/master": moved, f"{ROOT}/branches/main": branch()}
    async with reading(site(pages)) as (_, reader):
        assert (await reader.branch("master")).value is None


async def test_no_right_is_not_taken_for_absence(reading):
    async with reading(lambda asked: Say({"message": "No"}, status=403)) as (_, reader):
        for asked in (reader.branch("main"), reader.tag_ref("v1"), reader.release_of_tag("v1")):
            with pytest.raises(RelmanError) as caught:
                await asked
            assert caught.value.problem.kind is Kind.PERMISSION


async def test_a_lightweight_tag(reading):
    async with reading(site({f"{ROOT}/git/ref/tags/v1": ref("refs/tags/v1")})) as (_, reader):
        tag = (await reader.tag_ref("v1")).value
    assert (tag.sha, tag.object_sha, tag.annotated, tag.message) == (SHA, SHA, False, "")


async def test_an_annotated_tag_on_another_is_peeled_to_its_commit(reading):
    pages = {
        f"{ROOT}/git/ref/tags/app/v1": ref("refs/tags/app/v1", "a" * 40, "tag"),
        f"{ROOT}/git/tags/{'a' * 40}": tag_object("a" * 40, "b" * 40, "tag"),
        f"{ROOT}/git/tags/{'b' * 40}": tag_object("b" * 40, SHA) | {"message": "inner"},
    }
    async with reading(site(pages)) as (_, reader):
        tag = (await reader.tag_ref("app/v1")).value
    assert (tag.name, tag.sha, tag.object_sha, tag.annotated) == ("app/v1", SHA, "a" * 40, True)
    assert tag.message == "First\n\nRelman-Reason: because\n"  # with its trailers
    assert tag.tagger == "Mona"
    assert tag.tagged_at.isoformat() == "2026-01-22T19:33:08+00:00"


@pytest.mark.parametrize("kind", ["tree", "blob"])
async def test_a_tag_on_no_commit_has_no_commit(reading, kind):
    pages = {
        f"{ROOT}/git/ref/tags/key": ref("refs/tags/key", "a" * 40, "tag"),
        f"{ROOT}/git/tags/{'a' * 40}": tag_object("a" * 40, "c" * 40, kind),
        f"{ROOT}/git/ref/tags/light": ref("refs/tags/light", "c" * 40, kind),
    }
    async with reading(site(pages)) as (_, reader):
        assert (await reader.tag_ref("key")).value.sha == ""
        assert (await reader.tag_ref("light")).value.sha == ""


async def test_tags_that_point_at_each_other_end_nowhere(reading):
    pages = {
        f"{ROOT}/git/ref/tags/v1": ref("refs/tags/v1", "a" * 40, "tag"),
        f"{ROOT}/git/tags/{'a' * 40}": tag_object("a" * 40, "a" * 40, "tag"),
    }
    async with reading(site(pages)) as (server, reader):
        assert (await reader.tag_ref("v1")).value.sha == ""
    assert len(server.asked) < 12


async def test_a_tag_is_the_one_of_exactly_that_name(reading):
    longer = [ref("refs/tags/v1.2.3"), ref("refs/tags/v1.2.33")]  # what older servers answer for a beginning
    async with reading(site({f"{ROOT}/git/ref/tags/v1.2": longer, f"{ROOT}/git/ref/tags/v1.2.3": longer})) as (
        _,
        reader,
    ):
        assert (await reader.tag_ref("v1.2")).value is None
        assert (await reader.tag_ref("v1.2.3")).value.sha == SHA
        assert (await reader.tag_ref("v9")).value is None


async def test_a_published_release_of_a_tag(reading):
    pages = {f"{ROOT}/releases/tags/app%2Fv1": release(7, tag_name="app/v1")}
    async with reading(site(pages)) as (server, reader):
        assert (await reader.release_of_tag("app/v1")).value.id == 7
    assert len(server.asked) == 1


async def test_a_draft_is_found_in_the_list_however_long(reading):
    first = [release(one, tag_name=f"v{one}") for one in range(100)]
    pages = {
        f"{ROOT}/releases?per_page=100&page=1": more_at(first, "/x"),
        f"{ROOT}/releases?per_page=100&page=2": [release(500, tag_name="v500", draft=True)],
    }
    async with reading(site(pages)) as (server, reader):
        found = (await reader.release_of_tag("v500")).value
        assert (found.id, found.draft) == (500, True)
        assert (await reader.release_of_tag("v501")).value is None
    assert {asked.headers["host"] for asked in server.asked} == {server.url.removeprefix("http://")}


async def test_every_check_run_of_every_attempt(reading):
    def answer(asked):
        body = {"total_count": 2, "check_runs": [check_run(4 if "page=2" not in asked.target else 5)]}
        return Say(body) if "page=2" in asked.target else more_at(body, "/x")

    async with reading(answer) as (server, reader):
        found = (await reader.check_runs(SHA)).value
    assert [one.id for one in found] == [4, 5]
    assert (found[0].name, found[0].app, found[0].suite_id) == ("test (3.12)", "github-actions", 5)
    assert (found[0].status, found[0].conclusion) == ("completed", "success")
    assert server.asked[0].target == f"{ROOT}/commits/{SHA}/check-runs?filter=all&per_page=100"


async def test_a_check_name_stays_exact_for_it_decides_which_is_the_latest(reading):
    body = {"check_runs": [check_run(4, name=HOSTILE)]}
    async with reading(lambda asked: Say(body)) as (_, reader):
        assert (await reader.check_runs(SHA)).value[0].name == HOSTILE


async def test_every_commit_status(reading):
    def answer(asked):
        second = "page=2" in asked.target
        body = {"state": "failure", "total_count": 2, "sha": SHA}
        body["statuses"] = [commit_status("b", "error") if second else commit_status("a")]
        return Say(body) if second else more_at(body, "/x")

    async with reading(answer) as (server, reader):
        found = (await reader.commit_statuses(SHA)).value
    assert [(one.context, one.state) for one in found] == [("a", "success"), ("b", "error")]
    assert found[0] == CommitStatus("a", "success", "Build has completed", "https://ci.example.com/1000")
    assert server.asked[0].path == f"{ROOT}/commits/{SHA}/status"


def listed(one):
    return {name: value for name, value in one.items() if name not in ("rules", "conditions")}


async def test_rulesets_with_their_rules_each_read_whole(reading):
    other = ruleset(22, name="branches", target="branch")
    pages = {
        f"{ROOT}/rulesets": [listed(ruleset()), listed(other)],  # a server that knows no filter by target
        f"{ROOT}/rulesets/21": ruleset(),
    }
    async with reading(site(pages)) as (server, reader):
        found = (await reader.rulesets("tag")).value
    assert found == (
        Ruleset(
            21,
            "release tags",
            "tag",
            "active",
            ("refs/tags/v*",),
            ("refs/tags/v0*",),
            ("creation", "tag_name_pattern"),
            "never",
        ),
    )
    assert "targets=tag" in server.asked[0].target
    assert all("includes_parents=true" in asked.target for asked in server.asked)


async def test_a_ruleset_that_cannot_be_read_is_never_left_out(reading):
    async with reading(site({f"{ROOT}/rulesets": [listed(ruleset())]})) as (_, reader):
        with pytest.raises(RelmanError) as caught:
            await reader.rulesets("tag")
    assert "ruleset 21" in caught.value.problem.sentence()


async def test_pull_requests_of_a_branch_and_of_no_other(reading):
    pulls = [pull_request(42), pull_request(43, head="another")]
    async with reading(lambda asked: Say(pulls)) as (server, reader):
        found = (await reader.pull_requests(head="hotfix/1.2.4")).value
    assert [(one.number, one.base, one.head_sha, one.url) for one in found] == [
        (42, "main", SHA, "https://github.com/acme/agentic-backend/pull/42")
    ]
    assert server.asked[0].target.startswith(f"{ROOT}/pulls?head=acme%3Ahotfix%2F1.2.4&state=open")


async def test_what_lacks_its_identity_is_left_out_or_refused(reading):
    async with reading(lambda asked: Say({"check_runs": [{}], "statuses": [{}]})) as (_, reader):
        assert (await reader.check_runs(SHA)).value == ()
        assert (await reader.commit_statuses(SHA)).value == ()
    async with reading(lambda asked: Say({})) as (_, reader):
        for asked in (reader.branch("x"), reader.tag_ref("x"), reader.release_of_tag("x"), reader.commit("x")):
            with pytest.raises(RelmanError) as caught:
                await asked
            assert caught.value.problem.kind is Kind.SERVER


async def test_the_checks_that_rulesets_require_of_a_branch(reading):
    def rule(*contexts, kind="required_status_checks"):
        checks = [{"context": context, "integration_id": 15368} for context in contexts]
        return {"type": kind, "parameters": {"required_status_checks": checks}}

    first, second = f"{ROOT}/rules/branches/release%2F1.x?per_page=100", "&page=2"
    pages = {
        first: more_at([{"type": "deletion"}], first + second),  # a page without any still leads to the next
        first + second: [rule("lint", "test"), rule("test", ""), rule("x", kind="workflows")],
    }
    async with reading(site(pages)) as (_, reader):
        assert (await reader.required_checks("release/1.x")).value == ("lint", "test")


async def test_the_checks_of_a_branchs_classic_protection(reading):
    checks = {"required_status_checks": {"enforcement_level": "everyone", "contexts": ["ci/x"]}}
    body = {**branch(), "protection": checks}
    async with reading(site({f"{ROOT}/branches/main": body})) as (_, reader):
        assert (await reader.branch("main")).value.required == ("ci/x",)


async def test_the_paths_that_differ_between_two_commits(reading):
    body = {**comparison([commit()]), "files": [{"filename": "db/migrations/1.sql"}, {}, {"filename": "a b"}]}
    async with reading(lambda asked: Say(body)) as (_, reader):
        assert (await reader.compare("v1", "v2")).value.files == ("db/migrations/1.sql", "a b")


async def test_the_latest_release_is_the_one_that_github_names(reading):
    async with reading(site({f"{ROOT}/releases/latest": release()})) as (_, reader):
        found = (await reader.latest_release()).value
    assert found is not None and found.tag == release()["tag_name"]
    async with reading(site({})) as (_, reader):
        assert (await reader.latest_release()).value is None
