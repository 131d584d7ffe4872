from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from relman.model.yaml_reader import MAX_DEPTH, Mapping, Node, Scalar, Sequence, YamlError, compose, plain_text


def data(node: Node | None) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [data(item) for item in node.items]
    if isinstance(node, Mapping):
        return {key.text: data(value) for key, value in node.pairs}
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: push", {"on": "push"}),
        ("a: yes\nb: no\nc: off\nd: On", {"a": "yes", "b": "no", "c": "off", "d": "On"}),
        ("a: true\nb: False\nc: TRUE", {"a": True, "b": False, "c": True}),
        ("a: 010\nb: 0o10\nc: 0x10", {"a": 10, "b": 8, "c": 16}),
        ("a: 1:30\nb: 2024-01-01\nc: 1_000", {"a": "1:30", "b": "2024-01-01", "c": "1_000"}),
        ("a: 3.10\nb: 1e3\nc: .5\nd: -0", {"a": 3.1, "b": 1000, "c": 0.5, "d": 0}),
        ("a: ~\nb: null\nc:\nd: ''", {"a": None, "b": None, "c": None, "d": ""}),
        ("a: '010'\nb: \"yes\"\nc: !!str 1", {"a": "010", "b": "yes", "c": "1"}),
        ("<<: {a: 1}\nb: 2", {"<<": {"a": 1}, "b": 2}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("\ufeffa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ('a: "\u2028"\nb: 2', {"a": "\u2028", "b": 2}),
        ("a: 🚀\nb: é", {"a": "🚀", "b": "é"}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("", None),
        ("# only a comment\n", None),
    ],
)
def test_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    assert data(compose(text)) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("a: 1\n---\nb: 2", 2, 1, "more than one"),
        ("a: *b", 1, 4, "names no anchor"),
        ("a: &a [*a]", 1, 8, "holds it"),
        ("a: \x00", 1, 4, "U+0000"),
        ("ok: 1\nb: x\x1by", 2, 5, "U+001B"),
        ("\tb: 1", 1, 1, "cannot start"),
        ("if: !cancelled()", 1, 5, "tag"),
        ("? [a]\n: b", 1, 3, "single value"),
        ("a: b: c", 1, 5, "not allowed"),
        ("- " * 5000 + "x", 1, 2 * MAX_DEPTH + 1, "deeper"),
        ("x" * (1024 * 1024 + 1), 1, 1, "1 MB"),
        ("a: !!int x", 1, 4, "!!int"),
    ],
)
def test_refusals_say_where(text: str, line: int, column: int, word: str) -> None:
    with pytest.raises(YamlError) as caught:
        compose(text)
    finding = caught.value.finding
    assert (finding.line, finding.column) == (line, column)
    assert word in finding.message


def test_brackets_too_deep_are_refused_where_the_reader_in_use_meets_its_limit() -> None:
    with pytest.raises(YamlError) as caught:
        compose("[" * 5000)
    finding = caught.value.finding
    assert "deeper" in finding.message and finding.line == 1
    assert finding.column >= MAX_DEPTH + 1  # libyaml reads ahead, and newer ones have a limit of their own


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(9):
        name, before = chr(98 + n), chr(97 + n)
        lines.append(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]")
    with pytest.raises(YamlError, match="expand"):
        compose("\n".join(lines))


def test_places_count_from_one() -> None:
    root = compose("a:\n  - x\n  -   y: z\n")
    assert isinstance(root, Mapping)
    items = root.get("a")
    assert isinstance(items, Sequence)
    assert [(item.line, item.column) for item in items.items] == [(2, 5), (3, 7)]


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "on: [push]\njobs:\n  a: {n: 010, x: &q 'é', y: *q}\n  b: |\n    x\n"
    fast = data(compose(text))
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert data(compose(text)) == fast
    with pytest.raises(YamlError, match="deeper"):
        compose("[" * 5000)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (3.1, "3.1"), (10, "10"), (1e300, "1e+300"), (float("inf"), "Infinity")],
)
def test_scalars_as_text(value: object, text: str) -> None:
    assert plain_text(value) == text  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        compose(text)
    except YamlError as error:
        assert error.finding.line >= 1 and error.finding.column >= 1


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(_plain)
def test_what_json_says_is_read_back(value: object) -> None:
    import json

    written = json.dumps(value)  # JSON is YAML 1.2
    if "\\u0" in written or "\\ud" in written or "\\u" in written:
        return  # escapes YAML has no use for (surrogate pairs)
    assert data(compose(written)) == value
