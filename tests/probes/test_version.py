"""Where an answer says its version."""

import json

import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st

from relman.probes.version import read_version

BODY = json.dumps(
    {
        "version": "1.2.3",
        "build": {
            "parts": [{"version": "2.0.0"}, [7, "x"]],
            "count": 0,
            "ratio": 1.5,
            "ok": True,
            "none": None,
        },
        "with-dash": {"and space": "3"},
        "hostile": HOSTILE,
        "empty": "",
    }
).encode()
LIST = b'[{"version": "4"}]'


@pytest.mark.parametrize(
    ("where", "body", "expected"),
    [
        ("version", BODY, "1.2.3"),
        ("build.parts[0].version", BODY, "2.0.0"),
        ("build.parts[1][1]", BODY, "x"),
        ("build.count", BODY, "0"),
        ("build.ratio", BODY, "1.5"),
        ("with-dash.and space", BODY, "3"),
        ("[0].version", LIST, "4"),
        ("build.ok", BODY, None),
        ("build.none", BODY, None),
        ("build", BODY, None),
        ("build.parts", BODY, None),
        ("build.parts[9]", BODY, None),
        ("build[0]", BODY, None),
        ("version.more", BODY, None),
        ("absent", BODY, None),
        ("empty", BODY, None),
        ("", BODY, None),
        (".", BODY, None),
        ("a..b", BODY, None),
        ("a[", BODY, None),
        ("a[-1]", BODY, None),
        ("a[x]", BODY, None),
        ("version", b"", None),
        ("version", b"<html>", None),
        ("version", BODY[:20], None),
        ("version", b"[" * 100_000, None),
        ("version", b'{"version": ' + b"9" * 10_000 + b"}", None),
    ],
)
def test_a_path_into_the_answer(where, body, expected):
    assert read_version(where, {}, body) == expected


@pytest.mark.parametrize("where", ["header:X-Version", "header: x-version ", "HEADER:x-VERSION"])
def test_a_header(where):
    assert read_version(where, {"x-version": " 1.2.3 "}, b"") == "1.2.3"
    assert read_version(where, {}, b'{"header:X-Version": "1"}') is None


def test_a_version_is_clean_and_short():
    version = read_version("hostile", {}, BODY)
    assert not UNSAFE.search(version)
    assert "\n" not in version
    assert len(version) <= 100


@given(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.text() | st.floats() | st.integers(),
        lambda i: st.lists(i) | st.dictionaries(st.text(max_size=3), i),
        max_leaves=5,
    ),
)
def test_it_never_fails(where, value):
    found = read_version(where, {"": "x"}, json.dumps(value).encode())
    assert found is None or (found and not UNSAFE.search(found))
