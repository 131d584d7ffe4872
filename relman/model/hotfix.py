"""A hotfix: its branch, its version, what it lacks, and what is to be brought forward."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from semver import Version

from relman.model.commit import Level, read_commits
from relman.model.release import Commit
from relman.model.release_choice import HOTFIX_BRANCH
from relman.model.version import parse_version
from relman.model.version_tags import VersionTag, VersionTags
from relman.text import clean_line

_PICKED = re.compile(r"^\(cherry picked from commit (?P<sha>[0-9a-f]{7,64})\)$", re.MULTILINE)
_NUMBER = re.compile(r" \(#\d+\)$")


def hotfix_version(source: Version, used: Collection[str]) -> Version:
    """The next unused patch of the source's line."""
    taken = {version for text in used if (version := parse_version(text)) is not None}
    free = source.replace(build=None).finalize_version().bump_patch()
    while free in taken:
        free = free.bump_patch()
    return free


def branch_of(version: Version | str, prefix: str = "") -> str:
    """The branch of a hotfix: ``hotfix/1.8.3``."""
    return f"{HOTFIX_BRANCH}{prefix}{version}"


def warnings(
    source: VersionTag, version: Version, tags: VersionTags, contained: Collection[str] = ()
) -> tuple[str, ...]:
    """What a person has to know of a hotfix from ``source``: later patches that it lacks, versions passed over.

    ``contained`` are commits of tags that the source contains: a rollback's tag is no fix.
    """
    line = [
        tag
        for tag in (*tags.tags, *tags.local)
        if tag.stable and tag.version[:2] == source.version[:2] and tag.version > source.version
    ]
    told = [
        f"{clean_line(tag.name)} fixed things that this hotfix will not have"
        for tag in sorted(line, key=lambda tag: tag.version)
        if tag.sha != source.sha and tag.sha not in contained
    ]
    passed = [tag for tag in line if tag.version < version]
    if passed:
        told.append(
            "passed over, because used: "
            + ", ".join(
                f"{clean_line(tag.name)} on {tag.short}" for tag in sorted(passed, key=lambda t: t.version)
            )
        )
    return tuple(told)


def too_much(commits: Sequence[Commit]) -> tuple[str, ...]:
    """Commits of a hotfix branch that ask for more than a patch."""
    asks = read_commits(
        [commit.message for commit in commits],
        ids=[commit.sha for commit in commits],
        authors=[commit.author for commit in commits],
    )
    return tuple(
        f"{commit.sha[:7]} “{clean_line(ask.subject, 60)}” asks for a {ask.level}; the hotfix stays a patch"
        for commit, ask in zip(commits, asks, strict=True)
        if ask.level.rank > Level.PATCH.rank
    )


def forward_port(hotfix: Sequence[Commit], elsewhere: Sequence[Commit]) -> tuple[Commit, ...]:
    """Commits of the hotfix that the default branch still lacks.

    ``elsewhere`` are the default branch's commits that the hotfix does not contain. GitHub gives no patch ids:
    a commit counts as brought forward where one there names it as cherry-picked, or has the same message
    (a pull request's number at the end does not count). Merge commits carry nothing of their own.
    """
    picked = [match["sha"] for commit in elsewhere for match in _PICKED.finditer(commit.message)]
    messages = {_plain(commit.message) for commit in elsewhere}
    return tuple(
        commit
        for commit in hotfix
        if commit.parents < 2
        and _plain(commit.message) not in messages
        and not any(commit.sha.startswith(sha) for sha in picked)
    )


def _plain(message: str) -> str:
    subject, _, body = _PICKED.sub("", message).strip().partition("\n")
    return f"{_NUMBER.sub('', subject.strip())}\n{body.strip()}"


def pull_request_text(
    version: Version, source: VersionTag, commits: Sequence[Commit], ports: Sequence[Commit], base: str
) -> tuple[str, str]:
    """Title and body of the pull request that asks for an expedited review."""
    first = clean_line(commits[0].message.partition("\n")[0]) if len(commits) == 1 else ""
    title = f"Hotfix {version}: {first}" if first else f"Hotfix {version}"
    lines = [
        f"**Expedited review, please.** This is a hotfix of {clean_line(source.name)}, which is in production.",
        "",
        f"It becomes {version}, tagged on this branch once its checks are green; merging brings it to {base}.",
        "",
        "Commits:",
        *(f"- {commit.sha[:7]} {clean_line(commit.message.partition(chr(10))[0])}" for commit in commits),
    ]
    if ports:
        lines += ["", f"Not yet in {base}:"]
        lines += [f"- {commit.sha[:7]} {clean_line(commit.message.partition(chr(10))[0])}" for commit in ports]
    return title, "\n".join(lines)
