"""What is kept of answers."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from relman.github.etag import (
    Known,
    Memory,
    MemoryValidators,
    conditions,
    key_of,
    reply_of,
    validator_of,
)
from relman.github.reply import Reply
from relman.github.requests import RAW, Request
from relman.model.answer import Validator, pack

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ASKED = Request("/x", "x", (("page", "1"),))


def kept(body=b"{}", etag='W/"1"', last_modified=None):
    return Validator(etag, last_modified, pack(body), (), NOW)


def test_an_answer_depends_on_everything_in_its_key():
    keys = {
        key_of(ASKED, "https://a", "2022-11-28", "token"),
        key_of(ASKED.at_page(2), "https://a", "2022-11-28", "token"),
        key_of(ASKED, "https://b", "2022-11-28", "token"),
        key_of(ASKED, "https://a", "2026-03-10", "token"),
        key_of(ASKED, "https://a", "2022-11-28", "another"),
        key_of(Request("/x", "x", (("page", "1"),), RAW), "https://a", "2022-11-28", "token"),
        key_of(Request("/x", "x", (("page", "1"),), method="HEAD"), "https://a", "2022-11-28", "token"),
    }
    assert len(keys) == 7


def test_what_it_is_called_is_not_in_the_key():
    renamed = Request("/x", "something else", (("page", "1"),))
    assert key_of(ASKED, "https://a", "1", "t") == key_of(renamed, "https://a", "1", "t")


def test_the_tag_is_asked_with_and_the_date_only_without_one():
    assert conditions(None) == {}
    assert conditions(kept()) == {"If-None-Match": 'W/"1"'}
    dated = "Mon, 23 Nov 2026 10:00:00 GMT"
    assert conditions(kept(last_modified=dated)) == {"If-None-Match": 'W/"1"'}
    assert conditions(kept(etag=None, last_modified=dated)) == {"If-Modified-Since": dated}
    assert conditions(kept(etag=None)) == {}


def test_an_answer_comes_back_with_the_headers_that_its_reading_needs():
    reply = Reply(
        200,
        {
            "etag": '"a"',
            "link": '<x>; rel="next"',
            "x-oauth-scopes": "repo",
            "date": "now",
            "set-cookie": "s=1",
        },
        b"[1]",
    )
    validator = validator_of(reply, NOW)
    assert (validator.etag, validator.last_modified, validator.stored_at) == ('"a"', None, NOW)
    again = reply_of(validator)
    assert (again.status, again.body) == (200, b"[1]")
    assert again.headers == {"link": '<x>; rel="next"', "x-oauth-scopes": "repo"}


def test_a_body_is_held_compressed():
    body = b'{"url": "https://api.github.com/repos/acme/app"}' * 1000
    validator = validator_of(Reply(200, {}, body), NOW)
    assert len(validator.packed) < len(body) / 10
    assert validator.body == body


def test_the_memory_forgets_what_was_not_used_for_longest():
    memory = Memory(entries=2)
    for name in ("a", "b"):
        memory.put(name, Known(kept(), name))
    assert memory.get("a").value == "a"
    memory.put("c", Known(kept(), "c"))
    assert memory.get("b") is None
    assert memory.get("a") is not None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=40))
def test_the_memory_stays_within_its_bytes(puts):
    memory = Memory(entries=4, size=100)
    for name, size in puts:
        memory.put(name, Known(Validator(None, None, b"x" * size, (), NOW), None))
        assert memory.get(name) is not None
        held = [memory.get(key) for key in "abcdef"]
        assert sum(len(one.validator.packed) for one in held if one) <= 100
        assert sum(one is not None for one in held) <= 4


def test_answers_can_be_kept_without_a_disk():
    store = MemoryValidators(entries=1)
    assert store.get("a") is None
    store.put("a", kept())
    assert store.get("a") == kept()
    store.put("b", kept())
    assert store.get("a") is None
