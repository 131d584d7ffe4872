"""Conditions before the run: what is certain is right, what is not certain is not claimed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relman.model.condition import UNKNOWN, evaluate, filled, holds

KNOWN = {
    "github.event_name": "workflow_dispatch",
    "github.ref": "refs/tags/v1.2.0",
    "inputs.environment": "production",
    "inputs.force": False,
    "inputs.*": None,
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (None, True),
        ("github.event_name == 'workflow_dispatch'", True),
        ("github.event_name == 'WORKFLOW_DISPATCH'", True),
        ("${{ github.event_name == 'push' }}", False),
        ("github['event_name'] != 'push'", True),
        ("startsWith(github.ref, 'refs/tags/V')", True),
        ("endsWith(github.ref, '.0') && contains(github.ref, 'tags')", True),
        ("inputs.environment == 'staging'", False),
        ("inputs.force", False),
        ("!inputs.force", True),
        ("inputs.nothing", False),
        ("inputs.nothing == ''", True),
        ("failure()", None),
        ("failure() && inputs.environment == 'staging'", False),
        ("vars.X == 'a' || inputs.environment == 'production'", True),
        ("vars.X && inputs.force", False),
        ("vars.X || inputs.force", None),
        ("always()", True),
        ("!cancelled()", None),
        ("needs.build.outputs.changed == 'true'", None),
        ("github.event.head_commit.message == 'x'", None),
        ("1 < 2 && 2 >= 2 && 'a' < 'B'", True),
        ("null == 0 && '' == false && '1' == true", True),
        ("'x' == 0", False),
        ("fromJSON('true')", True),
        ("contains(fromJSON('[\"a\"]'), 'a')", None),
        ("case(inputs.force, 'a', inputs.environment == 'production', 'b', '')", True),
        ("github.ref == 'a' 'b'", None),  # not an expression
        ("${{ inputs.force }} == 'false'", None),  # a text GitHub takes for true; not claimed
    ],
)
def test_what_can_be_known(text: str | None, answer: bool | None) -> None:
    assert holds(text, KNOWN) is answer


def test_and_and_or_give_an_operand() -> None:
    assert evaluate("inputs.environment || 'x'", KNOWN) == "production"
    assert evaluate("inputs.nothing || 'x'", KNOWN) == "x"
    assert evaluate("inputs.environment && 'x'", KNOWN) == "x"


def test_names_are_filled_as_far_as_they_are_known() -> None:
    assert filled("deploy-${{ inputs.environment }}", KNOWN) == "deploy-production"
    assert filled("deploy-${{ vars.X }}", KNOWN) is None
    assert filled("plain", KNOWN) == "plain"
    assert filled("${{ inputs.force }}", KNOWN) == "false"
    assert filled("${{ not closed", KNOWN) is None


ATOMS = st.sampled_from(
    ["inputs.a", "inputs.b", "vars.c", "failure()", "'x'", "''", "0", "1", "true", "false", "null", "'0'"]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!=", "<", ">="]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda text: f"!{text}"),
    ),
    max_leaves=12,
)
VALUES = st.sampled_from([None, True, False, "", "x", "1", 0.0, 1.0])


@given(EXPRESSIONS, VALUES, VALUES, VALUES, st.booleans())
@example("('x' == (inputs.a || 'x'))", None, None, None, False)
@example("('x' != (inputs.a && ''))", "x", None, None, False)
def test_more_knowledge_never_contradicts(text: str, a: object, b: object, c: object, fails: bool) -> None:
    """What is said with less known is what is said with all known."""
    text = text.replace("failure()", "vars.f")
    everything = {"inputs.a": a, "inputs.b": b, "vars.c": c, "vars.f": fails}
    some = {"inputs.a": a, "inputs.b": b}
    whole = holds(text, everything)  # type: ignore[arg-type]
    assert whole is not None
    assert holds(text, some) in (None, whole)  # type: ignore[arg-type]
    assert holds(text, {}) in (None, whole)


@given(st.text(max_size=60))
@example("<\x1f")  # blank for Python, not for an expression
def test_no_text_breaks_it(text: str) -> None:
    assert holds(text, KNOWN) in (True, False, None)
    evaluate(text, KNOWN)
    filled(text, KNOWN)


def test_an_endless_expression_is_not_known() -> None:
    assert evaluate("(" * 5000 + "1" + ")" * 5000, {}) is UNKNOWN
    assert evaluate("!" * 20_000 + "1", {}) is not None
