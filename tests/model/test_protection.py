"""Protection rules in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relman.model.environment import BranchPolicy, CustomRule, Environment, ProtectionRule, Reviewer
from relman.model.protection import protection
from relman.text import is_clean

AMARA, TOMAS, TEAM = Reviewer("User", 1, "amara"), Reviewer("User", 2, "tomas"), Reviewer("Team", 3, "release")


def review(*reviewers, prevent=None):
    return ProtectionRule("required_reviewers", reviewers=reviewers, prevent_self_review=prevent)


def said(rules=(), policies=None, custom=None, protected=None, **more):
    environment = Environment(1, "production", rules=tuple(rules), **more)
    return [(one.text, one.finding) for one in protection(environment, policies, custom, protected)]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, [("No protection: every branch and tag deploys at once", False)]),
        ({"rules": [review(AMARA)]}, [("1 reviewer: amara", False)]),
        (
            {"rules": [review(TOMAS, AMARA, prevent=True)]},
            [
                ("2 reviewers: amara, tomas; one review is enough", False),
                ("Whoever started a run cannot approve it", False),
            ],
        ),
        (
            {"rules": [review(TEAM, prevent=False)]},
            [
                ("Reviewers: team release; one review is enough", False),
                ("Whoever started a run may approve it too", False),
            ],
        ),
        ({"rules": [review(TEAM, AMARA)]}, [("2 reviewers: amara, team release; one review is enough", False)]),
        (
            {"rules": [review()]},
            [("A review is required, and no reviewer is named: nobody can give it", True)],
        ),
        ({"rules": [ProtectionRule("wait_timer", wait_minutes=5)]}, [("Waits 5 minutes first", False)]),
        ({"rules": [ProtectionRule("wait_timer", wait_minutes=90)]}, [("Waits 90 minutes first", False)]),
        ({"rules": [ProtectionRule("wait_timer", wait_minutes=1)]}, [("Waits 1 minute first", False)]),
        (
            {"rules": [ProtectionRule("wait_timer", wait_minutes=0)]},
            [("No protection: every branch and tag deploys at once", False)],
        ),
        ({"protected_branches": True}, [("Only protected branches", False)]),
        ({"protected_branches": True, "protected": True}, [("Only protected branches", False)]),
        (
            {"protected_branches": True, "protected": False},
            [("Only protected branches, and none is protected: everything may deploy", True)],
        ),
        ({"custom_policies": True}, [("Only certain branches or tags", False)]),
        (
            {"custom_policies": True, "policies": ()},
            [("Only certain branches or tags, and none is named: nothing may deploy", True)],
        ),
        ({"custom_policies": True, "policies": [BranchPolicy(1, "v*", "tag")]}, [("Only tags v*", False)]),
        ({"custom_policies": True, "policies": [BranchPolicy(1, "main")]}, [("Only branch main", False)]),
        (
            {"custom_policies": True, "policies": [BranchPolicy(1, "v*", "tag"), BranchPolicy(2, "release/*")]},
            [("Only branches release/* and tags v*", False)],
        ),
        (
            {"rules": [ProtectionRule("branch_policy"), ProtectionRule("datadog-gate")]},
            [("A rule of an app: datadog-gate", False)],
        ),
        (
            {"custom": [CustomRule(1, "datadog"), CustomRule(2, "off", enabled=False)]},
            [("The app datadog decides, too; nobody can answer for it", False)],
        ),
    ],
)  # fmt: skip
def test_rules_in_words(facts, expected):
    assert said(**facts) == expected


names = st.text(min_size=1, max_size=12)


@given(
    rules=st.lists(
        st.one_of(
            st.builds(
                review,
                st.builds(Reviewer, st.sampled_from(["User", "Team"]), st.integers(0, 9), names),
                prevent=st.none() | st.booleans(),
            ),
            st.builds(ProtectionRule, names, wait_minutes=st.none() | st.integers(0, 43200)),
        ),
        max_size=5,
    ),
    policies=st.none()
    | st.lists(st.builds(BranchPolicy, st.integers(), names, st.sampled_from(["branch", "tag"])), max_size=4),
    custom=st.none() | st.lists(st.builds(CustomRule, st.integers(), names, st.booleans()), max_size=3),
    protected=st.none() | st.booleans(),
    protected_branches=st.booleans(),
    custom_policies=st.booleans(),
)  # fmt: skip
def test_whatever_the_rules_they_are_lines(**facts):
    lines = said(**facts)
    assert lines
    for text, _ in lines:
        assert text.strip() and is_clean(text)
