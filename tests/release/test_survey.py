"""Base, range, habit and withdrawn versions read from a repository's comparisons, in few requests."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest

from relman.actions.release_survey import EARLIER, Survey
from relman.errors import Kind, Problem, RelmanError
from relman.model.answer import Answer, Page
from relman.model.release import Branch, Commit, Comparison, Release, Tag, TagRef
from relman.model.release_choice import decide
from relman.model.release_facts import ReleaseIntent
from relman.model.repository import Repository
from relman.model.run import Run, Workflow
from relman.model.trailers import PLAN, ROLLBACK_OF, tag_message


class Git:
    """A repository in memory that answers as GitHub's reader does; ``asked`` counts the calls."""

    def __init__(self) -> None:
        self.parents: dict[str, tuple[str, ...]] = {}
        self.messages: dict[str, str] = {}
        self.tagged: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.branches: dict[str, str] = {}
        self.published: list[Release] = []
        self.asked: Counter[str] = Counter()
        self.partial = False
        self.most = 2000

    def commit(self, message: str, *parents: str, branch: str = "main") -> str:
        sha = f"{len(self.parents) + 1:040x}"
        before = self.branches.get(branch)
        self.parents[sha] = parents or ((before,) if before else ())
        self.messages[sha] = message
        self.branches[branch] = sha
        return sha

    def tag(self, name: str, sha: str | None = None, message: str = "") -> None:
        self.tagged[name] = sha or self.branches["main"]
        self.notes[name] = message

    def reach(self, sha: str) -> set[str]:
        found, waiting = set(), [sha]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.parents[one]
        return found

    async def repository(self) -> Answer[Repository]:
        return Answer(Repository("acme/x", "main"))

    async def tags(self, *, per_page: int = 100, page: int = 1) -> Answer[Page[Tag]]:
        self.asked["tags"] += 1
        names = list(self.tagged)
        part = names[(page - 1) * per_page : page * per_page]
        more = len(names) > page * per_page
        return Answer(Page(tuple(Tag(one, self.tagged[one]) for one in part), more=more, partial=self.partial))

    async def releases(self, *, per_page: int = 30, page: int = 1) -> Answer[Page[Release]]:
        return Answer(Page(tuple(self.published)))

    async def branch(self, name: str) -> Answer[Branch | None]:
        return Answer(Branch(name, self.branches[name]) if name in self.branches else None)

    async def commits(self, ref: str, *, per_page: int = 100, page: int = 1) -> Answer[Page[Commit]]:
        found = sorted(self.reach(ref), reverse=True)[:per_page]
        return Answer(Page(tuple(Commit(sha, self.messages[sha]) for sha in found)))

    async def tag_ref(self, name: str) -> Answer[TagRef | None]:
        self.asked["tag_ref"] += 1
        if name not in self.tagged:
            return Answer(None)
        return Answer(TagRef(name, self.tagged[name], "d", annotated=True, message=self.notes[name]))

    async def compare(self, base: str, head: str) -> Answer[Comparison]:
        self.asked["compare"] += 1
        ours, theirs = self.reach(base), self.reach(head)
        if not ours & theirs:
            raise RelmanError(Problem(Kind.NOT_FOUND, "no common ancestor", status=404))
        ahead, behind = sorted(theirs - ours), len(ours - theirs)
        status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
        found = tuple(Commit(sha, self.messages[sha]) for sha in ahead[: self.most])
        word = status.get((bool(ahead), bool(behind)), "identical")
        return Answer(Comparison(word, len(ahead), behind, len(ahead), found))


class WithCommit(Git):
    async def commit_(self, ref: str) -> Answer[Commit]:
        sha = self.tagged.get(ref, ref)
        return Answer(Commit(sha, self.messages[sha]))


def reader_of(git: Git) -> Any:
    class Reader:
        def __getattr__(self, name: str) -> Any:
            return getattr(git, "commit_" if name == "commit" else name)

    return Reader()


class Local:
    def __init__(self, *tags: Tag) -> None:
        self._tags = tags

    async def tags(self) -> tuple[Tag, ...]:
        return self._tags


def survey(git: Git, **more: Any) -> Survey:
    nothing = cast("Any", None)
    return Survey(reader_of(git), nothing, {}, nothing, **more)


@pytest.fixture
def git() -> WithCommit:
    return WithCommit()


async def test_a_merge_brings_its_whole_branch_into_the_range(git: WithCommit) -> None:
    start = git.commit("chore: start")
    git.tag("v1.0.0")
    side = git.commit("feat: on a branch", start, branch="side")
    main = git.commit("fix: on main")
    git.commit("Merge branch 'side'", main, side)
    found = await survey(git).history(ReleaseIntent())
    assert [commit.message for commit in found.commits] == [
        "Merge branch 'side'",
        "fix: on main",
        "feat: on a branch",
    ]
    assert decide(found, ReleaseIntent()).tag == "v1.1.0"
    assert git.asked == {"tags": 1, "compare": 2}


async def test_a_higher_version_beside_the_line_costs_one_question_for_all(git: WithCommit) -> None:
    start = git.commit("chore: start")
    git.tag("v1.0.0")
    for number in range(30):
        git.tag(f"v2.{number}.0", git.commit("feat: next", *([start] if not number else []), branch="two"))
    git.commit("fix: on main")
    found = await survey(git).history(ReleaseIntent())
    assert found.base is not None
    assert found.base.name == "v1.0.0"
    assert len(found.higher) == 30
    assert git.asked["compare"] == 3


async def test_the_collision_rule_guards_a_hotfix_that_is_not_merged(git: WithCommit) -> None:
    start = git.commit("chore: start")
    git.tag("v1.0.0")
    git.tag("v1.0.1", git.commit("fix: hot", start, branch="hotfix/1.0.1"))
    git.commit("fix: on main")
    found = await survey(git).history(ReleaseIntent())
    assert decide(found, ReleaseIntent()).tag == "v1.0.2"


async def test_an_unrelated_history_is_no_ancestor(git: WithCommit) -> None:
    git.tagged["v9.0.0"] = git.commit("docs: pages", branch="gh-pages")
    git.commit("feat: first")
    found = await survey(git).history(ReleaseIntent())
    assert found.base is None
    assert decide(found, ReleaseIntent()).tag == "v0.1.0"


async def test_the_habit_below_one_is_learned_from_a_bounded_number_of_releases(git: WithCommit) -> None:
    git.commit("chore: start")
    for number in range(20):
        git.tag(f"v0.3.{number}")
        git.commit("feat: a")
    found = await survey(git).history(ReleaseIntent())
    decision = decide(found, ReleaseIntent())
    assert decision.tag == "v0.3.20"
    assert decision.proposal.policy_why == (
        f"this repository's last {EARLIER} releases fit: below 1.0, features bump patch and breaking changes bump minor"
    )
    assert git.asked["compare"] == 2 + EARLIER
    git.asked.clear()
    await survey(git).history(ReleaseIntent(bump="minor"))
    assert git.asked["compare"] == 2


async def test_a_pre_release_ends_the_range_of_its_channel_only(git: WithCommit) -> None:
    git.commit("chore: start")
    git.tag("v1.0.0")
    git.commit("feat: a")
    git.tag("v1.1.0-rc.1")
    newest = git.commit("fix: b")
    rc = await survey(git).history(ReleaseIntent(channel="rc"))
    assert rc.since is not None
    assert rc.since.name == "v1.1.0-rc.1"
    assert rc.noted == {newest}
    assert decide(rc, ReleaseIntent(channel="rc")).tag == "v1.1.0-rc.2"
    beta = await survey(git).history(ReleaseIntent(channel="beta"))
    assert beta.since == beta.base
    stable = await survey(git).history(ReleaseIntent())
    assert len(stable.noted) == 2
    assert decide(stable, ReleaseIntent()).tag == "v1.1.0"


async def test_after_a_rollback_the_range_holds_again_what_was_released(git: WithCommit) -> None:
    good = git.commit("chore: start")
    git.tag("v1.0.0")
    bad = git.commit("feat: broken")
    git.tag("v1.1.0")
    git.tag("v1.1.1", good, tag_message("Rollback to v1.0.0", "", [(PLAN, "x"), (ROLLBACK_OF, "v1.1.0")]))
    git.commit("fix: mend it")
    # The rolled-back version is an ancestor of main and lower than its rollback.
    found = await survey(git).history(ReleaseIntent())
    assert found.base is not None
    assert found.base.name == "v1.1.1"
    assert dict(found.rolled_back) == {bad: "v1.1.0"}
    assert found.withdrawn.reason("1.1.0") == "rolled back by v1.1.1"
    assert decide(found, ReleaseIntent()).tag == "v1.2.0"


async def test_the_clones_and_the_teams_versions_are_never_proposed(git: WithCommit) -> None:
    git.commit("chore: start")
    git.tag("v1.0.0")
    head = git.commit("fix: a")
    made = survey(git, clone=Local(Tag("v1.0.1", head), Tag("wip", head)), listed=("1.0.2",))
    found = await made.history(ReleaseIntent())
    assert decide(found, ReleaseIntent()).tag == "v1.0.3"


async def test_a_tag_as_ref_and_a_commit_behind_the_tip(git: WithCommit) -> None:
    git.commit("chore: start")
    git.tag("v1.0.0")
    old = git.commit("fix: a")
    tip = git.commit("fix: b")
    found = await survey(git).history(ReleaseIntent(ref=old))
    assert (found.head.sha, found.branch, found.tip) == (old, "main", tip)
    at_tag = await survey(git).history(ReleaseIntent(ref="v1.0.0"))
    assert decide(at_tag, ReleaseIntent(ref="v1.0.0")).version is None


async def test_a_part_of_a_list_is_never_enough(git: WithCommit) -> None:
    git.commit("chore: start")
    git.partial = True
    with pytest.raises(RelmanError, match="left out a part of the tags"):
        await survey(git).history(ReleaseIntent())
    git.partial = False
    git.tag("v1.0.0")
    for _ in range(5):
        git.commit("fix: a")
    git.most = 3
    found = await survey(git).history(ReleaseIntent())
    assert not found.complete
    assert found.total == 5


async def test_every_page_of_tags_is_read(git: WithCommit) -> None:
    git.commit("chore: start")
    for number in range(250):
        git.tag(f"v0.0.{number}")
    git.commit("fix: a")
    found = await survey(git).history(ReleaseIntent())
    assert len(found.tags.tags) == 250
    assert git.asked["tags"] == 3


async def test_ci_is_found_where_a_hundred_other_runs_are_newer() -> None:
    flood = tuple(
        Run(
            n,
            "Labels",
            "",
            n,
            1,
            "issues",
            "completed",
            "success",
            "main",
            "a" * 40,
            3,
            ".github/workflows/x.yml",
        )
        for n in range(100, 0, -1)
    )

    class Busy(WithCommit):
        async def runs(self, **_: object) -> Answer[Page[Run]]:
            return Answer(Page(flood, more=True))

        async def workflows(self) -> Answer[tuple[Workflow, ...]]:
            return Answer((Workflow(1, "CI", ".github/workflows/ci.yml"),))

    assert (await survey(Busy()).roles()).ci == ".github/workflows/ci.yml"
