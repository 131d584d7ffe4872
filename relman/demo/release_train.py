"""How versions go out: tags with their notes, reviews, releases, and the three bad days of the eight weeks.

One deploy fails its health check and is rolled back by the workflow; one version is rolled back by a new
higher tag on the old commit; one hotfix leaves from the tag that production runs.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial

from relman.demo.chance import dice
from relman.demo.failures import FINE, Fate
from relman.demo.history import Calendar
from relman.demo.hub import MAIN, Hub
from relman.demo.job_tables import CD, CI
from relman.demo.people import ACTIONS_BOT, LINNEA, TAGGERS, TOMAS, VIEWER
from relman.demo.records import EnvironmentRecord, RunRecord, UserRecord
from relman.demo.releases import Releases, new_release
from relman.demo.sources import changes_for
from relman.demo.subjects import Subject

Version = tuple[int, int, int]

_HOTFIX = Subject("fix", "auth", "reject expired tokens on the streaming endpoint")
_APPROVALS = ("", "", "LGTM", "Staging looks good.", "Ship it.", "Checked the dashboards, go.")
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_TITLE = re.compile(r"(?P<kind>[a-z]+)(\([^)]*\))?!?: ")


def version_of(tag: str) -> Version:
    """Raises :class:`ValueError` for a tag that is no plain version."""
    found = _VERSION.fullmatch(tag)
    if found is None:
        raise ValueError(tag)
    return int(found[1]), int(found[2]), int(found[3])


def tag_of(version: Version) -> str:
    return "v{}.{}.{}".format(*version)


class ReleaseTrain:
    def __init__(self, hub: Hub, releases: Releases, calendar: Calendar, seed: int) -> None:
        self.hub = hub
        self.releases = releases
        self.calendar = calendar
        self.agenda = hub.agenda
        self.rng = dice(seed, "releases")
        self._bad_health: datetime | None = calendar.workday(37, 9)  # the next release after it fails
        self._bad_version: datetime | None = calendar.workday(11, 9)  # the next release after it is withdrawn
        self._to_withdraw: str | None = None  # that release's tag
        self._reserved = False  # something urgent is being prepared
        self._urgent: set[str] = set()  # tags whose review does not wait
        self._verified: dict[str, set[int]] = {}  # commit: workflows that ended well on main
        self._before: dict[str, str] = {}  # tag: the tag its notes compare with
        self._deployed: list[str] = []  # tags that reached production, oldest first
        hub.runs.arrived.append(self._on_gate)
        hub.runs.finished.append(self._on_finished)

    def begin(self) -> None:
        for slot in self.calendar.release_slots():
            self.agenda.at(slot, self._slot)
        self.agenda.at(self.calendar.workday(20, 10), self._hotfix)
        self.agenda.at(self.calendar.start + timedelta(minutes=self.rng.randint(80, 170)), self._lively_slot)

    # Ordinary releases

    @property
    def idle(self) -> bool:
        """Nothing is on its way to production, and nothing urgent is being prepared."""
        return not self._reserved and not any(
            run.workflow_id == CD.id
            and run.ref.startswith("refs/tags/")
            and run.attempts[-1].status != "completed"
            for run in self.hub.state.runs.values()
        )

    def newest(self) -> str:
        """The highest version's tag."""
        return max(filter(_VERSION.fullmatch, self.hub.state.tags), key=version_of)

    def _slot(self) -> None:
        if not self.idle:
            if self.agenda.now.hour < 16:
                self.agenda.after(2400, self._slot)
            return
        fails = self._bad_health is not None and self.agenda.now >= self._bad_health
        if not self.cut(fate=Fate("production-health", steady=True) if fails else FINE):
            return
        if fails:
            self._bad_health = None
        elif self._bad_version is not None and self.agenda.now >= self._bad_version:
            self._bad_version, self._to_withdraw = None, self.newest()

    def _lively_slot(self) -> None:
        """After the world began: a version every few hours, never while another one waits or runs."""
        if self.idle:
            self.cut()
        self.agenda.after(60 * self.rng.randint(100, 300), self._lively_slot)

    def cut(self, *, head: str | None = None, fate: Fate = FINE) -> bool:
        """Tags the newest verified commit of main (at or below ``head``), if it is worth a release."""
        tags = self.hub.state.tags
        known = self.hub.repository.ancestors(tags[self._newest_on_main()].commit)
        tagged = {tag.commit for tag in tags.values()}
        sha = head or self.hub.state.branches[MAIN]
        while self._verified.get(sha, set()) != {CI.id, CD.id}:
            parents = self.hub.state.commits[sha].parents
            if sha in known or not parents:
                return False
            sha = parents[0]
        if sha in known or sha in tagged:
            return False
        unreleased = self.hub.repository.history(sha, beyond=known)
        kinds = {match["kind"] for one in unreleased if (match := _TITLE.match(one.message))}
        if not kinds & {"feat", "fix", "perf"}:
            return False
        major, minor, patch = version_of(self.newest())
        version = (major, minor + 1, 0) if "feat" in kinds else (major, minor, patch + 1)
        self._tag(version, sha, f"Release {tag_of(version)}", self.rng.choice(TAGGERS), fate)
        return True

    def _newest_on_main(self) -> str:
        reachable = self.hub.repository.ancestors(self.hub.state.branches[MAIN])
        tags = self.hub.state.tags
        return max(
            (name for name in filter(_VERSION.fullmatch, tags) if tags[name].commit in reachable),
            key=version_of,
        )

    def _tag(self, version: Version, commit: str, message: str, tagger: UserRecord, fate: Fate = FINE) -> None:
        name = tag_of(version)
        self._before[name] = self.newest()
        self.hub.push_tag(name, commit, message, tagger, fate=fate)

    # The three bad days

    def _roll_back(self, bad: str, good: str) -> None:
        """A new, higher tag on the old commit, with trailers that say so."""
        self._reserved = False
        message = (
            f"Roll back {bad} to {good}\n\nError rate of /api/v1/chat at 4 % since {bad}.\n\n"
            f"Relman-Rollback-Of: {bad}\nRelman-Rollback-To: {good}\n"
        )
        version = self._free_patch(bad)
        self._urgent.add(tag_of(version))
        self._tag(version, self.hub.state.tags[good].commit, message, TOMAS)
        for release in self.hub.state.releases:
            if release.tag == bad:
                release.prerelease = True
                release.body = f"> Withdrawn: rolled back to {good}.\n\n{release.body}"

    def _hotfix(self) -> None:
        live = self.hub.state.live.get("production")
        if live is None or not self.idle:
            self.agenda.after(1200, self._hotfix)
            return
        self._reserved = True
        source = f"v{live.version}"
        version = self._free_patch(source)
        branch = f"hotfix/{tag_of(version)[1:]}"
        self.hub.state.branches[branch] = self.hub.state.tags[source].commit
        changes = changes_for(_HOTFIX, self.hub.repository.files(self.hub.state.branches[branch]))
        commit = self.hub.push(branch, _HOTFIX.title, LINNEA, changes, fate=FINE)
        pull = self.hub.open_pull(branch, _HOTFIX.title, LINNEA, fate=FINE)

        def tag() -> None:
            self._reserved = False
            self._urgent.add(tag_of(version))
            self._tag(version, commit.sha, f"Hotfix: {_HOTFIX.text}", LINNEA)

        self.agenda.after(1380, tag)
        self.agenda.after(4500, partial(self.hub.merge, pull, TOMAS, squash=False, fate=FINE))

    def _free_patch(self, tag: str) -> Version:
        """The next unused patch of a version's line."""
        major, minor, patch = version_of(tag)
        while tag_of((major, minor, patch)) in self.hub.state.tags:
            patch += 1
        return major, minor, patch

    # What follows by itself

    def _on_gate(self, run: RunRecord, environment: EnvironmentRecord) -> None:
        """Before the world begins somebody reviews; what waits after that is the viewer's."""
        urgent = run.branch in self._urgent
        minutes = self.rng.uniform(1.5, 4.0) if urgent else self.rng.triangular(2.0, 26.0, 7.0)
        at = self.agenda.now + timedelta(minutes=minutes)
        if at < self.calendar.quiet_from:
            reviewer = VIEWER if run.actor is LINNEA or self.rng.random() < 0.4 else LINNEA
            comment = self.rng.choice(_APPROVALS)
            self.agenda.at(at, partial(self._approve, run, environment, reviewer, comment))

    def _approve(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord, comment: str) -> None:
        if self.hub.runs.may_review(run, environment, user):
            self.hub.runs.review(run, [environment.id], "approved", user, comment)

    def _on_finished(self, run: RunRecord) -> None:
        if run.event != "push" or run.attempts[-1].conclusion != "success":
            return
        if run.branch == MAIN:
            self._verified.setdefault(run.sha, set()).add(run.workflow_id)
        elif run.workflow_id == CD.id and run.branch in self.hub.state.tags:
            self._publish(run)
            if run.branch == self._to_withdraw:
                self._to_withdraw, self._reserved = None, True
                good = self._deployed[-1]
                self.agenda.after(self.rng.randint(2100, 3600), partial(self._roll_back, run.branch, good))
            self._deployed.append(run.branch)

    def _publish(self, run: RunRecord) -> None:
        """The release that the workflow's last job made; a second attempt finds the first one's."""
        if any(release.tag == run.branch for release in self.hub.state.releases):
            return
        release = new_release(run.branch, ACTIONS_BOT, self.agenda.now)
        release.name = run.branch
        commit = self.hub.state.tags[run.branch].commit
        release.body = self.releases.notes.write(run.branch, commit, self._before.get(run.branch))
        self.releases.create(release)
