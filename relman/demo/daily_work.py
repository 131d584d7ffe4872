"""What developers and dependabot do all day: open pull requests, push to them, mend them, merge them."""

from __future__ import annotations

from functools import partial

from relman.demo.chance import dice
from relman.demo.failures import FAILURES, FINE, Fate
from relman.demo.history import Calendar
from relman.demo.hub import MAIN, Hub
from relman.demo.job_tables import CI
from relman.demo.people import DEPENDABOT, DEVELOPERS
from relman.demo.records import PullRecord, RunRecord
from relman.demo.sources import changes_for
from relman.demo.subjects import FOLLOW_UPS, Subject, Subjects

_MOST_OPEN = 9


class DailyWork:
    def __init__(self, hub: Hub, calendar: Calendar, seed: int) -> None:
        self.hub = hub
        self.calendar = calendar
        self.agenda = hub.agenda
        self.rng = dice(seed, "work")
        self.subjects = Subjects(dice(seed, "subjects"))
        self._open: list[PullRecord] = []
        self._about: dict[int, Subject] = {}  # by pull request
        self._checks: dict[int, RunRecord] = {}  # by pull request: its newest finished run
        self._written: dict[str, int] = {}  # how often a subject was written about
        hub.runs.finished.append(self._on_finished)

    def begin(self) -> None:
        self.agenda.at(self.calendar.next_act(self.agenda.now), self._act)

    def _act(self) -> None:
        self._something()
        self.agenda.at(self.calendar.next_act(self.agenda.now), self._act)

    def _something(self) -> None:
        self._open = [pull for pull in self._open if pull.open]  # somebody may have closed one
        red = [pull for pull in self._open if self._conclusion(pull) == "failure"]
        green = [pull for pull in self._open if self._conclusion(pull) == "success"]
        dice = self.rng.random()
        if red and dice < 0.35:
            self.mend(self.rng.choice(red))
        elif green and (dice < 0.62 or len(self._open) >= _MOST_OPEN):
            self.merge(self.rng.choice(green[:3]))
        elif green and dice < 0.72:
            self.follow_up(self.rng.choice(green))
        elif len(self._open) < _MOST_OPEN:
            self._open_something()

    def _conclusion(self, pull: PullRecord) -> str | None:
        run = self._checks.get(pull.number)
        if run is None or run.sha != pull.head or run.attempts[-1].status != "completed":
            return None
        return run.attempts[-1].conclusion

    def _fate(self) -> Fate | None:
        return FINE if self.calendar.calm(self.agenda.now) else None

    def _open_something(self) -> None:
        if self.agenda.now.weekday() == 0 and self.rng.random() < 0.35:
            self.open_update()
            return
        pull = self.open(self.subjects.deal())
        dice = self.rng.random()
        if dice < 0.07:  # a second thought: the first run is cancelled by the second
            self._later(self.rng.randint(70, 280), partial(self.follow_up, pull))
        elif dice < 0.085:
            self._later(self.rng.randint(60, 200), partial(self._cancel_checks, pull))

    def _later(self, seconds: int, action: partial[None]) -> None:
        """Soon, unless that fell into the quiet time before the start."""
        if self.calendar.lively(self.agenda.now) or self.agenda.now < self.calendar.quiet_from:
            self.agenda.after(seconds, action)

    def open(self, subject: Subject, *, fate: Fate | None = None) -> PullRecord:
        """Somebody pushes a branch and opens a pull request."""
        author = self.rng.choice(DEVELOPERS)
        branch = self._free_branch(f"{subject.kind}/{subject.slug}")
        self.hub.push(branch, subject.title, author, self._changes(subject, MAIN), fate=fate or self._fate())
        pull = self.hub.open_pull(branch, subject.title, author, fate=fate or self._fate())
        self._keep(pull, subject)
        return pull

    def open_update(self) -> None:
        subject = self.subjects.deal_update()
        branch = self._free_branch(f"dependabot/pip/{subject.text.removeprefix('bump ').replace(' ', '-')}")
        message = f"{subject.title}\n\nSigned-off-by: dependabot[bot] <support@github.com>"
        changes = changes_for(subject, self.hub.repository.files(self.hub.state.branches[MAIN]))
        self.hub.push(branch, message, DEPENDABOT, changes, fate=self._fate())
        self._keep(self.hub.open_pull(branch, subject.title, DEPENDABOT, fate=self._fate()), subject)

    def follow_up(self, pull: PullRecord) -> None:
        if pull.open and pull.author is not DEPENDABOT:
            self._push(pull, f"{self._about[pull.number].kind}: {self.rng.choice(FOLLOW_UPS)}", self._fate())

    def mend(self, pull: PullRecord) -> None:
        """Pushes what turns a red pull request green."""
        kind = next(
            (
                self.hub.runs.failures[job.id]
                for job in self.hub.state.jobs.get(self._checks[pull.number].id, ())
                if job.id in self.hub.runs.failures
            ),
            "unit",
        )
        verb = {
            "format": "style: run black",
            "types": "fix: correct a type",
            "unit": "fix: give administrators their permission back",
            "vulnerability": "build: pin a fixed aiohttp",
            "image": "build: repair the requirements",
            "threshold": "perf: look a key up once",
        }.get(kind, "test: wait for the collection")
        self._push(pull, verb, FINE if self.rng.random() < 0.9 else None)

    def merge(self, pull: PullRecord, *, fate: Fate | None = None) -> str:
        """Merges and gives the commit on main."""
        self._open.remove(pull)
        users = [user for user in DEVELOPERS if user.id != pull.author.id]
        return self.hub.merge(pull, self.rng.choice(users), fate=fate or self._fate()).sha

    def _push(self, pull: PullRecord, message: str, fate: Fate | None) -> None:
        changes = self._changes(self._about[pull.number], pull.branch)
        author = self.rng.choice(DEVELOPERS) if pull.author is DEPENDABOT else pull.author
        self.hub.push(pull.branch, message, author, changes, fate=fate)

    def _changes(self, subject: Subject, branch: str) -> dict[str, bytes]:
        again = self._written.get(subject.slug, 0)
        self._written[subject.slug] = again + 1
        files = self.hub.repository.files(self.hub.state.branches[branch])
        if subject.kind == "build":  # the update itself is written; what is left is about the tests
            subject = Subject("test", "", subject.text)
        return changes_for(subject, files, again=again)

    def _free_branch(self, name: str) -> str:
        branch, number = name, 2
        while branch in self.hub.state.branches:
            branch, number = f"{name}-{number}", number + 1
        return branch

    def _keep(self, pull: PullRecord, subject: Subject) -> None:
        self._open.append(pull)
        self._about[pull.number] = subject

    def _cancel_checks(self, pull: PullRecord) -> None:
        for run in reversed(self.hub.state.runs.values()):
            if run.pull_request == pull.number:
                if run.attempts[-1].status != "completed":
                    self.hub.runs.cancel(run)
                return

    def _on_finished(self, run: RunRecord) -> None:
        if run.workflow_id == CI.id and run.pull_request is not None:
            self._checks[run.pull_request] = run
        attempt = run.attempts[-1]
        if attempt.conclusion == "failure" and attempt.number == 1:
            jobs = self.hub.state.attempts[run.id][-1].values()
            kinds = [self.hub.runs.failures[job.id] for job in jobs if job.id in self.hub.runs.failures]
            if any(FAILURES[kind].passing for kind in kinds):
                self.agenda.after(self.rng.randint(150, 900), partial(self._rerun, run))
        elif attempt.conclusion == "cancelled" and attempt.number == 1 and not self._superseded(run):
            # By a person, who looks again later.
            self._later(self.rng.randint(900, 1500), partial(self._rerun, run, failed_only=False))

    def _rerun(self, run: RunRecord, *, failed_only: bool = True) -> None:
        untouched = run.attempts[-1].status == "completed" and len(run.attempts) == 1
        if run.id in self.hub.state.runs and untouched and not self._superseded(run):
            user = run.actor if run.actor.kind == "User" else self.rng.choice(DEVELOPERS)
            self.hub.runs.rerun(run, user, failed_only=failed_only)

    def _superseded(self, run: RunRecord) -> bool:
        return run.pull_request is not None and self.hub.state.pulls[run.pull_request].head != run.sha
