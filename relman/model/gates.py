"""What has to hold before a commit becomes a release, each with what was seen.

Every function is pure and gives one :class:`relman.model.plan.Check`. What could not be read never passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from relman.errors import Kind, Problem
from relman.model.checks import CheckRun, CommitStatus
from relman.model.environment import Deployment, live_of
from relman.model.health import Health
from relman.model.plan import Check, Verdict
from relman.model.release import Release
from relman.model.roles import Roles
from relman.model.ruleset import Ruleset
from relman.model.run import Run
from relman.model.state import State, state_of, word_of
from relman.model.summary import version_of
from relman.model.times import clock
from relman.model.version_tags import VersionTag
from relman.text import clean_line

_PASSING = frozenset({State.SUCCESS, State.SKIPPED, State.NEUTRAL})
_STARS = 6  # more in one pattern could take for ever: such a rule is taken to apply
_SHOWN = 6  # lines of evidence of one kind
HEALTH_FRESH = timedelta(minutes=5)  # an older answer says nothing about now


class CommitChecks(Struct, frozen=True):
    """What was said of one commit. None where it could not be read; ``problems`` then say why.

    ``runs`` are the workflow runs of exactly this commit. ``required`` are the contexts that the branch's
    rules ask for.
    """

    runs: tuple[Run, ...] = ()
    check_runs: tuple[CheckRun, ...] | None = ()
    statuses: tuple[CommitStatus, ...] | None = ()
    required: tuple[str, ...] | None = ()
    problems: tuple[Problem, ...] = ()


class Staging(Struct, frozen=True):
    """The environment before production; ``name`` is "" where the repository has none.

    ``deployments`` newest first, with their statuses. ``probed``: there are health checks that can be asked.
    """

    name: str = ""
    deployments: tuple[Deployment, ...] = ()
    health: tuple[Health, ...] = ()
    probed: bool = False
    problem: Problem | None = None


def staging_of(environments: Iterable[str]) -> str:
    """The environment that stands before production, by its name; "" where there is none."""
    names = list(environments)
    for words in ({"staging", "stage", "stg"}, {"preprod", "preproduction", "uat", "qa"}):
        for name in names:
            if words.intersection(re.split(r"[-_/ .]", name.casefold())):
                return name
    return next((name for name in names if re.match(r"pre[-_]?prod", name.casefold())), "")


def ci_gate(sha: str, found: CommitChecks, roles: Roles, reason: str = "") -> Check:
    """Every check run and status of exactly this commit, each by its latest attempt, and the CI run itself.

    Deployments and nightly jobs that ran on the same commit are judged elsewhere. Where a token may not read
    check runs (fine-grained ones never may), the workflow runs decide, and the evidence says so.
    """
    good: list[str] = []
    bad: list[str] = []
    runs = _of_commit(run for run in found.runs if not _elsewhere(run, roles))
    judged = {run.id for run in runs}
    others = {run.check_suite_id for run in found.runs if run.id not in judged}
    latest_runs = _latest_runs(runs)
    ci = [run for run in latest_runs if run.path == roles.ci]
    for run in ci:
        words = f"{clean_line(run.name)} #{run.number}, attempt {run.attempt}: {run.word}"
        (good if run.state is State.SUCCESS else bad).append(words)
    if roles.ci is not None and not ci:
        bad.append(f"no run of {roles.ci.rsplit('/', 1)[-1]} exists for {sha[:7]}")
    names: set[str] = set()
    if found.check_runs is None:
        good.append("check runs cannot be read with this token; the workflow runs are judged instead")
        bad += [
            f"{clean_line(run.name)} #{run.number}: {run.word}"
            for run in latest_runs
            if run.path != roles.ci and run.state not in _PASSING
        ]
    else:
        paths = {run.check_suite_id: run.path for run in runs if run.check_suite_id is not None}
        counted = [one for one in found.check_runs if one.suite_id is None or one.suite_id not in others]
        passed = 0
        for check in latest_checks(counted, paths):
            names.add(check.name)
            state = state_of(check.status, check.conclusion)
            if check.status == "completed" and state in _PASSING:
                passed += 1
            else:
                bad.append(f"{clean_line(check.name)}: {word_of(check.status, check.conclusion)}")
        good.append(f"{passed} checks passed" if passed != 1 else "1 check passed")
        # One that could not start has no check run, and of two jobs of one name only one is seen.
        bad += [
            f"{clean_line(run.name)} #{run.number}: {run.word}"
            for run in latest_runs
            if run.path != roles.ci and run.state.failed
        ]
    for status in found.statuses or ():
        names.add(status.context)
        words = f"{clean_line(status.context)}: {status.state}"
        if status.description:
            words = f"{words} ({clean_line(status.description, 60)})"
        (good if status.state == "success" else bad).append(words)
    if found.statuses is None:
        bad.append("commit statuses could not be read")
    if found.required is None:
        good.append("which checks the branch requires could not be read")
    elif found.check_runs is not None:
        bad += [f"{clean_line(name)}: required, and missing" for name in found.required if name not in names]
    nothing = not names and not ci
    if nothing and not bad:
        bad.append(f"nothing has checked {sha[:7]}")
    if roles.ci is None:
        good.insert(0, _without_ci(names or {run.path.rsplit("/", 1)[-1] for run in latest_runs}))
    bad += [problem.sentence() for problem in found.problems if found.statuses is None]
    verdict = Verdict.FAILED if bad else Verdict.PASSED
    return Check("ci", f"CI is green on {sha[:7]}", verdict, _lines(bad, good), overridable=True, reason=reason)


def _without_ci(taken: Iterable[str]) -> str:
    names = sorted(clean_line(name) for name in taken)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    told = (
        f"taken instead: {', '.join(names[:_SHOWN])}{more}" if names else "and there is nothing to take instead"
    )
    return f"no workflow is known as CI (relman.toml can name it: `ci` under [workflows]); {told}"


def latest_checks(checks: Iterable[CheckRun], paths: dict[int, str] | None = None) -> tuple[CheckRun, ...]:
    """The latest check run of each name: two workflows with a job of one name do not stand for each other.

    ``paths`` gives the workflow by check suite. Failed ones first, then by name.
    """
    latest: dict[tuple[str, str], CheckRun] = {}
    for check in checks:
        home = (paths or {}).get(check.suite_id or 0, check.app)
        known = latest.get((home, check.name))
        if known is None or check.id > known.id:
            latest[home, check.name] = check
    return tuple(
        sorted(latest.values(), key=lambda one: (not state_of(one.status, one.conclusion).failed, one.name))
    )


def _elsewhere(run: Run, roles: Roles) -> bool:
    """Deployments and nightly jobs run on the same commits, and say nothing of the commit itself."""
    return run.path != roles.ci and (run.path in (roles.cd, roles.nightly) or run.event == "schedule")


def _of_commit(runs: Iterable[Run]) -> list[Run]:
    """Without runs of pull requests where the commit itself was tested: those test what a merge would give."""
    every = list(runs)
    tested = {run.path for run in every if not run.event.startswith("pull_request")}
    return [run for run in every if run.path not in tested or not run.event.startswith("pull_request")]


def _latest_runs(runs: Iterable[Run]) -> list[Run]:
    """The newest run of each workflow."""
    return list({run.path: run for run in sorted(runs, key=lambda run: run.id)}.values())


def staging_gate(sha: str, found: Staging, now: datetime, reason: str = "") -> Check:
    """Staging's current successful deployment is this commit, nothing newer was tried, and it answers well."""
    if not found.name:
        return Check("staging", "Staging runs this commit", Verdict.PASSED, ("this repository has no staging",))
    title = f"{clean_line(found.name)} runs {sha[:7]} and is healthy"
    if found.problem is not None:
        return Check(
            "staging", title, Verdict.UNKNOWN, (found.problem.sentence(),), overridable=True, reason=reason
        )
    good: list[str] = []
    bad: list[str] = []
    live, newest = live_of(found.deployments), next(iter(found.deployments), None)
    if live is None:
        bad.append("none of its newest deployments succeeded")
    elif live.sha != sha:
        bad.append(f"it runs {_version(live)} {_since(live, now)}")
    else:
        good.append(f"it runs{_since(live, now)}")
    if newest is not None and newest is not live:
        bad.append(f"a newer deployment of {_version(newest)} is {newest.state or 'not begun'}")
    if not found.probed:
        good.append("no health check of it is configured that can be asked from here")
    elif not found.health:
        bad.append("its health was not read")
    for answer in found.health:
        fresh = answer.checked_at is not None and now - answer.checked_at <= HEALTH_FRESH
        words = f"{clean_line(answer.name)}: {'healthy' if answer.ok else clean_line(answer.error) or 'ill'}"
        if answer.version:
            words = f"{words}, {clean_line(answer.version, 40)}"
        if answer.checked_at is not None and not fresh:
            words = f"{words} (asked at {clock(answer.checked_at, now)}: too old)"
        (good if answer.ok and fresh else bad).append(words)
    verdict = Verdict.FAILED if bad else Verdict.PASSED
    return Check("staging", title, verdict, _lines(bad, good), overridable=True, reason=reason)


def _since(deployment: Deployment, now: datetime) -> str:
    """A time, not an age: the same facts read later are the same plan."""
    return f" since {clock(deployment.created_at, now)}" if deployment.created_at is not None else ""


def _version(deployment: Deployment) -> str:
    name = clean_line(version_of(deployment))
    return name if name == deployment.sha[:7] else f"{name} ({deployment.sha[:7]})"


def branch_gate(sha: str, branch: str, tip: str | None, reason: str = "") -> Check:
    """The commit is still the branch's newest. ``tip`` is None where the branch could not be read."""
    name = clean_line(branch)
    title = f"{sha[:7]} is the newest commit of {name}"
    if tip is None:
        words = (f"{name} is not visible to this token, or does not exist",)
        return Check("branch", title, Verdict.UNKNOWN, words, overridable=True, reason=reason)
    if tip == sha:
        return Check("branch", title, Verdict.PASSED)
    return Check("branch", title, Verdict.FAILED, (f"{name} is at {tip[:7]}",), overridable=True, reason=reason)


def tag_gate(
    name: str,
    sha: str,
    *,
    same: Sequence[VersionTag] = (),
    releases: Sequence[Release] = (),
    withdrawn: str = "",
    resumed: bool = False,
) -> Check:
    """Nobody has used the version: no tag of it in any spelling, no release or draft, not withdrawn.

    ``same`` are the tags of that version, ``releases`` the releases of it. ``resumed``: the tag is on this
    commit already and its release is being finished.
    """
    title = f"{clean_line(name)} is free"
    used: list[str] = []
    if withdrawn:
        used.append(f"it was withdrawn: {withdrawn}")
    for tag in same:
        if resumed and tag.sha == sha and not tag.local:
            continue
        place = "in this clone only" if tag.local else "on GitHub"
        used.append(f"the tag {clean_line(tag.name)} exists {place}, on {tag.short}")
    if not resumed:
        for release in releases:
            what = "a draft release" if release.draft else "a release"
            used.append(f"{what} of {clean_line(release.tag)} exists")
    if used:
        return Check("tag", title, Verdict.FAILED, tuple(used))
    words = (f"the tag is on {sha[:7]} already: this goes on where it stopped",) if resumed else ()
    return Check("tag", title, Verdict.PASSED, words)


def rules_gate(
    name: str, rulesets: Sequence[Ruleset] | None, problem: Problem | None = None, reason: str = ""
) -> Check:
    """Rulesets let this token make the tag. Whoever may pass by a rule is not held back."""
    title = f"Rules allow the tag {clean_line(name)}"
    if rulesets is None:
        if problem is not None and problem.kind is Kind.PLAN:
            return Check("rules", title, Verdict.PASSED, ("the repository's plan has no rulesets",))
        words = problem.sentence() if problem else "the rulesets could not be read"
        return Check("rules", title, Verdict.UNKNOWN, (words,), overridable=True, reason=reason)
    against: list[str] = []
    unsure: list[str] = []
    told: list[str] = []
    for rules in rulesets:
        if rules.target != "tag" or rules.enforcement != "active" or not applies(rules, f"refs/tags/{name}"):
            continue
        if "tag_name_pattern" in rules.rules:
            told.append(
                f"the ruleset “{clean_line(rules.name)}” also restricts names: GitHub will judge this one"
            )
        if "creation" not in rules.rules:
            continue
        words = f"the ruleset “{clean_line(rules.name)}” restricts who makes such tags"
        if rules.bypass == "always":
            continue
        (unsure if rules.bypass == "" else against).append(words)
    if against:
        return Check("rules", title, Verdict.FAILED, tuple(against))
    if unsure:
        words = "GitHub does not say whether this token may pass"
        return Check("rules", title, Verdict.UNKNOWN, (*unsure, words), overridable=True, reason=reason)
    return Check("rules", title, Verdict.PASSED, tuple(told))


def applies(rules: Ruleset, ref: str) -> bool:
    """Whether a ruleset is about a full ref. ``*`` does not cross ``/``, ``**`` does."""
    if any(_fits(pattern, ref) for pattern in rules.exclude if pattern.count("*") <= _STARS):
        return False
    return any(pattern.count("*") > _STARS or _fits(pattern, ref) for pattern in rules.include)


def _fits(pattern: str, ref: str) -> bool:
    return pattern == "~ALL" or glob(pattern).fullmatch(ref) is not None


def glob(pattern: str) -> re.Pattern[str]:
    """A pattern of refs (``File.fnmatch`` with path names) as a regular expression."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if pattern.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
            continue
        if sign == "*":
            double = pattern.startswith("**", at)
            out.append(".*" if double else "[^/]*")
            at += 2 if double else 1
            continue
        if sign == "?":
            out.append("[^/]")
        elif sign == "[" and (end := pattern.find("]", at + 2)) > 0:
            inner = pattern[at + 1 : end]
            negated = inner[0] in "!^"
            body = re.sub(r"([\\\[\]&~|])", r"\\\1", inner[negated:])
            out.append(f"(?!/)[{'^' if negated else ''}{body}]" if body and _is_set(body) else re.escape(sign))
            at = end if body and _is_set(body) else at
        elif sign == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append(re.escape(sign))
        at += 1
    return re.compile("".join(out), re.DOTALL)


def _is_set(body: str) -> bool:
    """A range the wrong way round is no set."""
    try:
        re.compile(f"[{body}]")
    except re.error:
        return False
    return True


def _lines(bad: Sequence[str], good: Sequence[str]) -> tuple[str, ...]:
    return (*_few(bad), *_few(good))


def _few(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more"
