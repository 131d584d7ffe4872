"""The Releases screen in words: what is not released yet, then every version with where it is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from relman.errors import Problem
from relman.model.board import Board, Section
from relman.model.deployed import ReleaseRow, release_rows
from relman.model.environment import Deployment
from relman.model.plan import is_production
from relman.model.release import Tag, TagRef
from relman.model.release_outlook import Outlook
from relman.model.state import Tone
from relman.model.times import ago, between, brief
from relman.model.version_tags import read_version_tags, withdrawn_versions
from relman.tui.present.columns import Column, header, row
from relman.tui.present.notice import Notice, instead, staleness
from relman.tui.present.piece import BLANK, Line, Piece, fit, joined, plain, quiet, safe, spread

_COLUMNS = (
    Column("", 1),
    Column("version", 14, least=10),
    Column("where", 22, least=14, grow=True, rank=8),
    Column("by", 20, least=14, rank=1),
    Column("age", 4, right=True, rank=7),
)
UNRELEASED: Hashable = ("unreleased",)
_UNREAD: Section[Outlook] = Section()
_TAGS, _RELEASES = 100, 30  # so many the board knows at most


class Entry(Struct, frozen=True):
    """A row of the list: a version, or (without ``row``) what is not released yet.

    ``before`` is the version before on the same line: the one its commits are counted from.
    """

    row: ReleaseRow | None = None
    before: ReleaseRow | None = None
    outlook: Section[Outlook] = _UNREAD
    reading: bool = False

    @property
    def key(self) -> Hashable:
        if self.row is None:
            return UNRELEASED
        return ("version", self.row.name, self.row.sha)

    @property
    def released_at(self) -> datetime | None:
        release = self.row.release if self.row is not None else None
        return None if release is None else release.published_at or release.created_at


def entries(board: Board, outlook: Section[Outlook], *, reading: bool) -> list[Entry]:
    """What is not released yet, then every version, highest first; then releases whose tag is no version."""
    rows = versions(board, outlook.value)
    return [
        Entry(outlook=outlook, reading=reading),
        *(Entry(one, _before(rows, at)) for at, one in enumerate(rows)),
    ]


def versions(board: Board, outlook: Outlook | None) -> tuple[ReleaseRow, ...]:
    """The board's tags and releases; what only a closer reading knows (older ones, rollbacks) comes from it."""
    tags = list(board.tags.value or ())
    releases = list(board.releases.value or ())
    refs: tuple[TagRef, ...] = ()
    if outlook is not None:
        history = outlook.history
        refs = history.refs
        names, ids = {tag.name for tag in tags}, {one.id for one in releases}
        if len(tags) >= _TAGS or board.tags.value is None:
            tags += [Tag(one.name, one.sha) for one in history.tags.tags if one.name not in names]
        if len(releases) >= _RELEASES or board.releases.value is None:
            oldest = min((one.id for one in releases), default=None)
            releases += [
                one for one in history.releases if one.id not in ids and (oldest is None or one.id < oldest)
            ]
    found = read_version_tags(tags, local=_local(outlook))
    gone = withdrawn_versions(found, releases, refs)
    if outlook is not None:  # what the team lists as withdrawn is known there alone
        gone = type(gone)({**outlook.history.withdrawn.why, **gone.why})
    rows = release_rows(
        found, releases, {name: one.value or () for name, one in board.deployments.items()}, gone
    )
    listed = {one.name for one in rows}
    others = [ReleaseRow(one.tag, None, "", one) for one in releases if one.tag not in listed]
    return (*rows, *others)


def _local(outlook: Outlook | None) -> list[Tag]:
    return [Tag(one.name, one.sha) for one in outlook.history.tags.local] if outlook is not None else []


def _before(rows: Sequence[ReleaseRow], at: int) -> ReleaseRow | None:
    """The next lower version on another commit; a stable one for a stable one."""
    mine = rows[at]
    if mine.version is None or not mine.sha:
        return None
    for other in rows[at + 1 :]:
        if other.version is None or other.sha in ("", mine.sha) or other.local:
            continue
        if mine.version.prerelease or not other.version.prerelease:
            return other
    return None


# ── the list ─────────────────────────────────────────────────────────────────────────────────


class ReleasesPresenter:
    """Lines of the list. ``offset`` is the server's clock minus this machine's."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def key(self, item: Entry) -> Hashable:
        return item.key

    def header(self, room: int) -> Line:
        return header(_COLUMNS, room)

    def line(self, item: Entry, room: int, now: datetime) -> Line:
        there = now + self.offset
        one = item.row
        if one is None:
            return _unreleased_line(item, room, there)
        age = between(item.released_at, None, there)
        glyph, tone = look(one)
        cells: tuple[Line, ...] = (
            (Piece(glyph, tone),),
            (Piece(safe(one.name, 80), Tone.QUIET if _faded(one) else Tone.PLAIN),),
            joined([(piece,) for piece in marks(one)], ", "),
            (quiet(safe(one.release.author, 40) if one.release is not None else ""),),
            (quiet(brief(age) if age is not None else ""),),
        )
        return row(cells, _COLUMNS, room)


def _unreleased_line(item: Entry, room: int, now: datetime) -> Line:
    outlook = item.outlook.value
    if outlook is None:
        words = "not read" if item.outlook.error is not None else "reading…"
        return fit((quiet("○  "), Piece("unreleased", strong=True), quiet(f": {words}")), room)
    decision = outlook.decision
    total = outlook.history.total
    what = f"{total} commit{'s' if total != 1 else ''}"
    if not total:
        on_head = outlook.history.base
        what = f"nothing since {safe(on_head.name, 60)}" if on_head is not None else "nothing"
    glyph, tone = ("●", Tone.GOOD) if outlook.holds else ("○", Tone.QUIET)
    left: list[Piece] = [Piece(f"{glyph}  ", tone), Piece("unreleased", strong=True), Piece(f": {what}")]
    if decision.version is not None:
        left += [quiet(" → "), Piece(safe(decision.tag, 60), strong=True), quiet(f" ({_level(outlook)})")]
    elif total:
        left.append(quiet(", nothing to release"))
    age = between(outlook.history.head.authored_at, None, now)
    return spread(left, (quiet(brief(age) if age is not None else ""),), room)


def _level(outlook: Outlook) -> str:
    decision = outlook.decision
    if decision.resumed:
        return "not finished"
    return "first" if outlook.history.base is None else decision.proposal.level.value


def look(one: ReleaseRow) -> tuple[str, Tone]:
    """Sign and tone of a version: what is worst first, then where it is."""
    if one.withdrawn:
        return ("×", Tone.BAD)
    if one.live:
        return ("●", Tone.GOOD)
    if one.release is not None and one.release.draft:
        return ("◐", Tone.QUIET)
    return ("●" if one.same_commit else "○", Tone.QUIET)


def marks(one: ReleaseRow) -> list[Piece]:
    """Where it is live, and what is unusual about it, in a word each."""
    told = [Piece(safe(name, 40), Tone.GOOD) for name in one.live]
    told += [quiet(safe(name, 40)) for name in one.same_commit]
    if one.withdrawn:
        told.append(Piece(taken_back(one), Tone.BAD))
    release = one.release
    if release is not None and release.draft:
        told.append(Piece("draft", Tone.WAITING))
    elif (one.version is not None and one.version.prerelease) or (
        release is not None and release.prerelease and not one.withdrawn
    ):
        told.append(quiet("pre-release"))
    elif release is None and not one.local:
        told.append(quiet("tag only"))
    if one.local:
        told.append(Piece("in this clone only", Tone.WAITING))
    return told


def _early(one: ReleaseRow) -> bool:
    """A pre-release by its version, or by its release where that is not how it was taken back."""
    if one.version is not None and one.version.prerelease:
        return True
    return one.release is not None and one.release.prerelease and not one.withdrawn


def taken_back(one: ReleaseRow) -> str:
    return "rolled back" if one.withdrawn.startswith("rolled back") else "withdrawn"


def _faded(one: ReleaseRow) -> bool:
    return bool(one.withdrawn) or (one.release is not None and one.release.draft)


# ── the filter ───────────────────────────────────────────────────────────────────────────────


def filtered(found: Sequence[Entry], text: str) -> list[Entry]:
    """The entries in which every word occurs (``!word``: in which it does not). What is unreleased stays on top."""
    words = text.casefold().split()
    return [item for item in found if item.row is None or all(_holds(item, word) for word in words)]


def _holds(item: Entry, word: str) -> bool:
    negated = word.startswith("!") and len(word) > 1
    one = item.row
    assert one is not None
    texts = [one.name, one.sha[:12], *(piece.text for piece in marks(one))]
    if one.release is not None:
        texts += [one.release.name, one.release.author]
    if one.live:
        texts.append("live")
    return any((word[1:] if negated else word) in text.casefold() for text in texts) is not negated


# ── titles and empty states ──────────────────────────────────────────────────────────────────


def list_title(shown: int, every: int, text: str, width: int) -> Line:
    """``shown`` of ``every`` version; the filter where there is one."""
    count = f" {every}" if not text else f" {shown} of {every}"
    right: Line = (quiet("/ "), Piece(safe(text, 60), accent=True)) if text else BLANK
    return spread((Piece("Releases", strong=True), quiet(count if every else "")), right, width)


def detail_title(
    item: Entry | None, board: Board, found: tuple[int, int] | None, now: datetime, width: int
) -> Line:
    """``found``: which of how many places a search stands on; ``now`` is this machine's."""
    if item is None:
        return plain("Release", strong=True)
    right: Line = BLANK
    if found is not None:
        right = (Piece(f"{found[0]} of {found[1]}", accent=True),)
    elif item.row is None:
        right = (quiet(_read_words(item, board, now)),)
    if item.row is None:
        outlook = item.outlook.value
        words = [plain("Unreleased", strong=True)]
        if outlook is not None:
            words.append(plain(safe(outlook.history.branch, 60), Tone.QUIET))
            if outlook.decision.version is not None:
                words.append(plain(safe(outlook.decision.tag, 60)))
        return spread(joined(words), right, width)
    one = item.row
    glyph, tone = look(one)
    name = (Piece(f"{glyph} ", tone), Piece(safe(one.name, 80), strong=True))
    return spread(joined([name, joined([(piece,) for piece in marks(one)], ", ")]), right, width)


def _read_words(item: Entry, board: Board, now: datetime) -> str:
    outlook = item.outlook.value
    if item.reading:
        return "reading…"
    if outlook is None or item.outlook.fetched_at is None:
        return ""
    head = board.head.value
    if head is not None and head.sha != outlook.history.head.sha:
        return f"{safe(outlook.history.branch, 40)} has moved to {head.sha[:7]}"
    return f"read {ago(item.outlook.fetched_at, now)}"


def nothing_here(board: Board, now: datetime) -> Notice | None:
    """What stands in the list's place while nothing is known at all."""
    if board.tags.value is not None or board.releases.value is not None:
        return None
    return instead(board.tags, "the releases", now, board.releases.error or board.dead_token)


def held_up(board: Board) -> Problem | None:
    """Why nobody asks where the default branch is, on which what is not released hangs; None where somebody does."""
    if board.head.value is not None or board.head.error is not None:
        return None
    return board.dead_token or (board.repository.error if board.repository.value is None else None)


def stale_line(item: Entry, board: Board, now: datetime) -> Line:
    """Over old data: how old, and why."""
    if item.row is None:
        return staleness(item.outlook, now)
    return staleness(board.releases, now) or staleness(board.tags, now)


def list_stale(board: Board, now: datetime) -> Line:
    return staleness(board.tags, now) or staleness(board.releases, now)


# ── what the keys act on ─────────────────────────────────────────────────────────────────────


def production_of(board: Board) -> str | None:
    """The environment that customers use, else the last one there is; None without any."""
    names = [one.name for one in board.environments.value or ()] or list(board.deployments)
    return next((name for name in names if is_production(name)), names[-1] if names else None)


def deployed_as(
    one: ReleaseRow, deployments: Mapping[str, Section[tuple[Deployment, ...]]]
) -> list[Deployment]:
    """The deployments of a version under its own name, newest first; where there are none, of its commit."""
    every = [each for section in deployments.values() for each in section.value or ()]
    mine = [each for each in every if each.ref.removeprefix("refs/tags/") == one.name]
    found = mine or [each for each in every if one.sha and each.sha == one.sha]
    return sorted(found, key=lambda each: each.id, reverse=True)


def run_of(one: ReleaseRow, board: Board) -> int | None:
    """The run that the version's tag started, or that deployed it; None where neither is known."""
    runs = [run for run in board.runs.value or () if run.branch == one.name and run.sha == one.sha]
    started = [run for run in runs if run.event == "push"] or runs
    deployed = {each.run_id for each in deployed_as(one, board.deployments)}
    # Of several workflows that a tag starts, the one that deploys is meant.
    for run in started:
        if run.id in deployed:
            return run.id
    if started:
        return started[0].id
    return next((each.run_id for each in deployed_as(one, board.deployments) if each.run_id), None)


def page_of(item: Entry, board: Board, web_url: str) -> str:
    """The page on the forge; "" where there is none."""
    from urllib.parse import quote

    home = f"{web_url}/{board.repo}"
    one = item.row
    if one is None:
        outlook = item.outlook.value
        if outlook is None:
            return f"{home}/releases"
        base, head = outlook.history.base, outlook.history.head.sha
        return f"{home}/compare/{quote(base.name)}...{head}" if base is not None else f"{home}/commits/{head}"
    if one.release is not None and one.release.url:
        return one.release.url
    return "" if one.local or not one.sha else f"{home}/releases/tag/{quote(one.name)}"
