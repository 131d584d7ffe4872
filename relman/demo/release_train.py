"""How versions go out: tags with their notes, reviews, releases, and the three bad days of the eight weeks.

One deploy fails its health check and is rolled back by the workflow; one version is rolled back by a new
higher tag on the old commit; one hotfix leaves from the tag that production runs.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from random import Random

from relman.demo.failures import FINE, Fate
from relman.demo.history import Calendar
from relman.demo.hub import MAIN, Hub
from relman.demo.job_tables import CD, CI
from relman.demo.people import ACTIONS_BOT, LINNEA, TAGGERS, TOMAS, VIEWER
from relman.demo.records import CommitRecord, EnvironmentRecord, ReleaseRecord, RunRecord, UserRecord
from relman.demo.sources import changes_for
from relman.demo.subjects import Subject

Version = tuple[int, int, int]

_HOTFIX = Subject("fix", "auth", "reject expired tokens on the streaming endpoint")
_APPROVALS = ("", "", "LGTM", "Staging looks good.", "Ship it.", "Checked the dashboards, go.")
_TITLE = re.compile(r"^(?P<kind>[a-z]+)(\([^)]*\))?(?P<breaking>!)?: ")


def version_of(tag: str) -> Version:
    major, minor, patch = tag.removeprefix("v").split(".")
    return int(major), int(minor), int(patch)


def tag_of(version: Version) -> str:
    return "v{}.{}.{}".format(*version)


class ReleaseTrain:
    def __init__(self, hub: Hub, calendar: Calendar, seed: int) -> None:
        self.hub = hub
        self.calendar = calendar
        self.agenda = hub.agenda
        self.rng = Random(f"{seed}/releases")
        self._busy: RunRecord | None = None  # the newest run of a tag
        self._bad_health = calendar.workday(37, 9)
        self._bad_version = calendar.workday(11, 9)
        self._to_withdraw: int | None = None  # the run of the version that will turn out bad
        self._verified: dict[str, set[int]] = {}  # commit: workflows that ended well on main
        self._before: dict[str, str] = {}  # tag: the tag its notes compare with
        self._deployed: list[str] = []  # tags that reached production, oldest first
        hub.runs.arrived.append(self._on_gate)
        hub.runs.finished.append(self._on_finished)

    def begin(self) -> None:
        for slot in self.calendar.release_slots():
            self.agenda.at(slot, self._slot)
        self.agenda.at(self.calendar.workday(20, 10), self._hotfix)

    # Ordinary releases

    @property
    def idle(self) -> bool:
        return self._busy is None or self._busy.attempts[-1].status == "completed"

    def newest(self) -> str:
        """The highest tag."""
        return max(self.hub.state.tags, key=version_of)

    def _slot(self) -> None:
        if not self.idle:
            if self.agenda.now.hour < 16:
                self.agenda.after(2400, self._slot)
            return
        fate = FINE
        if self._bad_health is not None and self.agenda.now >= self._bad_health:
            fate = Fate("production-health", steady=True)
        if not self.cut(fate=fate):
            return
        if fate.failure:
            self._bad_health = None
        elif self._bad_version is not None and self.agenda.now >= self._bad_version:
            assert self._busy is not None
            self._bad_version, self._to_withdraw = None, self._busy.id

    def cut(self, *, head: str | None = None, fate: Fate = FINE) -> bool:
        """Tags the newest verified commit of main (at or below ``head``), if it is worth a release."""
        commits = self.hub.state.commits
        tags = self.hub.state.tags
        known = self.hub.repository.ancestors(tags[self._newest_on_main()].commit)
        tagged = {tag.commit for tag in tags.values()}
        chosen = None
        sha = head or self.hub.state.branches[MAIN]
        while sha not in known and sha not in tagged:
            if self._verified.get(sha, set()) >= {CI.id, CD.id}:
                chosen = sha
                break
            sha = commits[sha].parents[0]
        if chosen is None:
            return False
        unreleased = [one for one in self.hub.repository.history(chosen) if one.sha not in known]
        kinds = {match["kind"] for one in unreleased if (match := _TITLE.match(one.message))}
        if not kinds & {"feat", "fix", "perf"}:
            return False
        major, minor, patch = version_of(self.newest())
        version = (major, minor + 1, 0) if "feat" in kinds else (major, minor, patch + 1)
        tagger = self.rng.choice(TAGGERS)
        self._tag(version, chosen, f"Release {tag_of(version)}", tagger, fate)
        return True

    def _newest_on_main(self) -> str:
        reachable = self.hub.repository.ancestors(self.hub.state.branches[MAIN])
        tags = self.hub.state.tags
        return max((name for name in tags if tags[name].commit in reachable), key=version_of)

    def first(self, name: str, commit: str, tagger: UserRecord) -> None:
        """The version that production runs when the eight weeks begin."""
        self._push(name, commit, f"Release {name}", tagger, FINE)

    def _tag(self, version: Version, commit: str, message: str, tagger: UserRecord, fate: Fate) -> None:
        self._before[tag_of(version)] = self.newest()
        self._push(tag_of(version), commit, message, tagger, fate)

    def _push(self, name: str, commit: str, message: str, tagger: UserRecord, fate: Fate) -> None:
        self.hub.push_tag(name, commit, message, tagger, fate=fate)
        self._busy = next(reversed(self.hub.state.runs.values()))

    # The three bad days

    def _roll_back(self, bad: str, good: str) -> None:
        """A new, higher tag on the old commit, with trailers that say so."""
        if not self.idle:
            self.agenda.after(600, partial(self._roll_back, bad, good))
            return
        message = (
            f"Roll back {bad} to {good}\n\nError rate of /api/v1/chat at 4 % since {bad}.\n\n"
            f"Relman-Rollback-Of: {bad}\nRelman-Rollback-To: {good}\n"
        )
        self._tag(self._free_patch(bad), self.hub.state.tags[good].commit, message, TOMAS, FINE)
        for release in self.hub.state.releases:
            if release.tag == bad:
                release.prerelease = True
                release.body = f"> Withdrawn: rolled back to {good}.\n\n{release.body}"

    def _free_patch(self, tag: str) -> Version:
        """The next unused patch of a version's line."""
        major, minor, patch = version_of(tag)
        while tag_of((major, minor, patch)) in self.hub.state.tags:
            patch += 1
        return major, minor, patch

    def _hotfix(self) -> None:
        live = self.hub.state.live.get("production")
        if live is None or not self.idle:
            self.agenda.after(1200, self._hotfix)
            return
        source = f"v{live.version}"
        version = self._free_patch(source)
        branch = f"hotfix/{tag_of(version)[1:]}"
        self.hub.state.branches[branch] = self.hub.state.tags[source].commit
        changes = changes_for(_HOTFIX, self.hub.repository.files(self.hub.state.branches[branch]))
        commit = self.hub.push(branch, _HOTFIX.title, LINNEA, changes, fate=FINE)
        pull = self.hub.open_pull(branch, _HOTFIX.title, LINNEA, fate=FINE)
        message = f"Hotfix: {_HOTFIX.text}"
        self.agenda.after(1380, lambda: self._tag(version, commit.sha, message, LINNEA, FINE))
        self.agenda.after(4500, lambda: self.hub.merge(pull, TOMAS, squash=False, fate=FINE))

    # What follows by itself

    def _on_gate(self, run: RunRecord, environment: EnvironmentRecord) -> None:
        """Before the world begins somebody reviews; what waits after that is the viewer's."""
        urgent = run.branch == self.newest() and self.hub.state.commits[run.sha].message.startswith("fix(auth)")
        minutes = self.rng.uniform(1.5, 4.0) if urgent else self.rng.triangular(2.0, 26.0, 7.0)
        at = self.agenda.now + timedelta(minutes=minutes)
        if at < self.calendar.quiet_from:
            reviewer = VIEWER if self.rng.random() < 0.4 else LINNEA
            if reviewer.id == run.actor.id:
                reviewer = VIEWER
            comment = self.rng.choice(_APPROVALS)
            self.agenda.at(at, partial(self._approve, run, environment, reviewer, comment))

    def _approve(self, run: RunRecord, environment: EnvironmentRecord, user: UserRecord, comment: str) -> None:
        if self.hub.runs.may_review(run, environment, user):
            self.hub.runs.review(run, [environment.id], "approved", user, comment)

    def _on_finished(self, run: RunRecord) -> None:
        conclusion = run.attempts[-1].conclusion
        if run.event == "push" and run.branch == MAIN and conclusion == "success":
            self._verified.setdefault(run.sha, set()).add(run.workflow_id)
        if run.workflow_id != CD.id or run.branch not in self.hub.state.tags or conclusion != "success":
            return
        if run.event == "push" and all(release.tag != run.branch for release in self.hub.state.releases):
            self._publish(run)
        if run.id == self._to_withdraw:
            self._to_withdraw = None
            good = self._deployed[-1]
            self.agenda.after(self.rng.randint(2100, 3600), partial(self._roll_back, run.branch, good))
        self._deployed.append(run.branch)

    def _publish(self, run: RunRecord) -> None:
        job = self.hub.state.attempts[run.id][-1]["release"]
        at = job.completed_at or self.agenda.now
        self.hub.state.releases.insert(
            0,
            ReleaseRecord(
                id=self.hub.state.numbers.next("release"),
                tag=run.branch,
                name=run.branch,
                body=self.notes(run.branch, self._before.get(run.branch)),
                author=ACTIONS_BOT,
                target=MAIN,
                created_at=self.hub.state.commits[run.sha].at,
                published_at=at,
            ),
        )

    def notes(self, tag: str, before: str | None) -> str:
        """Release notes as GitHub generates them."""
        tags = self.hub.state.tags
        if before is None:
            return "First release from this pipeline."
        known = self.hub.repository.ancestors(tags[before].commit)
        lines = [_note(one) for one in self.hub.repository.history(tags[tag].commit) if one.sha not in known]
        link = f"**Full Changelog**: https://github.com/acme/agentic-backend/compare/{before}...{tag}"
        return "\n".join(["## What's Changed", *lines, "", link]) if lines else link


def _note(commit: CommitRecord) -> str:
    title = commit.message.split("\n", 1)[0]
    found = re.search(r" \(#(\d+)\)$", title)
    if found is None:
        return f"* {title} by @{commit.author.login}"
    address = f"https://github.com/acme/agentic-backend/pull/{found[1]}"
    return f"* {title[: found.start()]} by @{commit.author.login} in {address}"
