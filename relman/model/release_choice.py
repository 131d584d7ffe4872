"""Which version comes next from a commit, and which commits say so."""

from __future__ import annotations

from msgspec import Struct

from relman.errors import usage_error
from relman.model.commit import Ask, Level
from relman.model.release import Commit
from relman.model.release_facts import History, ReleaseIntent
from relman.model.trailers import PLAN, read_trailers, values
from relman.model.version import Proposal, parse_version, propose, version_of_tag
from relman.model.version_tags import VersionTag, used_versions
from relman.text import clean_line

HOTFIX_BRANCH = "hotfix/"


class Decision(Struct, frozen=True):
    """What would be released. ``version`` is None where nothing is to be; ``why`` says so, or what decided.

    ``resumed``: the tag is there already and its release is not: this goes on where it stopped.
    """

    proposal: Proposal
    version: str | None
    tag: str
    why: str
    resumed: bool = False
    chosen: bool = False  # a person named the version or the bump

    @property
    def prerelease(self) -> bool:
        version = parse_version(self.version or "")
        return bool(version and version.prerelease)


def decide(history: History, intent: ReleaseIntent) -> Decision:
    """The version that would be released, and why. Raises a usage error for a version or bump that is none."""
    proposal = _proposal(history, intent)
    if intent.version is not None:
        if intent.bump is not None:
            raise usage_error("Give a version or a bump, not both")
        version = version_of_tag(intent.version, prefix=history.tags.prefix) or parse_version(intent.version)
        if version is None:
            raise usage_error(
                f"“{clean_line(intent.version, 60)}” is not a version",
                hint="Use SemVer, three numbers such as 1.2.3.",
            )
        same = history.tags.of(version)
        # The very tag that was named, or that is there, whatever its spelling.
        there = next((tag.name for tag in same if tag.sha == history.head.sha and not tag.local), None)
        name = there or history.tags.name_for(version)
        return Decision(proposal, str(version), name, f"chosen: {version}", there is not None, chosen=True)
    here = unfinished(history, intent.channel)
    if here is not None and intent.bump is None:
        words = f"{clean_line(here.name)} is on {here.short} and its release is not finished"
        return Decision(proposal, str(here.version), here.name, words, resumed=True)
    on_head = _on_head(history, intent.channel)
    if on_head is not None and intent.bump is None:
        words = f"{clean_line(on_head.name)} is on this commit already; deploy it again instead"
        return Decision(proposal, None, "", words)
    if proposal.version is None:
        return Decision(proposal, None, "", proposal.why)
    tag = history.tags.name_for(proposal.version)
    return Decision(proposal, proposal.version, tag, proposal.why, chosen=intent.bump is not None)


def _proposal(history: History, intent: ReleaseIntent) -> Proposal:
    bump = intent.bump
    if bump is None and history.branch.startswith(HOTFIX_BRANCH) and history.base is not None:
        bump = Level.PATCH.value
    early = _early(history)
    top = next((tag for tag in early if tag.sha == history.head.sha), None)
    used = used_versions(history.tags, history.releases, history.withdrawn)
    ready = top is not None and str(top.version.finalize_version()) not in used
    return propose(
        str(history.base.version) if history.base else None,
        [commit.message for commit in history.commits],
        history=history.earlier,
        # A pre-release on the head has its core already, on a hotfix's branch too.
        bump=intent.bump if ready and intent.channel is None else bump,
        early=[str(tag.version) for tag in early],
        on_head=str(top.version) if top is not None else None,
        used=used,
        channel=intent.channel,
        ids=[commit.sha for commit in history.commits],
        authors=[commit.author for commit in history.commits],
    )


def _early(history: History) -> tuple[VersionTag, ...]:
    """The pre-releases among the range's commits that stand, highest first."""
    shas = {history.head.sha, *(commit.sha for commit in history.commits)}
    return tuple(
        tag
        for tag in history.tags.tags
        if not tag.stable
        and tag.sha in shas
        and (history.base is None or tag.version > history.base.version)
        and not history.withdrawn.reason(tag.version)
    )


def unfinished(history: History, channel: str | None = None) -> VersionTag | None:
    """A tag that relman made on this commit and whose release is missing or still a draft."""
    tag = _on_head(history, channel)
    ref = next((ref for ref in history.refs if tag is not None and ref.name == tag.name), None)
    if tag is None or ref is None or not values(read_trailers(ref.message), PLAN):
        return None
    published = any(one.tag == tag.name and not one.draft for one in history.releases)
    return None if published else tag


def _on_head(history: History, channel: str | None) -> VersionTag | None:
    """A version that is on the commit already and leaves nothing to release."""
    for tag in history.tags.at(history.head.sha):
        if tag.stable or (channel is not None and channel_of(tag) == channel):
            return tag
    return None


def channel_of(tag: VersionTag) -> str:
    """The channel of a pre-release ("rc" of rc.3); "" for a stable version."""
    return (tag.version.prerelease or "").rpartition(".")[0] or (tag.version.prerelease or "")


def advised(history: History) -> str | None:
    """What the commits alone would propose."""
    return propose(
        str(history.base.version) if history.base else None,
        [commit.message for commit in history.commits],
        history=history.earlier,
        ids=[commit.sha for commit in history.commits],
        authors=[commit.author for commit in history.commits],
    ).version


def is_latest(history: History, decision: Decision) -> bool:
    """Whether GitHub may call it the latest release: stable, and no higher one stands."""
    version = parse_version(decision.version or "")
    if version is None or version.prerelease:
        return False
    return not any(
        other.version > version and not history.withdrawn.reason(other.version)
        for other in history.tags.tags
        if other.stable
    )


class Group(Struct, frozen=True):
    """Unreleased commits that ask for the same; ``key`` is a level, "cancelled" or "not understood"."""

    key: str
    title: str
    commits: tuple[tuple[Commit, Ask], ...]


_TITLES = {
    "major": "Breaking changes (major)",
    "minor": "Features (minor)",
    "patch": "Fixes (patch)",
    "none": "No release asked for",
    "not understood": "Not understood",
    "cancelled": "Taken back in this range",
}


def groups(history: History, proposal: Proposal) -> tuple[Group, ...]:
    """The unreleased commits by what they ask for, strongest first; within a group newest first."""
    found: dict[str, list[tuple[Commit, Ask]]] = {key: [] for key in _TITLES}
    for commit, ask in zip(history.commits, proposal.commits, strict=True):
        key = "cancelled" if ask.cancelled else ask.level.value if ask.understood else "not understood"
        if not ask.understood and ask.level is not Level.NONE:  # a breaking footer in any commit counts
            key = ask.level.value
        found[key].append((commit, ask))
    return tuple(Group(key, _TITLES[key], tuple(items)) for key, items in found.items() if items)


def deciding(history: History, proposal: Proposal) -> tuple[tuple[Commit, Ask], ...]:
    """The commits that decided the bump, newest first; none where a person or a rule did."""
    if proposal.asked is Level.NONE:
        return ()
    pairs = zip(history.commits, proposal.commits, strict=True)
    return tuple((commit, ask) for commit, ask in pairs if ask.level is proposal.asked)
