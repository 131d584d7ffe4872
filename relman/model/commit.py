"""What one commit asks of the next version, after Conventional Commits 1.0.0 and SemVer 2.0.0.

Strict where looseness cuts false majors: ``BREAKING CHANGE`` counts only in upper case, at the start of
a line below the header's blank line, with a colon or ``#``. Nothing is dropped silently: a commit that is
not understood asks for nothing and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace


class Level(StrEnum):
    """How far a version moves, weakest first; :func:`strongest` compares."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {Level.NONE: 0, Level.PATCH: 1, Level.MINOR: 2, Level.MAJOR: 3}

TYPES: Mapping[str, Level] = MappingProxyType(
    {
        "feat": Level.MINOR,
        "feature": Level.MINOR,
        "fix": Level.PATCH,
        "perf": Level.PATCH,
        "revert": Level.PATCH,
        "security": Level.PATCH,
        "hotfix": Level.PATCH,
        "deps": Level.PATCH,
    }
)
"""What a type asks for; every other type asks for nothing by itself."""

BOTS = frozenset({"dependabot[bot]", "dependabot-preview[bot]", "renovate[bot]", "renovate-bot"})
"""Authors whose bodies quote other projects' release notes: only the header counts."""

_HEADER = re.compile(r"(?P<type>[A-Za-z][\w-]*)(?:\((?P<scope>[^()\n]+)\))?(?P<bang>!)?: +(?P<text>\S.*)")
_NEARLY = re.compile(r"[A-Za-z][\w-]*!?(?:\([^()\n]*\))?!?\s*:")
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE(?:: | #)(?P<text>.*)$", re.MULTILINE)
_MERGE = re.compile(r"Merge (?:pull request|branch) ")
_REVERT = re.compile(r'(?P<verb>Revert|Reapply) "(?P<subject>.*)"(?: \(#\d+\))?')
_SHORT = 7  # characters of an id, at least, where a commit names another
_REVERTED_ID = re.compile(r"^This reverts commit (?P<id>[0-9a-f]{7,64})\b", re.MULTILINE | re.IGNORECASE)
_RELEASE_AS = re.compile(r"^Release-As: *v?(?P<version>\S+) *$", re.MULTILINE | re.IGNORECASE)
_SIGNED_BY_BOT = re.compile(
    r"^Signed-off-by: (?:" + "|".join(re.escape(bot) for bot in sorted(BOTS)) + r") <", re.MULTILINE
)
_BULLET = re.compile(r"^[ \t]*[*-] +(?P<header>[A-Za-z][\w-]*(?:\([^()\n]+\))?!?: +\S.*)$", re.MULTILINE)


class Ask(Struct, frozen=True):
    """What one commit asks for, and why.

    ``subject`` is the line that was read (for a merge commit, the first of its body), ``type`` in lower
    case and None where the commit is not conventional; then ``understood`` is False. ``hints`` are bullets
    of a squashed body that look like commits; they are shown and never counted.
    """

    message: str
    subject: str
    level: Level
    why: str
    type: str | None = None
    scope: str | None = None
    text: str = ""
    breaking: bool = False
    understood: bool = True
    cancelled: bool = False
    release_as: str | None = None
    hints: tuple[str, ...] = ()
    reverts: str | None = None  # the subject it takes back
    reverts_id: str | None = None  # the commit id it takes back


def strongest(levels: Sequence[Level]) -> Level:
    """The strongest of ``levels``; :attr:`Level.NONE` of none."""
    return max(levels, key=lambda level: level.rank, default=Level.NONE)


def read_commit(message: str, *, author: str = "", types: Mapping[str, Level] = TYPES) -> Ask:
    """What ``message`` (a full commit message) asks for when it stands alone."""
    normal = message.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    subject, _, rest = normal.partition("\n")
    subject = subject.rstrip()
    by_bot = author in BOTS or _SIGNED_BY_BOT.search(rest) is not None
    body = "" if by_bot else _below_blank(rest)
    if _MERGE.match(subject):
        merged = _first_line(rest)
        if merged and (_HEADER.fullmatch(merged) or _REVERT.fullmatch(merged)):
            subject = merged
    ask = _from_header(message, subject, types)
    found = _BREAKING.search(body)
    if found:
        note = found["text"].strip()
        why = f"BREAKING CHANGE footer: {note}" if note else "BREAKING CHANGE footer"
        ask = replace(ask, level=Level.MAJOR, breaking=True, why=why)
    wanted = _RELEASE_AS.findall(body)
    undone = _REVERTED_ID.search(body) if ask.reverts is not None or ask.type == "revert" else None
    return replace(
        ask,
        release_as=wanted[-1] if wanted else None,
        reverts_id=undone["id"].lower() if undone else None,
        hints=tuple(match["header"].strip() for match in _BULLET.finditer(body)),
    )


def read_commits(
    messages: Sequence[str],
    *,
    ids: Sequence[str] = (),
    authors: Sequence[str] = (),
    types: Mapping[str, Level] = TYPES,
) -> tuple[Ask, ...]:
    """What each of ``messages`` (newest first) asks for, reverts paired off within the range.

    ``ids`` and ``authors`` go with the messages where they are known. A revert and the commit it names
    cancel each other; a revert of something outside the range asks for a patch.
    """
    asks = [
        read_commit(message, author=authors[at] if at < len(authors) else "", types=types)
        for at, message in enumerate(messages)
    ]
    places: dict[str, list[int]] = {}
    for at in range(len(asks) - 1, -1, -1):  # the newest of equal subjects is last, where pop takes it
        places.setdefault(asks[at].subject, []).append(at)
    known: dict[str, list[int]] = {}  # by the beginning of the id, newest first
    for at in range(min(len(ids), len(asks))):
        known.setdefault(ids[at][:_SHORT].lower(), []).append(at)
    for at, ask in enumerate(asks):
        if asks[at].cancelled or (ask.reverts is None and ask.reverts_id is None):
            continue
        target = _target(at, ask, asks, ids, known, places)
        if target is None:
            continue
        asks[at] = replace(
            ask,
            level=Level.NONE,
            breaking=False,
            cancelled=True,
            why=f"takes back “{asks[target].subject}”, also in this range",
        )
        asks[target] = replace(
            asks[target], level=Level.NONE, breaking=False, cancelled=True, why="taken back later in this range"
        )
    return tuple(asks)


def _target(
    at: int,
    ask: Ask,
    asks: Sequence[Ask],
    ids: Sequence[str],
    known: Mapping[str, list[int]],
    places: Mapping[str, list[int]],
) -> int | None:
    """The place of the older, still standing commit that ``ask`` takes back."""
    if ask.reverts_id is not None:
        for other in known.get(ask.reverts_id[:_SHORT], []):
            if other > at and ids[other].lower().startswith(ask.reverts_id) and not asks[other].cancelled:
                return other
    if ask.reverts is not None:
        waiting = places.get(ask.reverts, [])
        for other in reversed(waiting):
            if other > at and not asks[other].cancelled:
                return other
    return None


def _from_header(message: str, subject: str, types: Mapping[str, Level]) -> Ask:
    revert = _REVERT.fullmatch(subject)
    if revert:
        undone = revert["subject"]
        if revert["verb"] == "Reapply":  # git's title for the revert of a revert
            undone = f'Revert "{undone}"'
        return Ask(
            message,
            subject,
            types.get("revert", Level.NONE),
            f"revert of “{undone}”",
            "revert",
            text=subject,
            reverts=undone,
        )
    header = _HEADER.fullmatch(subject)
    if header is None:
        why = (
            "looks like a conventional commit, but is not one: type(scope)!: text"
            if _NEARLY.match(subject)
            else "not a conventional commit"
        )
        return Ask(message, subject, Level.NONE, why, understood=False, text=subject)
    kind = header["type"].lower()
    level = types.get(kind, Level.NONE)
    why = f"type {kind}" if level is not Level.NONE else f"type {kind} asks for nothing by itself"
    breaking = header["bang"] is not None
    if breaking:
        level, why = Level.MAJOR, "“!” before the colon"
    return Ask(message, subject, level, why, kind, header["scope"], header["text"], breaking)


def _below_blank(rest: str) -> str:
    """The part of a message below the first blank line after its header."""
    if rest.startswith("\n"):
        return rest[1:]
    _, _, body = rest.partition("\n\n")
    return body


def _first_line(rest: str) -> str:
    return next((line.strip() for line in rest.split("\n") if line.strip()), "")
