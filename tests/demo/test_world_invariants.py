"""Whatever people do, and in whatever order: the world stays one that could be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from relman.demo.people import USERS
from relman.demo.records import RunRecord
from relman.demo.releases import new_release
from relman.demo.render.runs import run as rendered
from relman.demo.state import Refusal
from relman.demo.view import View
from relman.demo.world import World

START = datetime(2026, 11, 25, 9, 40, tzinfo=UTC)
_ACTIVE = {"queued", "in_progress", "waiting", "pending"}


class Visitor:
    """Does one random thing after another; a refusal is as good as a deed."""

    def __init__(self, seed: int) -> None:
        self.time = START
        self.world = World(seed=2, start=START, clock=lambda: self.time)
        self.rng = Random(seed)
        self.done: Counter[str] = Counter()

    def act(self, kind: str) -> None:
        moves: dict[str, Callable[[], object]] = {
            "wait": self._wait,
            "push": lambda: self.world.push(
                self._branch(), "fix: x", self._who(), {"README.md": str(self.rng.random()).encode()}
            ),
            "tag": lambda: self.world.push_tag(self._tag(), self._commit(), "x", self._who()),
            "ref": lambda: self.world.create_ref(self._ref(), self._sha(), self._who()),
            "move": lambda: self.world.update_ref(
                self._ref(), self._sha(), self._who(), force=self.rng.random() < 0.5
            ),
            "unref": lambda: self.world.delete_ref(self._ref()),
            "release": self._release,
            "publish": self._publish,
            "review": self._review,
            "dispatch": lambda: self.world.dispatch("cd.yml", self._branch(), self._who()),
            "rerun": lambda: self.world.rerun(self._run().id, self._who(), failed_only=self.rng.random() < 0.5),
            "rerun-job": self._rerun_job,
            "cancel": lambda: self.world.cancel(self._run().id, force=self.rng.random() < 0.4),
            "delete": lambda: self.world.delete_run(self._run().id),
            "switch": lambda: self.world.switch(
                self.rng.choice(self.world.workflows), on=self.rng.random() < 0.5
            ),
            "pull": lambda: self.world.open_pull(self._own_branch(), "fix: x", self._who()),
            "close": lambda: self.world.edit_pull(self._pull(), close=True),
            "merge": self._merge,
            "doom": lambda: self.world.doom(self.rng.choice(["unit", "production-health", "registry"])),
        }
        try:
            moves[kind]()
        except Refusal:
            self.done["refused"] += 1
        self.done[kind] += 1

    def _wait(self) -> None:
        self.time += timedelta(seconds=self.rng.choice([1, 20, 300, 1500, 9000]))
        self.world.advance()

    def _release(self) -> None:
        wish = new_release(self._tag(), self._who(), self.world.now())
        wish.draft = self.rng.random() < 0.3
        self.world.create_release(wish, notes=self.rng.random() < 0.3)

    def _publish(self) -> None:
        record = self.rng.choice(self.world.releases[:4])
        wish = new_release(record.tag, record.author, self.world.now())
        wish.id, wish.prerelease = record.id, self.rng.random() < 0.5
        wish.published_at = record.published_at
        self.world.edit_release(record, wish)

    def _review(self) -> None:
        run = self.rng.choice([one for one in self.world.runs.values() if one.pending] or [self._run()])
        wanted = [one.id for one in self.world.environments if self.rng.random() < 0.6]
        self.world.review(run.id, wanted, self.rng.choice(["approved", "rejected"]), self._who())

    def _rerun_job(self) -> None:
        run = self._run()
        job = self.rng.choice(self.world.jobs[run.id])
        self.world.rerun(run.id, self._who(), job=job)

    def _merge(self) -> None:
        pull = self._pull()
        if pull.open and pull.branch in self.world.branches:
            self.world.merge(pull, self._who())

    def _who(self):  # type: ignore[no-untyped-def]
        return self.rng.choice(USERS)

    def _run(self) -> RunRecord:
        """One of the newest, where things happen."""
        return self.rng.choice(list(self.world.runs.values())[-25:])

    def _pull(self):  # type: ignore[no-untyped-def]
        return self.rng.choice(list(self.world.pulls.values())[-8:])

    def _branch(self) -> str:
        return self.rng.choice(["main", "develop", "hotfix/1", *sorted(self.world.branches)])

    def _own_branch(self) -> str:
        branch = f"mine/{self.rng.randint(1, 4)}"
        self.world.push(branch, "fix: y", self._who(), {"docs/x.md": str(self.rng.random()).encode()})
        if any(one.open and one.branch == branch for one in self.world.pulls.values()):
            raise Refusal("A pull request already exists")
        return branch

    def _tag(self) -> str:
        return self.rng.choice(["v9.0.0", "v9.0.1", "v9.1.0", "nightly", "v1.4.0"])

    def _ref(self) -> str:
        return self.rng.choice([f"refs/tags/{self._tag()}", f"refs/heads/{self._branch()}", "refs/tags/a b"])

    def _commit(self) -> str:
        return self.rng.choice(list(self.world.commits)[-12:])

    def _sha(self) -> str:
        return self.rng.choice([self._commit(), *list(self.world.tag_objects)[-3:], "0" * 40])


_KINDS = (
    *("wait", "wait", "wait", "push", "tag", "ref", "move", "unref", "release", "publish", "review", "review"),
    *("dispatch", "rerun", "rerun-job", "cancel", "delete", "switch", "pull", "close", "merge", "doom"),
)


def check(world: World, *, newest: int | None = None) -> None:
    """What holds in every world at every moment; ``newest``: look at so many runs only."""
    for name, sha in world.branches.items():
        assert sha in world.commits, name
    for name, tag in world.tags.items():
        assert tag.name == name
        assert tag.commit in world.commits
        assert tag.object_sha is None or world.tag_objects[tag.object_sha].commit == tag.commit
    published = [one.tag for one in world.releases if not one.draft]
    assert len(published) == len(set(published))
    assert set(published) <= set(world.tags)
    assert len({one.id for one in world.releases}) == len(world.releases)
    for pull in world.pulls.values():
        assert pull.merged_at is None or not pull.open
        assert not pull.open or pull.branch in world.branches
    open_heads = [one.branch for one in world.pulls.values() if one.open]
    assert len(open_heads) == len(set(open_heads))
    assert world.runs.keys() == world.jobs.keys()
    for run in list(world.runs.values())[-newest if newest else 0 :]:
        _check_run(world, run)
    known = {one.name for one in world.environments}
    assert {one.environment for one in world.deployments} <= known


def _check_run(world: World, run: RunRecord) -> None:
    latest = run.attempts[-1]
    assert [one.number for one in run.attempts] == list(range(1, len(run.attempts) + 1))
    for attempt in run.attempts:
        done = attempt.status == "completed"
        assert done or attempt is latest
        assert done or attempt.status in _ACTIVE
        assert done is (attempt.conclusion is not None)
        jobs = world.attempt_jobs(run.id, attempt.number)
        assert jobs, "every attempt has jobs"
        assert len({job.key for job in jobs}) == len(jobs)
        assert any(job.attempt == attempt.number for job in jobs)
        assert not done or all(job.status == "completed" for job in jobs)
    waiting = {job.environment for job in world.attempt_jobs(run.id) if job.status == "waiting"}
    pending = {one.environment_id for one in run.pending}
    assert pending == {one.id for one in world.environments if one.name in waiting}
    if latest.status == "completed":
        assert not run.pending
    for job in world.jobs[run.id]:
        assert (job.status == "completed") is (job.conclusion is not None)
        assert job.completed_at is None or job.completed_at >= job.created_at


def _story(seed: int, kinds: list[str]) -> tuple[Visitor, str]:
    visitor = Visitor(seed)
    for kind in kinds:
        visitor.act(kind)
    world = visitor.world
    view = View(world, "http://api", "http://web")
    runs = [rendered(view, one) for one in list(world.runs.values())[-80:]]
    refs = [world.branches, {name: tag.object_sha or tag.commit for name, tag in world.tags.items()}]
    releases = [[one.id, one.tag, one.body, one.draft] for one in world.releases]
    return visitor, json.dumps([runs, refs, releases])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), kinds=st.lists(st.sampled_from(_KINDS), min_size=25, max_size=60))
def test_any_sequence_of_writes_leaves_a_world_that_holds_together(seed: int, kinds: list[str]) -> None:
    visitor = Visitor(seed)
    for kind in kinds:
        visitor.act(kind)
        check(visitor.world, newest=60)
    visitor.time += timedelta(days=2)
    visitor.world.advance()
    check(visitor.world)


def test_the_same_writes_lead_to_the_same_world() -> None:
    rng = Random(7)
    kinds = [rng.choice(_KINDS) for _ in range(80)]
    first, told = _story(11, kinds)
    assert _story(11, kinds)[1] == told
    assert _story(12, kinds)[1] != told
    assert first.done["refused"] < len(kinds) / 2, "most of it really happened"
