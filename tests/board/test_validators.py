from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from os import urandom

import pytest

from relman.board.validators import ValidatorStore
from relman.model.answer import Validator, pack


def validator(body=b"body", etag='W/"1"'):
    return Validator(
        etag, "yesterday", pack(body), (("link", "<x>; rel=next"),), datetime(2026, 10, 14, tzinfo=UTC)
    )


@pytest.fixture
def store(tmp_path):
    store = ValidatorStore(tmp_path / "v.sqlite3", room=10_000)
    yield store
    store.close()


def test_a_validator_comes_back_also_after_a_new_start(store, tmp_path):
    assert store.get("a") is None
    store.put("a", validator())
    assert store.get("a") == validator()
    store.put("a", validator(b"newer"))
    other = ValidatorStore(tmp_path / "v.sqlite3")
    assert other.get("a") == validator(b"newer")
    other.close()


def test_room_is_bounded_and_the_least_used_go_first(store):
    bodies = {str(number): urandom(2000) for number in range(10)}
    for key, body in bodies.items():
        store.put(key, validator(body))
    kept = {key for key in bodies if store.get(key) is not None}
    assert "9" in kept
    assert "0" not in kept
    assert 2 <= len(kept) <= 5
    store.put("huge", validator(urandom(9000)))
    assert store.get("huge") is None
    assert store.get("9") is not None


def test_several_threads_at_once(store):
    def work(number):
        key = str(number % 4)
        store.put(key, validator(key.encode()))
        return store.get(key)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(200)))
    assert all(one is None or one.body in {b"0", b"1", b"2", b"3"} for one in found)
    assert store.get("3") == validator(b"3")


def test_what_cannot_be_kept_is_forgotten(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (None, tmp_path / "file" / "v.sqlite3"):
        store = ValidatorStore(path)
        store.put("a", validator())
        store.get("a")
        store.close()
        store.put("a", validator())
        assert store.get("a") is None


def test_a_damaged_entry_is_asked_again(store, tmp_path):
    import sqlite3

    store.put("a", validator())
    connection = sqlite3.connect(tmp_path / "v.sqlite3")
    connection.execute("UPDATE validators SET body = 7")
    connection.commit()
    connection.close()
    assert store.get("a") is None
    store.put("a", validator())
    assert store.get("a") == validator()
