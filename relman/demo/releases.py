"""Releases: publishing, editing and deleting them, and which one counts as the latest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from relman.demo.agenda import Agenda
from relman.demo.failures import Fate
from relman.demo.git_refs import valid_name
from relman.demo.hub import MAIN, Hub
from relman.demo.records import ReleaseRecord, UserRecord
from relman.demo.release_notes import ReleaseNotes
from relman.demo.state import Refusal, State

_NO_TAG = {"resource": "Release", "code": "custom", "message": "Published releases must have a valid tag"}


class Releases:
    def __init__(self, state: State, agenda: Agenda, hub: Hub) -> None:
        self._state = state
        self._agenda = agenda
        self._hub = hub
        self.notes = ReleaseNotes(state, hub.repository)

    def create(
        self, wish: ReleaseRecord, *, notes: bool = False, fate: Fate | None = None, silent: bool = False
    ) -> ReleaseRecord:
        """Adds a release made from ``wish``, whose id and times are given here.

        Publishing one whose tag does not exist makes a lightweight tag at its target, which starts what
        listens to tags, unless it is made ``silent``. ``notes``: generated ones follow the body.
        """
        target = self._settled_target(wish)
        self._check(wish, target)
        wish.id = self._state.numbers.next("release")
        wish.created_at = self._state.commits[target].at
        if notes:
            written = self.notes.write(wish.tag, target, None)
            wish.body = f"{wish.body}\n\n{written}" if wish.body else written
            wish.name = wish.name or wish.tag
        if not wish.draft:
            self._publish(wish, target, fate, silent=silent)
        self._state.releases.insert(0, wish)
        return wish

    def edit(
        self, record: ReleaseRecord, wish: ReleaseRecord, *, fate: Fate | None = None, silent: bool = False
    ) -> ReleaseRecord:
        """Brings a release to what ``wish`` says. Publishing a draft is as creating a release."""
        target = self._settled_target(wish)
        self._check(wish, target, besides=record)
        if not wish.draft and wish.published_at is None:
            self._publish(wish, target, fate, silent=silent)
        wish.created_at = self._state.commits[target].at
        self._state.releases[self._state.releases.index(record)] = wish
        return wish

    def delete(self, record: ReleaseRecord) -> None:
        """The tag stays."""
        self._state.releases.remove(record)

    def _publish(self, wish: ReleaseRecord, target: str, fate: Fate | None, *, silent: bool) -> None:
        wish.published_at = self._agenda.now
        if wish.tag not in self._state.tags:
            self._hub.refs.create(f"refs/tags/{wish.tag}", target)
            if not silent:
                self._hub.started_by_tag(wish.tag, wish.author, fate=fate)

    def _settled_target(self, wish: ReleaseRecord) -> str:
        """The commit of the tag, or where it does not exist that of the target."""
        if wish.tag in self._state.tags:
            return self._state.tags[wish.tag].commit
        sha = self._state.branches.get(wish.target or MAIN) or wish.target
        if sha not in self._state.commits:
            raise _invalid({"resource": "Release", "code": "invalid", "field": "target_commitish"}, _NO_TAG)
        return sha

    def _check(self, wish: ReleaseRecord, target: str, *, besides: ReleaseRecord | None = None) -> None:
        if not valid_name(wish.tag):
            raise _invalid(
                {"resource": "Release", "code": "custom", "message": "tag_name is not a valid tag"}, _NO_TAG
            )
        others = (one for one in self._state.releases if one is not besides and not one.draft)
        if not wish.draft and any(one.tag == wish.tag for one in others):
            raise _invalid({"resource": "Release", "code": "already_exists", "field": "tag_name"})
        if not wish.draft and wish.tag not in self._state.tags:
            try:
                self._hub.refs.check_creation(f"refs/tags/{wish.tag}")
            except Refusal as refusal:
                message = f"pre_receive {refusal}"
                raise _invalid(
                    {"resource": "Release", "code": "custom", "field": "pre_receive", "message": message},
                    _NO_TAG,
                ) from None


def new_release(tag: str, author: UserRecord, at: datetime) -> ReleaseRecord:
    """A release with nothing settled but its tag."""
    return ReleaseRecord(0, tag, "", "", author, MAIN, at, None)


def latest(releases: Iterable[ReleaseRecord]) -> ReleaseRecord | None:
    """The release GitHub calls the latest: the last published one that was to be it, drafts and
    pre-releases apart. A ``legacy`` one counts from its commit's date.
    """
    fitting = [one for one in releases if not one.draft and not one.prerelease]
    willing = [one for one in fitting if one.make_latest != "false"] or fitting
    return max(willing, key=_rank, default=None)


def _rank(record: ReleaseRecord) -> tuple[datetime, int]:
    by_commit = record.make_latest == "legacy" or record.published_at is None
    return (record.created_at if by_commit else record.published_at or record.created_at), record.id


def _invalid(*errors: dict[str, str]) -> Refusal:
    return Refusal("Validation Failed", errors=list(errors))
