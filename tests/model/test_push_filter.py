"""Whether a tag starts a workflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import relman.kit
from relman.model.push_filter import filter_pattern, starts_on_tag


@pytest.mark.parametrize(
    ("on", "starts"),
    [
        ("push", True),
        ("[push, pull_request]", True),
        ("pull_request", False),
        ("{push: {tags: ['v*']}}", True),
        ("{push: {tags: v1.2.3}}", True),
        ("{push: {tags: ['release-*']}}", False),
        ("{push: {branches: [main]}}", False),
        ("{push: {branches: [main], tags: ['v*']}}", True),
        ("{push: {branches-ignore: [x]}}", False),
        ("{push: {tags-ignore: ['v*']}}", False),
        ("{push: {tags-ignore: ['x*']}}", True),
        ("{push: {tags: ['v*', '!v1.*']}}", False),
        ("{push: {tags: ['v*', '!v1.*', 'v1.2.3']}}", True),
        ("{push: {paths: ['a/**']}}", True),
        ("{push: }", True),
        ("{workflow_dispatch: }", False),
        ("{push: {tags: ['*a*a*a*a*a*a*a*a*b']}}", None),
    ],
)
def test_filters(on: str, starts: bool | None) -> None:
    assert starts_on_tag(f"on: {on}\njobs: {{}}\n", "v1.2.3") is starts


def test_what_is_no_yaml_is_not_known() -> None:
    assert starts_on_tag("on: [", "v1") is None
    assert starts_on_tag("- a", "v1") is None


def test_the_kit_deploys_on_version_tags() -> None:
    text = (Path(relman.kit.__file__).parent / "workflows" / "cd.yml").read_text()
    assert starts_on_tag(text, "v1.2.3")
    assert not starts_on_tag(text, "nightly")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [("v[0-9]+.[0-9]+.[0-9]+", "v1.22.3", True), ("v[0-9].*", "v1.2", True), ("v*", "v/1", False),
     ("**", "v/1", True), ("v1?", "v", True), ("v?.1", "v.1", True), (r"\*", "*", True), ("[", "[", True),
     ("[9-0]", "[9-0]", True)],
)  # fmt: skip
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert bool(filter_pattern(pattern).fullmatch(name)) is fits


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_pattern_is_read(pattern: str, name: str) -> None:
    filter_pattern(pattern).fullmatch(name)
