"""Two relmans at once: the world ends consistent and each tells the truth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from command_shop import OVERRIDES, Shop
from world_hand import Done


def both(shop: Shop, one: str, other: str) -> tuple[Done, Done]:
    def create(tag: str, home: str) -> Done:
        return shop.end(
            shop.start(
                "release", "create", "--version", tag, "--confirm", tag, "--json", *OVERRIDES,
                home=shop.home / home,
            )
        )  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(create, one, "one"), pool.submit(create, other, "other")
        return first.result(), second.result()


def test_the_same_version(shop: Shop) -> None:
    sha = shop.commit("fix: raced")
    # Both have seen the tag absent before either makes it.
    shop.fault("delay", r"/git/refs$", method="POST", seconds=2.0, times=2)
    told = both(shop, "v7.0.0", "v7.0.0")
    assert shop.tags()["v7.0.0"] == sha
    assert len(shop.releases("v7.0.0")) == 1
    assert len(shop.runs("v7.0.0")) == 1
    outcomes = sorted(one.json()["result"]["outcome"] for one in told)
    assert outcomes in (["done", "done"], ["done", "refused"])
    for one in told:
        if one.code == 0:
            assert one.json()["result"]["run_id"] == shop.runs("v7.0.0")[0]["id"]
        else:
            assert "appeared on this commit" in one.err


def test_two_versions_of_one_commit(shop: Shop) -> None:
    sha = shop.commit("feat: raced")
    shop.fault("delay", r"/git/refs$", method="POST", seconds=2.0, times=2)
    lower, higher = both(shop, "v7.1.0", "v7.2.0")
    made = {tag for tag in ("v7.1.0", "v7.2.0") if shop.tags().get(tag) == sha}
    released = {tag for tag in ("v7.1.0", "v7.2.0") if shop.releases(tag)}
    assert released <= made
    meanwhile = "was made on the same commit meanwhile"
    if made == released == {"v7.1.0", "v7.2.0"}:  # the lower one had looked before the higher came
        assert (lower.code, higher.code) == (0, 0)
        assert f"v7.1.0 {meanwhile}" in higher.out
    elif made == {"v7.1.0", "v7.2.0"}:
        assert released == {"v7.2.0"}
        assert (lower.code, higher.code) == (3, 0)
        assert f"v7.2.0 {meanwhile}" in lower.err
    else:
        assert released == made
        assert sorted((lower.code, higher.code)) == [0, 3]
