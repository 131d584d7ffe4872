"""The selection of a clean-up: never more than allowed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.model.environment import Deployment, DeploymentStatus
from relman.model.prune_runs import Kept, Live, ages, enough, live_of, select
from relman.model.release import Release
from relman.model.run import Run

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING = Live({}, {})


def run(
    number: int, days: float | None, *, workflow: int = 1, status: str = "completed", **more: object
) -> Run:
    created = None if days is None else NOW - timedelta(days=days)
    fields: dict[str, object] = {
        "id": number, "name": "CI", "title": "", "number": number, "attempt": 1, "event": "push",
        "status": status, "conclusion": "success" if status == "completed" else None, "branch": "main",
        "sha": f"{number:040x}", "workflow_id": workflow, "path": f".github/workflows/{workflow}.yml",
        "created_at": created, "started_at": created,
    }  # fmt: skip
    return Run(**{**fields, **more})  # type: ignore[arg-type]


RUNS = st.lists(
    st.builds(
        run,
        st.integers(1, 60),
        st.one_of(st.none(), st.floats(0, 90)),
        workflow=st.integers(1, 3),
        status=st.sampled_from(["completed", "completed", "completed", "in_progress", "waiting", "queued"]),
    ),
    max_size=60,
    unique_by=lambda one: one.id,
)
AGES = st.integers(0, 60).map(lambda days: timedelta(days=days))


@given(RUNS, AGES, st.integers(0, 15), st.sets(st.integers(1, 60)))
def test_never_more_than_allowed(runs: list[Run], older: timedelta, keep: int, live: set[int]) -> None:
    held = Live(dict.fromkeys(live, "live"), {})
    chosen = select(runs, NOW, held, older_than=older, keep=keep)
    victims = {one.id for one in chosen.victims}
    for one in chosen.victims:
        assert one.status == "completed"
        assert one.created_at is not None and NOW - one.created_at > older
        assert one.id not in live
    ended = Counter(one.workflow_id for one in runs if one.status == "completed")
    left = Counter(one.workflow_id for one in runs if one.status == "completed" and one.id not in victims)
    for workflow, many in ended.items():
        assert left[workflow] >= min(keep, many)
    # Of one workflow nothing newer is deleted while one of the newest is older than it.
    assert sum(chosen.kept.values()) + len(victims) == len(runs)
    dates = [(one.created_at, one.id) for one in chosen.victims]
    assert dates == sorted(dates)


@given(RUNS, AGES, AGES, st.integers(0, 15), st.integers(0, 15))
def test_stricter_wishes_delete_less(
    runs: list[Run], one: timedelta, other: timedelta, few: int, many: int
) -> None:
    young, old = sorted((one, other))
    few, many = sorted((few, many))
    loose = {run.id for run in select(runs, NOW, NOTHING, older_than=young, keep=few).victims}
    for older, keep in ((old, few), (young, many), (old, many)):
        assert {run.id for run in select(runs, NOW, NOTHING, older_than=older, keep=keep).victims} <= loose


@given(RUNS, AGES, st.integers(0, 15))
def test_a_second_pass_has_nothing_to_do(runs: list[Run], older: timedelta, keep: int) -> None:
    first = {one.id for one in select(runs, NOW, NOTHING, older_than=older, keep=keep).victims}
    left = [one for one in runs if one.id not in first]
    assert select(left, NOW, NOTHING, older_than=older, keep=keep).victims == ()


@given(RUNS, AGES, st.integers(0, 15), st.integers(0, 59))
def test_stopping_half_way_changes_nothing(runs: list[Run], older: timedelta, keep: int, stop: int) -> None:
    whole = [one.id for one in select(runs, NOW, NOTHING, older_than=older, keep=keep).victims]
    gone = set(whole[:stop])
    rest = select([one for one in runs if one.id not in gone], NOW, NOTHING, older_than=older, keep=keep)
    assert [one.id for one in rest.victims] == whole[stop:]


def test_a_run_that_was_run_again_is_as_young_as_that() -> None:
    again = run(1, 40, started_at=NOW - timedelta(days=20), attempt=2)
    chosen = select([again], NOW, NOTHING, keep=0)
    assert chosen.victims == () and chosen.kept == {Kept.YOUNG: 1}


def deployed(number: int, run_id: int, *states: str, sha: str = "") -> Deployment:
    statuses = tuple(
        DeploymentStatus(at, state, log_url=f"https://x/actions/runs/{run_id}/job/1")
        for at, state in enumerate(states)
    )
    return Deployment(number, "production", sha or f"{run_id:040x}", "v1", statuses=statuses)


def test_what_is_live_and_the_way_back_stay() -> None:
    history = (
        deployed(5, 50, "failure", "in_progress"),
        deployed(4, 40, "success", "in_progress"),
        deployed(3, 30, "inactive", "success"),
        deployed(2, 20, "inactive", "success"),
    )
    releases = (
        Release(1, "v9", "", draft=True),
        Release(2, "v8-rc", "", prerelease=True),
        Release(3, "v7.0.0", ""),
    )
    live = live_of({"production": history}, releases)
    assert set(live.runs) == {50, 40, 30}
    assert set(live.commits) == {f"{40:040x}"}
    assert set(live.tags) == {"v7.0.0"}
    assert enough(history[:3]) and not enough(history[:2])
    runs = [run(number, 60 + number) for number in (20, 30, 40, 50)]
    runs += [run(60, 99, sha=f"{40:040x}"), run(61, 99, branch="v7.0.0"), run(62, 99)]
    chosen = select(runs, NOW, live, keep=0)
    assert {one.id for one in chosen.victims} == {20, 62}
    assert {one.id for one, _ in chosen.protected} == {30, 40, 50, 60, 61}
    assert all(words for _, words in chosen.protected)


def test_a_later_hotfix_of_an_older_line_displaces_neither_the_highest_nor_the_latest() -> None:
    releases = [
        Release(number, tag, "", prerelease=tag == "v9.0.0")
        for number, tag in enumerate(
            ("v1.4.9", "api/v0.3.1", "v9.0.0", "v2.10.0", "v3.0.0-rc.1", "v2.9.0", "api/v0.4.0", "nightly")
        )
    ]
    live = live_of({}, releases, "v2.9.0")
    assert set(live.tags) == {"v2.10.0", "api/v0.4.0", "v2.9.0"}
    runs = [run(number, 60, branch=tag) for number, tag in enumerate(("v1.4.9", "v2.10.0", "v2.9.0", "main"))]
    assert {one.id for one in select(runs, NOW, live, keep=0).victims} == {0, 3}


def test_every_version_that_is_live_stays_also_one_that_was_made_before_others() -> None:
    history = {
        "production": (
            deployed(4, 40, "inactive", "success"),
            deployed(3, 30, "inactive", "success"),
            replace(deployed(2, 20, "success"), ref="v1.4.9"),  # it waited, and succeeded last
        ),
        "prod-eu": (
            replace(deployed(5, 50, "success"), ref="v1.3.0"),
            replace(deployed(1, 10, "success"), ref="x"),
        ),
    }
    assert not enough(history["production"][:2])
    live = live_of(history, ())
    assert set(live.runs) == {40, 20, 50, 10}
    assert set(live.commits) == {f"{number:040x}" for number in (20, 50, 10)}
    assert set(live.tags) == {"v1.4.9", "v1.3.0"}
    assert live.runs[20] == "deployed what is live on production"


def test_ages_in_words() -> None:
    assert ages([run(1, 31.5), run(2, 60)], NOW) == "31 to 60 days old"
    assert ages([], NOW) == ""
