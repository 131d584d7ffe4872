"""The gates of a release: those of its commit, and those of its version and range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from relman.errors import usage_error
from relman.model.commit import Level
from relman.model.gates import branch_gate, ci_gate, rules_gate, staging_gate, tag_gate
from relman.model.plan import Check, Verdict
from relman.model.release_choice import Decision, advised
from relman.model.release_facts import Evidence, History, ReleaseIntent
from relman.model.version import parse_version, version_of_tag
from relman.text import clean_line


def gates(history: History, evidence: Evidence, decision: Decision, intent: ReleaseIntent) -> tuple[Check, ...]:
    """Everything that has to hold, each with its evidence. Raises a usage error for an override of nothing."""
    sha = history.head.sha
    if decision.resumed:  # the tag is out: whatever the gates say now, only its release is missing
        return (tag_gate(decision.tag, sha, same=history.tags.at(sha), resumed=True),)
    reason = {key: clean_line(text) for key, text in intent.overrides.items()}
    checks = [
        ci_gate(sha, evidence.checks, evidence.roles, reason.get("ci", "")),
        staging_gate(sha, evidence.staging, evidence.at, reason.get("staging", "")),
        branch_gate(sha, history.branch, history.tip, reason.get("branch", "")),
    ]
    if decision.version is not None:
        version = parse_version(decision.version)
        assert version is not None
        mine = [
            one for one in history.releases if version_of_tag(one.tag, prefix=history.tags.prefix) == version
        ]
        checks += [
            tag_gate(
                decision.tag,
                sha,
                same=history.tags.of(version),
                releases=mine,
                withdrawn=history.withdrawn.reason(version),
            ),
            rules_gate(
                decision.tag,
                evidence.rulesets,
                evidence.rulesets_problem,
                reason.get("rules", ""),
            ),
        ]
        checks += _about_version(history, decision, reason)
    checks += _about_base(history, decision, reason)
    known = {check.key: check for check in checks}
    for key, text in reason.items():
        if key not in known:
            raise usage_error(
                f"There is no gate “{clean_line(key, 40)}” here", hint=f"The gates are {', '.join(known)}."
            )
        if not text:
            raise usage_error(f"The override of {key} has no reason", hint=f"Write --override {key}=REASON.")
        if known[key].verdict is not Verdict.PASSED and not known[key].overridable:
            raise usage_error(f"The gate {key} cannot be overridden", detail="; ".join(known[key].evidence))
    return tuple(checks)


def _about_version(history: History, decision: Decision, reason: Mapping[str, str]) -> list[Check]:
    checks: list[Check] = []
    version = parse_version(decision.version or "")
    assert version is not None
    base, proposal = history.base, decision.proposal
    if base is not None and version <= base.version:
        words = f"{version} is not higher than {clean_line(base.name)}, which this commit contains"
        checks.append(Check("version", f"{version} is higher than {base.version}", Verdict.FAILED, (words,)))
    elif decision.chosen and proposal.asked is Level.MAJOR and _lower(history, decision):
        words = f"a breaking change is in the range; {advised(history)} would be proposed"
        checks.append(
            Check(
                "version",
                f"{version} is as high as its commits ask",
                Verdict.FAILED,
                (words,),
                overridable=True,
                reason=reason.get("version", ""),
            )
        )
    if proposal.confirm and not decision.chosen:
        words = "no commit asks for a release; say --bump patch, or why"
        checks.append(
            Check(
                "commits",
                "A commit asks for a release",
                Verdict.FAILED,
                (words,),
                overridable=True,
                reason=reason.get("commits", ""),
            )
        )
    return checks


def _lower(history: History, decision: Decision) -> bool:
    wanted, version = parse_version(advised(history) or ""), parse_version(decision.version or "")
    return wanted is not None and version is not None and version.finalize_version() < wanted


def _about_base(history: History, decision: Decision, reason: Mapping[str, str]) -> list[Check]:
    checks: list[Check] = []
    base = history.base
    same = history.tags.conflict_of(base.version) if base is not None else ()
    if base is not None and same:
        words = tuple(f"{clean_line(tag.name)} is on {tag.short}" for tag in same)
        checks.append(
            Check(
                "base",
                f"{base.version} is on one commit",
                Verdict.FAILED,
                (*words, f"this range begins at {base.short}"),
                overridable=True,
                reason=reason.get("base", ""),
            )
        )
    if not history.complete and not decision.chosen:
        words_ = f"{len(history.commits)} of {history.total} commits could be read"
        checks.append(
            Check("range", "Every commit since the last version was read", Verdict.FAILED,
                  (words_, "name the version yourself: --version or --bump"))
        )  # fmt: skip
    return checks


def overridden(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The gates that do not hold and were passed with a reason."""
    return tuple(check for check in checks if check.verdict is not Verdict.PASSED and not check.blocks)
