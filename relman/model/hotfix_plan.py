"""The plan of a hotfix, in two rounds: first its branch, and once that has commits, its pull request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from semver import Version

from relman.errors import Kind, Problem
from relman.model.hotfix import branch_of, forward_port, hotfix_version, pull_request_text, too_much, warnings
from relman.model.plan import Change, Plan, Step
from relman.model.release import Branch, Commit, PullRequest, Release
from relman.model.version import parse_version, version_of_tag
from relman.model.version_tags import VersionTag, VersionTags, Withdrawn, used_versions
from relman.text import clean_line

NAME = "hotfix"


class HotfixIntent(Struct, frozen=True):
    """``version`` names the release to mend, as a tag or a version; None: what is deployed in production."""

    version: str | None = None


class InProduction(Struct, frozen=True):
    """What one production environment runs; ``tag`` is None where that is no version tag."""

    environment: str
    name: str
    sha: str
    tag: VersionTag | None = None


class HotfixFacts(Struct, frozen=True):
    """``production`` is what each production environment runs, ``source`` the tag to mend, None where there is
    no such tag.

    ``branch`` is the hotfix's branch where it exists, ``commits`` what it has beyond the source, newest first;
    ``related`` is False where it does not come from the source. ``elsewhere`` are the default branch's commits
    that it lacks. ``contained`` are commits of later tags that the source contains.
    """

    at: datetime
    tags: VersionTags
    default_branch: str
    production: tuple[InProduction, ...] = ()
    source: VersionTag | None = None
    releases: tuple[Release, ...] = ()
    withdrawn: Withdrawn = field(default_factory=Withdrawn)
    branch: Branch | None = None
    related: bool = True
    commits: tuple[Commit, ...] = ()
    elsewhere: tuple[Commit, ...] = ()
    pull_request: PullRequest | None = None
    contained: frozenset[str] = frozenset()
    who: str = ""
    may_push: bool | None = None

    @property
    def version(self) -> Version | None:
        """The hotfix's version: the next unused patch of the source's line."""
        if self.source is None:
            return None
        return hotfix_version(self.source.version, used_versions(self.tags, self.releases, self.withdrawn))

    @property
    def branch_name(self) -> str:
        version = self.version
        return branch_of(version, self.tags.prefix) if version is not None else ""


def agreed(production: Sequence[InProduction]) -> VersionTag | None:
    """The tag that every production environment runs; None where they differ or run none."""
    first = next(iter(production), None)
    same = first is not None and all((one.sha, one.name) == (first.sha, first.name) for one in production)
    return first.tag if first is not None and same else None


def source_of(tags: VersionTags, deployed: VersionTag | None, wanted: str | None) -> VersionTag | None:
    """The tag to mend: the one named, else the one in production; never a guess, and none of the clone only."""
    if wanted is None:
        return deployed
    version = version_of_tag(wanted, prefix=tags.prefix) or parse_version(wanted)
    same = [tag for tag in tags.of(version) if not tag.local] if version is not None else []
    return tags.named(wanted) or (same[0] if len(same) == 1 else None)


def hotfix_plan(repo: str, facts: HotfixFacts, intent: HotfixIntent) -> Plan:
    """Creates the branch where there is none; opens the pull request once the branch has commits."""
    source, version, name = facts.source, facts.version, facts.branch_name
    permission = None
    if facts.may_push is False:
        permission = Problem(
            Kind.PERMISSION,
            "This token may not push to the repository",
            hint="A hotfix needs Contents: write and Pull requests: write.",
        )
    ports = forward_port(facts.commits, facts.elsewhere)
    told: list[str] = []
    if source is not None and version is not None:
        told += warnings(source, version, facts.tags, facts.contained)
        told += too_much(facts.commits)
        told += [
            f"{_runs(one)}, not {clean_line(source.name)}" for one in facts.production if one.sha != source.sha
        ]
        if facts.withdrawn.reason(source.version):
            told.append(f"{clean_line(source.name)} is withdrawn: {facts.withdrawn.reason(source.version)}")
        told += facts.tags.notes
        told += _next(facts, name)
    title, body = request_text(facts)
    return Plan(
        action=NAME,
        title=f"Hotfix {version} of {source.name}" if source is not None else "Hotfix",
        repo=repo,
        target=f"{name} from {source.name} at {source.short}" if source is not None else "no version",
        steps=hotfix_steps(repo, facts, title),
        facts_at=facts.at,
        changes=(Change("hotfix", source.name, str(version)),) if source is not None else (),
        warnings=tuple(told),
        text=body,
        text_title="Pull request",
        permission=permission,
        stale=_stopped(facts, intent),
        who=facts.who,
        details=hotfix_details(facts, ports),
    )


def request_text(facts: HotfixFacts) -> tuple[str, str]:
    """Title and body of the pull request; empty while there is nothing to review."""
    if facts.source is None or facts.version is None or not facts.commits:
        return "", ""
    ports = forward_port(facts.commits, facts.elsewhere)
    return pull_request_text(facts.version, facts.source, facts.commits, ports, facts.default_branch)


def hotfix_steps(repo: str, facts: HotfixFacts, title: str) -> tuple[Step, ...]:
    """The branch; and with commits on it, the pull request."""
    source, name = facts.source, clean_line(facts.branch_name)
    if source is None:
        return ()
    steps = [
        Step("branch", f"Create the branch {name} from {clean_line(source.name)} ({source.short})",
             f"POST /repos/{repo}/git/refs ref=refs/heads/{name} sha={source.sha}", "deleting the branch"),
    ]  # fmt: skip
    if facts.commits:
        steps.append(
            Step(
                "pull-request",
                f"Open the pull request “{clean_line(title, 80)}” to {clean_line(facts.default_branch)}",
                f"POST /repos/{repo}/pulls head={name} base={clean_line(facts.default_branch)}",
                "closing the pull request",
            )
        )
    return tuple(steps)


def _next(facts: HotfixFacts, name: str) -> list[str]:
    """What a person does before the next round."""
    if facts.pull_request is not None:
        return [f"once it is green: relman release create --ref {name}"]
    if facts.commits:
        return []
    return [f"then: git fetch && git switch {name}, commit the fix, push, and run the same command again"]


def _stopped(facts: HotfixFacts, intent: HotfixIntent) -> Problem | None:
    if facts.source is None:
        if intent.version is None and len({(one.sha, one.name) for one in facts.production}) > 1:
            return Problem(
                Kind.REFUSED,
                "The production environments run different versions",
                "; ".join(map(_runs, facts.production)),
                "Name the one to mend: relman hotfix VERSION.",
            )
        if intent.version is None:
            return Problem(
                Kind.REFUSED,
                "What is deployed in production is not a version tag",
                hint="Name the version to mend: relman hotfix VERSION.",
            )
        wanted = clean_line(intent.version, 60)
        return Problem(
            Kind.REFUSED, f"There is no tag of {wanted} on GitHub", hint="Name a version that was tagged."
        )
    if not facts.source.stable:
        return Problem(
            Kind.REFUSED, f"{clean_line(facts.source.name)} is a pre-release", hint="Mend a stable version."
        )
    conflict = [
        tag for tag in facts.tags.of(facts.source.version) if tag.sha != facts.source.sha and not tag.local
    ]
    if conflict and intent.version != facts.source.name:
        places = ", ".join(f"{clean_line(tag.name)} on {tag.short}" for tag in (facts.source, *conflict))
        return Problem(Kind.REFUSED, f"{facts.source.version} is on different commits", places, "Name the tag.")
    if not facts.related:
        at = facts.branch.sha[:7] if facts.branch is not None else ""
        return Problem(
            Kind.REFUSED,
            f"The branch {clean_line(facts.branch_name)} exists and does not come from {clean_line(facts.source.name)}",
            f"it is at {at}, the tag at {facts.source.short}",
            "Rename or delete that branch, then start again.",
        )
    return None


def _runs(one: InProduction) -> str:
    return f"{clean_line(one.environment)} runs {clean_line(one.name)}"


def hotfix_details(facts: HotfixFacts, ports: tuple[Commit, ...]) -> dict[str, object]:
    """What ``--json`` has of a hotfix beside the plan."""
    return {
        "source": facts.source.name if facts.source is not None else None,
        "commit": facts.source.sha if facts.source is not None else None,
        "version": str(facts.version) if facts.version is not None else None,
        "branch": facts.branch_name,
        "branch_exists": facts.branch is not None,
        "commits": [_commit(commit) for commit in facts.commits],
        "forward_port": [_commit(commit) for commit in ports],
        "pull_request": facts.pull_request.number if facts.pull_request is not None else None,
    }


def _commit(commit: Commit) -> dict[str, str]:
    return {"sha": commit.sha, "subject": clean_line(commit.message.partition("\n")[0])}
