"""What a review would send, and when it no longer fits. All facts by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hostile import HOSTILE, UNSAFE
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from relman.errors import Kind
from relman.model.environment import (
    Approval,
    Deployment,
    DeploymentStatus,
    Environment,
    PendingDeployment,
    ProtectionRule,
    Reviewer,
)
from relman.model.plan import Verdict
from relman.model.plan_words import lines
from relman.model.review import (
    Facts,
    Now,
    Review,
    Target,
    answered_since,
    changed_set,
    given_by_me,
    live_changed,
    not_as_seen,
    permission,
)
from relman.model.review_plan import done_words, plan_review
from relman.model.run import Job, Run

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHA, LIVE_SHA = "4f2c9a1" + "0" * 33, "b" * 40
PRODUCTION, STAGING = Target(2, "production"), Target(1, "staging-eu")
RUN = Run(
    7, "CD", "feat: better search", 41, 1, "push", "waiting", None, "v1.9.0", SHA, 2, ".github/workflows/cd.yml",
    triggering_actor="amara", url="https://github.com/o/r/actions/runs/7",
)  # fmt: skip
ME = Reviewer("User", 1, "me")
ENVIRONMENT = Environment(2, "production", rules=(ProtectionRule("required_reviewers", reviewers=(ME,)),))


def pending(target=PRODUCTION, **more):
    return PendingDeployment(target.id, target.name, may_approve=True, reviewers=(ME,), **more)


def deployed(ref="v1.8.2", sha=LIVE_SHA, number=50):
    return Deployment(number, "production", sha, ref, statuses=(DeploymentStatus(1, "success", NOW),))


def facts(targets=(PRODUCTION,), **more):
    made = {
        "run": RUN,
        "pending": tuple(pending(target) for target in targets),
        "approvals": (),
        "jobs": (Job(1, 7, 1, "deploy", "waiting"),),
        "places": {target.name: Now(ENVIRONMENT, deployed()) for target in targets},
        "viewer": "me",
        "at": NOW,
        "server_time": NOW,
    }
    return Facts(**{**made, **more})


def wish(state="approved", targets=(PRODUCTION,), comment="", **more):
    return Review(
        **{
            "run_id": 7,
            "attempt": 1,
            "sha": SHA,
            "targets": targets,
            "state": state,
            "comment": comment,
            **more,
        }
    )


def said(user, state="approved", names=("production",), comment=""):
    return Approval(state, user, comment, names)


def test_the_plan_of_an_approval_is_the_exact_request():
    plan = plan_review(facts(), wish(comment="go"), "o/r")
    method, path, body = plan.steps[0].request.split(" ", 2)
    assert (method, path) == ("POST", "/repos/o/r/actions/runs/7/pending_deployments")
    assert json.loads(body) == {"environment_ids": [2], "state": "approved", "comment": "go"}
    assert (plan.word, plan.production, plan.who, plan.text) == ("production", True, "me", "go")
    assert plan.refusal() is None
    change = plan.changes[0]
    assert (change.what, change.before, change.after) == ("production", "v1.8.2", "v1.9.0 (4f2c9a1)")
    assert all(check.verdict is Verdict.PASSED for check in plan.checks)
    assert "not taken back" in plan.irreversible[0]


def test_a_rejection_needs_no_word_and_says_that_the_run_fails():
    plan = plan_review(facts(), wish("rejected"), "o/r")
    assert (plan.action, plan.word, plan.production) == ("reject", "", False)
    assert "run fails" in plan.irreversible[0] and plan.changes[0].after == "failure"


def test_several_environments_in_one_request():
    both = (PRODUCTION, STAGING)
    plan = plan_review(facts(both), wish(targets=both), "o/r")
    assert json.loads(plan.steps[0].request.split(" ", 2)[2])["environment_ids"] == [2, 1]
    assert plan.word == "production" and len(plan.steps) == 1 and len(plan.changes) == 2
    alone = plan_review(facts(both), wish(targets=(STAGING,)), "o/r")
    assert alone.word == "" and not alone.production
    assert any("Not part of this: production" in warning for warning in alone.warnings)
    every = (PRODUCTION, Target(3, "production-us"))
    assert plan_review(facts(every), wish(targets=every), "o/r").word == "production,production-us"


@pytest.mark.parametrize(
    ("place", "words", "rollback"),
    [
        (Now(ENVIRONMENT, deployed("v1.9.0", SHA)), "runs this commit already", False),
        (Now(ENVIRONMENT, deployed("v2.0.0")), "v1.9.0 is older than what runs on production", False),
        (Now(ENVIRONMENT, deployed("v2.0.0"), way_back=True), "This is a way back", True),
        (Now(ENVIRONMENT, None), None, False),
    ],
)
def test_what_a_person_should_know(place, words, rollback):
    plan = plan_review(facts(places={"production": place}), wish(), "o/r")
    assert plan.rollback is rollback
    if words is not None:
        assert any(words in warning for warning in plan.warnings)
    else:
        assert plan.changes[0].before == "nothing"


def test_the_timer_is_said_with_its_end_and_nothing_that_ages():
    timed = (pending(wait_minutes=5, wait_started_at=NOW - timedelta(minutes=2)),)
    early = plan_review(facts(pending=timed), wish(), "o/r")
    later = plan_review(facts(pending=timed, server_time=NOW + timedelta(minutes=1)), wish(), "o/r")
    assert any("the wait timer runs until" in warning for warning in early.warnings)
    assert early.warnings == later.warnings  # the same plan a minute later reads the same
    assert "wait timer still runs" in done_words(facts(pending=timed), wish())
    assert "wait timer" not in done_words(facts(), wish())


OTHER = replace(RUN, attempt=2, triggering_actor="tomas")
TIMED = {"pending": (pending(wait_minutes=5, wait_started_at=NOW - timedelta(minutes=1)),)}


@pytest.mark.parametrize(
    ("changed", "title", "detail"),
    [
        ({"run": OTHER}, "CD #41 v1.9.0 was started again by tomas", "attempt 2 now, it was 1"),
        ({"run": replace(RUN, sha="d" * 40)}, "is on another commit", "ddddddd now, it was 4f2c9a1"),
        ({"run": replace(RUN, status="completed", conclusion="cancelled"), "pending": ()}, "was cancelled", ""),
        (
            {"run": replace(RUN, status="completed", conclusion="failure"), "pending": ()},
            "has ended",
            "failure",
        ),
        ({"pending": (), "approvals": (said("amara"),)}, "Already approved by amara", "production"),
        (
            {"pending": (), "approvals": (said("amara", "rejected", comment="not\x1b[31m today"),)},
            "Already rejected by amara",
            "production, saying: not today",
        ),
        ({**TIMED, "approvals": (said("amara"),)}, "Already approved by amara", "production"),
        ({**TIMED, "approvals": (said("me", "rejected"),)}, "Already rejected by me", "production"),
        ({"pending": (), "run": replace(RUN, status="in_progress")}, "does not wait any more", ""),
        ({"pending": (pending(Target(2, "prod")),)}, "production is called prod now", ""),
    ],
)
def test_whatever_changed_stops_it_and_says_what_and_who(changed, title, detail):
    problem = not_as_seen(facts(**changed), wish())
    assert problem is not None and problem.kind is Kind.REFUSED
    assert title in problem.title and detail in problem.detail and "stale" in problem.hint
    plan = plan_review(facts(**changed), wish(), "o/r")
    assert plan.refusal() == problem


def test_what_i_said_already_is_done_and_not_stale():
    done = facts(pending=(), approvals=(said("me"),))
    assert not_as_seen(done, wish()) is None and given_by_me(done, wish()) == {PRODUCTION}
    # Half of it is not all of it.
    both = (PRODUCTION, STAGING)
    half = facts(both, pending=(pending(STAGING),), approvals=(said("me"),))
    assert "You have approved production already" in not_as_seen(half, wish(targets=both)).title


def test_a_review_of_an_earlier_attempt_answers_nothing():
    again = facts(run=replace(RUN, attempt=2), approvals=(said("me"),))
    second = wish(attempt=2)
    assert not_as_seen(again, second) is None and given_by_me(again, second) == set()
    cancelled = replace(RUN, attempt=2, status="completed", conclusion="cancelled")
    gone = facts(run=cancelled, approvals=(said("me"),), pending=())
    assert given_by_me(gone, second) == set() and "was cancelled" in not_as_seen(gone, second).title


def test_a_later_job_of_the_environment_waits_for_a_review_of_its_own():
    # The first job of the run was approved, by me or another; the second one of the same environment waits.
    for user in ("me", "amara"):
        second = facts(approvals=(said(user),))
        assert given_by_me(second, wish()) == set() and not_as_seen(second, wish()) is None
        assert plan_review(second, wish(), "o/r").refusal() is None
    assert answered_since(facts(approvals=(said("me"),)), facts(approvals=(said("me"),)), wish()) is None
    late = answered_since(facts(), facts(approvals=(said("amara"),)), wish())
    assert late is not None and late.title == "Already approved by amara"


def test_an_app_s_token_has_no_name_and_may_still_find_its_review():
    assert given_by_me(facts(viewer="", pending=(), approvals=(said("bot"),)), wish()) == {PRODUCTION}


def test_other_environments_that_wait_are_another_plan():
    before = facts()
    assert changed_set(before, facts()) is None
    assert "staging-eu waits now, too" in changed_set(before, facts((PRODUCTION, STAGING))).detail
    assert "production no longer waits" in changed_set(before, facts(pending=())).detail


def test_production_that_changed_meanwhile_is_another_plan():
    fresh = facts(places={"production": Now(ENVIRONMENT, deployed("v1.8.3", number=51))})
    assert live_changed(facts(), facts(), wish()) is None
    assert "v1.8.3 now, it was v1.8.2" in live_changed(facts(), fresh, wish()).detail
    assert live_changed(facts(), fresh, wish("rejected")) is None
    blind = facts(places={"production": Now(ENVIRONMENT, unread=live_changed(facts(), fresh, wish()))})
    assert live_changed(facts(), blind, wish()) is None


def test_who_may_not_is_told_before_anything_is_sent():
    mine = replace(pending(), may_approve=False, reviewers=(Reviewer("User", 9, "linnea"),))
    problem = permission(facts(pending=(mine,)), wish())
    assert problem.title == "You may not review production" and "linnea can approve" in problem.detail
    assert plan_review(facts(pending=(mine,)), wish(), "o/r").refusal() == problem
    timer = replace(mine, reviewers=(), wait_minutes=5, wait_started_at=NOW)
    bare = facts(pending=(timer,), places={"production": Now(None)})
    assert permission(bare, wish()).title == "Nobody can review production"
    hidden = Target(2, "produc\u200btion")
    odd = facts((hidden,))
    assert "does not read as it is written" in permission(odd, wish(targets=(hidden,))).title


texts = st.just(HOSTILE) | st.text(max_size=20)


@given(
    name=texts.filter(bool), sha=texts, branch=st.none() | texts, title=texts, user=texts, comment=texts,
    state=st.sampled_from(["approved", "rejected"]), approvals=st.booleans(), waits=st.booleans(),
    attempt=st.integers(1, 3), status=st.sampled_from(["waiting", "in_progress", "completed", "new"]),
)  # fmt: skip
def test_whatever_the_names_the_plan_reads_clean(
    name, sha, branch, title, user, comment, state, approvals, waits, attempt, status
):
    target = Target(2, name)
    run = replace(
        RUN,
        name=title,
        title=title,
        branch=branch,
        triggering_actor=user,
        sha=sha,
        attempt=attempt,
        status=status,
    )
    made = facts(
        (target,),
        run=run,
        pending=(pending(target),) if waits else (),
        approvals=(said(user, names=(name,), comment=comment),) if approvals else (),
        viewer=user,
    )
    plan = plan_review(made, wish(state, (target,), comment), "o/r")
    shown = lines(plan, NOW, plan.refusal())
    assert not any(UNSAFE.search(line.text) or "\n" in line.text for line in shown)
    assert json.loads(plan.steps[0].request.split(" ", 2)[2])["comment"] == comment


def test_what_github_leaves_out_leaves_no_hole():
    bare = replace(RUN, title="", triggering_actor="", branch=None)
    first, _ = plan_review(facts(run=bare), wish(), "o/r").checks[0].evidence
    assert first == "push by somebody"
